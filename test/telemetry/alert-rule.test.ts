// Rates in a window and before it, and when a fall is an alert.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DEFAULT_ALERTS } from '../../server/gateway/cache-alert.ts';
import { type AlertState, judge, newState, type Verdict } from '../../server/telemetry/alert-rule.ts';
import {
  hitRate,
  moveOn,
  newMemory,
  noteUse,
  type RateSums,
  windowSums,
} from '../../server/telemetry/hit-rates.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 15 minutes against 24 hours, a third below, 20 requests. */
const RULE = DEFAULT_ALERTS;

/** 100 requests with 1,000 tokens each, of which such a share was read; every read token saved 2,000 nano-USD. */
function rate(share: number, requests = 100): RateSums {
  const inputTokens = requests * 1_000;
  const readTokens = inputTokens * share;
  return { requests, inputTokens, readTokens, savedNanoUsd: readTokens * 2_000 };
}

/** The verdicts of checks five minutes apart against a baseline of 0.8. */
function verdicts(shares: readonly (number | null)[], rule = RULE, baseline = rate(0.8, 1_000)): string[] {
  let state = newState(0);
  return shares.map((share, index) => {
    const window = share === null ? rate(0, 0) : rate(share);
    const judged = judge(state, { window, baseline }, { rule, nowMs: (index + 1) * 5 * MINUTE_MS });
    state = judged.state;
    return shown(judged.verdict);
  });
}

function shown(verdict: Verdict): string {
  if (verdict.kind === 'nothing') return '-';
  return verdict.kind === 'begins' ? `begins ${verdict.hitRate}` : `ends ${verdict.end}`;
}

for (const { name, shares, expected } of [
  { name: 'nothing while the rate is as before', shares: [0.8, 0.75, 0.9], expected: ['-', '-', '-'] },
  // 30 % below 0.8 is 0.56.
  { name: 'nothing a little above the limit', shares: [0.57, 0.57, 0.57], expected: ['-', '-', '-'] },
  { name: 'an alert at the second low check', shares: [0.5, 0.5, 0.5], expected: ['-', 'begins 0.5', '-'] },
  {
    name: 'nothing when low checks do not follow each other',
    shares: [0.5, 0.8, 0.5],
    expected: ['-', '-', '-'],
  },
  { name: 'nothing when no traffic comes between', shares: [0.5, null, 0.5], expected: ['-', '-', '-'] },
  // Half of the drop made good is 0.68.
  {
    name: 'the end only when half of the drop is made good',
    shares: [0.5, 0.5, 0.67, 0.69],
    expected: ['-', 'begins 0.5', '-', 'ends recovered'],
  },
  {
    name: 'no second alert within the hour',
    shares: [0.5, 0.5, 0.8, 0.5, 0.5, 0.5],
    expected: ['-', 'begins 0.5', 'ends recovered', '-', '-', '-'],
  },
  {
    name: 'the second alert once the hour is over',
    shares: [0.5, 0.5, 0.8, ...new Array<number>(11).fill(0.5)],
    expected: ['-', 'begins 0.5', 'ends recovered', ...new Array<string>(10).fill('-'), 'begins 0.5'],
  },
]) {
  test(`judge() finds ${name}`, () => assert.deepEqual(verdicts(shares), expected));
}

test('judge() finds nothing with too few requests on either side', () => {
  assert.deepEqual(verdicts([0.1, 0.1], { ...RULE, minRequests: 101 }), ['-', '-']);
  assert.deepEqual(verdicts([0.1, 0.1], RULE, rate(0.8, 19)), ['-', '-']);
});

test('judge() finds nothing where there was hardly anything to lose', () => {
  assert.deepEqual(verdicts([0, 0, 0], RULE, rate(0.09)), ['-', '-', '-']);
  // Three points are within the noise, whatever share of the baseline they are.
  assert.deepEqual(verdicts([0.09, 0.09], { ...RULE, dropShare: 0.01 }, rate(0.12)), ['-', '-']);
});

test('judge() ends an alert that nothing can end any more', () => {
  const active: AlertState = { lowChecks: 2, isActive: true, alertedAtMs: 0, judgedAtMs: 0 };
  const check = (nowMs: number) =>
    judge(active, { window: rate(0, 0), baseline: rate(0.8) }, { rule: RULE, nowMs }).verdict;
  assert.equal(shown(check(24 * HOUR_MS - 1)), '-');
  assert.equal(shown(check(24 * HOUR_MS)), 'ends no-traffic');
});

test('judge() estimates what the fall costs', () => {
  const low = { ...newState(0), lowChecks: 1 };
  const seen = { window: rate(0.5), baseline: rate(0.8) };
  const { verdict } = judge(low, seen, { rule: RULE, nowMs: 1 });
  // 100,000 tokens × (0.8 − 0.5) × 2,000 nano-USD.
  assert.ok(verdict.kind === 'begins' && verdict.lostUsd !== null);
  assert.ok(Math.abs(verdict.lostUsd - 0.06) < 1e-9);
  const unpriced = { ...seen, baseline: { ...seen.baseline, savedNanoUsd: 0 } };
  const other = judge(low, unpriced, { rule: RULE, nowMs: 1 }).verdict;
  assert.ok(other.kind === 'begins' && other.lostUsd === null);
});

test('judge() alternates between beginning and ending, keeps its cooldown, and ends only what began', () => {
  const step = fc.record({
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    minutes: fc.integer({ min: 1, max: 600 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0.11, max: 1, noNaN: true }),
      (steps, before) => {
        let state = newState(0);
        let nowMs = 0;
        let begunAtMs: number | null = null;
        let isActive = false;
        for (const { share, minutes } of steps) {
          nowMs += minutes * MINUTE_MS;
          const seen = { window: rate(share), baseline: rate(before) };
          const judged = judge(state, seen, { rule: RULE, nowMs });
          state = judged.state;
          if (judged.verdict.kind === 'begins') {
            assert.equal(isActive, false);
            assert.ok(share < before);
            assert.ok(begunAtMs === null || nowMs - begunAtMs >= RULE.cooldownMinutes * MINUTE_MS);
            begunAtMs = nowMs;
            isActive = true;
          }
          if (judged.verdict.kind === 'ends') {
            assert.equal(isActive, true);
            isActive = false;
          }
          assert.equal(state.isActive, isActive);
        }
      },
    ),
  );
});

test('noteUse() keeps a request in the window for its length, then in the baseline', () => {
  const memory = newMemory(0);
  noteUse(memory, rate(0.5, 10), { nowMs: 0, rule: RULE });
  moveOn(memory, { nowMs: 15 * MINUTE_MS - 1, rule: RULE });
  assert.equal(windowSums(memory).requests, 10);
  assert.equal(memory.baseline.requests, 0);
  moveOn(memory, { nowMs: 15 * MINUTE_MS, rule: RULE });
  assert.equal(windowSums(memory).requests, 0);
  assert.equal(hitRate(memory.baseline), 0.5);
});

test('moveOn() halves the baseline every half of its hours', () => {
  const memory = newMemory(0, rate(0.5, 1_000));
  moveOn(memory, { nowMs: 12 * HOUR_MS, rule: RULE });
  assert.equal(memory.baseline.requests, 500);
  moveOn(memory, { nowMs: 36 * HOUR_MS, rule: RULE });
  assert.equal(memory.baseline.requests, 125);
  assert.equal(hitRate(memory.baseline), 0.5);
});

test('noteUse() never has more slices than a window, and loses no request', () => {
  const step = fc.record({
    minutes: fc.integer({ min: 0, max: 30 }),
    windowMinutes: fc.integer({ min: 1, max: 120 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const memory = newMemory(0);
      // So long that forgetting does not show.
      const baselineHours = 1e12;
      let nowMs = 0;
      for (const { minutes, windowMinutes } of steps) {
        nowMs += minutes * MINUTE_MS;
        noteUse(memory, rate(0.5, 1), { nowMs, rule: { windowMinutes, baselineHours } });
        moveOn(memory, { nowMs, rule: { windowMinutes, baselineHours } });
      }
      assert.ok(memory.slices.length <= 2 + 120);
      const all = windowSums(memory).requests + memory.baseline.requests;
      assert.ok(Math.abs(all - steps.length) < 1e-6);
    }),
  );
});
