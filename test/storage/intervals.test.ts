// Intervals of the stored log against the plain computation over the same rows: from rows exactly, from sums nearly.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { matchesFilter } from '../../server/analysis/request-filter.ts';
import type {
  IntervalFilter,
  IntervalGroup,
  IntervalGrouping,
  IntervalGroups,
} from '../../server/gateway/log-queries.ts';
import { intervalSample, intervals } from '../../server/storage/interval-queries.ts';
import * as plain from '../graphql/memory-queries.ts';
import { FROM_MS, RANGE, row, withFolded } from './folded-log.ts';
import { NOW_MS, withStorage } from './scratch.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const GROUPINGS: readonly IntervalGrouping[] = ['user', 'api-key', 'session', 'model'];

const anyRow = fc.record({
  startedAtMs: fc.integer({ min: NOW_MS - 8 * HOUR_MS, max: NOW_MS }),
  userId: fc.constantFrom('u1', 'u2', null),
  apiKeyId: fc.constantFrom('k1', 'k2', 'k3', null),
  sessionId: fc.constantFrom('s1', 's2', 's3', null),
  modelId: fc.constantFrom('m1', 'm2', null),
  outcome: fc.constantFrom('ok' as const, 'ok' as const, 'failed' as const),
  isKeepWarm: fc.constantFrom(false, false, true),
  cacheReadTokens: fc.option(fc.integer({ min: 0, max: 5000 })),
  inputTokens: fc.option(fc.integer({ min: 0, max: 9000 })),
});
const anyFilter = fc.record(
  {
    fromMs: fc.constantFrom(NOW_MS - 9 * HOUR_MS, NOW_MS - 4 * HOUR_MS),
    toMs: fc.constantFrom(NOW_MS, NOW_MS - HOUR_MS),
    userId: fc.constantFrom('u1', 'u3'),
    apiKeyId: fc.constantFrom('k1', 'k2'),
  },
  { requiredKeys: ['fromMs', 'toMs'] },
);

test('RequestLog.intervals, intervalSample and cacheUses equal the plain computation', () =>
  withStorage(async ({ log }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 80 }), anyFilter, async (given, filter) => {
        const rows = given.map((over, index) => row(`r${index}`, over.startedAtMs, over));
        await log.clear({});
        for (const one of rows) log.append(one);
        for (const by of GROUPINGS) {
          assertClose(
            await log.intervals(filter, { by, limit: 2 }),
            plain.intervals(rows, filter, { by, limit: 2 }),
            1e-9,
          );
        }
        const options = { limit: 100, maxIntervalMs: 2 * HOUR_MS, perUser: false };
        assert.deepEqual(
          pointsInOrder((await log.intervalSample(filter, options)).points),
          pointsInOrder(plain.intervalSample(rows, filter, options).points),
        );
        assert.deepEqual(await log.cacheUses(filter, 1000), plain.cacheUses(rows, filter));
        assert.deepEqual(
          await log.sessionUses(filter, ['s3', 's1', 'nobody']),
          plain.sessionUses(rows, filter, ['s3', 's1', 'nobody']),
        );
      }),
      { numRuns: 30 },
    );
  }));

test('RequestLog.intervalSample draws evenly from rows with newest and extremes', () =>
  withStorage(async ({ log }) => {
    // 500 points, a minute apart; the 7th has the longest interval, the 9th the shortest.
    let atMs = NOW_MS - 10 * HOUR_MS;
    for (let index = 0; index <= 500; index += 1) {
      atMs += index === 7 ? 3 * MINUTE_MS : index === 9 ? 1_000 : MINUTE_MS;
      log.append(row(`r${index}`, atMs));
    }
    const filter = { fromMs: 0, toMs: NOW_MS };
    const sample = await log.intervalSample(filter, { limit: 100, maxIntervalMs: HOUR_MS, perUser: false });
    assert.equal(sample.total, 500);
    assert.ok(sample.points.length <= 100 && sample.points.length >= 98);
    assert.equal(sample.points.at(-1)?.atMs, atMs);
    const lengths = sample.points.map(({ intervalMs }) => intervalMs);
    assert.equal(Math.max(...lengths), 3 * MINUTE_MS);
    assert.equal(Math.min(...lengths), 1_000);
    const firstHalf = sample.points.filter((point) => point.atMs < atMs - 250 * MINUTE_MS).length;
    assert.ok(Math.abs(firstHalf - 50) <= 3);
  }));

test('intervals() of sums are those of the rows within 1 %', () =>
  withFolded(async ({ db, rows }) => {
    const filters: IntervalFilter[] = [RANGE, { ...RANGE, userId: 'u1' }, { ...RANGE, apiKeyId: 'k2' }];
    for (const filter of filters) {
      for (const by of GROUPINGS) {
        const found = await intervals(db, filter, { by, limit: 1000 }, 0);
        assert.equal(found.isExact, false);
        // Sums of pairs of caller and model are kept by the day.
        const isOfCaller = filter.userId !== undefined || filter.apiKeyId !== undefined;
        const dayMs = by === 'model' && isOfCaller ? 24 * HOUR_MS : 1;
        const counted = { ...filter, fromMs: Math.floor(filter.fromMs / dayMs) * dayMs };
        // A session that began before the range counts whole, a group's first interval may reach out of it.
        assertNear(found, plain.intervals(rows, counted, { by, limit: 1000 }), by);
      }
    }
  }));

test('intervals() count rows that nobody has folded or even taken yet', () =>
  withFolded(async ({ db, rows, log, fold }) => {
    const newest = Array.from({ length: 30 }, (_, index) =>
      // Written last, though most started before some of the others.
      row(`n${index}`, NOW_MS - 14 * MINUTE_MS + index * 25_000, {
        userId: 'u1',
        apiKeyId: 'k1',
        sessionId: 'sn',
      }),
    );
    const written = [...rows, ...newest];
    for (const one of newest) log.append(one);
    await log.flush();
    for (const isTaken of [false, true]) {
      if (isTaken) await fold();
      for (const by of GROUPINGS) {
        const found = await intervals(db, RANGE, { by, limit: 1000 }, 0);
        assertNear(found, plain.intervals(written, RANGE, { by, limit: 1000 }), by);
      }
      const options = { limit: 10_000, maxIntervalMs: HOUR_MS, perUser: false };
      const { points } = await intervalSample(db, RANGE, options, { maxExactRows: 0 });
      const expected = plain.intervalSample(written, RANGE, options).points;
      assert.deepEqual(points.slice(-60), expected.slice(-60));
    }
  }));

test('intervals() after part of the log was cleared are those of the rest', () =>
  withFolded(async ({ db, rows, log, fold }) => {
    await log.clear({ apiKeyId: 'k2', fromMs: FROM_MS + 30 * HOUR_MS });
    const rest = rows.filter(
      ({ apiKeyId, startedAtMs }) => apiKeyId !== 'k2' || startedAtMs < FROM_MS + 30 * HOUR_MS,
    );
    for (const isFolded of [false, true]) {
      if (isFolded) await fold();
      for (const by of ['user', 'model'] as const) {
        const found = await intervals(db, RANGE, { by, limit: 100 }, 0);
        assertNear(found, plain.intervals(rest, RANGE, { by, limit: 100 }), by);
      }
    }
    await log.clear({});
    assert.deepEqual((await intervals(db, RANGE, { by: 'user', limit: 100 }, 0)).groups, []);
    assert.equal((await intervals(db, RANGE, { by: 'session', limit: 100 }, 0)).groupCount, 0);
  }));

test('intervals() after retention took the oldest rows are those of the rest', () =>
  withFolded(async ({ db, rows, log }) => {
    await log.sweep({ maxAgeDays: 2, maxRows: 1_000_000 }, NOW_MS);
    const filter = { ...RANGE, fromMs: Math.ceil((NOW_MS - 48 * HOUR_MS) / HOUR_MS) * HOUR_MS };
    const found = await intervals(db, filter, { by: 'user', limit: 100 }, 0);
    const kept = rows.filter(({ startedAtMs }) => startedAtMs >= NOW_MS - 48 * HOUR_MS);
    assertNear(found, plain.intervals(kept, filter, { by: 'user', limit: 100 }), 'user');
  }));

test('intervalSample() of kept points is even and has newest and extremes', () =>
  withFolded(async ({ db, rows }) => {
    const options = { limit: 300, maxIntervalMs: 2 * HOUR_MS, perUser: false };
    const { points, total } = await intervalSample(db, RANGE, options, { maxExactRows: 0 });
    const all = plain.intervalPoints(rows, RANGE, options.maxIntervalMs);
    assert.ok(Math.abs(total - all.length) <= 10, `${total} of ${all.length}`);
    assert.ok(points.length <= 300 && points.length >= 250, `${points.length}`);
    const known = new Set(all.map(textOf));
    // The first points of the range may come from intervals that reach out of it.
    const unknown = points.filter((point) => !known.has(textOf(point)));
    assert.ok(unknown.length <= 4, JSON.stringify(unknown));
    assert.deepEqual(points.at(-1), all.at(-1));
    const lengths = (of: readonly { intervalMs: number }[]) => of.map(({ intervalMs }) => intervalMs);
    assert.equal(Math.max(...lengths(points)), Math.max(...lengths(all)));
    assert.equal(Math.min(...lengths(points)), Math.min(...lengths(all)));
    const middleMs = all[Math.floor(all.length / 2)]?.atMs ?? 0;
    const early = points.filter(({ atMs }) => atMs < middleMs).length / points.length;
    assert.ok(early > 0.4 && early < 0.6, `${early}`);
  }));

test('intervalSample() of kept points keeps to one user, and leaves none out', () =>
  withFolded(async ({ db, rows }) => {
    const options = { limit: 150, maxIntervalMs: HOUR_MS, perUser: true };
    const everybody = await intervalSample(db, RANGE, options, { maxExactRows: 0 });
    assert.deepEqual(
      new Set(everybody.points.map(({ userId }) => userId)),
      new Set(['u0', 'u1', 'u2', 'u3']),
    );
    const one = await intervalSample(
      db,
      { ...RANGE, userId: 'u2' },
      { ...options, perUser: false },
      { maxExactRows: 0 },
    );
    assert.deepEqual(new Set(one.points.map(({ userId }) => userId)), new Set(['u2']));
    assert.ok(one.points.every(({ intervalMs }) => intervalMs <= HOUR_MS));
    assert.ok(one.points.length <= 150 && one.points.length > 100);
    assert.equal(
      one.points.at(-1)?.atMs,
      plain.intervalPoints(rows, { ...RANGE, userId: 'u2' }, HOUR_MS).at(-1)?.atMs,
    );
  }));

test('intervalSample() of kept points gives every one, also of requests sent at once', () => {
  const atOnce = Array.from({ length: 5 }, (_, index) =>
    row(`at-once-${index}`, NOW_MS - 10 * HOUR_MS, { userId: 'u9', apiKeyId: 'k9', modelId: 'm1' }),
  );
  return withFolded(async ({ db }) => {
    const options = { limit: 50_000, maxIntervalMs: 2 * HOUR_MS, perUser: false };
    const { points, total } = await intervalSample(db, RANGE, options, { maxExactRows: 0 });
    assert.equal(points.filter(({ userId }) => userId === 'u9').length, 4);
    assert.equal(points.length, total);
  }, atOnce);
});

test('intervalSample() of one session or API key looks at its newest rows', () =>
  withFolded(async ({ db, rows }) => {
    const options = { limit: 1000, maxIntervalMs: 2 * HOUR_MS, perUser: false };
    const { sessionId } = rows.at(-1) ?? {};
    assert.ok(sessionId);
    for (const filter of [
      { ...RANGE, sessionId },
      { ...RANGE, apiKeyId: 'k1' },
    ]) {
      const found = await intervalSample(db, filter, options);
      const expected = plain.intervalSample(rows, filter, options);
      assert.ok(expected.points.length > 3);
      assert.deepEqual(found, expected);
      const starts = rows.filter((one) => matchesFilter(one, filter)).map(({ startedAtMs }) => startedAtMs);
      const fromMs = starts.toSorted((a, b) => a - b).at(-4) ?? 0;
      assert.deepEqual(
        await intervalSample(db, filter, options, { maxOwnRows: 4 }),
        plain.intervalSample(rows, { ...filter, fromMs }, options),
      );
    }
  }));

function pointsInOrder<P extends object>(points: readonly P[]): string[] {
  return points.map(textOf).toSorted();
}

const TIMES = ['p50Ms', 'p75Ms', 'p90Ms', 'averageMs', 'leastMs', 'mostMs'] as const;

/** Equal but for the rounding of sums of decimals. */
function assertClose(found: IntervalGroups, expected: IntervalGroups, tolerance: number): void {
  const exactPart = ({ groups, ...rest }: IntervalGroups) => ({
    ...rest,
    groups: groups.map(({ id, intervals: count, buckets }) => ({ id, count, buckets })),
  });
  assert.deepEqual(exactPart(found), exactPart(expected));
  for (const [index, group] of expected.groups.entries()) assertTimes(found.groups[index], group, tolerance);
}

function assertTimes(found: IntervalGroup | undefined, expected: IntervalGroup, tolerance: number): void {
  for (const field of TIMES) {
    const difference = Math.abs((found?.[field] ?? 0) - expected[field]);
    assert.ok(
      difference <= expected[field] * tolerance + 1,
      `${expected.id} ${field}: ${found?.[field]} for ${expected[field]}`,
    );
  }
}

function assertNear(found: IntervalGroups, expected: IntervalGroups, by: IntervalGrouping): void {
  const foundById = new Map(found.groups.map((group) => [group.id, group]));
  // Sessions that began before the range.
  const isWhole = (group: IntervalGroup) => by !== 'session' || !/-[01]$/.test(group.id);
  for (const group of expected.groups.filter(isWhole)) {
    const near = foundById.get(group.id);
    assert.ok(near, `${by} ${group.id}`);
    assert.ok(
      Math.abs(near.intervals - group.intervals) <= 1,
      `${by} ${group.id}: ${near.intervals} for ${group.intervals}`,
    );
    assert.equal(
      near.buckets.reduce((sum, count) => sum + count, 0),
      near.intervals,
    );
    if (near.intervals === group.intervals) assertTimes(near, group, 0.01);
  }
  assert.ok(Math.abs(found.groupCount - expected.groupCount) <= 4);
  assert.equal(
    found.recommended.reduce((sum, count) => sum + count, 0),
    found.groupCount,
  );
}

/** The same for the same values, in whatever order they were put in. */
function textOf(point: object): string {
  return JSON.stringify(Object.entries(point).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
