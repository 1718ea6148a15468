// Who presents this request: a known API key, or nobody in particular where keys are not required.

import { type KeyState, keyStateOf } from '../gateway/key-restrictions.ts';
import type { ApiKey } from '../gateway/ports.ts';
import { hashSecret, presentedKey } from './api-keys.ts';

export type CallerVerdict =
  | { kind: 'api-key'; apiKey: ApiKey }
  | { kind: 'anonymous'; fingerprint: string | null }
  | { kind: 'refused'; code: 'missing-api-key' | 'unknown-api-key' | EndedKeyCode };

type EndedKeyCode = `api-key-${Exclude<KeyState, 'active'>}`;

/**
 * Identifies the caller by `Authorization: Bearer` or `x-api-key`. Where keys are not required nobody is refused here:
 * an active key is still identified, and with it all that it may not do holds; any other credential, one of a key that
 * has ended included, is told apart by a short hash.
 */
export function identifyCaller(
  headers: Headers,
  known: { apiKeyByHash: ReadonlyMap<string, ApiKey>; requireApiKey: boolean; nowMs: number },
): CallerVerdict {
  const secret = presentedKey(headers);
  if (secret === null) {
    return known.requireApiKey
      ? { kind: 'refused', code: 'missing-api-key' }
      : { kind: 'anonymous', fingerprint: null };
  }
  const hash = hashSecret(secret);
  const apiKey = known.apiKeyByHash.get(hash);
  const state = apiKey && keyStateOf(apiKey, known.nowMs);
  if (apiKey && state === 'active') return { kind: 'api-key', apiKey };
  if (!known.requireApiKey) return { kind: 'anonymous', fingerprint: hash.slice(0, 32) };
  return { kind: 'refused', code: state && state !== 'active' ? `api-key-${state}` : 'unknown-api-key' };
}
