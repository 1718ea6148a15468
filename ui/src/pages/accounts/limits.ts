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

const MAX_TTL_MINUTES = 1440;

/** The numbers of the form; null when one of them is not allowed. */
export function readLimits(form: LimitsForm): Limits | null {
  const weight = optionalWhole(form.weight);
  const maxConcurrent = optionalWhole(form.maxConcurrent);
  const cacheTtlMinutes = optionalWhole(form.cacheTtlMinutes);
  const rateMultiplier = Number(form.rateMultiplier ?? Number.NaN);
  if (weight === undefined || weight === null || weight < 1) return null;
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

/** Null = left empty; NaN = not a number. */
function optionalNumber(entered: string | number | null): number | null {
  if (entered === null || String(entered).trim() === '') return null;
  return Number(entered);
}
