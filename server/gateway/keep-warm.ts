// Keeps warm prefixes warm: sends a session's last request once more, shortly before its cache entry expires, while that pays.
//
// After a request of a session one ping is due `LEAD_MS` before the expiry. It is sent when the odds of a return within
// another lifetime make it clearly cheaper than writing the prefix again (`pingPays`), the day's money is not spent, fewer than
// the allowed pings were sent since the session's last request, and its account is little used. A request of the session
// cancels it. The requests are held in memory only, `MAX_HELD_BYTES` at most, and let go when their prefix expires.

import { type GapKey, type PingVerdict, pingPays } from '../routing/ttl-choice.ts';
import { DueQueue } from './due-queue.ts';
import type { Clock } from './ports.ts';
import type { CacheLeverSettings } from './routing-settings.ts';
import type { WarmRequest } from './warm-request.ts';

export type KeepWarmSettings = CacheLeverSettings['keepWarm'];

/** How a ping went. */
export interface PingResult {
  isOk: boolean;
  /** Null = the upstream reported no usage. */
  costUsd: number | null;
  /** The upstream may bill it although it reported nothing. */
  isPossiblyBilled: boolean;
  readTokens: number | null;
}

export interface KeepWarmParts {
  clock: Clock;
  /** The settings in force. */
  settings(): KeepWarmSettings;
  /** `GapStatistics.returnOdds`. */
  returnOdds(key: GapKey, idleMs: number, withinMs: number): number | null;
  /** The account can take a request that nobody waits for. */
  hasRoom(accountId: string): boolean;
  /** Sends the request as one of its own, with a row of its own; never rejects. */
  send(request: WarmRequest): Promise<PingResult>;
}

export interface KeepWarmStats {
  waiting: number;
  heldBytes: number;
  spentTodayUsd: number;
  sent: number;
  /** Pings that were due and not sent, or sessions given up, by reason. */
  skipped: Readonly<Record<SkipReason, number>>;
}

export type SkipReason =
  | 'rarely-returns'
  | 'odds-unknown'
  | 'unpriced'
  | 'budget-spent'
  | 'no-room'
  | 'enough-pings'
  | 'expired'
  | 'failed'
  | 'was-cold'
  | 'evicted';

/** Before the expiry: the ping has to be there, in a queue too. */
const LEAD_MS = 20_000;
/** An account that has no room is asked again after this, until its prefix expires. */
const ROOM_RETRY_MS = 1_000;
/** Under way at one account: many sessions may be due at once, and a ping has not taken its place yet when the next one asks. */
const MAX_AT_ONCE = 4;
/** Odds are estimates, and a ping takes a place that a client could have had: it has to gain half as much again as it costs. */
const LEAST_GAIN = 1.5;
const MAX_ENTRIES = 10_000;
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;

interface Entry {
  id: string;
  request: WarmRequest;
  /** Monotonic, as all times here. */
  lastRequestMs: number;
  expiresMs: number;
  dueMs: number;
  pings: number;
}

/** Owns the requests that are held, when which of them is due, and what pings have cost today. One timer for all. */
export class KeepWarm {
  readonly #parts: KeepWarmParts;
  readonly #maxHeldBytes: number;
  /** By session, the one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  /** A part of `#entries`: those whose ping is not under way. */
  readonly #queue = new DueQueue<Entry>();
  #heldBytes = 0;
  #day: number;
  #spentUsd = 0;
  /** Estimates of pings under way. */
  #promisedUsd = 0;
  /** Pings under way by account; never 0. */
  readonly #underWay = new Map<string, number>();
  #isStopped = false;
  #sent = 0;
  readonly #skipped: Record<SkipReason, number> = {
    'rarely-returns': 0,
    'odds-unknown': 0,
    unpriced: 0,
    'budget-spent': 0,
    'no-room': 0,
    'enough-pings': 0,
    expired: 0,
    failed: 0,
    'was-cold': 0,
    evicted: 0,
  };
  #timer: { dueMs: number; cancel: () => void } | null = null;

  constructor(parts: KeepWarmParts, { maxHeldBytes = MAX_HELD_BYTES }: { maxHeldBytes?: number } = {}) {
    this.#parts = parts;
    this.#maxHeldBytes = maxHeldBytes;
    this.#day = this.#today();
  }

  get isEnabled(): boolean {
    return this.#parts.settings().enabled;
  }

  /** A request of the session has come: it keeps its prefix warm itself. Cheap when nothing is held. */
  returned(key: GapKey): void {
    if (this.#entries.size === 0) return;
    const entry = this.#entries.get(idOf(key));
    if (!entry) return;
    this.#drop(entry);
    this.#setTimer();
  }

  /** A request of a session was answered: from now on its prefix is kept warm. Takes the place of the session's last one. */
  hold(request: WarmRequest): void {
    if (this.#isStopped) return;
    const { enabled, maxPings } = this.#parts.settings();
    if (!enabled) {
      this.clear();
      return;
    }
    this.returned(request.key);
    const nowMs = this.#parts.clock.monotonicMs();
    const expiresMs = request.startedMs + request.ttlMs;
    if (maxPings < 1 || expiresMs <= nowMs || request.bytes.length > this.#maxHeldBytes) return;
    const entry: Entry = {
      id: idOf(request.key),
      request,
      lastRequestMs: request.startedMs,
      expiresMs,
      dueMs: dueAt(expiresMs, nowMs),
      pings: 0,
    };
    this.#entries.set(entry.id, entry);
    this.#heldBytes += request.bytes.length;
    this.#queue.add(entry);
    this.#makeRoom();
    this.#setTimer();
  }

  /** Lets go of everything. */
  clear(): void {
    this.drop(() => true);
  }

  /** Lets go of what matches. */
  drop(matches: (request: WarmRequest) => boolean): void {
    for (const entry of [...this.#entries.values()]) if (matches(entry.request)) this.#drop(entry);
    this.#setTimer();
  }

  /** Lets go of everything once it is switched off. Call it every few seconds. */
  sweep(): void {
    if (this.#entries.size > 0 && !this.isEnabled) this.clear();
  }

  /** The gateway stops: from now on nothing is held or sent. */
  stop(): void {
    this.#isStopped = true;
    this.clear();
  }

  /** Tells what was spent today before a restart. */
  spentBefore(usd: number): void {
    this.#turnDay();
    this.#spentUsd += usd;
  }

  stats(): KeepWarmStats {
    this.#turnDay();
    return {
      waiting: this.#queue.size,
      heldBytes: this.#heldBytes,
      spentTodayUsd: this.#spentUsd,
      sent: this.#sent,
      skipped: { ...this.#skipped },
    };
  }

  #setTimer(): void {
    const dueMs = this.#queue.nextDueMs;
    if (dueMs === (this.#timer?.dueMs ?? null)) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (dueMs === null) return;
    const { clock } = this.#parts;
    const cancel = clock.setTimer(() => this.#fire(), Math.max(0, dueMs - clock.monotonicMs()));
    this.#timer = { dueMs, cancel };
  }

  #fire(): void {
    this.#timer = null;
    if (!this.isEnabled) {
      this.clear();
      return;
    }
    const nowMs = this.#parts.clock.monotonicMs();
    for (let entry = this.#queue.takeDue(nowMs); entry; entry = this.#queue.takeDue(nowMs)) {
      const verdict = this.#verdict(entry);
      const reason = this.#whyNot(entry, verdict, nowMs);
      if (reason) this.#giveUp(entry, reason);
      else if (this.#hasRoom(entry.request)) void this.#ping(entry, verdict.costUsd);
      else this.#askAgain(entry, nowMs);
    }
    this.#setTimer();
  }

  #whyNot({ expiresMs }: Entry, { code, costUsd, gainUsd }: PingVerdict, nowMs: number): SkipReason | null {
    if (expiresMs <= nowMs) return 'expired';
    if (code !== 'pays') return code;
    if (gainUsd < LEAST_GAIN * costUsd) return 'rarely-returns';
    this.#turnDay();
    const { maxUsdPerDay } = this.#parts.settings();
    return this.#spentUsd + this.#promisedUsd + costUsd > maxUsdPerDay ? 'budget-spent' : null;
  }

  #hasRoom({ accountId }: WarmRequest): boolean {
    return (this.#underWay.get(accountId) ?? 0) < MAX_AT_ONCE && this.#parts.hasRoom(accountId);
  }

  #askAgain(entry: Entry, nowMs: number): void {
    entry.dueMs = nowMs + ROOM_RETRY_MS;
    if (entry.dueMs >= entry.expiresMs) this.#giveUp(entry, 'no-room');
    else this.#queue.add(entry);
  }

  #verdict({ request, expiresMs, lastRequestMs }: Entry): PingVerdict {
    const { key, warmTokens, uncachedTokens, prices, ttlMs } = request;
    // Until it expires a return is warm anyway: what counts is the lifetime after that.
    const odds = this.#parts.returnOdds(key, expiresMs - lastRequestMs, ttlMs);
    return pingPays({ odds, warmTokens, uncachedTokens, prices });
  }

  async #ping(entry: Entry, estimateUsd: number): Promise<void> {
    const sentMs = this.#parts.clock.monotonicMs();
    this.#promisedUsd += estimateUsd;
    this.#sent += 1;
    this.#count(entry.request, 1);
    const result = await this.#parts.send(entry.request).catch(() => NOT_SENT);
    this.#count(entry.request, -1);
    this.#promisedUsd -= estimateUsd;
    this.#turnDay();
    this.#spentUsd += result.costUsd ?? (result.isPossiblyBilled ? estimateUsd : 0);
    // The session may have come back in the meantime.
    if (this.#entries.get(entry.id) !== entry) return;
    entry.pings += 1;
    entry.expiresMs = sentMs + entry.request.ttlMs;
    const reason = this.#whyStop(entry, result);
    if (reason) {
      this.#giveUp(entry, reason);
      return;
    }
    entry.dueMs = dueAt(entry.expiresMs, this.#parts.clock.monotonicMs());
    this.#queue.add(entry);
    this.#setTimer();
  }

  #count({ accountId }: WarmRequest, change: 1 | -1): void {
    const count = (this.#underWay.get(accountId) ?? 0) + change;
    if (count > 0) this.#underWay.set(accountId, count);
    else this.#underWay.delete(accountId);
  }

  #whyStop({ pings, request }: Entry, { isOk, readTokens }: PingResult): SkipReason | null {
    if (!isOk) return 'failed';
    // The entry had gone, or the account does not cache as believed: a further ping would pay for another write.
    if (readTokens !== null && readTokens < request.warmTokens / 2) return 'was-cold';
    return pings >= this.#parts.settings().maxPings ? 'enough-pings' : null;
  }

  #giveUp(entry: Entry, reason: SkipReason): void {
    this.#skipped[reason] += 1;
    this.#drop(entry);
  }

  #drop(entry: Entry): void {
    this.#queue.remove(entry);
    if (this.#entries.delete(entry.id)) this.#heldBytes -= entry.request.bytes.length;
  }

  #makeRoom(): void {
    for (const entry of this.#entries.values()) {
      if (this.#heldBytes <= this.#maxHeldBytes && this.#entries.size <= MAX_ENTRIES) return;
      this.#giveUp(entry, 'evicted');
    }
  }

  #today(): number {
    return Math.floor(this.#parts.clock.nowMs() / DAY_MS);
  }

  #turnDay(): void {
    const today = this.#today();
    // Not backward: a wall clock that is set back must not open the purse again.
    if (today <= this.#day) return;
    this.#day = today;
    this.#spentUsd = 0;
  }
}

const NOT_SENT: PingResult = { isOk: false, costUsd: null, isPossiblyBilled: true, readTokens: null };

function dueAt(expiresMs: number, nowMs: number): number {
  return Math.max(nowMs, expiresMs - LEAD_MS);
}

function idOf({ group, session }: GapKey): string {
  return `${group}\n${session}`;
}
