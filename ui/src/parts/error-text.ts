// An API error as a sentence in the reader's language; the API's own words where it has explained itself.

import type { ApiError } from '../lib/graphql.ts';
import { i18n, t, tOr } from '../lib/i18n.svelte.ts';
import { type InputError, namedFaultText } from './problem-text.ts';
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
    case 'too-many-attempts':
      return t('login.wait', { time: waitText(error) });
    case 'REPLAY_RUNNING':
      return t('error.replayRunning');
    case 'FORBIDDEN':
      return t('error.forbidden');
    case 'HTTP_429':
      return t('error.rateLimited', { time: waitText(error) });
    default:
      return otherText(error);
  }
}

/** Until it may be tried again. */
function waitText({ retryAfterSeconds }: ApiError): string {
  return i18n.format.duration((retryAfterSeconds ?? 60) * 1000);
}

function otherText(error: ApiError): string {
  if (error.isLoggedOut) return t('error.loggedOut');
  if (error.code.startsWith('HTTP_')) return t('error.http', { status: error.code.slice('HTTP_'.length) });
  return wordedByCode(error);
}

/** The same of an expected error that is no reason to stop. */
export function userErrorText({ code, message, ...fault }: InputError): string {
  return wordedByCode({ code, message, fault });
}

interface Worded {
  code: string;
  message: string;
  fault: Omit<InputError, 'code' | 'message'> | null;
}

/** What neither a problem nor the code says is in the API's own words, which are English: other readers are told what they are. */
function wordedByCode({ code, message, fault }: Worded): string {
  const told = namedFaultText({ code, ...(fault ?? NO_FAULT) });
  if (told !== null) return told;
  if (message === '') return t('error.unknown');
  return i18n.locale === 'en' ? message : withSaid(tOr(`error.about.${code}`, t('error.about')), message);
}

const NO_FAULT = { problem: null, min: null, max: null, path: null };
