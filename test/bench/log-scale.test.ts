// The log bench in small: its rows are like a month of traffic, and every question of the panel gets an answer.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { schema } from '../../server/graphql/schema.ts';
import { spreadOf } from './log-scale/ask.ts';
import { Chance } from './log-scale/chance.ts';
import { withDesk } from './log-scale/desk-on-log.ts';
import { openLogFile } from './log-scale/log-file.ts';
import { PARTS, parseOptions } from './log-scale/options.ts';
import { questionsOf } from './log-scale/questions.ts';
import { figureTable, isFast, questionTable } from './log-scale/report.ts';
import { rhythm } from './log-scale/rhythm.ts';
import { trafficOf } from './log-scale/traffic.ts';
import { createWorld } from './log-scale/world.ts';

const ROWS = 20_000;
const TO_MS = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;
const FROM_MS = TO_MS - 30 * DAY_MS;
const MINUTE_MS = 60_000;

const world = createWorld(1, FROM_MS);
const month = [...trafficOf(world, { seed: 1, rows: ROWS, fromMs: FROM_MS, toMs: TO_MS })];
const shareOf = (matches: (row: RequestRow) => boolean) => month.filter(matches).length / ROWS;

test('trafficOf() makes exactly so many rows in the order in which they finish, to the end of the period', () => {
  assert.equal(month.length, ROWS);
  assert.equal(new Set(month.map(({ id }) => id)).size, ROWS);
  const isInOrder = month.every((row, index) => row.finishedAtMs >= (month[index - 1]?.finishedAtMs ?? 0));
  assert.ok(isInOrder);
  assert.ok(month.every(({ startedAtMs }) => startedAtMs >= FROM_MS));
  const last = month.at(-1)?.finishedAtMs ?? 0;
  assert.ok(
    Math.abs(last - TO_MS) < 120 * MINUTE_MS,
    `the last row is ${(last - TO_MS) / MINUTE_MS} min after the end`,
  );
});

test('trafficOf() makes the same rows of the same seed, and others of another', () => {
  const beginOf = (seed: number) => {
    const rows = trafficOf(createWorld(seed, FROM_MS), { seed, rows: ROWS, fromMs: FROM_MS, toMs: TO_MS });
    return JSON.stringify(rows.take(200).toArray());
  };
  assert.equal(beginOf(1), JSON.stringify(month.slice(0, 200)));
  assert.notEqual(beginOf(2), beginOf(1));
});

test('trafficOf() fails two to three requests in a hundred, in several ways', () => {
  const failed = shareOf(({ outcome }) => outcome !== 'ok');
  assert.ok(failed > 0.02 && failed < 0.033, `${failed}`);
  const statuses = new Set(month.map(({ status }) => status));
  assert.deepEqual([...statuses].toSorted(), [200, 400, 413, 429, 499, 500, 502, 504, 529]);
  assert.ok(month.every(({ outcome, inputTokens }) => (outcome === 'ok') === (inputTokens !== null)));
});

test('trafficOf() has sessions with pauses of every length', () => {
  const lastOf = new Map<string, number>();
  const buckets = [0, 0, 0, 0, 0];
  for (const { sessionId, startedAtMs } of month) {
    if (sessionId === null) continue;
    const before = lastOf.get(sessionId);
    lastOf.set(sessionId, startedAtMs);
    if (before === undefined) continue;
    const minutes = (startedAtMs - before) / MINUTE_MS;
    const bucket = [5, 15, 30, 60].findIndex((most) => minutes <= most);
    buckets[bucket < 0 ? 4 : bucket] = (buckets[bucket < 0 ? 4 : bucket] ?? 0) + 1;
  }
  assert.ok(
    buckets.every((count) => count > 30),
    `${buckets}`,
  );
  assert.ok(lastOf.size > 100);
});

test('trafficOf() asks with most keys and of every account, of one account hardly ever', () => {
  assert.equal(world.keys.length, 50);
  assert.ok(new Set(month.map(({ apiKeyId }) => apiKeyId)).size > 40);
  assert.ok(new Set(month.map(({ userId }) => userId)).size > 25);
  assert.equal(new Set(month.map(({ accountId }) => accountId)).size, 8);
  const rare = month.filter(({ accountId }) => accountId === world.rareAccount.id).length;
  assert.ok(rare > 40 && rare < 220, `${rare}`);
});

test('trafficOf() warms and loses prompts: reads, writes, and cold tokens that add up', () => {
  const tokens = (field: 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens') =>
    month.reduce((sum, row) => sum + (row[field] ?? 0), 0);
  const hitRate = tokens('cacheReadTokens') / tokens('inputTokens');
  assert.ok(hitRate > 0.7 && hitRate < 0.95, `${hitRate}`);
  assert.ok(tokens('cacheWriteTokens') > 0);
  for (const { misses, inputTokens, cacheReadTokens } of month) {
    const cold = misses?.reduce((sum, miss) => sum + miss.tokens, 0) ?? 0;
    assert.equal(cold, (inputTokens ?? 0) - (cacheReadTokens ?? 0));
  }
  const causes = new Set(month.map(({ missCause }) => missCause));
  for (const cause of ['cold-start', 'ttl-expired', 'account-moved', 'evicted-upstream'] as const)
    assert.ok(causes.has(cause), cause);
  assert.ok(
    month.every(
      ({ inputTokens }) => inputTokens === null || (inputTokens >= 1_000 && inputTokens <= 150_000),
    ),
  );
  assert.ok(shareOf(({ isKeepWarm }) => isKeepWarm) > 0.0005);
});

test('rhythm() spends a period evenly by weight: nights and weekends are long', () => {
  const momentOf = rhythm(FROM_MS, TO_MS);
  const moments = Array.from({ length: 31 }, (_, day) => momentOf(day / 30));
  assert.equal(moments[0], FROM_MS);
  assert.ok(Math.abs((moments[30] ?? 0) - TO_MS) < 1);
  const lengths = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0));
  assert.ok(Math.max(...lengths) > 2 * DAY_MS, 'a weekend is passed over');
  assert.ok(Math.min(...lengths) < DAY_MS);
});

test('Chance.id() is a UUIDv7 of its millisecond', () => {
  const id = new Chance(1).id(TO_MS);
  assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.equal(Number.parseInt(id.replace('-', '').slice(0, 12), 16), TO_MS);
});

test('openLogFile() writes through the storage and is taken again; every question is answered', async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  try {
    const options = { cacheDir, rows: ROWS, days: 30, seed: 1, isFresh: false };
    const made = await openLogFile(options);
    const { mtimeMs } = statSync(join(made.dataDir, 'logs.db'));
    const again = await openLogFile(options);
    assert.deepEqual(again.about, made.about);
    assert.equal(statSync(join(made.dataDir, 'logs.db')).mtimeMs, mtimeMs);
    await withDesk(again, async (desk, { storage }) => {
      assert.equal(await storage.log.count({}), ROWS);
      assert.equal((await storage.log.totals({})).total, ROWS);
      for (const question of questionsOf(schema, again)) {
        assert.equal(question.problem, null, question.name);
        await assert.doesNotReject(desk.askOnce(question), question.name);
      }
    });
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
});

test('questionTable() and figureTable() tell what is missed', () => {
  const timing = (...times: number[]) => ({ times, problem: null });
  const slow = { name: 'count', idle: timing(1, 2, 30), writing: timing(99, 100, 250) };
  assert.deepEqual(spreadOf(slow.writing), { p50: 100, p90: 250, max: 250 });
  assert.equal(isFast(slow), false);
  const left = { name: 'page', idle: { times: null, problem: 'no field' }, writing: timing(1) };
  assert.equal(isFast(left), true);
  const [, , first, second] = questionTable([slow, left]).split('\n');
  assert.match(first ?? '', /^\| count +\| +2\.0 \| +30 \| +30 \| +100 \| +250 \| +250 \| +\*\*NO\*\* \|$/);
  assert.match(second ?? '', /^\| page +\| not asked: no field \|/);
  const figures = [{ name: 'start', value: '900 ms', goal: '≤ 1000 ms', isMet: true }];
  assert.match(figureTable(figures), /\| start +\| +900 ms \| ≤ 1000 ms \| +yes \|/);
});

test('parseOptions() refuses parts and numbers that do not exist', () => {
  assert.equal(parseOptions(['--help'], 'x'), null);
  assert.deepEqual([...(parseOptions([], 'x')?.only ?? [])], [...PARTS]);
  assert.deepEqual(
    [parseOptions([], 'x')?.rows, parseOptions(['--quick'], 'x')?.rows],
    [10_000_000, 200_000],
  );
  assert.throws(() => parseOptions(['--only', 'none'], 'x'), /Cannot measure "none"/);
  assert.throws(() => parseOptions(['--rows', '0.5'], 'x'), /Cannot use --rows 0.5/);
});
