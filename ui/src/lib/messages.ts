// Types and lookups over the dictionaries, of which only what the reader needs is loaded.

import type { dictionary } from './messages/en.ts';

export const LOCALES = ['en', 'zh-CN'] as const;
export type Locale = (typeof LOCALES)[number];
export type MessageKey = keyof typeof dictionary;
/** What of the texts is here: those of all screens, and of the screens that were opened. */
export type Dictionary = Readonly<Partial<Record<MessageKey, string>>>;

/** Names in braces of an English message. */
export type ParamsIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamsIn<Rest>
  : never;
export type MessageParams<Key extends MessageKey> = ParamsIn<(typeof dictionary)[Key]>;

/** Keys that come as a pair `x.one`, `x.other`. */
export type PluralBase = {
  [Key in MessageKey]: Key extends `${infer Base}.other`
    ? `${Base}.one` extends MessageKey
      ? Base
      : never
    : never;
}[MessageKey];

export function isMessageKey(name: string, dictionary: Dictionary): name is MessageKey {
  return Object.hasOwn(dictionary, name);
}

export function localeOf(wanted: string): Locale {
  return wanted.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

export function pluralKey(base: PluralBase, count: number, locale: Locale): MessageKey {
  const form = new Intl.PluralRules(locale).select(count) === 'one' ? 'one' : 'other';
  return `${base}.${form}`;
}

export function fill(text: string, params: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
