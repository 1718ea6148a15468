// The sliders of the reservation: what each may be, how it is shown, and what of a draft differs. Pure.

import type { ReservationValues } from './queries.ts';

export type NumberField = Exclude<keyof ReservationValues, 'enabled'>;

export interface SliderShape {
  field: NumberField;
  min: number;
  max: number;
  step: number;
  unit: 'share' | 'requests' | 'hours';
}

/** In the order of the form. The ends of the counts are the sliders' only: larger numbers can be typed. */
export const SLIDERS: readonly SliderShape[] = [
  { field: 'probeReservation', min: 0, max: 1, step: 0.01, unit: 'share' },
  { field: 'probePhaseRequests', min: 0, max: 1_000, step: 10, unit: 'requests' },
  { field: 'stableMinReservation', min: 0, max: 1, step: 0.01, unit: 'share' },
  { field: 'stableMaxReservation', min: 0, max: 1, step: 0.01, unit: 'share' },
  { field: 'lowLoadThreshold', min: 0, max: 1, step: 0.01, unit: 'share' },
  { field: 'highLoadThreshold', min: 0, max: 1, step: 0.01, unit: 'share' },
  { field: 'successCountForFullConfidence', min: 1, max: 500, step: 1, unit: 'requests' },
  { field: 'cooldownHoursForFullConfidence', min: 1, max: 168, step: 1, unit: 'hours' },
];

/** Beyond it a number is none that the API can read. */
const MAX_COUNT = 2_000_000_000;

/** Shares are typed as percent. */
export function shownNumber(value: number, { unit }: Pick<SliderShape, 'unit'>): number {
  return unit === 'share' ? Math.round(value * 1000) / 10 : value;
}

/** Null = not a number. Whether it may be so is for the API to say. */
export function typedNumber(text: string, { unit }: Pick<SliderShape, 'unit'>): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return null;
  if (unit === 'share') return Math.round(value * 10) / 1000;
  return unit === 'requests' ? Math.min(MAX_COUNT, Math.max(-MAX_COUNT, Math.round(value))) : value;
}

/** The fields that differ from what is in force. */
export function changesOf(present: ReservationValues, draft: ReservationValues): Partial<ReservationValues> {
  const changed = Object.entries(draft).filter(([field, value]) => Reflect.get(present, field) !== value);
  return Object.fromEntries(changed);
}

export function isChanged(present: ReservationValues, draft: ReservationValues): boolean {
  return Object.keys(changesOf(present, draft)).length > 0;
}

interface FieldError {
  message: string;
  path: readonly string[] | null;
}

/** What was refused, by field; errors of no field stand under an empty name. The preview and the update name paths alike. */
export function errorsByField(errors: readonly FieldError[]): Record<string, string> {
  return Object.fromEntries(errors.map(({ message, path }) => [path?.at(-1) ?? '', message]));
}
