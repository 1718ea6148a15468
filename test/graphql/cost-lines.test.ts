// How the cost of a logged request adds up, whatever became of the prices since.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AccountRow, CatalogChange, Model, ModelPrice, RequestRow } from '../../server/gateway/ports.ts';
import { costOf } from '../../server/gateway/pricing.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const TIER = {
  aboveInputTokens: 900,
  inputUsdPerMillion: 20,
  outputUsdPerMillion: 100,
  cacheReadUsdPerMillion: 2,
  cacheWrite5mUsdPerMillion: null,
  cacheWrite1hUsdPerMillion: null,
};
const PRICE: ModelPrice = {
  inputUsdPerMillion: 10,
  outputUsdPerMillion: 50,
  cacheReadUsdPerMillion: 1,
  cacheWrite5mUsdPerMillion: 12.5,
  cacheWrite1hUsdPerMillion: 20,
  tiers: [TIER],
};
/** 100 fresh, 800 read, 100 written and 50 out, above the tier's border, times 0.8. */
const LINES = [
  { part: 'INPUT', tokens: 100, usdPerMillion: 16, costUsd: 0.0016 },
  { part: 'CACHE_READ', tokens: 800, usdPerMillion: 1.6, costUsd: 0.00128 },
  { part: 'CACHE_WRITE_5M', tokens: 100, usdPerMillion: 10, costUsd: 0.001 },
  { part: 'OUTPUT', tokens: 50, usdPerMillion: 80, costUsd: 0.004 },
];
const COST_NANO_USD = 7_880_000;
const QUERY = `{ requestLog(id: "r1") {
  costUsd costLines { part tokens usdPerMillion costUsd } priceSheet { aboveInputTokens rateMultiplier usdPerCredit }
} }`;

/** With one request that was billed by the catalogue as it is. */
async function openBilled(price: ModelPrice | null): Promise<Bench> {
  const rows = sampleRows();
  rows.models = rows.models.map((model) => ({ ...model, price }));
  rows.accounts = rows.accounts.map((account) => ({ ...account, rateMultiplier: 0.8, usdPerCredit: 0.04 }));
  const bench = await openBench({ rows });
  const { models, accounts } = bench.parts.catalog.current;
  const row = sampleRow('r1');
  const cost = costOf(row, {
    model: found(models.get('m1')),
    upstreamModel: row.upstreamModel ?? '',
    baseUrl: 'https://api.anthropic.com',
    ...found(accounts.get('a1')),
  });
  bench.log.rows = [sampleRow('r1', found(cost))];
  return bench;
}

function found<Value>(value: Value | null | undefined): Value {
  assert.ok(value);
  return value;
}

const CHANGES: readonly {
  name: string;
  change: (entries: { model: Model; account: AccountRow }) => CatalogChange[];
}[] = [
  { name: 'nothing', change: () => [] },
  {
    name: 'the price of the model',
    change: ({ model }) => [
      { kind: 'put-model', row: { ...model, price: { ...PRICE, inputUsdPerMillion: 11, tiers: [] } } },
    ],
  },
  {
    name: 'only the tier',
    change: ({ model }) => [
      {
        kind: 'put-model',
        row: { ...model, price: { ...PRICE, tiers: [{ ...TIER, aboveInputTokens: 9_000 }] } },
      },
    ],
  },
  {
    name: 'that there is a price',
    change: ({ model }) => [{ kind: 'put-model', row: { ...model, price: null } }],
  },
  {
    name: "the account's factor",
    change: ({ account }) => [
      { kind: 'put-account', row: { ...account, rateMultiplier: 0, usdPerCredit: null } },
    ],
  },
  {
    name: 'that there is such a model and account',
    change: () => [
      { kind: 'delete', table: 'model', id: 'm1' },
      { kind: 'delete', table: 'provider', id: 'p1' },
    ],
  },
];
for (const { name, change } of CHANGES) {
  test(`costLines add up by the prices of then, after a change of ${name}`, async () => {
    const bench = await openBilled(PRICE);
    const { catalog } = bench.parts;
    const model = found(catalog.current.models.get('m1'));
    const account = found(catalog.current.accounts.get('a1'));
    await catalog.apply(change({ model, account }));
    const { requestLog } = await bench.ask(QUERY);
    assert.deepEqual(requestLog, {
      costUsd: COST_NANO_USD / 1e9,
      costLines: LINES,
      priceSheet: { aboveInputTokens: 900, rateMultiplier: 0.8, usdPerCredit: 0.04 },
    });
  });
}

test('costLines add up by a price table that is no longer there', async () => {
  const bench = await openBilled(null);
  const [row] = bench.log.rows;
  // 0.3, 3.75 and 15 USD a million as today, but 5 for input, times 0.8.
  const billed: RequestRow = {
    ...found(row),
    priceVersion: 'genai-prices@0.0.1:anthropic/claude-1',
    priceSheet: { ...found(found(row).priceSheet), input: 5 },
    costNanoUsd: 400_000 + 192_000 + 300_000 + 600_000,
  };
  bench.log.rows = [billed];
  const { requestLog } = await bench.ask(QUERY);
  assert.deepEqual(
    requestLog.costLines.map(({ costUsd }: { costUsd: number }) => Math.round(costUsd * 1e9)),
    [400_000, 192_000, 300_000, 600_000],
  );
});

test('priceSheet is null for what was not priced, and for rows from before prices were kept', async () => {
  const bench = await openBilled(PRICE);
  const [row] = bench.log.rows;
  bench.log.rows = [{ ...found(row), priceSheet: null }];
  const old = (await bench.ask(QUERY)).requestLog;
  assert.deepEqual([old.costLines, old.priceSheet], [LINES, null], 'the prices still come to the sum');
  bench.log.rows = [sampleRow('r1', { costNanoUsd: null, priceVersion: null })];
  const unpriced = (await bench.ask(QUERY)).requestLog;
  assert.deepEqual([unpriced.costLines, unpriced.priceSheet], [null, null]);
});
