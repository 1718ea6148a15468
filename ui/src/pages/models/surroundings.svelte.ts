// What both tabs and the drawer know besides the models: providers, what is amiss, and the use of the last 7 days.

import { run } from '../../lib/graphql.ts';
import { fetchOnce } from '../../lib/resource.svelte.ts';
import { MODEL_SURROUNDINGS, MODEL_USE, type ModelUse } from './queries.ts';

export const USE_PERIOD = '7d';
const USE_MS = 7 * 86_400_000;

export type Around = ReturnType<typeof openSurroundings>;

export function openSurroundings() {
  const facts = fetchOnce(() => run(MODEL_SURROUNDINGS, {}));
  const use = fetchOnce(async () => {
    const filter = { from: new Date(Date.now() - USE_MS).toISOString() };
    const { requestGroups } = await run(MODEL_USE, { filter });
    return new Map(requestGroups.map((group) => [group.groupId, group]));
  });
  return {
    facts,
    use,
    /** Null while loading, and when nobody asked for it. */
    useOf: (modelId: string): ModelUse | null => use.value?.get(modelId) ?? null,
    reload: (): void => {
      void facts.reload();
      void use.reload();
    },
  };
}
