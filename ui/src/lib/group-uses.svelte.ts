// The use of those keys, users or models that are on the screen, however many others there are; read again by and by.

import { onDestroy, untrack } from 'svelte';
import { graphql, run, type VariablesOf } from './graphql.ts';
import { type GroupId, type GroupUse, portionsOf, usesOf } from './group-use.ts';
import { Resource } from './resource.svelte.ts';

const GROUP_USE = graphql(`
  query GroupUse($by: RequestDimension!, $ids: [ID]!, $from: DateTime!) {
    requestGroups(by: $by, groupIds: $ids, first: 200, filter: { from: $from }) {
      groupId total costUsd unpricedRequests reportedRequests tokenCacheHitRate
      inputTokens outputTokens cacheReadTokens cacheWriteTokens
    }
  }
`);

const WEEK_MS = 7 * 86_400_000;
const RELOAD_MS = 30_000;

export class GroupUses extends Resource<ReadonlyMap<GroupId, GroupUse>> {
  /** Null = not known. */
  of(id: GroupId): GroupUse | null {
    return this.value?.get(id) ?? null;
  }
}

/** To be called while a component is created; `idsOf` tells what is on the screen. */
export function followUses(
  by: VariablesOf<typeof GROUP_USE>['by'],
  idsOf: () => readonly GroupId[],
): GroupUses {
  let asked: readonly GroupId[] = [];
  const uses = new GroupUses(async () => {
    const ids = asked;
    const from = new Date(Date.now() - WEEK_MS).toISOString();
    const answers = await Promise.all(
      portionsOf(ids).map((portion) => run(GROUP_USE, { by, ids: portion, from })),
    );
    return usesOf(
      ids,
      answers.flatMap(({ requestGroups }) => requestGroups),
    );
  });
  $effect(() => {
    const ids = [...new Set(idsOf())].sort();
    if (ids.length === 0 || ids.join() === asked.join()) return;
    asked = ids;
    untrack(() => void uses.reload());
  });
  $effect(() => {
    if (!uses.isLoading) uses.reloadSoon(RELOAD_MS);
  });
  onDestroy(() => uses.dispose());
  return uses;
}
