// One account's prompt cache: which prefixes can be read now, and until when. Knows no provider's rules.

/** A prefix about to be cached, by its digest. */
export interface CacheWrite {
  key: number;
  ttlMs: number;
}

interface Entry {
  ttlMs: number;
  expiresAtMs: number;
}

/** Enough for every session of a bench on one account; beyond it the least recently used entry goes. */
const DEFAULT_MAX_ENTRIES = 50_000;

export class PromptCache {
  readonly #nowMs: () => number;
  readonly #maxEntries: number;
  /** Least recently used first. Holds only readable entries: a write enters when its response begins. */
  readonly #entries = new Map<number, Entry>();

  constructor(nowMs: () => number, { maxEntries = DEFAULT_MAX_ENTRIES }: { maxEntries?: number } = {}) {
    this.#nowMs = nowMs;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  isReadable(key: number): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    if (entry.expiresAtMs > this.#nowMs()) return true;
    this.#entries.delete(key);
    return false;
  }

  /** Reading is free and starts the entry's lifetime anew. */
  refresh(key: number): void {
    const entry = this.#entries.get(key);
    if (entry && this.isReadable(key)) this.#put(key, entry.ttlMs, this.#nowMs() + entry.ttlMs);
  }

  /**
   * Announces writes of a request that starts now; they count their lifetime from now, but can be read only once
   * the returned function was called, which is when the first response has begun.
   */
  stage(writes: readonly CacheWrite[]): () => void {
    const startedAtMs = this.#nowMs();
    return () => {
      for (const { key, ttlMs } of writes) this.#put(key, ttlMs, startedAtMs + ttlMs);
    };
  }

  /** A second writer of the same prefix (both were sent before either could be read) never shortens its life. */
  #put(key: number, ttlMs: number, expiresAtMs: number): void {
    const known = this.isReadable(key) ? this.#entries.get(key) : undefined;
    this.#entries.delete(key);
    this.#entries.set(key, {
      ttlMs: Math.max(ttlMs, known?.ttlMs ?? 0),
      expiresAtMs: Math.max(expiresAtMs, known?.expiresAtMs ?? 0),
    });
    if (this.#entries.size > this.#maxEntries) this.#evictOldest();
  }

  #evictOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
