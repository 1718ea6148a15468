// Pages of requests, newest or oldest first: sums tell where matching rows are, so that few among millions are found at once.

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { RequestPage } from '../gateway/log-queries.ts';
import type { RequestCursor, RequestFilter } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { type LogView, rangeOf, roughRows, timeless, viewLog } from './log-view.ts';
import { matches } from './request-filter.ts';
import { requestOf, STORED_REQUEST, type StoredRequest } from './request-records.ts';
import {
  DAY_MS,
  dimensionsOf,
  HOUR_MS,
  MINUTE_MS,
  REQUEST_TALLIES,
  type Tally,
  tallyOf,
} from './tally-kinds.ts';
import { floorTo, type TimeRange } from './tally-ranges.ts';

/** Fewer rows are looked through faster than sums. */
const MIN_ROWS = 10_000;
/** More rows that are in no sum yet are not looked through for a page. */
const MAX_LATE_ROWS = 20_000;

/** So many rows are looked through by number; a longer stretch is looked through by time, which ends with the page. */
const MAX_NUMBERED_ROWS = 5_000;

/** Rows looked at for one page: about 30 ms when they are looked at one by one. */
const MAX_SEEN_ROWS = 50_000;
/** Most pages are full after a few. */
const FIRST_SEEN_ROWS = 2_000;
/** Of what can be a whole id; shorter texts are parts of one. */
const MIN_ID_CHARACTERS = 16;

interface Page {
  limit: number;
  /** Beyond it the page begins, on the way it goes. */
  after: RequestCursor | null;
  isOldestFirst?: boolean;
  /** With fewer rows in the range the sums are not asked. */
  minRows?: number;
  maxSeenRows?: number;
}

/** A stretch of time with matching rows. `seqs`: pairs between which those rows are; null = nobody knows. */
interface Stretch {
  fromMs: number;
  toMs: number;
  seqs: readonly (readonly [number, number])[] | null;
}

/** Looks at a bounded number of rows; `reached` is before the first row that was not looked at. */
export function requestPage(db: Kysely<LogDatabase>, asked: RequestFilter, page: Page): Promise<RequestPage> {
  return viewLog(db, async (view) => {
    if (!view) return { rows: [], reached: null };
    const filter = { ...asked, ...(await onlyKey(view, asked)) };
    const named = await rowsNamed(view, filter, page);
    if (named) return pageOf(named, page, null);
    const records: StoredRequest[] = [];
    let seenRows = 0;
    for (const stretch of await stretchesWithRows(view, filter, page)) {
      for (let rest: Stretch | null = stretch; rest; ) {
        const limit = page.limit - records.length;
        const maxSeenRows = (page.maxSeenRows ?? MAX_SEEN_ROWS) - seenRows;
        if (limit <= 0) return pageOf(records, page, null);
        if (maxSeenRows <= 0) return pageOf(records, page, beginOf(rest, page));
        const part = await nextPart(view, rest, { ...page, filter, maxSeenRows, seenRows });
        records.push(...(await rowsIn(view, part, { ...page, filter, limit })));
        seenRows += part.rows;
        rest = behind(rest, part, page);
      }
    }
    return pageOf(records, page, null);
  });
}

function pageOf(
  records: readonly StoredRequest[],
  { limit }: Page,
  reached: RequestCursor | null,
): RequestPage {
  const last = records.at(-1);
  const isFull = last !== undefined && records.length >= limit;
  return {
    rows: records.map(requestOf),
    reached: isFull ? { startedAtMs: last.startedAtMs, id: last.id } : reached,
  };
}

/** Before every row of the stretch, on the way the page goes. No id is empty. */
function beginOf({ fromMs, toMs }: Stretch, { isOldestFirst }: Page): RequestCursor {
  return { startedAtMs: isOldestFirst ? fromMs : toMs, id: '' };
}

/** What is left of the stretch once its part was looked at; null = nothing. */
function behind(stretch: Stretch, part: Stretch, { isOldestFirst }: Page): Stretch | null {
  const rest = isOldestFirst ? { ...stretch, fromMs: part.toMs } : { ...stretch, toMs: part.fromMs };
  return rest.fromMs < rest.toMs ? rest : null;
}

interface PartSearch extends Page {
  filter: RequestFilter;
  maxSeenRows: number;
  seenRows: number;
}

/** As much of the stretch, from where the page comes to it, as may be looked at in one go, and about how many rows that are. */
async function nextPart(
  { tx }: LogView,
  stretch: Stretch,
  { filter, maxSeenRows, seenRows, ...page }: PartSearch,
): Promise<Stretch & { rows: number }> {
  const { fromMs, toMs, seqs } = stretch;
  if (seqs) return { ...stretch, rows: seqs.reduce((sum, [from, to]) => sum + to - from + 1, 0) };
  if (isUnconditional(filter)) return { ...stretch, rows: 0 };
  const limit = seenRows < FIRST_SEEN_ROWS ? Math.min(FIRST_SEEN_ROWS, maxSeenRows) : maxSeenRows;
  const { rows } = await sql<{ rows: number; firstMs: number | null; lastMs: number | null }>`
    select count(*) as "rows", min("startedAtMs") as "firstMs", max("startedAtMs") as "lastMs" from (
      select "startedAtMs" from "request" where "startedAtMs" >= ${fromMs} and "startedAtMs" < ${toMs}
        and ${matches(indexedOf(filter))} and ${beyond(page)}
      order by "startedAtMs" ${sql.raw(orderOf(page))} limit ${limit})`.execute(tx);
  const { rows: seen, firstMs, lastMs } = rows[0] ?? { rows: 0, firstMs: null, lastMs: null };
  if (seen < limit || firstMs === null || lastMs === null) return { ...stretch, rows: seen };
  // All rows of the last millisecond are of the part, counted or not.
  return page.isOldestFirst
    ? { ...stretch, rows: seen, toMs: lastMs + 1 }
    : { ...stretch, rows: seen, fromMs: firstMs };
}

/** What an index leads to, so that no other row is looked at. */
function indexedOf({ sessionId, apiKeyId }: RequestFilter): RequestFilter {
  if (sessionId !== undefined) return { sessionId };
  return apiKeyId === undefined ? {} : { apiKeyId };
}

/** Every row that is looked at is one of the page. */
function isUnconditional(filter: RequestFilter): boolean {
  const { fromMs: _from, toMs: _to, ...rest } = filter;
  const conditions = Object.values(rest).filter((value) => value !== undefined).length;
  return conditions <= Object.keys(indexedOf(filter)).length;
}

/** The API key that alone has the name, as there is an index for its id; with several such keys, none. */
async function onlyKey(
  { tx, foldedSeq, lateRows }: LogView,
  { apiKeyId, apiKeyName }: RequestFilter,
): Promise<Pick<RequestFilter, 'apiKeyId'>> {
  if (!apiKeyName || apiKeyId !== undefined || lateRows > MAX_LATE_ROWS) return {};
  const hasName = matches({ apiKeyName });
  const { rows } = await sql<{ id: string }>`
    select "apiKeyId" as "id" from "tallyCaller" where "bucketMs" = ${DAY_MS} and ${hasName}
    union select coalesce("apiKeyId", '') from "request" not indexed where "seq" > ${foldedSeq} and ${hasName}
    limit 2`.execute(tx);
  const [only, other] = rows;
  return only && !other && only.id !== '' ? { apiKeyId: only.id } : {};
}

/** The rows that the search names by their whole id, whatever else it may be part of; null when there are none. */
async function rowsNamed(
  { tx }: LogView,
  { search, ...filter }: RequestFilter,
  page: Page,
): Promise<StoredRequest[] | null> {
  if (search === undefined || search.length < MIN_ID_CHARACTERS) return null;
  const { rows } = await sql<{ id: string }>`
    select "id" from "requestName" where "requestId" = ${search} union select "id" from "request" where "id" = ${search}`.execute(
    tx,
  );
  if (rows.length === 0) return null;
  const ids = rows.map(({ id }) => id);
  return tx
    .selectFrom('request')
    .select(STORED_REQUEST)
    .where(sql<SqlBool>`"id" in (select "value" from json_each(${JSON.stringify(ids)}))`)
    .where(matches(filter))
    .where(beyond(page))
    .orderBy('startedAtMs', orderOf(page))
    .orderBy('id', orderOf(page))
    .limit(page.limit)
    .execute();
}

function rowsIn(
  { tx }: LogView,
  { fromMs, toMs, seqs }: Stretch,
  { filter, ...page }: Page & { filter: RequestFilter },
): Promise<StoredRequest[]> {
  const numbered: RawBuilder<SqlBool> = seqs
    ? sql`"seq" in (select "request"."seq" from json_each(${JSON.stringify(seqs)}) cross join "request"
        on "request"."seq" between "value" ->> 0 and "value" ->> 1)`
    : sql`true`;
  return tx
    .selectFrom('request')
    .select(STORED_REQUEST)
    .where(numbered)
    .where(matches({ ...filter, fromMs, toMs }))
    .where(beyond(page))
    .orderBy('startedAtMs', orderOf(page))
    .orderBy('id', orderOf(page))
    .limit(page.limit)
    .execute();
}

function orderOf({ isOldestFirst }: Pick<Page, 'isOldestFirst'>): 'asc' | 'desc' {
  return isOldestFirst ? 'asc' : 'desc';
}

function beyond({ after, isOldestFirst }: Pick<Page, 'after' | 'isOldestFirst'>): RawBuilder<SqlBool> {
  const operator = sql.raw(isOldestFirst ? '>' : '<');
  return after ? sql`("startedAtMs", "id") ${operator} (${after.startedAtMs}, ${after.id})` : sql`true`;
}

/** In the order of the page, without overlap: every matching row of the page is in one of them. */
async function stretchesWithRows(view: LogView, filter: RequestFilter, page: Page): Promise<Stretch[]> {
  const range = { ...rangeBeyond(rangeOf(view, filter), page), seqs: null };
  const dimensions = dimensionsOf(filter);
  const tally = dimensions && dimensions.length > 0 ? tallyOf(REQUEST_TALLIES, dimensions) : null;
  // Rows of one session or API key have an index of their own.
  if (!tally || filter.apiKeyId !== undefined || view.lateRows > MAX_LATE_ROWS) return [range];
  if ((await roughRows(view, { slot: 0, ...range }, {})) < (page.minRows ?? MIN_ROWS)) return [range];
  const buckets = [
    ...(await lateBuckets(view, { ...filter, fromMs: range.fromMs, toMs: range.toMs }, page)),
    ...(await tallyBuckets(view, { ...page, tally, filter, range, limit: page.limit + 1 })),
  ];
  const stretches = joined(buckets).map((one) => ({
    ...one,
    fromMs: Math.max(one.fromMs, range.fromMs),
    toMs: Math.min(one.toMs, range.toMs),
  }));
  return page.isOldestFirst ? stretches.toReversed() : stretches;
}

/** With the millisecond of the cursor, as other rows may be of it. */
function rangeBeyond(
  { fromMs, toMs }: TimeRange,
  { after, isOldestFirst }: Page,
): Pick<TimeRange, 'fromMs' | 'toMs'> {
  if (!after) return { fromMs, toMs };
  return isOldestFirst
    ? { fromMs: Math.max(fromMs, after.startedAtMs), toMs }
    : { fromMs, toMs: Math.min(toMs, after.startedAtMs + 1) };
}

/** Minutes with rows that are in no sum yet. */
async function lateBuckets(
  { tx, foldedSeq, lateRows }: LogView,
  filter: RequestFilter,
  page: Page,
): Promise<Stretch[]> {
  if (lateRows === 0) return [];
  const { rows } = await sql<{ startedAtMs: number }>`
    select "startedAtMs" from "request" not indexed
    where "seq" > ${foldedSeq} and ${matches(filter)} and ${beyond(page)}
    order by "startedAtMs" ${sql.raw(orderOf(page))} limit ${page.limit}`.execute(tx);
  return rows.map(({ startedAtMs }) => {
    const fromMs = floorTo(MINUTE_MS, startedAtMs);
    return { fromMs, toMs: fromMs + MINUTE_MS, seqs: null };
  });
}

interface BucketSearch extends Pick<Page, 'isOldestFirst'> {
  tally: Tally;
  filter: RequestFilter;
  range: Stretch;
  /** As many buckets as the page may need: each has at least one row. */
  limit: number;
}

/** The first buckets with matching rows: minutes for as long as they are kept, and before them hours. */
async function tallyBuckets(view: LogView, search: BucketSearch): Promise<Stretch[]> {
  const { tally, range, limit } = search;
  const minutesFromMs = tally.hasMinutes ? view.extent.minutesFromMs : Number.POSITIVE_INFINITY;
  const halves = [
    { bucketMs: MINUTE_MS, range: { ...range, fromMs: Math.max(range.fromMs, minutesFromMs) } },
    { bucketMs: HOUR_MS, range: { ...range, toMs: Math.min(range.toMs, minutesFromMs) } },
  ];
  const found: Stretch[] = [];
  for (const half of search.isOldestFirst ? halves.toReversed() : halves) {
    if (found.length >= limit || half.range.fromMs >= half.range.toMs) continue;
    const rest = { ...search, range: half.range, limit: limit - found.length };
    found.push(...(await bucketsIn(view, half.bucketMs, rest)));
  }
  return found;
}

async function bucketsIn(
  { tx }: LogView,
  bucketMs: number,
  { tally, filter, range, limit, ...order }: BucketSearch,
): Promise<Stretch[]> {
  const { rows } = await sql<{ atMs: number; seqs: string; span: number }>`
    select "atMs", json_group_array(json_array("minSeq", "maxSeq")) as "seqs", sum("maxSeq" - "minSeq" + 1) as "span"
    from ${sql.table(tally.table)} where "bucketMs" = ${bucketMs} and "atMs" < ${range.toMs}
      and "atMs" >= ${floorTo(bucketMs, range.fromMs)} and ${matches(timeless(filter))}
    group by "atMs" order by "atMs" ${sql.raw(orderOf(order))} limit ${limit}`.execute(tx);
  return rows.map(({ atMs, seqs, span }) => ({
    fromMs: atMs,
    toMs: atMs + bucketMs,
    seqs: span <= MAX_NUMBERED_ROWS ? pairsIn(seqs) : null,
  }));
}

/** Written by the query. */
function pairsIn(json: string): [number, number][] {
  return JSON.parse(json);
}

/** One query for neighbours, and for what is apart but known by number. */
function joined(buckets: readonly Stretch[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const bucket of buckets.toSorted((a, b) => b.toMs - a.toMs)) {
    const last = stretches.at(-1);
    const both = last && union(last, bucket);
    if (both) stretches[stretches.length - 1] = both;
    else stretches.push(bucket);
  }
  return stretches;
}

/** `older` begins no later than `newer` ends. Null: they are better asked for one after the other. */
function union(newer: Stretch, older: Stretch): Stretch | null {
  const fromMs = Math.min(newer.fromMs, older.fromMs);
  const seqs = newer.seqs && older.seqs && [...newer.seqs, ...older.seqs];
  if (seqs && seqs.reduce((sum, [from, to]) => sum + to - from + 1, 0) <= MAX_NUMBERED_ROWS)
    return { fromMs, toMs: newer.toMs, seqs };
  const isOverlap = older.toMs > newer.fromMs;
  const isNeighbour = older.toMs === newer.fromMs && !newer.seqs && !older.seqs;
  return isOverlap || isNeighbour ? { fromMs, toMs: newer.toMs, seqs: null } : null;
}
