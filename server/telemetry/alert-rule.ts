// When a fall of a hit rate is an alert, and when the alert is over. Pure; times are monotonic.

import type { AlertEnd, AlertSettings } from '../gateway/cache-alert.ts';
import { hitRate, type RateSums } from './hit-rates.ts';

/** What is remembered of one subject between checks. */
export interface AlertState {
  /** Checks in a row that found the rate low. */
  lowChecks: number;
  isActive: boolean;
  /** When the last alert began; null = there was none. */
  alertedAtMs: number | null;
  /** When there was last enough to judge by. */
  judgedAtMs: number;
}

export type Verdict =
  | { kind: 'nothing' }
  | { kind: 'begins'; hitRate: number; baselineHitRate: number; lostUsd: number | null }
  | { kind: 'ends'; end: AlertEnd; hitRate: number | null };

type Rule = Pick<AlertSettings, 'minRequests' | 'dropShare' | 'baselineHours' | 'cooldownMinutes'>;

/** One low check may be a single long prompt that nobody had sent before. */
const LOW_CHECKS = 2;
/** A baseline below this has nothing to lose that is worth a word. */
const LEAST_BASELINE = 0.1;
/** Of a small drop share: what is below this is noise. */
const LEAST_DROP = 0.05;
/** The rate is back when it has made good so much of the drop that alerts: between the two, nothing changes. */
const RECOVERY = 0.5;
const MINUTE_MS = 60_000;

export function newState(nowMs: number): AlertState {
  return { lowChecks: 0, isActive: false, alertedAtMs: null, judgedAtMs: nowMs };
}

/** The state after one check of the window against the baseline, and what it found. */
export function judge(
  state: AlertState,
  seen: { window: RateSums; baseline: RateSums },
  { rule, nowMs }: { rule: Rule; nowMs: number },
): { state: AlertState; verdict: Verdict } {
  const rates = judgeable(seen, rule);
  if (!rates) return unjudged(state, { rule, nowMs });
  const judged = { ...state, judgedAtMs: nowMs };
  const drop = Math.max(rates.baseline * rule.dropShare, LEAST_DROP);
  const isLow = rates.window < rates.baseline - drop;
  if (state.isActive) {
    const isBack = rates.window >= rates.baseline - drop * (1 - RECOVERY);
    if (!isBack) return { state: judged, verdict: { kind: 'nothing' } };
    const verdict = { kind: 'ends', end: 'recovered', hitRate: rates.window } as const;
    return { state: { ...judged, isActive: false, lowChecks: 0 }, verdict };
  }
  const lowChecks = isLow ? Math.min(state.lowChecks + 1, LOW_CHECKS) : 0;
  const isRested =
    state.alertedAtMs === null || nowMs - state.alertedAtMs >= rule.cooldownMinutes * MINUTE_MS;
  if (lowChecks < LOW_CHECKS || !isRested || rates.baseline < LEAST_BASELINE)
    return { state: { ...judged, lowChecks }, verdict: { kind: 'nothing' } };
  return {
    state: { ...judged, lowChecks, isActive: true, alertedAtMs: nowMs },
    verdict: {
      kind: 'begins',
      hitRate: rates.window,
      baselineHitRate: rates.baseline,
      lostUsd: lostUsd(seen, rates.baseline),
    },
  };
}

/** Both sides need enough requests, or there is nothing to compare. */
function judgeable(
  { window, baseline }: { window: RateSums; baseline: RateSums },
  { minRequests }: Rule,
): { window: number; baseline: number } | null {
  if (window.requests < minRequests || baseline.requests < minRequests) return null;
  const now = hitRate(window);
  const before = hitRate(baseline);
  return now === null || before === null ? null : { window: now, baseline: before };
}

/** An alert that nothing can end any more would stay for ever. */
function unjudged(state: AlertState, { rule, nowMs }: { rule: Rule; nowMs: number }) {
  const isForgotten = nowMs - state.judgedAtMs >= rule.baselineHours * 60 * MINUTE_MS;
  if (!state.isActive || !isForgotten)
    return { state: { ...state, lowChecks: 0 }, verdict: { kind: 'nothing' } as const };
  return {
    state: { ...state, isActive: false, lowChecks: 0 },
    verdict: { kind: 'ends', end: 'no-traffic', hitRate: null } as const,
  };
}

/** The tokens that would have been read at the earlier rate, at what such a token used to save. */
function lostUsd(
  { window, baseline }: { window: RateSums; baseline: RateSums },
  baselineRate: number,
): number | null {
  if (baseline.readTokens <= 0 || baseline.savedNanoUsd <= 0) return null;
  const missingTokens = baselineRate * window.inputTokens - window.readTokens;
  return (missingTokens * (baseline.savedNanoUsd / baseline.readTokens)) / 1e9;
}
