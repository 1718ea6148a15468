// Where a feed goes on after it was disconnected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FeedCursor } from '../../ui/src/lib/feed-cursor.ts';

test('FeedCursor starts without a position and goes on behind the last event seen', () => {
  const cursor = new FeedCursor<{ id: string }>(({ id }) => id);
  assert.deepEqual(cursor.variables, {});
  assert.equal(cursor.isKnown, false);
  cursor.see({ id: 'one' });
  cursor.see({ id: 'two' });
  assert.deepEqual(cursor.variables, { after: 'two' });
  assert.equal(cursor.isKnown, true);
});

for (const code of ['CURSOR_UNKNOWN', 'CURSOR_TOO_OLD']) {
  test(`FeedCursor forgets its position on ${code}`, () => {
    const cursor = new FeedCursor<{ id: string }>(({ id }) => id);
    cursor.see({ id: 'one' });
    assert.equal(cursor.refusedBy([undefined, code]), true);
    assert.deepEqual(cursor.variables, {});
    assert.equal(cursor.isKnown, false);
  });
}

test('FeedCursor keeps its position on any other error', () => {
  const cursor = new FeedCursor<{ id: string }>(({ id }) => id);
  cursor.see({ id: 'one' });
  assert.equal(cursor.refusedBy([]), false);
  assert.equal(cursor.refusedBy(['SUBSCRIPTION_TOO_SLOW', 42, undefined]), false);
  assert.deepEqual(cursor.variables, { after: 'one' });
});

test('FeedCursor has no position where events tell of a state', () => {
  const cursor = new FeedCursor<{ id: string }>(null);
  cursor.see({ id: 'one' });
  assert.deepEqual(cursor.variables, {});
  assert.equal(cursor.isKnown, false);
});
