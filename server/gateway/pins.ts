// Which account alone understands an id or blob it gave out: response ids, thinking signatures, encrypted reasoning.

import { createHash } from 'node:crypto';
import type { Clock } from './ports.ts';

/** As stored: the value itself is never kept. */
export interface Pin {
  /** First 32 hex digits of the SHA-256 of tenant and value. */
  hash: string;
  accountId: string;
  expiresAtMs: number;
}

export interface PinStore {
  /** Those that expire after `nowMs`. */
  load(nowMs: number): Promise<Pin[]>;
  save(changes: { put: readonly Pin[]; delete: readonly string[] }): Promise<void>;
}

const MAX_PINS = 50_000;
/** OpenAI keeps stored responses for 30 days (https://platform.openai.com/docs/guides/your-data). */
const TTL_MS = 30 * 24 * 3600_000;
/** A pin seen again is not written again for a lifetime that grows by less than this. */
const RENEWAL_MS = 24 * 3600_000;

interface Entry {
  accountId: string;
  /** Monotonic, so that a stepped wall clock ends no pin. */
  endsMs: number;
  /** The store may know it. */
  isStored: boolean;
}

/** Owns the pins in order of last use; beyond `max` the one unused longest goes, and each goes after its lifetime. */
export class Pins {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #entries = new Map<string, Entry>();
  /** Hashes put or removed since the last save; a removed one is in here only when the store may know it. */
  readonly #unsaved = new Set<string>();

  constructor(clock: Clock, options: { max?: number } = {}) {
    this.#clock = clock;
    this.#max = options.max ?? MAX_PINS;
  }

  get size(): number {
    return this.#entries.size;
  }

  remember(tenant: string, value: string, accountId: string): void {
    const hash = hashOf(tenant, value);
    const endsMs = this.#clock.monotonicMs() + TTL_MS;
    const known = this.#entries.get(hash);
    if (known?.accountId === accountId && endsMs - known.endsMs < RENEWAL_MS) {
      this.#touch(hash, known);
      return;
    }
    this.#touch(hash, { accountId, endsMs, isStored: known?.isStored ?? this.#unsaved.has(hash) });
    this.#unsaved.add(hash);
    this.#evict();
  }

  /** The account's id; null = nobody's, or forgotten. */
  find(tenant: string, value: string): string | null {
    const hash = hashOf(tenant, value);
    const entry = this.#entries.get(hash);
    if (!entry) return null;
    if (entry.endsMs <= this.#clock.monotonicMs()) {
      this.#remove(hash, entry);
      return null;
    }
    this.#touch(hash, entry);
    return entry.accountId;
  }

  /** Takes over pins that were saved before a restart; they count as saved. */
  restore(pins: readonly Pin[]): void {
    const wallMs = this.#clock.nowMs();
    const nowMs = this.#clock.monotonicMs();
    for (const { hash, accountId, expiresAtMs } of pins.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)) {
      const leftMs = Math.min(expiresAtMs - wallMs, TTL_MS);
      if (leftMs > 0 && !this.#entries.has(hash))
        this.#entries.set(hash, { accountId, endsMs: nowMs + leftMs, isStored: true });
    }
    this.#evict();
  }

  /** Writes what changed since the last save; after a failure the next save tries it again. */
  async save(store: PinStore): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const hashes = [...this.#unsaved];
    this.#unsaved.clear();
    const put: Pin[] = [];
    const removed: string[] = [];
    const clockDifferenceMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    for (const hash of hashes) {
      const entry = this.#entries.get(hash);
      if (entry) {
        entry.isStored = true;
        put.push({
          hash,
          accountId: entry.accountId,
          expiresAtMs: Math.round(entry.endsMs + clockDifferenceMs),
        });
      } else removed.push(hash);
    }
    try {
      await store.save({ put, delete: removed });
    } catch (error) {
      for (const hash of hashes) this.#unsaved.add(hash);
      throw error;
    }
  }

  /** Puts the entry at the young end. */
  #touch(hash: string, entry: Entry): void {
    this.#entries.delete(hash);
    this.#entries.set(hash, entry);
  }

  #evict(): void {
    for (const [hash, entry] of this.#entries) {
      if (this.#entries.size <= this.#max) return;
      this.#remove(hash, entry);
    }
  }

  #remove(hash: string, entry: Entry): void {
    this.#entries.delete(hash);
    if (entry.isStored) this.#unsaved.add(hash);
    else this.#unsaved.delete(hash);
  }
}

/** Length-prefixed, so that no other tenant and value give the same bytes. */
function hashOf(tenant: string, value: string): string {
  return createHash('sha256').update(`${tenant.length}:${tenant}`).update(value).digest('hex').slice(0, 32);
}
