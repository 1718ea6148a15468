// Prefixes that requests under way are just writing to a cache, so that siblings can wait for the first one's first byte.
//
// A request that finds its prompt warm up to some cut claims all cuts beyond it. A sibling looks from the end of its own
// prompt for the deepest cut that is claimed: everything up to there is warm or being written. Of several claims on one cut
// the first counts, and the next one as soon as the first is over. A claim that takes far longer than expected is believed
// no more, but kept: its listeners are told when it is over in any case. Times are monotonic.

import type { Clock } from '../gateway/ports.ts';
import type { PromptCut } from '../wire/outline.ts';

export type ClaimEnd = 'ready' | 'dropped';

/** One request under way that writes a prefix. Over after `ready` or `drop`, whichever comes first; both are idempotent. */
export interface ColdClaim {
  readonly accountId: string;
  /** Its reply has begun: the prefix can be read. The ledger has to know of it before this call. */
  ready(): void;
  /** It failed: nothing was written as far as we know. */
  drop(): void;
  /** `onEnd` runs once, synchronously, when the claim is over; never if it is over already. The result cancels it. */
  listen(onEnd: (how: ClaimEnd) => void): () => void;
}

export interface PendingWrite {
  /** Index of the deepest cut that is being written. */
  cut: number;
  /** Expected time until it can be read; more than 0. */
  readyInMs: number;
  claim: ColdClaim;
}

export interface Writing {
  /** The deepest cut that is warm already, -1 = none: it writes those beyond. */
  fromCut: number;
  accountId: string;
  /** Expected time to the first byte. */
  expectedMs: number;
}

/** Claimed cuts of all claims together; some 80 wholly cold prompts of the greatest number of cuts. */
const MAX_ENTRIES = 20_000;
/** Less is not expected of any provider. */
const LEAST_EXPECTED_MS = 250;
/** A late claim is expected to take a little longer, and longer the later it is … */
const LATE = { stepMs: 200, share: 0.5 };
/** … until it is late by as much again as was expected, or by this. */
const MAX_LATE_MS = 15_000;

/** Owns the claims of all requests under way. Bounded: beyond `maxEntries` the oldest claim is not found any more. */
export class ColdClaims {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  /** By hash of the cut: its claims in all spaces, oldest first; never empty. */
  readonly #byHash = new Map<number, Claim[]>();
  /** Oldest first. */
  readonly #claims = new Set<Claim>();
  #entries = 0;
  /** Number of the last search: marks the claims it has seen. */
  #search = 0;

  constructor({ clock, maxEntries = MAX_ENTRIES }: { clock: Clock; maxEntries?: number }) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** Claimed cuts. */
  get size(): number {
    return this.#entries;
  }

  /** A request was sent that writes all cuts beyond `fromCut`. The owner ends the claim in any case. */
  claim(space: string, cuts: readonly PromptCut[], { fromCut, accountId, expectedMs }: Writing): ColdClaim {
    const first = Math.max(0, fromCut + 1, cuts.length - this.#maxEntries);
    const claim = new Claim((over) => this.#forget(over), {
      space,
      accountId,
      hashes: hashesFrom(cuts, first),
      atMs: this.#clock.monotonicMs(),
      expectedMs: Math.max(LEAST_EXPECTED_MS, expectedMs),
    });
    this.#makeRoom(claim.hashes.length);
    this.#claims.add(claim);
    this.#entries += claim.hashes.length;
    for (const hash of claim.hashes) {
      const others = this.#byHash.get(hash);
      if (others) others.push(claim);
      else this.#byHash.set(hash, [claim]);
    }
    return claim;
  }

  /** For each space the deepest cut of the prompt that is being written there; null = none. */
  find(cuts: readonly PromptCut[], spaces: readonly string[]): (PendingWrite | null)[] {
    const found: (PendingWrite | null)[] = new Array(spaces.length).fill(null);
    if (this.#entries === 0) return found;
    this.#search += 1;
    const at = { spaces, cut: 0, nowMs: this.#clock.monotonicMs(), search: this.#search };
    let open = spaces.length;
    for (let cut = cuts.length - 1; cut >= 0 && open > 0; cut -= 1) {
      const claims = this.#byHash.get(cuts[cut]?.hash ?? -1);
      if (!claims) continue;
      at.cut = cut;
      open -= fill(found, claims, at);
    }
    return found;
  }

  #makeRoom(entries: number): void {
    for (const oldest of this.#claims) {
      if (this.#entries + entries <= this.#maxEntries) return;
      this.#forget(oldest);
    }
  }

  /** Finds it no more; idempotent. */
  #forget(claim: Claim): void {
    if (!this.#claims.delete(claim)) return;
    this.#entries -= claim.hashes.length;
    for (const hash of claim.hashes) {
      const claims = this.#byHash.get(hash);
      if (!claims) continue;
      if (claims.length === 1) this.#byHash.delete(hash);
      else claims.splice(claims.indexOf(claim), 1);
    }
  }
}

class Claim implements ColdClaim {
  readonly space: string;
  readonly accountId: string;
  readonly hashes: readonly number[];
  /** The last search that came upon it. */
  search = 0;
  readonly #atMs: number;
  readonly #expectedMs: number;
  readonly #forget: (claim: Claim) => void;
  /** Null = over. */
  #listeners: Set<{ onEnd: (how: ClaimEnd) => void }> | null = new Set();

  constructor(
    forget: (claim: Claim) => void,
    writing: Pick<Claim, 'space' | 'accountId' | 'hashes'> & { atMs: number; expectedMs: number },
  ) {
    this.#forget = forget;
    this.space = writing.space;
    this.accountId = writing.accountId;
    this.hashes = writing.hashes;
    this.#atMs = writing.atMs;
    this.#expectedMs = writing.expectedMs;
  }

  ready(): void {
    this.#end('ready');
  }

  drop(): void {
    this.#end('dropped');
  }

  listen(onEnd: (how: ClaimEnd) => void): () => void {
    const listeners = this.#listeners;
    // An object of its own, so that one function may listen twice.
    const listener = { onEnd };
    listeners?.add(listener);
    return () => {
      listeners?.delete(listener);
    };
  }

  /** Null = too late to be believed. */
  readyInMs(nowMs: number): number | null {
    const lateMs = nowMs - this.#atMs - this.#expectedMs;
    if (lateMs < 0) return -lateMs;
    if (lateMs >= Math.min(this.#expectedMs, MAX_LATE_MS)) return null;
    return LATE.stepMs + LATE.share * lateMs;
  }

  #end(how: ClaimEnd): void {
    const listeners = this.#listeners;
    if (!listeners) return;
    this.#listeners = null;
    this.#forget(this);
    // Live iteration: one that is cancelled by another's call is not told any more.
    for (const { onEnd } of listeners) onEnd(how);
  }
}

function hashesFrom(cuts: readonly PromptCut[], first: number): number[] {
  const hashes: number[] = [];
  for (let cut = first; cut < cuts.length; cut += 1) hashes.push(cuts[cut]?.hash ?? -1);
  return hashes;
}

/** Sets what is still open from the claims on one cut; returns how many were set. */
function fill(
  found: (PendingWrite | null)[],
  claims: readonly Claim[],
  { spaces, cut, nowMs, search }: { spaces: readonly string[]; cut: number; nowMs: number; search: number },
): number {
  let filled = 0;
  for (const claim of claims) {
    // Seen at a deeper cut already.
    if (claim.search === search) continue;
    claim.search = search;
    const readyInMs = claim.readyInMs(nowMs);
    if (readyInMs === null) continue;
    for (
      let index = spaces.indexOf(claim.space);
      index !== -1;
      index = spaces.indexOf(claim.space, index + 1)
    ) {
      if (found[index] !== null) continue;
      found[index] = { cut, readyInMs, claim };
      filled += 1;
    }
  }
  return filled;
}
