// What other settings of the reservation would hold back, by GraphQL: curves, accounts, and refusals as the update gives.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_RESERVATION } from '../../server/gateway/routing-settings.ts';
import { type Bench, openBench, sampleAccount } from './admin-bench.ts';
import { mutate } from './mutate.ts';
import { sampleRows } from './sample-rows.ts';

async function preview(bench: Bench, input: unknown, fields: string) {
  const query = `query ($input: ReservationSettingsInput!) { reservationPreview(input: $input) { ${fields} errors { code message path } } }`;
  return (await bench.ask(query, { input })).reservationPreview;
}

function at(points: { loadFactor: number }[], loadFactor: number) {
  return points.find((point) => point.loadFactor === loadFactor);
}

/** Brings an account into its stable phase: confidence 0.4 + 0.3 + 0.15. */
function succeed(bench: Bench, accountId: string) {
  for (let n = 0; n < 100; n += 1) bench.reservations.succeeded(accountId);
}

test('reservationPreview draws the present and the proposed share over the load', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const input = { stableMaxReservation: 0.6, lowLoadThreshold: 0.33, probeReservation: 0.25 };
  const { curves, probePresent, probeProposed, errors } = await preview(
    bench,
    input,
    'probePresent probeProposed curves(confidences: [0, 1]) { confidence points { loadFactor present proposed } }',
  );
  assert.deepEqual(errors, []);
  assert.deepEqual([probePresent, probeProposed], [0.1, 0.25]);
  assert.deepEqual(
    curves.map(({ confidence }: { confidence: number }) => confidence),
    [0, 1],
  );
  const [flat, full] = curves;
  assert.ok(flat.points.every((point: { proposed: number }) => point.proposed === 0.1));
  // Every 5 %, and the corner at 0.33 that lies between two of them.
  assert.equal(full.points.length, 22);
  assert.deepEqual(at(full.points, 0.33), { loadFactor: 0.33, present: 0.1, proposed: 0.1 });
  assert.deepEqual(at(full.points, 0.8), { loadFactor: 0.8, present: 0.35, proposed: 0.6 });
  const middle = at(full.points, 0.65);
  assert.ok(middle && 'present' in middle && 'proposed' in middle);
  assert.ok(Math.abs(Number(middle.present) - (0.1 + 0.5 * 0.25)) < 1e-9);
  assert.ok(Math.abs(Number(middle.proposed) - (0.1 + (0.32 / 0.47) * 0.5)) < 1e-9);
});

test('reservationPreview tells what each account would hold back with its load and history of now', async () => {
  const bench = await openBench({ rows: sampleRows() });
  succeed(bench, 'a1');
  const account = sampleAccount(bench, 'a1');
  bench.slots.take(account);
  bench.slots.take(account);
  const { accounts } = await preview(
    bench,
    { stableMinReservation: 0.5, stableMaxReservation: 0.5, probeReservation: 0.4 },
    'accounts(first: 2) { totalCount pageInfo { hasNextPage } nodes { account { name } present { ratio phase reasonCode newcomerSlots } proposed { ratio phase reasonCode newcomerSlots } } }',
  );
  assert.equal(accounts.totalCount, 3);
  assert.equal(accounts.pageInfo.hasNextPage, true);
  const [gpu, teamA] = accounts.nodes;
  assert.deepEqual(gpu, {
    account: { name: 'gpu' },
    present: { ratio: 0.1, phase: 'PROBE', reasonCode: 'PROBE', newcomerSlots: null },
    proposed: { ratio: 0.4, phase: 'PROBE', reasonCode: 'PROBE', newcomerSlots: null },
  });
  assert.ok(Math.abs(teamA.present.ratio - (0.1 + 0.85 * 0.25)) < 1e-9);
  assert.deepEqual(teamA.proposed, {
    ratio: 0.5,
    phase: 'STABLE',
    reasonCode: 'HIGH_LOAD',
    newcomerSlots: 1,
  });
});

test('reservationPreview of another probe phase judges the accounts anew', async () => {
  const bench = await openBench({ rows: sampleRows() });
  succeed(bench, 'a1');
  const { accounts } = await preview(
    bench,
    { probePhaseRequests: 101 },
    'accounts { nodes { account { name } present { phase } proposed { phase } } }',
  );
  const phases = accounts.nodes.map(
    (each: { present: { phase: string }; proposed: { phase: string } }) =>
      `${each.present.phase} ${each.proposed.phase}`,
  );
  assert.deepEqual(phases, ['PROBE PROBE', 'STABLE PROBE', 'PROBE PROBE']);
});

test('reservationPreview of the switch tells nothing held back, and changes nothing', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const found = await preview(
    bench,
    { enabled: false },
    'settings { enabled stableMaxReservation } probeProposed curves(confidences: [1]) { points { present proposed } } accounts { nodes { proposed { ratio reasonCode } } }',
  );
  assert.deepEqual(found.settings, { enabled: false, stableMaxReservation: 0.35 });
  assert.equal(found.probeProposed, 0);
  assert.deepEqual(found.curves[0].points.at(-1), { present: 0.35, proposed: 0 });
  for (const { proposed } of found.accounts.nodes)
    assert.deepEqual(proposed, { ratio: 0, reasonCode: 'OFF' });
  assert.deepEqual(bench.parts.catalog.current.settings.reservation, DEFAULT_RESERVATION);
  assert.equal(bench.reservations.stats().totalChecks, 0);
});

const REFUSED: { name: string; input: Record<string, number>; field: string }[] = [
  { name: 'a share above 1', input: { probeReservation: 1.5 }, field: 'probeReservation' },
  {
    name: 'a count of zero',
    input: { successCountForFullConfidence: 0 },
    field: 'successCountForFullConfidence',
  },
  { name: 'a least above the most', input: { stableMinReservation: 0.9 }, field: 'stableMinReservation' },
  { name: 'thresholds that cross', input: { highLoadThreshold: 0.4 }, field: 'highLoadThreshold' },
];

for (const { name, input, field } of REFUSED) {
  test(`reservationPreview refuses ${name} as updateSettings does`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const found = await preview(
      bench,
      input,
      'settings { enabled } curves { confidence } accounts { totalCount }',
    );
    const [error] = found.errors;
    assert.deepEqual([error.code, error.path], ['invalid-value', ['input', field]]);
    assert.deepEqual([found.settings, found.curves, found.accounts.totalCount], [null, [], 0]);
    const update = await mutate(bench, 'updateSettings', '__typename', { input: { reservation: input } });
    assert.equal(update.errors[0].code, 'invalid-value');
    assert.equal(update.errors[0].message, error.message.replace('accept ', 'accept reservation.'));
  });
}

test('reservationPreview leaves fields that are null as they are, and refuses confidences beyond 1', async () => {
  const bench = await openBench();
  const found = await preview(
    bench,
    { enabled: null, probeReservation: null },
    'settings { probeReservation }',
  );
  assert.deepEqual([found.settings, found.errors], [{ probeReservation: 0.1 }, []]);
  const reply = await bench.call(
    '{ reservationPreview(input: {}) { curves(confidences: [1.1]) { confidence } } }',
  );
  assert.equal(reply.errors[0]?.extensions.code, 'BAD_USER_INPUT');
});
