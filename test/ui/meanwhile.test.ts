// What was told of rows while their list was on its way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meanwhile } from '../../ui/src/lib/meanwhile.ts';

test('Meanwhile puts what was told since the list was asked for over what the list says', () => {
  const meanwhile = new Meanwhile<{ id: string; inFlight: number }>();
  meanwhile.begin();
  meanwhile.tell({ id: 'a', inFlight: 1 });
  meanwhile.tell({ id: 'a', inFlight: 0 });
  meanwhile.tell({ id: 'new', inFlight: 2 });
  const rows = [
    { id: 'a', inFlight: 1 },
    { id: 'b', inFlight: 3 },
  ];
  assert.deepEqual(rows.map(meanwhile.latest), [
    { id: 'a', inFlight: 0 },
    { id: 'b', inFlight: 3 },
  ]);
  assert.deepEqual(meanwhile.over(rows), [
    { id: 'a', inFlight: 0 },
    { id: 'b', inFlight: 3 },
    { id: 'new', inFlight: 2 },
  ]);
});

test('Meanwhile forgets what was told before the list was asked for', () => {
  const meanwhile = new Meanwhile<{ id: string; inFlight: number }>();
  meanwhile.tell({ id: 'a', inFlight: 1 });
  meanwhile.tell({ id: 'gone', inFlight: 1 });
  meanwhile.begin();
  assert.deepEqual(meanwhile.over([{ id: 'a', inFlight: 0 }]), [{ id: 'a', inFlight: 0 }]);
});
