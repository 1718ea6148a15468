// Hashes content piece by piece, with a snapshot at every step, and chains such hashes. Not for secrets.
//
// Portable arithmetic on 32-bit words, as fast as memory allows on all runtimes. The bytes are collected in a buffer of
// one step first, so that equal content gives equal hashes wherever it stands and however it comes in pieces.

/** A long block can be cut each so many bytes from its start. */
export const STEP_BYTES = 4_096;

/** Two independent halves of a hash. */
export interface HashPair {
  high: number;
  low: number;
}

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
/** Below it a copy byte by byte is faster than a call. */
const SHORT_PIECE_BYTES = 40;

const NO_STEPS: readonly HashPair[] = [];

/** Its results hold until the next `begin`: it is used for every block, and makes nothing anew. */
export class ContentHash implements HashPair {
  high = 0;
  low = 0;
  bytes = 0;
  readonly #buffer = new Uint8Array(STEP_BYTES);
  readonly #words = new Int32Array(this.#buffer.buffer);
  #filled = 0;
  #steps: HashPair[] | null = null;
  // Four lanes, so that the processor can work on four words at a time.
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** `kind` keeps content of different kinds apart. */
  begin(kind: number): void {
    this.#filled = 0;
    this.bytes = 0;
    this.#steps = null;
    this.#a = kind ^ PRIME_1;
    this.#b = kind ^ PRIME_2;
    this.#c = kind ^ PRIME_3;
    this.#d = kind ^ PRIME_4;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#filled === STEP_BYTES) this.#endStep();
      const until = Math.min(end, at + STEP_BYTES - this.#filled);
      this.#copy(bytes, at, until);
      at = until;
    }
    this.bytes += end - start;
  }

  /** Sets `high` and `low`. */
  finish(): this {
    const whole = (this.#filled + 15) & ~15;
    for (let at = this.#filled; at < whole; at += 1) this.#buffer[at] = 0;
    this.#consume(whole >>> 2);
    this.#digest(this.#filled + 1);
    return this;
  }

  /** At the end of every whole step that something follows. */
  get steps(): readonly HashPair[] {
    return this.#steps ?? NO_STEPS;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    let filled = this.#filled;
    if (end - start < SHORT_PIECE_BYTES) {
      const buffer = this.#buffer;
      for (let at = start; at < end; at += 1) {
        buffer[filled] = bytes[at] ?? 0;
        filled += 1;
      }
    } else {
      this.#buffer.set(bytes.subarray(start, end), filled);
      filled += end - start;
    }
    this.#filled = filled;
  }

  #endStep(): void {
    this.#consume(STEP_BYTES >>> 2);
    this.#filled = 0;
    this.#digest(0);
    this.#steps ??= [];
    this.#steps.push({ high: this.high, low: this.low });
  }

  /**
   * Takes the first words of the buffer in, four at a time. Both multiplications are needed: with one, neighbours that
   * differ in a bit each can cancel out. So is the sum with the next lane: a lane alone has only 32 bits.
   */
  #consume(count: number): void {
    const words = this.#words;
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let at = 0; at + 4 <= count; at += 4) {
      a ^= Math.imul(words[at] ?? 0, PRIME_2);
      b ^= Math.imul(words[at + 1] ?? 0, PRIME_2);
      c ^= Math.imul(words[at + 2] ?? 0, PRIME_2);
      d ^= Math.imul(words[at + 3] ?? 0, PRIME_2);
      a = (Math.imul((a << 13) | (a >>> 19), PRIME_1) + b) | 0;
      b = (Math.imul((b << 13) | (b >>> 19), PRIME_1) + c) | 0;
      c = (Math.imul((c << 13) | (c >>> 19), PRIME_1) + d) | 0;
      d = (Math.imul((d << 13) | (d >>> 19), PRIME_1) + a) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  #digest(length: number): void {
    const a = this.#a;
    const b = this.#b;
    const c = this.#c;
    const d = this.#d;
    this.high = spread(mixed(mixed(mixed(mixed(length, a), b), c), d));
    this.low = spread(mixed(mixed(mixed(mixed(~length, d), c), b), a));
  }
}

/** A hash of all that was linked so far, in order. */
export class HashChain {
  #high = PRIME_3;
  #low = PRIME_4;

  link(kind: number, pair: HashPair): void {
    const high = this.#nextHigh(kind, pair);
    this.#low = this.#nextLow(kind, pair);
    this.#high = high;
  }

  /** What the hash would be after one more link. */
  ahead(kind: number, pair: HashPair): number {
    return asInteger(this.#nextHigh(kind, pair), this.#nextLow(kind, pair));
  }

  get hash(): number {
    return asInteger(this.#high, this.#low);
  }

  #nextHigh(kind: number, { high, low }: HashPair): number {
    return spread(mixed(mixed(this.#high, high), low ^ kind));
  }

  #nextLow(kind: number, { high, low }: HashPair): number {
    return spread(mixed(mixed(mixed(this.#low ^ kind, low), high), this.#high));
  }
}

/** 53 bits of the two halves. */
export function asInteger(high: number, low: number): number {
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

function mixed(hash: number, word: number): number {
  const turned = Math.imul(hash ^ word, PRIME_2);
  return Math.imul((turned << 15) | (turned >>> 17), PRIME_3);
}

/** Lets every bit reach every other. Source: the finalizer of MurmurHash3, which is in the public domain. */
function spread(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
