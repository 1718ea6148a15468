// Lines on their way to a stream that may be read slowly or not at all: bounded, one write at a time, never waited for.

/** Writes the whole text, then calls back. */
export type WriteText = (text: string, done: (error: unknown) => void) => void;

/** About ten thousand lines. What does not fit is lost and counted, so that a full pipe never stops the program. */
export const MAX_QUEUED_CHARACTERS = 2_000_000;

/** Owns what waits. */
export class LineWriter {
  readonly #write: WriteText;
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #isWriting = false;
  #dropped = 0;
  readonly #onIdle = new Set<() => void>();

  constructor(write: WriteText) {
    this.#write = write;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** `line` without its break. */
  add(line: string): void {
    if (this.#waitingCharacters + line.length > MAX_QUEUED_CHARACTERS) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingCharacters += line.length;
    if (!this.#isWriting) this.#writeNext();
  }

  /** What has not been given to the stream, for a last write of whoever ends the program. */
  takeRest(): string {
    const text = this.#waiting.map((line) => `${line}\n`).join('');
    this.#waiting = [];
    this.#waitingCharacters = 0;
    return text;
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.add(resolve));
  }

  #writeNext(): void {
    const lines = this.#waiting.length;
    const text = this.takeRest();
    if (text === '') {
      for (const resolve of this.#onIdle) resolve();
      this.#onIdle.clear();
      return;
    }
    this.#isWriting = true;
    this.#write(text, (error) => {
      this.#isWriting = false;
      if (error) this.#dropped += lines;
      this.#writeNext();
    });
  }
}
