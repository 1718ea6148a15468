// The Models screen's arithmetic: prices as texts and back, what a typical request costs, orders, and rows of the mapping cache.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupUse } from '../../ui/src/lib/group-use.ts';
import { needsAllRows, ordered, orderOf } from '../../ui/src/pages/models/catalogue-order.ts';
import { endOf, isCut, shownRows } from '../../ui/src/pages/models/mapping-cache.ts';
import {
  emptyTier,
  formOf,
  isChanged,
  namesIn,
  priceInput,
  readPrice,
  readTokens,
  updateInput,
} from '../../ui/src/pages/models/model-form.ts';
import {
  costOf,
  hasSeveralPrices,
  inputOf,
  priceStateOf,
  priceText,
  spentUsd,
  tableOf,
  typicalRequest,
} from '../../ui/src/pages/models/prices.ts';
import type { EffectivePrice, Model } from '../../ui/src/pages/models/queries.ts';

const PRICE: EffectivePrice = {
  source: 'PRICE_TABLE',
  version: 'genai-prices@0.1.8:anthropic/claude-sonnet-4-5',
  inputUsdPerMillion: 3,
  cacheReadUsdPerMillion: 0.3,
  cacheWrite5mUsdPerMillion: 3.75,
  cacheWrite1hUsdPerMillion: 6,
  outputUsdPerMillion: 15,
};
const MODEL: Model = {
  id: 'm1',
  version: 'v1',
  name: 'sonnet',
  displayName: null,
  aliases: [],
  routePolicy: null,
  routeProfile: null,
  accountNames: [],
  price: null,
  effectivePrice: PRICE,
  mappings: [],
};
const EMPTY = { input: '', cacheRead: '', cacheWrite5m: '', cacheWrite1h: '', output: '' };
const NO_PRICES = {
  inputUsdPerMillion: null,
  cacheReadUsdPerMillion: null,
  cacheWrite5mUsdPerMillion: null,
  cacheWrite1hUsdPerMillion: null,
  outputUsdPerMillion: null,
};

function mapped(...prices: (EffectivePrice | null)[]): Model {
  const mappings = prices.map((effectivePrice, index) => ({
    id: `mm${index}`,
    version: 'v',
    upstreamModel: 'up',
    aliases: [],
    provider: { id: `p${index}`, name: `provider ${index}` },
    effectivePrice,
  }));
  return { ...MODEL, mappings, effectivePrice: prices[0] ?? null };
}

function use(given: Partial<GroupUse>): GroupUse {
  return {
    total: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costUsd: 0,
    hitRate: null,
    unpricedRequests: 0,
    reportedRequests: 0,
    ...given,
  };
}

test('priceText() keeps every digit of a price list', () => {
  const texts = [15, 0.3, 0.0375, 0, null].map((price) => priceText(price, 'en'));
  assert.deepEqual(texts, ['$15.00', '$0.30', '$0.0375', '$0.00', '–']);
});

test('readPrice() tells empty, a price and nonsense apart', () => {
  for (const [text, expected] of [
    ['', null],
    ['  ', null],
    ['0', 0],
    [' 2.5 ', 2.5],
    ['0,075', 0.075],
    ['.5', 0.5],
    ['-1', undefined],
    ['1e3', undefined],
    ['$3', undefined],
    ['9999999999', undefined],
  ] as const) {
    assert.equal(readPrice(text), expected, text);
  }
});

test('readTokens() takes whole numbers from 1 on', () => {
  assert.deepEqual(['200000', '1', '0', '1.5', '', 'x'].map(readTokens), [
    200000,
    1,
    ...Array(4).fill(undefined),
  ]);
});

test('priceInput() is no override when nothing is stated, and none at all when a text is no price', () => {
  const tier = { ...emptyTier([]), above: '200000', input: '6' };
  assert.equal(priceInput({ price: EMPTY, tiers: [] }), null);
  assert.equal(priceInput({ price: { ...EMPTY, output: 'much' }, tiers: [] }), undefined);
  assert.equal(priceInput({ price: EMPTY, tiers: [{ ...tier, above: '' }] }), undefined);
  assert.deepEqual(priceInput({ price: { ...EMPTY, input: '3' }, tiers: [tier] }), {
    ...NO_PRICES,
    inputUsdPerMillion: 3,
    tiers: [{ ...NO_PRICES, aboveInputTokens: 200000, inputUsdPerMillion: 6 }],
  });
});

test('updateInput() says what was changed only, and prices whole', () => {
  const before = formOf({ ...MODEL, price: { ...NO_PRICES, inputUsdPerMillion: 3, tiers: [] } });
  assert.equal(isChanged(before, { ...before, name: ' sonnet ' }), false);
  assert.deepEqual(updateInput(before, { ...before, policy: 'SESSION' }), { routePolicy: 'SESSION' });
  assert.deepEqual(updateInput(before, { ...before, price: EMPTY }), { price: null });
  assert.deepEqual(updateInput(before, { ...before, price: { ...before.price, output: '15' } }), {
    price: { ...NO_PRICES, inputUsdPerMillion: 3, outputUsdPerMillion: 15, tiers: [] },
  });
  assert.equal(updateInput(before, { ...before, name: ' ' }), undefined);
});

test('emptyTier() has a key of its own', () => {
  const first = emptyTier([]);
  assert.deepEqual([first.key, emptyTier([first, { ...first, key: 7 }]).key], [0, 8]);
});

test('namesIn() takes commas and line breaks apart, each name once', () => {
  assert.deepEqual(namesIn(' a, b\nb ,, c d'), ['a', 'b', 'c d']);
});

test('priceStateOf() tells who states the prices, and when some provider has none', () => {
  const own = { ...PRICE, source: 'OVERRIDE' as const };
  const states = [mapped(PRICE), mapped(own), mapped(null), mapped(PRICE, null), MODEL].map(priceStateOf);
  assert.deepEqual(states, ['table', 'override', 'none', 'mixed', 'table']);
  assert.equal(hasSeveralPrices(mapped(PRICE, PRICE)), false);
  assert.equal(hasSeveralPrices(mapped(PRICE, { ...PRICE, outputUsdPerMillion: 16 })), true);
});

test('typicalRequest() is the mean of what providers reported, and costs what its parts do', () => {
  assert.equal(typicalRequest(null), null);
  assert.equal(typicalRequest(use({ inputTokens: 5 })), null);
  const typical = typicalRequest(
    use({
      reportedRequests: 2,
      inputTokens: 20_000,
      cacheReadTokens: 12_000,
      cacheWriteTokens: 4_000,
      outputTokens: 1_000,
    }),
  );
  assert.deepEqual(typical, { fresh: 2_000, read: 6_000, written: 2_000, output: 500 });
  assert.ok(typical);
  assert.equal(inputOf(typical), 10_000);
  // (2,000 × $3 + 6,000 × $0.30 + 2,000 × $3.75 + 500 × $15) per million.
  assert.equal(costOf(typical, PRICE).toFixed(6), '0.022800');
});

test('spentUsd() does not take requests without a price for free ones', () => {
  assert.equal(spentUsd(null), null);
  assert.equal(spentUsd(use({})), 0);
  assert.equal(spentUsd(use({ total: 4, unpricedRequests: 4 })), null);
  assert.equal(spentUsd(use({ total: 4, unpricedRequests: 1, costUsd: 0.5 })), 0.5);
});

test('tableOf() takes a price version apart', () => {
  assert.deepEqual(tableOf(PRICE.version), {
    table: 'genai-prices',
    version: '0.1.8',
    entry: 'anthropic/claude-sonnet-4-5',
  });
  assert.deepEqual(tableOf('override'), { table: 'override', version: '', entry: '' });
});

test('ordered() sorts by figures, those without one last', () => {
  const models = ['a', 'b', 'c'].map((id) => ({
    ...MODEL,
    id,
    name: id,
    effectivePrice: id === 'b' ? null : PRICE,
  }));
  const uses = new Map([
    ['a', use({ total: 1, hitRate: 0.5 })],
    ['c', use({ total: 9, hitRate: 0.2 })],
  ]);
  for (const [order, expected] of [
    ['name', 'abc'],
    ['-name', 'cba'],
    ['-requests', 'cab'],
    ['requests', 'bac'],
    ['-hits', 'acb'],
    ['hits', 'cab'],
    ['-price', 'acb'],
  ] as const) {
    const found = ordered(models, order, (id) => uses.get(id) ?? null);
    assert.equal(found.map(({ id }) => id).join(''), expected, order);
  }
  assert.deepEqual([orderOf('x'), orderOf('-spend')], ['name', '-spend']);
  assert.deepEqual([needsAllRows('name'), needsAllRows('-name')], [false, true]);
});

test('shownRows() filters by text and by provider', () => {
  const name = {
    mappingName: 'fast',
    globalModelName: 'haiku',
    globalModelDisplayName: null,
    providers: ['one'],
    ttlSeconds: 9,
    hits: 1,
  };
  const pair = {
    providerId: 'p1',
    providerName: 'one',
    globalModelId: 'm1',
    globalModelName: 'haiku',
    globalModelDisplayName: 'Haiku',
    providerModelName: 'haiku-2026',
    aliases: ['fast'],
    ttlSeconds: 9,
    hitCount: 1,
  };
  const unmapped = { mappingName: 'gpt-9', status: 'NOT_FOUND' as const, ttlSeconds: 9, hits: 0 };
  const cache = { mappings: [name], providerModelMappings: [pair], unmapped: [unmapped] };
  const countsOf = (search: string, providerId: string | null, providerName: string | null) => {
    const { names, pairs, unmapped: rest } = shownRows(cache, { search, providerId, providerName });
    return [names.length, pairs.length, rest.length];
  };
  assert.deepEqual(countsOf('', null, null), [1, 1, 1]);
  assert.deepEqual(countsOf('FAST', null, null), [1, 1, 0]);
  assert.deepEqual(countsOf('gpt', null, null), [0, 0, 1]);
  assert.deepEqual(countsOf('', 'p1', 'one'), [1, 1, 0]);
  assert.deepEqual(countsOf('', 'p2', 'two'), [0, 0, 0]);
});

test('endOf() is the moment at which so many seconds have passed', () => {
  assert.equal(endOf(Date.UTC(2026, 0, 1), 90), '2026-01-01T00:01:30.000Z');
});

test('isCut() says that more entries may be kept than were read, until all were asked for', () => {
  assert.deepEqual([isCut(999, 1_000), isCut(1_000, 1_000), isCut(5_000, 5_000)], [false, true, false]);
});
