// One caller's session in the log bench: when it asks, how its prompt grows, and what of it is still cached.

import type { AffinityOutcome } from '../../../server/gateway/ports.ts';
import type { AffinityCode, MissCause } from '../../../server/gateway/route-record.ts';
import type { Chance } from './chance.ts';
import { type Failure, failureAt, RARE_FAILURE } from './failures.ts';
import type { WorldAccount, WorldKey, WorldModel } from './world.ts';

/** What one request was and what became of it. Tokens count all input. */
export interface Turn {
  id: string;
  startedAtMs: number;
  key: WorldKey;
  model: WorldModel;
  sessionId: string | null;
  account: WorldAccount;
  promptTokens: number;
  /** Of these, what the request before had too. */
  sharedTokens: number;
  readTokens: number;
  outputTokens: number;
  /** Why shared tokens were cold; null = none were. */
  cause: MissCause | null;
  /** Since the session's last request. */
  idleMs: number;
  affinity: AffinityOutcome;
  affinityCode: AffinityCode;
  parentId: string | null;
  failure: Failure | null;
  /** Another account refused first. */
  isRetried: boolean;
  isKeepWarm: boolean;
  firstTokenMs: number;
  latencyMs: number;
}

/** What hardly ever happens, and how often. */
export interface Odds {
  rareAccount: WorldAccount;
  /** Of the requests that its provider may answer. */
  rareAccountShare: number;
  rareFailureShare: number;
}

const MIN_PROMPT_TOKENS = 1_000;
const MAX_PROMPT_TOKENS = 150_000;
const MOVED_SHARE = 0.025;
const BORROWED_SHARE = 0.025;
const EVICTED_SHARE = 0.01;
const CHANGED_SHARE = 0.01;
const RETRIED_SHARE = 0.02;
const KEEP_WARM_SHARE = 0.002;
/** Callers of one project share a system prompt, which may be warm when a session begins. */
const SYSTEM_TOKENS = 9_000;
const SYSTEM_WARM_SHARE = 0.5;
const MINUTE_MS = 60_000;
/** From a reply to the next request: the agent's own work, a look by its user, and breaks of all lengths. */
const PAUSES = [
  { share: 0.79, drawMs: (chance: Chance) => chance.skewed(3_000, 0.9) },
  { share: 0.14, drawMs: (chance: Chance) => chance.skewed(70_000, 0.8) },
  { share: 0.04, drawMs: (chance: Chance) => (5 + 10 * chance.next()) * MINUTE_MS },
  { share: 0.015, drawMs: (chance: Chance) => (15 + 15 * chance.next()) * MINUTE_MS },
  { share: 0.01, drawMs: (chance: Chance) => (30 + 30 * chance.next()) * MINUTE_MS },
  { share: 0.005, drawMs: (chance: Chance) => (60 + 700 * chance.next() ** 2) * MINUTE_MS },
] as const;
const PAUSE_SHARES = PAUSES.map(({ share }) => share);

export class Conversation {
  readonly #chance: Chance;
  readonly #odds: Odds;
  readonly #key: WorldKey;
  readonly #model: WorldModel;
  readonly #sessionId: string | null;
  #home: number;
  #turnsLeft: number;
  /** Of the last request; 0 before the first. */
  #promptTokens = 0;
  #parentId: string | null = null;
  #lastUseMs = 0;

  constructor(parts: { chance: Chance; odds: Odds; key: WorldKey; model: WorldModel }) {
    const { chance, odds, key, model } = parts;
    this.#chance = chance;
    this.#odds = odds;
    this.#key = key;
    this.#model = model;
    this.#sessionId = key.namesSession ? chance.uuid() : null;
    this.#home = this.#otherAccount(-1);
    this.#turnsLeft = Math.ceil(Math.min(1_500, chance.skewed(key.namesSession ? 40 : 8, 1.2)));
  }

  get isOver(): boolean {
    return this.#turnsLeft <= 0;
  }

  pauseMs(): number {
    const kind = PAUSES[this.#chance.index(PAUSE_SHARES)] ?? PAUSES[0];
    return Math.ceil(kind.drawMs(this.#chance));
  }

  ask(startedAtMs: number): Turn {
    const chance = this.#chance;
    this.#turnsLeft -= 1;
    const isFirst = this.#promptTokens === 0;
    const idleMs = isFirst ? 0 : startedAtMs - this.#lastUseMs;
    const failure = chance.chance(this.#odds.rareFailureShare) ? RARE_FAILURE : failureAt(chance.next());
    const prompt = this.#grow(isFirst);
    const place = this.#place(isFirst);
    const warmth = this.#warmth({ ...prompt, affinity: place.affinity, isFirst, idleMs });
    const outputTokens = Math.ceil(Math.min(32_000, chance.skewed(240, 1.1)));
    const turn: Turn = {
      id: chance.id(startedAtMs),
      startedAtMs,
      key: this.#key,
      model: this.#model,
      sessionId: this.#sessionId,
      ...prompt,
      ...place,
      ...warmth,
      outputTokens,
      idleMs,
      parentId: this.#parentId,
      failure,
      isRetried: chance.chance(RETRIED_SHARE),
      isKeepWarm: !isFirst && chance.chance(KEEP_WARM_SHARE),
      ...this.#times(prompt.promptTokens - warmth.readTokens, outputTokens),
    };
    this.#lastUseMs = startedAtMs + turn.latencyMs;
    if (failure === null) {
      this.#promptTokens = prompt.promptTokens;
      this.#parentId = turn.id;
    }
    return turn;
  }

  /** Agents begin with their tools and add replies and results; a prompt that has become too long is summed up. */
  #grow(isFirst: boolean): Pick<Turn, 'promptTokens' | 'sharedTokens'> {
    const chance = this.#chance;
    const before = this.#promptTokens;
    if (isFirst) {
      const begun = this.#key.namesSession
        ? SYSTEM_TOKENS + chance.skewed(4_000, 0.8)
        : chance.skewed(1_600, 0.9);
      const promptTokens = Math.ceil(Math.min(60_000, Math.max(MIN_PROMPT_TOKENS, begun)));
      return { promptTokens, sharedTokens: Math.min(promptTokens, SYSTEM_TOKENS) };
    }
    const promptTokens = before + Math.ceil(Math.min(30_000, chance.skewed(700, 1.1)));
    if (promptTokens <= MAX_PROMPT_TOKENS) return { promptTokens, sharedTokens: before };
    return { promptTokens: SYSTEM_TOKENS + chance.int(4_000, 12_000), sharedTokens: SYSTEM_TOKENS };
  }

  #place(isFirst: boolean): Pick<Turn, 'account' | 'affinity' | 'affinityCode'> {
    const chance = this.#chance;
    const { rareAccount, rareAccountShare } = this.#odds;
    if (isFirst)
      return { account: this.#account(this.#home), affinity: 'new', affinityCode: 'nothing-bound' };
    if (rareAccount.providerId === this.#model.endpoint.providerId && chance.chance(rareAccountShare)) {
      return { account: rareAccount, affinity: 'borrowed', affinityCode: 'bound-account-full' };
    }
    const draw = chance.next();
    if (draw < MOVED_SHARE) {
      this.#home = this.#otherAccount(this.#home);
      return { account: this.#account(this.#home), affinity: 'moved', affinityCode: 'account-resting' };
    }
    if (draw < MOVED_SHARE + BORROWED_SHARE) {
      const account = this.#account(this.#otherAccount(this.#home));
      return { account, affinity: 'borrowed', affinityCode: 'bound-account-full' };
    }
    return { account: this.#account(this.#home), affinity: 'hit', affinityCode: 'bound-account' };
  }

  #warmth(parts: {
    promptTokens: number;
    sharedTokens: number;
    affinity: AffinityOutcome;
    isFirst: boolean;
    idleMs: number;
  }): Pick<Turn, 'readTokens' | 'cause'> {
    const { promptTokens, sharedTokens, affinity, isFirst, idleMs } = parts;
    const chance = this.#chance;
    if (promptTokens < this.#model.minCachedTokens) return { readTokens: 0, cause: 'below-minimum' };
    const isShared = this.#key.namesSession && chance.chance(SYSTEM_WARM_SHARE);
    if (isFirst)
      return isShared ? { readTokens: sharedTokens, cause: null } : { readTokens: 0, cause: 'cold-start' };
    if (affinity !== 'hit') return { readTokens: 0, cause: 'account-moved' };
    if (idleMs > this.#model.ttlMs) return { readTokens: 0, cause: 'ttl-expired' };
    if (sharedTokens < this.#promptTokens) return { readTokens: sharedTokens, cause: 'prefix-changed' };
    if (chance.chance(EVICTED_SHARE)) return { readTokens: 0, cause: 'evicted-upstream' };
    if (!chance.chance(CHANGED_SHARE)) return { readTokens: sharedTokens, cause: null };
    return { readTokens: Math.floor(sharedTokens * chance.next()), cause: 'prefix-changed' };
  }

  #times(coldTokens: number, outputTokens: number): Pick<Turn, 'firstTokenMs' | 'latencyMs'> {
    const { firstTokenMs: median, msPerToken } = this.#model;
    const firstTokenMs = Math.ceil(this.#chance.skewed(median, 0.45) + coldTokens * 0.017);
    const latencyMs = firstTokenMs + Math.ceil(outputTokens * msPerToken * this.#chance.skewed(1, 0.2));
    return { firstTokenMs, latencyMs };
  }

  #account(index: number): WorldAccount {
    const account = this.#model.accounts[index];
    if (!account) throw new Error(`Cannot answer a request for ${this.#model.name}: it has no accounts`);
    return account;
  }

  /** -1 = any. */
  #otherAccount(than: number): number {
    const index = this.#chance.int(0, this.#model.accounts.length - (than < 0 ? 1 : 2));
    return than >= 0 && index >= than ? index + 1 : index;
  }
}
