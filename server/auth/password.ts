// Hashes and checks the panel's password with argon2id. Knows nothing of sessions.

import { argon2id, argon2Verify } from 'hash-wasm';

/** OWASP's smallest argon2id setting: 19 MiB, two passes, one lane; 50 to 80 ms in WebAssembly. */
const COST = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 };
const SALT_BYTES = 16;
export const MIN_PASSWORD_CHARACTERS = 10;
/** Bounds the work on absurd input; far above any passphrase. */
export const MAX_PASSWORD_CHARACTERS = 1000;

/** Hash of a random string nobody kept, so that checking without a stored password takes as long as checking with one. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$LmS3hijX2nV1+VPo1KmdhA$6DeH/HlnU0acmonDlpini0d2/TeXy1tIqxlNzo9ugx8';

/** The PHC string (`$argon2id$…`) to store. */
export function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return argon2id({ ...COST, password: normal(password), salt, outputType: 'encoded' });
}

/** Whether the password is the stored one; with nothing stored the answer is no, after the same work. */
export async function isPassword(password: string, storedHash: string | null): Promise<boolean> {
  if (password.length === 0 || password.length > MAX_PASSWORD_CHARACTERS) return false;
  const isMatch = await argon2Verify({ password: normal(password), hash: storedHash ?? NOBODYS_HASH });
  return isMatch && storedHash !== null;
}

/** One spelling for characters that keyboards compose differently. */
function normal(password: string): string {
  return password.normalize('NFC');
}
