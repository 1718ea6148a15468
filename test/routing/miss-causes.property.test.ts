// No cold token is left without a cause or counted twice, whatever was known.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { missesOf } from '../../server/routing/miss-causes.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { input, last, NOW_MS, OTHER_SPACE, PRICES, SPACE } from './miss-input.ts';
import { promptOf } from './prompt.ts';

const word = fc.constantFrom('t:a', 't:b', 's:a', 's:b', 'x', 'y', 'z', 'w');
const anyPrompt = fc
  .array(word, { minLength: 1, maxLength: 12 })
  .map((words) => promptOf(words.toSorted((a, b) => order(a) - order(b)).join(' '), { bytesEach: 700 }));
const order = (text: string) => (text.startsWith('t:') ? 0 : text.startsWith('s:') ? 1 : 2);
const count = fc.integer({ min: 0, max: 5_000 });
const anyCut = fc.integer({ min: -1, max: 11 });

const anyInput = fc
  .record({
    prompt: anyPrompt,
    before: fc.option(anyPrompt),
    counts: fc.record({ input: count, read: count, write: fc.option(count), write1h: fc.option(count) }),
    parent: fc.option(fc.integer({ min: 0, max: 9_000 }).map((bytes) => ({ bytes }))),
    predicted: fc.record({
      promptTokens: count,
      warmTokens: count,
      reason: fc.constantFrom('warm', 'cold', 'below-minimum', 'lookback-exceeded', 'not-cacheable'),
    }),
    here: fc.record({
      cut: anyCut,
      untilMs: fc.constantFrom(NOW_MS + 5_000, Number.POSITIVE_INFINITY),
      staleCut: anyCut,
      staleSinceMs: fc.constant(NOW_MS - 1),
    }),
    elsewhere: fc.option(fc.record({ cut: anyCut, accountName: fc.constant('spare') })),
    over: fc.record({
      flags: fc.constantFrom(0, 1),
      modelId: fc.constantFrom('m1', 'm2'),
      prices: fc.option(fc.constant(PRICES)),
      rule: fc.record({
        minTokens: count,
        stepTokens: count,
        lookbackBlocks: fc.option(count),
        needsMarks: fc.boolean(),
      }),
    }),
    lastOver: fc.record({
      warmTokens: count,
      inputTokens: count,
      spaceKey: fc.constantFrom(SPACE, OTHER_SPACE),
    }),
  })
  .map(({ prompt, before, counts, parent, predicted, here, elsewhere, over, lastOver }) =>
    input(
      {
        ...over,
        parent,
        predicted,
        here,
        elsewhere,
        last: before && last(before, lastOver),
        usage: {
          ...NO_USAGE,
          inputTokens: counts.input,
          cacheReadTokens: counts.read,
          cacheWriteTokens: counts.write,
          cacheWrite1hTokens: counts.write1h,
        },
      },
      prompt,
    ),
  );

test('missesOf gives every cold token exactly one cause, whatever was known', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const misses = missesOf(given) ?? [];
      const { inputTokens, cacheReadTokens } = given.usage;
      const cold = Math.max(0, (inputTokens ?? 0) - (cacheReadTokens ?? 0));
      assert.equal(
        misses.reduce((sum, { tokens }) => sum + tokens, 0),
        cold,
      );
      assert.equal(new Set(misses.map(({ cause }) => cause)).size, misses.length);
      for (const { tokens, costNanoUsd } of misses) {
        assert.ok(Number.isInteger(tokens) && tokens > 0);
        assert.equal(costNanoUsd === null, given.prices === null);
        if (costNanoUsd !== null) assert.ok(Number.isInteger(costNanoUsd) && costNanoUsd >= 0);
      }
      assert.deepEqual(missesOf(given) ?? [], misses);
    }),
    { numRuns: 2_000 },
  );
});
