// Finds prefixes by 53-bit hash without allocating: a Map would box every key, and most lookups of a cold prompt find nothing.

export interface Indexed {
  hash: number;
  /** 32 bits that spread: of the hash, and of whose it is. */
  code: number;
  /** Where the index keeps it; its own affair. */
  at: number;
}

const START_SLOTS = 1_024;
const GOLDEN = 0x9e3779b1;

/** Owns the places of its items. Open addressing with linear probing, at most half full; equal codes may occur more than once. */
export class PrefixIndex<Item extends Indexed> {
  /** Two numbers a slot: the item's code, and its number from 1; 0 = empty. */
  #slots = new Int32Array(START_SLOTS * 2);
  #shift = 32 - Math.log2(START_SLOTS);
  #mask = START_SLOTS - 1;
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item with this hash of which `owner` is true. */
  find<Owner>(
    { hash, code, owner }: { hash: number; code: number; owner: Owner },
    isOwned: (item: Item, owner: Owner) => boolean,
  ): Item | undefined {
    const slots = this.#slots;
    for (let slot = this.#home(code); ; slot = (slot + 1) & this.#mask) {
      const number = slots[slot * 2 + 1] ?? 0;
      if (number === 0) return undefined;
      if (slots[slot * 2] !== code) continue;
      const item = this.#items[number - 1];
      if (item && item.hash === hash && isOwned(item, owner)) return item;
    }
  }

  add(item: Item): void {
    if ((this.#size + 1) * 2 > this.#mask + 1) this.#grow();
    const number = this.#free.pop() ?? this.#items.length;
    this.#items[number] = item;
    item.at = number;
    this.#size += 1;
    this.#place(item.code, number + 1);
  }

  remove(item: Item): void {
    let slot = this.#home(item.code);
    while (this.#slots[slot * 2 + 1] !== item.at + 1) {
      if (this.#slots[slot * 2 + 1] === 0) return;
      slot = (slot + 1) & this.#mask;
    }
    this.#items[item.at] = undefined;
    this.#free.push(item.at);
    this.#size -= 1;
    this.#close(slot);
  }

  #home(code: number): number {
    return Math.imul(code, GOLDEN) >>> this.#shift;
  }

  #place(code: number, number: number): void {
    let slot = this.#home(code);
    while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot * 2] = code;
    this.#slots[slot * 2 + 1] = number;
  }

  /** Moves what follows back, so that no probe ends at the hole too early. */
  #close(empty: number): void {
    const slots = this.#slots;
    let hole = empty;
    for (let slot = (hole + 1) & this.#mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & this.#mask) {
      const code = slots[slot * 2] ?? 0;
      const fromHome = (slot - this.#home(code)) & this.#mask;
      const fromHole = (slot - hole) & this.#mask;
      if (fromHome < fromHole) continue;
      slots[hole * 2] = code;
      slots[hole * 2 + 1] = slots[slot * 2 + 1] ?? 0;
      hole = slot;
    }
    slots[hole * 2] = 0;
    slots[hole * 2 + 1] = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#shift -= 1;
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 2)
      if (old[at + 1] !== 0) this.#place(old[at] ?? 0, old[at + 1] ?? 0);
  }
}
