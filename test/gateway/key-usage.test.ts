// The limits of one API key: rates, places, tokens and budgets, by a clock that tests move.

import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewayError } from '../../server/gateway/errors.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import type { ApiKey, RequestRow } from '../../server/gateway/ports.ts';
import { ManualClock } from '../manual-clock.ts';
import { requestRow } from '../storage/scratch.ts';

const NOON_MS = Date.UTC(2026, 10, 21, 12);
const BILLED = { isBilled: true };
const FREE = { isBilled: false };

function keyOf(part: Partial<ApiKey> = {}): ApiKey {
  return {
    ...UNRESTRICTED,
    id: 'k1',
    name: 'ada',
    hash: '',
    masked: '',
    userId: null,
    isEnabled: true,
    createdAtMs: 0,
    ...part,
  };
}

function open() {
  const clock = new ManualClock(NOON_MS);
  const usage = new KeyUsage(clock);
  const settle = (part: Partial<RequestRow>) =>
    usage.settled(requestRow({ apiKeyId: 'k1', startedAtMs: clock.nowMs(), ...part }));
  return { clock, usage, settle };
}

function refusal(work: () => unknown): Pick<GatewayError, 'code' | 'message' | 'retryAfterMs' | 'status'> {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    const { code, message, retryAfterMs, status } = error;
    return { code, message, retryAfterMs, status };
  }
  return assert.fail('was let in');
}

test('KeyUsage lets a key without limits in as often as it likes, and counts', () => {
  const { usage } = open();
  for (let index = 0; index < 1_000; index += 1) usage.enter(keyOf(), BILLED);
  const { requestsLastMinute, inFlight } = usage.look('k1');
  assert.deepEqual({ requestsLastMinute, inFlight }, { requestsLastMinute: 1_000, inFlight: 1_000 });
});

test('KeyUsage lets no more than its number of requests in within a minute', async () => {
  const { usage, clock } = open();
  const key = keyOf({ requestsPerMinute: 2 });
  usage.enter(key, BILLED).release();
  await clock.advance(20_000);
  usage.enter(key, FREE).release();
  const refused = refusal(() => usage.enter(key, BILLED));
  assert.deepEqual(refused, {
    code: 'key-requests-exceeded',
    message: 'Cannot take another request of this API key: it may send 2 per minute. Try again in 41 s',
    retryAfterMs: 41_000,
    status: 429,
  });
  await clock.advance(40_999);
  assert.equal(refusal(() => usage.enter(key, BILLED)).retryAfterMs, 1);
  await clock.advance(1);
  usage.enter(key, BILLED).release();
  assert.equal(usage.look('k1').requestsLastMinute, 2);
});

test('KeyUsage counts by a clock that nobody can set back', () => {
  const { usage, clock } = open();
  const key = keyOf({ requestsPerMinute: 1 });
  usage.enter(key, BILLED);
  clock.stepWall(3600_000);
  assert.equal(refusal(() => usage.enter(key, BILLED)).code, 'key-requests-exceeded');
});

test('KeyUsage does not count what it refuses', () => {
  const { usage } = open();
  const key = keyOf({ requestsPerMinute: 5, maxConcurrent: 1 });
  const place = usage.enter(key, BILLED);
  for (let index = 0; index < 10; index += 1) refusal(() => usage.enter(key, BILLED));
  assert.equal(usage.look('k1').requestsLastMinute, 1);
  place.release();
  usage.enter(key, BILLED);
});

test('KeyUsage gives a place back once', () => {
  const { usage } = open();
  const key = keyOf({ maxConcurrent: 2 });
  const [first] = [usage.enter(key, BILLED), usage.enter(key, FREE)];
  assert.deepEqual(
    refusal(() => usage.enter(key, BILLED)),
    {
      code: 'key-concurrency-exceeded',
      message:
        'Cannot take another request of this API key: it may have 2 at the same time, and as many are under way',
      retryAfterMs: 1_000,
      status: 429,
    },
  );
  first?.release();
  first?.release();
  assert.equal(usage.look('k1').inFlight, 1);
  usage.enter(key, BILLED);
  assert.equal(refusal(() => usage.enter(key, BILLED)).code, 'key-concurrency-exceeded');
});

test('KeyUsage keeps the limits of keys apart', () => {
  const { usage } = open();
  usage.enter(keyOf({ requestsPerMinute: 1 }), BILLED);
  usage.enter(keyOf({ id: 'k2', requestsPerMinute: 1 }), BILLED);
  assert.equal(usage.look('k2').requestsLastMinute, 1);
});

test('KeyUsage lets requests in while the tokens of the last minute are below the limit', async () => {
  const { usage, clock, settle } = open();
  const key = keyOf({ tokensPerMinute: 1_000 });
  usage.enter(key, BILLED).release();
  settle({ inputTokens: 900, outputTokens: 99 });
  usage.enter(key, BILLED).release();
  settle({ inputTokens: 0, outputTokens: 1 });
  assert.equal(usage.look('k1').tokensLastMinute, 1_000);
  await clock.advance(1_000);
  assert.deepEqual(
    refusal(() => usage.enter(key, BILLED)),
    {
      code: 'key-tokens-exceeded',
      message:
        'Cannot take another request of this API key: it may use 1000 tokens per minute, input and output together. Try again in 60 s',
      retryAfterMs: 60_000,
      status: 429,
    },
  );
  // Counting tokens costs none.
  usage.enter(key, FREE).release();
  await clock.advance(60_000);
  usage.enter(key, BILLED).release();
});

test('KeyUsage holds what requests under way are expected to take', () => {
  const { usage } = open();
  const key = keyOf({ tokensPerMinute: 1_000 });
  const [first, second, third] = [1, 2, 3].map(() => usage.enter(key, BILLED));
  first?.expectTokens(999);
  second?.expectTokens(5_000);
  assert.equal(refusal(() => third?.expectTokens(1)).code, 'key-tokens-exceeded');
  assert.equal(refusal(() => usage.enter(key, BILLED)).retryAfterMs, 1_000);
  second?.release();
  third?.expectTokens(1);
  assert.equal(refusal(() => usage.enter(key, BILLED)).code, 'key-tokens-exceeded');
  third?.release();
  usage.enter(key, BILLED);
});

test('KeyUsage says that a budget is spent, which one, and when it begins anew', async () => {
  const { usage, clock, settle } = open();
  const key = keyOf({ budgetUsdPerDay: 1.5, budgetUsdPerMonth: 4 });
  settle({ costNanoUsd: 1_499_999_999 });
  usage.enter(key, BILLED).release();
  settle({ costNanoUsd: 500_001 });
  assert.deepEqual(
    refusal(() => usage.enter(key, BILLED)),
    {
      code: 'key-budget-spent',
      message:
        'Cannot pay for this request: its budget of $1.50 per day is spent ($1.5005). It begins anew at 2026-11-22T00:00:00.000Z',
      retryAfterMs: null,
      status: 402,
    },
  );
  assert.equal(usage.isSpent(key), true);
  usage.enter(key, FREE).release();
  await clock.advance(12 * 3600_000);
  assert.equal(usage.isSpent(key), false);
  usage.enter(key, BILLED).release();
  settle({ costNanoUsd: 2_500_000_000 });
  // Both are spent now, and the day's end would be no help.
  assert.match(
    refusal(() => usage.enter(key, BILLED)).message,
    /budget of \$4\.00 per month is spent \(\$4\.0005\)\. It begins anew at 2026-12-01T00:00:00\.000Z/,
  );
  await clock.advance(9 * 86_400_000);
  usage.enter(key, BILLED).release();
});

test('KeyUsage counts no money for what has no price, and says how often', () => {
  const { usage, settle } = open();
  settle({ costNanoUsd: null, inputTokens: 10, outputTokens: 2 });
  settle({ costNanoUsd: 7, inputTokens: 10, outputTokens: 2 });
  settle({ costNanoUsd: null, inputTokens: null, outputTokens: null });
  settle({ apiKeyId: null, costNanoUsd: 9 });
  const { today, thisMonth } = usage.look('k1');
  assert.deepEqual([today, thisMonth], Array(2).fill({ costNanoUsd: 7, unpricedRequests: 1 }));
});

test('KeyUsage adds what was spent before it began to what it has seen', () => {
  const { usage, settle } = open();
  settle({ costNanoUsd: 1_000 });
  const monthMs = Date.UTC(2026, 10, 1);
  const dayMs = Date.UTC(2026, 10, 21);
  usage.restore('month', monthMs, [
    { id: 'k1', costNanoUsd: 50_000, unpricedRequests: 3 },
    { id: null, costNanoUsd: 1, unpricedRequests: 0 },
  ]);
  usage.restore('day', dayMs, [{ id: 'k1', costNanoUsd: 20_000, unpricedRequests: 1 }]);
  // Read for a month that has ended in between.
  usage.restore('month', Date.UTC(2026, 9, 1), [{ id: 'k1', costNanoUsd: 9_000_000, unpricedRequests: 0 }]);
  const { today, thisMonth } = usage.look('k1');
  assert.deepEqual(today, { costNanoUsd: 21_000, unpricedRequests: 1 });
  assert.deepEqual(thisMonth, { costNanoUsd: 51_000, unpricedRequests: 3 });
});

test('KeyUsage forgets deleted keys once their requests have ended', () => {
  const { usage } = open();
  const place = usage.enter(keyOf(), BILLED);
  usage.enter(keyOf({ id: 'k2' }), BILLED).release();
  usage.enter(keyOf({ id: 'k3' }), BILLED).release();
  usage.sweep(new Map([['k2', 1]]));
  assert.deepEqual([usage.size, usage.look('k1').inFlight], [2, 1]);
  place.release();
  usage.sweep(new Map([['k2', 1]]));
  assert.deepEqual([usage.size, usage.look('k2').requestsLastMinute], [1, 1]);
});

test('KeyUsage knows when the latest request of a key began; what keeps a prefix warm is not its use', async () => {
  const { usage, clock, settle } = open();
  assert.equal(usage.look('k1').lastUsedAtMs, null);
  usage.enter(keyOf(), FREE).release();
  await clock.advance(5_000);
  settle({ startedAtMs: NOON_MS + 2_000 });
  settle({ startedAtMs: NOON_MS + 4_000, isKeepWarm: true });
  usage.usedAt('k1', NOON_MS - 60_000);
  assert.equal(usage.look('k1').lastUsedAtMs, NOON_MS + 2_000);
});
