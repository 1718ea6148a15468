// Keeps an account whose credential was refused out of service over restarts.

import type { CatalogHolder } from '../gateway/catalog.ts';
import type { Account } from '../gateway/ports.ts';
import { errorFields, logEvent } from './log.ts';

/** Changes nothing, and logs nothing, when the account was disabled before, is gone, or has another credential than the one refused. */
export async function storeRefusal(
  catalog: Pick<CatalogHolder, 'apply'>,
  account: Account,
  reason: string,
  log = logEvent,
): Promise<void> {
  try {
    await catalog.apply(({ accounts }) => {
      const row = accounts.get(account.id);
      const isMoot =
        row?.disabledReason !== null || row.credentialFingerprint !== account.credentialFingerprint;
      if (isMoot) return [];
      log('warn', 'account-disabled', { account: account.name, reason });
      return [{ kind: 'put-account', row: { ...row, disabledReason: reason } }];
    });
  } catch (error) {
    log('error', 'account-not-stored', { account: account.name, ...errorFields(error) });
  }
}
