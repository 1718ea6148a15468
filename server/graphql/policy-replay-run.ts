// Replays recorded requests for the admin API: reads rows page by page, then simulates in slices that let others run.

import { finishInSlices, type Slicing } from '../analysis/replay/pauses.ts';
import { type RecordedRequest, recordedOf, traceOfRecords } from '../analysis/replay/recorded.ts';
import { RUN_DEFAULTS, type RunResult, runPolicy, setStage } from '../analysis/replay/replay.ts';
import type { TokenPrices } from '../analysis/replay/tally.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { RequestPage } from '../gateway/log-queries.ts';
import type { Model, RequestCursor, RequestFilter, RequestRow } from '../gateway/ports.ts';
import { costOf, inputPricesOf } from '../gateway/pricing.ts';
import type { RoutePolicy } from '../gateway/routing-settings.ts';
import { NO_USAGE } from '../wire/usage.ts';
import type { AdminParts } from './parts.ts';

export interface ReplayRequestOptions {
  filter: RequestFilter;
  policies: readonly RoutePolicy[];
  ttlSeconds: number;
  /** Null = as many as answered the recorded requests. */
  accounts: number | null;
  /** Null = by utilisation. */
  slotsPerAccount: number | null;
  utilisation: number;
  maxRequests: number;
}

export interface PolicyReplay {
  requests: number;
  isTruncated: boolean;
  fromMs: number | null;
  toMs: number | null;
  ttlSeconds: number;
  accounts: number;
  unpricedRequests: number;
  ceilingHitRate: number;
  recorded: RecordedTotals;
  policies: readonly ReplayedPolicy[];
}

export interface RecordedTotals {
  requests: number;
  accounts: number;
  hitRate: number;
  /** Null = nothing has a price. */
  costUsd: number | null;
  savedUsd: number | null;
}

export interface ReplayedPolicy extends Omit<RunResult, 'policy'> {
  policy: RoutePolicy;
  costUsd: number | null;
  savedUsd: number | null;
}

interface PricedRecord extends RecordedRequest {
  prices: TokenPrices | null;
}

const PAGE_ROWS = 200;
/** Others wait no longer than this, and a little. */
const SLICE_MS = 8;
const MAX_KNOWN_PRICES = 1_000;
const NANO_USD_PER_USD = 1e9;

export async function replayRecorded(
  options: ReplayRequestOptions,
  { parts, signal }: { parts: Pick<AdminParts, 'log' | 'catalog' | 'clock'>; signal: AbortSignal },
): Promise<PolicyReplay> {
  const { clock } = parts;
  const slicing: Slicing = {
    nowMs: () => clock.monotonicMs(),
    rest: () => new Promise((resolve) => void clock.setTimer(resolve, 0)),
    signal,
    sliceMs: SLICE_MS,
  };
  const { records, isTruncated } = await readRecords(options, { parts, slicing });
  const recorded = totalsOf(records);
  const accounts = options.accounts ?? Math.max(1, recorded.accounts);
  const base = {
    requests: records.length,
    isTruncated,
    fromMs: records[0]?.atMs ?? null,
    toMs: records.at(-1)?.atMs ?? null,
    ttlSeconds: options.ttlSeconds,
    accounts,
    unpricedRequests: records.filter(({ prices }) => prices === null).length,
    recorded,
  };
  const trace = await finishInSlices(traceOfRecords(records), slicing);
  const ttlMs = options.ttlSeconds * 1000;
  const layout = { copies: 1, windowMs: 1, keyCount: 1, warmUpMs: 0, seed: 1, ttlMs };
  const stage = await finishInSlices(setStage(trace, layout), slicing);
  const policies: ReplayedPolicy[] = [];
  for (const policy of options.policies) {
    const run = runPolicy(policy, stage, {
      ...RUN_DEFAULTS,
      accounts,
      slots: options.slotsPerAccount,
      utilisation: options.utilisation,
      bucketRule: 'none',
      pricesOf: ({ index }) => records[index]?.prices ?? null,
    });
    const result = await finishInSlices(run, slicing);
    const isPriced = base.unpricedRequests < records.length;
    policies.push({
      ...result,
      policy,
      costUsd: isPriced ? result.cost : null,
      savedUsd: isPriced ? result.uncachedCost - result.cost : null,
    });
  }
  return { ...base, ceilingHitRate: stage.ceiling.hitRate, policies };
}

/** The newest ones that match, oldest first. */
async function readRecords(
  { filter, maxRequests }: ReplayRequestOptions,
  { parts, slicing }: { parts: Pick<AdminParts, 'log' | 'catalog'>; slicing: Slicing },
): Promise<{ records: PricedRecord[]; isTruncated: boolean }> {
  const catalog = parts.catalog.current;
  const priceTable = new PriceTable(catalog);
  const records: PricedRecord[] = [];
  let after: RequestCursor | null = null;
  for (;;) {
    const page: RequestPage = await parts.log.page(filter, { limit: PAGE_ROWS, after });
    slicing.signal.throwIfAborted();
    for (const row of page.rows) {
      const record = recordedOf(row);
      if (!record) continue;
      if (records.length >= maxRequests) return { records: records.reverse(), isTruncated: true };
      records.push({ ...record, prices: priceTable.of(row) });
    }
    if (page.reached === null) return { records: records.reverse(), isTruncated: false };
    after = page.reached;
  }
}

function totalsOf(records: readonly PricedRecord[]): RecordedTotals {
  let inputTokens = 0;
  let readTokens = 0;
  let costNanoUsd = 0;
  let savedNanoUsd = 0;
  let priced = 0;
  for (const record of records) {
    inputTokens += record.inputTokens;
    readTokens += record.readTokens;
    costNanoUsd += record.costNanoUsd ?? 0;
    savedNanoUsd += record.savedNanoUsd ?? 0;
    if (record.costNanoUsd !== null) priced += 1;
  }
  return {
    requests: records.length,
    accounts: new Set(records.flatMap(({ accountId }) => accountId ?? [])).size,
    hitRate: inputTokens === 0 ? 0 : readTokens / inputTokens,
    costUsd: priced === 0 ? null : costNanoUsd / NANO_USD_PER_USD,
    savedUsd: priced === 0 ? null : savedNanoUsd / NANO_USD_PER_USD,
  };
}

/** What rows of the same model, endpoint, account and size class pay per token. */
class PriceTable {
  readonly #catalog: Catalog;
  readonly #known = new Map<string, TokenPrices | null>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  of(row: RequestRow): TokenPrices | null {
    const model = this.#catalog.models.get(row.modelId ?? '');
    if (!model) return null;
    // Prices change with the prompt's size at whole thousands only.
    const size = Math.ceil((row.inputTokens ?? 0) / 1_000);
    const key = [model.id, row.upstreamModel, row.endpointId, row.accountId, size].join('|');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN_PRICES) this.#known.clear();
    const prices = this.#lookUp(row, { model, inputTokens: size * 1_000 });
    this.#known.set(key, prices);
    return prices;
  }

  #lookUp(
    row: RequestRow,
    { model, inputTokens }: { model: Model; inputTokens: number },
  ): TokenPrices | null {
    const account = this.#catalog.accounts.get(row.accountId ?? '');
    const priced = {
      model,
      upstreamModel: row.upstreamModel ?? model.name,
      baseUrl: this.#catalog.endpoints.get(row.endpointId ?? '')?.baseUrl ?? '',
      rateMultiplier: account?.rateMultiplier ?? 1,
      usdPerCredit: null,
    };
    const input = inputPricesOf(priced, inputTokens);
    if (!input) return null;
    const output = costOf({ ...NO_USAGE, outputTokens: 1_000_000 }, priced);
    return {
      input: input.inputUsd,
      read: input.readUsd,
      write: input.write5mUsd,
      output: (output?.costNanoUsd ?? 0) / NANO_USD_PER_USD / 1_000_000,
    };
  }
}
