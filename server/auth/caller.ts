// Who presents this request: a known API key, or nobody in particular where keys are not required.

import type { ApiKey } from '../gateway/ports.ts';
import { hashSecret, presentedKey } from './api-keys.ts';

export type CallerVerdict =
  | { kind: 'api-key'; apiKey: ApiKey }
  | { kind: 'anonymous'; fingerprint: string | null }
  | { kind: 'refused'; code: 'missing-api-key' | 'unknown-api-key' | 'api-key-disabled' };

/**
 * Identifies the caller by `Authorization: Bearer` or `x-api-key`. Where keys are not required nobody is refused,
 * but a known, enabled key is still identified and unknown credentials are told apart by a short hash.
 */
export function identifyCaller(
  headers: Headers,
  known: { apiKeyByHash: ReadonlyMap<string, ApiKey>; requireApiKey: boolean },
): CallerVerdict {
  const secret = presentedKey(headers);
  if (secret === null) {
    return known.requireApiKey
      ? { kind: 'refused', code: 'missing-api-key' }
      : { kind: 'anonymous', fingerprint: null };
  }
  const hash = hashSecret(secret);
  const apiKey = known.apiKeyByHash.get(hash);
  if (apiKey?.isEnabled) return { kind: 'api-key', apiKey };
  if (!known.requireApiKey) return { kind: 'anonymous', fingerprint: hash.slice(0, 32) };
  return { kind: 'refused', code: apiKey ? 'api-key-disabled' : 'unknown-api-key' };
}
