// What one admin API keeps between requests: edits in turn, counted subscriptions, two short-lived caches.

import { GraphQLError } from 'graphql';
import type { Catalog } from '../gateway/catalog.ts';
import type { CatalogChange } from '../gateway/ports.ts';
import type { AdminParts } from './parts.ts';

/** Totals over an hour of rows cost the database a scan; open panels ask for them every second. */
const PROMPT_CACHE_RATE_LIFETIME_MS = 5_000;
const PROMPT_CACHE_RATE_WINDOW_MS = 3600_000;
/** Open subscriptions per session (or for the admin token). */
export const MAX_SUBSCRIPTIONS = 32;
/** Entries of the audit log about what strangers tried and did not get, per hour: more would push the others out. */
export const MAX_STRANGER_NOTES = 100;
const STRANGER_WINDOW_MS = 3600_000;

/** What an edit decided: the changes to store, and what to answer once they are stored. */
export interface Edit<Result> {
  changes: CatalogChange[];
  result: (catalog: Catalog) => Result;
}

/** Owns the state that outlives a request. One per admin API. */
export class AdminDesk {
  readonly #parts: Pick<AdminParts, 'catalog' | 'log' | 'affinity' | 'clock'>;
  #promptCacheRate: { untilMs: number; value: Promise<number> } | null = null;
  /** Dropped in the next microtask, so it never outlives the synchronous resolvers of one list. */
  #bindingCounts: Map<string, number> | null = null;
  readonly #subscriptions = new Map<string, number>();
  #strangers = { fromMs: Number.NEGATIVE_INFINITY, notes: 0 };

  constructor(parts: Pick<AdminParts, 'catalog' | 'log' | 'affinity' | 'clock'>) {
    this.#parts = parts;
  }

  /** Decides in the turn of the changes, so that what was checked (a free name, an existing id) still holds when they are stored. */
  async edit<Result>(decide: (catalog: Catalog) => Edit<Result> | Promise<Edit<Result>>): Promise<Result> {
    const { catalog } = this.#parts;
    const decided = Promise.withResolvers<Edit<Result>['result']>();
    await catalog.apply(async (current) => {
      const { changes, result } = await decide(current);
      decided.resolve(result);
      return changes;
    });
    const result = await decided.promise;
    return result(catalog.current);
  }

  /** Share of input tokens that was read from prompt caches over the last hour; at most 5 s old. */
  promptCacheHitRate(): Promise<number> {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#promptCacheRate && this.#promptCacheRate.untilMs > nowMs) return this.#promptCacheRate.value;
    const value = this.#parts.log
      .totals({ fromMs: nowMs - PROMPT_CACHE_RATE_WINDOW_MS }, { hasPercentiles: false })
      .then((totals) => share(totals.cacheReadTokens, totals.inputTokens));
    this.#promptCacheRate = { untilMs: nowMs + PROMPT_CACHE_RATE_LIFETIME_MS, value };
    value.catch(() => {
      this.#promptCacheRate = null;
    });
    return value;
  }

  /** Live bindings on an account. */
  bindingCount(accountId: string): number {
    if (!this.#bindingCounts) {
      const counts = new Map<string, number>();
      for (const { accountId: id } of this.#parts.affinity.list()) counts.set(id, (counts.get(id) ?? 0) + 1);
      this.#bindingCounts = counts;
      queueMicrotask(() => {
        this.#bindingCounts = null;
      });
    }
    return this.#bindingCounts.get(accountId) ?? 0;
  }

  /** Counts an attempt of somebody without a login to change something; `full` = it is not worth an entry any more. */
  countStranger(): 'noted' | 'last' | 'full' {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#strangers.fromMs >= STRANGER_WINDOW_MS) this.#strangers = { fromMs: nowMs, notes: 0 };
    this.#strangers.notes += 1;
    if (this.#strangers.notes < MAX_STRANGER_NOTES) return 'noted';
    return this.#strangers.notes === MAX_STRANGER_NOTES ? 'last' : 'full';
  }

  /** Counts a subscription of `owner`; the result ends it, once. Throws when the owner has too many. */
  admitSubscription(owner: string): () => void {
    const open = this.#subscriptions.get(owner) ?? 0;
    if (open >= MAX_SUBSCRIPTIONS) {
      throw new GraphQLError(`Cannot subscribe: ${MAX_SUBSCRIPTIONS} subscriptions are open already`, {
        extensions: { code: 'TOO_MANY_SUBSCRIPTIONS', http: { status: 429 } },
      });
    }
    this.#subscriptions.set(owner, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#subscriptions.get(owner) ?? 1) - 1;
      if (left > 0) this.#subscriptions.set(owner, left);
      else this.#subscriptions.delete(owner);
    };
  }
}

/** `part / whole` as a fraction; 0 when there is nothing. */
export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
