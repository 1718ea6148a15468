// Names of the languages, each written in itself, so that a reader who cannot read the present one finds the way out.

import type { Locale } from '../lib/messages.ts';

export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' };
