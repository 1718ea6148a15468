// Keeps an account whose credential was refused out of service over restarts.

import type { CatalogHolder } from '../gateway/catalog.ts';
import type { Account } from '../gateway/ports.ts';
import { errorFields, logEvent } from './log.ts';

/** Changes nothing when the account was disabled before, is gone, or has another credential than the one refused. */
export async function storeRefusal(
  catalog: Pick<CatalogHolder, 'apply'>,
  account: Account,
  reason: string,
): Promise<void> {
  logEvent('warn', 'account-disabled', { account: account.name, reason });
  try {
    await catalog.apply(({ accounts }) => {
      const row = accounts.get(account.id);
      const isMoot =
        row?.disabledReason !== null || row.credentialFingerprint !== account.credentialFingerprint;
      return isMoot ? [] : [{ kind: 'put-account', row: { ...row, disabledReason: reason } }];
    });
  } catch (error) {
    logEvent('error', 'account-not-stored', { account: account.name, ...errorFields(error) });
  }
}
