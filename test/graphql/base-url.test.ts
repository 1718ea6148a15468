// The admin API refuses a base URL with the field's path; the rules themselves are the gateway's.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkBaseUrl } from '../../server/graphql/base-url.ts';
import { ExpectedFailure } from '../../server/graphql/user-error.ts';

test('checkBaseUrl gives the URL as it is stored', () => {
  const url = checkBaseUrl(' https://openrouter.ai/api/ ', { allowPrivateNetwork: false });
  assert.equal(url, 'https://openrouter.ai/api');
});

for (const text of [
  '',
  'ftp://a.example',
  'https://user@a.example',
  'http://a.example',
  'https://localhost',
]) {
  test(`checkBaseUrl refuses "${text}" at the input's field`, () => {
    assert.throws(
      () => checkBaseUrl(text, { allowPrivateNetwork: false }),
      (error) =>
        error instanceof ExpectedFailure &&
        error.errors[0]?.code === 'invalid-url' &&
        error.errors[0].path?.join('.') === 'input.baseUrl',
    );
  });
}
