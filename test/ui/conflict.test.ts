// What somebody else changed while a form was open: of anything, of an account, of a provider with its endpoints.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedFields, fieldsOf } from '../../ui/src/pages/accounts/account-form.ts';
import {
  freeName,
  type ProviderState,
  providerChanges,
  providerForm,
  rebased,
  stepsOf,
} from '../../ui/src/pages/accounts/provider-edit.ts';
import { differences, presentOf } from '../../ui/src/parts/conflict.ts';

test('presentOf() is what there is by now, after a conflict and after nothing else', () => {
  const entity = { version: 'v2' };
  assert.equal(presentOf([{ code: 'version-conflict' }], entity), entity);
  assert.equal(presentOf([{ code: 'version-conflict' }], null), null);
  assert.equal(presentOf([{ code: 'name-taken' }], entity), null);
  assert.equal(presentOf([], entity), null);
});

test('differences() tells what the other side changed and whether the form changed it too', () => {
  const before = { a: 1, b: 1, c: 1, d: 1 as number | null };
  const found = differences(['a', 'b', 'c', 'd'], {
    before,
    present: { a: 2, b: 2, c: 2, d: 1 },
    mine: { a: 1, b: 3, c: 2, d: null },
  });
  assert.deepEqual(found, [
    { name: 'a', before: 1, present: 2, isMine: false },
    { name: 'b', before: 1, present: 2, isMine: true },
    // Both changed c to the same, and only the form changed d.
  ]);
});

test('changedFields() saves only what was changed, null included', () => {
  const before = fieldsOf({
    name: 'a',
    weight: 1,
    maxConcurrent: 8,
    cacheTtlMinutes: null,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: 'team',
  });
  assert.deepEqual(changedFields(before, before), {});
  assert.deepEqual(changedFields(before, { ...before, maxConcurrent: null, weight: 2 }), {
    weight: 2,
    maxConcurrent: null,
  });
});

const MAIN = {
  id: 'e1',
  version: 'v1',
  name: 'main',
  surface: 'OPENAI_CHAT',
  baseUrl: 'https://one.example.com',
};
const STATE: ProviderState = {
  id: 'p',
  version: 'p1',
  name: 'one',
  allowPrivateNetwork: false,
  endpoints: [MAIN],
};

test('stepsOf() has no step for a form that changes nothing, trailing /v1 and spaces included', () => {
  const form = providerForm(STATE);
  assert.deepEqual(stepsOf(STATE, form), []);
  const endpoints = form.endpoints.map((one) => ({ ...one, baseUrl: ' https://one.example.com/v1/ ' }));
  assert.deepEqual(stepsOf(STATE, { ...form, name: ' one ', endpoints }), []);
});

test('stepsOf() allows private networks before, and forbids them after the endpoints', () => {
  const form = providerForm(STATE);
  const moved = form.endpoints.map((one) => ({ ...one, baseUrl: 'http://10.0.0.1' }));
  const added = { id: null, name: 'new', surface: 'GEMINI' as const, baseUrl: 'http://10.0.0.2' };
  const allow = stepsOf(STATE, { ...form, allowPrivateNetwork: true, endpoints: [...moved, added] });
  assert.deepEqual(
    allow.map(({ kind }) => kind),
    ['provider', 'endpoint', 'new-endpoint'],
  );
  assert.deepEqual(allow[1], {
    kind: 'endpoint',
    id: 'e1',
    version: 'v1',
    input: { name: 'main', surface: 'OPENAI_CHAT', baseUrl: 'http://10.0.0.1' },
  });
  const open = { ...STATE, allowPrivateNetwork: true };
  const forbid = stepsOf(open, { ...form, allowPrivateNetwork: false, endpoints: moved });
  assert.deepEqual(
    forbid.map(({ kind }) => kind),
    ['endpoint', 'provider'],
  );
});

test('providerChanges() tells the other side’s changes, and rebased() keeps them where the form has none', () => {
  const present: ProviderState = {
    ...STATE,
    version: 'p2',
    name: 'renamed',
    endpoints: [{ ...MAIN, version: 'v2', baseUrl: 'https://two.example.com' }],
  };
  const typed = providerForm(STATE);
  const mine = {
    ...typed,
    endpoints: typed.endpoints.map((one) => ({ ...one, name: 'first', baseUrl: 'https://mine.example.com' })),
  };
  assert.deepEqual(
    providerChanges(STATE, present, mine).map(({ owner, name, isMine }) => ({ owner, name, isMine })),
    [
      { owner: 'one', name: 'name', isMine: false },
      { owner: 'main', name: 'baseUrl', isMine: true },
    ],
  );
  const over = rebased(STATE, present, mine);
  assert.equal(over.name, 'renamed');
  assert.deepEqual(over.endpoints, [
    { id: 'e1', name: 'first', surface: 'OPENAI_CHAT', baseUrl: 'https://mine.example.com' },
  ]);
  assert.deepEqual(
    stepsOf(present, over).map((step) => step.kind),
    ['endpoint'],
  );
});

test('freeName() numbers a name that is taken', () => {
  assert.equal(freeName('openai', ['main']), 'openai');
  assert.equal(freeName('openai', ['openai', 'openai-2']), 'openai-3');
});
