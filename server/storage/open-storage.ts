// Opens everything that is kept: two SQLite files in the data directory, with a store for each port.

import { join } from 'node:path';
import { sql } from 'kysely';
import type { AdminStore, AuditLog } from '../gateway/admin-store.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import type { BindingStore, CatalogStore, Clock } from '../gateway/ports.ts';
import type { WarmthStore } from '../routing/warmth-store.ts';
import { SqlAdminStore } from './admin-store.ts';
import { SqlAuditLog } from './audit-log.ts';
import { SqlBindingStore } from './binding-store.ts';
import { SqlBodyStore } from './body-store.ts';
import { SqlCatalogStore } from './catalog-store.ts';
import { CONFIG_SCHEMA } from './config-schema.ts';
import type { LogDatabase, SqlEngine } from './database.ts';
import { isDamaged, prepareFile, setAside } from './database-files.ts';
import { moveLog } from './log-move.ts';
import { LOG_READER_PRAGMAS, LOG_SCHEMA } from './log-schema.ts';
import { SqlPinStore } from './pin-store.ts';
import { SqlRequestLog } from './request-log.ts';
import { openSqlite } from './sqlite.ts';
import { checkWhole } from './sqlite-check.ts';
import { SqlWarmthStore } from './warmth-store.ts';

export interface Storage {
  catalog: CatalogStore;
  log: RequestLog & Pick<SqlRequestLog, 'flush' | 'sweep'>;
  bodies: Omit<SqlBodyStore, 'close'>;
  bindings: BindingStore;
  pins: Pick<SqlPinStore, 'load' | 'save'>;
  warmth: WarmthStore;
  admin: AdminStore;
  audit: AuditLog;
  storageType: 'sqlite';
  /** What somebody should know about how the files were found. */
  notices: readonly StorageNotice[];
  /** Changes whenever another process has written to the configuration, never by this one's own writes. */
  revision(): Promise<number>;
  /** Writes the queued log rows and closes the files. */
  close(): Promise<void>;
}

/** `logs-set-aside`: the request log could not be used; a fresh one was begun. `logs-moved`: into a file of their own. */
export interface StorageNotice {
  event: 'logs-set-aside' | 'logs-moved';
  message: string;
}

interface StorageOptions {
  /** Created when it does not exist, readable by its owner only. */
  dataDir: string;
  /** Module that the database's thread starts with; it must call `runStorageWorkerIfAsked` before anything else. */
  entry: URL;
  clock: Clock;
}

export const DATABASE_FILE_NAME = 'warmpath.db';
export const LOG_FILE_NAME = 'logs.db';

/** Throws a StorageError `Cannot open database "<file>": <state>`. */
export async function openStorage({ dataDir, entry, clock }: StorageOptions): Promise<Storage> {
  const configFile = join(dataDir, DATABASE_FILE_NAME);
  prepareFile({ dataDir, file: configFile });
  const config = await openSqlite({ file: configFile, entry, schema: CONFIG_SCHEMA });
  let logs: SqlEngine<LogDatabase> | undefined;
  try {
    await checkWhole(config.db, configFile);
    const opened = await openLogs({ dataDir, entry, clock });
    logs = opened.engine;
    const movedRows = await moveLog({ config, configFile, logs });
    const notices = [...opened.notices, ...(movedRows > 0 ? [moved(movedRows)] : [])];
    // A second thread, so that a long search in the log does not hold up writing it.
    const schema = { ...LOG_SCHEMA, pragmas: LOG_READER_PRAGMAS };
    const reader = await openSqlite({ file: join(dataDir, LOG_FILE_NAME), entry, schema });
    return storageOver({ config, logs, reader, notices, clock });
  } catch (error) {
    await logs?.close();
    await config.close();
    throw error;
  }
}

function moved(rows: number): StorageNotice {
  return { event: 'logs-moved', message: `Moved ${rows} rows of the request log to "${LOG_FILE_NAME}"` };
}

/** A log that cannot be used is no reason not to serve: it is kept for whoever wants to mend it. */
async function openLogs({ dataDir, entry, clock }: StorageOptions) {
  const file = join(dataDir, LOG_FILE_NAME);
  prepareFile({ dataDir, file });
  const open = async () => {
    const engine = await openSqlite({ file, entry, schema: LOG_SCHEMA });
    try {
      await checkWhole(engine.db, file);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  };
  try {
    return { engine: await open(), notices: [] };
  } catch (error) {
    if (!isDamaged(error)) throw error;
    const keptAs = setAside(file, clock.nowMs());
    prepareFile({ dataDir, file });
    const message = `Cannot use "${file}", which is damaged or not a database: it was kept as "${keptAs}" and a new one begun`;
    return { engine: await open(), notices: [{ event: 'logs-set-aside' as const, message }] };
  }
}

function storageOver(parts: {
  config: SqlEngine;
  logs: SqlEngine<LogDatabase>;
  reader: SqlEngine<LogDatabase>;
  notices: readonly StorageNotice[];
  clock: Clock;
}): Storage {
  const { config, logs, reader, notices, clock } = parts;
  const log = new SqlRequestLog(logs, clock, reader);
  log.start();
  const bodies = new SqlBodyStore(logs, clock);
  return {
    catalog: new SqlCatalogStore(config),
    log,
    bodies,
    bindings: new SqlBindingStore(config),
    pins: new SqlPinStore(config),
    warmth: new SqlWarmthStore(config),
    admin: new SqlAdminStore(config),
    audit: new SqlAuditLog(config),
    storageType: 'sqlite',
    notices,
    revision: async () => {
      const { rows } = await sql<{ data_version: number }>`PRAGMA data_version`.execute(config.db);
      return rows[0]?.data_version ?? 0;
    },
    close: async () => {
      await log.close();
      await bodies.close();
      await reader.close();
      await logs.close();
      await config.close();
    },
  };
}
