// What is wrong with an entered value, as programs are told it: a name and the bounds.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const LONG = 'x'.repeat(201);
const ACCOUNT = encodeGlobalId('Account', 'a1');
const ENDPOINT = encodeGlobalId('Endpoint', 'e1');
const PROVIDER = encodeGlobalId('Provider', 'p1');
const MAPPING = encodeGlobalId('ModelMapping', 'mm1');

type Told = [path: string, problem: string, min: number | null, max: number | null];

const INPUTS: [mutation: string, input: Record<string, unknown>, told: Told[]][] = [
  ['createProvider', { name: ' ' }, [['name', 'REQUIRED', null, null]]],
  ['createProvider', { name: LONG }, [['name', 'TOO_LONG', null, 200]]],
  ['createProvider', { name: 'a\nb' }, [['name', 'CONTROL_CHARACTERS', null, null]]],
  ['createUser', { username: 'eve', email: 'nobody' }, [['email', 'NOT_AN_EMAIL', null, null]]],
  [
    'createModel',
    { name: 'm', price: { inputUsdPerMillion: -1 } },
    [['price.inputUsdPerMillion', 'NOT_A_NUMBER', 0, 1e9]],
  ],
  ['createApiKey', { name: 'k', budgetUsdPerDay: 0 }, [['budgetUsdPerDay', 'NOT_ABOVE_ZERO', null, 1e9]]],
  [
    'createApiKey',
    { name: 'k', expiresAt: '2020-01-01T00:00:00Z' },
    [['expiresAt', 'IN_THE_PAST', null, null]],
  ],
  [
    'createApiKey',
    { name: 'k', allowedIps: ['::1', 'home'] },
    [['allowedIps.1', 'NOT_AN_ADDRESS_RANGE', null, null]],
  ],
  [
    'updateAccount',
    { weight: 0, name: null },
    [
      ['name', 'REQUIRED', null, null],
      ['weight', 'NOT_A_WHOLE_NUMBER', 1, 1000],
    ],
  ],
  [
    'updateProvider',
    { allowPrivateNetwork: null },
    [['allowPrivateNetwork', 'NOT_TRUE_OR_FALSE', null, null]],
  ],
  ['updateModelMapping', { aliases: null }, [['aliases', 'NOT_A_LIST', null, null]]],
  ['updateAccount', { weight: null }, [['weight', 'NOT_A_WHOLE_NUMBER', 1, 1000]]],
  ['updateAccount', { credential: 'two words' }, [['credential', 'NOT_PRINTABLE', null, null]]],
  ['updateEndpoint', { baseUrl: 'nowhere' }, [['baseUrl', 'NOT_A_URL', null, null]]],
  ['updateEndpoint', { baseUrl: 'https://u:p@a.example' }, [['baseUrl', 'HAS_PASSWORD', null, null]]],
  ['updateEndpoint', { baseUrl: 'https://a.example?q' }, [['baseUrl', 'HAS_QUERY', null, null]]],
  ['updateEndpoint', { baseUrl: 'https://10.0.0.1' }, [['baseUrl', 'PRIVATE_ADDRESS', null, null]]],
  ['updateEndpoint', { baseUrl: 'http://a.example' }, [['baseUrl', 'NEEDS_HTTPS', null, null]]],
  ['updateSettings', { alerts: { webhookUrl: 'ftp://x' } }, [['alerts.webhookUrl', 'NOT_A_URL', null, null]]],
  [
    'updateSettings',
    { alerts: { webhookUrl: 'http://x' } },
    [['alerts.webhookUrl', 'NEEDS_HTTPS', null, null]],
  ],
  [
    'updateSettings',
    { trustedProxies: Array(1001).fill('::1') },
    [['trustedProxies', 'TOO_MANY', null, 1000]],
  ],
  [
    'updateSettings',
    { reservation: { stableMinReservation: 0.4 } },
    [['reservation.stableMinReservation', 'TOO_LARGE', null, 0.35]],
  ],
  [
    'updateSettings',
    { reservation: { stableMaxReservation: 0.05 } },
    [['reservation.stableMaxReservation', 'TOO_SMALL', 0.1, null]],
  ],
  [
    'updateSettings',
    { reservation: { lowLoadThreshold: 0.8 } },
    [['reservation.lowLoadThreshold', 'NOT_BELOW', null, 0.8]],
  ],
  [
    'updateSettings',
    { reservation: { highLoadThreshold: 0.5 } },
    [['reservation.highLoadThreshold', 'NOT_ABOVE', 0.5, null]],
  ],
];
const IDS: Readonly<Record<string, string>> = {
  updateAccount: ACCOUNT,
  updateEndpoint: ENDPOINT,
  updateProvider: PROVIDER,
  updateModelMapping: MAPPING,
};

for (const [mutation, input, told] of INPUTS) {
  test(`${mutation} names what is wrong: ${told.join('; ')}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const type = `${mutation.slice(0, 1).toUpperCase()}${mutation.slice(1)}Input!`;
    const id = IDS[mutation];
    const given = id === undefined ? '' : 'id: $id, ';
    const result = await bench.ask(
      `mutation ($input: ${type}${id === undefined ? '' : ', $id: ID!'}) {
        ${mutation}(${given}input: $input) { errors { path problem min max } }
      }`,
      { input, id },
    );
    const {
      errors,
    }: { errors: { path: string[]; problem: string; min: number | null; max: number | null }[] } =
      result[mutation];
    assert.deepEqual(
      errors.map(({ path, problem, min, max }) => [path.slice(1).join('.'), problem, min, max]),
      told,
    );
  });
}

test('what only the message can say has no problem', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { createProvider } = await bench.ask(
    'mutation { createProvider(input: { name: "anthropic" }) { errors { code problem min max } } }',
  );
  assert.deepEqual(createProvider.errors, [{ code: 'name-taken', problem: null, min: null, max: null }]);
});
