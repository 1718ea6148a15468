// How a group's advice reads: its tone, its reason in the reader's language, and how long pauses are.

import { i18n, t } from '../../lib/i18n.svelte.ts';
import type { Tone } from '../../parts/tone.ts';
import { type Step, stepOf } from './groups.ts';
import type { Group } from './queries.ts';

export const FREQUENCY_TONES: Record<Step, Tone> = { 5: 'good', 15: 'info', 30: 'plain', 60: 'warn' };

/** The API gives the reason in English; this says the same, from the same figures. */
export function reasonOf({
  recommendedTtlMinutes,
  percentiles,
}: Pick<Group, 'recommendedTtlMinutes' | 'percentiles'>): string {
  return t(`ttl.reason.${stepOf(recommendedTtlMinutes)}`, {
    p75: spokenMinutes(percentiles.p75),
    p90: spokenMinutes(percentiles.p90),
  });
}

export function exactUsd(usd: number, plusMinus: number | null): string {
  return plusMinus === null
    ? t('ttl.exactUsd', { usd: String(usd) })
    : t('ttl.exactUsd.within', { usd: String(usd), plusMinus: String(plusMinus) });
}

const MINUTE_MS = 60_000;

/** Minutes of the API as a duration in words. */
export function spokenMinutes(minutes: number | null): string {
  return i18n.format.duration(minutes === null ? null : minutes * MINUTE_MS);
}

/** As the API has it, for whom words are not exact enough. */
export function exactMinutes(minutes: number): string {
  return t('unit.minutes', { count: i18n.format.amount(minutes) });
}

/** For several in one cell: long pauses need no seconds, and none needs tenths. */
export function shortMinutes(minutes: number): string {
  const stepMs = minutes < 10 ? 1000 : MINUTE_MS;
  return i18n.format.ms(Math.round((minutes * MINUTE_MS) / stepMs) * stepMs);
}
