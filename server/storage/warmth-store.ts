// Keeps over a restart which prefixes are warm in which cache.

import type { WarmthChanges, WarmthRow, WarmthStore } from '../routing/warmth-store.ts';
import { flag, type RowValues, type SqlEngine, type WarmthRecord } from './database.ts';

/** More than a ledger holds at once is of no use. */
const MAX_LOADED = 100_000;

export class SqlWarmthStore implements WarmthStore {
  readonly #engine: SqlEngine;
  readonly #putSql: string;
  readonly #deleteSql: string;
  readonly #deleteSpaceSql: string;
  readonly #expireSql: string;

  constructor(engine: SqlEngine) {
    const { db } = engine;
    this.#engine = engine;
    this.#putSql = db.replaceInto('warmth').values(NO_RECORD).compile().sql;
    this.#deleteSql = db.deleteFrom('warmth').where('space', '=', '').where('hash', '=', 0).compile().sql;
    this.#deleteSpaceSql = db.deleteFrom('warmth').where('space', '=', '').compile().sql;
    this.#expireSql = db.deleteFrom('warmth').where('untilMs', '<=', 0).compile().sql;
  }

  /** The unexpired ones; the others are deleted here, since after a restart nobody else remembers them. */
  async load(nowMs: number, limit = MAX_LOADED): Promise<WarmthRow[]> {
    const { db } = this.#engine;
    await db.deleteFrom('warmth').where('untilMs', '<=', nowMs).execute();
    const records = await db
      .selectFrom('warmth')
      .selectAll()
      .orderBy('untilMs', 'desc')
      .orderBy('space')
      .orderBy('hash')
      .limit(limit)
      .execute();
    return records.map((record) => ({ ...record, isEnd: record.isEnd === 1 }));
  }

  /** All or none. What is both deleted and put is there afterwards. */
  async save({ put, deleteSpaces, delete: deleted, expiredBeforeMs }: WarmthChanges): Promise<void> {
    await this.#engine.writeRows([
      { sql: this.#expireSql, rows: [[expiredBeforeMs]] },
      { sql: this.#deleteSpaceSql, rows: deleteSpaces.map((space) => [space]) },
      { sql: this.#deleteSql, rows: deleted.map(({ space, hash }) => [space, hash]) },
      { sql: this.#putSql, rows: put.map(valuesOf) },
    ]);
  }
}

const NO_RECORD: WarmthRecord = {
  scope: '',
  space: '',
  hash: 0,
  bytes: 0,
  tokens: 0,
  ttlMs: 0,
  untilMs: 0,
  isEnd: 0,
  requestId: '',
};

/** In the order of `NO_RECORD`'s fields, which is the statement's. */
function valuesOf(row: WarmthRow): RowValues {
  const { scope, space, hash, bytes, tokens, ttlMs, untilMs, isEnd, requestId } = row;
  return [scope, space, hash, bytes, tokens, ttlMs, untilMs, flag(isEnd), requestId];
}
