// Accounts as the overview lists and counts them. Pure.

import { type AccountState, STATE_ORDER } from '../../parts/account-state.ts';

interface Row {
  id: string;
  name: string;
  state: AccountState;
}

/** What needs a look first. Not by load: rows would jump with every request. */
export function inOrder<One extends Row>(accounts: readonly One[]): One[] {
  return accounts.toSorted(
    (one, other) =>
      STATE_ORDER.indexOf(one.state) - STATE_ORDER.indexOf(other.state) ||
      one.name.localeCompare(other.name, undefined, { numeric: true }),
  );
}

/** States that an account is in, with how many are. */
export function countsByState(accounts: readonly Row[]): { state: AccountState; count: number }[] {
  return STATE_ORDER.map((state) => ({
    state,
    count: accounts.filter((account) => account.state === state).length,
  })).filter(({ count }) => count > 0);
}
