// Hashes a growing prompt so that each block's digest covers everything before it, and estimates tokens. Pure.

/** Bytes of UTF-8 that count as one token: the usual rule of thumb for English and code. */
export const BYTES_PER_TOKEN = 4;

/** A deterministic estimate; the demo's providers bill by it. */
export function estimateTokens(text: string): number {
  return tokensOfBytes(new PrefixHash().add(text));
}

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/**
 * Two 32-bit multiplicative hashes over UTF-16 code units (cyrb53): synchronous, one pass, 53 bits out. Not for
 * secrets; a collision among the few thousand entries of one demo account is out of reach.
 */
export class PrefixHash {
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;

  /** Takes in the text and returns its length in bytes of UTF-8. */
  add(text: string): number {
    let high = this.#high;
    let low = this.#low;
    let bytes = text.length;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      high = Math.imul(high ^ unit, 2654435761);
      low = Math.imul(low ^ unit, 1597334677);
      if (unit >= 0x80) bytes += extraBytes(unit);
    }
    this.#high = high;
    this.#low = low;
    return bytes;
  }

  /** Digest of everything added so far; adding may go on afterwards. */
  digest(): number {
    const low = mix(this.#high, this.#low);
    const high = mix(this.#low, this.#high);
    return 0x1_0000_0000 * (0x1f_ffff & high) + (low >>> 0);
  }
}

/** Bytes beyond one per code unit. A surrogate pair is 4 bytes: two units of 2. */
function extraBytes(unit: number): number {
  if (unit < 0x800) return 1;
  return unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
}

function mix(a: number, b: number): number {
  return Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
}
