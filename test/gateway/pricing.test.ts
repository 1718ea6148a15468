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

test('costPartsOf adds up to the cost, to the nano-dollar, and leaves out what there was none of', () => {
  const rate = fc.double({ min: 0, max: 10, noNaN: true });
  const price = fc.constantFrom(OWN, TIERED);
  fc.assert(
    fc.property(anyUsage, rate, price, (counts, factor, own) => {
      const cost = costOf(counts, priced('own', own, { rate: factor }));
      assert.ok(cost);
      const parts = costPartsOf(counts, cost.priceSheet);
      assert.equal(
        parts.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
        cost.costNanoUsd,
      );
      for (const { tokens, usdPerMillion, costNanoUsd } of parts) {
        assert.ok(tokens > 0 && Number.isInteger(costNanoUsd));
        assert.ok(Math.abs(costNanoUsd - tokens * usdPerMillion * 1000) <= 4);
      }
    }),
  );
});

test('costPartsOf splits what is absurdly dear, free, or of hardly any price', () => {
  const counts = usage({ inputTokens: 1e9, cacheReadTokens: 7, outputTokens: 1e9 });
  for (const usd of [1e9, 0, 5e-324]) {
    const price = { ...OWN, inputUsdPerMillion: usd, cacheReadUsdPerMillion: usd, outputUsdPerMillion: usd };
    const cost = costOf(counts, priced('own', price, { rate: 1_000 }));
    assert.ok(cost);
    const sum = costPartsOf(counts, cost.priceSheet).reduce((total, part) => total + part.costNanoUsd, 0);
    assert.equal(sum, cost.costNanoUsd);
    // 2e9 tokens at 1e9 USD a million, times 1,000: 2e15 USD.
    assert.equal(cost.costNanoUsd, usd === 1e9 ? 2e24 : 0);
    assert.deepEqual(JSON.parse(JSON.stringify(cost.priceSheet)), cost.priceSheet);
  }
});

test('costOf says by which prices, with the tier that held and what the account brought', () => {
  const counts = usage({ inputTokens: 200_001, outputTokens: 1 });
  assert.deepEqual(costOf(counts, priced('own', TIERED, { rate: 0.8, credit: 0.04 }))?.priceSheet, {
    input: 20,
    output: 50,
    cacheRead: 1,
    cacheWrite5m: 12.5,
    cacheWrite1h: 20,
    audioInput: 20,
    audioOutput: 50,
    aboveInputTokens: 200_000,
    rateMultiplier: 0.8,
    usdPerCredit: 0.04,
  });
  const tierOf = (inputTokens: number, by = priced('own', TIERED)) =>
    costOf(usage({ inputTokens }), by)?.priceSheet.aboveInputTokens;
  assert.deepEqual(
    [200_000, 500_000, 500_001].map((tokens) => tierOf(tokens)),
    [null, 200_000, 500_000],
  );
  const table = [200_000, 200_001].map((tokens) => tierOf(tokens, priced('gemini-2.5-pro')));
  assert.deepEqual(table, [null, 200_000]);
  const mixed = { ...NO_PRICE, outputUsdPerMillion: 1 };
  assert.equal(tierOf(200_001, priced('gemini-2.5-pro', mixed)), 200_000, 'input is the table’s');
  assert.equal(tierOf(200_001, priced('gemini-2.5-pro', OWN)), null, 'nothing is the table’s');
});

test('costOf gives all that are billed alike the same sheet, and none another', () => {
  const sheetOf = (inputTokens: number, by: ReturnType<typeof priced>) =>
    costOf(usage({ inputTokens }), by)?.priceSheet;
  for (const by of [priced('own', TIERED), priced('gemini-2.5-pro')]) {
    const known = sheetOf(1_000, by);
    assert.equal(sheetOf(999, { ...by }), known);
    for (const other of [{ rateMultiplier: 2 }, { usdPerCredit: 0.1 }])
      assert.notEqual(sheetOf(1_000, { ...by, ...other }), known);
    assert.notEqual(sheetOf(200_001, by), known);
    assert.equal(sheetOf(1_000, by), known, 'the others did not push it out');
  }
  const edited = { ...TIERED, inputUsdPerMillion: 11 };
  assert.equal(sheetOf(1_000, priced('own', edited))?.input, 11);
});
