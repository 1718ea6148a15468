// The pure parts of tables: which columns are shown in which order, how wide they are, and walking rows by keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  firstLayout,
  fittingLayout,
  layoutOf,
  leastWidthRem,
  nextOrder,
  rowAfter,
  shownColumns,
  sortOf,
  stepOf,
  tracksOf,
  withMoved,
  withVisible,
} from '../../ui/src/parts/table/columns.ts';

const COLUMNS = [
  { key: 'time', width: '4rem', isFixed: true },
  { key: 'model', width: 'minmax(6rem,1fr)' },
  { key: 'path', width: '8rem', isHidden: true },
  { key: 'cost', width: '3rem' },
];
const shown = (layout: Parameters<typeof shownColumns>[1]) =>
  shownColumns(COLUMNS, layout).map(({ key }) => key);

test('firstLayout() shows all but the hidden, and a fixed one always', () => {
  assert.deepEqual(firstLayout(COLUMNS), { order: ['time', 'model', 'path', 'cost'], hidden: ['path'] });
  assert.deepEqual(firstLayout([{ key: 'time', width: '1rem', isFixed: true, isHidden: true }]).hidden, []);
});

test('layoutOf() takes what was stored and leaves out what the table does not have', () => {
  const stored = {
    order: ['cost', 'gone', 'time', 'cost', 'model', 'path'],
    hidden: ['model', 'gone', 'time'],
  };
  assert.deepEqual(layoutOf(stored, COLUMNS), {
    order: ['cost', 'time', 'model', 'path'],
    hidden: ['model'],
  });
});

test('layoutOf() puts a column that is new since behind the one it follows', () => {
  const layout = layoutOf({ order: ['cost', 'model', 'time'], hidden: ['cost'] }, COLUMNS);
  assert.deepEqual(layout, { order: ['cost', 'model', 'path', 'time'], hidden: ['path', 'cost'] });
  assert.deepEqual(layoutOf({ order: ['cost'], hidden: [] }, COLUMNS).order, [
    'time',
    'model',
    'path',
    'cost',
  ]);
});

test('layoutOf() begins afresh with anything else', () => {
  const tooLong = Array.from({ length: 201 }, () => 'cost');
  const odd = [
    null,
    7,
    'x',
    [],
    {},
    { order: ['cost'] },
    { order: 'cost', hidden: [] },
    { order: tooLong, hidden: [] },
  ];
  for (const stored of odd)
    assert.deepEqual(layoutOf(stored, COLUMNS), firstLayout(COLUMNS), JSON.stringify(stored));
});

test('layoutOf() reads its own layouts back', () => {
  const layout = withMoved(withVisible(firstLayout(COLUMNS), 'path', true), 'cost', -1);
  assert.deepEqual(layoutOf(JSON.parse(JSON.stringify(layout)), COLUMNS), layout);
});

test('withVisible() and withMoved() change what is shown', () => {
  const layout = firstLayout(COLUMNS);
  assert.deepEqual(shown(layout), ['time', 'model', 'cost']);
  assert.deepEqual(shown(withVisible(layout, 'path', true)), ['time', 'model', 'path', 'cost']);
  assert.deepEqual(shown(withVisible(layout, 'cost', false)), ['time', 'model']);
  assert.deepEqual(shown(withMoved(layout, 'model', -1)), ['model', 'time', 'cost']);
  assert.deepEqual(shown(withMoved(layout, 'time', 1)), ['model', 'time', 'cost']);
});

test('withMoved() leaves the layout alone at its ends and for an unknown column', () => {
  const layout = firstLayout(COLUMNS);
  for (const [key, step] of [
    ['time', -1],
    ['cost', 1],
    ['gone', 1],
  ] as const) {
    assert.equal(withMoved(layout, key, step), layout);
  }
});

test('tracksOf() and leastWidthRem() add up tracks, gaps and padding', () => {
  const columns = [{ width: '4.25rem' }, { width: 'minmax(5rem,1.5fr)' }, { width: '1fr' }];
  assert.equal(tracksOf(columns, false), '4.25rem minmax(5rem,1.5fr) 1fr');
  assert.equal(tracksOf(columns, true), '4.25rem minmax(5rem,1.5fr) 1fr 1.5rem');
  // 4.25 + 5 + 5 assumed, two gaps of 0.75, padding 2.
  assert.equal(leastWidthRem(columns, false), 17.75);
  // One more track of 1.5 and one more gap.
  assert.equal(leastWidthRem(columns, true), 20);
});

test('sortOf() and nextOrder() follow the clicks on a head', () => {
  const cost = { order: 'COST_DESC', reverse: 'COST_ASC', align: 'right' as const };
  const name = { order: 'NAME' };
  assert.equal(sortOf({}, 'NAME'), null);
  assert.equal(nextOrder({}, null), null);
  assert.equal(sortOf(cost, null), 'none');
  assert.equal(sortOf(cost, 'NAME'), 'none');
  assert.equal(sortOf(cost, 'COST_DESC'), 'descending');
  assert.equal(sortOf(cost, 'COST_ASC'), 'ascending');
  assert.equal(sortOf(name, 'NAME'), 'ascending');
  assert.equal(sortOf({ ...name, direction: 'descending' }, 'NAME'), 'descending');
  assert.equal(nextOrder(cost, null), 'COST_DESC');
  assert.equal(nextOrder(cost, 'COST_DESC'), 'COST_ASC');
  assert.equal(nextOrder(cost, 'COST_ASC'), 'COST_DESC');
  assert.equal(nextOrder(name, 'NAME'), 'NAME');
});

test('stepOf() reads plain keys only', () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  assert.deepEqual(stepOf({ ...plain, key: 'j' }), { step: 'next', isLetter: true });
  assert.deepEqual(stepOf({ ...plain, key: 'k' }), { step: 'previous', isLetter: true });
  assert.deepEqual(stepOf({ ...plain, key: 'ArrowDown' }), { step: 'next', isLetter: false });
  assert.deepEqual(stepOf({ ...plain, key: 'Home' }), { step: 'first', isLetter: false });
  assert.equal(stepOf({ ...plain, key: 'x' }), null);
  assert.equal(stepOf({ ...plain, key: 'toString' }), null);
  for (const held of ['ctrlKey', 'metaKey', 'altKey', 'shiftKey']) {
    assert.equal(stepOf({ ...plain, key: 'k', [held]: true }), null, held);
  }
});

test('rowAfter() stays within the rows and begins where the reader looks', () => {
  const sight = { count: 5, visible: 2 };
  assert.equal(rowAfter('next', -1, sight), 2);
  assert.equal(rowAfter('previous', -1, sight), 2);
  assert.equal(rowAfter('next', 2, sight), 3);
  assert.equal(rowAfter('next', 4, sight), 4);
  assert.equal(rowAfter('previous', 0, sight), 0);
  assert.equal(rowAfter('first', 3, sight), 0);
  assert.equal(rowAfter('last', 3, sight), 4);
  assert.equal(rowAfter('next', -1, { count: 0, visible: 0 }), -1);
  assert.equal(rowAfter('next', -1, { count: 1, visible: 9 }), 0);
});

test('fittingLayout() leaves out extra columns, the last first, until the rest fits', () => {
  const columns = [
    { key: 'time', width: '4rem' },
    { key: 'ttft', width: '4rem', isExtra: true },
    { key: 'cost', width: '4rem' },
    { key: 'saved', width: '4rem', isExtra: true },
  ];
  const hiddenAt = (widthRem: number) =>
    fittingLayout(columns, firstLayout(columns), { widthRem, hasOpener: false }).hidden;
  // Four tracks of 4, three gaps of 0.75, padding 2.
  assert.deepEqual(hiddenAt(20.25), []);
  assert.deepEqual(hiddenAt(20), ['saved']);
  assert.deepEqual(hiddenAt(15.5), ['saved']);
  assert.deepEqual(hiddenAt(15), ['saved', 'ttft']);
  assert.deepEqual(hiddenAt(1), ['saved', 'ttft']);
});
