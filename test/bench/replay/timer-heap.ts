// Timers by due time, for clocks of the bench. Pure.

export interface Timer {
  dueMs: number;
  fire: () => void;
}

interface Entry extends Timer {
  /** Equal times fire in the order they were set. */
  order: number;
  isCancelled: boolean;
}

/** A binary heap; cancelled timers stay in it until they would be due. */
export class TimerHeap {
  readonly #heap: Entry[] = [];
  #order = 0;

  /** The returned function cancels. */
  add(dueMs: number, fire: () => void): () => void {
    const entry: Entry = { dueMs, fire, order: this.#order++, isCancelled: false };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return () => {
      entry.isCancelled = true;
    };
  }

  nextDueMs(): number | null {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (!first.isCancelled) return first.dueMs;
      this.#takeFirst();
    }
    return null;
  }

  /** The earliest timer, when it is due by then. */
  takeDue(untilMs: number): Timer | null {
    const dueMs = this.nextDueMs();
    return dueMs !== null && dueMs <= untilMs ? this.#takeFirst() : null;
  }

  #takeFirst(): Entry | null {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last) return null;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(least, index)) return;
      index = least;
    }
  }

  #swapIfBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (!first || !second || !this.#isBefore(a, b)) return false;
    this.#heap[a] = second;
    this.#heap[b] = first;
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (!first || !second) return false;
    return first.dueMs < second.dueMs || (first.dueMs === second.dueMs && first.order < second.order);
  }
}
