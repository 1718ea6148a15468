// API keys as clients present them: makes, hashes and masks them. Does not store anything.

import { hash, randomBytes } from 'node:crypto';

const API_KEY_PREFIX = 'wp_';
/** Keys that people choose themselves may not be shorter. */
export const MIN_API_KEY_LENGTH = 16;
const RANDOM_BYTES = 32;
const HIDDEN = '••••••••';

/** A new key. `secret` is shown once and never stored. */
export function issueApiKey(): { secret: string; hash: string; masked: string } {
  const secret = API_KEY_PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  return { secret, hash: hashSecret(secret), masked: maskSecret(secret) };
}

/** Hex SHA-256 of the whole secret. Fast on purpose: keys are random and long, so there is nothing to guess. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret);
}

/** First 4 … last 4; a secret too short to lose 8 characters is hidden whole. */
export function maskSecret(secret: string): string {
  return secret.length < MIN_API_KEY_LENGTH ? HIDDEN : `${secret.slice(0, 4)}…${secret.slice(-4)}`;
}

/** Last 4 characters, or dots when the secret is too short to show any. */
export function lastFour(secret: string): string {
  return secret.length < MIN_API_KEY_LENGTH ? '••••' : secret.slice(-4);
}

/** The API key of a data-plane request: `Authorization: Bearer`, else `x-api-key`; null when neither is there. */
export function presentedKey(headers: Headers): string | null {
  const bearer = /^bearer +(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '')?.[1];
  return bearer ?? (headers.get('x-api-key')?.trim() || null);
}
