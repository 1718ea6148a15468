// Every subscription: order, filters, pace, and when it ends.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createClient } from 'graphql-sse';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import { MAX_SUBSCRIPTIONS } from '../../server/graphql/desk.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import {
  ADMIN_TOKEN,
  type Bench,
  type CallOptions,
  graphqlRequest,
  ORIGIN,
  openBench,
  sampleAccount,
} from './admin-bench.ts';
import { settle, subscribe } from './event-stream.ts';
import { sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

const PASSWORD = 'correct horse battery';
const REQUEST_LOGGED = 'subscription { requestLogged { requestId } }';

async function logIn(bench: Bench): Promise<CallOptions> {
  const result = await bench.parts.sessions.setup(await bench.parts.sessions.issueSetupToken(), PASSWORD);
  assert.ok(result.isGranted);
  return { bearer: null, cookie: `warmpath-session=${result.token}` };
}

test('a subscription answers as an event stream that starts with a ping', async () => {
  const bench = await openBench();
  const headers = { accept: 'text/event-stream' };
  const response = await bench.api.fetch(graphqlRequest({ query: REQUEST_LOGGED }, { headers }), {
    isLoopback: true,
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.equal(new TextDecoder().decode(first?.value), ':\n\n');
  await reader?.cancel();
});

test('requestLogged gives every row that matches, in order', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const query =
    'subscription { requestLogged(filter: { minStatus: 400, apiKeyName: "ADA" }) { requestId status account { name } } }';
  const stream = await subscribe(bench, query);
  await settle();
  for (let n = 0; n < 100; n += 1) {
    const row = sampleRow(`r${n}`, {
      status: n % 2 === 0 ? 200 : 429,
      apiKeyName: n === 51 ? 'robot' : 'ada-laptop',
    });
    bench.live.publish({ kind: 'request', row });
  }
  const expected = Array.from({ length: 50 }, (_, n) => 2 * n + 1).filter((n) => n !== 51);
  for (const n of expected) {
    const { event, data } = await stream.next();
    assert.equal(event, 'next');
    assert.deepEqual(data, {
      data: { requestLogged: { requestId: `req-r${n}`, status: 429, account: { name: 'team-a' } } },
    });
  }
  await stream.cancel();
});

test('requestLogged misses nothing between its answer and the first read', async () => {
  const bench = await openBench();
  const headers = { accept: 'text/event-stream' };
  const request = graphqlRequest({ query: REQUEST_LOGGED }, { headers });
  const response = await bench.api.fetch(request, { isLoopback: true });
  bench.live.publish({ kind: 'request', row: sampleRow('early') });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('req-early')) text += (await reader?.read())?.value;
  await reader?.cancel();
});

test('affinityChanged tells what happened, where from and where to', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const query = `subscription { affinityChanged(filter: { userId: "${encodeGlobalId('User', 'u1')}" }) {
    kind at reason reasonCode reasonDetail accountBefore { name } accountAfter { name } affinity { id sessionId account { name } } } }`;
  const stream = await subscribe(bench, query);
  await settle();
  const event: AffinityEvent = {
    kind: 'moved',
    atMs: bench.clock.nowMs(),
    code: 'account-resting',
    reason: 'the account rests too long: rate limited (429 busy)',
    accountIdBefore: 'a1',
    accountIdAfter: 'a2',
    binding: sampleBinding('b1', { accountId: 'a2' }),
  };
  bench.live.publish({
    kind: 'affinity',
    event: { ...event, binding: sampleBinding('other', { userId: null, apiKeyId: 'k3' }) },
  });
  bench.live.publish({
    kind: 'affinity',
    event: { ...event, binding: sampleBinding('gone', { accountId: 'gone' }) },
  });
  bench.live.publish({ kind: 'affinity', event });
  assert.deepEqual((await stream.next()).data.data.affinityChanged, {
    kind: 'MOVED',
    at: '2026-11-21T22:00:00.000Z',
    reason: 'the account rests too long: rate limited (429 busy)',
    reasonCode: 'ACCOUNT_RESTING',
    reasonDetail: '429 busy',
    accountBefore: { name: 'team-a' },
    accountAfter: { name: 'team-b' },
    affinity: { id: encodeGlobalId('Affinity', 'b1'), sessionId: 'session-b1', account: { name: 'team-b' } },
  });
  await stream.cancel();
});

test('affinityChanged and cleared tell of an admin clear, and of a deletion', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([sampleBinding('b1'), sampleBinding('b2', { accountId: 'a2' })]);
  const changes = await subscribe(
    bench,
    'subscription { affinityChanged { kind reason affinity { id account { name provider { name } } } } }',
  );
  const cleared = await subscribe(
    bench,
    'subscription { cleared { subject at actor clearedCount message } }',
  );
  await settle();
  await bench.ask('mutation { deleteAccount(id: "a2") { deletedId } }');
  await bench.ask('mutation { clearAllAffinities { clearedCount } }', {});
  const provider = { name: 'anthropic' };
  assert.deepEqual((await changes.next()).data.data.affinityChanged, {
    kind: 'CLEARED',
    reason: 'its account was deleted',
    affinity: { id: encodeGlobalId('Affinity', 'b2'), account: { name: 'team-b', provider } },
  });
  assert.equal((await changes.next()).data.data.affinityChanged.reason, 'cleared by an administrator');
  assert.deepEqual((await cleared.next()).data.data.cleared, {
    subject: 'AFFINITIES',
    at: '2026-11-21T22:00:00.000Z',
    actor: 'admin-token',
    clearedCount: 1,
    message: 'Cleared 1 affinity of everybody',
  });
  await Promise.all([changes.cancel(), cleared.cancel()]);
});

test('cleared names the panel when a session did it', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1'));
  const asPanel = await logIn(bench);
  const stream = await subscribe(bench, 'subscription { cleared { actor subject } }', asPanel);
  await settle();
  await bench.call('mutation { clearRequestLogs { clearedCount } }', {}, asPanel);
  assert.deepEqual((await stream.next()).data.data.cleared, { actor: 'panel', subject: 'REQUEST_LOGS' });
  await stream.cancel();
});

test('affinityStats comes at once, then at most once a second and only when changed', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const stream = await subscribe(bench, 'subscription { affinityStats { activeAffinities } }');
  const active = async () => (await stream.next()).data.data.affinityStats.activeAffinities;
  assert.equal(await active(), 0);
  await bench.clock.advance(10_000);
  bench.affinity.restore([sampleBinding('b1'), sampleBinding('b2')]);
  await bench.clock.advance(500);
  bench.affinity.restore([sampleBinding('b3')]);
  await bench.clock.advance(500);
  assert.equal(await active(), bench.affinity.list().length);
  bench.affinity.clear(() => true, 'cleared');
  await bench.clock.advance(1000);
  assert.equal(await active(), 0);
  await stream.cancel();
});

test('accountChanged comes at once, then at most once a second for each account', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const stream = await subscribe(bench, 'subscription { accountChanged { name inFlight } }');
  const next = async () => (await stream.next()).data.data.accountChanged;
  await settle();
  const publish = (accountId: string) => bench.live.publish({ kind: 'account', accountId });
  publish('a1');
  assert.deepEqual(await next(), { name: 'team-a', inFlight: 0 });
  for (let n = 0; n < 5; n += 1) {
    bench.slots.take(sampleAccount(bench, 'a1'));
    publish('a1');
  }
  publish('gone');
  publish('a2');
  assert.deepEqual(await next(), { name: 'team-b', inFlight: 0 });
  await bench.clock.advance(1000);
  assert.deepEqual(await next(), { name: 'team-a', inFlight: 5 });
  await bench.ask('mutation { setAccountPaused(id: "a3", paused: true) { errors { code } } }');
  assert.deepEqual(await next(), { name: 'gpu', inFlight: 0 });
  await stream.cancel();
});

test('a subscription ends with logout, a new setup and the expiry of its session', async () => {
  const endings: ((bench: Bench, asPanel: CallOptions) => Promise<unknown>)[] = [
    (bench, asPanel) => bench.call('mutation { logout { errors { code } } }', {}, asPanel),
    async (bench) => bench.parts.sessions.setup(await bench.parts.sessions.issueSetupToken(), PASSWORD),
    (bench) => bench.clock.advance(24 * 3600_000 + 15_000),
    async (bench) => {
      bench.adminStore.sessions.clear();
      await bench.clock.advance(15_000);
    },
  ];
  for (const end of endings) {
    const bench = await openBench({ rows: sampleRows() });
    const asPanel = await logIn(bench);
    const stream = await subscribe(bench, REQUEST_LOGGED, asPanel);
    await settle();
    bench.live.publish({ kind: 'request', row: sampleRow('r1') });
    assert.equal((await stream.next()).event, 'next');
    const waiting = stream.next();
    await end(bench, asPanel);
    bench.live.publish({ kind: 'request', row: sampleRow('r2') });
    assert.deepEqual(await waiting, { event: 'complete', data: null });
    assert.equal((await stream.next()).event, 'closed');
    assert.equal(bench.clock.pendingTimers, 0);
    assert.equal(bench.live.has('request'), false);
  }
});

test('a subscription ends when its admin token is revoked, and others go on', async () => {
  const bench = await openBench();
  const issued = { name: 'ci', role: 'viewer', expiresAtMs: null } as const;
  const { secret } = await bench.parts.adminTokens.issue({ ...issued, id: 't1' });
  const other = await bench.parts.adminTokens.issue({ ...issued, id: 't2', name: 'cd' });
  const stream = await subscribe(bench, REQUEST_LOGGED, { bearer: secret });
  const goingOn = await subscribe(bench, REQUEST_LOGGED, { bearer: other.secret });
  await settle();
  const waiting = stream.next();
  await bench.ask('mutation { revokeAdminToken(id: "t1") { errors { code } } }');
  assert.deepEqual(await waiting, { event: 'complete', data: null });
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  assert.equal((await goingOn.next()).event, 'next');
  await goingOn.cancel();
});

test('a subscription outlives a session store that fails for a while', async () => {
  const bench = await openBench();
  const stream = await subscribe(bench, REQUEST_LOGGED, await logIn(bench));
  await settle();
  const find = bench.adminStore.findSession.bind(bench.adminStore);
  bench.adminStore.findSession = () => Promise.reject(new Error('busy'));
  await bench.clock.advance(60_000);
  bench.adminStore.findSession = find;
  await bench.clock.advance(15_000);
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  assert.equal((await stream.next()).event, 'next');
  await stream.cancel();
});

for (const name of [
  'requestLogged { id }',
  'affinityChanged { at }',
  'cleared { at }',
  'affinityStats { scheduler }',
  'accountChanged { id }',
]) {
  test(`${name} leaves nothing behind when the client goes`, async () => {
    const bench = await openBench();
    const stream = await subscribe(bench, `subscription { ${name} }`, await logIn(bench));
    await settle();
    await stream.cancel();
    await settle();
    assert.equal(bench.clock.pendingTimers, 0);
    for (const kind of ['request', 'affinity', 'cleared', 'account'] as const)
      assert.equal(bench.live.has(kind), false);
  });
}

test('a session has so many subscriptions and no more, until one ends', async () => {
  const bench = await openBench();
  const streams = await Promise.all(
    Array.from({ length: MAX_SUBSCRIPTIONS }, () => subscribe(bench, REQUEST_LOGGED)),
  );
  const refused = await subscribe(bench, REQUEST_LOGGED);
  assert.equal(refused.response.status, 429);
  assert.equal((await refused.next()).data.errors[0].extensions.code, 'TOO_MANY_SUBSCRIPTIONS');
  await refused.cancel();
  const panel = await subscribe(bench, REQUEST_LOGGED, await logIn(bench));
  await streams[0]?.cancel();
  await settle();
  const again = await subscribe(bench, REQUEST_LOGGED);
  assert.equal(again.response.status, 200);
  await Promise.all([again, panel, ...streams.slice(1)].map((stream) => stream.cancel()));
});

test('a reader that falls too far behind is ended with an error that tells it so', async () => {
  const bench = await openBench();
  const slow = await subscribe(bench, REQUEST_LOGGED);
  const other = await subscribe(bench, 'subscription { cleared { at } }');
  await settle();
  for (let n = 0; n < 10_010; n += 1) bench.live.publish({ kind: 'request', row: sampleRow(`r${n}`) });
  let last = await slow.next();
  while (last.event === 'next' && last.data.data) last = await slow.next();
  assert.equal(last.data.errors[0].extensions.code, 'SUBSCRIPTION_TOO_SLOW');
  assert.deepEqual(await slow.next(), { event: 'complete', data: null });
  assert.deepEqual(bench.logged, []);
  assert.equal(bench.live.has('request'), false);
  assert.equal(bench.live.has('cleared'), true);
  await other.cancel();
});

test('graphql-sse follows a subscription in distinct connections', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const client = createClient({
    url: `${ORIGIN}/graphql`,
    retryAttempts: 0,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    fetchFn: (url: string, init: RequestInit) => fetchAborting(bench, url, init),
  });
  const events = client.iterate<{ requestLogged: { requestId: string } }>({ query: REQUEST_LOGGED });
  const first = events.next();
  while (!bench.live.has('request')) await settle();
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  bench.live.publish({ kind: 'request', row: sampleRow('r2') });
  assert.deepEqual((await first).value, { data: { requestLogged: { requestId: 'req-r1' } } });
  assert.deepEqual((await events.next()).value, { data: { requestLogged: { requestId: 'req-r2' } } });
  await events.return?.();
  while (bench.live.has('request')) await settle();
  const query = client.iterate({ query: '{ build { version } }' });
  assert.deepEqual((await query.next()).value, { data: { build: { version: '0.1.0' } } });
  assert.equal((await query.next()).done, true);
  client.dispose();
});

test('graphql-sse is told at once that it has no access', async () => {
  const bench = await openBench();
  const client = createClient({
    url: `${ORIGIN}/graphql`,
    retryAttempts: 0,
    fetchFn: (url: string, init: RequestInit) => fetchAborting(bench, url, init),
  });
  await assert.rejects(async () => {
    for await (const event of client.iterate({ query: REQUEST_LOGGED })) {
      throw new Error(`unexpected ${JSON.stringify(event)}`);
    }
  }, /Unauthorized|401/);
  client.dispose();
});

/** What a network does: it buffers a little, and aborting the request cancels the reply's body on the server. */
async function fetchAborting(bench: Bench, url: string, init: RequestInit): Promise<Response> {
  const { signal, ...rest } = init;
  const response = await bench.api.fetch(new Request(url, rest), { isLoopback: true });
  const wire = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 16 }, { highWaterMark: 16 });
  return new Response(response.body?.pipeThrough(wire, signal ? { signal } : {}) ?? null, response);
}
