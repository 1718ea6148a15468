// The sliding minute: what it sums up, and that it never lets more through than it may.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MinuteCounter } from '../../server/gateway/key-minute.ts';

test('MinuteCounter sums up the last minute and forgets what is older', () => {
  const counter = new MinuteCounter();
  assert.equal(counter.sum(0), 0);
  counter.add(2, 500);
  counter.add(3, 30_000);
  assert.equal(counter.sum(60_499), 5);
  // The second in which the 2 were counted is over a minute ago as a whole at 61 s.
  assert.equal(counter.sum(60_999), 5);
  assert.equal(counter.sum(61_000), 3);
  assert.equal(counter.sum(90_999), 3);
  assert.equal(counter.sum(91_000), 0);
  counter.add(7, 1_000_000);
  assert.equal(counter.sum(1_000_000), 7);
});

test('MinuteCounter says when the sum will be below a limit', () => {
  const counter = new MinuteCounter();
  counter.add(2, 500);
  counter.add(3, 30_000);
  assert.equal(counter.untilBelowMs(6, 30_000), 0);
  assert.equal(counter.untilBelowMs(5, 30_000), 31_000);
  assert.equal(counter.untilBelowMs(4, 30_250), 30_750);
  assert.equal(counter.untilBelowMs(3, 30_000), 61_000);
  assert.equal(counter.untilBelowMs(1, 60_000), 31_000);
});

test('MinuteCounter admits no more than N in any 60 s, and all that come slower', () => {
  const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 40_000 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 20 }), fc.nat(10_000), (gapsMs, limit, startMs) => {
      const counter = new MinuteCounter();
      const admitted: number[] = [];
      let nowMs = startMs;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const within = (ms: number) => admitted.filter((atMs) => atMs > nowMs - ms).length;
        const isAdmitted = counter.sum(nowMs) < limit;
        const waitMs = counter.untilBelowMs(limit, nowMs);
        assert.equal(waitMs === 0, isAdmitted);
        assert.ok(waitMs <= 61_000);
        // Refused only when the last 61 s are full.
        if (!isAdmitted) assert.ok(within(61_000) >= limit);
        if (!isAdmitted) continue;
        counter.add(1, nowMs);
        admitted.push(nowMs);
        assert.ok(within(60_000) <= limit);
      }
    }),
  );
});

test('MinuteCounter keeps the promise of the wait it states', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }), (gapsMs) => {
      const counter = new MinuteCounter();
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        counter.add(1, nowMs);
      }
      const waitMs = counter.untilBelowMs(1, nowMs);
      assert.ok(waitMs > 0);
      assert.ok(counter.sum(nowMs + waitMs - 1) >= 1);
      assert.equal(counter.sum(nowMs + waitMs), 0);
    }),
  );
});
