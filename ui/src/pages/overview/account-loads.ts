// Every account with its load, however many there are: whoever counts states needs them all.

import { run } from '../../lib/graphql.ts';
import { ACCOUNT_LOADS, type AccountLoad, type AccountLoadPage } from './queries.ts';

export interface AccountLoads {
  accounts: AccountLoad[];
  /** When the first of them were read. */
  accountsChanged: number;
}

export async function readAccountLoads(): Promise<AccountLoads> {
  let page: AccountLoadPage = await run(ACCOUNT_LOADS, {});
  const { accountsChanged } = page.liveCounts;
  // A name that changes meanwhile may move an account from one page to the next.
  const byId = new Map<string, AccountLoad>();
  for (;;) {
    const { nodes, pageInfo } = page.accounts;
    for (const account of nodes) byId.set(account.id, account);
    if (!pageInfo.hasNextPage) return { accounts: [...byId.values()], accountsChanged };
    page = await run(ACCOUNT_LOADS, { after: pageInfo.endCursor });
  }
}

/** With what was told of one of them, or of one that is new. */
export function withChanged(loads: AccountLoads, changed: AccountLoad): AccountLoads {
  const byId = new Map(loads.accounts.map((account) => [account.id, account]));
  return { ...loads, accounts: [...byId.set(changed.id, changed).values()] };
}
