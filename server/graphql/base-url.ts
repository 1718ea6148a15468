// An endpoint's base URL as an input of the admin API.

import { baseUrlProblem, normalizeBaseUrl } from '../gateway/base-url.ts';
import { failure } from './user-error.ts';

/** The URL as it is stored; throws an expected failure that says what is wrong with it. */
export function checkBaseUrl(text: string, options: { allowPrivateNetwork: boolean }): string {
  const url = normalizeBaseUrl(text);
  const problem = baseUrlProblem(url, options);
  if (problem !== null)
    throw failure('invalid-url', `Cannot accept baseUrl: it ${problem}`, ['input', 'baseUrl']);
  return url;
}
