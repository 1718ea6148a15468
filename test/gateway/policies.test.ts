// Each policy through the gateway: whom it picks, what it does when that one is full, and that a change takes effect at once.

import assert from 'node:assert/strict';
import { type Account, DEFAULT_SETTINGS, type Settings } from '../../server/gateway/ports.ts';
import { ROUTE_POLICIES, type RoutePolicy } from '../../server/gateway/routing-settings.ts';
import {
  accountsOf,
  type CachingBench,
  type CachingOptions,
  createCachingBench,
  promptOf,
} from './caching-accounts.ts';
import { anthropicError, BOB_KEY, gatewayTest, IMPATIENT } from './fixture.ts';

const policy = (name: RoutePolicy): Partial<Settings> => ({
  routing: { ...DEFAULT_SETTINGS.routing, policy: name },
});

function benchOf(name: RoutePolicy, accounts: Partial<Account>[], more: CachingOptions = {}): CachingBench {
  return createCachingBench({ ...more, accounts, settings: { ...policy(name), ...more.settings } });
}

const called = ({ calls }: CachingBench) => calls.map(({ account }) => account).join('');

/** Who waits for one account looks at all others this often. */
const LOOK_EVERY_MS = 500;

type Sent = NonNullable<Parameters<CachingBench['ask']>[0]>;

const small = ({ prompt, ...sent }: Sent): Sent => ({ ...sent, prompt: { systemTokens: 0, ...prompt } });
const send = (bench: CachingBench, sent: Sent = {}) => bench.ask(small(sent));
const hold = (bench: CachingBench, sent: Sent = {}) => bench.hold(small(sent));

gatewayTest('handleExchange() routes by warm cost unless told otherwise', async () => {
  const bench = createCachingBench({ accounts: accountsOf('ab', 4) });
  const { row } = await send(bench);
  assert.deepEqual([row.route?.policy, row.route?.profile], ['warm-cost', 'balanced']);
  assert.ok(row.route?.considered.every(({ cost }) => cost !== null));
});

gatewayTest('warm-cost goes where the prompt is warm, whoever asks for it', async () => {
  const bench = benchOf('warm-cost', accountsOf('abc', 4));
  for (const session of ['s1', 's2', 's3']) await bench.ask({ session });
  assert.equal(called(bench), 'aaa');
  const other = await bench.ask({ prompt: { about: 'lexers' }, session: 's4' });
  assert.notEqual(other.row.accountId, 'a');
  assert.deepEqual([bench.rows[2]?.affinity, bench.rows[2]?.expectedWarmTokens !== 0], ['new', true]);
});

gatewayTest(
  'warm-cost spreads one-shot requests with one prefix over accounts as load asks for it',
  async () => {
    const bench = benchOf('warm-cost', accountsOf('abcd', 4));
    const replies: Promise<string>[] = [];
    const serviceMs = 10_000;
    // Some twelve requests at once for 16 slots.
    for (let n = 0; n < 60; n += 1) {
      const body = promptOf({ topic: `case ${n}`, isStreamed: true });
      replies.push(bench.open({ body }).then((reply) => reply.text()));
      await bench.clock.advance(0);
      for (const held of bench.held.splice(0)) {
        bench.clock.setTimer(() => held.begin(), 1_400);
        bench.clock.setTimer(() => held.end(), serviceMs);
      }
      await bench.clock.advance(833);
    }
    while (bench.rows.length < 60) {
      for (const held of bench.held.splice(0)) bench.clock.setTimer(() => held.end(), serviceMs);
      await bench.clock.advance(1_000);
    }
    await Promise.all(replies);
    const waitedMs = bench.rows.reduce((sum, { queueMs }) => sum + queueMs, 0) / bench.rows.length;
    const perAccount = ['a', 'b', 'c', 'd'].map(
      (id) => bench.rows.filter((row) => row.accountId === id).length,
    );
    const cold = bench.rows.filter(({ cacheReadTokens }) => (cacheReadTokens ?? 0) < 6_000);
    assert.ok(perAccount.filter((count) => count >= 8).length >= 3, `requests per account: ${perAccount}`);
    assert.ok(waitedMs <= serviceMs, `waited ${waitedMs} ms on average`);
    assert.ok(cold.length <= 6, `${cold.length} requests were cold`);
    assert.ok(bench.rows.every(({ status }) => status === 200));
  },
);

for (const { what, account, marks } of [
  { what: 'asks for no cache', account: {}, marks: [] },
  { what: 'goes to an account that does not cache', account: { cacheTtlMinutes: 0 }, marks: ['system'] },
] as const) {
  gatewayTest(`warm-cost lets nobody wait for a request that ${what}`, async () => {
    const bench = benchOf('warm-cost', [{ name: 'a', maxConcurrent: 4, ...account }], { uncached: ['a'] });
    const replies = [1, 2, 3].map((n) =>
      bench.ask({ session: `s${n}`, prompt: { topic: `case ${n}`, marks, isStreamed: true } }),
    );
    await bench.clock.advance(100);
    assert.equal(bench.held.length, 3);
    for (const held of bench.held) held.end();
    await Promise.all(replies);
  });
}

gatewayTest(
  'session goes to the bound account however busy it is, and spills without moving or waiting',
  async () => {
    const bench = benchOf('session', accountsOf('ab', 2));
    await bench.ask({ session: 's' });
    const first = await hold(bench, { session: 's', prompt: { systemTokens: 6_000 } });
    const second = await hold(bench, { session: 's', prompt: { systemTokens: 6_000, turns: 2 } });
    assert.equal(called(bench), 'aaa');
    const spilled = await bench.ask({ prompt: { turns: 2 }, session: 's' });
    const { accountId, affinity, affinityCode, queueMs, route } = spilled.row;
    assert.deepEqual(
      [accountId, affinity, affinityCode, queueMs],
      ['b', 'borrowed', 'bound-account-full', 0],
    );
    assert.deepEqual(
      route?.considered.map(({ state, cost }) => [state, cost]),
      [
        ['full', null],
        ['open', null],
      ],
    );
    await first.end();
    const back = await bench.ask({ prompt: { turns: 2 }, session: 's' });
    assert.deepEqual([back.row.accountId, back.row.affinity], ['a', 'hit']);
    await second.end();
  },
);

gatewayTest('session lets content have no say', async () => {
  const bench = benchOf('session', accountsOf('ab', 4));
  for (const session of ['s1', 's2', 's3', 's4']) await bench.ask({ session });
  assert.equal(called(bench), 'abab');
});

gatewayTest('session borrows from the same account again while the bound one is full', async () => {
  const bench = benchOf('session', accountsOf('abc', 1));
  await send(bench, { session: 's' });
  const held = await hold(bench, { session: 's' });
  for (let n = 0; n < 4; n += 1) await send(bench, { session: 's' });
  assert.equal(called(bench), `aa${bench.calls[2]?.account.repeat(4)}`);
  await held.end();
});

gatewayTest('api-key gives each API key one account, whatever the session, model and content', async () => {
  const bench = benchOf('api-key', accountsOf('abc', 4));
  for (const session of ['s1', 's2', 's3']) await bench.ask({ session });
  await send(bench, { prompt: { model: 'other' } });
  await bench.ask({ key: BOB_KEY, session: 's1' });
  await send(bench);
  await send(bench, { key: BOB_KEY });
  assert.equal(called(bench), 'aaaabab');
  assert.deepEqual(
    bench.rows.map(({ affinity }) => affinity),
    ['new', 'hit', 'hit', 'hit', 'new', 'hit', 'hit'],
  );
});

gatewayTest('api-key goes elsewhere while its account cannot, and comes back', async () => {
  const bench = benchOf('api-key', [
    { name: 'a', maxConcurrent: 1 },
    { name: 'b', weight: 3 },
    { name: 'c', weight: 1 },
  ]);
  bench.reconfigure({
    rows: ({ accounts }) => {
      for (const row of accounts) row.isPaused = row.name !== 'a';
    },
  });
  await send(bench);
  bench.reconfigure({});
  const held = await hold(bench);
  const spilled = await send(bench);
  assert.deepEqual([held.account, spilled.row.affinity], ['a', 'borrowed']);
  await held.end();
  const { row } = await send(bench);
  assert.deepEqual([row.accountId, row.affinity], ['a', 'hit']);
});

gatewayTest('api-key binds keys over accounts by weight', async () => {
  const bench = benchOf('api-key', [{ name: 'a', weight: 3 }, { name: 'b' }], {
    settings: { requireApiKey: false },
  });
  // A caller without a known key cannot be told from others, so each takes its turn.
  for (let n = 0; n < 8; n += 1) await send(bench, { key: null });
  assert.equal(called(bench), 'aabaaaba');
});

gatewayTest('api-key binds known keys where none is required, and nobody else', async () => {
  const bench = benchOf('api-key', accountsOf('abc', null), { settings: { requireApiKey: false } });
  await send(bench);
  for (let n = 0; n < 3; n += 1) await send(bench, { key: null, session: 's' });
  await send(bench);
  const { row } = await send(bench, { session: 'other' });
  assert.deepEqual(
    bench.rows.map(({ affinity }) => affinity),
    ['new', 'none', 'none', 'none', 'hit', 'hit'],
  );
  assert.equal(row.accountId, 'a');
});

gatewayTest('api-key gives a binding up when its account fails, and binds the next one', async () => {
  const bench = benchOf('api-key', accountsOf('abc', 4));
  await send(bench);
  await send(bench, { prompt: { model: 'other' } });
  const failing = send(bench, { prompt: { isStreamed: true } });
  await bench.clock.advance(0);
  bench.held[0]?.answer(anthropicError(401, 'authentication_error'));
  await bench.clock.advance(0);
  bench.held[1]?.end();
  const { row } = await failing;
  assert.deepEqual(
    [row.affinity, row.affinityCode, row.accountId === 'a'],
    ['moved', 'account-disabled', false],
  );
  const after = await send(bench, { prompt: { model: 'other' }, session: 's' });
  assert.deepEqual([after.row.accountId, after.row.affinity], [row.accountId, 'hit']);
});

gatewayTest('round-robin takes strict turns by weight whatever the load, and skips who is full', async () => {
  const bench = benchOf('round-robin', [{ name: 'a', weight: 2 }, { name: 'b' }]);
  const streams = [];
  for (let n = 0; n < 9; n += 1) streams.push(await hold(bench, { session: 's' }));
  assert.equal(called(bench), 'abaabaaba');
  for (const { end } of streams) await end();
  assert.deepEqual(
    [bench.rows[8]?.affinity, bench.rows[8]?.affinityCode],
    ['off', 'policy-without-bindings'],
  );
  const two = benchOf('round-robin', accountsOf('ab', 1));
  const held = await hold(two);
  for (let n = 0; n < 3; n += 1) await send(two);
  assert.equal(called(two), 'abbb');
  await held.end();
});

gatewayTest('least-loaded goes to the fewest requests per weight', async () => {
  const bench = benchOf('least-loaded', [{ name: 'a' }, { name: 'b', weight: 3 }]);
  const streams = [];
  for (let n = 0; n < 8; n += 1) streams.push(await hold(bench, { session: 's' }));
  const held = streams.map(({ account }) => account);
  assert.deepEqual([held.filter((name) => name === 'a').length, held.length], [2, 8]);
  for (const { account, end } of streams) if (account === 'b') await end();
  assert.equal((await send(bench, { session: 's' })).row.accountId, 'b');
  for (const { account, end } of streams) if (account === 'a') await end();
});

gatewayTest('fixed-order takes the first account that can', async () => {
  const bench = benchOf('fixed-order', accountsOf('abc', 1));
  const first = await hold(bench);
  const second = await hold(bench);
  await send(bench);
  await first.end();
  await send(bench);
  assert.equal(called(bench), 'abca');
  await second.end();
  bench.reconfigure({
    rows: ({ accounts }) => {
      for (const row of accounts) row.isPaused = row.name === 'a';
    },
  });
  assert.equal((await send(bench)).row.accountId, 'b');
});

for (const name of ROUTE_POLICIES) {
  gatewayTest(`${name} waits for a place when all are full, and not longer than allowed`, async () => {
    const bench = benchOf(name, accountsOf('ab', 1));
    const streams = [await hold(bench), await hold(bench, { session: 'other' })];
    assert.equal(new Set(streams.map(({ account }) => account)).size, 2);
    const served = send(bench);
    await bench.clock.advance(3_000);
    assert.equal(bench.rows.length, 0);
    await streams.pop()?.end();
    await bench.clock.advance(LOOK_EVERY_MS);
    const { row } = await served;
    assert.deepEqual([row.status, row.route?.waitedMs], [200, row.queueMs]);
    assert.ok(row.queueMs >= 3_000 && row.queueMs <= 3_000 + LOOK_EVERY_MS, `waited ${row.queueMs} ms`);
    const other = await hold(bench, { session: 'third' });
    const refused = send(bench);
    await bench.clock.advance(24_900);
    assert.equal(bench.rows.length, 2);
    await bench.clock.advance(200);
    const { status, headers, row: late } = await refused;
    assert.deepEqual([status, late.errorCode, headers.get('retry-after')], [429, 'accounts-full', '1']);
    assert.ok(late.queueMs >= 24_900 && late.queueMs <= 25_100, `waited ${late.queueMs} ms`);
    for (const { end } of [...streams, other]) await end();
  });

  gatewayTest(`${name} answers 429 at once when all are full and nobody may wait`, async () => {
    const { routing } = IMPATIENT;
    assert.ok(routing);
    const bench = createCachingBench({
      accounts: accountsOf('a', 1),
      settings: { routing: { ...routing, policy: name } },
    });
    const held = await hold(bench);
    const { status, row } = await send(bench);
    assert.deepEqual([status, row.errorCode, row.queueMs], [429, 'accounts-full', 0]);
    await held.end();
  });
}

gatewayTest(
  'handleExchange() serves those who wait in order of arrival, whatever their policies',
  async () => {
    const bench = createCachingBench({ accounts: accountsOf('a', 1) });
    const held = await hold(bench);
    const waiting = [];
    for (const [index, name] of [...ROUTE_POLICIES, ...ROUTE_POLICIES.toReversed()].entries()) {
      bench.reconfigure({ settings: policy(name) });
      waiting.push(send(bench, { session: `s${index}`, prompt: { topic: `turn ${index}.` } }));
      await bench.clock.advance(10);
    }
    await held.end();
    await Promise.all(waiting);
    assert.deepEqual(
      bench.calls.slice(1).map(({ body }) => Number(/turn (\d+)\./.exec(body)?.[1])),
      Array.from({ length: 12 }, (_, index) => index),
    );
    assert.equal(new Set(bench.rows.map(({ route }) => route?.policy)).size, 6);
  },
);

gatewayTest("handleExchange() lets a model's own policy and profile go before the settings", async () => {
  const bench = benchOf('fixed-order', accountsOf('ab', 1));
  bench.reconfigure({
    rows: ({ models }) => {
      const other = models.find(({ name }) => name === 'other');
      if (other) Object.assign(other, { routePolicy: 'round-robin', routeProfile: 'latency-first' });
    },
  });
  for (let n = 0; n < 3; n += 1) await send(bench);
  for (let n = 0; n < 4; n += 1) await send(bench, { prompt: { model: 'other' } });
  assert.equal(called(bench), 'aaaabab');
  const { route } = bench.rows[6] ?? {};
  assert.deepEqual([route?.policy, route?.profile], ['round-robin', 'latency-first']);
  const streams = [await hold(bench), await hold(bench)];
  const impatient = send(bench, { prompt: { model: 'other' } });
  await bench.clock.advance(10_100);
  assert.equal((await impatient).status, 429);
  for (const { end } of streams) await end();
});

gatewayTest('handleExchange() takes turns while affinity is off, and says so', async () => {
  const affinity = { enabled: false, ttlSeconds: 300, scope: 'session' as const };
  const bench = createCachingBench({ accounts: accountsOf('abc', 4), settings: { affinity } });
  for (let n = 0; n < 4; n += 1) await bench.ask({ session: 's' });
  assert.equal(called(bench), 'abca');
  const { affinity: outcome, affinityCode, route } = bench.rows[3] ?? {};
  assert.deepEqual([outcome, affinityCode, route?.policy], ['off', 'affinity-off', 'round-robin']);
});

gatewayTest('handleExchange() goes by settings as they are when the request comes', async () => {
  const bench = benchOf('session', accountsOf('abc', 4));
  const next = async (settings: Partial<Settings>) => {
    bench.reconfigure({ settings });
    const { row } = await send(bench, { session: 's' });
    return [row.route?.policy, row.affinity];
  };
  assert.deepEqual(await next({}), ['session', 'new']);
  assert.deepEqual(await next(policy('fixed-order')), ['fixed-order', 'off']);
  assert.deepEqual(await next(policy('api-key')), ['api-key', 'new']);
  assert.deepEqual(
    await next({ ...policy('warm-cost'), affinity: { enabled: true, ttlSeconds: 300, scope: 'api-key' } }),
    ['api-key', 'hit'],
  );
  assert.deepEqual(await next(policy('session')), ['session', 'hit']);
  assert.deepEqual(await next({ affinity: { enabled: false, ttlSeconds: 300, scope: 'session' } }), [
    'round-robin',
    'off',
  ]);
});

gatewayTest('handleExchange() keeps a request that waits on the settings it came with', async () => {
  const bench = benchOf('fixed-order', accountsOf('a', 1));
  const held = await hold(bench);
  const waiting = send(bench, { session: 's' });
  await bench.clock.advance(100);
  bench.reconfigure({ settings: policy('session') });
  const later = send(bench, { session: 's' });
  await bench.clock.advance(100);
  await held.end();
  assert.equal((await waiting).row.route?.policy, 'fixed-order');
  assert.equal((await later).row.affinity, 'new');
});
