// What a reply cost and what the prompt cache saved. Prices: an operator's override, else the bundled public table.

import { calcPrice } from '@pydantic/genai-prices';
import { cacheWrites, ledgerOf, type Usage } from '../wire/usage.ts';
import type { Candidate } from './catalog.ts';
import type { Model, ModelPrice, TokenPrices } from './ports.ts';
import type { PriceSheet } from './price-sheet.ts';

/** Cost of one reply in integer nano-USD, and which price list said so. */
export interface Cost {
  costNanoUsd: number;
  /** Against the same tokens without any caching, write premium subtracted; negative when caching cost extra. */
  savedNanoUsd: number;
  /** What the cache reads and writes cost themselves; part of `costNanoUsd`, null = not reported. */
  cacheReadNanoUsd: number | null;
  cacheWriteNanoUsd: number | null;
  /** In the provider's own unit, for an account that is billed in credits; null = it is not. */
  credits: number | null;
  priceVersion: string;
  /** The same object for all that are billed alike, so that it is kept once without being looked at. */
  priceSheet: PriceSheet;
}

/** What the price is looked up by, and how the account is billed. */
interface Priced {
  model: Pick<Model, 'name' | 'price'>;
  upstreamModel: string;
  baseUrl: string;
  rateMultiplier: number;
  usdPerCredit: number | null;
}

/** What a list price is looked up by: the account's factor and unit come on top. */
export type ListPriced = Pick<Priced, 'model' | 'upstreamModel' | 'baseUrl'>;

type LedgerPrices = Omit<PriceSheet, 'rateMultiplier' | 'usdPerCredit'>;

/** List prices. One object for all requests with the same, as long as they hold. */
export interface UnitPrices extends LedgerPrices {
  /** `override`, or table and entry of it. */
  version: string;
}

/** The bundled table's version, as pinned in package.json. */
const TABLE = 'genai-prices@0.1.8';

/** Models whose table prices are remembered; tiers depend on the prompt's size, so the size class is in the key. */
const MAX_REMEMBERED = 2_000;
const remembered = new Map<string, UnitPrices | null>();
/** By what the operator states, what the table has beside it, and how many tiers are exceeded. */
const overridden = new WeakMap<ModelPrice, WeakMap<object, (UnitPrices | null)[]>>();
const NO_TABLE = {};
/** One for each way in which accounts are billed by these prices; further ways begin the list anew. */
const sheets = new WeakMap<UnitPrices, PriceSheet[]>();
const MAX_SHEETS = 100;

/**
 * The cost of a reply, or null when the model has no price or the provider reported no usage: unpriced is a state of
 * its own, never $0. `rateMultiplier` is the account's factor on list prices.
 */
export function costOf(usage: Usage, priced: Priced): Cost | null {
  if (usage.inputTokens === null && usage.outputTokens === null) return null;
  const prices = unitPrices(priced, usage.inputTokens ?? 0);
  if (!prices) return null;
  const { cached, uncached, read, write } = microUsd(usage, prices);
  const nano = (amount: number) => nanoUsd(amount, priced);
  const costNanoUsd = nano(cached);
  return {
    costNanoUsd,
    savedNanoUsd: nano(uncached) - costNanoUsd,
    cacheReadNanoUsd: read === null ? null : nano(read),
    cacheWriteNanoUsd: write === null ? null : nano(write),
    credits: priced.usdPerCredit === null ? null : costNanoUsd / 1e9 / priced.usdPerCredit,
    priceVersion: prices.version,
    priceSheet: sheetOf(prices, priced),
  };
}

/** Micro-USD × 1000 = nano-USD. */
function nanoUsd(listMicroUsd: number, { rateMultiplier }: Pick<PriceSheet, 'rateMultiplier'>): number {
  return Math.round(listMicroUsd * 1000 * rateMultiplier);
}

function sheetOf(prices: UnitPrices, { rateMultiplier, usdPerCredit }: Priced): PriceSheet {
  const known = sheets.get(prices) ?? [];
  const same = known.find(
    (sheet) => sheet.rateMultiplier === rateMultiplier && sheet.usdPerCredit === usdPerCredit,
  );
  if (same) return same;
  const { version: _, ...ledgerPrices } = prices;
  const sheet = { ...ledgerPrices, rateMultiplier, usdPerCredit };
  sheets.set(prices, known.length < MAX_SHEETS ? [...known, sheet] : [sheet]);
  return sheet;
}

/** What tokens of one kind cost, or part of the tokens with a price of its own. */
export interface CostPart {
  part:
    | 'input'
    | 'cache-read'
    | 'cache-write-5m'
    | 'cache-write-1h'
    | 'audio-input'
    | 'output'
    | 'audio-output';
  tokens: number;
  /** The account's factor on list prices included. */
  usdPerMillion: number;
  costNanoUsd: number;
}

/**
 * The cost of a reply by kind of token, without those of which there were none. The parts are whole nano-USD and add up
 * to what `costOf` says: the largest takes what rounding leaves.
 */
export function costPartsOf(usage: Usage, sheet: PriceSheet): CostPart[] {
  const ledger = ledgerOf(usage);
  const { write5m, write1h } = cacheWrites(usage);
  const output = (ledger.outputTokens ?? 0) + (ledger.reasoningTokens ?? 0);
  const part = (name: CostPart['part'], tokens: number | null, price: number): CostPart => ({
    part: name,
    tokens: tokens ?? 0,
    usdPerMillion: price * sheet.rateMultiplier,
    costNanoUsd: nanoUsd((tokens ?? 0) * price, sheet),
  });
  const parts = [
    part('input', ledger.inputTokens, sheet.input),
    part('cache-read', ledger.cacheReadTokens, sheet.cacheRead),
    part('cache-write-5m', write5m, sheet.cacheWrite5m),
    part('cache-write-1h', write1h, sheet.cacheWrite1h),
    part('audio-input', usage.audioInputTokens, sheet.audioInput),
    part('output', output, sheet.output),
    part('audio-output', usage.audioOutputTokens, sheet.audioOutput),
  ].filter(({ tokens }) => tokens > 0);
  const largest = parts.toSorted((a, b) => b.costNanoUsd - a.costNanoUsd)[0];
  const rest = parts.reduce(
    (left, one) => left - one.costNanoUsd,
    nanoUsd(microUsd(usage, sheet).cached, sheet),
  );
  return parts.map((one) => (one === largest ? { ...one, costNanoUsd: one.costNanoUsd + rest } : one));
}

/**
 * What an input token of a prompt of this size costs at an account, in USD: sent as it is, read from the prompt cache,
 * and written to it. Null when the model has no price.
 */
export function inputPricesOf(
  priced: Omit<Priced, 'usdPerCredit'>,
  inputTokens: number,
): { inputUsd: number; readUsd: number; write5mUsd: number; write1hUsd: number } | null {
  const prices = unitPrices(priced, inputTokens);
  if (!prices) return null;
  const usd = (perMillion: number) => (perMillion * priced.rateMultiplier) / 1e6;
  return {
    inputUsd: usd(prices.input),
    readUsd: usd(prices.cacheRead),
    write5mUsd: usd(prices.cacheWrite5m),
    write1hUsd: usd(prices.cacheWrite1h),
  };
}

/** The same at a candidate: its model, endpoint and account say what it is priced by. */
export function inputPricesAt(
  {
    model,
    upstreamModel,
    endpoint,
    account,
  }: Pick<Candidate, 'model' | 'upstreamModel' | 'endpoint' | 'account'>,
  inputTokens: number,
): ReturnType<typeof inputPricesOf> {
  const { rateMultiplier } = account;
  return inputPricesOf({ model, upstreamModel, baseUrl: endpoint.baseUrl, rateMultiplier }, inputTokens);
}

interface MicroUsd {
  cached: number;
  uncached: number;
  /** Parts of `cached`; null = not reported. */
  read: number | null;
  write: number | null;
}

/** USD per million tokens × tokens = micro-USD; as it was, and as it would have been without a prompt cache. */
function microUsd(usage: Usage, prices: LedgerPrices): MicroUsd {
  const ledger = ledgerOf(usage);
  const { write5m, write1h } = cacheWrites(usage);
  const fresh = ledger.inputTokens ?? 0;
  const read = ledger.cacheReadTokens ?? 0;
  const through = read + (write5m ?? 0) + (write1h ?? 0);
  const rest =
    fresh * prices.input +
    (usage.audioInputTokens ?? 0) * prices.audioInput +
    ((ledger.outputTokens ?? 0) + (ledger.reasoningTokens ?? 0)) * prices.output +
    (usage.audioOutputTokens ?? 0) * prices.audioOutput;
  const readMicroUsd = read * prices.cacheRead;
  const writeMicroUsd = (write5m ?? 0) * prices.cacheWrite5m + (write1h ?? 0) * prices.cacheWrite1h;
  return {
    cached: rest + readMicroUsd + writeMicroUsd,
    uncached: rest + through * prices.input,
    read: ledger.cacheReadTokens === null ? null : readMicroUsd,
    write: write5m === null && write1h === null ? null : writeMicroUsd,
  };
}

/** What the operator stated, the rest from the table; null when the price of input or output is known to neither. */
export function unitPrices(priced: ListPriced, inputTokens: number): UnitPrices | null {
  const table = tablePrices(priced, inputTokens);
  const { price } = priced.model;
  if (!price) return table;
  const tiers = price.tiers.reduce(
    (count, { aboveInputTokens }) => count + (inputTokens > aboveInputTokens ? 1 : 0),
    0,
  );
  const byTable = overridden.get(price) ?? new WeakMap<object, (UnitPrices | null)[]>();
  const byTiers = byTable.get(table ?? NO_TABLE) ?? [];
  const known = byTiers[tiers];
  if (known !== undefined) return known;
  const prices = ownPrices(tierOf(price, inputTokens), table);
  byTiers[tiers] = prices;
  overridden.set(price, byTable.set(table ?? NO_TABLE, byTiers));
  return prices;
}

type OwnPrices = TokenPrices & Pick<PriceSheet, 'aboveInputTokens'>;

function ownPrices(own: OwnPrices, table: UnitPrices | null): UnitPrices | null {
  const input = own.inputUsdPerMillion ?? table?.input;
  const output = own.outputUsdPerMillion ?? table?.output;
  if (input === undefined || output === undefined) return null;
  // A cache price that nobody states means no discount and no premium, so that nothing is claimed to be saved.
  const base = own.inputUsdPerMillion === null ? table : null;
  const write5m = own.cacheWrite5mUsdPerMillion ?? base?.cacheWrite5m ?? input;
  const tableTier = base || own.outputUsdPerMillion === null ? table?.aboveInputTokens : null;
  return {
    version: 'override',
    input,
    output,
    cacheRead: own.cacheReadUsdPerMillion ?? base?.cacheRead ?? input,
    cacheWrite5m: write5m,
    cacheWrite1h: own.cacheWrite1hUsdPerMillion ?? base?.cacheWrite1h ?? write5m,
    audioInput: base?.audioInput ?? input,
    audioOutput: own.outputUsdPerMillion === null ? (table?.audioOutput ?? output) : output,
    aboveInputTokens: Math.max(own.aboveInputTokens ?? 0, tableTier ?? 0) || null,
  };
}

/** The prices for a prompt of this size: every tier that it exceeds overrides what is stated below it. */
function tierOf(price: ModelPrice, inputTokens: number): OwnPrices {
  const exceeded = price.tiers
    .filter(({ aboveInputTokens }) => inputTokens > aboveInputTokens)
    .sort((a, b) => a.aboveInputTokens - b.aboveInputTokens);
  const latest = (field: keyof TokenPrices) =>
    exceeded.findLast((tier) => tier[field] !== null)?.[field] ?? price[field];
  return {
    aboveInputTokens: exceeded.at(-1)?.aboveInputTokens ?? null,
    inputUsdPerMillion: latest('inputUsdPerMillion'),
    outputUsdPerMillion: latest('outputUsdPerMillion'),
    cacheReadUsdPerMillion: latest('cacheReadUsdPerMillion'),
    cacheWrite5mUsdPerMillion: latest('cacheWrite5mUsdPerMillion'),
    cacheWrite1hUsdPerMillion: latest('cacheWrite1hUsdPerMillion'),
  };
}

function tablePrices(priced: ListPriced, inputTokens: number): UnitPrices | null {
  const key = `${priced.baseUrl} ${priced.upstreamModel} ${priced.model.name} ${priceClass(inputTokens)}`;
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

/** Prompts of one class cost the same per token: tier borders in the table are multiples of 1,000 tokens. */
export function priceClass(inputTokens: number): number {
  return Math.ceil(inputTokens / 1_000);
}

function lookUp(model: string, options: { providerApiUrl?: string }, inputTokens: number): UnitPrices | null {
  const found = calcPrice({ input_tokens: inputTokens, output_tokens: 0 }, model, options);
  if (!found) return null;
  let aboveInputTokens: number | null = null;
  const price = (name: string): number | null => {
    const value = found.model_price[name];
    if (value === undefined) return null;
    if (typeof value === 'number') return value;
    const tier = value.tiers.toSorted((a, b) => b.start - a.start).find(({ start }) => inputTokens > start);
    if (tier) aboveInputTokens = Math.max(aboveInputTokens ?? 0, tier.start);
    return tier?.price ?? value.base;
  };
  const input = price('input_mtok');
  if (input === null) return null;
  const output = price('output_mtok') ?? 0;
  const write5m = price('cache_write_5m_mtok') ?? price('cache_write_mtok') ?? input;
  const prices = {
    version: `${TABLE}:${found.provider.id}/${found.model.id}`,
    input,
    output,
    cacheRead: price('cache_read_mtok') ?? input,
    cacheWrite5m: write5m,
    cacheWrite1h: price('cache_write_1h_mtok') ?? write5m,
    audioInput: price('input_audio_mtok') ?? input,
    audioOutput: price('output_audio_mtok') ?? output,
  };
  return { ...prices, aboveInputTokens };
}
