// The store under both providers' caches: staging, lifetimes, bounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateTokens, PrefixHash } from '../../server/demo/prefix-hash.ts';
import { PromptCache } from '../../server/demo/prompt-cache.ts';

test('PromptCache shows a staged write only once its response has begun', () => {
  const cache = new PromptCache(() => 0);
  const begin = cache.stage([{ key: 1, ttlMs: 100 }]);
  assert.equal(cache.isReadable(1), false);
  assert.equal(cache.size, 0);
  begin();
  assert.equal(cache.isReadable(1), true);
});

test('PromptCache counts a lifetime from staging and frees what has expired', () => {
  let nowMs = 0;
  const cache = new PromptCache(() => nowMs);
  const begin = cache.stage([{ key: 1, ttlMs: 100 }]);
  nowMs = 60;
  begin();
  nowMs = 99;
  assert.equal(cache.isReadable(1), true);
  nowMs = 100;
  assert.equal(cache.isReadable(1), false);
  assert.equal(cache.size, 0);
});

test('PromptCache does not let an expired long entry lengthen a new short one', () => {
  let nowMs = 0;
  const cache = new PromptCache(() => nowMs);
  cache.stage([{ key: 1, ttlMs: 1000 }])();
  nowMs = 1000;
  cache.stage([{ key: 1, ttlMs: 10 }])();
  nowMs = 1005;
  cache.refresh(1);
  nowMs = 1015;
  assert.equal(cache.isReadable(1), false);
});

test('PromptCache keeps the longer life when two requests wrote the same prefix', () => {
  let nowMs = 0;
  const cache = new PromptCache(() => nowMs);
  const first = cache.stage([{ key: 1, ttlMs: 1000 }]);
  const second = cache.stage([{ key: 1, ttlMs: 10 }]);
  first();
  second();
  nowMs = 999;
  assert.equal(cache.isReadable(1), true);
});

test('PromptCache evicts the least recently used entry beyond its bound', () => {
  const cache = new PromptCache(() => 0, { maxEntries: 2 });
  const write = (key: number) => cache.stage([{ key, ttlMs: 100 }])();
  write(1);
  write(2);
  cache.refresh(1);
  write(3);
  assert.deepEqual(
    [1, 2, 3].map((key) => cache.isReadable(key)),
    [true, false, true],
  );
  assert.equal(cache.size, 2);
});

test('estimateTokens() counts four bytes of UTF-8 as a token', () => {
  for (const text of ['', 'a', 'abcd', 'abcde', 'héé', '€', '😀', '漢字漢字', 'a\u0000b', '\ud800']) {
    assert.equal(estimateTokens(text), Math.ceil(new TextEncoder().encode(text).length / 4), text);
  }
});

test('PrefixHash gives distinct digests to many similar prefixes', () => {
  const digests = new Set<number>();
  for (let first = 0; first < 300; first++) {
    const hash = new PrefixHash();
    hash.add(`block ${first}`);
    for (let second = 0; second < 100; second++) {
      hash.add(`turn ${second}`);
      digests.add(hash.digest());
    }
  }
  assert.equal(digests.size, 30_000);
});
