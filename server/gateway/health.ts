// Which accounts may be used now: cooldowns, circuits, unreachable hosts, refused credentials, nearly used-up windows.
//
// Every fault counts for the one it tells something about (`FAULT_SCOPES`): a 429 for the account and model, a failed
// connection for the host, an overload for the provider. All durations are monotonic; wall times are for display.

import { Circuit, type CircuitState } from './circuit.ts';
import type { ConditionCode } from './condition-codes.ts';
import { Cooldowns, EVERY_MODEL, SharedWaits, type Wait } from './cooldowns.ts';
import type { AttemptFault } from './faults.ts';
import type { Account, Clock } from './ports.ts';
import { countsForAll, type RateLimitWindow, readRateLimits, rejectionOf } from './rate-limits.ts';
import { withSaid } from './said.ts';
import type { ReplyHeaders } from './upstream.ts';

/** Where an attempt went: what a cooldown can be about beside the account. */
export interface Way {
  upstreamModel: string;
  /** URL host of the endpoint. */
  host: string;
}

/** Times are wall times. */
export type AccountCondition =
  | { state: 'available' }
  /** Stated by the provider, or a spent budget: not offered before. */
  | { state: 'cooling-down'; untilMs: number; code: ConditionCode; reason: string }
  /** Open circuit, or a host that could not be reached lately: used only when there is nothing better. */
  | { state: 'ejected'; untilMs: number; code: ConditionCode; reason: string }
  /** The circuit tries again with few requests; so many more may be sent now. */
  | { state: 'half-open'; freeProbes: number; code: ConditionCode; reason: string }
  | { state: 'disabled'; code: ConditionCode; reason: string }
  | { state: 'paused' };

export interface AttemptFailure {
  fault: AttemptFault;
  /** Wait the provider asked for; null = none stated. */
  retryAfterMs: number | null;
  reason: string;
}

/** Cooldown of a spent budget that states no time. */
const UNSTATED_QUOTA_MS = 3600_000;
/** Waits after an unreachable host and after an overload; each fault in a row adds a step. */
const HOST_WAIT = { stepMs: 5_000, maxMs: 60_000 };
const OVERLOAD_WAIT = { stepMs: 1_000, maxMs: 5_000 };
/** Longest strain that a provider's own advice makes. */
const MAX_STATED_STRAIN_MS = 60_000;
/** A window without a stated reset is believed this long. */
const UNSTATED_WINDOW_MS = 60_000;
/** From this used share on an account gets less, down to the least share at 1: new sessions go elsewhere, none are refused. */
const NEARLY_USED = 0.8;
const LEAST_WEIGHT = 0.05;
/** An overload that only this account tells of, while another one answered so lately, is the account's own fault. */
const OTHERS_WORK_MS = 10_000;
const OVERLOADS_MS = 60_000;
/** As if so many requests had gone well before. */
const RESULTS_FOR_BELIEF = 4;
/** Credentials of one account whose refusals, waits and windows are kept: the present one and those that it replaced lately. */
const MAX_CREDENTIALS = 4;
/** Accounts kept, deleted ones among them; beyond it the one first seen is forgotten. */
const MAX_MARKS = 10_000;

/** By name, each until its (monotonic) end. At most as many as one reply may state. */
type Windows = Map<string, { window: RateLimitWindow; endsMs: number }>;

/** What was learned about one account. */
interface Mark {
  /** By fingerprint of the credential that was told to wait: the one that replaced it has limits of its own. */
  cooldowns: Map<string, Cooldowns>;
  circuit: Circuit;
  /** Overloads since its last answer that its siblings did not share. */
  overloadsInRow: number;
  overloadedAtMs: number;
  /**
   * Why each credential of the account was refused, by its fingerprint: set at once on 401/403, before the stored flag
   * arrives with the next snapshot. A request under way may still be refused with a credential that was replaced.
   */
  refusals: Map<string, string>;
  /** By fingerprint of the credential they were stated for: those of its last reply that stated any. */
  windows: Map<string, Windows>;
}

/** Owns what was learned about accounts, hosts and providers from attempts. Bounded by what is configured. */
export class HealthTable {
  readonly #clock: Clock;
  readonly #marks = new Map<string, Mark>();
  readonly #hosts = new SharedWaits<ConditionCode>(HOST_WAIT);
  readonly #overloads = new SharedWaits<'overloaded'>(OVERLOAD_WAIT);
  /** Per provider the latest answers, by account; bounded by `MAX_MARKS` providers. */
  readonly #answers = new Map<string, { accountId: string; otherAtMs: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The condition for a way; without one the account's own, in which a cooldown of any of its models counts. */
  condition(account: Account, way?: Way): AccountCondition {
    if (account.isPaused) return { state: 'paused' };
    const mark = this.#marks.get(account.id);
    const disabledReason =
      account.disabledReason ?? mark?.refusals.get(account.credentialFingerprint) ?? null;
    if (disabledReason !== null) return { state: 'disabled', code: 'refused', reason: disabledReason };
    const nowMs = this.#clock.monotonicMs();
    const cooldown = mark?.cooldowns.get(account.credentialFingerprint)?.running(nowMs, way?.upstreamModel);
    if (cooldown) return { state: 'cooling-down', ...this.#shown(cooldown, nowMs) };
    const hostWait = way && this.#hosts.running(way.host, nowMs);
    return this.#circuitCondition(mark, hostWait ?? null) ?? { state: 'available' };
  }

  /** Why a host is passed over lately (name, connection, TLS), and until when by the wall clock; null = it is not. */
  hostTrouble(host: string): Wait | null {
    const nowMs = this.#clock.monotonicMs();
    const wait = this.#hosts.running(host, nowMs);
    return wait && this.#shown(wait, nowMs);
  }

  /** The provider was overloaded (529, 503) lately: others are preferred, but it may be used. */
  isStrained(account: Account, _way: Way): boolean {
    return this.#overloads.running(account.providerId, this.#clock.monotonicMs()) !== null;
  }

  /** An attempt begins; the returned function ends it (half-open circuits count probes) and is idempotent. */
  begin(account: Account): () => void {
    return this.#marks.get(account.id)?.circuit.begin(this.#clock.monotonicMs()) ?? (() => {});
  }

  succeeded(account: Account, way: Way): void {
    this.#hosts.succeeded(way.host);
    this.#overloads.succeeded(account.providerId);
    this.#noteSuccess(account);
    const mark = this.#mark(account.id);
    mark.circuit.succeeded(this.#clock.monotonicMs());
    mark.overloadsInRow = 0;
    mark.cooldowns.get(account.credentialFingerprint)?.succeeded(way.upstreamModel);
  }

  failed(account: Account, way: Way, failure: AttemptFailure): void {
    const nowMs = this.#clock.monotonicMs();
    const { fault: code, reason, retryAfterMs } = failure;
    switch (code) {
      case 'rate-limited':
        this.#cooldownsOf(account).cool(way.upstreamModel, {
          nowMs,
          delayMs: retryAfterMs,
          code,
          reason,
        });
        return;
      case 'quota': {
        const delayMs = retryAfterMs !== null && retryAfterMs > 0 ? retryAfterMs : UNSTATED_QUOTA_MS;
        this.#cooldownsOf(account).cool(EVERY_MODEL, { nowMs, delayMs, code, reason });
        return;
      }
      case 'refused':
        this.#noteRefusal(account, reason);
        return;
      case 'overloaded': {
        if (this.#othersWork(account, nowMs)) this.#noteOverload(account.id, nowMs);
        const minMs = Math.min(retryAfterMs ?? 0, MAX_STATED_STRAIN_MS);
        this.#overloads.extend(account.providerId, { nowMs, minMs, code, reason });
        return;
      }
      case 'unreachable':
      case 'blocked':
        this.#hosts.extend(way.host, { nowMs, code, reason });
        return;
      case 'server-error':
      case 'timeout':
      case 'broken':
      case 'stalled':
      case 'incomplete':
      case 'redirected':
        this.#mark(account.id).circuit.failed(nowMs);
        return;
      case 'model-missing':
        return;
      default:
        code satisfies never;
    }
  }

  /**
   * Rate-limit headers of any reply: remembers the windows, and cools the account, or it for this model, when they say
   * that it was refused. Cheap when there are none.
   */
  sawHeaders(account: Account, way: Way, headers: ReplyHeaders): void {
    const wallMs = this.#clock.nowMs();
    const windows = readRateLimits(headers, wallMs);
    if (windows.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const stated: Windows = new Map(
      windows.map((window) => {
        const leftMs = window.resetAtMs === null ? UNSTATED_WINDOW_MS : window.resetAtMs - wallMs;
        return [window.name, { window, endsMs: nowMs + leftMs }];
      }),
    );
    putNewest(this.#mark(account.id).windows, account.credentialFingerprint, stated);
    const rejection = rejectionOf(windows);
    if (!rejection || rejection.resetAtMs <= wallMs) return;
    this.#cooldownsOf(account).cool(rejection.scope === 'account' ? EVERY_MODEL : way.upstreamModel, {
      nowMs,
      delayMs: rejection.resetAtMs - wallMs,
      code: 'window-used-up',
      reason: withSaid('rate limit window used up', rejection.window),
    });
  }

  /** The windows of the last reply that stated any, without those that have been reset since. */
  rateLimits(account: Account): readonly RateLimitWindow[] {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.nowMs();
    return this.#liveWindows(account).map(({ window, endsMs }) =>
      window.resetAtMs === null ? window : { ...window, resetAtMs: Math.round(wallMs + endsMs - nowMs) },
    );
  }

  /** Share of its weight an account should get, above 0 and up to 1: lower while a window is nearly used up. */
  weightFactor(account: Account): number {
    let used = 0;
    for (const { window } of this.#liveWindows(account)) {
      if (countsForAll(window)) used = Math.max(used, window.utilization ?? 0);
    }
    if (used <= NEARLY_USED) return 1;
    return Math.max(LEAST_WEIGHT, (1 - used) / (1 - NEARLY_USED));
  }

  /** Share of the account's latest requests that failed, 0..1; a few results alone say little. */
  failureShare(accountId: string): number {
    const mark = this.#marks.get(accountId);
    if (!mark) return 0;
    const nowMs = this.#clock.monotonicMs();
    const { results, failures } = mark.circuit.recent(nowMs);
    const overloads = nowMs - mark.overloadedAtMs <= OVERLOADS_MS ? mark.overloadsInRow : 0;
    return Math.max(failures / (results + RESULTS_FOR_BELIEF), overloads / (overloads + RESULTS_FOR_BELIEF));
  }

  /** The account's circuit for display; `untilMs` is a wall time. */
  circuit(accountId: string): {
    state: CircuitState;
    untilMs: number | null;
    recentFailures: number;
    recentResults: number;
  } {
    const circuit = this.#marks.get(accountId)?.circuit;
    if (!circuit) return { state: 'closed', untilMs: null, recentFailures: 0, recentResults: 0 };
    const nowMs = this.#clock.monotonicMs();
    const openUntilMs = circuit.openUntilMs(nowMs);
    const { results, failures } = circuit.recent(nowMs);
    return {
      state: circuit.state(nowMs),
      untilMs: openUntilMs === null ? null : this.#wallMs(openUntilMs, nowMs),
      recentFailures: failures,
      recentResults: results,
    };
  }

  /** Forgets everything learned about the account. */
  reset(accountId: string): void {
    this.#marks.delete(accountId);
  }

  /** Another account of the provider has answered just now: then it is not the provider that has no room. */
  #othersWork({ id, providerId }: Account, nowMs: number): boolean {
    const latest = this.#answers.get(providerId);
    if (!latest) return false;
    const atMs = latest.accountId === id ? latest.otherAtMs : latest.atMs;
    return nowMs - atMs <= OTHERS_WORK_MS;
  }

  #noteRefusal({ id, credentialFingerprint }: Account, reason: string): void {
    putNewest(this.#mark(id).refusals, credentialFingerprint, reason);
  }

  #cooldownsOf({ id, credentialFingerprint }: Account): Cooldowns {
    const { cooldowns } = this.#mark(id);
    const own = cooldowns.get(credentialFingerprint) ?? new Cooldowns();
    putNewest(cooldowns, credentialFingerprint, own);
    return own;
  }

  /** Not out of service, since it may be back any moment: what is warm there keeps asking, and only that. */
  #noteOverload(accountId: string, nowMs: number): void {
    const mark = this.#mark(accountId);
    mark.overloadsInRow += 1;
    mark.overloadedAtMs = nowMs;
  }

  #noteSuccess({ id, providerId }: Account): void {
    const atMs = this.#clock.monotonicMs();
    const latest = this.#answers.get(providerId);
    if (latest?.accountId === id) latest.atMs = atMs;
    else {
      if (!latest && this.#answers.size >= MAX_MARKS) this.#answers.clear();
      const otherAtMs = latest?.atMs ?? Number.NEGATIVE_INFINITY;
      this.#answers.set(providerId, { accountId: id, otherAtMs, atMs });
    }
  }

  #circuitCondition(mark: Mark | undefined, hostWait: Wait | null): AccountCondition | null {
    const nowMs = this.#clock.monotonicMs();
    const openUntilMs = mark?.circuit.openUntilMs(nowMs) ?? null;
    if (openUntilMs !== null && openUntilMs >= (hostWait?.untilMs ?? 0)) {
      const wait: Wait = { untilMs: openUntilMs, code: 'failing', reason: 'too many failures lately' };
      return { state: 'ejected', ...this.#shown(wait, nowMs) };
    }
    if (hostWait) return { state: 'ejected', ...this.#shown(hostWait, nowMs) };
    if (mark?.circuit.state(nowMs) !== 'half-open') return null;
    return {
      state: 'half-open',
      freeProbes: mark.circuit.freeProbes(nowMs),
      code: 'on-trial',
      reason: 'tries again after failures',
    };
  }

  #shown({ untilMs, code, reason }: Wait, nowMs: number): Wait {
    return { untilMs: this.#wallMs(untilMs, nowMs), code, reason };
  }

  #wallMs(monotonicMs: number, nowMs: number): number {
    return Math.round(this.#clock.nowMs() + monotonicMs - nowMs);
  }

  #liveWindows({ id, credentialFingerprint }: Account): { window: RateLimitWindow; endsMs: number }[] {
    const windows = this.#marks.get(id)?.windows.get(credentialFingerprint);
    if (!windows) return [];
    const nowMs = this.#clock.monotonicMs();
    return [...windows.values()].filter(({ endsMs }) => endsMs > nowMs);
  }

  #mark(accountId: string): Mark {
    const known = this.#marks.get(accountId);
    if (known) return known;
    const oldest = this.#marks.keys().next().value;
    if (this.#marks.size >= MAX_MARKS && oldest !== undefined) this.#marks.delete(oldest);
    const mark = {
      cooldowns: new Map(),
      circuit: new Circuit(),
      overloadsInRow: 0,
      overloadedAtMs: Number.NEGATIVE_INFINITY,
      refusals: new Map(),
      windows: new Map(),
    };
    this.#marks.set(accountId, mark);
    return mark;
  }
}

/** As the newest of at most `MAX_CREDENTIALS`. */
function putNewest<Value>(byCredential: Map<string, Value>, fingerprint: string, value: Value): void {
  byCredential.delete(fingerprint);
  const oldest = byCredential.keys().next().value;
  if (byCredential.size >= MAX_CREDENTIALS && oldest !== undefined) byCredential.delete(oldest);
  byCredential.set(fingerprint, value);
}
