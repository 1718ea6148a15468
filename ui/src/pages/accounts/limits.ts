// What an account's numbers may be, as the form shows and checks it. Pure.

import { optionalWhole } from '../../lib/add-account.ts';

export interface LimitsForm {
  weight: string | number | null;
  maxConcurrent: string | number | null;
  cacheTtlMinutes: string | number | null;
  rateMultiplier: string | number | null;
  usdPerCredit: string | number | null;
  cacheDomain: string;
}

export interface Limits {
  weight: number;
  maxConcurrent: number | null;
  /** Null = as the affinity setting says; 0 = does not cache. */
  cacheTtlMinutes: number | null;
  rateMultiplier: number;
  /** Null = not billed in credits. */
  usdPerCredit: number | null;
  cacheDomain: string | null;
}

const MAX_TTL_MINUTES = 10_080;
const MAX_WEIGHT = 1000;

/** The numbers of the form; null when one of them is not allowed. */
export function readLimits(form: LimitsForm): Limits | null {
  const weight = readWeight(form.weight);
  const maxConcurrent = optionalWhole(form.maxConcurrent);
  const cacheTtlMinutes = optionalWhole(form.cacheTtlMinutes);
  const rateMultiplier = Number(form.rateMultiplier ?? Number.NaN);
  if (weight === null) return null;
  if (maxConcurrent === undefined || (maxConcurrent !== null && maxConcurrent < 1)) return null;
  if (
    cacheTtlMinutes === undefined ||
    (cacheTtlMinutes !== null && (cacheTtlMinutes < 0 || cacheTtlMinutes > MAX_TTL_MINUTES))
  )
    return null;
  if (!Number.isFinite(rateMultiplier) || rateMultiplier < 0) return null;
  const usdPerCredit = optionalNumber(form.usdPerCredit);
  if (usdPerCredit !== null && !(usdPerCredit > 0)) return null;
  return {
    weight,
    maxConcurrent,
    cacheTtlMinutes,
    rateMultiplier,
    usdPerCredit,
    cacheDomain: form.cacheDomain.trim() || null,
  };
}

const SOUND: LimitsForm = {
  weight: 1,
  maxConcurrent: null,
  cacheTtlMinutes: null,
  rateMultiplier: 1,
  usdPerCredit: null,
  cacheDomain: '',
};

/** Whether what was entered in one field is not allowed, whatever stands in the others. */
export function isFaulty(form: LimitsForm, field: keyof LimitsForm): boolean {
  return readLimits({ ...SOUND, [field]: form[field] }) === null;
}

/** A weight as the API takes it; null = it is none. */
export function readWeight(entered: string | number | null): number | null {
  const weight = optionalWhole(entered);
  return weight && weight >= 1 && weight <= MAX_WEIGHT ? weight : null;
}

/** Null = left empty; NaN = not a number. */
function optionalNumber(entered: string | number | null): number | null {
  if (entered === null || String(entered).trim() === '') return null;
  return Number(entered);
}

export type LimitSource = 'set' | 'learned' | 'unknown';

/** Where the number of requests that an account takes at once comes from. */
export function limitSource(account: {
  maxConcurrent: number | null;
  currentLimit: number | null;
}): LimitSource {
  if (account.maxConcurrent !== null) return 'set';
  return account.currentLimit === null ? 'unknown' : 'learned';
}
