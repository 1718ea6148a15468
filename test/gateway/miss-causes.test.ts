// Why prompts are cold, from the request to its row, next to accounts whose caches follow Anthropic's rules.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS, type RequestRow } from '../../server/gateway/ports.ts';
import type { MissCause } from '../../server/gateway/route-record.ts';
import type { WarmthScope } from '../../server/gateway/routing-settings.ts';
import {
  accountsOf,
  type CachingBench,
  type CachingOptions,
  createCachingBench,
  type PromptOptions,
  promptOf,
} from './caching-accounts.ts';
import { BOB_KEY, gatewayTest, type SendOptions } from './fixture.ts';

/** USD per million tokens of Claude Sonnet 4.5, as published: input, read, written for 5 minutes. */
const PRICES = { input: 3, read: 0.3, write: 3.75 };
/** Each miss is rounded by itself. */
const ROUNDING_NANO_USD = 10;

function benchOf(options: CachingOptions = {}): CachingBench {
  return createCachingBench({ accounts: accountsOf('ab', 4), ...options });
}

/** Every cold token has a cause, and its price is the difference to a read. */
function assertWhole({ misses, inputTokens, cacheReadTokens, cacheWriteTokens }: RequestRow): void {
  const coldTokens = (inputTokens ?? 0) - (cacheReadTokens ?? 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  assert.ok(misses);
  assert.equal(sum(misses.map(({ tokens }) => tokens)), coldTokens);
  const writtenTokens = cacheWriteTokens ?? 0;
  const { input, read, write } = PRICES;
  // USD per million tokens × tokens × 1000 = nano-USD.
  const expected = 1_000 * (writtenTokens * (write - read) + (coldTokens - writtenTokens) * (input - read));
  const found = sum(misses.map(({ costNanoUsd }) => costNanoUsd ?? Number.NaN));
  assert.ok(Math.abs(found - expected) <= ROUNDING_NANO_USD, `${found} instead of ${expected} nano-USD`);
}

interface Expected {
  cause: MissCause | null;
  detail?: string | RegExp | null;
  /** Of the cause, at least. */
  tokens?: number;
}

function assertMiss(row: RequestRow, { cause, detail, tokens = 1 }: Expected): void {
  assertWhole(row);
  assert.equal(row.missCause, cause, JSON.stringify(row.misses));
  const miss = row.misses?.find((each) => each.cause === (cause ?? 'new-content'));
  assert.ok((miss?.tokens ?? 0) >= tokens, `${miss?.tokens} tokens`);
  if (detail instanceof RegExp) assert.match(miss?.detail ?? '', detail);
  else if (detail !== undefined) assert.equal(miss?.detail, detail);
}

const session = 's';
const ask = (bench: CachingBench, prompt: PromptOptions = {}, more: SendOptions = {}) =>
  bench.ask({ session, prompt, ...more });

gatewayTest('handleExchange() calls the first request of a conversation a cold start', async () => {
  const { row } = await ask(benchOf());
  assertMiss(row, { cause: 'cold-start', detail: null, tokens: row.inputTokens ?? 0 });
});

gatewayTest('handleExchange() blames nobody for what was never sent before', async () => {
  const bench = benchOf();
  for (const turns of [1, 2, 3]) await ask(bench, { turns });
  const { row } = await ask(bench, { turns: 4 });
  assertMiss(row, { cause: null });
  assert.ok((row.cacheReadTokens ?? 0) > 6_000 && row.misses?.length === 1);
  assert.equal(row.prefixParentId, bench.rows[2]?.id);
  const shared = row.prefixSharedTokens ?? 0;
  assert.ok(Math.abs(shared - (row.cacheReadTokens ?? 0)) < 0.05 * shared, `${shared} tokens shared`);
});

for (const { pauseMs, detail } of [
  { pauseMs: 412_000, detail: 'unused for 412 s' },
  { pauseMs: 7_500_000, detail: 'unused for 2 h 5 min' },
]) {
  gatewayTest(`handleExchange() tells how long an expired prefix was ${detail}`, async () => {
    const bench = benchOf();
    await ask(bench);
    await bench.clock.advance(pauseMs);
    const { row } = await ask(bench, { turns: 2 });
    assertMiss(row, { cause: 'ttl-expired', detail, tokens: 6_000 });
    assert.equal(row.accountId, 'a');
  });
}

gatewayTest('handleExchange() says from where and why a prompt moved', async () => {
  const bench = benchOf({ accounts: accountsOf('ab', 1) });
  await ask(bench);
  const held = await bench.hold({ session, prompt: { turns: 2 } });
  const { row } = await ask(bench, { turns: 2 }, { headers: { 'x-warmpath-max-wait': '0' } });
  assert.equal(row.accountId, 'b');
  const detail = 'warm on a; the bound account was full; the binding stays';
  assertMiss(row, { cause: 'account-moved', detail, tokens: 6_000 });
  await held.end();
});

/** The body with one of its messages rewritten. */
function withMessage(prompt: PromptOptions, index: number): string {
  const body = JSON.parse(promptOf(prompt));
  body.messages[index].content[0].text = `Something else ${'was said here '.repeat(20)}`;
  return JSON.stringify(body);
}

const LONG = { systemTokens: 2_000, turns: 6, tools: ['grep', 'sed'] };

for (const { what, body, detail } of [
  { what: 'tools', body: promptOf({ ...LONG, turns: 7, tools: ['grep', 'awk'] }), detail: 'tools' },
  { what: 'a tool left out', body: promptOf({ ...LONG, turns: 7, tools: ['grep'] }), detail: 'tools' },
  { what: 'the system prompt', body: promptOf({ ...LONG, turns: 7, about: 'lexers' }), detail: 'system' },
  {
    what: 'thinking',
    body: promptOf({ ...LONG, turns: 7, fields: { thinking: { type: 'enabled', budget_tokens: 1_024 } } }),
    detail: 'message 0',
  },
  { what: 'the first message', body: withMessage({ ...LONG, turns: 7 }, 0), detail: 'message 0' },
  { what: 'a message in the middle', body: withMessage({ ...LONG, turns: 7 }, 4), detail: 'message 4' },
]) {
  gatewayTest(`handleExchange() tells where a prompt was changed: ${what}`, async () => {
    const bench = benchOf();
    await ask(bench, LONG);
    const { row } = await ask(bench, {}, { body });
    assertMiss(row, { cause: 'prefix-changed', detail });
    assert.equal(row.expectedWarmTokens === 0, detail === 'tools' || detail === 'system');
  });
}

gatewayTest('handleExchange() knows prompts that are too short for the cache', async () => {
  const bench = benchOf();
  await ask(bench, { systemTokens: 700 });
  const { row } = await ask(bench, { systemTokens: 700 });
  assertMiss(row, { cause: 'below-minimum', detail: 'the prompt is below 1024 tokens', tokens: 700 });
});

gatewayTest('handleExchange() knows how far back a cache mark looks', async () => {
  const bench = benchOf();
  const prompt: PromptOptions = { systemTokens: 4_000, marks: ['last'] };
  await ask(bench, prompt);
  const { row } = await ask(bench, { ...prompt, turns: 2, blocks: 25 });
  const detail = 'more than 20 new blocks before a cache mark';
  assertMiss(row, { cause: 'lookback-exceeded', detail, tokens: 4_000 });
  assert.equal(row.expectedWarmTokens, 0);
});

gatewayTest('handleExchange() names the model before', async () => {
  const bench = benchOf();
  await ask(bench, { model: 'other' });
  const { row } = await ask(bench, { turns: 2 });
  assertMiss(row, { cause: 'model-changed', detail: 'the model was other', tokens: 6_000 });
});

gatewayTest('handleExchange() knows the settings and headers that a cache depends on', async () => {
  for (const { first, second, detail } of [
    {
      first: {},
      second: { prompt: { fields: { mcp_servers: [{ type: 'url', url: 'https://x.test', name: 'x' }] } } },
      detail: 'a setting that the cache depends on',
    },
    {
      first: {},
      second: { headers: { 'anthropic-beta': 'context-1m-2025-08-07' } },
      detail: 'a header that the cache depends on',
    },
  ]) {
    const bench = benchOf();
    await bench.ask({ session, ...first });
    bench.forget('a');
    const { row } = await bench.ask({ session, ...second });
    assertMiss(row, { cause: 'model-changed', detail, tokens: 6_000 });
  }
});

gatewayTest('handleExchange() notices what a provider dropped before its time', async () => {
  const bench = benchOf();
  await ask(bench);
  await bench.clock.advance(60_000);
  bench.forget('a');
  const { row } = await ask(bench, { turns: 2 });
  assert.ok((row.expectedWarmTokens ?? 0) > 6_000);
  assertMiss(row, {
    cause: 'evicted-upstream',
    detail: '240 s before it would have expired',
    tokens: 6_000,
  });
});

gatewayTest('handleExchange() knows what cannot be cached', async () => {
  const unmarked = benchOf();
  await ask(unmarked, { marks: [] });
  const again = await ask(unmarked, { marks: [], turns: 2 });
  assertMiss(again.row, { cause: 'not-cacheable', tokens: 6_000 });
  const accounts = [{ name: 'a', cacheTtlMinutes: 0 }];
  const uncached = benchOf({ accounts, uncached: ['a'] });
  await ask(uncached);
  const { row } = await ask(uncached, { turns: 2 });
  assertMiss(row, { cause: 'not-cacheable', tokens: 6_000 });
  assert.deepEqual([row.expectedWarmTokens, row.affinityCode], [0, 'account-does-not-cache']);
});

gatewayTest('handleExchange() puts no price on the cold tokens of a model without one', async () => {
  const bench = benchOf();
  await ask(bench, { model: 'other' });
  await bench.clock.advance(400_000);
  const { row } = await ask(bench, { model: 'other', turns: 2 });
  assert.deepEqual([row.missCause, row.costNanoUsd, row.route?.isUnpriced], ['ttl-expired', null, true]);
  assert.deepEqual([...new Set(row.misses?.map(({ costNanoUsd }) => costNanoUsd))], [null]);
  assert.equal(
    row.misses?.reduce((sum, { tokens }) => sum + tokens, 0),
    row.inputTokens,
  );
});

gatewayTest("handleExchange() reckons with an account's own factor on list prices", async () => {
  const bench = benchOf({ accounts: [{ name: 'a', rateMultiplier: 0.5 }] });
  const { row } = await ask(bench);
  const written = row.cacheWriteTokens ?? 0;
  assert.equal(row.misses?.[0]?.costNanoUsd, Math.round(500 * written * (PRICES.write - PRICES.read)));
});

gatewayTest('handleExchange() explains nothing where the provider reports no cache counts', async () => {
  const bench = benchOf();
  const reply = bench.ask({ session, prompt: { isStreamed: true } });
  await bench.clock.advance(0);
  bench.held[0]?.answer(Response.json({ type: 'message', content: [] }));
  const { row } = await reply;
  assert.deepEqual([row.misses, row.missCause], [null, null]);
});

/** Two callers with the same prompt, the second one twice. */
async function twoTenants(warmthScope: WarmthScope) {
  const bench = benchOf({ settings: { routing: { ...DEFAULT_SETTINGS.routing, warmthScope } } });
  await ask(bench);
  const bob = await ask(bench, {}, { key: BOB_KEY });
  await bench.clock.advance(400_000);
  const late = await ask(bench, { about: 'parsers', turns: 2 }, { key: BOB_KEY, session: 'another' });
  return { ada: bench.rows[0], bob: bob.row, late: late.row };
}

for (const scope of ['tenant', 'strict'] as const) {
  gatewayTest(`handleExchange() tells a caller nothing of other callers' prompts (${scope})`, async () => {
    const { bob, late } = await twoTenants(scope);
    assert.deepEqual(
      [bob.expectedWarmTokens, bob.prefixParentId, bob.prefixSharedTokens, bob.affinity],
      [0, null, null, 'new'],
    );
    assert.ok(bob.route?.considered.every(({ warmTokens }) => warmTokens === 0));
    for (const { cause, detail } of bob.misses ?? []) assert.deepEqual([cause, detail], ['cold-start', null]);
    // His own are his: another of his sessions sent the same system prompt.
    assert.equal(late.prefixParentId, bob.id);
  });
}

gatewayTest('handleExchange() shares what is warm with everyone where the operator says so', async () => {
  const { ada, bob } = await twoTenants('everyone');
  assert.deepEqual([bob.accountId, bob.prefixParentId], [ada?.accountId, ada?.id]);
  assert.ok((bob.expectedWarmTokens ?? 0) > 6_000 && (bob.cacheReadTokens ?? 0) > 6_000);
  assert.equal(bob.affinity, 'new');
});
