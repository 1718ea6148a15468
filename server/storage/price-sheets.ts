// The prices by which requests were billed, each kept once: thousands of rows share a handful.

import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { RequestRow } from '../gateway/ports.ts';
import type { PriceSheet } from '../gateway/price-sheet.ts';
import type { LogDatabase, PriceSheetRecord, RowBatch, SqlEngine } from './database.ts';
import { DAY_MS } from './tally-kinds.ts';

/** 66 bits: among millions of sheets no two are alike. */
const ID_CHARACTERS = 11;

/** Remembers which record stands for which prices. */
export class PriceSheetRecords {
  readonly #known = new WeakMap<PriceSheet, PriceSheetRecord>();

  /** The record that the row refers to; `lastDay` is no earlier than that of any row it was asked for. */
  recordOf({ priceSheet, startedAtMs }: Pick<RequestRow, 'priceSheet' | 'startedAtMs'>) {
    if (!priceSheet) return null;
    const known = this.#known.get(priceSheet) ?? newRecord(priceSheet);
    known.lastDay = Math.max(known.lastDay, Math.floor(startedAtMs / DAY_MS));
    this.#known.set(priceSheet, known);
    return known;
  }
}

function newRecord(priceSheet: PriceSheet): PriceSheetRecord {
  const sheet = JSON.stringify(inOrder(priceSheet));
  return { id: hash('sha256', sheet, 'base64url').slice(0, ID_CHARACTERS), sheet, lastDay: 0 };
}

/** The same prices are the same text, wherever they come from. */
function inOrder(sheet: PriceSheet): PriceSheet {
  return {
    input: sheet.input,
    output: sheet.output,
    cacheRead: sheet.cacheRead,
    cacheWrite5m: sheet.cacheWrite5m,
    cacheWrite1h: sheet.cacheWrite1h,
    audioInput: sheet.audioInput,
    audioOutput: sheet.audioOutput,
    aboveInputTokens: sheet.aboveInputTokens,
    rateMultiplier: sheet.rateMultiplier,
    usdPerCredit: sheet.usdPerCredit,
  };
}

/**
 * Puts down the sheets of a batch of rows, for the same transaction. Every time: they are few, most are there already, and
 * nobody needs to know which ones have been deleted.
 */
export function sheetsOf(rows: readonly { sheet: PriceSheetRecord | null }[]): RowBatch {
  const records = new Set(rows.map(({ sheet }) => sheet));
  return {
    sql: `INSERT INTO priceSheet (id, sheet, lastDay) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET lastDay = excluded.lastDay WHERE excluded.lastDay > lastDay`,
    rows: [...records].flatMap((record) => (record ? [[record.id, record.sheet, record.lastDay]] : [])),
  };
}

/** Deletes sheets that no row can refer to, as all rows are of later days; without looking at the rows. */
export async function deleteUnused({ db }: Pick<SqlEngine<LogDatabase>, 'db'>): Promise<void> {
  await sql`DELETE FROM priceSheet
    WHERE lastDay < (SELECT CAST(min(startedAtMs) / ${DAY_MS} AS INTEGER) FROM request)`.execute(db);
}
