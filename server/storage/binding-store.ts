// Keeps affinity bindings over a restart.

import type { Binding, BindingStore } from '../gateway/ports.ts';
import { flag, type RowValues, type SqlEngine } from './database.ts';
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

  /** The unexpired and the pinned ones; the others are deleted here, since after a restart nobody else remembers them. */
  async load(nowMs: number): Promise<Binding[]> {
    const { db } = this.#engine;
    await db.deleteFrom('binding').where('expiresAtMs', '<=', nowMs).where('isPinned', '=', 0).execute();
    const records = await db
      .selectFrom('binding')
      .selectAll()
      .orderBy('createdAtMs')
      .orderBy('key')
      .execute();
    return records.map((record) => ({ ...record, isPinned: record.isPinned === 1 }));
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
  'isPinned',
] as const satisfies readonly (keyof Binding)[];

function valuesOf(binding: Binding): RowValues {
  const record = { ...binding, isPinned: flag(binding.isPinned) };
  return COLUMNS.map((column) => record[column]);
}
