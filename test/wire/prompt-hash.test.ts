// Hashes of content do not depend on where it stands or how it comes, and chains not on anything but their links.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  asInteger,
  ContentHash,
  HashChain,
  type HashPair,
  STEP_BYTES,
} from '../../server/wire/prompt-hash.ts';

const hash = new ContentHash();
const integerOf = ({ high, low }: HashPair) => asInteger(high, low);

/** Hashes the bytes, shifted in memory and cut into pieces. */
function digest(
  bytes: Uint8Array,
  { shift = 0, cuts = [], kind = 1 }: { shift?: number; cuts?: number[]; kind?: number } = {},
) {
  const memory = new Uint8Array(shift + bytes.length + 3).fill(7);
  memory.set(bytes, shift);
  hash.begin(kind);
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    hash.add(memory, shift + from, shift + cut);
    from = cut;
  }
  const { high, low, bytes: length, steps } = hash.finish();
  return { high, low, length, steps };
}

const content = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 400 }))
  .map(([unit, times]) =>
    new Uint8Array(unit.length * times).map((_, at) => (unit[at % unit.length] ?? 0) + (at >> 8)),
  );

test('ContentHash does not mind where content stands or in which pieces it comes', () => {
  fc.assert(
    fc.property(content, fc.nat(17), fc.array(fc.nat(), { maxLength: 20 }), (bytes, shift, cuts) => {
      assert.deepEqual(digest(bytes, { shift, cuts }), digest(bytes));
    }),
  );
});

test('ContentHash has at each step what shorter content has there', () => {
  fc.assert(
    fc.property(content, fc.nat(), (bytes, place) => {
      const shorter = digest(bytes.subarray(0, place % bytes.length));
      const { steps } = digest(bytes);
      assert.equal(steps.length, Math.ceil(bytes.length / STEP_BYTES) - 1);
      assert.deepEqual(steps.slice(0, shorter.steps.length), shorter.steps);
    }),
  );
});

test('ContentHash tells contents apart by length and by kind', () => {
  const seen = new Set<number>();
  const lengths = [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 4_095, 4_096, 4_097];
  for (const length of lengths) seen.add(integerOf(digest(new Uint8Array(length))));
  seen.add(integerOf(digest(new Uint8Array(16), { kind: 2 })));
  assert.equal(seen.size, lengths.length + 1);
});

test('ContentHash tells contents apart that differ in any two bits', () => {
  const seen = new Set<number>();
  for (let one = 0; one < 40 * 8; one += 1) {
    for (let other = 0; other <= one; other += 1) {
      const bytes = new Uint8Array(40);
      bytes[one >> 3] = 1 << (one & 7);
      bytes[other >> 3] = (bytes[other >> 3] ?? 0) | (1 << (other & 7));
      seen.add(integerOf(digest(bytes)));
    }
  }
  assert.equal(seen.size, (320 * 321) / 2);
});

test('ContentHash has no collision among 200,000 numbers, in either half', () => {
  const high = new Set<number>();
  const both = new Set<number>();
  const bytes = new Uint8Array(36);
  for (let at = 0; at < 200_000; at += 1) {
    new DataView(bytes.buffer).setUint32(20, at);
    const pair = digest(bytes);
    high.add(pair.high);
    both.add(integerOf(pair));
  }
  assert.equal(both.size, 200_000);
  // Of 2^32 values, about five of them meet by chance.
  assert.ok(high.size > 200_000 - 30, String(high.size));
});

test('HashChain depends on every link, its kind and its place, and looks ahead without moving', () => {
  const one = { high: 1, low: 2 };
  const other = { high: 2, low: 1 };
  const chains = [
    [[1, one]],
    [[2, one]],
    [[1, other]],
    [
      [1, one],
      [1, other],
    ],
    [
      [1, other],
      [1, one],
    ],
    [],
  ] as const;
  const hashes = chains.map((links) => {
    const chain = new HashChain();
    for (const [kind, pair] of links) {
      const ahead = chain.ahead(kind, pair);
      assert.equal(chain.ahead(kind, pair), ahead);
      chain.link(kind, pair);
      assert.equal(chain.hash, ahead);
    }
    return chain.hash;
  });
  assert.equal(new Set(hashes).size, chains.length);
  assert.ok(hashes.every((value) => Number.isSafeInteger(value) && value >= 0));
});
