// Ticking accounts: how much of a provider is chosen, and ranges.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenShare, idsBetween } from '../../ui/src/pages/accounts/choice.ts';

const SHARES = [
  [[], ['a'], 'none'],
  [['a', 'b'], [], 'none'],
  [['a', 'b'], ['c'], 'none'],
  [['a', 'b'], ['b', 'c'], 'some'],
  [['a', 'b'], ['b', 'a', 'c'], 'all'],
] as const;
for (const [ids, chosen, share] of SHARES) {
  test(`chosenShare() of ${ids.join()} with ${chosen.join()} ticked is ${share}`, () => {
    assert.equal(chosenShare(ids, new Set<string>(chosen)), share);
  });
}

const RANGES = [
  ['b', 'd', 'bcd'],
  ['d', 'b', 'bcd'],
  ['c', 'c', 'c'],
  [null, 'c', 'c'],
  ['hidden', 'c', 'c'],
  ['a', 'hidden', 'hidden'],
] as const;
for (const [one, other, found] of RANGES) {
  test(`idsBetween() gives ${found} from ${one} to ${other}`, () => {
    assert.equal(idsBetween(['a', 'b', 'c', 'd', 'e'], one, other).join(''), found);
  });
}
