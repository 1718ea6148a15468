// How much of an account is held back for callers who are warm there, by load and by what its history is worth. Pure.
//
// In the probe phase (few requests yet) a fixed share. After it a share between the stable least and most: the least
// below the low load threshold, growing from there with load and confidence up to the high one. Confidence adds up what
// the account's successes (0.4), the time since its last 429 (0.3) and the steadiness of its learned limit (0.3) say.

import type { ReservationSettings } from '../gateway/routing-settings.ts';

export interface AccountHistory {
  requestCount: number;
  successCount: number;
  rateLimitCounts: Readonly<Record<'requests-per-minute' | 'concurrent' | 'unknown', number>>;
  /** Null = there was no 429. */
  hoursSinceRateLimit: number | null;
  /** Concurrency limits that were learned one after another, oldest first. */
  limitHistory: readonly number[];
}

export interface AccountLoad {
  /** Concurrent requests allowed; null = no limit known, so no load either. */
  slots: number | null;
  inFlight: number;
}

export type ReservationPhase = 'probe' | 'stable';
export type ReservationCode = 'off' | 'probe' | 'low-load' | 'low-confidence' | 'high-load' | 'dynamic';

export interface Reservation {
  /** Share of the slots that callers who are not warm there may not take, 0..1. */
  ratio: number;
  phase: ReservationPhase;
  /** 0..1; 0 in the probe phase. */
  confidence: number;
  /** Used share of the slots, 0..1. */
  loadFactor: number;
  reason: string;
  reasonCode: ReservationCode;
}

const REASONS: Readonly<Record<ReservationCode, string>> = {
  off: 'switched off',
  probe: 'probe phase: few requests yet',
  'low-load': 'low load: the least is reserved',
  'low-confidence': 'low confidence: reserved with caution',
  'high-load': 'high load: protecting warm callers',
  dynamic: 'by load and confidence',
};

const PARTS = { success: 0.4, cooldown: 0.3, stability: 0.3 };
/** With fewer limits than this nobody can say whether they are steady: half of the part counts. */
const STEADY = { needed: 3, looked: 5, worstVariance: 10 };
/** A change of the limit tells as much as so many requests. */
const REQUESTS_PER_CHANGE = 10;
const CONFIDENT = { low: 0.3, high: 0.7 };
/** Keeps products of fractions, such as 20 × (1 − 0.55), from falling just below a whole number. */
const ROUNDING = 1e-9;

export function reservationOf(
  history: AccountHistory,
  settings: ReservationSettings,
  load: AccountLoad,
): Reservation {
  const found = judged(history, { settings, loadFactor: loadFactorOf(load) });
  return settings.enabled ? found : { ...found, ratio: 0, reasonCode: 'off', reason: REASONS.off };
}

/** What an account in its stable phase holds back at this load, given what its history is worth. */
export function stableRatioAt(
  { confidence, loadFactor }: Pick<Reservation, 'confidence' | 'loadFactor'>,
  settings: ReservationSettings,
): number {
  return settings.enabled ? stableRatio(confidence, { loadFactor, settings }) : 0;
}

/** The same in the probe phase, at any load. */
export function probeRatio({ enabled, probeReservation }: ReservationSettings): number {
  return enabled ? probeReservation : 0;
}

/** What is left for callers who are not warm there: at least one slot, so that nobody is shut out for good. */
export function slotsForNewcomers(slots: number, ratio: number): number {
  return newcomersBeside(slots, slots * ratio);
}

/**
 * The same where it is known how many warm callers are likely to come back: no more is held back than they would fill
 * beyond those who are there already, and as much less as their prompts weigh less than a newcomer's.
 */
export function weightedNewcomerSlots(given: {
  slots: number;
  ratio: number;
  /** Warm requests that the account's rate of late puts in flight at once. */
  expectedWarmInFlight: number;
  warmInFlight: number;
  /** Warm tokens that a returning caller brings, against the prompt of a newcomer; 0..1. */
  warmTokensShare: number;
}): number {
  const { slots, ratio, expectedWarmInFlight, warmInFlight, warmTokensShare } = given;
  const awaited = Math.max(0, expectedWarmInFlight - warmInFlight);
  return newcomersBeside(slots, Math.min(slots * ratio, awaited) * within(warmTokensShare));
}

function newcomersBeside(slots: number, reserved: number): number {
  return Math.max(1, Math.min(slots, Math.floor(slots - reserved + ROUNDING)));
}

function judged(
  history: AccountHistory,
  { settings, loadFactor }: { settings: ReservationSettings; loadFactor: number },
): Reservation {
  if (evidenceOf(history) < settings.probePhaseRequests) {
    const ratio = settings.probeReservation;
    return { ratio, phase: 'probe', confidence: 0, loadFactor, reasonCode: 'probe', reason: REASONS.probe };
  }
  const confidence = confidenceOf(history, settings);
  const reasonCode = codeOf(confidence, { loadFactor, settings });
  const ratio = stableRatio(confidence, { loadFactor, settings });
  return { ratio, phase: 'stable', confidence, loadFactor, reasonCode, reason: REASONS[reasonCode] };
}

/** Requests seen; where none were counted, what else tells that there were some. */
function evidenceOf({ requestCount, successCount, rateLimitCounts, limitHistory }: AccountHistory): number {
  if (requestCount > 0) return requestCount;
  const refused = rateLimitCounts.concurrent + rateLimitCounts['requests-per-minute'];
  return refused + successCount + REQUESTS_PER_CHANGE * limitHistory.length;
}

function loadFactorOf({ slots, inFlight }: AccountLoad): number {
  return slots !== null && slots > 0 ? within(inFlight / slots) : 0;
}

function stableRatio(
  confidence: number,
  { loadFactor, settings }: { loadFactor: number; settings: ReservationSettings },
): number {
  const { lowLoadThreshold: low, highLoadThreshold: high } = settings;
  const { stableMinReservation: least, stableMaxReservation: most } = settings;
  if (loadFactor >= high) return least + confidence * (most - least);
  if (loadFactor < low) return least;
  return least + confidence * ((loadFactor - low) / (high - low)) * (most - least);
}

function codeOf(
  confidence: number,
  { loadFactor, settings }: { loadFactor: number; settings: ReservationSettings },
): ReservationCode {
  if (loadFactor < settings.lowLoadThreshold) return 'low-load';
  if (confidence < CONFIDENT.low) return 'low-confidence';
  return confidence > CONFIDENT.high && loadFactor > settings.highLoadThreshold ? 'high-load' : 'dynamic';
}

function confidenceOf(history: AccountHistory, settings: ReservationSettings): number {
  return Math.min(
    1,
    successPart(history, settings) + cooldownPart(history, settings) + stabilityPart(history),
  );
}

function successPart(
  { requestCount, successCount }: AccountHistory,
  { successCountForFullConfidence }: ReservationSettings,
): number {
  if (requestCount === 0) return 0;
  const weight = Math.min(1, requestCount / successCountForFullConfidence);
  return PARTS.success * (successCount / requestCount) * weight;
}

function cooldownPart(
  { hoursSinceRateLimit }: AccountHistory,
  { cooldownHoursForFullConfidence }: ReservationSettings,
): number {
  if (hoursSinceRateLimit === null) return PARTS.cooldown;
  return PARTS.cooldown * within(hoursSinceRateLimit / cooldownHoursForFullConfidence);
}

function stabilityPart({ limitHistory }: AccountHistory): number {
  if (limitHistory.length < STEADY.needed) return PARTS.stability / 2;
  const unsteadiness = sampleVariance(limitHistory.slice(-STEADY.looked)) / STEADY.worstVariance;
  return PARTS.stability * Math.max(0, 1 - unsteadiness);
}

/** Of two or more values. */
function sampleVariance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

function within(share: number): number {
  return Math.min(1, Math.max(0, share));
}
