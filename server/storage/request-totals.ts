// Sums and percentiles over the requests that match a filter: from the sums that are kept, or from the rows themselves.

import { type Kysely, sql } from 'kysely';
import type { RequestDimension, RequestGroup, RequestTotals, TotalsOptions } from '../gateway/log-queries.ts';
import type { RequestFilter } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { inLog, type LogView, rangeOf, roughRows, type Source, sourcesOf, viewLog } from './log-view.ts';
import {
  type BinnedRow,
  type ExactRow,
  exactTotals,
  NO_PERCENTILES,
  noTotals,
  SUMS_OF_LOG,
  SUMS_OF_TALLY,
  SumsOfParts,
} from './request-sums.ts';
import { DIMENSION_COLUMNS, type Dimension, REQUEST_TALLIES } from './tally-kinds.ts';
import type { TimeRange } from './tally-ranges.ts';

/** As many rows are read in less than 100 ms, so that percentiles need no rounding. */
const MAX_EXACT_ROWS = 30_000;
/** Where only the rows know, percentiles are exact as long as the durations fit well into memory. */
const MAX_SORTED_ROWS = 2_000_000;

/** Of one slot and one value of the dimension. */
interface Part {
  slot: number;
  id: string;
}

/** How the questions are answered; by default as the port promises. */
interface Manner extends Partial<TotalsOptions> {
  maxExactRows?: number;
}

interface Question {
  filter: RequestFilter;
  ranges: readonly TimeRange[];
  /** Null: not told apart. */
  by: Dimension | null;
  /** Where there are sums to choose instead. */
  maxExactRows: number;
  hasPercentiles: boolean;
}

export function requestTotals(
  db: Kysely<LogDatabase>,
  filter: RequestFilter,
  manner: Manner = {},
): Promise<RequestTotals> {
  return viewLog(db, async (view) => {
    if (!view) return noTotals();
    const ranges = [rangeOf(view, filter)];
    const answers = await answer(view, { filter, ranges, by: null, ...withDefaults(manner) });
    return answers[0]?.totals ?? noTotals();
  });
}

export function requestSeries(
  db: Kysely<LogDatabase>,
  filter: RequestFilter,
  edgesMs: readonly number[],
  manner: Manner = {},
): Promise<RequestTotals[]> {
  return viewLog(db, async (view) => {
    const ranges = edgesMs.slice(1).map((edgeMs, slot) => ({
      slot,
      fromMs: Math.max(edgesMs[slot] ?? edgeMs, filter.fromMs ?? Number.NEGATIVE_INFINITY),
      toMs: Math.min(edgeMs, filter.toMs ?? Number.POSITIVE_INFINITY),
    }));
    const answers = view ? await answer(view, { filter, ranges, by: null, ...withDefaults(manner) }) : [];
    const bySlot = new Map(answers.map(({ slot, totals }) => [slot, totals]));
    return ranges.map(({ slot }) => bySlot.get(slot) ?? noTotals());
  });
}

export function requestGroups(
  db: Kysely<LogDatabase>,
  filter: RequestFilter,
  by: RequestDimension,
  manner: Manner = {},
): Promise<RequestGroup[]> {
  return viewLog(db, async (view) => {
    if (!view) return [];
    const ranges = [rangeOf(view, filter)];
    const question = { filter, ranges, by: DIMENSION_COLUMNS[by], ...withDefaults(manner) };
    const groups = (await answer(view, question)).map(({ id, totals }) => ({ id: id || null, ...totals }));
    return groups.sort((a, b) => b.total - a.total || ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
  });
}

/** Sums are exact wherever they come from: rows are only read for percentiles. */
function withDefaults({ maxExactRows, hasPercentiles = true }: Manner) {
  return { maxExactRows: maxExactRows ?? (hasPercentiles ? MAX_EXACT_ROWS : 0), hasPercentiles };
}

/** Slots and values without rows are left out. */
async function answer(view: LogView, question: Question): Promise<(Part & { totals: RequestTotals })[]> {
  const { filter, ranges, by, maxExactRows } = question;
  const sources = sourcesOf(view, { filter, ranges, tallies: REQUEST_TALLIES, dimensions: by ? [by] : [] });
  const span = { slot: 0, fromMs: ranges[0]?.fromMs ?? 0, toMs: ranges.at(-1)?.toMs ?? 0 };
  const rows = await roughRows(view, span, filter);
  if (rows <= (sources ? maxExactRows : MAX_SORTED_ROWS)) return exactly(view, question);
  const parts = new Map<string, Part & { sums: SumsOfParts }>();
  for (const source of sources ?? [inLog(filter, ranges)]) {
    for (const { slot, id, ...row } of await binned(view, source, question)) {
      const key = `${slot} ${id}`;
      const part = parts.get(key) ?? { slot, id, sums: new SumsOfParts() };
      parts.set(key, part);
      part.sums.add(row);
    }
  }
  return [...parts.values()].map(({ slot, id, sums }) => ({ slot, id, totals: sums.totals() }));
}

async function exactly({ tx }: LogView, { filter, ranges, by, hasPercentiles }: Question) {
  const { head, body } = inLog(filter, ranges);
  const ranks = (column: string) =>
    hasPercentiles ? sql`nearest_ranks(${sql.ref(column)})` : sql`${JSON.stringify(NO_PERCENTILES)}`;
  const { rows } = await sql<Part & ExactRow>`${head}
    select "slot", ${idOf(by)} as "id", ${SUMS_OF_LOG}, ${ranks('latencyMs')} as "latencyMs",
      ${ranks('timeToFirstTokenMs')} as "timeToFirstTokenMs"
    from ${body} group by 1, 2`.execute(tx);
  return rows.map(({ slot, id, ...row }) => ({ slot, id, totals: exactTotals(row) }));
}

async function binned(
  { tx }: LogView,
  { kind, head, body }: Source,
  { by, hasPercentiles }: Pick<Question, 'by' | 'hasPercentiles'>,
): Promise<(Part & BinnedRow)[]> {
  const isTally = kind === 'tally';
  const summed = sql.raw(isTally ? 'histogram_sum' : 'histogram_of');
  const histogram = (column: string) => (hasPercentiles ? sql`${summed}(${sql.ref(column)})` : sql`x''`);
  const { rows } = await sql<Part & BinnedRow>`${head}
    select "slot", ${idOf(by)} as "id", ${isTally ? SUMS_OF_TALLY : SUMS_OF_LOG},
      ${histogram('latencyMs')} as "latencyMs", ${histogram('timeToFirstTokenMs')} as "timeToFirstTokenMs"
    from ${body} group by 1, 2`.execute(tx);
  return rows;
}

function idOf(by: Dimension | null) {
  return by === null ? sql`''` : sql`coalesce(${sql.ref(by)}, '')`;
}

export function requestCount(db: Kysely<LogDatabase>, filter: RequestFilter): Promise<number> {
  return viewLog(db, async (view) => {
    if (!view) return 0;
    const ranges = [rangeOf(view, filter)];
    const sources = sourcesOf(view, { filter, ranges, tallies: REQUEST_TALLIES, dimensions: [] });
    let count = 0;
    for (const { kind, head, body } of sources ?? [inLog(filter, ranges)]) {
      const total = kind === 'tally' ? sql`coalesce(sum("total"), 0)` : sql`count(*)`;
      const { rows } = await sql<{ total: number }>`${head} select ${total} as "total" from ${body}`.execute(
        view.tx,
      );
      count += rows[0]?.total ?? 0;
    }
    return count;
  });
}
