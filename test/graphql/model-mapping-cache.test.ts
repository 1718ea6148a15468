// The model mapping cache by GraphQL: what it shows, what clears it, who is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LiveEvent } from '../../server/gateway/live-event.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { START_MS, sampleRows } from './sample-rows.ts';

const FIELDS = `available message ttlSeconds totalKeys hits misses hitRate invalidations
  breakdown { modelById modelByProviderGlobal globalModelById globalModelByName globalModelResolve }
  mappings { mappingName globalModelName globalModelDisplayName providers ttlSeconds hits }
  unmapped { mappingName status ttlSeconds hits }
  providerModelMappings { providerId providerName globalModelId globalModelName globalModelDisplayName providerModelName
    aliases ttlSeconds hitCount }`;

/** Requests as the gateway would have had them. */
async function openAsked(): Promise<Bench> {
  const bench = await openBench({ rows: sampleRows() });
  const catalog = bench.parts.catalog.current;
  for (const name of ['sonnet', 'claude-sonnet-4-5', 'llama-70b', 'vendor/none:free', 'sonnet', 'sonnet'])
    bench.modelMappings.resolve(catalog, name);
  for (const [modelId, surface] of [
    ['m2', 'openai-chat'],
    ['m1', 'anthropic-messages'],
    ['m1', 'anthropic-messages'],
  ] as const) {
    const [candidate] = catalog.candidates(modelId, surface);
    assert.ok(candidate);
    bench.modelMappings.used(catalog, candidate);
  }
  return bench;
}

test('modelMappingCache shows every field', async () => {
  const bench = await openAsked();
  await bench.clock.advance(60_500);
  const { modelMappingCache } = await bench.ask(`{ modelMappingCache { ${FIELDS} } }`);
  assert.deepEqual(modelMappingCache, {
    available: true,
    message: null,
    ttlSeconds: 300,
    totalKeys: 6,
    hits: 2,
    misses: 4,
    hitRate: 2 / 6,
    invalidations: 0,
    breakdown: {
      modelById: 0,
      modelByProviderGlobal: 2,
      globalModelById: 0,
      globalModelByName: 1,
      globalModelResolve: 3,
    },
    mappings: [
      {
        mappingName: 'llama-70b',
        globalModelName: 'llama',
        globalModelDisplayName: null,
        providers: ['local'],
        ttlSeconds: 240,
        hits: 0,
      },
      {
        mappingName: 'sonnet',
        globalModelName: 'claude-sonnet-4-5',
        globalModelDisplayName: 'Claude Sonnet 4.5',
        providers: ['anthropic'],
        ttlSeconds: 240,
        hits: 2,
      },
    ],
    unmapped: [{ mappingName: 'vendor/none:free', status: 'NOT_FOUND', ttlSeconds: 240, hits: 0 }],
    providerModelMappings: [
      {
        providerId: encodeGlobalId('Provider', 'p1'),
        providerName: 'anthropic',
        globalModelId: encodeGlobalId('Model', 'm1'),
        globalModelName: 'claude-sonnet-4-5',
        globalModelDisplayName: 'Claude Sonnet 4.5',
        providerModelName: 'claude-sonnet-4-5-20250929',
        aliases: ['sonnet'],
        ttlSeconds: 240,
        hitCount: 2,
      },
      {
        providerId: encodeGlobalId('Provider', 'p2'),
        providerName: 'local',
        globalModelId: encodeGlobalId('Model', 'm2'),
        globalModelName: 'llama',
        globalModelDisplayName: null,
        providerModelName: 'llama-70b',
        aliases: [],
        ttlSeconds: 240,
        hitCount: 1,
      },
    ],
  });
});

test('modelMappingCache is empty and available before any request', async () => {
  const bench = await openBench();
  const { modelMappingCache } = await bench.ask(`{ modelMappingCache { ${FIELDS} } }`);
  const { available, totalKeys, hitRate, mappings, unmapped, providerModelMappings } = modelMappingCache;
  assert.deepEqual([available, totalKeys, hitRate], [true, 0, 0]);
  assert.deepEqual([mappings, unmapped, providerModelMappings], [[], [], []]);
});

test('modelMappingCache follows the catalogue at once', async () => {
  const bench = await openAsked();
  const [first] = bench.store.rows.mappings;
  assert.ok(first);
  await bench.parts.catalog.apply([{ kind: 'put-mapping', row: { ...first, aliases: [] } }]);
  const { modelMappingCache } = await bench.ask(
    '{ modelMappingCache { totalKeys invalidations mappings { mappingName } providerModelMappings { globalModelName } } }',
  );
  assert.deepEqual(modelMappingCache, {
    totalKeys: 4,
    invalidations: 2,
    mappings: [{ mappingName: 'llama-70b' }],
    providerModelMappings: [{ globalModelName: 'llama' }],
  });
});

test('modelMappingCache tells models that nothing serves', async () => {
  const bench = await openBench({ rows: { ...sampleRows(), accounts: [] } });
  bench.modelMappings.resolve(bench.parts.catalog.current, 'sonnet');
  const { modelMappingCache } = await bench.ask(
    '{ modelMappingCache { mappings { mappingName } unmapped { mappingName status } } }',
  );
  assert.deepEqual(modelMappingCache, {
    mappings: [],
    unmapped: [{ mappingName: 'sonnet', status: 'INVALID' }],
  });
});

test('modelMappingCache lists more than a hundred, and as few as wanted', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const catalog = bench.parts.catalog.current;
  for (let n = 0; n < 700; n += 1) bench.modelMappings.resolve(catalog, `n${String(n).padStart(3, '0')}`);
  const all = await bench.ask('{ modelMappingCache { unmapped { mappingName } } }');
  assert.equal(all.modelMappingCache.unmapped.length, 700);
  const few = await bench.ask('{ modelMappingCache { unmapped(first: 2) { mappingName } } }');
  assert.deepEqual(few.modelMappingCache.unmapped, [{ mappingName: 'n000' }, { mappingName: 'n001' }]);
  const { errors } = await bench.call('{ modelMappingCache { unmapped(first: 5001) { mappingName } } }');
  assert.match(errors[0]?.message ?? '', /first must be from 1 to 5000/);
});

const PAYLOAD = '{ clearedCount message clearedKeys errors { code message path } }';
const clears: [string, string[], string, number][] = [
  [
    'clearModelMapping(name: "vendor/none:free")',
    ['resolve:vendor/none:free'],
    'Cleared 1 model mapping entry of "vendor/none:free"',
    5,
  ],
  ['clearModelMapping(name: "unknown")', [], 'Cleared 0 model mapping entries of "unknown"', 6],
  [
    'clearProviderModelMapping(providerId: "p1", modelId: "m1")',
    ['provider-model:p1:m1'],
    'Cleared 1 model mapping entry of claude-sonnet-4-5 at provider "anthropic"',
    5,
  ],
  [
    `clearProviderModelMapping(providerId: "${encodeGlobalId('Provider', 'p2')}", modelId: "${encodeGlobalId('Model', 'm1')}")`,
    [],
    'Cleared 0 model mapping entries of claude-sonnet-4-5 at provider "local"',
    6,
  ],
  [
    'clearModelMappingCache',
    [
      'resolve:sonnet',
      'resolve:claude-sonnet-4-5',
      'resolve:llama-70b',
      'resolve:vendor/none:free',
      'provider-model:p2:m2',
      'provider-model:p1:m1',
    ],
    'Cleared 6 model mapping entries of all models',
    0,
  ],
];

for (const [mutation, clearedKeys, message, left] of clears) {
  test(`${mutation} clears ${clearedKeys.length}`, async () => {
    const bench = await openAsked();
    const told: LiveEvent[] = [];
    const publish = bench.live.publish.bind(bench.live);
    bench.live.publish = (event) => {
      told.push(event);
      publish(event);
    };
    const data = await bench.ask(`mutation { result: ${mutation} ${PAYLOAD} }`);
    const clearedCount = clearedKeys.length;
    assert.deepEqual(data.result, { clearedCount, message, clearedKeys, errors: [] });
    const event = { subject: 'model-mappings', atMs: START_MS, actor: 'admin-token', clearedCount, message };
    assert.deepEqual(told, clearedCount === 0 ? [] : [{ kind: 'cleared', event }]);
    const { modelMappingCache } = await bench.ask('{ modelMappingCache { totalKeys } }');
    assert.equal(modelMappingCache.totalKeys, left);
    assert.equal(bench.parts.catalog.current.rows.mappings.length, 2);
  });
}

for (const [mutation, path] of [
  ['clearProviderModelMapping(providerId: "gone", modelId: "m1")', 'providerId'],
  ['clearProviderModelMapping(providerId: "p1", modelId: "gone")', 'modelId'],
] as const) {
  test(`${mutation} says what it cannot find`, async () => {
    const bench = await openAsked();
    const { result } = await bench.ask(`mutation { result: ${mutation} ${PAYLOAD} }`);
    assert.deepEqual(
      [result.clearedCount, result.errors[0].code, result.errors[0].path],
      [0, 'not-found', [path]],
    );
  });
}
