// The numbers of an account's form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isFaulty,
  type LimitsForm,
  limitSource,
  readLimits,
  readWeight,
} from '../../ui/src/pages/accounts/limits.ts';

const FORM: LimitsForm = {
  weight: 1,
  maxConcurrent: null,
  cacheTtlMinutes: null,
  rateMultiplier: 1,
  usdPerCredit: null,
  cacheDomain: '',
};

test('readLimits keeps empty apart from zero', () => {
  assert.deepEqual(readLimits(FORM), {
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: null,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
  });
  assert.equal(readLimits({ ...FORM, cacheTtlMinutes: '0' })?.cacheTtlMinutes, 0);
  assert.equal(readLimits({ ...FORM, maxConcurrent: '20' })?.maxConcurrent, 20);
  assert.equal(readLimits({ ...FORM, usdPerCredit: '0.04' })?.usdPerCredit, 0.04);
  assert.equal(readLimits({ ...FORM, cacheDomain: ' team ' })?.cacheDomain, 'team');
});

const REFUSED: Partial<LimitsForm>[] = [
  { weight: '' },
  { weight: 0 },
  { weight: '1.5' },
  { maxConcurrent: 0 },
  { maxConcurrent: 'many' },
  { cacheTtlMinutes: -1 },
  { cacheTtlMinutes: 10_081 },
  { weight: 1001 },
  { rateMultiplier: 'x' },
  { rateMultiplier: -1 },
  { usdPerCredit: 0 },
  { usdPerCredit: 'x' },
];
for (const change of REFUSED) {
  test(`readLimits refuses ${JSON.stringify(change)}`, () => {
    assert.equal(readLimits({ ...FORM, ...change }), null);
  });
}

test('readWeight() takes whole numbers from 1 to 1000 only', () => {
  assert.equal(readWeight('1000'), 1000);
  for (const entered of ['', null, '0', '-1', '1.5', '1001', 'x']) assert.equal(readWeight(entered), null);
});

test('limitSource() says whether the limit was set, learned, or is not known', () => {
  assert.equal(limitSource({ maxConcurrent: 8, currentLimit: 8 }), 'set');
  assert.equal(limitSource({ maxConcurrent: null, currentLimit: 3 }), 'learned');
  assert.equal(limitSource({ maxConcurrent: null, currentLimit: null }), 'unknown');
});

test('isFaulty() blames the field that is wrong and no other', () => {
  const form = { ...FORM, weight: '0', usdPerCredit: '-1' };
  const fields = ['weight', 'maxConcurrent', 'cacheTtlMinutes', 'rateMultiplier', 'usdPerCredit'] as const;
  assert.deepEqual(
    fields.filter((field) => isFaulty(form, field)),
    ['weight', 'usdPerCredit'],
  );
});
