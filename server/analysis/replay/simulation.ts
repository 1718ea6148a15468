// Runs a plan through simulated accounts under one policy: an event at a time, in virtual time.
//
// An account that is full, down or out of tokens is shut. A prompt is readable from the first token of the request that
// wrote it, until `ttlMs` after its last use. A request that nobody takes waits, and is refused after 30 s. Clients
// neither retry nor slow down.

import { type Downtime, ReplayAccount } from './account.ts';
import { Agenda } from './agenda.ts';
import type { Ask } from './ask.ts';
import { MIN_CACHED_TOKENS, readable } from './ceiling.ts';
import type { Plan, PlannedRequest } from './plan.ts';
import type { Pool, ReplayPolicy } from './policy.ts';
import { PrefixCache } from './prefix-cache.ts';
import { SeededRandom } from './random.ts';
import { serviceOf } from './service-time.ts';
import type { Tally } from './tally.ts';
import { ReplayBucket } from './token-bucket.ts';

export interface PoolOptions {
  /** By account. */
  slots: readonly number[];
  ttlMs: number;
  /** What each account lets through, tokens per ms; null = no limit. */
  bucket: { refillTokensPerMs: number; countsUncachedOnly: boolean } | null;
  /** Share of the writes that the provider loses. */
  lostWriteShare: number;
  downtime: Downtime | null;
  seed: number;
}

type Happening =
  | { kind: 'first-byte' | 'end'; ask: Ask; account: number; readTokens: number; totalMs: number }
  | { kind: 'look'; ask: Ask };

/** Events between two pauses. */
const STRIDE = 4;
/** So many of those who wait look again when a slot is free; the others do at their own time. */
const MAX_WOKEN = 16;
const LOOK_AGAIN_MS = 500;
const DEADLINE_MS = 30_000;
/** Until requests have ended. */
const FIRST_SERVICE_MS = 8_000;

export function* simulate(
  plan: Plan,
  { policy, tally, pool }: { policy: ReplayPolicy; tally: Tally; pool: PoolOptions },
): Generator<undefined, void> {
  const world = new World(plan, { policy, tally, options: pool });
  let steps = 0;
  while (world.step()) {
    steps += 1;
    if (steps % STRIDE === 0) yield;
  }
}

/** Owns the state of one run. */
class World {
  readonly #plan: Plan;
  readonly #policy: ReplayPolicy;
  readonly #tally: Tally;
  readonly #options: PoolOptions;
  readonly #accounts: readonly ReplayAccount[];
  readonly #pool: Pool;
  readonly #agenda = new Agenda<Happening>();
  /** Requests that wait for any account, in the order they arrived. */
  readonly #line: Ask[] = [];
  readonly #random: SeededRandom;
  #arrived = 0;
  #ended = { count: 0, serviceMs: 0 };

  constructor(
    plan: Plan,
    { policy, tally, options }: { policy: ReplayPolicy; tally: Tally; options: PoolOptions },
  ) {
    this.#plan = plan;
    this.#policy = policy;
    this.#tally = tally;
    this.#options = options;
    this.#accounts = options.slots.map((slots, index, { length: count }) => {
      const { bucket, downtime } = options;
      return new ReplayAccount({
        index,
        count,
        slots,
        bucket: bucket && new ReplayBucket(bucket.refillTokensPerMs, bucket.countsUncachedOnly),
        cache: new PrefixCache(plan.tree, plan.copies),
        downtime,
      });
    });
    this.#pool = {
      nowMs: 0,
      accounts: this.#accounts,
      serviceMs: FIRST_SERVICE_MS,
      deadlineMs: DEADLINE_MS,
    };
    this.#random = new SeededRandom(options.seed + 104_729);
  }

  /** False when everything has happened. */
  step(): boolean {
    const next = this.#plan.requests[this.#arrived];
    const isArrival = next !== undefined && next.atMs < this.#agenda.nextMs;
    if (isArrival) {
      this.#pool.nowMs = Math.max(this.#pool.nowMs, next.atMs);
      this.#arrive(next);
      return true;
    }
    const nowMs = this.#agenda.nextMs;
    const happening = this.#agenda.take();
    if (!happening) return false;
    this.#pool.nowMs = nowMs;
    if (happening.kind === 'look') this.#look(happening.ask);
    else if (happening.kind === 'first-byte') this.#begin(happening);
    else this.#end(happening);
    return true;
  }

  #arrive(request: PlannedRequest): void {
    const ask: Ask = {
      request,
      order: this.#arrived,
      arrivedMs: this.#pool.nowMs,
      waitsFor: null,
      isWaiting: false,
    };
    this.#arrived += 1;
    this.#decide(ask);
    if (ask.isWaiting) this.#lookLater(ask);
  }

  /** True when it was sent. */
  #decide(ask: Ask): boolean {
    const choice = this.#policy.choose(ask, this.#pool);
    if (choice.kind === 'send') {
      this.#leaveLine(ask);
      this.#send(ask, choice.account);
      return true;
    }
    if (!ask.isWaiting || ask.waitsFor !== choice.account) {
      this.#leaveLine(ask);
      this.#join(ask, choice.account);
    }
    return false;
  }

  #send(ask: Ask, index: number): void {
    const { nowMs } = this.#pool;
    const account = this.#accounts[index];
    if (!account?.isOpen(nowMs)) throw new Error(`Cannot send to account ${index}: it is shut`);
    const { request } = ask;
    const { copy, tip } = request;
    const found = account.cache.deepest(copy, tip, nowMs);
    const readTokens = readable(this.#plan.tree.tokens[found] ?? 0);
    if (readTokens > 0) account.cache.touch(copy, found, nowMs + this.#options.ttlMs);
    account.bucket?.spend(nowMs, { inputTokens: request.inputTokens, readTokens });
    account.begin(nowMs);
    const service = serviceOf(request, readTokens);
    const waitMs = nowMs - ask.arrivedMs;
    this.#tally.answered(request, { account: index, readTokens, waitMs, ...service });
    const going = { ask, account: index, readTokens, totalMs: service.totalMs };
    this.#agenda.add(nowMs + service.firstByteMs, { kind: 'first-byte', ...going });
    this.#agenda.add(nowMs + service.totalMs, { kind: 'end', ...going });
    this.#policy.sent?.(ask, index, this.#pool);
  }

  #begin({ ask, account: index, readTokens }: Extract<Happening, { kind: 'first-byte' | 'end' }>): void {
    const { copy, tip, cacheableTokens } = ask.request;
    const account = this.#accounts[index];
    const isLost = this.#options.lostWriteShare > 0 && this.#random.next() < this.#options.lostWriteShare;
    const untilMs = this.#pool.nowMs + this.#options.ttlMs;
    if (cacheableTokens >= MIN_CACHED_TOKENS && !isLost) account?.cache.touch(copy, tip, untilMs);
    else if (isLost && readTokens > 0) {
      const found = account?.cache.deepest(copy, tip, this.#pool.nowMs) ?? 0;
      account?.cache.touch(copy, found, untilMs);
    }
    this.#policy.firstByte?.(ask, index, this.#pool);
  }

  #end({ account: index, totalMs }: Extract<Happening, { kind: 'first-byte' | 'end' }>): void {
    this.#ended = { count: this.#ended.count + 1, serviceMs: this.#ended.serviceMs + totalMs };
    this.#pool.serviceMs = this.#ended.serviceMs / this.#ended.count;
    const account = this.#accounts[index];
    account?.end(this.#pool.nowMs);
    if (account) this.#wake(account);
  }

  /** Those who wait for the account, or for any, look again in the order they arrived, while it is open. */
  #wake(account: ReplayAccount): void {
    let order = -1;
    for (let count = 0; count < MAX_WOKEN && account.isOpen(this.#pool.nowMs); count += 1) {
      const own = firstAfter(account.line, order);
      const any = firstAfter(this.#line, order);
      const ask = own && any ? (own.order < any.order ? own : any) : (own ?? any);
      if (!ask) return;
      order = ask.order;
      this.#decide(ask);
    }
  }

  #look(ask: Ask): void {
    if (!ask.isWaiting || this.#decide(ask)) return;
    if (this.#pool.nowMs - ask.arrivedMs < DEADLINE_MS) this.#lookLater(ask);
    else {
      this.#leaveLine(ask);
      this.#tally.refused(ask.request);
    }
  }

  #lookLater(ask: Ask): void {
    const atMs = Math.min(this.#pool.nowMs + LOOK_AGAIN_MS, ask.arrivedMs + DEADLINE_MS);
    this.#agenda.add(atMs, { kind: 'look', ask });
  }

  #lineOf(account: number | null): Ask[] {
    return account === null ? this.#line : (this.#accounts[account]?.line ?? this.#line);
  }

  #join(ask: Ask, account: number | null): void {
    const line = this.#lineOf(account);
    const place = line.findLastIndex(({ order }) => order < ask.order) + 1;
    line.splice(place, 0, ask);
    ask.isWaiting = true;
    ask.waitsFor = account;
  }

  #leaveLine(ask: Ask): void {
    if (!ask.isWaiting) return;
    const line = this.#lineOf(ask.waitsFor);
    const place = line.indexOf(ask);
    if (place >= 0) line.splice(place, 1);
    ask.isWaiting = false;
    ask.waitsFor = null;
  }
}

/** Lines are in the order of arrival. */
function firstAfter(line: readonly Ask[], order: number): Ask | undefined {
  const first = line[0];
  return !first || first.order > order ? first : line.find((ask) => ask.order > order);
}
