// Fetches texts part by part: those that every screen may need, and those of one screen, in one language.

import type { Dictionary, Locale } from './messages.ts';

const FOLDERS: Record<Locale, string> = { en: 'en', 'zh-CN': 'zh-cn' };

// What `base.ts` holds comes with it and not by itself.
const MODULES = import.meta.glob<Record<string, Dictionary>>([
  './messages/*/*.ts',
  '!./messages/*/{charts,codes,routing,shared,shell,table}.ts',
]);

/** The texts of a part: `base`, or the name of a screen's folder. */
export async function loadPart(locale: Locale, part: string): Promise<Dictionary> {
  const load = MODULES[`./messages/${FOLDERS[locale]}/${part}.ts`];
  if (!load) return {};
  return Object.assign({}, ...Object.values(await load()));
}
