// How sentences follow one another: with a space, but not after a full-width stop.

import assert from 'node:assert/strict';
import test from 'node:test';
import { sentences } from '../../ui/src/lib/sentences.ts';

test('sentences() puts a space between sentences, but none after a full-width stop', () => {
  assert.equal(sentences('One.', 'Two: 10%.'), 'One. Two: 10%.');
  assert.equal(sentences('不保温。', '设置 1 小时：', '10%'), '不保温。设置 1 小时：10%');
  assert.equal(sentences('One.'), 'One.');
  assert.equal(sentences(), '');
});
