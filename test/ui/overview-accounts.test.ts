// The overview's accounts: order and counts, however many there are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsByState, inOrder } from '../../ui/src/pages/overview/account-list.ts';
import type { AccountState } from '../../ui/src/parts/account-state.ts';

const account = (name: string, state: AccountState) => ({ id: name, name, state });

test('countsByState counts each of 130 accounts once, in the order of the list', () => {
  const accounts = Array.from({ length: 130 }, (_, n) =>
    account(`a-${n}`, n % 13 === 0 ? 'COOLING_DOWN' : n === 129 ? 'DISABLED' : 'AVAILABLE'),
  );
  assert.deepEqual(countsByState(accounts), [
    { state: 'DISABLED', count: 1 },
    { state: 'COOLING_DOWN', count: 10 },
    { state: 'AVAILABLE', count: 119 },
  ]);
  assert.deepEqual(countsByState([]), []);
});

test('inOrder begins with what needs a look, then goes by name with numbers as numbers', () => {
  const accounts = [
    account('b-10', 'AVAILABLE'),
    account('b-9', 'AVAILABLE'),
    account('z', 'EJECTED'),
    account('a', 'PAUSED'),
  ];
  assert.deepEqual(
    inOrder(accounts).map(({ name }) => name),
    ['z', 'b-9', 'b-10', 'a'],
  );
});
