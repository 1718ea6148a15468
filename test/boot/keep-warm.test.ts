// What the program decides about pings: where there is room for one, whom they stop for, and what they have cost today.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearableAffinity, countPingsOfToday, hasRoom } from '../../server/boot/gateway.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { NO_SUMS, type RequestTotals } from '../../server/gateway/log-queries.ts';
import type { Account, RequestFilter } from '../../server/gateway/ports.ts';
import { account } from '../gateway/fixture.ts';
import { MINUTE_MS, pingBench, turn } from '../gateway/ping-bench.ts';
import { ManualClock } from '../manual-clock.ts';

test('clearableAffinity() clears what is held too, also where the binding has expired', async () => {
  const bench = pingBench();
  const { affinity, keepWarm } = bench.parts;
  const clearable = clearableAffinity(bench.parts);
  await bench.send({ body: turn(1), session: 's' });
  await bench.send({ body: turn(1), session: 't' });
  const [first, second] = affinity.list();
  assert.ok(first && second);
  clearable.clear(({ providerId }) => providerId === 'p2', 'cleared');
  assert.equal(keepWarm.stats().waiting, 2);
  const cleared = clearable.clear(({ key }) => key === first.key, 'cleared');
  assert.deepEqual([cleared, keepWarm.stats().waiting], [[first], 1]);
  await bench.clock.advance(6 * MINUTE_MS);
  assert.deepEqual([clearable.list(), keepWarm.stats().sent], [[], 1]);
  clearable.clear(({ sessionId }) => sessionId === second.sessionId, 'cleared');
  assert.deepEqual([keepWarm.stats().waiting, bench.clock.pendingTimers], [0, 0]);
});

test('countPingsOfToday() tells what pings cost since the day began', async () => {
  const bench = pingBench();
  const asked: RequestFilter[] = [];
  const totals = (filter: RequestFilter) => {
    asked.push(filter);
    return Promise.resolve({ ...NO_TOTALS, costNanoUsd: 250_000_000 });
  };
  await countPingsOfToday(bench.parts, { totals });
  assert.equal(bench.parts.keepWarm.stats().spentTodayUsd, 0.25);
  const nowMs = bench.clock.nowMs();
  const fromMs = Date.UTC(2023, 10, 14);
  assert.deepEqual(asked, [{ isKeepWarm: true, fromMs, toMs: nowMs }]);
  bench.keepWarm.enabled = false;
  await countPingsOfToday(bench.parts, { totals });
  assert.equal(asked.length, 1);
});

const NO_PERCENTILES = { p50: null, p90: null, p95: null, p99: null };
const NO_TOTALS: RequestTotals = {
  ...NO_SUMS,
  isExact: true,
  latencyMs: NO_PERCENTILES,
  timeToFirstTokenMs: NO_PERCENTILES,
};

test('hasRoom() leaves busy, resting, strained and unknown accounts to the clients', () => {
  const clock = new ManualClock();
  for (const { name, part = {}, inFlight = 0, prepare, expected } of [
    { name: 'without a limit', inFlight: 50, expected: true },
    { name: 'with one slot, idle', part: { maxConcurrent: 1 }, expected: true },
    { name: 'with one slot, in use', part: { maxConcurrent: 1 }, inFlight: 1, expected: false },
    { name: 'with two slots, one in use', part: { maxConcurrent: 2 }, inFlight: 1, expected: false },
    { name: 'with six of ten in use', part: { maxConcurrent: 10 }, inFlight: 6, expected: true },
    { name: 'with seven of ten in use', part: { maxConcurrent: 10 }, inFlight: 7, expected: false },
    { name: 'paused', part: { isPaused: true }, expected: false },
    { name: 'disabled', part: { disabledReason: 'no' }, expected: false },
    {
      name: 'resting',
      prepare: (health: HealthTable, of: Account) =>
        health.failed(of, WAY, { fault: 'rate-limited', retryAfterMs: 5_000, reason: '429' }),
      expected: false,
    },
    {
      name: 'near its limit',
      prepare: (health: HealthTable, of: Account) =>
        health.sawHeaders(of, WAY, new Headers({ 'anthropic-ratelimit-unified-5h-utilization': '0.9' })),
      expected: false,
    },
  ] satisfies RoomCase[]) {
    const slots = new Slots(clock);
    const health = new HealthTable(clock);
    const of = account({ name: 'a', ...part });
    for (let at = 0; at < inFlight; at += 1) slots.take(of);
    prepare?.(health, of);
    assert.equal(hasRoom(of, { health, slots }), expected, name);
  }
  assert.equal(hasRoom(undefined, { health: new HealthTable(clock), slots: new Slots(clock) }), false);
});

const WAY = { upstreamModel: 'claude-sonnet-4-5-20250929', host: 'one.test' };

interface RoomCase {
  name: string;
  part?: Partial<Account>;
  inFlight?: number;
  prepare?: (health: HealthTable, of: Account) => void;
  expected: boolean;
}
