// The database files as files: made for their owner only, and set aside when they cannot be used.

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { messageOf, StorageError } from './storage-error.ts';

/** SQLite's files beside a database; they take the mode of the file. */
const SIDE_FILES = ['-wal', '-shm'];

/** SQLite would create the file for everybody to read. */
export function prepareFile({ dataDir, file }: { dataDir: string; file: string }): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // SQLite needs to create side files next to the database.
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    closeSync(openSync(file, 'a+', 0o600));
  } catch (cause) {
    const message = `Cannot open database "${file}": ${stateOf(cause, dataDir)}`;
    throw new StorageError('cannot-open', message, { cause });
  }
}

/** True when opening failed because of what is in the file, so that it will fail again. */
export function isDamaged(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'not-a-database' || error.code === 'corrupt');
}

/** Renames the file and those beside it; returns the new name. */
export function setAside(file: string, nowMs: number): string {
  const keptAs = `${file}.corrupt-${new Date(nowMs).toISOString().replace(/\.\d+|[:-]/g, '')}`;
  renameSync(file, keptAs);
  for (const suffix of SIDE_FILES) {
    if (existsSync(file + suffix)) renameSync(file + suffix, keptAs + suffix);
  }
  return keptAs;
}

function stateOf(cause: unknown, dataDir: string): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'no permission to read and write it';
    case 'EROFS':
      return `"${dataDir}" is on a read-only file system`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `"${dataDir}" is not a directory`;
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return messageOf(cause);
  }
}
