// What the TTL advice screen makes of the API's answers: plans, groups and the points' colours.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFormat } from '../../ui/src/lib/format.ts';
import {
  bindingsOf,
  hoursOf,
  inOrder,
  matches,
  nameOf,
  requestsOf,
  stepOf,
} from '../../ui/src/pages/ttl/groups.ts';
import { planRows, usdOf } from '../../ui/src/pages/ttl/plans.ts';
import { coloured, labelsAt, ofModel } from '../../ui/src/pages/ttl/points.ts';

const advice = {
  cheapest: 'ONE_HOUR',
  savings: [
    { plan: 'KEEP_WARM', usd: 1, plusMinusUsd: null, isClear: true },
    { plan: 'FIVE_MINUTES', usd: 2, plusMinusUsd: null, isClear: true },
  ],
  inPeriod: { fiveMinutesUsd: 10, oneHourUsd: 8, keepWarmUsd: 9, plusMinus: null },
  per1000Requests: { fiveMinutesUsd: 1, oneHourUsd: 0.8, keepWarmUsd: 0.9, plusMinus: null },
} as const;
/** The same from a sample. */
const sampled = {
  ...advice,
  savings: [
    { plan: 'KEEP_WARM', usd: 1, plusMinusUsd: 1.5, isClear: false },
    { plan: 'FIVE_MINUTES', usd: 2, plusMinusUsd: 0.5, isClear: true },
  ],
  inPeriod: { ...advice.inPeriod, plusMinus: { fiveMinutesUsd: 3, oneHourUsd: 2, keepWarmUsd: 2.5 } },
} as const;

test('planRows() tell costs, errors and how each plan stands', () => {
  assert.deepEqual(
    planRows(advice).map(({ plan, usd, plusMinusUsd, per1000Usd, standing }) => [
      plan,
      usd,
      plusMinusUsd,
      per1000Usd,
      standing,
    ]),
    [
      ['FIVE_MINUTES', 10, null, 1, 'dearer'],
      ['ONE_HOUR', 8, null, 0.8, 'cheapest'],
      ['KEEP_WARM', 9, null, 0.9, 'dearer'],
    ],
  );
  assert.deepEqual(
    planRows(sampled).map(({ plusMinusUsd, per1000PlusMinusUsd, standing }) => [
      plusMinusUsd,
      per1000PlusMinusUsd,
      standing,
    ]),
    [
      [3, null, 'dearer'],
      [2, null, 'equal'],
      [2.5, null, 'equal'],
    ],
  );
  assert.equal(usdOf('KEEP_WARM', advice, 'per1000'), 0.9);
});

test('dollars from a sample have no more digits than their error allows', () => {
  const { usdWithin, plusMinus } = createFormat('en', 'UTC');
  const cases: [usd: number, error: number | null, expected: string][] = [
    [326.72, null, '$326.72'],
    [326.72, 27.4, '$327 ± $27'],
    [326.72, 41, '$330 ± $40'],
    [1326.72, 410, '$1,300 ± $400'],
    [8.447, 0.162, '$8.45 ± $0.16'],
    [8.447, 0.97, '$8.4 ± $1.0'],
    [0.00123, 0.00045, '$0.0012 ± $0.0005'],
    [4, 0, '$4.00 ± $0.00'],
  ];
  for (const [usd, error, expected] of cases) {
    assert.equal([usdWithin(usd, error), ...(error === null ? [] : [plusMinus(error)])].join(' '), expected);
  }
});

function group(name: string, requestCount: number, usd: number | null) {
  const costs = (factor: number) => ({ ...advice.inPeriod, fiveMinutesUsd: (usd ?? 0) * factor });
  return {
    groupId: `id-${name}`,
    name,
    requestCount,
    recommendedTtlMinutes: requestCount > 5 ? 5 : 60,
    percentiles: { p50: 1, p75: 2, p90: requestCount },
    intervalPercentages: {
      within5min: requestCount / 10,
      within15min: 0,
      within30min: 0,
      within60min: 0,
      over60min: 0,
    },
    advice: usd === null ? null : { inPeriod: costs(1), per1000Requests: costs(1 / requestCount) },
  };
}

test('inOrder() sorts figures falling and names rising; what has no dollars comes last either way', () => {
  const rows = [group('bob', 2, 4), group('ada', 9, null), group('eve', 4, 6)];
  const names = (order: string, unit: 'period' | 'per1000' = 'period') =>
    inOrder(rows, order, unit)
      .map(({ name }) => name)
      .join(' ');
  assert.equal(names('requests'), 'ada eve bob');
  assert.equal(names('-requests'), 'bob eve ada');
  assert.equal(names('name'), 'ada bob eve');
  assert.equal(names('-name'), 'eve bob ada');
  assert.equal(names('five'), 'eve bob ada');
  assert.equal(names('-five'), 'bob eve ada');
  assert.equal(names('five', 'per1000'), 'bob eve ada');
  assert.equal(names('p90'), 'ada eve bob');
  assert.equal(names('short'), 'ada eve bob');
  assert.equal(names('-ttl').startsWith('ada'), true);
  // A hand-edited address.
  assert.equal(names('constructor'), 'ada eve bob');
});

test('matches() looks in name, e-mail and id, whatever the case', () => {
  const row = { groupId: 'VXNl', name: 'Ada', email: 'ada@example.com' };
  assert.deepEqual(
    ['ADA', 'example', 'vxnl', ' ada ', 'bob'].map((text) => matches(row, text)),
    [true, true, true, true, false],
  );
  assert.equal(matches({ groupId: 's-1', name: null, email: null }, 'null'), false);
});

test('groups lead to their requests and bindings', () => {
  const row = { groupId: 'G1', name: 'team a&b' };
  assert.equal(requestsOf(row, 'user', '7d'), '/requests?user=G1&period=7d');
  assert.equal(requestsOf(row, 'key', '7d'), '/requests?key=team+a%26b&period=7d');
  assert.equal(requestsOf(row, 'session', '12h'), '/requests?session=G1&period=12h');
  assert.equal(requestsOf(row, 'model', '30d'), '/requests?model=G1&period=30d');
  assert.equal(bindingsOf(row), '/affinities?q=team+a%26b');
  assert.equal(bindingsOf({ groupId: 's-1', name: null }), '/affinities?q=s-1');
});

test('nameOf() tells deleted ones from sessions, which are known by their id', () => {
  assert.equal(nameOf({ groupId: 'G1', name: null }, 'user'), null);
  assert.equal(nameOf({ groupId: 'G1', name: null }, 'session'), 'G1');
  assert.equal(nameOf({ groupId: 'G1', name: 'ada' }, 'key'), 'ada');
});

test('stepOf() and hoursOf() read what the API and the address say', () => {
  assert.deepEqual([5, 15, 30, 60, 90].map(stepOf), [5, 15, 30, 60, 60]);
  assert.deepEqual((['12h', '24h', '3d', '30d'] as const).map(hoursOf), [12, 24, 72, 720]);
});

const words = {
  noUser: 'nobody',
  deletedUser: 'gone',
  noModel: 'no model',
  read: 'read',
  notRead: 'cold',
  notReported: 'unknown',
};
const COLUMNS = {
  from: '2026-11-21T00:00:00.000Z',
  startedAfterSeconds: [60, 120, 180, 240],
  minutes: [0.5, 1, 1.5, 2],
  userIds: ['u1', 'u2'],
  user: [0, 1, 1, null],
  models: ['m1'],
  model: [0, null, 0, 0],
  cacheRead: [true, false, null, true],
};
const FROM_MS = Date.UTC(2026, 10, 21);

test('coloured() puts points into columns, and groups with the most points first', () => {
  const users = new Map([['u1', 'ada']]);
  const by = (colouring: 'user' | 'model' | 'cache') => coloured(COLUMNS, colouring, { users, words });
  const byUser = by('user');
  assert.deepEqual(
    [...byUser.points.atMs].map((ms) => ms - FROM_MS),
    [60_000, 120_000, 180_000, 240_000],
  );
  assert.deepEqual([...byUser.points.gapMinutes], [0.5, 1, 1.5, 2]);
  assert.deepEqual([...byUser.points.group], [2, 0, 0, 1]);
  assert.deepEqual(
    byUser.groups.map(({ label, tone, count }) => [label, tone, count]),
    [
      ['gone', 's1', 2],
      ['nobody', 's2', 1],
      ['ada', 's3', 1],
    ],
  );
  assert.deepEqual(
    by('model').groups.map(({ label }) => label),
    ['m1', 'no model'],
  );
  assert.deepEqual(
    by('cache').groups.map(({ label, tone }) => [label, tone]),
    [
      ['read', 'good'],
      ['cold', 'bad'],
      ['unknown', 's8'],
    ],
  );
});

test('labelsAt() names what a point is, also what has no name', () => {
  const naming = { users: new Map([['u1', 'ada']]), words };
  assert.deepEqual(labelsAt(COLUMNS, 0, naming), { user: 'ada', model: 'm1', cache: 'read' });
  assert.deepEqual(labelsAt(COLUMNS, 1, naming), { user: 'gone', model: 'no model', cache: 'cold' });
  assert.deepEqual(labelsAt(COLUMNS, 3, naming), { user: 'nobody', model: 'm1', cache: 'read' });
});

test('ofModel() keeps the points before requests to it, in every column', () => {
  assert.deepEqual(ofModel(COLUMNS, 'm1'), {
    ...COLUMNS,
    startedAfterSeconds: [60, 180, 240],
    minutes: [0.5, 1.5, 2],
    user: [0, 1, null],
    model: [0, 0, 0],
    cacheRead: [true, null, true],
  });
  assert.deepEqual(ofModel(COLUMNS, 'other').minutes, []);
});
