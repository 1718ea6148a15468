// What a provider's cache does, in words.

import { i18n, t, tOr } from '../../lib/i18n.svelte.ts';
import type { Facts } from './queries.ts';

/** `all`: every rule, as the last of a provider with others is for what they leave. */
export function familiesText({ rule, provider, modelFamilies }: Facts, all: readonly Facts[]): string {
  if (modelFamilies.length > 0) return tOr(`cache.families.${rule}`, modelFamilies.join(', '));
  const isOnly = all.every((other) => other.rule === rule || other.provider !== provider);
  return t(isOnly ? 'cache.facts.all' : 'cache.facts.allOthers');
}

/** Who runs it: a name, or what such servers have in common. */
export function runnerText({ rule, provider }: Facts): string {
  return tOr(`cache.runner.${rule}`, provider);
}

/** Caches first; what has none is an afterthought. */
export function sortedFacts(all: readonly Facts[]): Facts[] {
  return all.toSorted((a, b) => Number(b.caches) - Number(a.caches));
}

export function marksText({ needsMarks, maxBreakpoints }: Facts): string {
  if (needsMarks) return t('cache.facts.explicit', { count: maxBreakpoints });
  return maxBreakpoints > 0 ? t('cache.facts.both', { count: maxBreakpoints }) : t('cache.facts.implicit');
}

/** `5 min / 1 h`, or `about 10 min` where nothing is promised. */
export function lifetimeText({ lifetimesSeconds, isLifetimeAssumed }: Facts): string {
  const text = lifetimesSeconds.map((seconds) => i18n.format.duration(seconds * 1000)).join(' / ');
  return isLifetimeAssumed ? t('cache.facts.assumed', { lifetime: text }) : text;
}
