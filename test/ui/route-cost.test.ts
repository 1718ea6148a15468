// How costs of candidates are written beside each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costWriter, exactCost } from '../../ui/src/parts/route-cost.ts';

test('costWriter() writes all costs with the digits that the largest needs', () => {
  const write = costWriter([{ missUsd: 0.0312, loadUsd: 0.0000031, totalUsd: 0.0312031 }, null], 'en');
  assert.deepEqual([0.0312031, 0.0312, 0.004, 0].map(write), ['$0.0312', '$0.0312', '$0.004', '$0.00']);
});

test('costWriter() says that something is less than what can be seen, on either side of nothing', () => {
  const write = costWriter([{ totalUsd: 0.0312 }], 'en');
  assert.deepEqual([0.0000031, -0.0000031, 0.00005, 0.00004].map(write), [
    '<$0.0001',
    '>-$0.0001',
    '$0.0001',
    '<$0.0001',
  ]);
});

test('costWriter() has cents at least and a dash for what is not known', () => {
  const dear = costWriter([{ totalUsd: 1234.5 }], 'en');
  assert.deepEqual([1234.5, 0.2, null, undefined, Number.NaN].map(dear), [
    '$1,234.50',
    '$0.20',
    '–',
    '–',
    '–',
  ]);
  assert.equal(costWriter([], 'en')(0), '$0.00');
});

test('exactCost() keeps every digit', () => {
  assert.equal(exactCost(0.0000031, 'en'), '$0.0000031');
  assert.equal(exactCost(null, 'en'), undefined);
});
