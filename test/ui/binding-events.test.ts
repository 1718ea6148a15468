// What changes of bindings do to the list on the screen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aliveCount,
  applyBindingChange,
  type BindingChange,
  type BindingView,
  bindingOrderOf,
  fitsView,
  type ListedBinding,
  type LiveBindings,
  released,
} from '../../ui/src/lib/binding-events.ts';

const START_MS = Date.UTC(2026, 0, 1);
const idOf = (typename: string, id: string) => btoa(`${typename}:${id}`).replaceAll('=', '');

/** `leftS`: seconds left to live. */
function row(key: string, given: Partial<ListedBinding> & { leftS?: number } = {}): ListedBinding {
  const { leftS = 60, ...rest } = given;
  return {
    id: idOf('Affinity', key),
    sessionId: `session-${key}`,
    surface: 'OPENAI_CHAT',
    pinned: false,
    createdAt: new Date(START_MS).toISOString(),
    expiresAt: new Date(START_MS + leftS * 1000).toISOString(),
    lastHitAt: new Date(START_MS).toISOString(),
    requestCount: 1,
    warmTokens: 10,
    cacheReadTokens: 20,
    apiKey: { id: idOf('ApiKey', 'k1'), name: 'Laptop' },
    user: { id: idOf('User', 'u1'), username: 'Ada', email: 'ada@example.com' },
    provider: { id: idOf('Provider', 'p1'), name: 'anthropic' },
    account: { id: idOf('Account', 'a1'), name: 'team-a' },
    model: { id: idOf('Model', 'm1'), name: 'sonnet', displayName: 'Sonnet 5' },
    ...rest,
  };
}

const VIEW: BindingView = { search: null, filter: {}, orderBy: 'EXPIRES_AT_DESC' };
const a = row('a', { leftS: 90 });
const b = row('b', { leftS: 50 });
const START: LiveBindings<ListedBinding> = {
  rows: [a, b],
  gone: new Map(),
  waiting: [],
  totalCount: 7,
  isUncertain: false,
};

interface Given {
  list?: LiveBindings<ListedBinding>;
  view?: Partial<BindingView>;
  isHeld?: boolean;
  hasMore?: boolean;
}

function apply(kind: BindingChange<ListedBinding>['kind'], affinity: ListedBinding, given: Given = {}) {
  const { list = START, view = {}, isHeld = false, hasMore = true } = given;
  return applyBindingChange(list, { kind, affinity }, { view: { ...VIEW, ...view }, isHeld, hasMore });
}

const keyOf = ({ id }: ListedBinding) => atob(id).replace('Affinity:', '');
const shown = ({ rows, waiting, gone, totalCount }: LiveBindings<ListedBinding>) => ({
  rows: rows.map(keyOf).join(''),
  waiting: waiting.map(keyOf).join(''),
  gone: [...gone.values()].join(' '),
  totalCount,
});

test('aliveCount leaves out what has ended, and counts what waits', () => {
  assert.equal(aliveCount(START), 2);
  const held = { isHeld: true, hasMore: false };
  const list = apply('EXPIRED', a, { ...held, list: apply('BOUND', row('c'), held) });
  assert.deepEqual(shown(list), { rows: 'ab', waiting: 'c', gone: 'EXPIRED', totalCount: 7 });
  assert.equal(aliveCount(list), 2);
});

test('applyBindingChange replaces a known row where it stands', () => {
  const renewed = row('b', { leftS: 300, requestCount: 2 });
  const changed = apply('RENEWED', renewed);
  assert.deepEqual(changed, { ...START, rows: [a, renewed] });
});

test('applyBindingChange puts a new row where the order puts it, and counts it', () => {
  const places: [number, boolean, string][] = [
    [100, true, 'cab'],
    [70, true, 'acb'],
    // Behind the last row: on a page that is not here yet, or at the end of all.
    [10, true, 'ab'],
    [10, false, 'abc'],
  ];
  for (const [leftS, hasMore, rows] of places) {
    const changed = apply('BOUND', row('c', { leftS }), { hasMore });
    assert.deepEqual(shown(changed), { rows, waiting: '', gone: '', totalCount: 8 }, `${leftS} ${hasMore}`);
  }
  const byName = apply('BOUND', row('c', { apiKey: { id: 'x', name: 'A first one' } }), {
    view: { orderBy: 'API_KEY_ASC' },
  });
  assert.equal(shown(byName).rows, 'cab');
});

test('applyBindingChange counts what is used or helped out once only', () => {
  assert.equal(apply('RENEWED', row('c', { leftS: 300 })).totalCount, 7);
  assert.equal(shown(apply('RENEWED', row('c', { leftS: 300 }))).rows, 'cab');
  assert.deepEqual(apply('BORROWED', row('c', { leftS: 300 })), START);
});

test('applyBindingChange counts a move behind its end, but none by hand', () => {
  assert.equal(apply('MOVED', row('c', { leftS: 300, requestCount: 1 })).totalCount, 8);
  assert.equal(apply('MOVED', row('c', { leftS: 300, requestCount: 0 })).totalCount, 7);
});

for (const kind of ['EXPIRED', 'CLEARED'] as const) {
  test(`applyBindingChange takes away what ${kind.toLowerCase()}, and keeps it in place while held`, () => {
    assert.deepEqual(shown(apply(kind, a)), { rows: 'b', waiting: '', gone: '', totalCount: 6 });
    assert.deepEqual(shown(apply(kind, row('z'))), { rows: 'ab', waiting: '', gone: '', totalCount: 6 });
    const held = apply(kind, a, { isHeld: true });
    assert.deepEqual(shown(held), { rows: 'ab', waiting: '', gone: kind, totalCount: 6 });
    assert.equal(apply(kind, a, { list: held, isHeld: true }).totalCount, 6);
    assert.equal(shown(released(held, { orderBy: VIEW.orderBy, hasMore: true })).rows, 'b');
  });
}

test('applyBindingChange brings back what is bound anew while held', () => {
  const held = apply('CLEARED', a, { isHeld: true });
  const back = apply('BOUND', row('a', { leftS: 300 }), { list: held, isHeld: true });
  assert.deepEqual(shown(back), { rows: 'ab', waiting: '', gone: '', totalCount: 7 });
});

test('applyBindingChange lets new rows wait while held; released() puts them in', () => {
  let held = apply('BOUND', row('c', { leftS: 70 }), { isHeld: true });
  held = apply('BOUND', row('d', { leftS: 99 }), { list: held, isHeld: true });
  held = apply('RENEWED', row('c', { leftS: 95 }), { list: held, isHeld: true });
  assert.deepEqual(shown(held), { rows: 'ab', waiting: 'cd', gone: '', totalCount: 9 });
  held = apply('EXPIRED', row('d'), { list: held, isHeld: true });
  assert.deepEqual(shown(held), { rows: 'ab', waiting: 'c', gone: '', totalCount: 8 });
  const free = released(held, { orderBy: VIEW.orderBy, hasMore: true });
  assert.deepEqual(shown(free), { rows: 'cab', waiting: '', gone: '', totalCount: 8 });
});

test('released leaves a list alone in which nothing happened', () => {
  assert.equal(released(START, { orderBy: VIEW.orderBy, hasMore: true }), START);
});

test('applyBindingChange drops a row that moved out of the filter, and asks when it cannot know', () => {
  const filter = { accountId: a.account.id };
  const away = { account: { id: idOf('Account', 'a2'), name: 'team-b' } };
  const left = apply('MOVED', row('a', away), { view: { filter } });
  assert.deepEqual([shown(left).rows, left.totalCount, left.isUncertain], ['b', 6, false]);
  assert.equal(shown(apply('MOVED', row('a', away), { view: { filter }, isHeld: true })).gone, 'LEFT');
  assert.equal(apply('MOVED', row('z', away), { view: { filter } }).isUncertain, true);
  // Nothing of what does not fit is counted.
  assert.deepEqual(apply('EXPIRED', row('z', away), { view: { filter } }), START);
  const unpinned = apply('UNPINNED', a, { view: { filter: { pinned: true } } });
  assert.equal(shown(unpinned).rows, 'b');
});

const fits: [string, Partial<BindingView>, boolean][] = [
  ['no search', {}, true],
  ['part of a name, whatever the case', { search: ' LAPT ' }, true],
  ['an e-mail address', { search: 'ada@ex' }, true],
  ['a session', { search: 'session-a' }, true],
  ['a display name', { search: 'sonnet 5' }, true],
  ['an id of the database', { search: 'm1' }, true],
  ['a global id', { search: a.model.id }, true],
  ['something else', { search: 'grace' }, false],
  ['its account', { filter: { accountId: a.account.id } }, true],
  ['its account by the id of the database', { filter: { accountId: 'a1' } }, true],
  ['another account', { filter: { accountId: 'a2' } }, false],
  ['two that fit', { filter: { userId: 'u1', surface: 'OPENAI_CHAT' } }, true],
  ['one of two that does not', { filter: { userId: 'u1', surface: 'GEMINI' } }, false],
  ['not pinned', { filter: { pinned: false } }, true],
  ['pinned', { filter: { pinned: true } }, false],
];
for (const [name, view, expected] of fits) {
  test(`fitsView(): ${name}`, () => assert.equal(fitsView(a, { ...VIEW, ...view }), expected));
}

test('bindingOrderOf takes only the names of orders', () => {
  assert.equal(bindingOrderOf('MODEL_ASC'), 'MODEL_ASC');
  assert.deepEqual([null, '', 'toString', 'MODEL'].map(bindingOrderOf), [null, null, null, null]);
});
