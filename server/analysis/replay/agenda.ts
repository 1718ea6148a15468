// What happens next: events by time, those of the same time in the order they were noted.

interface Entry<Event> {
  atMs: number;
  order: number;
  event: Event;
}

/** A binary heap. */
export class Agenda<Event> {
  readonly #heap: Entry<Event>[] = [];
  #count = 0;

  /** Infinity = nothing is noted. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  add(atMs: number, event: Event): void {
    this.#count += 1;
    const entry = { atMs, order: this.#count, event };
    let place = this.#heap.length;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#heap[above];
      if (!parent || !isBefore(entry, parent)) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = entry;
  }

  take(): Event | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#sink(last);
    return first?.event;
  }

  #sink(entry: Entry<Event>): void {
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      let child = this.#heap[below];
      const other = this.#heap[below + 1];
      if (child && other && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (!child || !isBefore(child, entry)) break;
      this.#heap[place] = child;
      place = below;
    }
    this.#heap[place] = entry;
  }
}

function isBefore(a: { atMs: number; order: number }, b: { atMs: number; order: number }): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
