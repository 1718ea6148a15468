// The language of the panel as state: the reader's choice, else the browser's. Texts and formats follow it at once.

import { createFormat, type Format } from './format.ts';
import { loadPart } from './message-parts.ts';
import {
  type Dictionary,
  fill,
  isMessageKey,
  type Locale,
  localeOf,
  type MessageKey,
  type MessageParams,
  type PluralBase,
  pluralKey,
} from './messages.ts';
import { zone } from './zone.svelte.ts';

export { LOCALES, type Locale } from './messages.ts';

const STORAGE_KEY = 'warmpath.locale';

let locale = $state<Locale>(localeOf(storedLocale() ?? navigator.language));
let dictionary = $state.raw<Dictionary>({});
/** The parts that have been asked for, in whatever language. */
const parts = new Set(['base']);
const format = $derived(createFormat(locale, zone.name));

export const i18n = {
  get locale(): Locale {
    return locale;
  },
  /** Numbers and times in the present language and time zone. */
  get format(): Format {
    return format;
  },
};

/** Loads the texts that every screen may need; the panel starts with them. */
export function startLanguage(): Promise<void> {
  return loadTexts('base');
}

/** Loads the texts of a part: a screen needs those of its own name. */
export async function loadTexts(part: string): Promise<void> {
  parts.add(part);
  const wanted = locale;
  const texts = await loadPart(wanted, part);
  // The language may have changed meanwhile, and the part come with it.
  if (wanted === locale) dictionary = { ...dictionary, ...texts };
}

/** Changes the language as soon as its texts are here. */
export async function setLocale(next: Locale): Promise<void> {
  const texts = await Promise.all([...parts].map((part) => loadPart(next, part)));
  dictionary = Object.assign({}, ...texts);
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
  return fill(textOf(key), params[0] ?? {});
}

/** The message for a name that a provider or a newer server may have made up; `otherwise` when there is none. */
export function tOr(name: string, otherwise: string, params: Record<string, string> = {}): string {
  return isMessageKey(name, dictionary) ? fill(textOf(name), params) : otherwise;
}

/** A message with a number, in the grammatical form that the language wants; `{count}` is the number, formatted. */
export function tn(base: PluralBase, count: number): string {
  return fill(textOf(pluralKey(base, count, locale)), { count: format.count(count) });
}

/** A text whose part has not come shows its key: better than nothing, and easy to find. */
function textOf(key: MessageKey): string {
  return dictionary[key] ?? key;
}

function storedLocale(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
