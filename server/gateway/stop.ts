// What ends an exchange early: its client has gone, or the gateway stops.

/**
 * Owns whether it has ended early, and who is to be told. The phases of an exchange follow each other, so that one
 * listener at a time is enough; an AbortSignal with its listeners costs several times as much on each request.
 */
export class Stop {
  #hasEnded = false;
  #tell: (() => void) | null = null;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** `tell` runs once when it ends, at once if it has; it takes the place of the one before. Null = nobody waits. */
  listen(tell: (() => void) | null): void {
    this.#tell = tell;
    if (this.#hasEnded) tell?.();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tell?.();
  }
}
