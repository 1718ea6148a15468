// Who calls a gateway under test: as the program decides it, with the code for words.

import { identifyCaller } from '../../server/auth/caller.ts';
import type { Catalog } from '../../server/gateway/catalog.ts';
import { GatewayError } from '../../server/gateway/errors.ts';
import type { Caller } from '../../server/gateway/identity.ts';

export function callerOf(headers: Headers, { catalog, nowMs }: { catalog: Catalog; nowMs: number }): Caller {
  const { apiKeyByHash, settings } = catalog;
  const { requireApiKey } = settings;
  const verdict = identifyCaller(headers, { apiKeyByHash, requireApiKey, nowMs });
  if (verdict.kind !== 'refused') return verdict;
  throw new GatewayError(verdict.code, `Cannot identify the caller: ${verdict.code}`);
}
