// Types and lookups over the dictionaries. Pure.

import { en } from './messages/en.ts';
import { zhCn } from './messages/zh-cn.ts';

export const LOCALES = ['en', 'zh-CN'] as const;
export type Locale = (typeof LOCALES)[number];
export type MessageKey = keyof typeof en;

/** Names in braces of an English message. */
export type ParamsIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamsIn<Rest>
  : never;
export type MessageParams<Key extends MessageKey> = ParamsIn<(typeof en)[Key]>;

/** Keys that come as a pair `x.one`, `x.other`. */
export type PluralBase = MessageKey extends infer Key
  ? Key extends `${infer Base}.other`
    ? Base
    : never
  : never;

export const messages: Record<Locale, Record<MessageKey, string>> = { en, 'zh-CN': zhCn };

export function isMessageKey(name: string): name is MessageKey {
  return Object.hasOwn(en, name);
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
