// What a reply cost and what the prompt cache saved. Prices: an operator's override, else the bundled public table.

import { calcPrice } from '@pydantic/genai-prices';
import type { Usage } from '../wire/usage.ts';
import type { Model } from './ports.ts';

/** Cost of one reply in integer nano-USD, and which price list said so. */
export interface Cost {
  costNanoUsd: number;
  /** Against the same tokens without any caching, write premium subtracted; negative when caching cost extra. */
  savedNanoUsd: number;
  priceVersion: string;
}

/** What the price is looked up by. */
interface Priced {
  model: Model;
  upstreamModel: string;
  baseUrl: string;
}

interface UnitPrices {
  version: string;
  /** USD per million tokens. */
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
}

/** The bundled table's version, as pinned in package.json. */
const TABLE = 'genai-prices@0.1.8';

/** Models whose table prices are remembered; tiers depend on the prompt's size, so the size class is in the key. */
const MAX_REMEMBERED = 2_000;
const remembered = new Map<string, UnitPrices | null>();

/**
 * The cost of a reply, or null when the model has no price or the provider reported no usage: unpriced is a state of
 * its own, never $0. `rateMultiplier` is the account's factor on list prices.
 */
export function costOf(usage: Usage, priced: Priced & { rateMultiplier: number }): Cost | null {
  if (usage.inputTokens === null && usage.outputTokens === null) return null;
  const prices = unitPrices(priced, usage.inputTokens ?? 0);
  if (!prices) return null;
  const read = usage.cacheReadTokens ?? 0;
  const write1h = usage.cacheWrite1hTokens ?? 0;
  // Writes of unstated lifetime are 5-minute writes: that is the default lifetime.
  const write5m = usage.cacheWrite5mTokens ?? Math.max(0, (usage.cacheWriteTokens ?? 0) - write1h);
  const input = usage.inputTokens ?? 0;
  const fresh = Math.max(0, input - read - write5m - write1h);
  const inputCost =
    fresh * prices.input +
    read * prices.cacheRead +
    write5m * prices.cacheWrite5m +
    write1h * prices.cacheWrite1h;
  const outputCost = (usage.outputTokens ?? 0) * prices.output;
  // USD per million tokens × tokens = micro-USD; × 1000 = nano-USD.
  const nano = (microUsd: number) => Math.round(microUsd * 1000 * priced.rateMultiplier);
  return {
    costNanoUsd: nano(inputCost + outputCost),
    savedNanoUsd: nano(input * prices.input - inputCost),
    priceVersion: prices.version,
  };
}

/** What the operator stated, the rest from the table; null when the price of input or output is known to neither. */
function unitPrices(priced: Priced, inputTokens: number): UnitPrices | null {
  const table = tablePrices(priced, inputTokens);
  const own = priced.model.price;
  if (!own) return table;
  const input = own.inputUsdPerMillion ?? table?.input;
  const output = own.outputUsdPerMillion ?? table?.output;
  if (input === undefined || output === undefined) return null;
  // A cache price that nobody states means no discount and no premium, so that nothing is claimed to be saved.
  const base = own.inputUsdPerMillion === null ? table : null;
  const write5m = own.cacheWrite5mUsdPerMillion ?? base?.cacheWrite5m ?? input;
  return {
    version: 'override',
    input,
    output,
    cacheRead: own.cacheReadUsdPerMillion ?? base?.cacheRead ?? input,
    cacheWrite5m: write5m,
    cacheWrite1h: own.cacheWrite1hUsdPerMillion ?? base?.cacheWrite1h ?? write5m,
  };
}

function tablePrices(priced: Priced, inputTokens: number): UnitPrices | null {
  const key = `${priced.baseUrl} ${priced.upstreamModel} ${sizeClass(inputTokens)}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  const prices =
    lookUp(priced.upstreamModel, { providerApiUrl: priced.baseUrl }, inputTokens) ??
    lookUp(priced.upstreamModel, {}, inputTokens) ??
    lookUp(priced.model.name, {}, inputTokens);
  remembered.set(key, prices);
  return prices;
}

/** Tier borders in the table are multiples of 1,000 tokens. */
function sizeClass(inputTokens: number): number {
  return Math.ceil(inputTokens / 1_000);
}

function lookUp(model: string, options: { providerApiUrl?: string }, inputTokens: number): UnitPrices | null {
  const found = calcPrice({ input_tokens: inputTokens, output_tokens: 0 }, model, options);
  if (!found) return null;
  const price = (name: string): number | null => {
    const value = found.model_price[name];
    if (value === undefined) return null;
    if (typeof value === 'number') return value;
    const tier = value.tiers.toSorted((a, b) => b.start - a.start).find(({ start }) => inputTokens > start);
    return tier?.price ?? value.base;
  };
  const input = price('input_mtok');
  if (input === null) return null;
  const write5m = price('cache_write_5m_mtok') ?? price('cache_write_mtok') ?? input;
  return {
    version: `${TABLE}:${found.provider.id}/${found.model.id}`,
    input,
    output: price('output_mtok') ?? 0,
    cacheRead: price('cache_read_mtok') ?? input,
    cacheWrite5m: write5m,
    cacheWrite1h: price('cache_write_1h_mtok') ?? write5m,
  };
}
