// Pinning and moving: shown at once, taken back with a word when the API refuses.

import { SvelteMap } from 'svelte/reactivity';
import { asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { t } from '../../lib/i18n.svelte.ts';
import { report } from '../../lib/toast.svelte.ts';
import { errorText } from '../../parts/error-text.ts';
import { type Binding, MOVE_AFFINITY, PIN_AFFINITY } from './queries.ts';

type Patch = Partial<Binding>;

/** Owned by this screen: an entry lives as long as its mutation is under way. */
const patches = new SvelteMap<string, Patch>();

/** The binding as it is going to be. */
export function shownBinding(binding: Binding): Binding {
  const patch = patches.get(binding.id);
  return patch ? { ...binding, ...patch } : binding;
}

export function isUnderWay(binding: Binding): boolean {
  return patches.has(binding.id);
}

/** Null when it was refused. */
export function pin(binding: Binding, isPinned: boolean): Promise<Binding | null> {
  return attempt(binding, { pinned: isPinned }, async () => {
    const { pinAffinity } = await run(PIN_AFFINITY, { id: binding.id, pinned: isPinned });
    refuseUserErrors(pinAffinity.errors);
    report(
      t(isPinned ? 'affinities.pin.done' : 'affinities.unpin.done', { key: short(binding.apiKey.name) }),
    );
    return pinAffinity.affinity;
  });
}

/** Null when it was refused. */
export function move(
  binding: Binding,
  to: { id: string; name: string; provider: { id: string; name: string } },
): Promise<Binding | null> {
  const cold = { requestCount: 0, warmTokens: 0, cacheReadTokens: 0 };
  const patch = { ...cold, account: { id: to.id, name: to.name }, provider: to.provider };
  return attempt(binding, patch, async () => {
    const { moveAffinity } = await run(MOVE_AFFINITY, { id: binding.id, accountId: to.id });
    refuseUserErrors(moveAffinity.errors);
    report(t('affinities.move.done', { key: short(binding.apiKey.name), account: short(to.name) }));
    return moveAffinity.affinity;
  });
}

async function attempt(
  { id }: Binding,
  patch: Patch,
  perform: () => Promise<Binding | null>,
): Promise<Binding | null> {
  patches.set(id, patch);
  try {
    return await perform();
  } catch (failure) {
    report(errorText(asApiError(failure)), 'failed');
    return null;
  } finally {
    patches.delete(id);
  }
}

const NAME_LENGTH = 40;

/** For sentences; the whole name stands in the list. */
export function short(name: string): string {
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH)}…` : name;
}
