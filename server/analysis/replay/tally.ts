// Counts what a simulated policy achieved: cache reads, money, waits, refusals, balance, and sessions that changed account.

import { MIN_CACHED_TOKENS } from './ceiling.ts';
import type { PlannedRequest } from './plan.ts';
import type { Service } from './service-time.ts';

/** Per token, in any unit of money. */
export interface TokenPrices {
  input: number;
  read: number;
  write: number;
  output: number;
}

/** The input prices of Anthropic's models as shares of their uncached price; output is left out. */
export const SHARE_PRICES: TokenPrices = { input: 1, read: 0.1, write: 1.25, output: 0 };

export interface PolicyResult {
  /** Counted ones, refused ones included. */
  requests: number;
  refused: number;
  refusedShare: number;
  inputTokens: number;
  readTokens: number;
  hitRate: number;
  cost: number;
  /** The same requests without any prompt cache. */
  uncachedCost: number;
  /** Requests that have no price, so that they count nothing. */
  unpriced: number;
  meanWaitMs: number;
  p95WaitMs: number;
  meanFirstByteMs: number;
  p95FirstByteMs: number;
  /** Busy time of the busiest account over the mean. */
  imbalance: number;
  /** Times that a session went to another account than before, and stayed away; and for one request only. */
  moved: number;
  borrowed: number;
}

interface Answer extends Service {
  account: number;
  readTokens: number;
  waitMs: number;
}

export class Tally {
  readonly #pricesOf: (request: PlannedRequest) => TokenPrices | null;
  readonly #busyMs: Float64Array;
  /** By answered request. */
  readonly #waitsMs: Uint32Array;
  readonly #firstBytesMs: Uint32Array;
  #answered = 0;
  /** By session: the last two accounts. */
  readonly #trails = new Map<number, { last: number; before: number }>();
  #refused = 0;
  #unpriced = 0;
  #inputTokens = 0;
  #readTokens = 0;
  #cost = 0;
  #uncachedCost = 0;
  #moved = 0;
  #borrowed = 0;

  constructor(of: {
    accounts: number;
    requests: number;
    pricesOf: (request: PlannedRequest) => TokenPrices | null;
  }) {
    this.#pricesOf = of.pricesOf;
    this.#busyMs = new Float64Array(of.accounts);
    this.#waitsMs = new Uint32Array(of.requests);
    this.#firstBytesMs = new Uint32Array(of.requests);
  }

  answered(request: PlannedRequest, answer: Answer): void {
    this.#follow(request, answer.account);
    if (!request.isCounted) return;
    this.#busyMs[answer.account] = (this.#busyMs[answer.account] ?? 0) + answer.totalMs;
    this.#waitsMs[this.#answered] = answer.waitMs;
    this.#firstBytesMs[this.#answered] = answer.waitMs + answer.firstByteMs;
    this.#answered += 1;
    this.#inputTokens += request.inputTokens;
    this.#readTokens += answer.readTokens;
    const prices = this.#pricesOf(request);
    if (!prices) {
      this.#unpriced += 1;
      return;
    }
    const output = request.outputTokens * prices.output;
    this.#cost += inputCost(request, { readTokens: answer.readTokens, prices }) + output;
    this.#uncachedCost += request.inputTokens * prices.input + output;
  }

  refused(request: PlannedRequest): void {
    if (request.isCounted) this.#refused += 1;
  }

  result(): PolicyResult {
    const requests = this.#answered + this.#refused;
    const waitsMs = this.#waitsMs.slice(0, this.#answered).sort();
    const firstBytesMs = this.#firstBytesMs.slice(0, this.#answered).sort();
    const busyMs = this.#busyMs;
    const meanBusyMs = mean(busyMs);
    return {
      requests,
      refused: this.#refused,
      refusedShare: requests === 0 ? 0 : this.#refused / requests,
      inputTokens: this.#inputTokens,
      readTokens: this.#readTokens,
      hitRate: this.#inputTokens === 0 ? 0 : this.#readTokens / this.#inputTokens,
      cost: this.#cost,
      uncachedCost: this.#uncachedCost,
      unpriced: this.#unpriced,
      meanWaitMs: mean(waitsMs),
      p95WaitMs: percentile95(waitsMs),
      meanFirstByteMs: mean(firstBytesMs),
      p95FirstByteMs: percentile95(firstBytesMs),
      imbalance: meanBusyMs === 0 ? 1 : Math.max(...busyMs) / meanBusyMs,
      moved: this.#moved,
      borrowed: this.#borrowed,
    };
  }

  #follow({ session, isCounted }: PlannedRequest, account: number): void {
    const trail = this.#trails.get(session);
    if (!trail) {
      this.#trails.set(session, { last: account, before: -1 });
      return;
    }
    const isReturn = trail.before === account;
    if (isCounted && isReturn) {
      // The last time it had only borrowed.
      this.#borrowed += 1;
      this.#moved = Math.max(0, this.#moved - 1);
    } else if (isCounted && trail.last !== account) this.#moved += 1;
    trail.before = isReturn || trail.last === account ? -1 : trail.last;
    trail.last = account;
  }
}

/** Input that is written costs the write price; too short prompts, and what has no place in a cache, the plain one. */
export function inputCost(
  { inputTokens, cacheableTokens }: Pick<PlannedRequest, 'inputTokens' | 'cacheableTokens'>,
  { readTokens, prices }: { readTokens: number; prices: TokenPrices },
): number {
  const written = cacheableTokens < MIN_CACHED_TOKENS ? 0 : cacheableTokens - readTokens;
  return (
    readTokens * prices.read + written * prices.write + (inputTokens - readTokens - written) * prices.input
  );
}

function mean(values: Iterable<number> & { length: number }): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

function percentile95(sorted: Uint32Array): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
}
