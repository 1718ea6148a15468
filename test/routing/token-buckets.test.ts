// Token buckets learned from rate-limit headers: brought forward in time, less what is not answered yet.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BucketLevel } from '../../server/routing/contender.ts';
import { readyInMs, TokenBuckets, type TokenWindow } from '../../server/routing/token-buckets.ts';
import { ManualClock } from '../manual-clock.ts';

const LIMIT = 60_000;
const UNCACHED = { countsUncachedOnly: true };

function bench(options: { maxBuckets?: number } = {}): { clock: ManualClock; buckets: TokenBuckets } {
  const clock = new ManualClock();
  return { clock, buckets: new TokenBuckets({ clock, ...options }) };
}

function windowOf(remaining: number | null, part: Partial<TokenWindow> = {}): TokenWindow {
  return { name: 'input-tokens', limit: LIMIT, remaining, resetAtMs: null, ...part };
}

const both = (tokens: number) => ({ uncachedTokens: tokens, allTokens: tokens });

const at = (accountId: string, upstreamModel = 'm') => ({ accountId, upstreamModel });

test('TokenBuckets.level is unknown until a header states it', () => {
  const { buckets } = bench();
  buckets.spend(at('a'), both(5_000));
  assert.equal(buckets.level(at('a')), null);
  buckets.sawWindows(at('a'), [windowOf(40_000)], UNCACHED);
  assert.deepEqual(buckets.level(at('a')), {
    capTokens: LIMIT,
    availableTokens: 35_000,
    refillTokensPerMs: 1,
    countsUncachedOnly: true,
  });
  assert.equal(buckets.level(at('b')), null);
});

test('TokenBuckets.level refills a minute’s limit in a minute, and not beyond the limit', async () => {
  const { clock, buckets } = bench();
  buckets.sawWindows(at('a'), [windowOf(10_000)], UNCACHED);
  await clock.advance(20_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, 30_000);
  await clock.advance(60_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, LIMIT);
});

test('TokenBuckets.level goes by time that passes, not by the wall clock', async () => {
  const { clock, buckets } = bench();
  buckets.sawWindows(at('a'), [windowOf(10_000)], UNCACHED);
  clock.stepWall(3_600_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, 10_000);
  clock.stepWall(-7_200_000);
  await clock.advance(1_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, 11_000);
});

test('TokenBuckets.level is not believed after 10 minutes', async () => {
  const { clock, buckets } = bench();
  buckets.sawWindows(at('a'), [windowOf(0)], UNCACHED);
  await clock.advance(600_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, LIMIT);
  await clock.advance(1);
  assert.equal(buckets.level(at('a')), null);
});

const WINDOWS: [what: string, windows: TokenWindow[], cap: number | undefined][] = [
  [
    'input tokens before all tokens',
    [windowOf(1, { name: 'tokens', limit: 5 }), windowOf(1, { limit: 7 })],
    7,
  ],
  ['all tokens when nothing else is stated', [windowOf(1, { name: 'tokens', limit: 5 })], 5],
  [
    'all tokens when input tokens are incomplete',
    [windowOf(null), windowOf(1, { name: 'tokens', limit: 5 })],
    5,
  ],
  [
    'no window of something else',
    [windowOf(1, { name: 'requests' }), windowOf(1, { name: 'output-tokens' })],
    undefined,
  ],
  ['no window without a limit', [windowOf(1, { limit: null })], undefined],
  ['no window with a limit of nothing', [windowOf(0, { limit: 0 })], undefined],
];
for (const [what, windows, cap] of WINDOWS) {
  test(`TokenBuckets.sawWindows takes ${what}`, () => {
    const { buckets } = bench();
    buckets.sawWindows(at('a'), windows, UNCACHED);
    assert.equal(buckets.level(at('a'))?.capTokens, cap);
  });
}

const RESETS: [what: string, afterMs: number | null, perMs: number][] = [
  ['is not stated', null, 1],
  ['is within the minute', 30_000, 1],
  ['is over already', -5_000, 1],
  ['is hours off: a longer window', 3_000_000, 0.01],
];
for (const [what, afterMs, perMs] of RESETS) {
  test(`TokenBuckets.sawWindows knows how fast it refills when the reset ${what}`, () => {
    const { clock, buckets } = bench();
    const resetAtMs = afterMs === null ? null : clock.nowMs() + afterMs;
    buckets.sawWindows(at('a'), [windowOf(30_000, { resetAtMs })], UNCACHED);
    assert.equal(buckets.level(at('a'))?.refillTokensPerMs, perMs);
  });
}

test('TokenBuckets.spend takes off what is under way by what the limit counts, and what it really was', () => {
  const { buckets } = bench();
  buckets.sawWindows(at('uncached'), [windowOf(50_000)], UNCACHED);
  buckets.sawWindows(at('all'), [windowOf(50_000)], { countsUncachedOnly: false });
  const spends = ['uncached', 'all'].map((key) =>
    buckets.spend(at(key), { uncachedTokens: 1_000, allTokens: 20_000 }),
  );
  assert.equal(buckets.level(at('uncached'))?.availableTokens, 49_000);
  assert.equal(buckets.level(at('all'))?.availableTokens, 30_000);
  for (const settled of spends) settled(null);
  assert.equal(buckets.level(at('uncached'))?.availableTokens, 49_000);
  assert.equal(buckets.level(at('all'))?.availableTokens, 30_000);
  const more = buckets.spend(at('uncached'), both(4_000));
  more(6_000);
  more(6_000);
  assert.equal(buckets.level(at('uncached'))?.availableTokens, 43_000);
  buckets.spend(at('uncached'), both(4_000))(0);
  assert.equal(buckets.level(at('uncached'))?.availableTokens, 43_000);
});

test('TokenBuckets.sawWindows counts requests without a reply on top of what the header says', () => {
  const { buckets } = bench();
  const first = buckets.spend(at('a'), both(10_000));
  const second = buckets.spend(at('a'), both(15_000));
  first(null);
  buckets.sawWindows(at('a'), [windowOf(45_000)], UNCACHED);
  assert.equal(buckets.level(at('a'))?.availableTokens, 30_000);
  second(null);
  buckets.sawWindows(at('a'), [windowOf(35_000)], UNCACHED);
  assert.equal(buckets.level(at('a'))?.availableTokens, 35_000);
});

test('TokenBuckets.refused empties the bucket until the time that the provider states', async () => {
  const { clock, buckets } = bench();
  buckets.refused(at('a'), 1_000);
  assert.equal(buckets.level(at('a')), null);
  buckets.sawWindows(at('a'), [windowOf(20_000)], UNCACHED);
  const open = buckets.spend(at('a'), both(5_000));
  buckets.refused(at('a'), 8_000);
  assert.equal(buckets.level(at('a'))?.availableTokens, -8_000);
  open(null);
  assert.equal(buckets.level(at('a'))?.availableTokens, -8_000);
  await clock.advance(8_001);
  assert.equal(buckets.level(at('a'))?.availableTokens, 1);
  await clock.advance(5_000);
  buckets.refused(at('a'), null);
  assert.equal(buckets.level(at('a'))?.availableTokens, 0);
});

test('TokenBuckets keeps no more buckets than it may', () => {
  const { buckets } = bench({ maxBuckets: 2 });
  for (const key of ['a', 'b', 'c']) buckets.sawWindows(at(key), [windowOf(1)], UNCACHED);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => buckets.level(at(key)) !== null),
    [false, true, true],
  );
});

test('TokenBuckets.level is what the provider’s own bucket holds, or less while replies are missing', async () => {
  const traffic = fc.array(
    fc.record({ tokens: fc.integer({ min: 0, max: 30_000 }), gapMs: fc.nat(20_000), answers: fc.nat(3) }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(traffic, async (list) => {
      const { clock, buckets } = bench();
      let truth = LIMIT;
      const open: ((tokens: number | null) => void)[] = [];
      for (const { tokens, gapMs, answers } of list) {
        // The provider counts at once what fits; its headers come with the replies.
        const settled = buckets.spend(at('a'), both(tokens));
        if (tokens > truth) {
          settled(0);
        } else {
          truth -= tokens;
          open.push(settled);
        }
        await clock.advance(gapMs);
        truth = Math.min(LIMIT, truth + gapMs);
        for (const answered of open.splice(0, answers)) {
          answered(null);
          buckets.sawWindows(at('a'), [windowOf(truth)], UNCACHED);
        }
        const level = buckets.level(at('a'));
        if (level && truth >= 0)
          assert.ok(level.availableTokens <= truth, `${level.availableTokens} > ${truth}`);
        if (level && open.length === 0) assert.equal(level.availableTokens, truth);
      }
    }),
    { numRuns: 100 },
  );
});

const level = (availableTokens: number): BucketLevel => ({
  capTokens: 100_000,
  availableTokens,
  refillTokensPerMs: 2,
  countsUncachedOnly: true,
});
const READY: [what: string, available: number, need: number, reserve: number, ms: number][] = [
  ['there is room', 60_000, 50_000, 50_000, 0],
  ['it does not fit yet', 20_000, 50_000, 0, 15_000],
  ['it has to leave more to others', 20_000, 30_000, 50_000, 15_000],
  ['the bucket is overdrawn', -10_000, 0, 0, 5_000],
  ['it is larger than the whole bucket, which is full', 95_000, 300_000, 50_000, 0],
  ['it is larger than the whole bucket, which is not full', 0, 300_000, 50_000, 47_500],
];
for (const [what, available, needTokens, reserveTokens, ms] of READY) {
  test(`readyInMs is ${ms} when ${what}`, () => {
    assert.equal(readyInMs(level(available), { needTokens, reserveTokens }), ms);
  });
}

test('readyInMs is never when nothing flows in', () => {
  const dry = { ...level(0), refillTokensPerMs: 0 };
  assert.equal(readyInMs(dry, { needTokens: 1, reserveTokens: 0 }), Number.POSITIVE_INFINITY);
});

test('TokenBuckets shares one bucket among the models of an account', () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets({ clock });
  buckets.sawWindows(at('a', 'sonnet'), [windowOf(30_000)], UNCACHED);
  assert.equal(buckets.level(at('a', 'opus'))?.availableTokens, 30_000);
  buckets.sawWindows(at('a', 'opus'), [windowOf(20_000)], UNCACHED);
  assert.equal(buckets.level(at('a', 'sonnet'))?.availableTokens, 20_000);
});

test('TokenBuckets tells models apart once one has more left than the other can have', () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets({ clock });
  buckets.sawWindows(at('a', 'sonnet'), [windowOf(10_000)], UNCACHED);
  buckets.sawWindows(at('a', 'opus'), [windowOf(55_000)], UNCACHED);
  buckets.sawWindows(at('a', 'sonnet'), [windowOf(9_000)], UNCACHED);
  assert.deepEqual(
    ['sonnet', 'opus'].map((model) => buckets.level(at('a', model))?.availableTokens),
    [9_000, 55_000],
  );
});

test('TokenBuckets knows from its reset how much an empty bucket owes', () => {
  const { clock, buckets } = bench();
  buckets.sawWindows(at('a'), [windowOf(0, { resetAtMs: clock.nowMs() + 90_000 })], UNCACHED);
  const level = buckets.level(at('a'));
  assert.deepEqual([level?.availableTokens, level?.refillTokensPerMs], [-LIMIT / 2, LIMIT / 60_000]);
});
