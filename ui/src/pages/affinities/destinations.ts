// In which order the accounts stand that a binding could be moved to. Pure.

interface Destination {
  refusal: string | null;
  coldUsd: number | null;
  account: { name: string; inFlight: number; currentLimit: number | null } | null;
}

/** Those that take it first, of these the cheapest, of these the least busy. */
export function byUse<Item extends Destination>(destinations: readonly Item[]): Item[] {
  return destinations
    .filter(({ account }) => account !== null)
    .toSorted(
      (one, other) =>
        Number(one.refusal !== null) - Number(other.refusal !== null) ||
        costOf(one) - costOf(other) ||
        loadOf(one) - loadOf(other) ||
        (one.account?.name ?? '').localeCompare(other.account?.name ?? ''),
    );
}

/** What has no price comes last, and is told from nothing else. */
function costOf({ coldUsd }: Destination): number {
  return coldUsd ?? Number.MAX_VALUE;
}

/** Used share of what it takes at the same time; without a limit none is used up. */
function loadOf({ account }: Destination): number {
  return account?.currentLimit ? account.inFlight / account.currentLimit : 0;
}
