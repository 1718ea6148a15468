// The whole handler without sockets: paths, health, and conversations that stay warm at the demo upstream.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createApp } from '../server/app.ts';
import { demoProviders } from '../server/demo/catalog.ts';
import { createDemoUpstream } from '../server/demo/upstream.ts';
import { buildCatalog } from '../server/gateway/catalog.ts';
import type { CatalogRows, Settings } from '../server/gateway/ports.ts';
import { upstreamOfFetch } from '../server/upstream/fetch-upstream.ts';
import { ADA_KEY, account, createBench, overPauses, rowsOf } from './gateway/fixture.ts';

const INFO = { isLoopback: true, remoteAddress: '127.0.0.1', holdOpen: () => undefined };
const LONG_TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(200);

function demoRows(settings: Partial<Settings>): { rows: CatalogRows; credentials: Map<string, string> } {
  const base = rowsOf({ settings });
  const rows: CatalogRows = { ...base, providers: [], endpoints: [], accounts: [], models: [], mappings: [] };
  const credentials = new Map<string, string>();
  for (const provider of demoProviders()) {
    rows.providers.push({ id: provider.name, name: provider.name, allowPrivateNetwork: false });
    for (const endpoint of provider.endpoints)
      rows.endpoints.push({ ...endpoint, id: provider.name, providerId: provider.name });
    const credentialOrigins = provider.endpoints.map(({ baseUrl }) => new URL(baseUrl).origin);
    for (const { name, credential, maxConcurrent } of provider.accounts) {
      rows.accounts.push({
        ...account({ name, providerId: provider.name, maxConcurrent, credentialOrigins }),
        sealedCredential: '',
      });
      credentials.set(name, credential);
    }
    for (const { model, displayName, upstreamModel, aliases } of provider.models) {
      rows.models.push({
        id: model,
        name: model,
        displayName,
        price: null,
        routePolicy: null,
        routeProfile: null,
      });
      rows.mappings.push({ id: model, providerId: provider.name, modelId: model, upstreamModel, aliases });
    }
  }
  return { rows, credentials };
}

function createHouse(settings: Partial<Settings> = {}) {
  const bench = createBench(() => new Response(null, { status: 500 }));
  const upstream = createDemoUpstream({ clock: bench.clock, latency: 0 });
  const { rows, credentials } = demoRows(settings);
  const catalog = buildCatalog(rows, credentials);
  let problem: string | null = null;
  const app = createApp({
    gateway: { ...bench.parts, catalog: () => catalog, upstream: upstreamOfFetch(upstream.fetch) },
    admin: { fetch: () => Promise.resolve(new Response('admin')) },
    rest: { fetch: () => null },
    panel: (request) => (new URL(request.url).pathname === '/' ? new Response('panel') : null),
    metrics: () => Promise.resolve(new Response('metrics')),
    whyNotReady: () => problem,
  });
  return {
    app,
    bench,
    upstream,
    drain: () => {
      problem = 'draining';
    },
  };
}

/** One more turn of a coding agent's conversation: everything before it and a new question, marked for caching. */
function turn(questions: readonly string[], stream = false): string {
  const messages = questions.map((text, index) => {
    const isLast = index === questions.length - 1;
    return {
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text, ...(isLast ? { cache_control: { type: 'ephemeral' } } : {}) }],
    };
  });
  const system = [{ type: 'text', text: LONG_TEXT, cache_control: { type: 'ephemeral' } }];
  return JSON.stringify({ model: 'claude-sonnet-5', max_tokens: 20, stream, system, messages });
}

const post = (body: string, session: string) =>
  new Request('http://gateway.test/v1/messages', {
    method: 'POST',
    body,
    headers: { 'x-api-key': ADA_KEY, 'session-id': session },
  });

for (const [path, status] of [
  ['/livez', 200],
  ['/healthz', 200],
  ['/health/liveness', 200],
  ['/readyz', 200],
  ['/health/readiness', 200],
  ['/metrics', 200],
  ['/', 200],
  ['/graphql', 200],
  ['/graphql/stream', 200],
  ['/admin/export/requests.csv', 200],
  ['/nothing-here', 404],
] as const) {
  test(`createApp() answers GET ${path} with ${status}`, async () => {
    assert.equal((await createHouse().app(new Request(`http://gateway.test${path}`), INFO)).status, status);
  });
}

test('createApp() is live but not ready while it drains', async () => {
  const { app, drain } = createHouse();
  drain();
  const status = async (path: string) => (await app(new Request(`http://gateway.test${path}`), INFO)).status;
  assert.deepEqual([await status('/livez'), await status('/readyz')], [200, 503]);
});

test('createApp() says why it is not ready, and nothing but that it is not to HEAD', async () => {
  const { app, drain } = createHouse();
  const readyz = (method: string) => app(new Request('http://gateway.test/readyz', { method }), INFO);
  assert.equal(await (await readyz('GET')).text(), 'ok\n');
  drain();
  assert.equal(await (await readyz('GET')).text(), 'draining\n');
  const head = await readyz('HEAD');
  assert.deepEqual([head.status, await head.text()], [503, '']);
});

test('createApp() lets the data plane know who is at the other end of the connection', async () => {
  const { app, bench } = createHouse();
  Object.assign(bench.catalog.apiKeys.get('ada') ?? assert.fail(), { allowedIps: ['192.0.2.0/24'] });
  const from = async (remoteAddress: string) =>
    (await app(post(turn(['hi'], false), 's'), { ...INFO, remoteAddress })).status;
  assert.deepEqual([await from('192.0.2.7'), await from('192.0.3.7')], [200, 403]);
});

test('createApp() keeps a growing conversation warm: every turn reads what the turn before it wrote', async () => {
  const { app, bench } = createHouse();
  const questions: string[] = [];
  for (let i = 0; i < 5; i++) {
    questions.push(`Question ${i}: ${LONG_TEXT}`);
    await (await app(post(turn(questions, i % 2 === 1), 's'), INFO)).text();
    questions.push(`Answer ${i}`);
    await bench.clock.advance(60_000);
  }
  const rows = bench.rows;
  assert.deepEqual(
    rows.map(({ affinity }) => affinity),
    ['new', 'hit', 'hit', 'hit', 'hit'],
  );
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    assert.equal(
      row.cacheReadTokens,
      before ? (before.cacheReadTokens ?? 0) + (before.cacheWriteTokens ?? 0) : 0,
    );
  }
});

test('createApp() finds more in the prompt cache with affinity than by rotation', async () => {
  const readShare = async (settings: Partial<Settings>) => {
    const { app, bench } = createHouse(settings);
    const questions: string[] = [];
    for (let i = 0; i < 4; i++) {
      questions.push(`Question ${i}: ${LONG_TEXT}`);
      for (const session of ['s1', 's2'])
        await (await app(post(turn([session, 'ok', ...questions]), session), INFO)).text();
      questions.push(`Answer ${i}`);
    }
    const sum = (pick: (row: (typeof bench.rows)[number]) => number | null) =>
      bench.rows.reduce((total, row) => total + (pick(row) ?? 0), 0);
    return sum((row) => row.cacheReadTokens) / sum((row) => row.inputTokens);
  };
  const warm = await readShare({});
  const rotated = await readShare({ affinity: { enabled: false, ttlSeconds: 300, scope: 'session' } });
  assert.ok(warm > rotated * 1.5, `${warm} and ${rotated}`);
});

test('createApp() carries on elsewhere when a demo account is made to fail', async () => {
  const { app, bench, upstream } = createHouse();
  await (await app(post(turn(['hi']), 's'), INFO)).text();
  upstream.setFailure('anthropic-a', 'overloaded-in-stream');
  const reply = await overPauses(app(post(turn(['hi', 'ok', 'more'], true), 's'), INFO), bench.clock);
  assert.equal(reply.status, 200);
  assert.match(await reply.text(), /message_stop/);
  assert.deepEqual(
    bench.rows[1]?.attempts.map(({ outcome }) => outcome),
    ['retryable', 'ok'],
  );
});
