// Finds the master key: the environment's, else a file in the data directory that is made at the first start.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export const MASTER_KEY_FILE = 'master.key';
/** Shorter keys can be guessed; a generated one has 43 characters. */
const MIN_MASTER_KEY_LENGTH = 16;

export interface MasterKey {
  bytes: Uint8Array;
  source: 'environment' | 'file' | 'created';
  /** Something an operator should mend, without the key in it. */
  warning: string | null;
}

/** The same text works as `WARMPATH_MASTER_KEY` and as the file's content. Throws when neither can be had. */
export async function loadMasterKey(options: { value: string | null; dataDir: string }): Promise<MasterKey> {
  if (options.value !== null) {
    return { bytes: keyBytes(options.value, 'WARMPATH_MASTER_KEY'), source: 'environment', warning: null };
  }
  const file = join(options.dataDir, MASTER_KEY_FILE);
  try {
    return (await readKeyFile(file)) ?? (await createKeyFile(file, options.dataDir));
  } catch (error) {
    if (error instanceof MasterKeyError) throw error;
    throw new MasterKeyError(`Cannot use the master key file ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
}

async function readKeyFile(file: string): Promise<MasterKey | null> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  return { bytes: keyBytes(text, file), source: 'file', warning: await permissionWarning(file) };
}

async function createKeyFile(file: string, dataDir: string): Promise<MasterKey> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const text = randomBytes(32).toString('base64url');
  // `wx` refuses to replace a file, so two processes that start together cannot each keep a key of their own.
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The mode given to open() is narrowed by the umask only; a file system with other defaults is corrected here.
  await chmod(file, 0o600).catch(() => undefined);
  return { bytes: keyBytes(text, file), source: 'created', warning: null };
}

async function permissionWarning(file: string): Promise<string | null> {
  if (process.platform === 'win32') return null;
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return null;
  return `${file} can be read by other users of this machine: run chmod 600 on it`;
}

function keyBytes(text: string, where: string): Uint8Array {
  const key = text.trim();
  if (key.length < MIN_MASTER_KEY_LENGTH) {
    throw new MasterKeyError(
      `Cannot use the master key in ${where}: it is shorter than ${MIN_MASTER_KEY_LENGTH} characters`,
    );
  }
  return new TextEncoder().encode(key);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'the data directory is not a directory',
  EEXIST: 'the data directory is not a directory',
  EISDIR: 'it is a directory',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return (code !== null && REASONS[code]) || code || 'unknown error';
}
