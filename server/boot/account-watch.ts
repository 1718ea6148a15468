// Notices accounts that were deleted or given another credential: what was warm there is nobody's any more.

import type { Catalog } from '../gateway/catalog.ts';
import type { RoutingState } from '../gateway/routing-state.ts';
import { domainOf } from '../routing/space.ts';

interface Known {
  domain: string;
  fingerprint: string;
}

/** The result is to be called now and then; what it finds gone is forgotten. */
export function watchAccounts(catalog: () => Catalog, routing: RoutingState): () => void {
  let known = accountsOf(catalog());
  return () => {
    const current = accountsOf(catalog());
    const domains = new Set([...current.values()].map(({ domain }) => domain));
    for (const [accountId, { domain, fingerprint }] of known) {
      const account = current.get(accountId);
      const isChanged = account !== undefined && account.fingerprint !== fingerprint;
      // A shared cache outlives one of its accounts.
      const isShared = domain !== accountId && domains.has(domain);
      if (account && !isChanged) continue;
      routing.returns.forget(accountId);
      if (!isShared) routing.ledger.forget(domain);
    }
    known = current;
  };
}

function accountsOf({ rows }: Catalog): Map<string, Known> {
  return new Map(
    rows.accounts.map((account) => [
      account.id,
      { domain: domainOf(account), fingerprint: account.credentialFingerprint },
    ]),
  );
}
