// An API error as a sentence in the reader's language; the API's own words where it has explained itself.

import type { ApiError } from '../lib/graphql.ts';
import { i18n, t, tOr } from '../lib/i18n.svelte.ts';
import { namedProblemText } from './problem-text.ts';
import { withSaid } from './reason-text.ts';

export function errorText(error: ApiError): string {
  switch (error.code) {
    case 'NETWORK':
      return t('error.network');
    case 'wrong-password':
      return t('error.wrongPassword');
    case 'invalid-setup-token':
      return t('error.invalidToken');
    case 'insecure-connection':
      return t('error.insecure');
    case 'version-conflict':
      return t('error.versionConflict');
    case 'REPLAY_RUNNING':
      return t('error.replayRunning');
    case 'FORBIDDEN':
      return t('error.forbidden');
    case 'HTTP_429':
      return t('error.rateLimited', { time: i18n.format.duration((error.retryAfterSeconds ?? 60) * 1000) });
    default:
      return otherText(error);
  }
}

function otherText(error: ApiError): string {
  if (error.isLoggedOut) return t('error.loggedOut');
  if (error.code.startsWith('HTTP_')) return t('error.http', { status: error.code.slice('HTTP_'.length) });
  return wordedByCode(error);
}

/** The API's own words are English and say most; for other readers the code says in general what they are about. */
function wordedByCode({ code, message, fault }: ApiError): string {
  const problem = fault && namedProblemText(fault);
  if (problem !== null) return problem;
  const general = tOr(`error.code.${code}`, '');
  if (message === '') return general || t('error.unknown');
  return general === '' || i18n.locale === 'en' ? message : withSaid(general, message);
}
