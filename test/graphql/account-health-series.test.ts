// What an account did over time, by GraphQL: attempts, whoever answered in the end.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AttemptFault } from '../../server/gateway/faults.ts';
import type { AttemptOutcome, AttemptRow } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const NOTHING = {
  attempts: 0,
  succeeded: 0,
  failed: 0,
  rateLimited: 0,
  refused: 0,
  serverErrors: 0,
  networkErrors: 0,
  otherFailures: 0,
};

function attempt(accountId: string, outcome: AttemptOutcome, fault: AttemptFault | null): AttemptRow {
  const [given] = sampleRow('x').attempts;
  assert.ok(given);
  return { ...given, accountId, outcome, fault };
}

async function ask(attempts: readonly AttemptRow[]) {
  const bench = await openBench({ rows: sampleRows() });
  const startedAtMs = Date.parse('2026-11-21T21:40:00Z');
  // a2 answered: no sum by the answering account knows of a1.
  bench.log.append(sampleRow('r1', { startedAtMs, accountId: 'a2', attempts: [...attempts] }));
  bench.log.append(sampleRow('early', { startedAtMs: startedAtMs - 1_800_000 }));
  const query = `query ($id: ID!) { accountHealthSeries(accountId: $id, bucketSeconds: 3600,
    from: "2026-11-21T21:30:00Z", to: "2026-11-21T22:30:00Z") { from to ${Object.keys(NOTHING).join(' ')} } }`;
  return (await bench.ask(query, { id: encodeGlobalId('Account', 'a1') })).accountHealthSeries;
}

test('accountHealthSeries counts what an account refused although another one answered', async () => {
  const series = await ask([
    attempt('a1', 'retryable', 'rate-limited'),
    attempt('a1', 'retryable', 'server-error'),
    attempt('a2', 'ok', null),
  ]);
  assert.deepEqual(series, [
    {
      from: '2026-11-21T21:00:00.000Z',
      to: '2026-11-21T22:00:00.000Z',
      ...NOTHING,
      ...{ attempts: 2, failed: 2, rateLimited: 1, serverErrors: 1 },
    },
    { from: '2026-11-21T22:00:00.000Z', to: '2026-11-21T23:00:00.000Z', ...NOTHING },
  ]);
});

const FIELDS: Record<AttemptFault, keyof typeof NOTHING> = {
  'rate-limited': 'rateLimited',
  quota: 'rateLimited',
  refused: 'refused',
  overloaded: 'serverErrors',
  'server-error': 'serverErrors',
  timeout: 'networkErrors',
  unreachable: 'networkErrors',
  blocked: 'networkErrors',
  broken: 'networkErrors',
  stalled: 'networkErrors',
  incomplete: 'networkErrors',
  redirected: 'otherFailures',
  'model-missing': 'otherFailures',
};
for (const fault of Object.keys(FIELDS) as AttemptFault[]) {
  test(`accountHealthSeries counts the fault ${fault} among ${FIELDS[fault]}`, async () => {
    const [{ from, to, ...figures }] = await ask([attempt('a1', 'interrupted', fault)]);
    assert.deepEqual(figures, { ...NOTHING, attempts: 1, failed: 1, [FIELDS[fault]]: 1 });
  });
}

for (const { name, given, expected } of [
  { name: 'an answer', given: attempt('a1', 'ok', null), expected: { succeeded: 1 } },
  { name: "the caller's mistake", given: attempt('a1', 'rejected', null), expected: {} },
  { name: 'a caller that hung up', given: attempt('a1', 'client-gone', null), expected: {} },
  { name: 'a shutdown', given: attempt('a1', 'interrupted', null), expected: {} },
  {
    name: 'a failure of an older row, which says no more',
    given: attempt('a1', 'retryable', null),
    expected: { failed: 1, otherFailures: 1 },
  },
]) {
  test(`accountHealthSeries tells ${name} apart`, async () => {
    const [{ from, to, ...figures }] = await ask([given]);
    assert.deepEqual(figures, { ...NOTHING, attempts: 1, ...expected });
  });
}

test('accountHealthSeries refuses buckets that make no sense', async () => {
  const bench = await openBench();
  for (const args of [
    'bucketSeconds: 59',
    'bucketSeconds: 60, timeZone: "Mars/Olympus"',
    'bucketSeconds: 60, from: "2026-11-01T00:00:00Z"',
  ]) {
    const { errors } = await bench.call(`{ accountHealthSeries(accountId: "a1", ${args}) { attempts } }`);
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', args);
  }
});
