// Policies that look at neither prompt nor session: in turn, the least busy, the first that is open.

import type { ReplayAccount } from './account.ts';
import { type Pool, type ReplayPolicy, send, waitFor } from './policy.ts';

export function roundRobin(): ReplayPolicy {
  const next = inTurn();
  return { choose: (_ask, pool) => choiceOf(next(pool)) };
}

export function leastLoaded(): ReplayPolicy {
  const least = leastBusy();
  return { choose: (_ask, pool) => choiceOf(least(pool)) };
}

export function fixedOrder(): ReplayPolicy {
  return {
    choose: (_ask, { accounts, nowMs }) =>
      choiceOf(accounts.find((account) => account.isOpen(nowMs)) ?? null),
  };
}

/** Gives open accounts in turn; null when none is open. */
export function inTurn(): (pool: Pool) => ReplayAccount | null {
  let turn = 0;
  return ({ accounts, nowMs }) => {
    for (let step = 0; step < accounts.length; step += 1) {
      const account = accounts[(turn + step) % accounts.length];
      if (!account?.isOpen(nowMs)) continue;
      turn = (account.index + 1) % accounts.length;
      return account;
    }
    return null;
  };
}

/**
 * Gives the open account with the smallest used share of its slots, equal ones in turn; null when none is open. This is
 * `inTurn` while the account whose turn it is is as idle as any: always with one slot each, where whoever is open is idle.
 * A replay then gives both policies the same figures, to the cent.
 */
export function leastBusy(): (pool: Pool) => ReplayAccount | null {
  let turn = 0;
  return ({ accounts, nowMs }) => {
    let best: ReplayAccount | null = null;
    for (let step = 0; step < accounts.length; step += 1) {
      const account = accounts[(turn + step) % accounts.length];
      if (!account?.isOpen(nowMs)) continue;
      if (!best || account.inFlight / account.slots < best.inFlight / best.slots) best = account;
    }
    if (best) turn = (best.index + 1) % accounts.length;
    return best;
  };
}

export function choiceOf(account: ReplayAccount | null) {
  return account ? send(account.index) : waitFor(null);
}
