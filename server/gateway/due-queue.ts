// Things with a due time, in its order.

/** Owns an order of things by when they are due. */
export class DueQueue<Item extends { dueMs: number }> {
  /** By due time; an item's due time does not change while it is in here. */
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  get nextDueMs(): number | null {
    return this.#items[0]?.dueMs ?? null;
  }

  add(item: Item): void {
    this.#items.splice(this.#firstAfter(item.dueMs), 0, item);
  }

  /** Without effect when it is not in here. */
  remove(item: Item): void {
    for (let at = this.#firstAfter(item.dueMs) - 1; at >= 0; at -= 1) {
      const found = this.#items[at];
      if (found === item) this.#items.splice(at, 1);
      if (found === item || found?.dueMs !== item.dueMs) return;
    }
  }

  /** The first one that is due by now, taken out; null = none is. */
  takeDue(nowMs: number): Item | null {
    const first = this.#items[0];
    return first && first.dueMs <= nowMs ? (this.#items.shift() ?? null) : null;
  }

  #firstAfter(dueMs: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.dueMs ?? 0) <= dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
