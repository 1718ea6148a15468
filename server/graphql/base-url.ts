// An endpoint's base URL as an input of the admin API.

import { BASE_URL_FAULTS, baseUrlFault, normalizeBaseUrl } from '../gateway/base-url.ts';
import { inputFailure } from './user-error.ts';

/** The URL as it is stored; throws an expected failure that says what is wrong with it. */
export function checkBaseUrl(text: string, options: { allowPrivateNetwork: boolean }): string {
  const url = normalizeBaseUrl(text);
  const problem = baseUrlFault(url, options);
  if (problem !== null) {
    const message = `Cannot accept baseUrl: it ${BASE_URL_FAULTS[problem]}`;
    throw inputFailure('invalid-url', message, { path: ['input', 'baseUrl'], problem });
  }
  return url;
}
