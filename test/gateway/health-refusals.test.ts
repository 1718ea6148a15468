// A refused credential takes its account out of service, and never the credential that has replaced it since.

import assert from 'node:assert/strict';
import test from 'node:test';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { anthropicError, createBench, gatewayTest, message, rowsOf } from './fixture.ts';
import { A, healthBench } from './health-bench.ts';

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

gatewayTest('a 401 that ends after its account got another credential leaves the binding to it', async () => {
  const held = Promise.withResolvers<void>();
  const bench = createBench(
    async ({ account }) => {
      if (account !== 'a') return message();
      if (bench.calls.length === 1) return message();
      await held.promise;
      return anthropicError(401, 'authentication_error');
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
  assert.equal((await late).status, 503);
  const { row } = await bench.send({ session: 's' });
  assert.deepEqual([row.affinity, row.accountId], ['hit', 'a']);
  assert.deepEqual([...bench.parts.affinity.counters().invalidations], []);
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
