// Bindings through the request path: stickiness, scopes, expiry, unbinding, borrowing, clearing, restart.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import type { Binding } from '../../server/gateway/ports.ts';
import {
  anthropicError,
  type Bench,
  BOB_KEY,
  createBench,
  followEvents,
  message,
  STREAM_END,
  STREAM_START,
  STREAM_TEXT,
  stream,
  type Upstream,
} from './fixture.ts';

const accountsCalled = (bench: Bench) => bench.calls.map(({ account }) => account);

/** Everything goes well, except for what `faults` says per account. */
const upstreamWith =
  (faults: Record<string, () => Response>): Upstream =>
  ({ account }) =>
    faults[account]?.() ?? message();

test('affinity keeps a session on its account and spreads sessions over accounts', async () => {
  const bench = createBench(() => message());
  for (const session of ['s1', 's2', 's1', 's2', 's1']) await bench.send({ session });
  assert.deepEqual(accountsCalled(bench), ['a', 'b', 'a', 'b', 'a']);
  assert.deepEqual(
    bench.rows.map(({ affinity }) => affinity),
    ['new', 'new', 'hit', 'hit', 'hit'],
  );
  const { hits, misses, total } = bench.parts.affinity.counters();
  assert.deepEqual([hits, misses, total], [3, 2, 2]);
});

test('affinity falls back to API key and model where no session is named', async () => {
  const bench = createBench(() => message());
  await bench.send();
  await bench.send({ model: 'other' });
  await bench.send({ key: BOB_KEY });
  await bench.send();
  await bench.send({ model: 'other' });
  assert.deepEqual(accountsCalled(bench), ['a', 'a', 'b', 'a', 'a']);
  assert.equal(bench.parts.affinity.list().length, 3);
});

test('affinity treats an alias and its model as one', async () => {
  const bench = createBench(() => message());
  await bench.send({ model: 'sonnet' });
  await bench.send({ model: 'claude-sonnet-4-5' });
  assert.equal(bench.rows[1]?.affinity, 'hit');
});

test("affinity never offers one caller another caller's session", async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 'same' });
  const bob = await bench.send({ session: 'same', key: BOB_KEY });
  assert.equal(bob.row.affinity, 'new');
  assert.notEqual(bench.rows[0]?.sessionId, bob.row.sessionId);
  assert.equal(bench.parts.affinity.list().length, 2);
});

test('affinity in scope api-key sends all sessions and models of a key to one account', async () => {
  const bench = createBench(() => message(), {
    settings: { affinity: { enabled: true, ttlSeconds: 300, scope: 'api-key' } },
  });
  await bench.send({ session: 's1' });
  await bench.send({ session: 's2' });
  const other = await bench.send({ session: 's3', model: 'other' });
  await bench.send({ key: BOB_KEY });
  assert.deepEqual(accountsCalled(bench), ['a', 'a', 'a', 'b']);
  assert.equal(other.row.affinity, 'hit');
});

test('affinity in scope api-key gives up all bindings of the key when its account is refused', async () => {
  let isBroken = false;
  const bench = createBench(
    ({ account }) => (isBroken && account === 'a' ? anthropicError(401, 'authentication_error') : message()),
    {
      settings: { affinity: { enabled: true, ttlSeconds: 300, scope: 'api-key' } },
    },
  );
  await bench.send();
  await bench.send({ model: 'other' });
  isBroken = true;
  const moved = await bench.send();
  assert.equal(moved.row.affinity, 'moved');
  assert.deepEqual(
    bench.parts.affinity.list().map(({ accountId }) => accountId),
    [moved.row.accountId],
  );
});

test('affinity binds nobody without a key and a session where keys are not required', async () => {
  const bench = createBench(() => message(), { settings: { requireApiKey: false } });
  for (let i = 0; i < 3; i++) await bench.send({ key: null });
  assert.deepEqual(accountsCalled(bench), ['a', 'b', 'c']);
  await bench.send({ key: null, session: 's' });
  const again = await bench.send({ key: null, session: 's' });
  assert.equal(again.row.affinity, 'hit');
  const stranger = await bench.send({ key: 'some-unknown-key-000', session: 's' });
  assert.equal(stranger.row.affinity, 'new');
});

test('affinity switched off rotates and says so', async () => {
  const bench = createBench(() => message(), {
    settings: { affinity: { enabled: false, ttlSeconds: 300, scope: 'session' } },
  });
  for (let i = 0; i < 3; i++) await bench.send({ session: 's' });
  assert.deepEqual(accountsCalled(bench), ['a', 'b', 'c']);
  assert.equal(bench.rows[2]?.affinity, 'off');
});

test('affinity lives as long as its account says after the last use', async () => {
  const bench = createBench(() => message(), {
    accounts: [
      { name: 'a', cacheTtlMinutes: 2 },
      { name: 'b', cacheTtlMinutes: null },
    ],
  });
  await bench.send({ session: 's' });
  await bench.clock.advance(119_999);
  assert.equal((await bench.send({ session: 's' })).row.affinity, 'hit');
  await bench.clock.advance(119_999);
  assert.equal((await bench.send({ session: 's' })).row.affinity, 'hit');
  await bench.clock.advance(120_000);
  assert.equal((await bench.send({ session: 's' })).row.affinity, 'new');
});

test('affinity keeps no binding to an account that does not cache', async () => {
  const bench = createBench(() => message(), {
    accounts: [
      { name: 'a', cacheTtlMinutes: 0 },
      { name: 'b', cacheTtlMinutes: 0 },
    ],
  });
  for (let i = 0; i < 3; i++) await bench.send({ session: 's' });
  assert.deepEqual(accountsCalled(bench), ['a', 'b', 'a']);
  assert.deepEqual(
    [bench.rows[2]?.affinity, bench.rows[2]?.affinityReason],
    ['none', 'the account does not cache'],
  );
});

test('affinity sends two first requests of a session to the same account', async () => {
  const waiting: ((response: Response) => void)[] = [];
  const bench = createBench(() => new Promise((resolve) => waiting.push(resolve)));
  const both = Promise.all([bench.send({ session: 's' }), bench.send({ session: 's' })]);
  await bench.clock.advance(1);
  assert.deepEqual(accountsCalled(bench), ['a', 'a']);
  for (const resolve of waiting) resolve(message());
  await both;
  assert.deepEqual(bench.rows.map(({ affinity }) => affinity).sort(), ['hit', 'new']);
  assert.equal(bench.parts.affinity.counters().total, 1);
});

test('affinity takes a first binding back when its account fails before the first byte', async () => {
  const bench = createBench(upstreamWith({ a: () => anthropicError(500, 'api_error') }));
  const first = await bench.send({ session: 's' });
  assert.deepEqual([first.row.affinity, first.row.accountId], ['new', 'b']);
  assert.deepEqual(
    bench.parts.affinity.list().map(({ accountId }) => accountId),
    ['b'],
  );
});

test('affinity borrows on a short 429 and comes back to the warm account', async () => {
  let isLimited = false;
  const bench = createBench(({ account }) =>
    isLimited && account === 'a'
      ? anthropicError(429, 'rate_limit_error', { 'retry-after': '10' })
      : message(),
  );
  await bench.send({ session: 's' });
  isLimited = true;
  const borrowed = await bench.send({ session: 's' });
  const again = await bench.send({ session: 's' });
  assert.deepEqual(
    [borrowed.row.affinity, borrowed.row.accountId, again.row.affinity, again.row.accountId],
    ['borrowed', 'b', 'borrowed', 'b'],
  );
  isLimited = false;
  await bench.clock.advance(10_000);
  const back = await bench.send({ session: 's' });
  assert.deepEqual([back.row.affinity, back.row.accountId], ['hit', 'a']);
});

test('affinity moves when the account rests longer than the binding lives', async () => {
  let isLimited = false;
  const bench = createBench(({ account }) =>
    isLimited && account === 'a'
      ? anthropicError(429, 'rate_limit_error', { 'retry-after': '7999' })
      : message(),
  );
  await bench.send({ session: 's' });
  isLimited = true;
  await bench.send({ session: 's' });
  const moved = await bench.send({ session: 's' });
  assert.deepEqual([moved.row.affinity, moved.row.accountId], ['moved', 'b']);
  assert.equal(bench.parts.affinity.counters().keySwitches, 1);
});

test('affinity borrows while the bound account is full', async () => {
  const bench = createBench(() => stream([STREAM_START, STREAM_TEXT], 'hang'), {
    accounts: [{ name: 'a', maxConcurrent: 1 }, { name: 'b' }],
  });
  const first = await bench.open({ session: 's', stream: true });
  const second = await bench.open({ session: 's', stream: true });
  assert.equal(second.headers.get('x-warmpath-affinity'), 'borrowed');
  await second.body?.cancel();
  await first.body?.cancel();
  assert.deepEqual(
    bench.parts.affinity.list().map(({ accountId }) => accountId),
    ['a'],
  );
});

test('affinity that was cleared is not brought back by a request in flight', async () => {
  const waiting: ((response: Response) => void)[] = [];
  const bench = createBench(() => new Promise((resolve) => waiting.push(resolve)));
  const first = bench.send({ session: 's' });
  await bench.clock.advance(1);
  bench.parts.affinity.clear(({ apiKeyId }) => apiKeyId === 'ada', 'cleared');
  waiting.shift()?.(message());
  const reply = await first;
  assert.deepEqual([reply.row.affinity, bench.parts.affinity.list().length], ['none', 0]);
  const next = bench.send({ session: 's' });
  await bench.clock.advance(1);
  waiting.shift()?.(message());
  assert.equal((await next).row.affinity, 'new');
});

test('affinity of others survives a clear while their requests are in flight', async () => {
  const waiting: ((response: Response) => void)[] = [];
  const bench = createBench(() => new Promise((resolve) => waiting.push(resolve)));
  const bob = bench.send({ session: 's', key: BOB_KEY });
  await bench.clock.advance(1);
  bench.parts.affinity.clear(({ apiKeyId }) => apiKeyId === 'ada', 'cleared');
  waiting.shift()?.(message());
  assert.equal((await bob).row.affinity, 'new');
});

test('affinity.clear() removes what matches, says what, and announces it', async () => {
  const bench = createBench(() => message());
  for (const session of ['s1', 's2', 's3']) await bench.send({ session });
  const events = followEvents(bench);
  const cleared = bench.parts.affinity.clear(({ accountId }) => accountId === 'b', 'cleared');
  assert.deepEqual(
    cleared.map(({ accountId }) => accountId),
    ['b'],
  );
  assert.deepEqual(
    events.map(({ kind, reason }) => [kind, reason]),
    [['cleared', 'cleared by an administrator']],
  );
  assert.equal(bench.parts.affinity.list().length, 2);
  assert.equal(bench.parts.affinity.counters().invalidations.get('cleared'), 1);
});

test('affinity keeps at most its cap and lets the one unused longest go', async () => {
  const bench = createBench(() => message(), { maxBindings: 2 });
  for (const session of ['s1', 's2', 's1', 's3']) await bench.send({ session });
  assert.equal(bench.parts.affinity.list().length, 2);
  assert.equal((await bench.send({ session: 's1' })).row.affinity, 'hit');
  assert.equal((await bench.send({ session: 's2' })).row.affinity, 'new');
});

test('affinity.sweep() drops what has expired and announces it', async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 's' });
  const events = followEvents(bench);
  await bench.clock.advance(300_000);
  bench.parts.affinity.sweep();
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['expired'],
  );
});

test('affinity survives a restart, without the bindings of anonymous callers', async () => {
  const bench = createBench(() => message(), { settings: { requireApiKey: false } });
  await bench.send({ session: 's' });
  await bench.send({ session: 's', key: null });
  const kept = new Map<string, Binding>();
  const store = {
    load: () => Promise.resolve([...kept.values()]),
    save({ put, delete: removed }: { put: readonly Binding[]; delete: readonly string[] }) {
      for (const binding of put) kept.set(binding.key, binding);
      for (const key of removed) kept.delete(key);
      return Promise.resolve();
    },
  };
  await bench.parts.affinity.save(store);
  assert.equal(kept.size, 1);
  const after = createBench(() => message(), { settings: { requireApiKey: false } });
  after.parts.affinity.restore(await store.load());
  assert.equal((await after.send({ session: 's' })).row.affinity, 'hit');
  bench.parts.affinity.clear(() => true, 'cleared');
  await bench.parts.affinity.save(store);
  assert.equal(kept.size, 0);
});

test('affinity.save() tries again what could not be written', async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 's' });
  const failing = { load: () => Promise.resolve([]), save: () => Promise.reject(new Error('disk full')) };
  await assert.rejects(bench.parts.affinity.save(failing), /disk full/);
  let saved = 0;
  await bench.parts.affinity.save({
    ...failing,
    save: ({ put }) => {
      saved = put.length;
      return Promise.resolve();
    },
  });
  assert.equal(saved, 1);
});

test('affinity learns from usage what is warm', async () => {
  const bench = createBench(() => stream([STREAM_START, STREAM_TEXT, STREAM_END]));
  await bench.send({ session: 's', stream: true });
  await bench.send({ session: 's', stream: true });
  const [binding] = bench.parts.affinity.list();
  assert.deepEqual([binding?.warmTokens, binding?.cacheReadTokens, binding?.requestCount], [100, 180, 2]);
});

test('affinity does not take prompt cache keys that are new with every request for conversations', async () => {
  const bench = createBench(() => message());
  const send = (key: string) =>
    bench.send({ body: JSON.stringify({ model: 'sonnet', prompt_cache_key: key }) });
  for (let i = 0; i < 40; i++) await send(`once-${i}`);
  const outcomes = bench.rows.map(({ affinity }) => affinity);
  assert.deepEqual([outcomes[31], outcomes[32], outcomes[33], outcomes[39]], ['new', 'new', 'hit', 'hit']);
  await send('again');
  await send('again');
  const { row } = await send('again');
  assert.notEqual(row.sessionId, null);
  assert.equal(row.affinity, 'hit');
});

test('AffinityTable closes every ticket it opened', async () => {
  const bench = createBench(() => anthropicError(500, 'api_error'));
  for (let i = 0; i < 20; i++) await bench.send({ session: `s${i}` });
  assert.equal(bench.parts.affinity.openTickets, 0);
  assert.ok(bench.parts.affinity instanceof AffinityTable);
});
