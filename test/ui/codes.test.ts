// Names that come from outside the panel have words in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BINDING_REASONS } from '../../server/gateway/binding-reasons.ts';
import { WEBHOOK_FAULTS } from '../../server/gateway/cache-alert.ts';
import { CONDITION_CODES } from '../../server/gateway/condition-codes.ts';
import { INPUT_PROBLEMS } from '../../server/gateway/input-faults.ts';
import { MISS_DETAIL_CODES } from '../../server/gateway/miss-facts.ts';
import { AFFINITY_CODES } from '../../server/gateway/route-record.ts';
import { USER_ERROR_CODES } from '../../server/graphql/user-error.ts';
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

/** As the API writes it. */
function enumName(code: string): string {
  return code.toUpperCase().replaceAll('-', '_');
}

test('every reason of a binding, of an account that is not available, and of a miss has words', () => {
  const keys = [
    ...Object.keys(BINDING_REASONS).map((code) => `reason.${enumName(code)}`),
    ...CONDITION_CODES.map((code) => `condition.${enumName(code)}`),
    ...MISS_DETAIL_CODES.map((code) => `misses.detail.${enumName(code)}`),
  ];
  assert.deepEqual(
    keys.filter((key) => !isMessageKey(key, dictionary)),
    [],
  );
});

test('every expected error has words by its code, or always by its problem', () => {
  const inErrorText = [
    'insecure-connection',
    'invalid-setup-token',
    'too-many-attempts',
    'version-conflict',
    'wrong-password',
  ];
  const byProblem = [
    'in-use',
    'invalid-url',
    'invalid-value',
    'not-testable',
    'password-too-long',
    'password-too-short',
  ];
  assert.deepEqual(
    USER_ERROR_CODES.filter((code) => !isMessageKey(`error.code.${code}`, dictionary)),
    [...inErrorText, ...byProblem].sort(),
  );
});

test('every problem of an entered value and every fault of the webhook has words', () => {
  const keys = [
    ...Object.keys(INPUT_PROBLEMS).map((code) => `error.problem.${enumName(code)}`),
    ...WEBHOOK_FAULTS.map((code) => `settings.test.fault.${enumName(code)}`),
  ];
  assert.deepEqual(
    keys.filter((key) => !isMessageKey(key, dictionary)),
    [],
  );
});

test('the words of a problem name the bounds and the detail that the API tells with it', () => {
  const texts = new Map<string, string>(Object.entries(dictionary));
  for (const [code, description] of Object.entries(INPUT_PROBLEMS)) {
    const key = `error.problem.${enumName(code)}`;
    const words = `${texts.get(key)} ${texts.get(`${key}.named`) ?? ''}`;
    const told = [...description.matchAll(/`(min|max|detail)`/g)].map(([, name]) => name);
    const filledIn = [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(filledIn.sort(), told.sort(), code);
  }
});

test('isMessageKey is not taken in by what every object has', () => {
  assert.equal(isMessageKey('toString', dictionary), false);
});
