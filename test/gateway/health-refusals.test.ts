// A refused or used-up credential takes its account out of service, and never the credential that has replaced it since.

import assert from 'node:assert/strict';
import test from 'node:test';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { anthropicError, createBench, gatewayTest, message, rowsOf } from './fixture.ts';
import { A, healthBench, WAY } from './health-bench.ts';

const OLD = { ...A, credentialFingerprint: 'old' };
const NEW = { ...A, credentialFingerprint: 'new' };

for (const { name, refused, states } of [
  { name: 'the old one alone', refused: [OLD], states: ['disabled', 'available'] },
  { name: 'the new one alone', refused: [NEW], states: ['available', 'disabled'] },
  { name: 'the old one, then the new', refused: [OLD, NEW], states: ['disabled', 'disabled'] },
  { name: 'the new one, then late the old', refused: [NEW, OLD], states: ['disabled', 'disabled'] },
]) {
  test(`HealthTable keeps credentials of an account apart when it hears a refusal of ${name}`, () => {
    const { fail, state } = healthBench();
    for (const account of refused) fail('refused', null, account);
    assert.deepEqual([state(OLD), state(NEW)], states);
  });
}

for (const order of ['before', 'after'] as const) {
  test(`HealthTable lets a new credential serve when the old one is refused ${order} it is told of the edit`, () => {
    const { health, fail, state } = healthBench();
    if (order === 'before') fail('refused', null, OLD);
    health.reset(A.id);
    if (order === 'after') fail('refused', null, OLD);
    assert.equal(state(NEW), 'available');
    fail('refused', null, NEW);
    assert.equal(state(NEW), 'disabled');
  });
}

test('HealthTable keeps the refusal of the present credential over those of three that it replaced', () => {
  const { fail, state } = healthBench();
  fail('refused', null, NEW);
  for (const credentialFingerprint of ['1', '2', '3']) fail('refused', null, { ...A, credentialFingerprint });
  assert.equal(state(NEW), 'disabled');
  fail('refused', null, { ...A, credentialFingerprint: '4' });
  assert.deepEqual([state(NEW), state({ ...A, credentialFingerprint: '4' })], ['available', 'disabled']);
});

test('HealthTable forgets no refusal when one that it keeps is repeated', () => {
  const { fail, state } = healthBench();
  const keys = ['1', '2', '3', '4'].map((credentialFingerprint) => ({ ...A, credentialFingerprint }));
  for (const account of [...keys, ...keys.slice(1)]) fail('refused', null, account);
  assert.deepEqual(
    keys.map((account) => state(account)),
    ['disabled', 'disabled', 'disabled', 'disabled'],
  );
});

gatewayTest(
  'a 401 that ends after its account got another credential does not disable the new one',
  async () => {
    const held = Promise.withResolvers<void>();
    const bench = createBench(
      async ({ account }) => {
        if (account === 'new') return message();
        await held.promise;
        return anthropicError(401, 'authentication_error');
      },
      { accounts: [{ name: 'a', credentialFingerprint: 'old' }] },
    );
    const late = bench.send();
    await bench.clock.advance(0);
    const rows = rowsOf({ accounts: [{ name: 'a', credentialFingerprint: 'new' }] });
    const edited = buildCatalog(rows, new Map([['a', 'secret-new']]));
    bench.parts.catalog = () => edited;
    bench.parts.health.reset('a');
    held.resolve();
    assert.equal((await late).status, 503);
    assert.equal((await bench.send()).status, 200);
  },
);

for (const [status, type] of [
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [429, 'rate_limit_error'],
] as const) {
  gatewayTest(
    `a ${status} that ends after its account got another credential neither rests nor unbinds it`,
    async () => {
      const held = Promise.withResolvers<void>();
      const bench = createBench(
        async ({ account }) => {
          if (account !== 'a' || bench.calls.length === 1) return message();
          await held.promise;
          return anthropicError(status, type);
        },
        { accounts: [{ name: 'a', credentialFingerprint: 'old' }] },
      );
      await bench.send({ session: 's' });
      const late = bench.send({ session: 's' });
      await bench.clock.advance(0);
      const rows = rowsOf({ accounts: [{ name: 'a', credentialFingerprint: 'new' }] });
      const edited = buildCatalog(rows, new Map([['a', 'secret-new']]));
      bench.parts.catalog = () => edited;
      bench.parts.health.reset('a');
      held.resolve();
      // It may wait for what it was refused.
      await bench.clock.advance(120_000);
      assert.notEqual((await late).status, 200);
      assert.equal(bench.parts.slots.learned('a'), null);
      const { row } = await bench.send({ session: 's' });
      assert.deepEqual([row.outcome, row.affinity, row.accountId, row.queueMs], ['ok', 'hit', 'a', 0]);
      assert.deepEqual([...bench.parts.affinity.counters().invalidations], []);
    },
  );
}

for (const fault of ['rate-limited', 'quota'] as const) {
  test(`HealthTable makes a new credential wait only for its own ${fault}`, () => {
    const { health, fail, state } = healthBench();
    health.reset(A.id);
    fail(fault, 60_000, OLD);
    assert.deepEqual([state(OLD), state(NEW)], ['cooling-down', 'available']);
    fail(fault, 60_000, NEW);
    assert.deepEqual([state(OLD), state(NEW)], ['cooling-down', 'cooling-down']);
  });
}

test('HealthTable makes a new credential wait for a host that cannot be reached with the old one', () => {
  const { fail, state } = healthBench();
  fail('unreachable', null, OLD);
  assert.deepEqual([state(OLD), state(NEW)], ['ejected', 'ejected']);
});

test('HealthTable forgets the wait of the credential that was told so longest ago when a fifth one is', () => {
  const { fail, state } = healthBench();
  const keys = ['1', '2', '3', '4', '5'].map((credentialFingerprint) => ({ ...A, credentialFingerprint }));
  const [first, second] = keys;
  assert.ok(first && second);
  for (const account of keys.slice(0, 4)) fail('quota', 60_000, account);
  fail('quota', 60_000, first);
  fail('quota', 60_000, keys[4]);
  assert.deepEqual([state(first), state(second)], ['cooling-down', 'available']);
});

test('HealthTable weighs a new credential by its own windows, also when a reply to the old one comes late', () => {
  const { health } = healthBench();
  const saw = (account: typeof A, utilization: string) =>
    health.sawHeaders(
      account,
      WAY,
      new Headers({ 'anthropic-ratelimit-unified-5h-utilization': utilization }),
    );
  const shown = (account: typeof A) => health.rateLimits(account).map((window) => window.utilization);
  saw(OLD, '1');
  assert.deepEqual([health.weightFactor(NEW), shown(NEW)], [1, []]);
  saw(NEW, '0.1');
  saw(OLD, '1');
  assert.deepEqual([health.weightFactor(NEW), shown(NEW)], [1, [0.1]]);
  assert.deepEqual([health.weightFactor(OLD), shown(OLD)], [0.05, [1]]);
});

test('HealthTable.sawHeaders() cools only the credential whose window is used up', () => {
  const { health, clock, state } = healthBench();
  const reset = String(Math.floor(clock.nowMs() / 1000) + 600);
  const headers = new Headers({
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': reset,
  });
  health.sawHeaders(OLD, WAY, headers);
  assert.deepEqual([state(OLD), state(NEW)], ['cooling-down', 'available']);
});

for (const { name, answer, code } of [
  { name: 'a 401', answer: () => anthropicError(401, 'authentication_error'), code: 'account-disabled' },
  { name: 'a 402', answer: () => anthropicError(402, 'billing_error'), code: 'account-resting' },
]) {
  gatewayTest(
    `a binding that ends by ${name} says what its account is now, not that it kept failing`,
    async () => {
      let isOver = false;
      const bench = createBench(({ account }) => (isOver && account === 'a' ? answer() : message()), {
        accounts: [{ name: 'a' }, { name: 'b' }],
      });
      await bench.send({ session: 's' });
      isOver = true;
      const { row } = await bench.send({ session: 's' });
      assert.deepEqual([row.affinity, row.affinityCode, row.accountId], ['moved', code, 'b']);
      assert.deepEqual([...bench.parts.affinity.counters().invalidations], [[code, 1]]);
    },
  );
}
