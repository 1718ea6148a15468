// One account's prompt cache as the load model has it: whole content blocks, one lifetime, nothing below a minimum.

/** A content block of a prompt; the key covers everything before it too. */
export interface ChainBlock {
  key: number;
  /** Of the prompt up to and with this block. */
  endTokens: number;
}

export interface CacheUse {
  readTokens: number;
  writeTokens: number;
  /** To be called when the reply begins: what was written can be read from now on. */
  publish(): void;
}

export interface MockCacheOptions {
  ttlMs: number;
  /** A shorter prefix is neither read nor written. */
  minTokens: number;
}

/** Expired entries are removed after so many writes. */
const SWEEP_AFTER_WRITES = 200_000;

/**
 * An entry lives for `ttlMs` from the start of the last request that wrote or read it. A read takes every block from the
 * first on that can be read, wherever the cache marks are.
 */
export class MockCache {
  readonly #ttlMs: number;
  readonly #minTokens: number;
  readonly #liveUntilMs = new Map<number, number>();
  #writesSinceSweep = 0;

  constructor({ ttlMs, minTokens }: MockCacheOptions) {
    this.#ttlMs = ttlMs;
    this.#minTokens = minTokens;
  }

  get size(): number {
    return this.#liveUntilMs.size;
  }

  /** Reads what is there, which refreshes it, and prepares the writing of the rest. */
  use(chain: readonly ChainBlock[], nowMs: number): CacheUse {
    const total = chain.at(-1)?.endTokens ?? 0;
    const warmCount = this.#warmCount(chain, nowMs);
    const readable = chain[warmCount - 1]?.endTokens ?? 0;
    const readTokens = readable >= this.#minTokens ? readable : 0;
    if (readTokens > 0) this.#keep(chain.slice(0, warmCount), nowMs);
    const isCacheable = total >= this.#minTokens;
    return {
      readTokens,
      writeTokens: isCacheable ? total - readTokens : 0,
      publish: () => {
        if (isCacheable) this.#keep(chain, nowMs);
      },
    };
  }

  #warmCount(chain: readonly ChainBlock[], nowMs: number): number {
    const cold = chain.findIndex(({ key }) => (this.#liveUntilMs.get(key) ?? 0) <= nowMs);
    return cold === -1 ? chain.length : cold;
  }

  #keep(chain: readonly ChainBlock[], fromMs: number): void {
    const untilMs = fromMs + this.#ttlMs;
    for (const { key } of chain) {
      if ((this.#liveUntilMs.get(key) ?? 0) < untilMs) this.#liveUntilMs.set(key, untilMs);
    }
    this.#writesSinceSweep += chain.length;
    if (this.#writesSinceSweep >= SWEEP_AFTER_WRITES) this.#sweep(fromMs);
  }

  #sweep(nowMs: number): void {
    this.#writesSinceSweep = 0;
    for (const [key, untilMs] of this.#liveUntilMs) if (untilMs <= nowMs) this.#liveUntilMs.delete(key);
  }
}
