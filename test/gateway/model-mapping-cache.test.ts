// The model mapping cache: what it remembers, for how long, how much, and that it never gives a stale answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { buildCatalog, type Catalog } from '../../server/gateway/catalog.ts';
import { MODEL_MAPPING_TTL_MS, ModelMappingCache } from '../../server/gateway/model-mapping-cache.ts';
import type { CatalogRows } from '../../server/gateway/ports.ts';
import { ManualClock } from '../manual-clock.ts';
import { createBench, gatewayTest, message, rowsOf } from './fixture.ts';

const catalogOf = (rows: CatalogRows) =>
  buildCatalog(rows, new Map(rows.accounts.map(({ id }) => [id, `secret-${id}`])));

function open(
  rows: CatalogRows = rowsOf({}),
  caps: { names?: number; unknownNames?: number; pairs?: number } = {},
) {
  const clock = new ManualClock();
  const state = { catalog: catalogOf(rows) };
  const cache = new ModelMappingCache({ clock, catalog: () => state.catalog, caps });
  const resolve = (name: string) => cache.resolve(state.catalog, name)?.id ?? null;
  const use = (accountId: string, modelId = 'm1') => {
    const candidates = state.catalog.candidates(modelId, 'anthropic-messages');
    const candidate = candidates.find(({ account }) => account.id === accountId);
    assert.ok(candidate);
    cache.used(state.catalog, candidate);
  };
  const names = () => cache.contents().names.map(({ name, status, hits }) => [name, status, hits]);
  return { clock, state, cache, resolve, use, names };
}

/** The rows with other mappings. */
function remapped(change: (rows: CatalogRows) => void): CatalogRows {
  const rows = structuredClone(rowsOf({}));
  change(rows);
  return rows;
}

test('ModelMappingCache.resolve() remembers names, aliases and names that stand for nothing', () => {
  const { resolve, names, cache } = open();
  const asked = [
    'sonnet',
    'claude-sonnet-4-5',
    'claude-sonnet-4-5-20250929',
    'gpt-9',
    'sonnet',
    'gpt-9',
    'gpt-9',
  ];
  assert.deepEqual(asked.map(resolve), ['m1', 'm1', 'm1', null, 'm1', null, null]);
  assert.deepEqual(names(), [
    ['sonnet', 'mapped', 1],
    ['claude-sonnet-4-5', 'mapped', 0],
    ['claude-sonnet-4-5-20250929', 'mapped', 0],
    ['gpt-9', 'not-found', 2],
  ]);
  const { hits, misses } = cache.contents();
  assert.deepEqual([hits, misses], [3, 4]);
});

test('ModelMappingCache.resolve() looks a name up anew 300 s after it was resolved, however often it is used', async () => {
  const { resolve, cache, clock } = open();
  resolve('sonnet');
  await clock.advance(MODEL_MAPPING_TTL_MS - 1);
  resolve('sonnet');
  assert.equal(cache.contents().hits, 1);
  await clock.advance(1);
  assert.deepEqual(cache.contents().names, []);
  resolve('sonnet');
  const { hits, misses } = cache.contents();
  assert.deepEqual([hits, misses], [1, 2]);
});

test('ModelMappingCache.used() counts attempts by mapping, and each use lets it live on', async () => {
  const { use, cache, clock } = open(rowsOf({ accounts: [{ name: 'a' }, { name: 'z', providerId: 'p2' }] }));
  use('a');
  use('z');
  await clock.advance(MODEL_MAPPING_TTL_MS - 1);
  use('a');
  await clock.advance(1);
  const { pairs, nowMs } = cache.contents();
  assert.deepEqual(pairs, [
    {
      providerId: 'p1',
      modelId: 'm1',
      upstreamModel: 'claude-sonnet-4-5-20250929',
      aliases: ['sonnet'],
      hits: 2,
      expiresAtMs: nowMs - 1 + MODEL_MAPPING_TTL_MS,
    },
  ]);
});

test('ModelMappingCache.resolve() tells models that nothing serves from names that stand for nothing', () => {
  const { resolve, names } = open(
    remapped((rows) => {
      rows.mappings = rows.mappings.filter(({ modelId }) => modelId !== 'm2');
    }),
  );
  assert.deepEqual([resolve('other'), resolve('nothing')], ['m2', null]);
  assert.deepEqual(names(), [
    ['other', 'invalid', 0],
    ['nothing', 'not-found', 0],
  ]);
});

test('ModelMappingCache.resolve() keeps the names that are, whatever flood of made-up ones comes', () => {
  const { resolve, cache, names } = open(rowsOf({}), { unknownNames: 10 });
  resolve('sonnet');
  for (let n = 0; n < 5_000; n += 1) resolve(`made-up-${n}`);
  assert.equal(cache.contents().names.length, 11);
  assert.deepEqual(names()[0], ['sonnet', 'mapped', 0]);
  assert.deepEqual(names()[10], ['made-up-4999', 'not-found', 0]);
  resolve('sonnet');
  assert.equal(cache.contents().hits, 1);
});

test('ModelMappingCache keeps no more names and mappings than its caps, and no name that is a novel', () => {
  const many = remapped((rows) => {
    const [first] = rows.mappings;
    assert.ok(first);
    rows.mappings[0] = { ...first, aliases: Array.from({ length: 20 }, (_, n) => `alias-${n}`) };
  });
  const { resolve, cache, use, names } = open(many, { names: 5, pairs: 1 });
  for (let n = 0; n < 20; n += 1) assert.equal(resolve(`alias-${n}`), 'm1');
  assert.deepEqual(
    names().map(([name]) => name),
    ['alias-15', 'alias-16', 'alias-17', 'alias-18', 'alias-19'],
  );
  use('a', 'm1');
  use('a', 'm2');
  assert.deepEqual(
    cache.contents().pairs.map(({ modelId }) => modelId),
    ['m2'],
  );
  assert.equal(resolve('x'.repeat(301)), null);
  assert.equal(names().length, 5);
});

test('ModelMappingCache drops what another snapshot resolves differently, and nothing else', () => {
  const { resolve, names, cache, use, state } = open();
  for (const name of ['sonnet', 'claude-sonnet-4-5', 'other', 'new-name', 'gone']) resolve(name);
  use('a', 'm1');
  use('a', 'm2');
  state.catalog = catalogOf(
    remapped((rows) => {
      const [first, second] = rows.mappings;
      assert.ok(first && second);
      rows.mappings[0] = { ...first, aliases: [] };
      rows.mappings[1] = { ...second, aliases: ['sonnet', 'new-name'] };
    }),
  );
  assert.deepEqual(
    names().map(([name]) => name),
    ['claude-sonnet-4-5', 'other', 'gone'],
  );
  assert.deepEqual([cache.contents().pairs, cache.contents().invalidations], [[], 4]);
  assert.deepEqual([resolve('sonnet'), resolve('new-name'), resolve('gone')], ['m2', 'm2', null]);
});

test('ModelMappingCache drops what is served or not served any more', () => {
  const { resolve, names, state } = open(rowsOf({ accounts: [] }));
  resolve('sonnet');
  assert.deepEqual(names(), [['sonnet', 'invalid', 0]]);
  state.catalog = catalogOf(rowsOf({}));
  assert.deepEqual(names(), []);
  resolve('sonnet');
  assert.deepEqual(names(), [['sonnet', 'mapped', 0]]);
});

test('ModelMappingCache answers a request of an earlier snapshot from that, and remembers nothing of it', () => {
  const { cache, resolve, state, use } = open();
  const earlier = state.catalog;
  resolve('sonnet');
  state.catalog = catalogOf(
    remapped((rows) => {
      rows.mappings = [];
    }),
  );
  assert.equal(resolve('sonnet'), null);
  const before = cache.contents();
  assert.equal(cache.resolve(earlier, 'sonnet')?.id, 'm1');
  const [candidate] = earlier.candidates('m1', 'anthropic-messages');
  assert.ok(candidate);
  cache.used(earlier, candidate);
  assert.deepEqual(cache.contents(), before);
  assert.throws(() => use('a'));
});

test('ModelMappingCache.resolve() remembers a lookup that failed, and tries it again', () => {
  const { cache, resolve, names, state } = open();
  const working = state.catalog;
  let isBroken = true;
  state.catalog = {
    ...working,
    resolveModel(name): ReturnType<Catalog['resolveModel']> {
      if (isBroken) throw new Error('broken');
      return working.resolveModel(name);
    },
  };
  assert.throws(() => resolve('sonnet'), /broken/);
  assert.throws(() => resolve('sonnet'), /broken/);
  assert.deepEqual(names(), [['sonnet', 'error', 1]]);
  isBroken = false;
  assert.equal(resolve('sonnet'), 'm1');
  assert.deepEqual(names(), [['sonnet', 'mapped', 0]]);
  assert.deepEqual([cache.contents().hits, cache.contents().misses], [0, 3]);
});

test('ModelMappingCache clears one name, one mapping, or all, and says by which keys', () => {
  const { cache, resolve, use } = open();
  const fill = () => {
    for (const name of ['sonnet', 'vendor/model:free', 'claude-sonnet-4-5']) resolve(name);
    use('a', 'm1');
    use('a', 'm2');
  };
  fill();
  assert.deepEqual(cache.clearName('vendor/model:free'), ['resolve:vendor/model:free']);
  assert.deepEqual(cache.clearName('vendor/model:free'), []);
  assert.deepEqual(cache.clearPair({ providerId: 'p1', modelId: 'm1' }), ['provider-model:p1:m1']);
  assert.deepEqual(cache.clearPair({ providerId: 'p2', modelId: 'm1' }), []);
  assert.deepEqual(cache.clearAll(), ['resolve:sonnet', 'resolve:claude-sonnet-4-5', 'provider-model:p1:m2']);
  const { names, pairs } = cache.contents();
  assert.deepEqual([names, pairs], [[], []]);
  assert.equal(cache.contents().invalidations, 0);
  assert.equal(resolve('sonnet'), 'm1');
});

test('ModelMappingCache never answers other than the snapshot, whatever changes in between', () => {
  const names = ['sonnet', 'claude-sonnet-4-5', 'other', 'x', 'y'];
  const change = fc.record({
    aliases: fc.subarray(names),
    upstream: fc.constantFrom(...names),
    isServed: fc.boolean(),
  });
  const ask = fc.record({ name: fc.constantFrom(...names), waitMs: fc.constantFrom(0, 1_000, 200_000) });
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: ask }, change), { size: 'max', maxLength: 60 }),
      (all) => {
        let nowMs = 0;
        let catalog = catalogOf(rowsOf({}));
        const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => () => undefined };
        const cache = new ModelMappingCache({
          clock,
          catalog: () => catalog,
          caps: { names: 3, unknownNames: 2 },
        });
        for (const step of all) {
          if ('name' in step) {
            nowMs += step.waitMs;
            assert.equal(cache.resolve(catalog, step.name), catalog.resolveModel(step.name));
            continue;
          }
          catalog = catalogOf(
            remapped((rows) => {
              const [first] = rows.mappings;
              assert.ok(first);
              rows.mappings = [
                { ...first, modelId: 'm2', aliases: step.aliases, upstreamModel: step.upstream },
              ];
              if (!step.isServed) rows.accounts = [];
            }),
          );
        }
        const { names: kept } = cache.contents();
        assert.ok(kept.length <= 5);
        for (const { name, modelId } of kept) assert.equal(modelId, catalog.resolveModel(name)?.id ?? null);
      },
    ),
    { numRuns: 200 },
  );
});

gatewayTest('requests leave the names they ask for and the mappings they are sent by', async () => {
  const bench = createBench(() => message());
  await bench.send({ model: 'sonnet' });
  await bench.send({ model: 'sonnet' });
  await bench.send({ model: 'models/claude-sonnet-4-5' });
  await bench.send({ model: 'gpt-9' });
  await bench.send({ method: 'GET', path: '/v1/models/sonnet' });
  const { names, pairs, hits, misses } = bench.parts.modelMappings.contents();
  assert.deepEqual(
    names.map(({ name, status, hits: answered }) => [name, status, answered]),
    [
      ['sonnet', 'mapped', 2],
      ['claude-sonnet-4-5', 'mapped', 0],
      ['gpt-9', 'not-found', 0],
    ],
  );
  assert.deepEqual(
    pairs.map(({ providerId, modelId, hits: attempts }) => [providerId, modelId, attempts]),
    [['p1', 'm1', 3]],
  );
  assert.deepEqual([hits, misses], [2, 3]);
});
