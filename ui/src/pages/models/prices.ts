// Prices per million tokens as texts, and what a typical request costs by them. Pure.

import type { GroupUse } from '../../lib/group-use.ts';
import type { EffectivePrice, Model } from './queries.ts';

const MIN_DIGITS = 2;
const MAX_DIGITS = 6;
const MILLION = 1_000_000;

/** Every digit that a price list states: $0.0375, not $0.04. */
export function priceText(value: number | null | undefined, locale: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: MIN_DIGITS,
    maximumFractionDigits: MAX_DIGITS,
  }).format(value);
}

/** Where the prices of a model come from; `mixed`: some provider serves it without one. */
export type PriceState = 'override' | 'table' | 'mixed' | 'none';

export function priceStateOf({
  effectivePrice,
  mappings,
}: Pick<Model, 'effectivePrice' | 'mappings'>): PriceState {
  const prices = mappings.length > 0 ? mappings.map((mapping) => mapping.effectivePrice) : [effectivePrice];
  if (prices.every((price) => price === null)) return 'none';
  if (prices.some((price) => price === null)) return 'mixed';
  return prices[0]?.source === 'OVERRIDE' ? 'override' : 'table';
}

const FIGURES = [
  'inputUsdPerMillion',
  'cacheReadUsdPerMillion',
  'cacheWrite5mUsdPerMillion',
  'cacheWrite1hUsdPerMillion',
  'outputUsdPerMillion',
] as const;

/** Whether providers serve it at different prices: those of the first one stand in the list then. */
export function hasSeveralPrices({ mappings }: Pick<Model, 'mappings'>): boolean {
  const lists = mappings.flatMap(({ effectivePrice }) =>
    effectivePrice ? [FIGURES.map((name) => effectivePrice[name]).join(' ')] : [],
  );
  return new Set(lists).size > 1;
}

/** Tokens of the mean request. */
export interface TypicalRequest {
  fresh: number;
  read: number;
  written: number;
  output: number;
}

/** Null when no provider reported any tokens. */
export function typicalRequest(
  use: Pick<
    GroupUse,
    'reportedRequests' | 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'outputTokens'
  > | null,
): TypicalRequest | null {
  if (!use || use.reportedRequests === 0) return null;
  const mean = (tokens: number) => Math.round(tokens / use.reportedRequests);
  const read = mean(use.cacheReadTokens);
  const written = mean(use.cacheWriteTokens);
  const fresh = Math.max(0, mean(use.inputTokens) - read - written);
  return { fresh, read, written, output: mean(use.outputTokens) };
}

export function inputOf({ fresh, read, written }: TypicalRequest): number {
  return fresh + read + written;
}

/** What the request costs in USD; what is written to the cache counts as written for 5 minutes. */
export function costOf(request: TypicalRequest, price: EffectivePrice): number {
  return (
    (request.fresh * price.inputUsdPerMillion +
      request.read * price.cacheReadUsdPerMillion +
      request.written * price.cacheWrite5mUsdPerMillion +
      request.output * price.outputUsdPerMillion) /
    MILLION
  );
}

/** Table, its version and the entry of it out of `genai-prices@0.1.8:anthropic/claude-sonnet-5`. */
export function tableOf(version: string): { table: string; version: string; entry: string } {
  const [, table = version, number = '', entry = ''] = /^([^@:]+)@([^:]+):(.*)$/.exec(version) ?? [];
  return { table, version: number, entry };
}

/** What its requests cost; null where none of them has a price, which is not nothing. */
export function spentUsd(use: Pick<GroupUse, 'costUsd' | 'unpricedRequests'> | null): number | null {
  if (use === null) return null;
  return use.unpricedRequests > 0 && use.costUsd === 0 ? null : use.costUsd;
}
