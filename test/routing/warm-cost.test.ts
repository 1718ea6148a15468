// Which account is the cheapest for a request, waiting included.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Contender, PROFILES } from '../../server/routing/contender.ts';
import { rank } from '../../server/routing/warm-cost.ts';

const SONNET = { inputUsd: 3e-6, readUsd: 0.3e-6, writeUsd: 3.75e-6 };

function contender(part: Partial<Contender> & { accountId: string }): Contender {
  return {
    promptTokens: 100_000,
    warmTokens: 0,
    othersWarmTokens: 0,
    staleTokens: 0,
    pending: null,
    prices: SONNET,
    slots: 10,
    allSlots: 10,
    inFlight: 0,
    waitersBefore: 0,
    loadAverage: 0,
    serviceMs: 10_000,
    bucket: null,
    restMs: 0,
    failureShare: 0,
    headroom: 1,
    isBound: false,
    ...part,
  };
}

const PATIENT = { leftMs: 25_000, profile: PROFILES.balanced };

function chosen(contenders: readonly Contender[], options = PATIENT) {
  const { best, ties } = rank(contenders, options);
  return {
    account: best?.contender.accountId ?? null,
    waitMs: best ? Math.round(best.waitMs) : null,
    waitsFor: best?.waitsFor ?? null,
    ties: ties.map(({ contender: { accountId } }) => accountId),
  };
}

const NOW = { waitMs: 0, waitsFor: null };
const CASES: { name: string; contenders: Contender[]; expected: Partial<ReturnType<typeof chosen>> }[] = [
  {
    name: 'prefers the warm account',
    contenders: [contender({ accountId: 'a' }), contender({ accountId: 'b', warmTokens: 99_000 })],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'waits for a full warm account while that is cheaper than a cold rewrite',
    contenders: [
      contender({ accountId: 'a' }),
      contender({ accountId: 'b', warmTokens: 99_000, inFlight: 10 }),
    ],
    expected: { account: 'b', waitMs: 1_000, waitsFor: 'slot' },
  },
  {
    name: 'spills when the line is longer than the cold rewrite is dear',
    contenders: [
      contender({ accountId: 'a' }),
      contender({ accountId: 'b', warmTokens: 99_000, inFlight: 1, slots: 1, allSlots: 1, waitersBefore: 2 }),
    ],
    expected: { account: 'a', ...NOW },
  },
  {
    name: 'does not wait for a few warm tokens',
    contenders: [
      contender({ accountId: 'a' }),
      contender({ accountId: 'b', warmTokens: 2_000, inFlight: 10 }),
    ],
    expected: { account: 'a', ...NOW },
  },
  {
    name: 'lets equals tie',
    contenders: [contender({ accountId: 'a' }), contender({ accountId: 'b' })],
    expected: { ties: ['a', 'b'] },
  },
  {
    name: 'breaks ties by what was warm once',
    contenders: [contender({ accountId: 'a' }), contender({ accountId: 'b', staleTokens: 50_000 })],
    expected: { account: 'b', ties: ['b'] },
  },
  {
    name: 'stays with the bound account when another is hardly warmer',
    contenders: [
      contender({ accountId: 'a', warmTokens: 98_000, isBound: true }),
      contender({ accountId: 'b', warmTokens: 99_000 }),
    ],
    expected: { account: 'a', ...NOW },
  },
  {
    name: 'leaves the bound account when another is much warmer',
    contenders: [
      contender({ accountId: 'a', warmTokens: 50_000, isBound: true }),
      contender({ accountId: 'b', warmTokens: 99_000 }),
    ],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'does not wait for a bound account that has nothing warm',
    contenders: [contender({ accountId: 'a', inFlight: 10, isBound: true }), contender({ accountId: 'b' })],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'spreads a prefix that all want when load costs more than one more write',
    contenders: [
      contender({ accountId: 'a', warmTokens: 1_500, inFlight: 9, loadAverage: 0.95, waitersBefore: 1 }),
      contender({ accountId: 'b' }),
    ],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'goes where others have the same prompt warm',
    contenders: [contender({ accountId: 'a' }), contender({ accountId: 'b', othersWarmTokens: 90_000 })],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'waits for a cooldown that ends soon',
    contenders: [
      contender({ accountId: 'a' }),
      contender({ accountId: 'b', warmTokens: 99_000, restMs: 3_000 }),
    ],
    expected: { account: 'b', waitMs: 3_000, waitsFor: 'rest' },
  },
  {
    name: 'waits for the sibling that is writing the prefix',
    contenders: [contender({ accountId: 'a', pending: { warmTokens: 90_000, waitMs: 1_500 } })],
    expected: { account: 'a', waitMs: 1_500, waitsFor: 'prefix' },
  },
  {
    name: 'does not wait for a sibling whose prefix is short',
    contenders: [contender({ accountId: 'a', pending: { warmTokens: 3_000, waitMs: 5_000 } })],
    expected: { account: 'a', ...NOW },
  },
  {
    name: 'counts the rate multiplier in',
    contenders: [
      contender({ accountId: 'a' }),
      contender({ accountId: 'b', prices: { inputUsd: 1.5e-6, readUsd: 0.15e-6, writeUsd: 1.875e-6 } }),
    ],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'passes over an account that keeps failing',
    contenders: [contender({ accountId: 'a', failureShare: 0.3 }), contender({ accountId: 'b' })],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'spares an account whose rate limit is nearly used up',
    contenders: [contender({ accountId: 'a', headroom: 0.2 }), contender({ accountId: 'b' })],
    expected: { account: 'b', ...NOW },
  },
  {
    name: 'keeps a warm session on an account whose rate limit is nearly used up',
    contenders: [
      contender({ accountId: 'a', headroom: 0.2, warmTokens: 99_000 }),
      contender({ accountId: 'b' }),
    ],
    expected: { account: 'a', ...NOW },
  },
];

for (const { name, contenders, expected } of CASES) {
  test(`rank() ${name}`, () => {
    const result = chosen(contenders);
    assert.deepEqual({ ...result, ...expected }, result);
  });
}

const BUCKET = {
  capTokens: 200_000,
  availableTokens: 90_000,
  refillTokensPerMs: 200_000 / 60_000,
  countsUncachedOnly: true,
};

test('rank() leaves half of a bucket that counts uncached tokens only to warm prompts', () => {
  const cold = contender({ accountId: 'a', promptTokens: 50_000, bucket: BUCKET });
  const warm = contender({ accountId: 'a', promptTokens: 50_000, warmTokens: 49_000, bucket: BUCKET });
  assert.deepEqual([chosen([cold]).waitsFor, chosen([warm]).waitsFor], ['bucket', null]);
});

test('rank() sends a cold prompt when a bucket that counts all tokens has room for it', () => {
  const bucket = { ...BUCKET, countsUncachedOnly: false };
  assert.equal(chosen([contender({ accountId: 'a', promptTokens: 50_000, bucket })]).waitMs, 0);
});

test('rank() has no best when nobody can take the request in time', () => {
  const resting = contender({ accountId: 'a', restMs: 30_000 });
  assert.equal(chosen([resting]).account, null);
  assert.equal(
    chosen([contender({ accountId: 'a', inFlight: 10 })], { ...PATIENT, leftMs: 0 }).account,
    null,
  );
});

test('rank() waits less in the latency-first profile', () => {
  const full = contender({
    accountId: 'b',
    warmTokens: 99_000,
    inFlight: 2,
    slots: 2,
    allSlots: 2,
    waitersBefore: 1,
  });
  const both = [contender({ accountId: 'a' }), full];
  assert.equal(chosen(both).account, 'b');
  assert.equal(chosen(both, { leftMs: 25_000, profile: PROFILES['latency-first'] }).account, 'a');
});

const ANY_CONTENDER = fc
  .record({
    promptTokens: fc.integer({ min: 1, max: 1_000_000 }),
    warmShare: fc.double({ min: 0, max: 1, noNaN: true }),
    slots: fc.option(fc.integer({ min: 1, max: 50 }), { nil: null }),
    inFlight: fc.integer({ min: 0, max: 60 }),
    waitersBefore: fc.integer({ min: 0, max: 20 }),
    loadAverage: fc.double({ min: 0, max: 1, noNaN: true }),
    restMs: fc.integer({ min: 0, max: 60_000 }),
    failureShare: fc.double({ min: 0, max: 1, noNaN: true }),
    headroom: fc.double({ min: 0.05, max: 1, noNaN: true }),
    isBound: fc.boolean(),
  })
  .map(({ warmShare, ...part }) => ({
    ...part,
    allSlots: part.slots,
    warmTokens: Math.floor(part.promptTokens * warmShare),
  }));

test('rank() adds its terms up, never chooses beyond the patience, and prices more warmth lower', () => {
  fc.assert(
    fc.property(
      fc.array(ANY_CONTENDER, { minLength: 1, maxLength: 16 }),
      fc.integer({ min: 0, max: 30_000 }),
      (parts, leftMs) => {
        const contenders = parts.map((part, index) => contender({ accountId: `${index}`, ...part }));
        const { placings, best, ties } = rank(contenders, { leftMs, profile: PROFILES.balanced });
        assert.equal(placings.length, contenders.length);
        for (const { cost } of placings) {
          const sum =
            cost.missUsd +
            cost.readUsd +
            cost.othersUsd +
            cost.waitUsd +
            cost.loadUsd +
            cost.failureUsd +
            cost.headroomUsd;
          assert.ok(Math.abs(sum - cost.totalUsd) <= 1e-9 * Math.max(1, cost.totalUsd));
          assert.ok(cost.totalUsd >= 0);
        }
        if (best) assert.ok(best.waitMs <= leftMs);
        if (best) assert.ok(ties.includes(best));
        const warmer = contenders.map((each) => ({ ...each, warmTokens: each.promptTokens }));
        const before = new Map(placings.map(({ index, cost }) => [index, cost.totalUsd]));
        for (const { index, cost } of rank(warmer, { leftMs, profile: PROFILES.balanced }).placings) {
          assert.ok(cost.totalUsd <= (before.get(index) ?? 0) + 1e-12);
        }
      },
    ),
  );
});
