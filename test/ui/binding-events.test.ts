// What a change of a binding does to the list on the screen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyBindingChange, type BindingChange } from '../../ui/src/lib/binding-events.ts';

interface Row {
  id: string;
  hits: number;
}
const rows: Row[] = [
  { id: 'a', hits: 1 },
  { id: 'b', hits: 1 },
];
const change = (kind: BindingChange<Row>['kind'], id: string) => ({ kind, affinity: { id, hits: 2 } });

test('applyBindingChange replaces a known row where it stands', () => {
  const changed = applyBindingChange(rows, change('RENEWED', 'b'), { isSearching: true });
  assert.deepEqual(changed, {
    rows: [
      { id: 'a', hits: 1 },
      { id: 'b', hits: 2 },
    ],
    totalChange: 0,
  });
});

test('applyBindingChange puts a new row on top and counts it', () => {
  const changed = applyBindingChange(rows, change('BOUND', 'c'), { isSearching: false });
  assert.deepEqual(
    changed.rows.map(({ id }) => id),
    ['c', 'a', 'b'],
  );
  assert.equal(changed.totalChange, 1);
});

test('applyBindingChange shows a renewed row of a further page without counting it again', () => {
  assert.equal(applyBindingChange(rows, change('RENEWED', 'z'), { isSearching: false }).totalChange, 0);
});

test('applyBindingChange leaves new rows to the API while searching', () => {
  assert.deepEqual(applyBindingChange(rows, change('BOUND', 'c'), { isSearching: true }), {
    rows,
    totalChange: null,
  });
});

for (const kind of ['EXPIRED', 'CLEARED'] as const) {
  test(`applyBindingChange takes away what ${kind.toLowerCase()}`, () => {
    const changed = applyBindingChange(rows, change(kind, 'a'), { isSearching: false });
    assert.deepEqual(changed, { rows: [{ id: 'b', hits: 1 }], totalChange: -1 });
    assert.equal(applyBindingChange(rows, change(kind, 'z'), { isSearching: false }).totalChange, -1);
  });
}
