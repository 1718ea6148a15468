// The rows in sight out of very many: which they are, and in which elements they are drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Place, placeRows, rowRange } from '../../ui/src/parts/table/row-window.ts';

const VIEW = { viewPx: 400, rowPx: 40, count: 1000 };

test('rowRange() is what is in sight and five rows on either side', () => {
  const cases: [offsetPx: number, first: number, last: number][] = [
    [0, 0, 14],
    // The head lies above the first row.
    [-37, 0, 14],
    [39, 0, 15],
    [40, 0, 15],
    [41, 0, 16],
    [4000, 95, 114],
    [39_600, 985, 999],
    // Scrolled further than there are rows any more.
    [80_000, 999, 999],
  ];
  for (const [offsetPx, first, last] of cases)
    assert.deepEqual(rowRange({ ...VIEW, offsetPx }), { first, last }, String(offsetPx));
});

test('rowRange() is empty where nothing is or nothing is seen', () => {
  assert.deepEqual(rowRange({ ...VIEW, offsetPx: 0, count: 0 }), { first: 0, last: -1 });
  assert.deepEqual(rowRange({ ...VIEW, offsetPx: 0, viewPx: 0 }), { first: 0, last: -1 });
  assert.deepEqual(rowRange({ ...VIEW, offsetPx: 0, count: 3 }), { first: 0, last: 2 });
});

interface Item {
  id: string;
}
const items = (count: number): Item[] =>
  Array.from({ length: count }, (_unused, index) => ({ id: `r${index}` }));
const ROWS = items(1000);
const getKey = ({ id }: Item) => id;

function place(
  before: readonly Place<Item>[],
  [first, last]: readonly [number, number],
  { isReusing = true, rows = ROWS }: { isReusing?: boolean; rows?: readonly Item[] } = {},
): readonly Place<Item>[] {
  return placeRows(before, { rows, range: { first, last }, getKey, isReusing });
}
const shown = (places: readonly Place<Item>[]) => places.map(({ element, key }) => `${element}:${key}`);

test('placeRows() gives rows that come the elements of rows that leave', () => {
  const before = place([], [0, 3]);
  assert.deepEqual(shown(before), ['0:r0', '1:r1', '2:r2', '3:r3']);
  const after = place(before, [2, 5]);
  assert.deepEqual(shown(after), ['0:r4', '1:r5', '2:r2', '3:r3']);
  assert.equal(after[2], before[2]);
  assert.deepEqual(shown(place(after, [100, 103])), ['0:r100', '1:r101', '2:r102', '3:r103']);
  assert.deepEqual(shown(place(after, [4, 9])), ['0:r4', '1:r5', '2:r6', '3:r7', '4:r8', '5:r9']);
  assert.deepEqual(shown(place(after, [5, 6])), ['0:r6', '1:r5']);
});

test('placeRows() puts the document in order when it may not take elements over', () => {
  const moved = place(place([], [0, 3]), [2, 5]);
  assert.deepEqual(shown(place(moved, [2, 5], { isReusing: false })), ['2:r2', '3:r3', '0:r4', '1:r5']);
  const stepped = place(moved, [3, 6], { isReusing: false });
  assert.deepEqual(shown(stepped), ['3:r3', '0:r4', '1:r5', '4:r6']);
});

test('placeRows() lets what is shown stay when rows come above it', () => {
  const before = place([], [0, 2], { isReusing: false });
  const rows = [{ id: 'new' }, ...ROWS];
  const after = place(before, [0, 2], { isReusing: false, rows });
  assert.deepEqual(shown(after), ['3:new', '0:r0', '1:r1']);
  assert.deepEqual(
    after.map(({ index }) => index),
    [0, 1, 2],
  );
});

test('placeRows() is the same object while nothing changes, and shows a row that was read again', () => {
  const before = place([], [0, 2]);
  assert.equal(place(before, [0, 2]), before);
  assert.equal(place(before, [0, 2], { isReusing: false }), before);
  assert.equal(place(before, [0, 2], { rows: [...ROWS, ...items(5)] }), before);
  const rows = [...ROWS];
  rows[1] = { id: 'r1' };
  const after = place(before, [0, 2], { rows });
  assert.deepEqual(shown(after), shown(before));
  assert.equal(after[1]?.row, rows[1]);
});

test('placeRows() looks at the rows of the range only, however many there are', () => {
  const many = items(100_000);
  let looks = 0;
  const counted = new Proxy(many, {
    get(target, name, receiver) {
      looks += 1;
      return Reflect.get(target, name, receiver);
    },
  });
  let keys = 0;
  const range = { first: 60_000, last: 60_019 };
  const countedKey = (row: Item) => {
    keys += 1;
    return row.id;
  };
  placeRows([], { rows: counted, range, getKey: countedKey, isReusing: true });
  assert.equal(looks, 20);
  assert.equal(keys, 20);
});

test('placeRows() draws each row of the range once, in elements of its own, wherever the list is scrolled to', () => {
  const step = fc.record({ first: fc.nat(60), count: fc.nat(12), isReusing: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let places: readonly Place<Item>[] = [];
      for (const { first, count, isReusing } of steps) {
        const before = new Map(places.map(({ key, element }) => [key, element]));
        places = place(places, [first, first + count - 1], { isReusing });
        const indexes = places.map(({ index }) => index);
        const wanted = Array.from({ length: count }, (_unused, at) => first + at);
        assert.deepEqual(isReusing ? indexes.toSorted((a, b) => a - b) : indexes, wanted);
        assert.equal(new Set(places.map(({ element }) => element)).size, count);
        for (const { key, index, element } of places) {
          assert.equal(key, `r${index}`);
          if (before.has(key)) assert.equal(element, before.get(key));
        }
      }
    }),
  );
});
