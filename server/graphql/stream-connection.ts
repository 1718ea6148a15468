// One event stream that carries the results of many operations: each is asked for its next result only when the reader took
// the last one, so that a slow reader holds the operations up and nothing grows.

import type { ExecutionResult } from 'graphql';
import type { Clock } from '../gateway/ports.ts';

/** What an operation gives: one result, or many. */
export type Results = ExecutionResult | AsyncIterable<ExecutionResult>;

/** Keeps proxies from closing a stream on which nothing happens. */
const PING_INTERVAL_MS = 12_000;
const PING = ':\n\n';

interface Operation {
  isOver: boolean;
  /** Ends the results; they may be waiting for an event that never comes. */
  stop(): void;
}

interface Waiting {
  text: string;
  operation: Operation;
  onTaken(): void;
}

/** Owns the operations of one stream. */
export class StreamConnection {
  readonly #clock: Clock;
  readonly #operations = new Map<string, Operation>();
  /** At most two texts of each operation: its last result and its end. */
  #waiting: Waiting[] = [];
  #wake: () => void = () => undefined;
  #isOpen = false;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is being read, which happens once. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get operationCount(): number {
    return this.#operations.size;
  }

  /** False when an operation of that id is running. */
  reserve(id: string): boolean {
    if (this.#operations.has(id) || this.#isOver) return false;
    this.#operations.set(id, { isOver: false, stop: () => undefined });
    return true;
  }

  /** Sends the results under the reserved id; ends them at once when the operation was completed meanwhile. */
  carry(id: string, results: Results): void {
    const operation = this.#operations.get(id);
    const iterator = iteratorOf(results);
    const stop = () => void iterator.return?.()?.catch(() => undefined);
    if (operation) {
      operation.stop = stop;
      void this.#pump(id, { operation, iterator });
    } else stop();
  }

  /** Ends the operation; what it still had to say is dropped. */
  complete(id: string): void {
    const operation = this.#operations.get(id);
    if (!operation) return;
    this.#operations.delete(id);
    operation.isOver = true;
    operation.stop();
    for (const { onTaken } of this.#waiting.filter((one) => one.operation === operation)) onTaken();
    this.#waiting = this.#waiting.filter((one) => one.operation !== operation);
  }

  /** Ends every operation and the stream. */
  close(): void {
    this.#isOver = true;
    for (const id of [...this.#operations.keys()]) this.complete(id);
    this.#wake();
  }

  /** The text of the stream, until it is closed. */
  async *read(): AsyncGenerator<string> {
    this.#isOpen = true;
    // Some browsers take the headers only with the first byte of the body.
    yield PING;
    while (!this.#isOver) {
      const next = this.#waiting.shift();
      if (next) {
        yield next.text;
        next.onTaken();
      } else if ((await this.#changed()) === 'time to ping') yield PING;
    }
  }

  async #pump(
    id: string,
    { operation, iterator }: { operation: Operation; iterator: AsyncIterator<ExecutionResult> },
  ): Promise<void> {
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        await this.#offer(operation, eventText('next', { id, payload: next.value }));
        if (operation.isOver) return;
      }
    } catch {
      // Errors were made results before they came here; what fails after the end is of no interest.
    }
    await this.#offer(operation, eventText('complete', { id }));
    if (this.#operations.get(id) === operation) this.#operations.delete(id);
  }

  /** Resolves when the text was taken, or will not be. */
  #offer(operation: Operation, text: string): Promise<void> {
    if (operation.isOver || this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ text, operation, onTaken: resolve });
      this.#wake();
    });
  }

  #changed(): Promise<'changed' | 'time to ping'> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(() => resolve('time to ping'), PING_INTERVAL_MS);
      this.#wake = () => {
        cancel();
        resolve('changed');
      };
    });
  }
}

function iteratorOf(results: Results): AsyncIterator<ExecutionResult> {
  return Symbol.asyncIterator in results ? results[Symbol.asyncIterator]() : once(results);
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}

function eventText(event: 'next' | 'complete', data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
