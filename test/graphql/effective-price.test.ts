// What the API says models cost: by the same prices as requests are reckoned with, per model and per mapping.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ModelPrice } from '../../server/gateway/ports.ts';
import { costOf } from '../../server/gateway/pricing.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const PRICE = `source version inputUsdPerMillion outputUsdPerMillion cacheReadUsdPerMillion
  cacheWrite5mUsdPerMillion cacheWrite1hUsdPerMillion`;
const NO_PRICES = {
  inputUsdPerMillion: null,
  outputUsdPerMillion: null,
  cacheReadUsdPerMillion: null,
  cacheWrite5mUsdPerMillion: null,
  cacheWrite1hUsdPerMillion: null,
};
/** List prices of Claude Sonnet 4.5 up to 200,000 input tokens. */
const SONNET = {
  inputUsdPerMillion: 3,
  outputUsdPerMillion: 15,
  cacheReadUsdPerMillion: 0.3,
  cacheWrite5mUsdPerMillion: 3.75,
  cacheWrite1hUsdPerMillion: 6,
};

/** `claude-sonnet-4-5` of the sample rows with such an override, `llama` without a price, and a third one of no provider. */
async function openPriced(price: ModelPrice | null) {
  const rows = sampleRows();
  const [sonnet, ...others] = rows.models ?? [];
  assert.ok(sonnet);
  const spare = { ...sonnet, id: 'm3', name: 'claude-opus-4-1', displayName: null, price: null };
  return openBench({ rows: { ...rows, models: [{ ...sonnet, price }, ...others, spare] } });
}

async function pricesOf(price: ModelPrice | null, args = '') {
  const bench = await openPriced(price);
  const { models } = await bench.ask(
    `{ models { nodes { name effectivePrice${args} { ${PRICE} } mappings { effectivePrice${args} { ${PRICE} } } } } }`,
  );
  return new Map<string, { effectivePrice: unknown; mappings: { effectivePrice: unknown }[] }>(
    models.nodes.map((node: { name: string }) => [node.name, node]),
  );
}

test('effectivePrice is that of the price table with its version, and null where it knows none', async () => {
  const prices = await pricesOf(null);
  const sonnet = prices.get('claude-sonnet-4-5');
  const table = {
    source: 'PRICE_TABLE',
    version: 'genai-prices@0.1.8:anthropic/claude-sonnet-4-5',
    ...SONNET,
  };
  assert.deepEqual(sonnet?.effectivePrice, table);
  assert.deepEqual(sonnet?.mappings, [{ effectivePrice: table }]);
  assert.deepEqual(prices.get('llama'), {
    name: 'llama',
    effectivePrice: null,
    mappings: [{ effectivePrice: null }],
  });
});

test('effectivePrice of a model that nobody serves is by its own name', async () => {
  const opus = (await pricesOf(null)).get('claude-opus-4-1');
  assert.deepEqual(opus?.mappings, []);
  assert.match(JSON.stringify(opus?.effectivePrice), /"inputUsdPerMillion":15,"outputUsdPerMillion":75/);
});

test('effectivePrice fills what an override leaves open as accounting does', async () => {
  const price = { ...NO_PRICES, inputUsdPerMillion: 2, tiers: [] };
  const own = { source: 'OVERRIDE', version: 'override' };
  // A stated input price takes the cache prices of the table with it: no discount is claimed that nobody stated.
  assert.deepEqual((await pricesOf(price)).get('claude-sonnet-4-5')?.effectivePrice, {
    ...own,
    inputUsdPerMillion: 2,
    outputUsdPerMillion: 15,
    cacheReadUsdPerMillion: 2,
    cacheWrite5mUsdPerMillion: 2,
    cacheWrite1hUsdPerMillion: 2,
  });
  const usage = { ...NO_USAGE, inputTokens: 100_000, cacheReadTokens: 40_000, outputTokens: 1_000 };
  const cost = costOf(usage, {
    model: { name: 'claude-sonnet-4-5', price },
    upstreamModel: 'claude-sonnet-4-5-20250929',
    baseUrl: 'https://api.anthropic.com',
    rateMultiplier: 1,
    usdPerCredit: null,
  });
  assert.equal(cost?.priceVersion, own.version);
  // (60,000 × $2 + 40,000 × $2 + 1,000 × $15) per million.
  assert.equal(cost?.costNanoUsd, 215_000_000);
});

test('effectivePrice takes the tier that the prompt exceeds', async () => {
  const tier = { ...NO_PRICES, aboveInputTokens: 1_000, inputUsdPerMillion: 9 };
  const price = { ...NO_PRICES, inputUsdPerMillion: 2, outputUsdPerMillion: 4, tiers: [tier] };
  for (const [inputTokens, expected] of [
    [0, 2],
    [1_000, 2],
    [1_001, 9],
  ] as const) {
    const found = (await pricesOf(price, `(inputTokens: ${inputTokens})`)).get('claude-sonnet-4-5');
    assert.match(JSON.stringify(found?.effectivePrice), new RegExp(`"inputUsdPerMillion":${expected},`));
  }
});

test('effectivePrice can be asked as if there was another override, or none', async () => {
  const price = { ...NO_PRICES, inputUsdPerMillion: 2, outputUsdPerMillion: 4, tiers: [] };
  const without = await pricesOf(price, '(override: null)');
  assert.match(JSON.stringify(without.get('claude-sonnet-4-5')), /"source":"PRICE_TABLE"/);
  const other = await pricesOf(null, '(override: { inputUsdPerMillion: 1, outputUsdPerMillion: 2 })');
  assert.deepEqual(other.get('llama')?.effectivePrice, {
    source: 'OVERRIDE',
    version: 'override',
    inputUsdPerMillion: 1,
    outputUsdPerMillion: 2,
    cacheReadUsdPerMillion: 1,
    cacheWrite5mUsdPerMillion: 1,
    cacheWrite1hUsdPerMillion: 1,
  });
});

test('effectivePrice refuses prices and sizes that make no sense', async () => {
  const bench = await openPriced(null);
  for (const args of ['(inputTokens: -1)', '(override: { inputUsdPerMillion: -1 })']) {
    const { errors } = await bench.call(`{ models { nodes { effectivePrice${args} { version } } } }`);
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', args);
  }
});

test('models can be listed by provider, by a provider’s name for them, and by whether they are priced', async () => {
  const bench = await openPriced(null);
  for (const [args, expected] of [
    ['unpriced: true', ['llama']],
    ['unpriced: false', ['claude-opus-4-1', 'claude-sonnet-4-5']],
    ['providerId: "p1"', ['claude-sonnet-4-5']],
    ['providerId: "p1", unpriced: true', []],
    ['search: "LLAMA-70b"', ['llama']],
  ] as const) {
    const { models } = await bench.ask(`{ models(${args}) { totalCount nodes { name } } }`);
    assert.deepEqual(
      models.nodes.map(({ name }: { name: string }) => name),
      expected,
      args,
    );
    assert.equal(models.totalCount, expected.length, args);
  }
});

test('accountNames of a model are those that can serve it, each once', async () => {
  const rows = sampleRows();
  const endpoint = { id: 'e3', providerId: 'p1', name: 'chat', baseUrl: 'https://api.anthropic.com' };
  const endpoints = [...(rows.endpoints ?? []), { ...endpoint, surface: 'openai-chat' as const }];
  // Its credential was not given for the endpoint.
  const accounts = rows.accounts?.map((row) => (row.id === 'a2' ? { ...row, credentialOrigins: [] } : row));
  const bench = await openBench({ rows: { ...rows, endpoints, accounts: accounts ?? [] } });
  const { models } = await bench.ask('{ models { nodes { name accountNames } } }');
  assert.deepEqual(models.nodes, [
    { name: 'claude-sonnet-4-5', accountNames: ['team-a'] },
    { name: 'llama', accountNames: ['gpu'] },
  ]);
});
