// The limits that a reply states in its headers cool what they are about, and weigh the accounts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { A, DAY_MS, healthBench, OTHER_MODEL, WAY } from './health-bench.ts';
import type { SteppedClock } from './stepped-clock.ts';

const unified = (clock: SteppedClock, parts: Record<string, string | number>) =>
  new Headers(
    Object.entries(parts).map(([name, value]): [string, string] => [
      `anthropic-ratelimit-unified-${name}`,
      name.endsWith('reset') ? String(Math.round((clock.nowMs() + Number(value)) / 1000)) : String(value),
    ]),
  );

test('HealthTable.sawHeaders() cools the account until a drained window resets', async () => {
  const { clock, health, state, leftMs } = healthBench();
  health.sawHeaders(
    A,
    WAY,
    unified(clock, { status: 'rejected', '5h-status': 'rejected', '5h-reset': 7_999_000 }),
  );
  clock.stepWall(-3600_000);
  assert.deepEqual([state(A, OTHER_MODEL), leftMs()], ['cooling-down', 7_999_000]);
  await clock.advance(7_999_000);
  assert.equal(state(A, OTHER_MODEL), 'available');
});

test("HealthTable.sawHeaders() cools only the model whose family's window is drained", () => {
  const { clock, health, state } = healthBench();
  const headers = {
    status: 'rejected',
    '5h-status': 'allowed',
    '7d_opus-status': 'rejected',
    '7d_opus-reset': DAY_MS,
  };
  health.sawHeaders(A, WAY, unified(clock, headers));
  assert.deepEqual([state(A, WAY), state(A, OTHER_MODEL)], ['cooling-down', 'available']);
});

test('HealthTable.sawHeaders() believes no window for longer than 8 days, and none that has been reset', () => {
  const { clock, health, leftMs, state } = healthBench();
  health.sawHeaders(A, WAY, unified(clock, { status: 'rejected', reset: -60_000 }));
  assert.equal(state(), 'available');
  health.sawHeaders(A, WAY, unified(clock, { status: 'rejected', reset: 900 * DAY_MS }));
  assert.equal(leftMs(), 8 * DAY_MS);
});

test('HealthTable.rateLimits() gives the windows of the last reply that had any, until they are reset', async () => {
  const { clock, health } = healthBench();
  health.sawHeaders(
    A,
    WAY,
    unified(clock, { '5h-utilization': 0.5, '5h-reset': 60_000, '7d-utilization': 0.1 }),
  );
  health.sawHeaders(A, WAY, new Headers({ 'content-type': 'text/plain' }));
  const names = () => health.rateLimits(A).map(({ name }) => name);
  assert.deepEqual(names(), ['5h', '7d']);
  clock.stepWall(3600_000);
  assert.equal(health.rateLimits(A)[0]?.resetAtMs, clock.nowMs() + 60_000);
  await clock.advance(60_000);
  assert.deepEqual(names(), []);
  assert.equal(health.weightFactor(A), 1);
});

for (const [utilization, factor] of [
  [0, 1],
  [0.8, 1],
  [0.9, 0.5],
  [1, 0.05],
  [7, 0.05],
] as const) {
  test(`HealthTable.weightFactor() is ${factor} when ${utilization} of a window is used`, () => {
    const { clock, health } = healthBench();
    health.sawHeaders(A, WAY, unified(clock, { '5h-utilization': utilization, '5h-reset': 60_000 }));
    assert.ok(Math.abs(health.weightFactor(A) - factor) < 1e-9);
  });
}
