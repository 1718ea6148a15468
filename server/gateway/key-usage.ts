// What each API key uses now: requests and tokens of the last minute, requests under way, money of the day and month;
// and when it was used last.
//
// Rates are of a sliding minute, counted by seconds: a key with N requests per minute never starts more than N in any
// 60 s. Tokens are known when a reply has ended; until then what the request is expected to take is held for it, and a
// request starts while what is counted and held together is below the limit. So a key overshoots by no more than the
// requests that were started below it were longer than expected. Budgets likewise: what is under way may still be paid.

import type { GatewayError } from './errors.ts';
import { MinuteCounter } from './key-minute.ts';
import { budgetSpent, tooManyAtOnce, tooManyRequests, tooManyTokens } from './key-refusals.ts';
import { type BudgetPeriod, periodAt, Spending, type Spent } from './key-spending.ts';
import type { ApiKey, Clock, RequestRow } from './ports.ts';

/** Money is integer nano-USD. */
export interface KeyFacts {
  requestsLastMinute: number;
  tokensLastMinute: number;
  inFlight: number;
  today: Readonly<Spent>;
  thisMonth: Readonly<Spent>;
  /** When its latest request began; null = none is known. */
  lastUsedAtMs: number | null;
}

/** A place that a request takes with its key. */
export interface KeyPlace {
  /** Holds tokens until the place is given back. Throws when others have used the minute up in between. */
  expectTokens(tokens: number): void;
  /** Idempotent. */
  release(): void;
}

interface Entry {
  requests: MinuteCounter;
  tokens: MinuteCounter;
  /** Of requests under way. */
  expectedTokens: number;
  inFlight: number;
  spending: Spending;
  lastUsedAtMs: number | null;
}

/** Owns the counts. One entry per key of the catalogue that was used; those of deleted keys go with the next sweep. */
export class KeyUsage {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts a request of the key. Throws GatewayError, and counts nothing, when a limit of the key is reached. Calls that
   * cost neither tokens nor money (`isBilled` false) are free of those limits.
   */
  enter(apiKey: ApiKey, { isBilled }: { isBilled: boolean }): KeyPlace {
    const entry = this.#entry(apiKey.id);
    const refusal = this.#refusal(apiKey, { entry, isBilled });
    if (refusal) throw refusal;
    entry.requests.add(1, this.#clock.monotonicMs());
    entry.inFlight += 1;
    this.usedAt(apiKey.id, this.#clock.nowMs());
    let held = 0;
    let isOpen = true;
    return {
      expectTokens: (tokens) => {
        const tooMany = isOpen && isBilled ? this.#tokensRefusal(apiKey, entry) : null;
        if (tooMany) throw tooMany;
        if (!isOpen) return;
        held += tokens;
        entry.expectedTokens += tokens;
      },
      release: () => {
        if (!isOpen) return;
        isOpen = false;
        entry.inFlight -= 1;
        entry.expectedTokens -= held;
      },
    };
  }

  /** Whether a budget of the key is spent: nothing more may be paid for it. */
  isSpent(apiKey: ApiKey): boolean {
    return this.#budgetRefusal(apiKey, this.#entry(apiKey.id)) !== null;
  }

  /** Counts what a request has taken, when it has ended. */
  settled(row: RequestRow): void {
    if (row.apiKeyId === null) return;
    // Pings are the gateway's own.
    if (!row.isKeepWarm) this.usedAt(row.apiKeyId, row.startedAtMs);
    const { inputTokens, outputTokens } = row;
    if (inputTokens === null && outputTokens === null && row.costNanoUsd === null) return;
    const tokens = (inputTokens ?? 0) + (outputTokens ?? 0);
    const entry = this.#entry(row.apiKeyId);
    entry.tokens.add(tokens, this.#clock.monotonicMs());
    entry.spending.add(
      { costNanoUsd: row.costNanoUsd ?? 0, unpricedRequests: row.costNanoUsd === null ? 1 : 0 },
      { startedAtMs: row.startedAtMs, nowMs: this.#clock.nowMs() },
    );
  }

  /** Adds what was spent since `fromMs`, the beginning of the period, before this process began to count. */
  restore(
    period: BudgetPeriod,
    fromMs: number,
    groups: readonly (Spent & { readonly id: string | null })[],
  ): void {
    const nowMs = this.#clock.nowMs();
    for (const { id, costNanoUsd, unpricedRequests } of groups) {
      if (id === null) continue;
      const spent = { costNanoUsd, unpricedRequests };
      this.#entry(id).spending.restore(period, spent, { startedAtMs: fromMs, nowMs });
    }
  }

  /** Notes that a request of the key began then, refused ones included. */
  usedAt(apiKeyId: string, atMs: number): void {
    const entry = this.#entry(apiKeyId);
    entry.lastUsedAtMs = Math.max(entry.lastUsedAtMs ?? atMs, atMs);
  }

  look(apiKeyId: string): KeyFacts {
    const entry = this.#entries.get(apiKeyId) ?? newEntry();
    const nowMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    return {
      requestsLastMinute: entry.requests.sum(monotonicMs),
      tokensLastMinute: entry.tokens.sum(monotonicMs),
      inFlight: entry.inFlight,
      today: entry.spending.look('day', nowMs),
      thisMonth: entry.spending.look('month', nowMs),
      lastUsedAtMs: entry.lastUsedAtMs,
    };
  }

  /** Until a request may start again as far as requests and tokens of the last minute go; 0 = now. */
  resetsInMs(apiKey: ApiKey): { requests: number; tokens: number } {
    const entry = this.#entries.get(apiKey.id) ?? newEntry();
    const nowMs = this.#clock.monotonicMs();
    const { requestsPerMinute, tokensPerMinute } = apiKey;
    return {
      requests: entry.requests.untilBelowMs(requestsPerMinute ?? Number.POSITIVE_INFINITY, nowMs),
      tokens: entry.tokens.untilBelowMs(tokensPerMinute ?? Number.POSITIVE_INFINITY, nowMs),
    };
  }

  /** Forgets keys that are not known any more, once their requests have ended. */
  sweep(known: ReadonlyMap<string, unknown>): void {
    for (const [id, { inFlight }] of this.#entries) {
      if (inFlight === 0 && !known.has(id)) this.#entries.delete(id);
    }
  }

  /** Keys with counts. */
  get size(): number {
    return this.#entries.size;
  }

  #entry(apiKeyId: string): Entry {
    const known = this.#entries.get(apiKeyId);
    if (known) return known;
    const entry = newEntry();
    this.#entries.set(apiKeyId, entry);
    return entry;
  }

  /** What cannot be waited out in a minute goes first. */
  #refusal(apiKey: ApiKey, { entry, isBilled }: { entry: Entry; isBilled: boolean }): GatewayError | null {
    const spent = isBilled ? this.#budgetRefusal(apiKey, entry) : null;
    if (spent) return spent;
    const { maxConcurrent, requestsPerMinute } = apiKey;
    if (maxConcurrent !== null && entry.inFlight >= maxConcurrent) return tooManyAtOnce(maxConcurrent);
    const nowMs = this.#clock.monotonicMs();
    if (requestsPerMinute !== null && entry.requests.sum(nowMs) >= requestsPerMinute) {
      return tooManyRequests(requestsPerMinute, entry.requests.untilBelowMs(requestsPerMinute, nowMs));
    }
    return isBilled ? this.#tokensRefusal(apiKey, entry) : null;
  }

  #tokensRefusal({ tokensPerMinute }: ApiKey, entry: Entry): GatewayError | null {
    if (tokensPerMinute === null) return null;
    const nowMs = this.#clock.monotonicMs();
    if (entry.tokens.sum(nowMs) + entry.expectedTokens < tokensPerMinute) return null;
    return tooManyTokens(tokensPerMinute, entry.tokens.untilBelowMs(tokensPerMinute, nowMs));
  }

  #budgetRefusal({ budgetUsdPerDay, budgetUsdPerMonth }: ApiKey, { spending }: Entry): GatewayError | null {
    const nowMs = this.#clock.nowMs();
    // The month first: the day's end would be no help.
    const budgets = [
      { period: 'month', budgetUsd: budgetUsdPerMonth },
      { period: 'day', budgetUsd: budgetUsdPerDay },
    ] as const;
    for (const { period, budgetUsd } of budgets) {
      if (budgetUsd === null) continue;
      const spentUsd = spending.look(period, nowMs).costNanoUsd / 1e9;
      if (spentUsd < budgetUsd) continue;
      return budgetSpent({ period, budgetUsd, spentUsd, resetsAtMs: periodAt(period, nowMs).toMs });
    }
    return null;
  }
}

function newEntry(): Entry {
  return {
    requests: new MinuteCounter(),
    tokens: new MinuteCounter(),
    expectedTokens: 0,
    inFlight: 0,
    spending: new Spending(),
    lastUsedAtMs: null,
  };
}
