// What the API tells of the reservation: of each account, of all together, and as the cache configuration.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_RESERVATION } from '../../server/gateway/routing-settings.ts';
import { type Bench, openBench, sampleAccount } from './admin-bench.ts';
import { mutate } from './mutate.ts';
import { sampleRows } from './sample-rows.ts';

const FIELDS = 'reservation { ratio phase confidence loadFactor reason newcomerSlots }';

async function read(bench: Bench, name: string) {
  const { accounts } = await bench.ask(`{ accounts(filter: { search: "${name}" }) { nodes { ${FIELDS} } } }`);
  return accounts.nodes[0].reservation;
}

function change(bench: Bench, reservation: unknown) {
  return mutate(bench, 'updateSettings', '__typename', { input: { reservation } });
}

/** Brings an account of 2 slots into its stable phase: confidence 0.4 + 0.3 + 0.15. */
function succeed(bench: Bench, accountId: string) {
  for (let n = 0; n < 100; n += 1) bench.reservations.succeeded(accountId);
}

test('Account.reservation begins in the probe phase', async () => {
  const bench = await openBench({ rows: sampleRows() });
  assert.deepEqual(await read(bench, 'team-a'), {
    ratio: 0.1,
    phase: 'PROBE',
    confidence: 0,
    loadFactor: 0,
    reason: 'probe phase: few requests yet',
    newcomerSlots: 1,
  });
  assert.equal((await read(bench, 'gpu')).newcomerSlots, null);
});

test('Account.reservation follows load and history', async () => {
  const bench = await openBench({ rows: sampleRows() });
  succeed(bench, 'a1');
  const account = sampleAccount(bench, 'a1');
  bench.slots.take(account);
  bench.slots.take(account);
  const { ratio, phase, confidence, loadFactor, newcomerSlots } = await read(bench, 'team-a');
  assert.deepEqual([phase, loadFactor, newcomerSlots], ['STABLE', 1, 1]);
  assert.ok(Math.abs(confidence - 0.85) < 1e-9);
  assert.ok(Math.abs(ratio - (0.1 + 0.85 * 0.25)) < 1e-9);
  await bench.ask('mutation { resetAccountHealth(id: "a1") { errors { code } } }');
  assert.equal((await read(bench, 'team-a')).phase, 'PROBE');
});

test('Account.reservation is nothing once it is switched off', async () => {
  const bench = await openBench({ rows: sampleRows() });
  await change(bench, { enabled: false });
  const { ratio, reason, newcomerSlots } = await read(bench, 'team-a');
  assert.deepEqual({ ratio, reason, newcomerSlots }, { ratio: 0, reason: 'switched off', newcomerSlots: 2 });
});

test('cacheConfig tells all eight parameters, the ratio that holds and what each means', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const parameters = Object.keys(DEFAULT_RESERVATION);
  const described = parameters.filter((name) => name !== 'enabled');
  const query = `{ cacheConfig { cacheTtlSeconds cacheReservationRatio dynamicReservation { ${parameters.join(' ')} }
    description { cacheTtl cacheReservationRatio dynamicReservation ${described.join(' ')} } } }`;
  const { cacheConfig } = await bench.ask(query);
  const { description, ...figures } = cacheConfig;
  assert.deepEqual(figures, {
    cacheTtlSeconds: 300,
    cacheReservationRatio: 0.1,
    dynamicReservation: DEFAULT_RESERVATION,
  });
  const texts = Object.values(description).map(String);
  assert.equal(described.length, 8);
  assert.equal(new Set(texts).size, 11);
  assert.ok(texts.every((text) => text.length > 30 && text.endsWith('.')));
});

test('cacheReservationRatio is the mean over the accounts as they are now', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const ratio = async () => {
    const data = await bench.ask(
      '{ cacheConfig { cacheReservationRatio } affinityStats { cacheReservationRatio } }',
    );
    assert.equal(data.cacheConfig.cacheReservationRatio, data.affinityStats.cacheReservationRatio);
    return data.cacheConfig.cacheReservationRatio;
  };
  await change(bench, { probeReservation: 0.4 });
  assert.ok(Math.abs((await ratio()) - 0.4) < 1e-9);
  succeed(bench, 'a1');
  assert.ok(Math.abs((await ratio()) - (0.1 + 0.4 + 0.4) / 3) < 1e-9);
  await change(bench, { enabled: false });
  assert.equal(await ratio(), 0);
});

test('cacheReservationRatio without accounts is that of the probe phase, unless switched off', async () => {
  const bench = await openBench();
  const query = '{ cacheConfig { cacheReservationRatio } }';
  assert.equal((await bench.ask(query)).cacheConfig.cacheReservationRatio, 0.1);
  await change(bench, { enabled: false });
  assert.equal((await bench.ask(query)).cacheConfig.cacheReservationRatio, 0);
});

test('affinityStats tells how the reservation was applied, and asking does not count', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const query = '{ affinityStats { reservation { totalChecks averageRatio probePhaseShare } } }';
  const none = { totalChecks: 0, averageRatio: null, probePhaseShare: 0 };
  for (const _time of [1, 2]) assert.deepEqual((await bench.ask(query)).affinityStats.reservation, none);
  bench.reservations.ratioFor('a1', { slots: 2, inFlight: 0, learned: null }, DEFAULT_RESERVATION);
  const { affinityStats } = await bench.ask(query);
  assert.deepEqual(affinityStats.reservation, { totalChecks: 1, averageRatio: 0.1, probePhaseShare: 1 });
});
