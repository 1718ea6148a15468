// Requests that wait for a place at an account: one line per account in order of arrival, and who is told to look again when.
//
// A waiter looks again, and decides anew over all accounts, when a slot of its account is given back and its turn has
// come, and every 500 ms in any case. A freed slot goes down the line until somebody takes it: one who does not (moves,
// leaves, may not use it) passes it on, so that none is lost; but only as far as there are free slots for those before.
// Who leaves without a slot makes room in the line: those behind are asked. Waiters that cannot go before some time (`notBeforeMs`: cooldown, token bucket, a prefix that is being
// written) are passed over until then and nobody waits for them; they keep their age. All times are monotonic.

import type { Clock } from '../gateway/ports.ts';

/** `freed`: a slot of the waiter's account, and its turn. `recheck`: time to look again. `patience`: it is over. */
export type WakeReason = 'freed' | 'recheck' | 'patience';

/** Where and how a waiter waits. */
export interface Booking {
  /** End of patience. */
  untilMs: number;
  /** It could not go before then, even into a free slot; it looks again at that moment. 0 = a free slot is enough. */
  notBeforeMs?: number;
}

export interface Place {
  /** Number of its arrival: smaller is earlier. Kept for good. */
  readonly order: number;
  /** First arrival. */
  readonly sinceMs: number;
  /** Whose line it stands in; null = it has left. */
  readonly accountId: string | null;
  /**
   * Books a place in the line of an account, the same or another one, by age of arrival; also after it had left, for a
   * request that was refused upstream. What `booking` leaves out stays as it was, but for `notBeforeMs`. False: full.
   */
  moveTo(accountId: string, booking?: Partial<Booking>): boolean;
  /** It has taken a slot of this account (any, not only the one it waited for): leaves the line. Idempotent. */
  served(accountId: string): void;
  /** Leaves without a slot. Idempotent. */
  leave(): void;
  /** What it was held for has changed: looks again at once, but in order of arrival with all others told the same. */
  lookSoon(): void;
}

export interface WaitingLineOptions {
  clock: Clock;
  /** Over all accounts. */
  maxWaiters?: number;
}

const MAX_WAITERS = 10_000;
const LOOK_EVERY_MS = 500;
/** Least time between two rounds of looks, and how many looks one round may take (some 20 µs each) … */
const ROUND = { everyMs: 10, looks: 128 };
/** … so that beyond some thousand waiters each looks less often: a round trip of all of them, with room to spare. */
const ROUND_TRIP_SLACK = 1.25;
/** Looks that one freed slot may cause at once before the rest of the line has its turn in the next round. */
const LOOKS_AT_ONCE = 64;

interface Line {
  readonly accountId: string;
  /** By `order`. */
  readonly waiters: Waiter[];
  /** How many of them have a `notBeforeMs`. */
  held: number;
  /** Free slots of the account. */
  room: () => number;
  /** While the line is asked: the last one that was. */
  passed: number;
}

/** What a waiter has done with itself, to be carried out by the line. */
interface Desk {
  book(waiter: Waiter, accountId: string, booking: Partial<Booking>): boolean;
  leave(waiter: Waiter, servedBy: string | null): void;
  lookSoon(waiter: Waiter): void;
}

/** Owns who waits where. Bounded by `maxWaiters`; one timer while somebody waits. */
export class WaitingLine {
  readonly #clock: Clock;
  readonly #maxWaiters: number;
  readonly #lines = new Map<string, Line>();
  /** All waiters, by `order`. */
  readonly #waiters: Waiter[] = [];
  /** Lines in which somebody may be able to go now. */
  readonly #stirred = new Set<Line>();
  #arrivals = 0;
  /** A waiter is being told: what it causes is done after it has returned, so that no wake runs inside another. */
  #isBusy = false;
  #timer: { dueMs: number; cancel: () => void } | null = null;
  #lastRoundMs = Number.NEGATIVE_INFINITY;
  readonly #desk: Desk = {
    book: (waiter, accountId, booking) => this.#book(waiter, accountId, booking),
    leave: (waiter, servedBy) => this.#leave(waiter, servedBy),
    lookSoon: (waiter) => this.#lookSoon(waiter),
  };

  constructor({ clock, maxWaiters = MAX_WAITERS }: WaitingLineOptions) {
    this.#clock = clock;
    this.#maxWaiters = maxWaiters;
  }

  /** Everybody who waits. */
  get size(): number {
    return this.#waiters.length;
  }

  /** Those who wait for this account, whatever for. */
  count(accountId: string): number {
    return this.#lines.get(accountId)?.waiters.length ?? 0;
  }

  /**
   * Those who wait for this account, came earlier than `place` (null = a newcomer) and could go at `atMs` or before:
   * they are to have a slot first. Without `atMs` all who could go now.
   */
  before(place: Pick<Place, 'order'> | null, accountId: string, atMs?: number): number {
    const line = this.#lines.get(accountId);
    if (!line) return 0;
    const earlier = place ? indexFrom(line.waiters, place.order) : line.waiters.length;
    if (line.held === 0 || earlier === 0) return earlier;
    return countGoing(line.waiters, earlier, atMs ?? this.#clock.monotonicMs());
  }

  /**
   * Books a place behind all others; null = there is no room. `onWake` is called synchronously, never inside another's;
   * it decides anew and says so through the place: `served`, `leave` or `moveTo`. Saying nothing = waits on; who
   * waits on after `patience` is told so again and again.
   */
  join(accountId: string, waiter: Booking & { onWake: (reason: WakeReason) => void }): Place | null {
    const joined = new Waiter(this.#desk, {
      order: this.#arrivals,
      sinceMs: this.#clock.monotonicMs(),
      onWake: waiter.onWake,
    });
    if (!this.#book(joined, accountId, waiter)) return null;
    this.#arrivals += 1;
    return joined;
  }

  /**
   * A slot of this account was given back, or came to be. `room` tells how many are free at the time of its call: nobody
   * is woken in vain then.
   */
  freed(accountId: string, room: () => number): void {
    const line = this.#lines.get(accountId);
    if (!line) return;
    line.room = room;
    this.#stir(line, -1);
    this.#handOut();
  }

  #book(waiter: Waiter, accountId: string, booking: Partial<Booking>): boolean {
    const isNew = waiter.line === null;
    if (isNew && this.#waiters.length >= this.#maxWaiters) return false;
    if (waiter.line && waiter.line.accountId !== accountId) this.#depart(waiter);
    const nowMs = this.#clock.monotonicMs();
    const couldGo = waiter.line !== null && waiter.notBeforeMs <= nowMs;
    const line = waiter.line ?? this.#stand(waiter, accountId);
    if (isNew) insert(this.#waiters, waiter);
    waiter.servedBy = null;
    waiter.untilMs = booking.untilMs ?? waiter.untilMs;
    const { notBeforeMs = 0 } = booking;
    hold(waiter, notBeforeMs > nowMs ? notBeforeMs : 0);
    if (waiter.untilMs > nowMs) waiter.dueMs = this.#nextLook(waiter, nowMs);
    else if (isNew) waiter.dueMs = nowMs;
    this.#arm(waiter.dueMs);
    // Those behind need not let it go first any more.
    if (couldGo && notBeforeMs > nowMs) this.#stir(line, waiter.order);
    this.#handOut();
    return true;
  }

  #stand(waiter: Waiter, accountId: string): Line {
    const line = this.#lines.get(accountId) ?? newLine(accountId);
    this.#lines.set(accountId, line);
    insert(line.waiters, waiter);
    waiter.line = line;
    return line;
  }

  #leave(waiter: Waiter, servedBy: string | null): void {
    if (servedBy !== null) waiter.servedBy = servedBy;
    if (!waiter.line) return;
    this.#depart(waiter);
    remove(this.#waiters, waiter);
    if (this.#waiters.length === 0) this.#disarm();
    this.#handOut();
  }

  /** Out of its line, without a slot of it as far as `servedBy` does not say otherwise. */
  #depart(waiter: Waiter): void {
    const { line } = waiter;
    if (!line) return;
    hold(waiter, 0);
    remove(line.waiters, waiter);
    waiter.line = null;
    if (line.waiters.length === 0) {
      this.#lines.delete(line.accountId);
      this.#stirred.delete(line);
    } else if (waiter.servedBy !== line.accountId) this.#stir(line, waiter.order);
  }

  /** Somebody behind this one may be able to go now. */
  #stir(line: Line, order: number): void {
    line.passed = this.#stirred.has(line) ? Math.min(line.passed, order) : order;
    this.#stirred.add(line);
  }

  #lookSoon(waiter: Waiter): void {
    if (!waiter.line) return;
    hold(waiter, 0);
    waiter.dueMs = this.#clock.monotonicMs();
    this.#arm(waiter.dueMs);
  }

  /** Asks down the lines, so many at once; the rest has its turn in the next round. */
  #handOut(): void {
    if (this.#isBusy || this.#stirred.size === 0) return;
    this.#isBusy = true;
    try {
      let looksLeft = LOOKS_AT_ONCE;
      for (const line of this.#stirred) {
        while (looksLeft > 0 && this.#askNext(line)) looksLeft -= 1;
        if (looksLeft === 0) break;
        this.#stirred.delete(line);
      }
    } finally {
      this.#isBusy = false;
      if (this.#stirred.size > 0) this.#arm(this.#clock.monotonicMs());
    }
  }

  /** False: nobody is left who could go. */
  #askNext(line: Line): boolean {
    const nowMs = this.#clock.monotonicMs();
    const waiter = nextGoing(line, nowMs);
    if (!waiter || this.before(waiter, line.accountId, nowMs) >= line.room()) return false;
    line.passed = waiter.order;
    this.#wake(waiter, 'freed');
    return true;
  }

  #wake(waiter: Waiter, reason: WakeReason): void {
    const nowMs = this.#clock.monotonicMs();
    waiter.servedBy = null;
    if (reason !== 'freed' || waiter.untilMs > nowMs) waiter.dueMs = this.#nextLook(waiter, nowMs);
    waiter.onWake(reason);
  }

  #nextLook({ untilMs, notBeforeMs }: Waiter, nowMs: number): number {
    const roundTripMs = (this.#waiters.length / ROUND.looks) * ROUND.everyMs * ROUND_TRIP_SLACK;
    let lookMs = nowMs + Math.max(LOOK_EVERY_MS, roundTripMs);
    if (untilMs > nowMs && untilMs < lookMs) lookMs = untilMs;
    if (notBeforeMs > nowMs && notBeforeMs < lookMs) lookMs = notBeforeMs;
    return lookMs;
  }

  #arm(dueMs: number): void {
    const atMs = Math.max(dueMs, this.#lastRoundMs + ROUND.everyMs);
    if (this.#timer && this.#timer.dueMs <= atMs) return;
    this.#disarm();
    const delayMs = Math.ceil(atMs - this.#clock.monotonicMs());
    const cancel = this.#clock.setTimer(() => this.#round(), delayMs);
    this.#timer = { dueMs: atMs, cancel };
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #round(): void {
    this.#timer = null;
    if (this.#waiters.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    this.#lastRoundMs = nowMs;
    let nextMs = nowMs;
    this.#isBusy = true;
    try {
      nextMs = this.#lookAround(nowMs);
    } finally {
      this.#isBusy = false;
      if (this.#waiters.length > 0) this.#arm(nextMs);
    }
    this.#handOut();
  }

  /** Wakes all who are due, oldest first; who came meanwhile has set the timer itself. Returns when the next is due. */
  #lookAround(nowMs: number): number {
    const newcomers = this.#arrivals;
    let looksLeft = ROUND.looks;
    let nextMs = Number.POSITIVE_INFINITY;
    let index = 0;
    for (let waiter = this.#waiters[0]; waiter && waiter.order < newcomers; waiter = this.#waiters[index]) {
      const isOutOfPatience = waiter.untilMs <= nowMs;
      if (waiter.dueMs <= nowMs && (isOutOfPatience || looksLeft > 0)) {
        looksLeft = Math.max(0, looksLeft - 1);
        this.#wake(waiter, isOutOfPatience ? 'patience' : 'recheck');
        index = indexFrom(this.#waiters, waiter.order);
      }
      if (this.#waiters[index] !== waiter) continue;
      nextMs = Math.min(nextMs, waiter.dueMs);
      index += 1;
    }
    return nextMs;
  }
}

class Waiter implements Place {
  readonly order: number;
  readonly sinceMs: number;
  readonly onWake: (reason: WakeReason) => void;
  readonly #desk: Desk;
  line: Line | null = null;
  untilMs = 0;
  /** 0 = a free slot is enough. */
  notBeforeMs = 0;
  /** Next look. */
  dueMs = 0;
  /** The account that gave it a slot since it was last woken. */
  servedBy: string | null = null;

  constructor(desk: Desk, arrival: Pick<Waiter, 'order' | 'sinceMs' | 'onWake'>) {
    this.#desk = desk;
    this.order = arrival.order;
    this.sinceMs = arrival.sinceMs;
    this.onWake = arrival.onWake;
  }

  get accountId(): string | null {
    return this.line?.accountId ?? null;
  }

  moveTo(accountId: string, booking: Partial<Booking> = {}): boolean {
    return this.#desk.book(this, accountId, booking);
  }

  served(accountId: string): void {
    this.#desk.leave(this, accountId);
  }

  leave(): void {
    this.#desk.leave(this, null);
  }

  lookSoon(): void {
    this.#desk.lookSoon(this);
  }
}

function newLine(accountId: string): Line {
  return { accountId, waiters: [], held: 0, room: unknownRoom, passed: -1 };
}

/** Before any slot was freed while somebody waits: a look in vain costs less than a wait beside a free slot. */
function unknownRoom(): number {
  return Number.POSITIVE_INFINITY;
}

/** 0 = a free slot is enough. */
function hold(waiter: Waiter, notBeforeMs: number): void {
  if (waiter.line) waiter.line.held += Number(notBeforeMs > 0) - Number(waiter.notBeforeMs > 0);
  waiter.notBeforeMs = notBeforeMs;
}

/** The first one not asked yet that could go now. */
function nextGoing({ waiters, passed }: Line, nowMs: number): Waiter | null {
  for (let index = indexFrom(waiters, passed + 1); index < waiters.length; index += 1) {
    const waiter = waiters[index];
    if (waiter && waiter.notBeforeMs <= nowMs) return waiter;
  }
  return null;
}

function countGoing(waiters: readonly Waiter[], end: number, atMs: number): number {
  let going = 0;
  for (let index = 0; index < end; index += 1) {
    const waiter = waiters[index];
    if (waiter && waiter.notBeforeMs <= atMs) going += 1;
  }
  return going;
}

/** Index of the first waiter that arrived as this number or later. */
function indexFrom(waiters: readonly Waiter[], order: number): number {
  let low = 0;
  let high = waiters.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((waiters[middle]?.order ?? 0) < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(waiters: Waiter[], waiter: Waiter): void {
  const last = waiters.at(-1);
  if (!last || last.order < waiter.order) waiters.push(waiter);
  else waiters.splice(indexFrom(waiters, waiter.order), 0, waiter);
}

function remove(waiters: Waiter[], waiter: Waiter): void {
  waiters.splice(indexFrom(waiters, waiter.order), 1);
}
