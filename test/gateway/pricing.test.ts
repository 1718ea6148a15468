// What a reply costs, what the prompt cache saved, and what is left unpriced.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ModelPrice } from '../../server/gateway/ports.ts';
import { costOf, costPartsOf } from '../../server/gateway/pricing.ts';
import { ledgerOf, NO_USAGE, type Usage } from '../../server/wire/usage.ts';

const NO_PRICE: ModelPrice = {
  inputUsdPerMillion: null,
  outputUsdPerMillion: null,
  cacheReadUsdPerMillion: null,
  cacheWrite5mUsdPerMillion: null,
  cacheWrite1hUsdPerMillion: null,
  tiers: [],
};
const OWN: ModelPrice = {
  ...NO_PRICE,
  inputUsdPerMillion: 10,
  outputUsdPerMillion: 50,
  cacheReadUsdPerMillion: 1,
  cacheWrite5mUsdPerMillion: 12.5,
  cacheWrite1hUsdPerMillion: 20,
};

function priced(
  name: string,
  price: ModelPrice | null = null,
  account: { rate?: number; credit?: number } = {},
) {
  return {
    model: { id: 'm', name, displayName: null, price },
    upstreamModel: name,
    baseUrl: 'https://api.test',
    rateMultiplier: account.rate ?? 1,
    usdPerCredit: account.credit ?? null,
  };
}

function usage(over: Partial<Usage>): Usage {
  return { ...NO_USAGE, ...over };
}

function usdOf(counts: Partial<Usage>, price = OWN): number | undefined {
  const cost = costOf(usage(counts), priced('own', price));
  return cost === null ? undefined : cost.costNanoUsd / 1e9;
}

const MILLION = 1_000_000;

const PARTS: readonly { part: string; counts: Partial<Usage>; usd: number }[] = [
  { part: 'fresh input', counts: { inputTokens: MILLION }, usd: 10 },
  { part: 'output', counts: { inputTokens: 0, outputTokens: MILLION }, usd: 50 },
  {
    part: 'reasoning once, inside output',
    counts: { outputTokens: MILLION, reasoningTokens: MILLION },
    usd: 50,
  },
  { part: 'cache reads', counts: { inputTokens: MILLION, cacheReadTokens: MILLION }, usd: 1 },
  { part: '5-minute writes', counts: { inputTokens: MILLION, cacheWrite5mTokens: MILLION }, usd: 12.5 },
  { part: '1-hour writes', counts: { inputTokens: MILLION, cacheWrite1hTokens: MILLION }, usd: 20 },
  {
    part: 'writes of unstated lifetime as 5-minute writes',
    counts: { inputTokens: MILLION, cacheWriteTokens: MILLION },
    usd: 12.5,
  },
  {
    part: 'audio without a price of its own as text',
    counts: { inputTokens: MILLION, audioInputTokens: MILLION },
    usd: 10,
  },
  { part: 'nothing as nothing', counts: { inputTokens: 0, outputTokens: 0 }, usd: 0 },
];
for (const { part, counts, usd } of PARTS) {
  test(`costOf prices ${part}`, () => assert.equal(usdOf(counts), usd));
}

test('costOf subtracts the write premium from what was saved', () => {
  const written = costOf(usage({ inputTokens: MILLION, cacheWriteTokens: MILLION }), priced('own', OWN));
  assert.equal(written?.savedNanoUsd, -2.5e9);
  const read = costOf(usage({ inputTokens: MILLION, cacheReadTokens: MILLION }), priced('own', OWN));
  assert.equal(read?.savedNanoUsd, 9e9);
});

test('costOf applies the rate of the account to cost and saving', () => {
  const counts = usage({ inputTokens: MILLION, cacheReadTokens: MILLION });
  const half = costOf(counts, priced('own', OWN, { rate: 0.5 }));
  assert.deepEqual([half?.costNanoUsd, half?.savedNanoUsd], [0.5e9, 4.5e9]);
});

test('costOf tells what cache reads and writes cost themselves, and null where nothing was reported', () => {
  const cost = (counts: Partial<Usage>, rate?: number) => {
    const found = costOf(usage(counts), priced('own', OWN, rate === undefined ? {} : { rate }));
    return found && [found.cacheReadNanoUsd, found.cacheWriteNanoUsd];
  };
  assert.deepEqual(cost({ inputTokens: MILLION }), [null, null]);
  assert.deepEqual(cost({ inputTokens: MILLION, cacheReadTokens: 0, cacheWriteTokens: 0 }), [0, 0]);
  const counts = {
    inputTokens: 3 * MILLION,
    cacheReadTokens: MILLION,
    cacheWrite5mTokens: MILLION,
    cacheWrite1hTokens: MILLION,
  };
  assert.deepEqual(cost(counts), [1e9, 32.5e9]);
  assert.deepEqual(cost(counts, 0.5), [0.5e9, 16.25e9]);
  assert.deepEqual(cost({ inputTokens: MILLION, cacheWriteTokens: MILLION }), [null, 12.5e9]);
});

test('costOf counts credits for an account that is billed in them, and none otherwise', () => {
  const counts = usage({ inputTokens: MILLION });
  assert.equal(costOf(counts, priced('own', OWN, { credit: 0.04 }))?.credits, 250);
  assert.equal(costOf(counts, priced('own', OWN))?.credits, null);
});

const tier = { ...NO_PRICE, aboveInputTokens: 200_000, inputUsdPerMillion: 20 };
const TIERED: ModelPrice = {
  ...OWN,
  tiers: [
    { ...NO_PRICE, aboveInputTokens: 500_000, outputUsdPerMillion: 100 },
    { ...NO_PRICE, aboveInputTokens: 200_000, inputUsdPerMillion: tier.inputUsdPerMillion },
  ],
};
const TIERS: readonly { name: string; input: number; usd: number }[] = [
  { name: 'at the border by the prices below it', input: 200_000, usd: 2 + 50 },
  {
    name: 'above the border by the tier, and by what is below where it states nothing',
    input: 200_001,
    usd: 4.00002 + 50,
  },
  { name: 'above two borders by both', input: MILLION, usd: 20 + 100 },
];
for (const { name, input, usd } of TIERS) {
  test(`costOf prices a whole request ${name}`, () => {
    assert.equal(usdOf({ inputTokens: input, outputTokens: MILLION }, TIERED), usd);
  });
}

test('costOf finds prices in the bundled table, audio and tiers among them', () => {
  const counts = usage({ inputTokens: 1_000, cacheReadTokens: 1_000 });
  const cost = costOf(counts, { ...priced('claude-sonnet-4-5'), baseUrl: 'https://api.anthropic.com' });
  assert.match(cost?.priceVersion ?? '', /^genai-prices@[\d.]+:anthropic\/claude-sonnet-4-5$/);
  assert.equal(cost?.costNanoUsd, 300_000);
  assert.equal(cost?.savedNanoUsd, 2_700_000);
  const spoken = costOf(usage({ inputTokens: 1_000, audioInputTokens: 1_000 }), priced('gpt-realtime'));
  const written = costOf(usage({ inputTokens: 1_000 }), priced('gpt-realtime'));
  assert.ok((spoken?.costNanoUsd ?? 0) > (written?.costNanoUsd ?? 0));
  const long = costOf(usage({ inputTokens: MILLION }), priced('gemini-2.5-pro'));
  const short = costOf(usage({ inputTokens: 100_000 }), priced('gemini-2.5-pro'));
  assert.ok((long?.costNanoUsd ?? 0) > 10 * (short?.costNanoUsd ?? 0));
});

test('costOf leaves a model without a price, and a reply without usage, unpriced: never 0', () => {
  assert.equal(costOf(usage({ inputTokens: 1 }), priced('nobody-knows-this')), null);
  assert.equal(
    costOf(usage({ inputTokens: 1 }), priced('nobody-knows-this', { ...NO_PRICE, inputUsdPerMillion: 1 })),
    null,
  );
  assert.equal(costOf(NO_USAGE, priced('own', OWN)), null);
});

const count = fc.option(fc.nat(2_000_000), { nil: null });
/** Usage whose parts fit into their wholes, as the readers make it. */
const anyUsage: fc.Arbitrary<Usage> = fc
  .record({
    fresh: fc.nat(1_000_000),
    read: count,
    write5m: count,
    write1h: count,
    audioIn: count,
    text: fc.nat(1_000_000),
    reasoning: count,
    audioOut: count,
  })
  .map(({ fresh, read, write5m, write1h, audioIn, text, reasoning, audioOut }) => ({
    inputTokens: fresh + (read ?? 0) + (write5m ?? 0) + (write1h ?? 0) + (audioIn ?? 0),
    outputTokens: text + (reasoning ?? 0) + (audioOut ?? 0),
    reasoningTokens: reasoning,
    cacheReadTokens: read,
    cacheWriteTokens: write5m === null && write1h === null ? null : (write5m ?? 0) + (write1h ?? 0),
    cacheWrite5mTokens: write5m,
    cacheWrite1hTokens: write1h,
    audioInputTokens: audioIn,
    audioOutputTokens: audioOut,
  }));

function nano(counts: Partial<Usage>): number {
  return costOf(usage(counts), priced('own', OWN))?.costNanoUsd ?? Number.NaN;
}

/** The counts of one part alone. */
function alone(counts: Usage): number[] {
  const ledger = ledgerOf(counts);
  const inputs: Partial<Usage>[] = [
    { inputTokens: ledger.inputTokens },
    { inputTokens: ledger.cacheReadTokens, cacheReadTokens: ledger.cacheReadTokens },
    { inputTokens: ledger.cacheWrite5mTokens, cacheWrite5mTokens: ledger.cacheWrite5mTokens },
    { inputTokens: ledger.cacheWrite1hTokens, cacheWrite1hTokens: ledger.cacheWrite1hTokens },
    { inputTokens: counts.audioInputTokens, audioInputTokens: counts.audioInputTokens },
    { outputTokens: ledger.outputTokens },
    { outputTokens: ledger.reasoningTokens, reasoningTokens: ledger.reasoningTokens },
    { outputTokens: counts.audioOutputTokens, audioOutputTokens: counts.audioOutputTokens },
  ];
  return inputs
    .filter((part) => (part.inputTokens ?? part.outputTokens ?? null) !== null)
    .map((part) => nano(part));
}

test('costOf is the sum over the parts of the ledger', () => {
  fc.assert(
    fc.property(anyUsage, (counts) => {
      const sum = alone(counts).reduce((total, part) => total + part, 0);
      assert.ok(Math.abs(nano(counts) - sum) <= 8, `${nano(counts)} is not ${sum}`);
    }),
  );
});

test('costOf is a whole number, never below 0, and saved is what it would have cost without a cache, less the cost', () => {
  const uncached = {
    cacheReadTokens: null,
    cacheWriteTokens: null,
    cacheWrite5mTokens: null,
    cacheWrite1hTokens: null,
  };
  fc.assert(
    fc.property(anyUsage, fc.double({ min: 0, max: 10, noNaN: true }), (counts, rate) => {
      const cost = costOf(counts, priced('own', OWN, { rate }));
      const without = costOf({ ...counts, ...uncached }, priced('own', OWN, { rate }));
      assert.ok(cost && without);
      assert.ok(Number.isInteger(cost.costNanoUsd) && cost.costNanoUsd >= 0);
      assert.equal(cost.savedNanoUsd, without.costNanoUsd - cost.costNanoUsd);
      assert.equal(without.savedNanoUsd, 0);
    }),
  );
});

test('costOf never falls when a count rises', () => {
  fc.assert(
    fc.property(anyUsage, fc.nat(100_000), (counts, more) => {
      const input = (counts.inputTokens ?? 0) + more;
      const output = (counts.outputTokens ?? 0) + more;
      assert.ok(nano({ ...counts, inputTokens: input }) >= nano(counts));
      assert.ok(nano({ ...counts, outputTokens: output }) >= nano(counts));
      const read = (counts.cacheReadTokens ?? 0) + more;
      assert.ok(nano({ ...counts, inputTokens: input, cacheReadTokens: read }) >= nano(counts));
    }),
  );
});

test('costOf never throws and never goes below 0, however little the counts agree', () => {
  const counts = fc.record({
    inputTokens: count,
    outputTokens: count,
    reasoningTokens: count,
    cacheReadTokens: count,
    cacheWriteTokens: count,
    cacheWrite5mTokens: count,
    cacheWrite1hTokens: count,
    audioInputTokens: count,
    audioOutputTokens: count,
  });
  fc.assert(
    fc.property(counts, (odd) => {
      const cost = costOf(odd, priced('own', OWN));
      assert.equal(cost === null, odd.inputTokens === null && odd.outputTokens === null);
      assert.ok(cost === null || cost.costNanoUsd >= 0);
    }),
  );
});

test('costPartsOf adds up to the cost, by the same price list, and leaves out what there was none of', () => {
  fc.assert(
    fc.property(anyUsage, fc.double({ min: 0, max: 10, noNaN: true }), (counts, rate) => {
      const by = priced('own', OWN, { rate });
      const cost = costOf(counts, by);
      const split = costPartsOf(counts, by);
      assert.ok(cost && split);
      const sum = split.parts.reduce((total, { costNanoUsd }) => total + costNanoUsd, 0);
      assert.ok(Math.abs(sum - cost.costNanoUsd) <= 1, `${cost.costNanoUsd} is not ${sum}`);
      assert.equal(split.priceVersion, cost.priceVersion);
      assert.ok(split.parts.every(({ tokens }) => tokens > 0));
    }),
  );
});

test('costPartsOf is null where there is no price or no usage', () => {
  assert.equal(costPartsOf(usage({ inputTokens: 5 }), priced('nobody-knows-this-one')), null);
  assert.equal(costPartsOf(usage({}), priced('own', OWN)), null);
});
