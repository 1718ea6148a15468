// Pinned and moved affinities through the request path: where requests go, and what ends them.

import assert from 'node:assert/strict';
import type { Binding } from '../../server/gateway/ports.ts';
import {
  anthropicError,
  type Bench,
  type BenchOptions,
  createBench,
  followEvents,
  gatewayTest,
  message,
  type Upstream,
} from './fixture.ts';

const TTL_MS = 300_000;
const LONG_TEXT = 'the parser returns a stale handle and every test that reads it twice fails. '.repeat(400);

/** A prompt that is worth a cache. */
const LONG_BODY = JSON.stringify({
  model: 'sonnet',
  max_tokens: 10,
  system: [{ type: 'text', text: LONG_TEXT, cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: 'go on' }],
});

const usage = (read: number) => ({
  input_tokens: 10,
  cache_read_input_tokens: read,
  cache_creation_input_tokens: 8_000 - read,
  output_tokens: 2,
});

function only(bench: Bench): Binding {
  const [binding, ...others] = bench.parts.affinity.list();
  assert.ok(binding);
  assert.equal(others.length, 0);
  return binding;
}

/** One session, bound to `a` by a first request, with its binding pinned. */
async function pinnedBench(upstream: Upstream = () => message(), options: BenchOptions = {}): Promise<Bench> {
  const bench = createBench(upstream, options);
  await bench.send({ session: 's' });
  const { key } = only(bench);
  bench.parts.affinity.pin(key, { isPinned: true, ttlMs: TTL_MS });
  return bench;
}

function move(bench: Bench, accountId: string): Binding | null {
  const candidates = bench.catalog.candidates('m1', 'anthropic-messages');
  const candidate = candidates.find(({ account }) => account.id === accountId);
  assert.ok(candidate);
  return bench.parts.affinity.move(only(bench).key, { candidate, ttlMs: TTL_MS });
}

gatewayTest(
  'move() sends the conversation there although it is warm where it was, and it stays',
  async () => {
    const bench = createBench(() => message(usage(0)));
    const send = () => bench.send({ session: 's', body: LONG_BODY });
    await send();
    assert.equal((await send()).row.accountId, 'a');
    const events = followEvents(bench);
    const moved = move(bench, 'c');
    assert.deepEqual(
      [moved?.accountId, moved?.warmTokens, moved?.cacheReadTokens, moved?.requestCount],
      ['c', 0, 0, 0],
    );
    assert.deepEqual(
      events.map(({ kind, reason, accountIdBefore, accountIdAfter }) => [
        kind,
        reason,
        accountIdBefore,
        accountIdAfter,
      ]),
      [['moved', 'moved by an administrator', 'a', 'c']],
    );
    const { invalidations, keySwitches, providerSwitches } = bench.parts.affinity.counters();
    assert.deepEqual([[...invalidations], keySwitches, providerSwitches], [[['moved', 1]], 1, 0]);
    const first = await send();
    assert.deepEqual([first.row.accountId, first.row.affinity], ['c', 'hit']);
    const next = await send();
    assert.deepEqual([next.row.accountId, next.row.affinity], ['c', 'hit']);
    assert.deepEqual([only(bench).requestCount, only(bench).warmTokens], [2, 8_010]);
  },
);

gatewayTest('move() to another provider counts as a switch of provider', async () => {
  const bench = createBench(() => message(), { accounts: [{ name: 'a' }, { name: 'z', providerId: 'p2' }] });
  await bench.send({ session: 's' });
  assert.equal(move(bench, 'z')?.providerId, 'p2');
  const { keySwitches, providerSwitches } = bench.parts.affinity.counters();
  assert.deepEqual([keySwitches, providerSwitches], [0, 1]);
  assert.equal((await bench.send({ session: 's' })).row.accountId, 'z');
});

gatewayTest('move() to the account that it is bound to changes nothing', async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 's' });
  const before = only(bench);
  const events = followEvents(bench);
  assert.equal(move(bench, 'a'), before);
  assert.deepEqual(events, []);
});

gatewayTest(
  'a pinned affinity does not expire, and lives for its lifetime again when the pin is off',
  async () => {
    const bench = await pinnedBench();
    await bench.clock.advance(10 * TTL_MS);
    bench.parts.affinity.sweep();
    assert.equal((await bench.send({ session: 's' })).row.affinity, 'hit');
    await bench.clock.advance(10 * TTL_MS);
    const events = followEvents(bench);
    bench.parts.affinity.pin(only(bench).key, { isPinned: false, ttlMs: TTL_MS });
    assert.deepEqual(
      events.map(({ kind, reason }) => [kind, reason]),
      [['unpinned', 'unpinned by an administrator']],
    );
    await bench.clock.advance(TTL_MS - 1);
    bench.parts.affinity.sweep();
    assert.equal(bench.parts.affinity.list().length, 1);
    await bench.clock.advance(1);
    bench.parts.affinity.sweep();
    assert.equal(bench.parts.affinity.list().length, 0);
  },
);

for (const [name, change] of Object.entries({
  paused: (account: { isPaused: boolean }, is: boolean) => {
    account.isPaused = is;
  },
  disabled: (account: { disabledReason: string | null }, is: boolean) => {
    account.disabledReason = is ? 'by hand' : null;
  },
})) {
  gatewayTest(`a pinned affinity is borrowed from while its account is ${name}`, async () => {
    const bench = await pinnedBench();
    const account = bench.catalog.accounts.get('a');
    assert.ok(account);
    change(account, true);
    const away = await bench.send({ session: 's' });
    assert.deepEqual([away.row.affinity, only(bench).accountId], ['borrowed', 'a']);
    change(account, false);
    const back = await bench.send({ session: 's' });
    assert.deepEqual([back.row.affinity, back.row.accountId], ['hit', 'a']);
  });
}

gatewayTest('a pinned affinity stays when its account is refused', async () => {
  let isRefused = false;
  const bench = await pinnedBench(({ account }) =>
    isRefused && account === 'a' ? anthropicError(401, 'authentication_error') : message(),
  );
  isRefused = true;
  const away = await bench.send({ session: 's' });
  assert.deepEqual([away.row.affinity, only(bench).accountId], ['borrowed', 'a']);
  assert.equal(bench.parts.affinity.counters().invalidations.size, 0);
});

gatewayTest('a pinned affinity ends when its account no longer serves the model', async () => {
  const bench = await pinnedBench();
  const { key } = only(bench);
  const without = createBench(() => message(), { accounts: [{ name: 'b' }] });
  without.parts.affinity.restore([only(bench)]);
  const { row } = await without.send({ session: 's' });
  assert.deepEqual([row.affinity, row.affinityCode, row.accountId], ['moved', 'account-removed', 'b']);
  assert.deepEqual([only(without).key, only(without).isPinned], [key, false]);
});

gatewayTest(
  'a pinned affinity is where requests go while it has room, whatever is warm elsewhere',
  async () => {
    const bench = createBench(() => message(usage(0)), { accounts: [{ name: 'a' }, { name: 'b' }] });
    const send = () => bench.send({ session: 's', body: LONG_BODY });
    await send();
    const account = bench.catalog.accounts.get('a');
    assert.ok(account);
    bench.parts.affinity.pin(only(bench).key, { isPinned: true, ttlMs: TTL_MS });
    account.isPaused = true;
    await send();
    await bench.clock.advance(200_000);
    await send();
    account.isPaused = false;
    // What was written at `a` is no longer warm; at `b` it is.
    await bench.clock.advance(200_000);
    const back = await send();
    assert.deepEqual([back.row.accountId, back.row.affinity], ['a', 'hit']);
  },
);

gatewayTest('pinned affinities make no room for others, and are not the only ones that do not', async () => {
  const bench = await pinnedBench(() => message(), { maxBindings: 2 });
  const { key } = only(bench);
  for (const session of ['s1', 's2', 's3', 's4']) await bench.send({ session });
  const keys = bench.parts.affinity.list().map((binding) => binding.key);
  assert.equal(keys.length, 2);
  assert.ok(keys.includes(key));
  assert.equal((await bench.send({ session: 's4' })).row.affinity, 'hit');
  assert.equal(bench.parts.affinity.counters().expired, 3);
});

gatewayTest('a pin survives a restart beyond the lifetime, and a clear ends it for good', async () => {
  const bench = await pinnedBench();
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
  const after = createBench(() => message());
  await after.clock.advance(TTL_MS);
  after.parts.affinity.restore(await store.load());
  assert.equal((await after.send({ session: 's' })).row.affinity, 'hit');
  assert.equal(after.parts.affinity.clear(() => true, 'cleared').length, 1);
  await after.parts.affinity.save(store);
  assert.equal(kept.size, 0);
});

gatewayTest('pin() stops at a thousand', async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 's' });
  const one = only(bench);
  bench.parts.affinity.restore(
    Array.from({ length: 1_000 }, (_, n) => ({ ...one, key: `pinned-${n}`, isPinned: true })),
  );
  const pin = (key: string, isPinned: boolean) => bench.parts.affinity.pin(key, { isPinned, ttlMs: TTL_MS });
  assert.equal(pin(one.key, true), 'too-many');
  pin('pinned-7', false);
  const pinned = pin(one.key, true);
  assert.ok(pinned !== null && pinned !== 'too-many' && pinned.isPinned);
  assert.equal(pin('unknown', true), null);
});

gatewayTest('peek(), get() and list() count as no lookup', async () => {
  const bench = createBench(() => message());
  await bench.send({ session: 's' });
  const before = bench.parts.affinity.counters();
  const { key } = only(bench);
  bench.parts.affinity.get(key);
  const { surface, modelId, sessionId } = only(bench);
  const identity = {
    key,
    tenant: 'key:ada',
    apiKeyId: 'ada',
    userId: null,
    sessionId,
    modelId,
    surface,
    scope: 'session',
  } as const;
  assert.equal(bench.parts.affinity.peek(identity)?.binding.key, key);
  assert.deepEqual(bench.parts.affinity.counters(), before);
});
