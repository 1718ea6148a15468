// The panel's languages. Switching is reactive; a missing message or parameter does not compile.

import { createFormat, type Format } from './format.ts';
import {
  fill,
  isMessageKey,
  type Locale,
  localeOf,
  type MessageKey,
  type MessageParams,
  messages,
  type PluralBase,
  pluralKey,
} from './messages.ts';

export { LOCALES, type Locale } from './messages.ts';

const STORAGE_KEY = 'warmpath.locale';

let locale = $state<Locale>(localeOf(storedLocale() ?? navigator.language));
const format = $derived(createFormat(locale));

export const i18n = {
  get locale(): Locale {
    return locale;
  },
  /** Numbers and times in the present language. */
  get format(): Format {
    return format;
  },
};

export function setLocale(next: Locale): void {
  locale = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage may be blocked; the choice then lasts until the tab closes.
  }
}

/** The message in the present language. */
export function t<Key extends MessageKey>(
  key: Key,
  ...params: [MessageParams<Key>] extends [never] ? [] : [Record<MessageParams<Key>, string | number>]
): string {
  return fill(messages[locale][key], params[0] ?? {});
}

/** The message for a name that a provider or a newer server may have made up; `otherwise` when there is none. */
export function tOr(name: string, otherwise: string): string {
  return isMessageKey(name) ? messages[locale][name] : otherwise;
}

/** A message with a number, in the grammatical form that the language wants; `{count}` is the number, formatted. */
export function tn(base: PluralBase, count: number): string {
  return fill(messages[locale][pluralKey(base, count, locale)], { count: format.count(count) });
}

function storedLocale(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
