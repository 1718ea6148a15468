// What usage teaches about a family's cache.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { CacheBeliefs } from '../../server/routing/beliefs.ts';
import { LifetimeEstimate } from '../../server/routing/lifetimes.ts';
import { DEEPSEEK, OPENAI, OPUS } from './sent-prompts.ts';

const MINUTE_MS = 60_000;

function beliefs(nowMs = () => 0) {
  return new CacheBeliefs(nowMs);
}

test('CacheBeliefs starts with the rule and four bytes a token', () => {
  const known = beliefs();
  assert.equal(known.tokensPerByte('f'), 0.25);
  assert.equal(known.minTokens('f', OPUS), 512);
  assert.equal(known.usesLookback('f', OPUS), true);
  assert.equal(known.usesLookback('f', DEEPSEEK), true);
  assert.equal(known.usesLookback('f', OPENAI), false);
  assert.equal(known.cachesUnmarked('f'), null);
  assert.equal(known.lifetimeMs('f', OPENAI), 10 * MINUTE_MS);
  assert.equal(known.size, 0);
});

test('CacheBeliefs.tokensPerByte takes the first prompt at its word and later ones by a tenth, within bounds', () => {
  const known = beliefs();
  known.sawPrompt('f', { bytes: 1_000, inputTokens: 500 });
  assert.equal(known.tokensPerByte('f'), 0.5);
  for (let count = 0; count < 9; count++) known.sawPrompt('f', { bytes: 1_000, inputTokens: 500 });
  known.sawPrompt('f', { bytes: 1_000, inputTokens: 1_000 });
  assert.ok(Math.abs(known.tokensPerByte('f') - 0.55) < 1e-9);
  for (let count = 0; count < 200; count++) known.sawPrompt('f', { bytes: 1_000, inputTokens: 9_000 });
  assert.ok(known.tokensPerByte('f') <= 1.5 && known.tokensPerByte('f') > 1.49);
  for (let count = 0; count < 200; count++) known.sawPrompt('f', { bytes: 1_000_000, inputTokens: 1 });
  assert.ok(known.tokensPerByte('f') >= 0.02 && known.tokensPerByte('f') < 0.021);
  assert.equal(known.tokensPerByte('other'), 0.25);
});

test('CacheBeliefs.tokensPerByte leaves out prompts too short to tell, and counts of nothing', () => {
  const known = beliefs();
  known.sawPrompt('f', { bytes: 199, inputTokens: 150 });
  known.sawPrompt('f', { bytes: 1_000, inputTokens: 0 });
  assert.equal(known.tokensPerByte('f'), 0.25);
});

test('CacheBeliefs.minTokens sinks with the shortest prefix seen cached', () => {
  const known = beliefs();
  known.sawCached('f', 4_000);
  assert.equal(known.minTokens('f', OPUS), 512);
  known.sawCached('f', 300);
  assert.equal(known.minTokens('f', OPUS), 300);
});

test('CacheBeliefs.minTokens rises above marked prompts left uncached three times in a row, until one is cached', () => {
  const known = beliefs();
  known.sawUncached('f', 900);
  known.sawUncached('f', 2_000);
  assert.equal(known.minTokens('f', OPUS), 512);
  known.sawUncached('f', 1_500);
  assert.equal(known.minTokens('f', OPUS), 2_001);
  known.sawCached('f', 5_000);
  assert.equal(known.minTokens('f', OPUS), 512);
  for (const tokens of [700, 700, 700]) known.sawUncached('f', tokens);
  assert.equal(known.minTokens('f', OPUS), 2_001);
  known.sawCached('f', 1_000);
  assert.equal(known.minTokens('f', OPUS), 512);
  for (const tokens of [1_000, 40_000, 20_000]) known.sawUncached('f', tokens);
  assert.equal(known.minTokens('f', OPUS), 512);
});

test('CacheBeliefs.usesLookback is disproved for an hour', () => {
  let nowMs = 1_000;
  const known = beliefs(() => nowMs);
  known.sawReadBeyondLookback('f');
  assert.equal(known.usesLookback('f', OPUS), false);
  assert.equal(known.usesLookback('other', OPUS), true);
  nowMs += 3_600_000 - 1;
  assert.equal(known.usesLookback('f', OPUS), false);
  nowMs += 1;
  assert.equal(known.usesLookback('f', OPUS), true);
});

test('CacheBeliefs.lifetimeMs is not learned where the provider states it', () => {
  const known = beliefs();
  for (let count = 0; count < 20; count++) known.sawUse('f', { gapMs: 2 * MINUTE_MS, isHit: false });
  assert.equal(known.lifetimeMs('f', OPUS), 5 * MINUTE_MS);
  assert.equal(known.lifetimeMs('f', OPENAI), MINUTE_MS);
});

test('CacheBeliefs forgets the family heard of longest ago beyond its bound', () => {
  const known = new CacheBeliefs(() => 0, { maxFamilies: 2 });
  known.sawCached('a', 10);
  known.sawCached('b', 20);
  known.sawUnmarked('a', true);
  known.sawCached('c', 30);
  assert.equal(known.size, 2);
  assert.deepEqual(
    ['a', 'b', 'c'].map((family) => known.minTokens(family, OPUS)),
    [10, 512, 30],
  );
});

/** Pauses in seconds; a minus is a miss. */
const LIFETIMES: { name: string; pauses: number[]; seconds: number }[] = [
  { name: 'nothing seen', pauses: [], seconds: 600 },
  { name: 'hits within the default', pauses: [100, 300, 500], seconds: 600 },
  { name: 'one longer hit', pauses: [700], seconds: 600 },
  { name: 'two longer hits', pauses: [700, 800], seconds: 900 },
  { name: 'two much longer hits', pauses: [5_000, 6_000], seconds: 7_200 },
  { name: 'four early misses', pauses: [-310, -310, -310, -310], seconds: 600 },
  { name: 'five early misses', pauses: [-310, -310, -310, -310, -310], seconds: 300 },
  {
    name: 'early misses next to as many hits',
    pauses: [-310, 310, -310, 310, -310, 310, -310, 310],
    seconds: 600,
  },
  {
    name: 'early misses and later hits',
    pauses: [-100, -100, -100, -100, -100, 500, 500, 500, 500, 500, 500],
    seconds: 600,
  },
  { name: 'misses beyond the default', pauses: [-700, -1_000, -4_000], seconds: 600 },
  { name: 'misses after every pause', pauses: [-10, -10, -10, -10, -10, -10], seconds: 0 },
  { name: 'pauses of days', pauses: [200_000, 300_000], seconds: 86_400 },
];

for (const { name, pauses, seconds } of LIFETIMES)
  test(`LifetimeEstimate.lifetimeMs with ${name} is ${seconds} s`, () => {
    const estimate = new LifetimeEstimate();
    for (const pause of pauses) estimate.saw(Math.abs(pause) * 1_000, pause > 0);
    assert.equal(estimate.lifetimeMs(600_000), seconds * 1_000);
  });

test('LifetimeEstimate.lifetimeMs follows a provider that changes its mind', () => {
  const estimate = new LifetimeEstimate();
  for (let count = 0; count < 100; count++) estimate.saw(1_500_000, true);
  assert.equal(estimate.lifetimeMs(600_000), 1_800_000);
  for (let count = 0; count < 30; count++) estimate.saw(1_500_000, false);
  assert.equal(estimate.lifetimeMs(600_000), 600_000);
});

test('LifetimeEstimate.lifetimeMs finds the true lifetime from any pauses around it, early losses included', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(120, 300, 900, 3_600),
      fc.array(fc.integer({ min: 1, max: 7_200 }), { minLength: 300, maxLength: 400 }),
      (trueSeconds, pauses) => {
        const estimate = new LifetimeEstimate();
        pauses.forEach((pause, index) => {
          const around = (pause % (2 * trueSeconds)) + 1;
          // Every twentieth is lost early.
          estimate.saw(around * 1_000, around <= trueSeconds && index % 20 !== 0);
        });
        const seconds = estimate.lifetimeMs(600_000) / 1_000;
        assert.ok(seconds >= trueSeconds / 2 && seconds <= trueSeconds * 2, `${seconds} for ${trueSeconds}`);
      },
    ),
    { numRuns: 50 },
  );
});
