// Takes the chunked transfer coding off a body, piece by piece. Extensions and trailers are dropped.

import { UpstreamFault } from '../gateway/upstream.ts';

type Phase =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'
  | 'last-lf'
  | 'done';

const CR = 0x0d;
const LF = 0x0a;
/** Of one chunk's size: far beyond what anybody sends, and exact as a number. */
const MAX_SIZE_DIGITS = 12;
/** Of extensions and trailers together between two bytes of data: they are dropped, so nobody may send them for ever. */
const MAX_SIDE_BYTES = 64 * 1024;

export class ChunkedDecoder {
  #phase: Phase = 'size';
  /** Of the size being read, or bytes left of the chunk being read. */
  #size = 0;
  #digits = 0;
  #sideBytes = 0;
  /** The trailer line being read holds no character yet. */
  #isLineEmpty = true;

  get isDone(): boolean {
    return this.#phase === 'done';
  }

  /**
   * The data in `bytes`, as a view on it; `bytes` is overwritten, because moving a few chunks together there costs less
   * than handing them on one by one. `consumed` = how many bytes belonged to this body. Throws `bad-framing`.
   */
  decode(bytes: Uint8Array<ArrayBuffer>): { data: Uint8Array<ArrayBuffer>; consumed: number } {
    let from = 0;
    let to = 0;
    let at = 0;
    while (at < bytes.length && this.#phase !== 'done') {
      if (this.#phase !== 'data') {
        at = this.#side(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#size);
      if (to === from) from = to = at;
      else bytes.copyWithin(to, at, end);
      to += end - at;
      this.#size -= end - at;
      at = end;
      if (this.#size === 0) this.#phase = 'data-cr';
    }
    return { data: bytes.subarray(from, to), consumed: at };
  }

  /** Reads what is not data, up to the next data or the end; the result is where it stopped. */
  #side(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length && this.#phase !== 'data' && this.#phase !== 'done')
      this.#step(bytes[at++] ?? 0);
    this.#sideBytes += at - start;
    if (this.#phase === 'data') this.#sideBytes = 0;
    if (this.#sideBytes > MAX_SIDE_BYTES) throw bad('chunk');
    return at;
  }

  #step(byte: number): void {
    switch (this.#phase) {
      case 'size':
        this.#readSize(byte);
        return;
      case 'extension':
        if (byte === LF) throw bad('chunk size');
        if (byte === CR) this.#phase = 'size-lf';
        return;
      case 'size-lf':
        expect(byte, LF);
        this.#isLineEmpty = true;
        this.#phase = this.#size === 0 ? 'trailer' : 'data';
        return;
      case 'data-cr':
        expect(byte, CR);
        this.#phase = 'data-lf';
        return;
      case 'data-lf':
        expect(byte, LF);
        this.#digits = 0;
        this.#phase = 'size';
        return;
      case 'trailer':
        this.#readTrailer(byte);
        return;
      case 'last-lf':
        expect(byte, LF);
        this.#phase = 'done';
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#size = this.#digits === 0 ? digit : this.#size * 16 + digit;
      if (++this.#digits > MAX_SIZE_DIGITS) throw bad('chunk size');
      return;
    }
    if (this.#digits === 0) throw bad('chunk size');
    if (byte === CR) this.#phase = 'size-lf';
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#phase = 'extension';
    else throw bad('chunk size');
  }

  #readTrailer(byte: number): void {
    if (byte === CR && this.#isLineEmpty) this.#phase = 'last-lf';
    else this.#isLineEmpty = byte === LF;
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw bad('chunk');
}

/** -1 = not a hexadecimal digit. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function bad(what: string): UpstreamFault {
  return new UpstreamFault('bad-framing', `unreadable ${what}`, { isSent: true });
}
