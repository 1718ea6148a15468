// The audit log's filters, its growing list, its tree of arguments, and words for every mutation.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema } from 'graphql';
import { dictionary } from '../../ui/src/lib/messages/en.ts';
import { isMessageKey } from '../../ui/src/lib/messages.ts';
import { ACTIONS } from '../../ui/src/pages/audit/actions.ts';
import { apiFilterOf, auditLink, since, withNewer } from '../../ui/src/pages/audit/audit-filter.ts';
import { nameOf } from '../../ui/src/pages/audit/names.ts';
import { hrefOf, settingsIn, subjectOf } from '../../ui/src/pages/audit/subject.ts';

const SCHEMA = buildSchema(readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8'));

test('ACTIONS are the mutations of the API, and each has words', () => {
  assert.deepEqual([...ACTIONS].sort(), Object.keys(SCHEMA.getMutationType()?.getFields() ?? {}).sort());
  assert.deepEqual(
    ACTIONS.filter((action) => !isMessageKey(`audit.action.${action}`, dictionary)),
    [],
  );
});

const NOON = { nowMs: Date.parse('2026-03-29T12:00:00.000Z'), timeZone: 'Europe/Berlin' };

const FILTERS = [
  [
    'q=ab&actor=panel&action=login&outcome=DENIED&open=1',
    { search: 'ab', actor: 'panel', action: 'login', outcome: 'DENIED' },
  ],
  ['q=&outcome=ok&period=2weeks&to=2026-03-01', {}],
  ['period=24h&actor=panel', { from: '2026-03-28T12:00:00.000Z', actor: 'panel' }],
  ['period=today', { from: '2026-03-28T23:00:00.000Z' }],
  ['period=1h&from=2026-03-01', { from: '2026-03-01T00:00:00.000Z' }],
  ['from=2026-03-01&to=2026-03-02', { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' }],
  ['from=2026-03-02&to=2026-03-01', {}],
] as const;
for (const [address, filter] of FILTERS) {
  test(`apiFilterOf() takes what ${address} means`, () => {
    assert.deepEqual(apiFilterOf(new URLSearchParams(address), NOON), filter);
  });
}

test('since() leaves out what has left the period', () => {
  const rows = ['2026-03-29T10:00:00.001Z', '2026-03-29T10:00:00.000Z', '2026-03-29T09:59:59.999Z'].map(
    (at) => ({ at }),
  );
  assert.deepEqual(since(rows, { from: '2026-03-29T10:00:00.000Z' }), rows.slice(0, 2));
  assert.equal(since(rows, {}), rows);
});

test('auditLink() escapes names', () => {
  assert.equal(auditLink({ actor: 'a&b' }), '/audit?actor=a%26b');
  assert.equal(auditLink({}), '/audit');
  assert.equal(auditLink({ period: '7d', action: 'login' }), '/audit?action=login&period=7d');
});

test('withNewer() puts newer rows on top, and gives up where there is a gap', () => {
  const rows = (...ids: string[]) => ids.map((id) => ({ id }));
  assert.deepEqual(withNewer(rows('3', '2', '1'), rows('5', '4', '3')), rows('5', '4', '3', '2', '1'));
  assert.deepEqual(withNewer(rows('3', '2'), rows('3', '2')), rows('3', '2'));
  assert.equal(withNewer(rows('3', '2'), rows('9', '8')), null);
  assert.equal(withNewer([], rows('1')), null);
});

test('subjectOf() finds what was changed, by id or by the name given to it', () => {
  const id = btoa('Account:1').replaceAll('=', '');
  const cases = [
    [
      { id, input: { name: 'new' } },
      { id, type: 'Account', name: 'new' },
    ],
    [{ input: { username: 'ada' } }, { id: null, type: null, name: 'ada' }],
    [
      { providerId: 'bare', modelName: 'm' },
      { id: 'bare', type: null, name: 'm' },
    ],
    [{ input: { alerts: {} } }, null],
    [{ id: 7 }, null],
  ] as const;
  for (const [given, subject] of cases) assert.deepEqual(subjectOf(JSON.stringify(given)), subject);
  assert.equal(subjectOf('{"id": "cut of'), null);
});

test('settingsIn() names each setting that was given, but not the version', () => {
  const input = {
    version: 'v',
    translation: true,
    affinity: { ttlSeconds: 1, scope: null },
    trustedProxies: ['::1'],
  };
  const paths = ['translation', 'affinity.ttlSeconds', 'affinity.scope', 'trustedProxies'];
  assert.deepEqual(settingsIn(JSON.stringify({ input })), paths);
  assert.deepEqual(settingsIn('{"input": {"cut of'), []);
  assert.deepEqual(settingsIn('{}'), []);
});

test('nameOf() prefers the present name, then the given one, then the id', () => {
  const subject = { id: 'a', type: 'Account', name: 'given' };
  assert.equal(nameOf(subject, new Map([['a', 'present']])), 'present');
  assert.equal(nameOf(subject, null), 'given');
  assert.equal(nameOf({ ...subject, name: null }, new Map()), 'a');
});

test('hrefOf() leads to the screen of the entity', () => {
  assert.equal(hrefOf({ id: 'a=', type: 'User', name: null }), '/keys?tab=users&open=a%3D');
  assert.equal(hrefOf({ id: 'a', type: 'Endpoint', name: null }), null);
  assert.equal(hrefOf({ id: null, type: null, name: 'n' }), null);
});
