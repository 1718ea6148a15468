// Money by days and months in UTC.

import assert from 'node:assert/strict';
import test from 'node:test';
import { periodAt, Spending } from '../../server/gateway/key-spending.ts';

const at = (text: string) => Date.parse(text);

for (const [period, time, fromMs, toMs] of [
  ['day', '2026-11-21T22:00:00Z', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
  ['day', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
  ['day', '2026-11-20T23:59:59.999Z', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z'],
  ['month', '2026-11-21T22:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['month', '2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['month', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
] as const) {
  test(`periodAt() gives the ${period} of ${time}`, () => {
    assert.deepEqual(periodAt(period, at(time)), { fromMs: at(fromMs), toMs: at(toMs) });
  });
}

test('Spending adds up by the start of requests and begins anew with each period', () => {
  const spending = new Spending();
  const add = (costNanoUsd: number, startedAt: string, now: string) =>
    spending.add({ costNanoUsd, unpricedRequests: 0 }, { startedAtMs: at(startedAt), nowMs: at(now) });
  const look = (now: string) => ({
    day: spending.look('day', at(now)).costNanoUsd,
    month: spending.look('month', at(now)).costNanoUsd,
  });
  add(1, '2026-11-29T10:00:00Z', '2026-11-29T10:00:05Z');
  add(2, '2026-11-29T23:59:00Z', '2026-11-29T23:59:59Z');
  assert.deepEqual(look('2026-11-29T23:59:59Z'), { day: 3, month: 3 });
  // Begun yesterday: of this month, not of this day.
  add(4, '2026-11-29T23:59:00Z', '2026-11-30T00:00:30Z');
  assert.deepEqual(look('2026-11-30T00:00:30Z'), { day: 0, month: 7 });
  add(8, '2026-11-30T12:00:00Z', '2026-11-30T12:00:01Z');
  assert.deepEqual(look('2026-11-30T23:59:59Z'), { day: 8, month: 15 });
  // Begun last month: of neither.
  add(16, '2026-11-30T23:59:00Z', '2026-12-01T00:00:01Z');
  assert.deepEqual(look('2026-12-01T00:00:01Z'), { day: 0, month: 0 });
});

test('Spending counts requests without a price apart', () => {
  const spending = new Spending();
  const now = { startedAtMs: at('2026-11-29T10:00:00Z'), nowMs: at('2026-11-29T10:00:05Z') };
  spending.add({ costNanoUsd: 0, unpricedRequests: 1 }, now);
  spending.add({ costNanoUsd: 5, unpricedRequests: 0 }, now);
  assert.deepEqual(spending.look('month', now.nowMs), { costNanoUsd: 5, unpricedRequests: 1 });
});
