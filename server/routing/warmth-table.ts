// The bounded table behind the warmth ledger: prefixes by scope and hash in order of last use, each with where it is warm.

import { MAX_CUTS } from '../wire/outline.ts';
import { type Indexed, PrefixIndex } from './prefix-index.ts';

/** Whose prefixes these are. */
export interface Scope {
  key: string;
  /** Keeps equal prompts of many scopes apart in the index. */
  salt: number;
  entries: number;
}

/** All spaces of one model at one domain: what the loss of an account's cache is told by. */
export interface Zone {
  /** Different prefixes found gone since `missesSinceMs`, without a hit in between. */
  missedHashes: number[];
  missesSinceMs: number;
  /** What was last used before is believed gone. */
  trustedFromMs: number;
}

export interface Space {
  key: string;
  /** Null = nothing was learned of it since it was restored. */
  zone: Zone | null;
  /** Its marks, so that a space without any can be dropped. */
  marks: number;
  isForgotten: boolean;
  /** Scratch of one lookup: where to put what is found; -1 = not asked for, or settled. */
  askedAt: number;
}

/** One prefix of a prompt. */
export interface Entry extends Indexed {
  scope: Scope;
  bytes: number;
  requestId: string;
  firstMark: WarmMark | null;
  older: Entry | null;
  younger: Entry | null;
}

/** One prefix in one space. */
export interface WarmMark {
  entry: Entry;
  space: Space;
  usedAtMs: number;
  ttlMs: number;
  /** As the provider counted them; 0 = not known. */
  tokens: number;
  isEnd: boolean;
  /** Usage has shown it; otherwise it is assumed. */
  isProven: boolean;
  /** The end of life that the store knows; 0 = it does not know the mark. */
  storedUntilMs: number;
  next: WarmMark | null;
}

/** Beyond it the mark that ends first goes: accounts times flags of one prefix, of which no pool has so many. */
const MAX_MARKS_PER_ENTRY = 64;

export function isLive({ space, usedAtMs, ttlMs }: WarmMark, nowMs: number): boolean {
  return nowMs < usedAtMs + ttlMs && (space.zone === null || usedAtMs >= space.zone.trustedFromMs);
}

/** Owns the entries, scopes and spaces. Every operation on one prefix takes constant time. */
export class WarmthTable {
  readonly #maxEntries: number;
  readonly #onDrop: (mark: WarmMark) => void;
  readonly #entries = new PrefixIndex<Entry>();
  readonly #scopes = new Map<string, Scope>();
  readonly #spaces = new Map<string, Space>();
  #oldest: Entry | null = null;
  #youngest: Entry | null = null;
  #marks = 0;
  #evictedEntries = 0;

  /** Room for one whole prompt there always is. `onDrop` hears of every mark that goes, but for those of forgotten spaces. */
  constructor(maxEntries: number, onDrop: (mark: WarmMark) => void) {
    this.#maxEntries = Math.max(MAX_CUTS, maxEntries);
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#entries.size;
  }

  get counts(): { entries: number; marks: number; spaces: number; scopes: number; evictedEntries: number } {
    return {
      entries: this.#entries.size,
      marks: this.#marks,
      spaces: this.#spaces.size,
      scopes: this.#scopes.size,
      evictedEntries: this.#evictedEntries,
    };
  }

  findScope(key: string): Scope | undefined {
    return this.#scopes.get(key);
  }

  findSpace(key: string): Space | undefined {
    return this.#spaces.get(key);
  }

  /** The space of that name; a new one is kept as soon as something is warm in it. */
  spaceOf(key: string): Space {
    return this.#spaces.get(key) ?? { key, zone: null, marks: 0, isForgotten: false, askedAt: -1 };
  }

  find(hash: number, scope: Scope): Entry | undefined {
    return this.#entries.find({ hash, code: (hash ^ scope.salt) | 0, owner: scope }, isOfScope);
  }

  /** The entry, made where there was none, as the one used last. */
  touch(hash: number, { scope: scopeKey, bytes }: { scope: string; bytes: number }): Entry {
    const scope = this.#scopes.get(scopeKey) ?? { key: scopeKey, salt: saltOf(scopeKey), entries: 0 };
    const known = this.find(hash, scope);
    if (known) {
      this.#unlink(known);
      this.#append(known);
      return known;
    }
    const entry: Entry = {
      hash,
      code: (hash ^ scope.salt) | 0,
      at: -1,
      scope,
      bytes,
      requestId: '',
      firstMark: null,
      older: null,
      younger: null,
    };
    this.#scopes.set(scopeKey, scope);
    scope.entries += 1;
    this.#entries.add(entry);
    this.#append(entry);
    this.#evict();
    return entry;
  }

  markOf(entry: Entry, space: Space): WarmMark | null {
    for (let mark = entry.firstMark; mark; mark = mark.next) if (mark.space === space) return mark;
    return null;
  }

  /** Adds a mark to an entry that has none in this space. */
  addMark(entry: Entry, space: Space, life: { usedAtMs: number; ttlMs: number }): WarmMark {
    this.#trim(entry);
    const mark: WarmMark = {
      entry,
      space,
      ...life,
      tokens: 0,
      isEnd: false,
      isProven: false,
      storedUntilMs: 0,
      next: entry.firstMark,
    };
    entry.firstMark = mark;
    this.#spaces.set(space.key, space);
    space.marks += 1;
    this.#marks += 1;
    return mark;
  }

  removeMark(mark: WarmMark): void {
    const { entry } = mark;
    if (entry.firstMark === mark) entry.firstMark = mark.next;
    else
      for (let before = entry.firstMark; before; before = before.next)
        if (before.next === mark) before.next = mark.next;
    this.#forgetMark(mark);
  }

  /** Takes all spaces that `isMeant` out at once; what is left of them goes with its entries. Returns how many marks went. */
  forgetSpaces(isMeant: (space: Space) => boolean): { keys: string[]; marks: number } {
    const keys: string[] = [];
    let marks = 0;
    for (const space of this.#spaces.values()) {
      if (!isMeant(space)) continue;
      space.isForgotten = true;
      this.#spaces.delete(space.key);
      keys.push(space.key);
      marks += space.marks;
    }
    return { keys, marks };
  }

  /** Keys of the spaces that `isMeant`. */
  spaceKeys(isMeant: (space: Space) => boolean): string[] {
    const keys: string[] = [];
    for (const space of this.#spaces.values()) if (isMeant(space)) keys.push(space.key);
    return keys;
  }

  #evict(): void {
    while (this.#entries.size > this.#maxEntries && this.#oldest) {
      this.#evictedEntries += 1;
      this.#drop(this.#oldest);
    }
  }

  #drop(entry: Entry): void {
    this.#unlink(entry);
    this.#entries.remove(entry);
    for (let mark = entry.firstMark; mark; mark = mark.next) this.#forgetMark(mark);
    entry.firstMark = null;
    entry.scope.entries -= 1;
    if (entry.scope.entries === 0) this.#scopes.delete(entry.scope.key);
  }

  #forgetMark(mark: WarmMark): void {
    const { space } = mark;
    this.#marks -= 1;
    space.marks -= 1;
    if (space.isForgotten) return;
    if (space.marks === 0) this.#spaces.delete(space.key);
    this.#onDrop(mark);
  }

  /** Drops what forgotten spaces left behind, and the mark that ends first where there are too many. */
  #trim(entry: Entry): void {
    let count = 0;
    let first: WarmMark | null = null;
    for (let mark = entry.firstMark; mark; mark = mark.next) {
      if (mark.space.isForgotten) this.removeMark(mark);
      else {
        count += 1;
        if (!first || mark.usedAtMs + mark.ttlMs < first.usedAtMs + first.ttlMs) first = mark;
      }
    }
    if (count >= MAX_MARKS_PER_ENTRY && first) this.removeMark(first);
  }

  #append(entry: Entry): void {
    entry.older = this.#youngest;
    entry.younger = null;
    if (this.#youngest) this.#youngest.younger = entry;
    else this.#oldest = entry;
    this.#youngest = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.older) entry.older.younger = entry.younger;
    else this.#oldest = entry.younger;
    if (entry.younger) entry.younger.older = entry.older;
    else this.#youngest = entry.older;
    entry.older = null;
    entry.younger = null;
  }
}

function isOfScope(entry: Entry, scope: Scope): boolean {
  return entry.scope === scope;
}

function saltOf(key: string): number {
  let salt = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) salt = Math.imul(salt ^ key.charCodeAt(index), 0x01000193);
  return salt;
}
