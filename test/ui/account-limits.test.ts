// The numbers of an account's form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LimitsForm, readLimits } from '../../ui/src/pages/accounts/limits.ts';

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
  { cacheTtlMinutes: 1441 },
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
