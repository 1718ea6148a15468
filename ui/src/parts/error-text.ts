// An API error as a sentence in the reader's language; the API's own words where it has explained itself.

import type { ApiError } from '../lib/graphql.ts';
import { t } from '../lib/i18n.svelte.ts';

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
      return t('error.rateLimited', { seconds: error.retryAfterSeconds ?? 60 });
    default:
      return otherText(error);
  }
}

function otherText(error: ApiError): string {
  if (error.isLoggedOut) return t('error.loggedOut');
  if (error.code.startsWith('HTTP_')) return t('error.http', { status: error.code.slice('HTTP_'.length) });
  return error.message === '' ? t('error.unknown') : error.message;
}
