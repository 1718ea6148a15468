// The index of prefixes against a plain map.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Indexed, PrefixIndex } from '../../server/routing/prefix-index.ts';

interface Item extends Indexed {
  owner: number;
}

const isOwned = (item: Item, owner: number) => item.owner === owner;

test('PrefixIndex finds what was added and not removed, with many equal codes', () => {
  const step = fc.record({
    isAdd: fc.boolean(),
    hash: fc.integer({ min: 0, max: 400 }),
    owner: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 200, maxLength: 1_500 }),
      fc.integer({ min: 1, max: 500 }),
      (steps, codes) => {
        const index = new PrefixIndex<Item>();
        const model = new Map<string, Item>();
        const find = (hash: number, owner: number) =>
          index.find({ hash, code: hash % codes, owner }, isOwned);
        for (const { isAdd, hash, owner } of steps) {
          const known = model.get(`${hash} ${owner}`);
          assert.equal(find(hash, owner), known);
          if (isAdd && !known) {
            const item: Item = { hash, code: hash % codes, at: -1, owner };
            index.add(item);
            model.set(`${hash} ${owner}`, item);
          } else if (!isAdd && known) {
            index.remove(known);
            model.delete(`${hash} ${owner}`);
          }
          assert.equal(index.size, model.size);
        }
        for (const item of model.values()) assert.equal(find(item.hash, item.owner), item);
      },
    ),
    { numRuns: 60 },
  );
});

test('PrefixIndex grows, and tells hashes apart that differ only above 32 bits', () => {
  const index = new PrefixIndex<Item>();
  const items = Array.from({ length: 5_000 }, (_, number): Item => {
    const hash = (number % 7) * 2 ** 32 + Math.floor(number / 7);
    return { hash, code: hash | 0, at: -1, owner: 0 };
  });
  for (const item of items) index.add(item);
  for (const item of items) assert.equal(index.find({ ...item, owner: 0 }, isOwned), item);
  assert.equal(index.find({ hash: 8 * 2 ** 32, code: 0, owner: 0 }, isOwned), undefined);
  for (const item of items) index.remove(item);
  assert.equal(index.size, 0);
  for (const item of items) assert.equal(index.find({ ...item, owner: 0 }, isOwned), undefined);
});
