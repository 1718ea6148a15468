// How busy each account has been, how long its requests hold their slots and how soon its replies begin, learned by watching.

import type { Clock } from '../gateway/ports.ts';

/** Tokens of a prompt by whether they are read from the cache. */
export interface PromptSplit {
  warmTokens: number;
  coldTokens: number;
}

/** Memory of the average load. */
const LOAD_TAU_MS = 300_000;
/** Assumed before anything was seen. */
const FIRST_SERVICE_MS = 10_000;
/** Of the newest sample in a mean. */
const WEIGHT = 1 / 20;
/** An account with fewer samples is judged by the mean of all. */
const LEAST_SAMPLES = 5;
/** Slots assumed where no limit is known, unless more were in use at once. */
const ASSUMED_SLOTS = 20;
/** Fitted to the first bytes of 3,654 coding-agent requests of 2026; scaled by what each account shows. */
const FIRST_BYTE = { baseMs: 1_320, msPerColdToken: 0.017, msPerWarmToken: 0.0123 };
/** A first byte that is further from the expected one than by this factor counts as if it were not. */
const MAX_OFF = 10;

/** Accounts watched; beyond it the one that was new first is forgotten (it learns again). */
const MAX_ACCOUNTS = 10_000;

/** Owns what was seen of each account. Times are monotonic. */
export class AccountLoads {
  readonly #clock: Clock;
  readonly #maxAccounts: number;
  readonly #accounts = new Map<string, AccountLoad>();
  /** Over all accounts. */
  readonly #all = new Pace();

  constructor({ clock, maxAccounts = MAX_ACCOUNTS }: { clock: Clock; maxAccounts?: number }) {
    this.#clock = clock;
    this.#maxAccounts = maxAccounts;
  }

  /** A request has taken a slot. The returned function says when it gave it back, and is idempotent. */
  began(accountId: string): (end?: { wasServed: boolean }) => void {
    const account = this.#account(accountId);
    const beganAtMs = this.#clock.monotonicMs();
    account.step(beganAtMs, 1);
    let isHeld = true;
    return ({ wasServed } = { wasServed: true }) => {
      if (!isHeld) return;
      isHeld = false;
      const nowMs = this.#clock.monotonicMs();
      account.step(nowMs, -1);
      // Refusals are quick: they say nothing of how long a slot is held.
      if (!wasServed) return;
      account.pace.sawService(nowMs - beganAtMs);
      this.#all.sawService(nowMs - beganAtMs);
    };
  }

  /** Smoothed used share of the slots, 0..1; `slots` null = no limit is known. */
  loadAverage(accountId: string, slots: number | null): number {
    const account = this.#accounts.get(accountId);
    if (!account) return 0;
    const allSlots = slots ?? Math.max(ASSUMED_SLOTS, account.mostInFlight);
    return Math.min(1, account.meanInFlight(this.#clock.monotonicMs()) / Math.max(1, allSlots));
  }

  /** Mean time that a request holds its slot. */
  serviceMs(accountId: string): number {
    const pace = this.#accounts.get(accountId)?.pace;
    return pace && pace.services >= LEAST_SAMPLES ? pace.serviceMs : this.#all.serviceMs;
  }

  /** Expected time from sending such a prompt to the reply's first byte. */
  firstByteMs(accountId: string, prompt: PromptSplit): number {
    const pace = this.#accounts.get(accountId)?.pace;
    const { slowness } = pace && pace.firstBytes >= LEAST_SAMPLES ? pace : this.#all;
    return usualFirstByteMs(prompt) * slowness;
  }

  sawFirstByte(accountId: string, { ms, ...prompt }: PromptSplit & { ms: number }): void {
    const usualMs = usualFirstByteMs(prompt);
    this.#account(accountId).pace.sawFirstByte(ms, usualMs);
    this.#all.sawFirstByte(ms, usualMs);
  }

  #account(accountId: string): AccountLoad {
    const known = this.#accounts.get(accountId);
    if (known) return known;
    const oldest = this.#accounts.keys().next().value;
    if (this.#accounts.size >= this.#maxAccounts && oldest !== undefined) this.#accounts.delete(oldest);
    const account = new AccountLoad(this.#clock.monotonicMs());
    this.#accounts.set(accountId, account);
    return account;
  }
}

/** Owns the requests in flight of one account and their exponential average over time. */
class AccountLoad {
  readonly pace = new Pace();
  #inFlight = 0;
  #mostInFlight = 0;
  /** As of the last change. */
  #mean = 0;
  #changedAtMs: number;

  constructor(nowMs: number) {
    this.#changedAtMs = nowMs;
  }

  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** Exact, since the number is constant between two changes. */
  meanInFlight(nowMs: number): number {
    const kept = Math.exp((this.#changedAtMs - nowMs) / LOAD_TAU_MS);
    return this.#inFlight + (this.#mean - this.#inFlight) * kept;
  }

  step(nowMs: number, by: 1 | -1): void {
    this.#mean = this.meanInFlight(nowMs);
    this.#changedAtMs = nowMs;
    this.#inFlight += by;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
  }
}

/** Owns running means of how long requests take. */
class Pace {
  #services = 0;
  #serviceMs = FIRST_SERVICE_MS;
  #firstBytes = 0;
  /** Means of seen and of usual times: their quotient weighs long waits more, as it should. */
  #seenMs = FIRST_BYTE.baseMs;
  #usualMs = FIRST_BYTE.baseMs;

  get services(): number {
    return this.#services;
  }

  get serviceMs(): number {
    return this.#serviceMs;
  }

  get firstBytes(): number {
    return this.#firstBytes;
  }

  /** Seen time as a factor on the usual one. */
  get slowness(): number {
    return this.#seenMs / this.#usualMs;
  }

  sawService(ms: number): void {
    this.#services += 1;
    this.#serviceMs += (ms - this.#serviceMs) * weightOf(this.#services);
  }

  sawFirstByte(ms: number, usualMs: number): void {
    this.#firstBytes += 1;
    const weight = weightOf(this.#firstBytes);
    const seenMs = Math.min(usualMs * MAX_OFF, Math.max(usualMs / MAX_OFF, ms));
    this.#seenMs += (seenMs - this.#seenMs) * weight;
    this.#usualMs += (usualMs - this.#usualMs) * weight;
  }
}

/** The first samples form a plain mean with the assumed one, so that a wrong assumption is soon forgotten. */
function weightOf(samples: number): number {
  return Math.max(WEIGHT, 1 / (samples + 1));
}

/** Time to the first byte at an account of which nothing else is known, from when it takes the request. */
export function usualFirstByteMs({ warmTokens, coldTokens }: PromptSplit): number {
  const { baseMs, msPerColdToken, msPerWarmToken } = FIRST_BYTE;
  return baseMs + msPerColdToken * coldTokens + msPerWarmToken * warmTokens;
}
