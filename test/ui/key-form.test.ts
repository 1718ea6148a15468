// An API key as its form: what is read, refused and sent; how full its limits look; what the address asks for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changesOf,
  emptyForm,
  fieldOfError,
  fieldsOf,
  fieldsOfNothing,
  formOf,
  type KeyForm,
  type KeyLike,
  readForm,
} from '../../ui/src/pages/keys/key-form.ts';
import { endsSoon, isSpent, levelOf, shareOf } from '../../ui/src/pages/keys/key-look.ts';
import { isNarrowed, ORDER_NAMES, orderOf, queryOf, userQueryOf } from '../../ui/src/pages/keys/key-query.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const READING = { nowMs: NOW_MS, timeZone: 'Europe/Berlin', expiresAt: null };
const KEY: KeyLike = {
  name: 'ada',
  enabled: true,
  user: { id: 'u1' },
  expiresAt: '2026-12-01T10:00:30.000Z',
  requestsPerMinute: 60,
  tokensPerMinute: null,
  maxConcurrent: 4,
  budgetUsdPerDay: 5.5,
  budgetUsdPerMonth: null,
  allowedModels: [
    { id: 'm2', name: 'llama' },
    { id: 'm1', name: 'sonnet' },
  ],
  allowedProviders: null,
  allowedSurfaces: [],
  allowedIps: ['192.0.2.0/24'],
};

const read = (part: Partial<KeyForm>) => readForm({ ...emptyForm(), name: 'x', ...part }, READING);

test('readForm() gives a form that nobody touched back as the key is, the seconds of its end included', () => {
  const reading = { ...READING, expiresAt: KEY.expiresAt };
  const { fields } = readForm(formOf(KEY, 'Europe/Berlin'), reading);
  assert.ok(fields);
  assert.deepEqual(fields, fieldsOf(KEY));
  assert.deepEqual(changesOf(fieldsOf(KEY), fields), {});
});

test('changesOf() sends what is not as it was, lists as lists, null for what is lifted', () => {
  const form = { ...formOf(KEY, 'UTC'), requestsPerMinute: '', models: ['m1'], surfaces: ['GEMINI'] };
  const reading = { ...READING, timeZone: 'UTC', expiresAt: KEY.expiresAt };
  const { fields } = readForm({ ...form, addresses: ' 10.0.0.1 ,\n::1\n\n', expiry: '7d' }, reading);
  assert.ok(fields);
  assert.deepEqual(changesOf(fieldsOf(KEY), fields), {
    requestsPerMinute: null,
    expiresAt: '2026-11-28T12:00:00.000Z',
    allowedModelIds: ['m1'],
    allowedSurfaces: ['GEMINI'],
    allowedIps: ['10.0.0.1', '::1'],
  });
});

test('a new key sends only what restricts it; nothing ticked means none, not all', () => {
  const { fields } = read({ budgetUsdPerDay: 0.5, providers: [] });
  assert.ok(fields);
  assert.deepEqual(changesOf({ ...fieldsOfNothing(), name: 'x' }, fields), {
    budgetUsdPerDay: 0.5,
    allowedProviderIds: [],
  });
});

for (const [what, part, faults] of [
  ['no name', { name: '  ' }, { name: 'name' }],
  ['half a request', { requestsPerMinute: 1.5 }, { requestsPerMinute: 'whole' }],
  ['no tokens at all', { tokensPerMinute: '0' }, { tokensPerMinute: 'whole' }],
  ['more at once than there can be', { maxConcurrent: 1_000_001 }, { maxConcurrent: 'whole' }],
  ['no money', { budgetUsdPerDay: 0 }, { budgetUsdPerDay: 'money' }],
  ['no number', { budgetUsdPerMonth: 'much' }, { budgetUsdPerMonth: 'money' }],
  ['no moment', { expiry: 'at', expiresAt: '' }, { expiresAt: 'expiry' }],
  ['a moment that is over', { expiry: 'at', expiresAt: '2026-11-21T12:59' }, { expiresAt: 'past' }],
] as const) {
  test(`readForm() refuses ${what}`, () => {
    assert.deepEqual(read(part), { fields: null, faults });
  });
}

test('readForm() reads a moment by the clock of the zone that is shown', () => {
  // Berlin is one hour ahead of UTC in November.
  const { fields } = read({ expiry: 'at', expiresAt: '2026-11-21T13:01' });
  assert.equal(fields?.expiresAt, '2026-11-21T12:01:00.000Z');
});

test('fieldOfError() finds the field that the API is not content with', () => {
  assert.equal(fieldOfError(['input', 'allowedIps', '2']), 'allowedIps');
  assert.equal(fieldOfError(['input', 'version']), null);
  assert.equal(fieldOfError(['id']), null);
  assert.equal(fieldOfError(null), null);
});

test('a limit is full at its end, and near it from four fifths on', () => {
  assert.equal(shareOf(3, null), null);
  assert.equal(shareOf(9, 4), 1);
  assert.deepEqual([0.79, 0.8, 0.999, 1].map(levelOf), ['plenty', 'little', 'little', 'none']);
  const usage = { spentTodayUsd: 5, spentThisMonthUsd: 7 };
  assert.equal(isSpent({ budgetUsdPerDay: 5, budgetUsdPerMonth: null, usage }), true);
  assert.equal(isSpent({ budgetUsdPerDay: 5.01, budgetUsdPerMonth: 8, usage }), false);
});

test('endsSoon() warns within seven days, but not of a revoked key', () => {
  const at = (days: number) => new Date(NOW_MS + days * 86_400_000).toISOString();
  assert.equal(endsSoon({ state: 'ACTIVE', expiresAt: at(6.9) }, NOW_MS), true);
  assert.equal(endsSoon({ state: 'ACTIVE', expiresAt: at(7.1) }, NOW_MS), false);
  assert.equal(endsSoon({ state: 'REVOKED', expiresAt: at(1) }, NOW_MS), false);
  assert.equal(endsSoon({ state: 'ACTIVE', expiresAt: null }, NOW_MS), false);
});

test('queryOf() reads the address, and takes nonsense for absent', () => {
  const params = new URLSearchParams('q=ada&state=REVOKED&user=none&sort=month');
  assert.deepEqual(queryOf(params), {
    search: 'ada',
    state: 'REVOKED',
    userId: null,
    isStandalone: true,
    orderBy: 'SPENT_THIS_MONTH_DESC',
  });
  assert.equal(isNarrowed(params), true);
  const nonsense = new URLSearchParams('state=gone&sort=toString');
  assert.equal(queryOf(nonsense).orderBy, 'NAME_ASC');
  assert.equal(isNarrowed(nonsense), false);
});

test('userQueryOf() knows the orders of users, which are not those of keys', () => {
  const read = (address: string) => userQueryOf(new URLSearchParams(address));
  assert.deepEqual(read('q=ada&sort=keys'), { search: 'ada', orderBy: 'KEYS_DESC' });
  assert.deepEqual(read('sort=expires'), { search: null, orderBy: 'NAME_ASC' });
  assert.deepEqual([orderOf('users', 'email'), orderOf('keys', 'email')], ['email', 'name']);
  assert.deepEqual(ORDER_NAMES.users, ['name', 'email', 'keys', 'day', 'month']);
});
