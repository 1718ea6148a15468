// Keeps affinity bindings over a restart.

import type { Binding, BindingStore } from '../gateway/ports.ts';
import type { RowValues, SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';

export class SqlBindingStore implements BindingStore {
  readonly #engine: SqlEngine;
  readonly #putSql: string;
  readonly #deleteSql: string;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    this.#putSql = insertSql(engine.db, {
      table: 'binding',
      columns: COLUMNS,
      key: 'key',
      whenKnown: 'update',
    });
    this.#deleteSql = engine.db.deleteFrom('binding').where('key', '=', '').compile().sql;
  }

  /** The unexpired ones; the others are deleted here, since after a restart nobody else remembers them. */
  async load(nowMs: number): Promise<Binding[]> {
    const { db } = this.#engine;
    await db.deleteFrom('binding').where('expiresAtMs', '<=', nowMs).execute();
    return db.selectFrom('binding').selectAll().orderBy('createdAtMs').orderBy('key').execute();
  }

  /** All or none. A key both put and deleted is gone afterwards. */
  async save(changes: { put: readonly Binding[]; delete: readonly string[] }): Promise<void> {
    if (changes.put.length === 0 && changes.delete.length === 0) return;
    await this.#engine.writeRows([
      { sql: this.#putSql, rows: changes.put.map(valuesOf) },
      { sql: this.#deleteSql, rows: changes.delete.map((key) => [key]) },
    ]);
  }
}

const COLUMNS = [
  'key',
  'apiKeyId',
  'userId',
  'sessionId',
  'modelId',
  'surface',
  'providerId',
  'endpointId',
  'accountId',
  'createdAtMs',
  'expiresAtMs',
  'lastHitAtMs',
  'requestCount',
  'warmTokens',
  'cacheReadTokens',
] as const satisfies readonly (keyof Binding)[];

function valuesOf(binding: Binding): RowValues {
  return COLUMNS.map((column) => binding[column]);
}
