// Draws from the distributions that traffic has, and ids that sort by time; by seed.

import { Random } from '../../../server/demo/random.ts';

/** The four hex digits of every 16-bit number: ids are made by the million. */
const HEX4: readonly string[] = Array.from({ length: 0x1_0000 }, (_, number) =>
  number.toString(16).padStart(4, '0'),
);
const SECOND_MS = 0x1_0000;

export class Chance extends Random {
  /** About so much, at times several times as much: half of the draws are below the median. */
  skewed(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }

  /** An index, each as often as its share says; they add up to 1. */
  index(shares: readonly number[]): number {
    let left = this.next();
    for (let index = 0; index < shares.length; index += 1) {
      left -= shares[index] ?? 0;
      if (left < 0) return index;
    }
    return shares.length - 1;
  }

  /** A UUIDv7 of that millisecond. */
  id(atMs: number): string {
    const low = HEX4[atMs % SECOND_MS];
    const middle = HEX4[Math.floor(atMs / SECOND_MS) % SECOND_MS];
    const high = HEX4[Math.floor(atMs / SECOND_MS / SECOND_MS)];
    const variant = HEX4[this.int(0x8000, 0xbfff)];
    return `${high}${middle}-${low}-7${this.#hex4().slice(1)}-${variant}-${this.#hex4()}${this.#hex4()}${this.#hex4()}`;
  }

  #hex4(): string {
    return HEX4[Math.floor(this.next() * 0x1_0000)] ?? '0000';
  }
}
