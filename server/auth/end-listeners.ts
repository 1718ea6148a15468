// Who wants to hear when something that somebody came in by ends: by the hash of its secret.

/** Owns the listeners; each is gone once it was told or has stopped listening. */
export class EndListeners {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` once, when the one with this hash ends; the result stops listening. */
  add(hash: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(hash) ?? new Set();
    this.#listeners.set(hash, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(hash) === listeners) this.#listeners.delete(hash);
    };
  }

  announce(hash: string): void {
    const listeners = this.#listeners.get(hash) ?? [];
    this.#listeners.delete(hash);
    for (const listener of listeners) listener();
  }

  announceAll(): void {
    for (const hash of [...this.#listeners.keys()]) this.announce(hash);
  }
}
