// Keeps over a restart which account made what only it can read again.

import type { PinRecord, RowValues, SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';

export class SqlPinStore {
  readonly #engine: SqlEngine;
  readonly #putSql: string;
  readonly #deleteSql: string;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    this.#putSql = insertSql(engine.db, {
      table: 'pin',
      columns: ['hash', 'accountId', 'expiresAtMs'],
      key: 'hash',
      whenKnown: 'update',
    });
    this.#deleteSql = engine.db.deleteFrom('pin').where('hash', '=', '').compile().sql;
  }

  /** The unexpired ones; the others are deleted here, since after a restart nobody else remembers them. */
  async load(nowMs: number): Promise<PinRecord[]> {
    const { db } = this.#engine;
    await db.deleteFrom('pin').where('expiresAtMs', '<=', nowMs).execute();
    return db.selectFrom('pin').selectAll().orderBy('expiresAtMs').orderBy('hash').execute();
  }

  /** All or none. A pin both put and deleted is gone afterwards. */
  async save(changes: { put: readonly PinRecord[]; delete: readonly string[] }): Promise<void> {
    if (changes.put.length === 0 && changes.delete.length === 0) return;
    await this.#engine.writeRows([
      { sql: this.#putSql, rows: changes.put.map(valuesOf) },
      { sql: this.#deleteSql, rows: changes.delete.map((hash) => [hash]) },
    ]);
  }
}

function valuesOf({ hash, accountId, expiresAtMs }: PinRecord): RowValues {
  return [hash, accountId, expiresAtMs];
}
