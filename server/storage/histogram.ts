// Counts of durations in bins, so that percentiles of millions of values can be kept, added and taken away. Pure.

import type { Percentiles } from '../gateway/ports.ts';

/**
 * Whole milliseconds up to here have a bin each; above, a bin ends 1.8 % over its start. A bin stands for the whole number
 * in its middle, which is within 0.9 % of every whole number in the bin.
 */
const EXACT_MS = 112;
const GROWTH = 1.018;
/** Beyond any request; what is longer counts as this. */
const LONGEST_MS = 1e9;

/**
 * First value of each bin. By multiplication, not by logarithm: that is rounded alike everywhere, and a value must find
 * its bin again under another runtime to be taken out of it.
 */
const BIN_STARTS: readonly number[] = binStarts();

function binStarts(): number[] {
  const starts = Array.from({ length: EXACT_MS }, (_, ms) => ms);
  for (let start = EXACT_MS; start <= LONGEST_MS; start = Math.floor(start * GROWTH)) starts.push(start);
  return starts;
}

export const BIN_COUNT = BIN_STARTS.length;

/** Count of each bin that has any. */
export type Histogram = Map<number, number>;
/** Count of every bin: larger, and faster to add to. A count below zero stands for values to be taken away. */
export type DenseHistogram = Float64Array;

export function binOf(ms: number): number {
  const value = Math.round(ms);
  if (value < EXACT_MS) return Math.max(0, value);
  let low = EXACT_MS;
  let high = BIN_COUNT - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((BIN_STARTS[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What a value of the bin counts as. */
export function valueOfBin(bin: number): number {
  const start = BIN_STARTS[bin] ?? LONGEST_MS;
  const next = BIN_STARTS[bin + 1] ?? start + 1;
  return Math.round((start + next - 1) / 2);
}

/** Nearest rank, like percentiles of the values themselves. */
export function percentilesOf(histogram: DenseHistogram): Percentiles {
  let total = 0;
  for (let bin = 0; bin < histogram.length; bin++) total += histogram[bin] ?? 0;
  if (total === 0) return { p50: null, p90: null, p95: null, p99: null };
  let bin = 0;
  let rank = histogram[0] ?? 0;
  /** In ascending order of the percentages. */
  const at = (percent: number) => {
    while (rank * 100 < total * percent && bin < histogram.length) rank += histogram[++bin] ?? 0;
    return valueOfBin(bin);
  };
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}

/**
 * Bytes of a histogram: for each bin in ascending order the distance from the one before and the count, the count's sign
 * in its lowest bit; both in groups of seven bits, lowest first. Empty = no bytes.
 */
export function encodeBins(bins: readonly number[], sign: 1 | -1): Uint8Array {
  if (bins.length === 0) return NO_BYTES;
  const sorted = Uint16Array.from(bins).sort();
  const encoder = new Encoder(sorted.length);
  let count = 0;
  for (const [index, bin] of sorted.entries()) {
    count += sign;
    if (sorted[index + 1] === bin) continue;
    encoder.put(bin, count);
    count = 0;
  }
  return encoder.bytes();
}

export function addBin(histogram: Histogram, bin: number, count: number): void {
  const sum = (histogram.get(bin) ?? 0) + count;
  if (sum === 0) histogram.delete(bin);
  else histogram.set(bin, sum);
}

export function encodeHistogram(histogram: Histogram): Uint8Array {
  const encoder = new Encoder(histogram.size);
  for (const bin of [...histogram.keys()].sort((a, b) => a - b)) encoder.put(bin, histogram.get(bin) ?? 0);
  return encoder.bytes();
}

export function encodeDense(histogram: DenseHistogram): Uint8Array {
  let bins = 0;
  for (let bin = 0; bin < histogram.length; bin++) if (histogram[bin] !== 0) bins += 1;
  const encoder = new Encoder(bins);
  for (let bin = 0; bin < histogram.length; bin++) encoder.put(bin, histogram[bin] ?? 0);
  return encoder.bytes();
}

const NO_BYTES = new Uint8Array(0);

/** The bytes of both histograms together. */
export function addBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [left, right] = [new Decoder(a), new Decoder(b)];
  const encoder = new Encoder(a.length + b.length);
  let [hasLeft, hasRight] = [left.next(), right.next()];
  while (hasLeft || hasRight) {
    const bin = Math.min(
      hasLeft ? left.bin : Number.POSITIVE_INFINITY,
      hasRight ? right.bin : Number.POSITIVE_INFINITY,
    );
    const isLeft = hasLeft && left.bin === bin;
    const isRight = hasRight && right.bin === bin;
    encoder.put(bin, (isLeft ? left.count : 0) + (isRight ? right.count : 0));
    if (isLeft) hasLeft = left.next();
    if (isRight) hasRight = right.next();
  }
  return encoder.bytes();
}

export function addEncoded(target: DenseHistogram, bytes: Uint8Array): void {
  const decoder = new Decoder(bytes);
  while (decoder.next()) target[decoder.bin] = (target[decoder.bin] ?? 0) + decoder.count;
}

/** A distance takes at most 2 bytes, a count below 2^53 at most 8. */
const MAX_BIN_BYTES = 10;

class Encoder {
  readonly #bytes: Uint8Array;
  #length = 0;
  #lastBin = 0;

  constructor(bins: number) {
    this.#bytes = new Uint8Array(bins * MAX_BIN_BYTES);
  }

  /** In ascending order. */
  put(bin: number, count: number): void {
    if (count === 0) return;
    this.#putNumber(bin - this.#lastBin);
    this.#putNumber(count < 0 ? -2 * count - 1 : 2 * count);
    this.#lastBin = bin;
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #putNumber(value: number): void {
    let rest = value;
    // Division, not shifts: counts may exceed 32 bits.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }
}

class Decoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  bin = 0;
  count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** False at the end. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    this.bin += this.#number();
    const number = this.#number();
    this.count = number % 2 === 1 ? -(number + 1) / 2 : number / 2;
    return true;
  }

  #number(): number {
    let number = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++] ?? 0;
      number += (byte & 0x7f) * scale;
      if (byte < 0x80) return number;
    }
  }
}
