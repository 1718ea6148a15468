// Opens everything that is kept: one SQLite file in the data directory, with a store for each port.

import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AdminStore, BindingStore, CatalogStore, Clock, RequestLog } from '../gateway/ports.ts';
import { SqlAdminStore } from './admin-store.ts';
import { SqlBindingStore } from './binding-store.ts';
import { SqlCatalogStore } from './catalog-store.ts';
import { SqlRequestLog } from './request-log.ts';
import { openSqlite } from './sqlite.ts';
import { messageOf, StorageError } from './storage-error.ts';

export interface Storage {
  catalog: CatalogStore;
  log: RequestLog & Pick<SqlRequestLog, 'flush' | 'sweep'>;
  bindings: BindingStore;
  admin: AdminStore;
  storageType: 'sqlite';
  /** Changes whenever another process has written to the database, never by this one's own writes. */
  revision(): Promise<number>;
  /** Writes the queued log rows and closes the file. */
  close(): Promise<void>;
}

interface StorageOptions {
  /** Created when it does not exist, readable by its owner only. */
  dataDir: string;
  /** Module that the database's thread starts with; it must call `runStorageWorkerIfAsked` before anything else. */
  entry: URL;
  clock: Clock;
}

export const DATABASE_FILE_NAME = 'warmpath.db';

/** Throws a StorageError `Cannot open database "<file>": <state>`. */
export async function openStorage({ dataDir, entry, clock }: StorageOptions): Promise<Storage> {
  const file = join(dataDir, DATABASE_FILE_NAME);
  prepareFile({ dataDir, file });
  const engine = await openSqlite({ file, entry });
  const log = new SqlRequestLog(engine, clock);
  return {
    catalog: new SqlCatalogStore(engine),
    log,
    bindings: new SqlBindingStore(engine),
    admin: new SqlAdminStore(engine),
    storageType: 'sqlite',
    revision: async () => {
      const { rows } = await sql<{ data_version: number }>`PRAGMA data_version`.execute(engine.db);
      return rows[0]?.data_version ?? 0;
    },
    close: async () => {
      await log.close();
      await engine.close();
    },
  };
}

/** SQLite would create the file for everybody to read, and its side files take the mode of the file. */
function prepareFile({ dataDir, file }: { dataDir: string; file: string }): void {
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
