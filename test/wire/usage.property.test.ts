// The ledger: parts that never overlap and add up to what the provider stated, over generated usage.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  ledgerOf,
  mergeUsage,
  NO_USAGE,
  sumCounts,
  type Usage,
  UsageTally,
} from '../../server/wire/usage.ts';

const count = fc.integer({ min: 0, max: 1_000_000 });
/** A usage whose parts fit into their wholes, made from the parts. */
const consistent = fc
  .record({
    fresh: count,
    read: count,
    write5m: count,
    write1h: count,
    audioIn: count,
    visible: count,
    reasoning: count,
    audioOut: count,
  })
  .map((parts) => ({
    parts,
    usage: {
      ...NO_USAGE,
      inputTokens: parts.fresh + parts.read + parts.write5m + parts.write1h + parts.audioIn,
      cacheReadTokens: parts.read,
      cacheWriteTokens: parts.write5m + parts.write1h,
      cacheWrite5mTokens: parts.write5m,
      cacheWrite1hTokens: parts.write1h,
      audioInputTokens: parts.audioIn,
      outputTokens: parts.visible + parts.reasoning + parts.audioOut,
      reasoningTokens: parts.reasoning,
      audioOutputTokens: parts.audioOut,
    } satisfies Usage,
  }));
const maybe = fc.option(count, { nil: null });
const any: fc.Arbitrary<Usage> = fc.record(
  {
    inputTokens: maybe,
    outputTokens: maybe,
    reasoningTokens: maybe,
    cacheReadTokens: maybe,
    cacheWriteTokens: maybe,
    cacheWrite5mTokens: maybe,
    cacheWrite1hTokens: maybe,
    audioInputTokens: maybe,
    audioOutputTokens: maybe,
  },
  { noNullPrototype: true },
);

test('ledgerOf() gives back the parts a usage was made of', () => {
  fc.assert(
    fc.property(consistent, ({ parts, usage }) => {
      assert.deepEqual(ledgerOf(usage), {
        inputTokens: parts.fresh,
        cacheReadTokens: parts.read,
        cacheWrite5mTokens: parts.write5m,
        cacheWrite1hTokens: parts.write1h,
        outputTokens: parts.visible,
        reasoningTokens: parts.reasoning,
        audioTokens: parts.audioIn + parts.audioOut,
      });
    }),
  );
});

test('ledgerOf() never gives a negative part, and no part where nothing was reported', () => {
  fc.assert(
    fc.property(any, (usage) => {
      const ledger = ledgerOf(usage);
      for (const part of Object.values(ledger)) assert.ok(part === null || part >= 0);
      assert.equal(ledger.inputTokens === null, usage.inputTokens === null);
      assert.equal(ledger.cacheReadTokens, usage.cacheReadTokens);
      assert.equal(ledger.reasoningTokens, usage.reasoningTokens);
    }),
  );
});

test('mergeUsage() is the field-wise maximum: in any order, and however often a frame comes', () => {
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      const merged = mergeUsage(mergeUsage(a, b), c);
      assert.deepEqual(mergeUsage(c, mergeUsage(b, a)), merged);
      assert.deepEqual(mergeUsage(merged, b), merged);
      assert.deepEqual(mergeUsage(a, NO_USAGE), a);
    }),
  );
});

test('UsageTally flags a usage exactly when its parts do not re-sum to what was stated', () => {
  fc.assert(
    fc.property(consistent, fc.integer({ min: -3, max: 3 }), ({ usage }, error) => {
      const total = (sumCounts(usage.inputTokens, usage.outputTokens) ?? 0) + error;
      fc.pre(total >= 0);
      const tally = new UsageTally(() => ({
        usage,
        totals: { input: usage.inputTokens, output: usage.outputTokens, total },
      }));
      tally.see({ total_tokens: total });
      assert.deepEqual(tally.flags, error === 0 ? [] : ['total-mismatch']);
      assert.deepEqual(tally.raw, { total_tokens: total });
    }),
  );
});

test('UsageTally keeps the first and the last object as they came, and flags absurd counts', () => {
  const tally = new UsageTally(() => ({
    usage: NO_USAGE,
    totals: { input: null, output: null, total: null },
  }));
  assert.equal(tally.raw, null);
  for (const raw of [
    { input_tokens: 1 },
    'nonsense',
    { input_tokens: 2 },
    { details: { cached_tokens: -5 } },
  ]) {
    tally.see(raw);
  }
  assert.deepEqual(tally.raw, [{ input_tokens: 1 }, { details: { cached_tokens: -5 } }]);
  assert.deepEqual(tally.flags, ['absurd-count']);
});
