// How a group's advice reads: its tone and its reason in the reader's language.

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
  const { amount } = i18n.format;
  return t(`ttl.reason.${stepOf(recommendedTtlMinutes)}`, {
    p75: amount(percentiles.p75),
    p90: amount(percentiles.p90),
  });
}
