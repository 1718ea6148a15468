// Names that come from outside the panel have words in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AFFINITY_CODES } from '../../server/gateway/route-record.ts';
import { LOSSES } from '../../server/wire/losses.ts';
import { dictionary } from '../../ui/src/lib/messages/en.ts';
import { isMessageKey } from '../../ui/src/lib/messages.ts';

test('every loss that a translation drops has words, and no other has', () => {
  for (const [loss, { policy }] of Object.entries(LOSSES)) {
    assert.equal(isMessageKey(`loss.${loss}`, dictionary), policy === 'drop', loss);
  }
});

test('every code of what became of a binding has words', () => {
  assert.deepEqual(
    AFFINITY_CODES.filter((code) => !isMessageKey(`code.${code}`, dictionary)),
    [],
  );
});

test('isMessageKey is not taken in by what every object has', () => {
  assert.equal(isMessageKey('toString', dictionary), false);
});
