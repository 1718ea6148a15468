// The order of the accounts that hold back slots. Pure.

import type { ReservingAccount } from './queries.ts';

const VALUES: Readonly<Record<string, (account: ReservingAccount) => number>> = {
  load: ({ reservation, inFlight }) => reservation.loadFactor * 1e6 + inFlight,
  confidence: ({ reservation }) => reservation.confidence,
  ratio: ({ reservation }) => reservation.ratio,
};

/** `ratio` or `-ratio`: figures fall, names and phases rise, with a minus the other way round; what is unknown is by name. */
export function sortedAccounts(accounts: readonly ReservingAccount[], order: string): ReservingAccount[] {
  const field = order.replace(/^-/, '');
  const figureOf = Object.hasOwn(VALUES, field) ? VALUES[field] : undefined;
  const byPhase = (a: ReservingAccount, b: ReservingAccount) =>
    a.reservation.phase.localeCompare(b.reservation.phase);
  const compare = figureOf
    ? (a: ReservingAccount, b: ReservingAccount) => figureOf(b) - figureOf(a)
    : field === 'phase'
      ? byPhase
      : () => 0;
  const sorted = accounts.toSorted((a, b) => compare(a, b) || a.name.localeCompare(b.name));
  return order.startsWith('-') ? sorted.reverse() : sorted;
}
