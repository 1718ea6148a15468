// What a caller is told whose API key does not reach so far: one place for codes and words.

import { GatewayError } from './errors.ts';
import type { BudgetPeriod } from './key-spending.ts';

/** When a place comes free is not known; requests end all the time. */
const CONCURRENCY_RETRY_MS = 1_000;
/** Names told at most. */
const MAX_NAMES = 50;

export function tooManyAtOnce(maxConcurrent: number): GatewayError {
  const what = `it may have ${maxConcurrent} at the same time, and as many are under way`;
  return new GatewayError(
    'key-concurrency-exceeded',
    `Cannot take another request of this API key: ${what}`,
    {
      retryAfterMs: CONCURRENCY_RETRY_MS,
    },
  );
}

export function tooManyRequests(perMinute: number, retryAfterMs: number): GatewayError {
  const what = `it may send ${perMinute} per minute`;
  return new GatewayError(
    'key-requests-exceeded',
    `Cannot take another request of this API key: ${what}. ${again(retryAfterMs)}`,
    { retryAfterMs },
  );
}

/** `retryAfterMs` 0: what is under way may take all that is left. */
export function tooManyTokens(perMinute: number, retryAfterMs: number): GatewayError {
  const waitMs = retryAfterMs === 0 ? CONCURRENCY_RETRY_MS : retryAfterMs;
  const what = `it may use ${perMinute} tokens per minute, input and output together`;
  return new GatewayError(
    'key-tokens-exceeded',
    `Cannot take another request of this API key: ${what}. ${again(waitMs)}`,
    { retryAfterMs: waitMs },
  );
}

/**
 * 402, not 429: the official SDKs send a 429 again by themselves, and no wait of theirs outlasts a day. It has no
 * `retry-after` for the same reason; the words say when the budget begins anew.
 */
export function budgetSpent(of: {
  period: BudgetPeriod;
  budgetUsd: number;
  spentUsd: number;
  resetsAtMs: number;
}): GatewayError {
  const budget = `its budget of ${usd(of.budgetUsd)} per ${of.period} is spent (${usd(of.spentUsd)})`;
  const anew = `It begins anew at ${new Date(of.resetsAtMs).toISOString()}`;
  return new GatewayError('key-budget-spent', `Cannot pay for this request: ${budget}. ${anew}`);
}

export function addressRefused(address: string | null): GatewayError {
  const from = address === null ? 'an address that is not known' : address;
  return new GatewayError('address-not-allowed', `Cannot use this API key from ${from}: not in its list`);
}

export function surfaceRefused(surface: string, allowed: readonly string[]): GatewayError {
  return new GatewayError(
    'surface-not-allowed',
    `Cannot use this API key for ${surface}. It may use: ${listOf(allowed)}`,
  );
}

export function modelRefused(model: string, allowed: readonly string[]): GatewayError {
  return new GatewayError(
    'model-not-allowed',
    `Cannot use this API key for model "${model.slice(0, 300)}". It may use: ${listOf(allowed)}`,
    { param: 'model' },
  );
}

export function providersRefused(what: string): GatewayError {
  return new GatewayError(
    'provider-not-allowed',
    `Cannot use this API key for ${what.slice(0, 400)}: none of its providers is allowed`,
  );
}

function again(retryAfterMs: number): string {
  return `Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s`;
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return names.slice(0, MAX_NAMES).join(', ') + more;
}

/** Whole cents where that says it, else down to a hundredth of one. */
function usd(value: number): string {
  return `$${value.toFixed(Math.abs(value * 100 - Math.round(value * 100)) < 1e-6 ? 2 : 4)}`;
}
