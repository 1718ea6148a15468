// Affinities, counters, configuration and model names under Aether's paths, as its TypeScript client reads them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { AffinityHistory } from '../../server/gateway/affinity-history.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { SURFACES } from '../../server/wire/surface.ts';
import { openBench } from '../graphql/admin-bench.ts';
import { ADA, keysOf, openBound } from '../graphql/bound-bench.ts';
import { START_MS, sampleBinding, sampleRows } from '../graphql/sample-rows.ts';
import {
  AffinityList,
  CacheConfig,
  CacheStats,
  ModelMappingStats,
  restCaller,
  UserAffinity,
} from './client.ts';

const CACHE = '/api/admin/monitoring/cache';

async function open() {
  const bench = await openBound();
  return { bench, call: restCaller(bench) };
}

test('getStats() reads counters under data, every field of the type there', async () => {
  const { call } = await open();
  const { status, body } = await call('GET', `${CACHE}/stats`);
  const stats = v.parse(CacheStats, body.data);
  assert.deepEqual([status, body.status], [200, 'ok']);
  assert.equal(stats.affinity_stats.active_affinities, 5);
  assert.equal(stats.affinity_stats.config.default_ttl, 300);
});

test('getStats() gives each counter under its own name', async () => {
  const counters = () => ({
    total: 11,
    hits: 6,
    misses: 2,
    invalidations: new Map([['cleared', 13]] as const),
    borrowed: 17,
    expired: 19,
    providerSwitches: 23,
    keySwitches: 29,
  });
  const nothing = {
    get: () => null,
    peek: () => null,
    clear: () => [],
    pin: () => null,
    move: () => null,
    sweep: () => {},
  };
  const history = new AffinityHistory(0);
  const affinity = { ...nothing, history, list: () => [sampleBinding('one')], counters };
  const call = restCaller(await openBench({ rows: sampleRows(), parts: { affinity } }));
  const { data } = (await call('GET', `${CACHE}/stats`)).body;
  assert.deepEqual(v.parse(CacheStats, data), {
    scheduler: 'warm-cost',
    cache_reservation_ratio: 0.1,
    affinity_stats: {
      storage_type: 'memory',
      total_affinities: 11,
      active_affinities: 1,
      cache_hits: 6,
      cache_misses: 2,
      cache_hit_rate: 0.75,
      cache_invalidations: 13,
      provider_switches: 23,
      key_switches: 29,
      config: { default_ttl: 300 },
    },
  });
});

test('getConfig() reads all eight parameters of the reservation with what each means', async () => {
  const { call } = await open();
  const config = v.parse(CacheConfig, (await call('GET', `${CACHE}/config`)).body.data);
  assert.deepEqual(config.dynamic_reservation.config, {
    probe_phase_requests: 100,
    probe_reservation: 0.1,
    stable_min_reservation: 0.1,
    stable_max_reservation: 0.35,
    low_load_threshold: 0.5,
    high_load_threshold: 0.8,
    success_count_for_full_confidence: 50,
    cooldown_hours_for_full_confidence: 24,
  });
  assert.deepEqual(
    Object.keys(config.dynamic_reservation.description),
    Object.keys(config.dynamic_reservation.config),
  );
  const { cache_ttl_seconds, cache_reservation_ratio, dynamic_reservation } = config;
  assert.deepEqual(
    [cache_ttl_seconds, cache_reservation_ratio, dynamic_reservation.enabled],
    [300, 0.1, true],
  );
});

test('listAffinities() reads all 23 fields, the total and the matched user', async () => {
  const { call } = await open();
  const { body } = await call('GET', `${CACHE}/affinities`);
  const list = v.parse(AffinityList, body.data);
  assert.deepEqual([list.total, list.items.length, list.matched_user_id], [5, 5, null]);
  assert.deepEqual(list.items[0], {
    affinity_key: encodeGlobalId('ApiKey', 'k1'),
    user_api_key_name: 'ada-laptop',
    user_api_key_prefix: 'wp_a…0001',
    is_standalone: false,
    user_id: ADA,
    username: 'ada',
    email: 'ada@example.com',
    provider_id: encodeGlobalId('Provider', 'p1'),
    provider_name: 'anthropic',
    endpoint_id: encodeGlobalId('Endpoint', 'e1'),
    endpoint_api_format: 'claude',
    endpoint_url: 'https://api.anthropic.com',
    key_id: encodeGlobalId('Account', 'a1'),
    key_name: 'team-a',
    key_prefix: 'sk-s…abcd',
    rate_multiplier: 1,
    global_model_id: encodeGlobalId('Model', 'm1'),
    model_name: 'claude-sonnet-4-5',
    model_display_name: 'Claude Sonnet 4.5',
    api_format: 'claude',
    created_at: START_MS / 1000,
    expire_at: (START_MS + 500) / 1000,
    request_count: 9,
  });
  const found = await call('GET', `${CACHE}/affinities?keyword=ada@example.com`);
  assert.deepEqual([found.body.data.total, found.body.data.matched_user_id], [3, ADA]);
  const page = await call('GET', `${CACHE}/affinities?limit=2&offset=3`);
  assert.deepEqual(page.body.data.meta, { total: 5, limit: 2, offset: 3, count: 2 });
  assert.deepEqual([page.body.data.total, page.body.data.items.length], [5, 2]);
});

for (const [identifier, count] of [
  ['ada', 3],
  ['ada@example.com', 3],
  [ADA, 3],
  [encodeGlobalId('ApiKey', 'k2'), 1],
] as const) {
  test(`getUserAffinity(${identifier}) reads every affinity of it`, async () => {
    const { call } = await open();
    const { body } = await call('GET', `${CACHE}/affinity/${identifier}`);
    assert.equal(body.status, 'ok');
    assert.equal(v.parse(v.array(UserAffinity), body.affinities).length, count);
  });
}

test('getUserAffinity() and clearUserCache() take names with slashes, as the client sends them', async () => {
  const rows = sampleRows();
  const users = [{ id: 'u1', username: 'team/ada', email: null }];
  const bench = await openBench({ rows: { ...rows, users } });
  bench.affinity.restore([sampleBinding('one')]);
  const call = restCaller(bench);
  for (const name of ['team/ada', 'team%2Fada']) {
    const { body } = await call('GET', `${CACHE}/affinity/${name}`);
    assert.deepEqual([body.status, body.user_info?.username], ['ok', 'team/ada'], name);
  }
  assert.equal((await call('DELETE', `${CACHE}/users/team/ada`)).status, 200);
  assert.deepEqual(keysOf(bench), []);
});

test('getUserAffinity() of nobody, and of somebody without affinities, is not_found with 200', async () => {
  const { call } = await open();
  for (const identifier of ['nobody-at-all', 'bob']) {
    const { status, body } = await call('GET', `${CACHE}/affinity/${identifier}`);
    assert.deepEqual([status, body.status], [200, 'not_found'], identifier);
  }
});

test('clearUserCache() clears a user, or one key, and is 404 for nobody', async () => {
  const { bench, call } = await open();
  await call('DELETE', `${CACHE}/users/${encodeGlobalId('ApiKey', 'k2')}`);
  assert.deepEqual(keysOf(bench), ['laptop-1', 'laptop-2', 'nobody', 'robot']);
  assert.equal((await call('DELETE', `${CACHE}/users/ada@example.com`)).status, 200);
  assert.deepEqual(keysOf(bench), ['nobody', 'robot']);
  const { status, body } = await call('DELETE', `${CACHE}/users/nobody-at-all`);
  assert.equal(status, 404);
  assert.equal(typeof body.detail, 'string');
});

test('clearSingleAffinity() takes what the list gave, clears every session of it, and is 404 when there is none', async () => {
  const { bench, call } = await open();
  const { items } = (await call('GET', `${CACHE}/affinities`)).body.data;
  const { affinity_key, endpoint_id, global_model_id, api_format } = items[0];
  const path = `${CACHE}/affinity/${affinity_key}/${endpoint_id}/${global_model_id}/${api_format}`;
  assert.equal((await call('DELETE', path)).status, 200);
  assert.deepEqual(keysOf(bench), ['ci', 'nobody', 'robot']);
  assert.equal((await call('DELETE', path)).status, 404);
  assert.equal((await call('DELETE', path.replace('/claude', '/smoke-signals'))).status, 404);
});

test('clearSingleAffinity() leaves what differs in the key, the endpoint, the model or the format', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([
    sampleBinding('one'),
    sampleBinding('key', { apiKeyId: 'k2' }),
    sampleBinding('endpoint', { endpointId: 'e2' }),
    sampleBinding('model', { modelId: 'm2' }),
    sampleBinding('format', { surface: 'gemini' }),
  ]);
  const call = restCaller(bench);
  const [key, endpoint, model] = [
    encodeGlobalId('ApiKey', 'k1'),
    encodeGlobalId('Endpoint', 'e1'),
    encodeGlobalId('Model', 'm1'),
  ];
  const { body } = await call('DELETE', `${CACHE}/affinity/${key}/${endpoint}/${model}/claude`);
  assert.equal(body.count, 1);
  assert.deepEqual(keysOf(bench), ['endpoint', 'format', 'key', 'model']);
});

test('each API format of the list is one that clearSingleAffinity() takes', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore(SURFACES.map((surface) => sampleBinding(surface, { surface })));
  const call = restCaller(bench);
  const { items } = (await call('GET', `${CACHE}/affinities`)).body.data;
  const formats = items.map(({ api_format }: { api_format: string }) => api_format);
  assert.deepEqual(formats.toSorted(), ['claude', 'gemini', 'openai', 'openai_cli', 'openai_embeddings']);
  const { affinity_key, endpoint_id, global_model_id } = items[0];
  for (const [index, format] of formats.entries()) {
    const path = `${CACHE}/affinity/${affinity_key}/${endpoint_id}/${global_model_id}/${format}`;
    assert.equal((await call('DELETE', path)).body.count, 1, format);
    assert.equal(keysOf(bench).length, SURFACES.length - index - 1);
  }
});

test('clearProviderCache() and clearAllCache() count what they cleared; an unknown provider counts 0', async () => {
  const { bench, call } = await open();
  const id = encodeGlobalId('Provider', 'p2');
  const one = (await call('DELETE', `${CACHE}/providers/${id}`)).body;
  assert.deepEqual([one.count, one.provider_id], [1, id]);
  const unknown = await call('DELETE', `${CACHE}/providers/nowhere`);
  assert.deepEqual([unknown.status, unknown.body.count], [200, 0]);
  assert.equal((await call('DELETE', CACHE)).body.count, 4);
  assert.deepEqual(keysOf(bench), []);
});

test('modelMappingCacheApi.getStats() reads what names stand for, every field of the types', async () => {
  const bench = await openAsked();
  await bench.clock.advance(60_000);
  const { data } = (await restCaller(bench)('GET', `${CACHE}/model-mapping/stats`)).body;
  assert.deepEqual(v.parse(ModelMappingStats, data), {
    available: true,
    ttl_seconds: 300,
    total_keys: 6,
    breakdown: {
      model_by_id: 0,
      model_by_provider_global: 2,
      global_model_by_id: 0,
      global_model_by_name: 2,
      global_model_resolve: 2,
    },
    mappings: [
      {
        mapping_name: 'claude-sonnet-4-5-20250929',
        global_model_name: 'claude-sonnet-4-5',
        global_model_display_name: 'Claude Sonnet 4.5',
        providers: ['anthropic'],
        ttl: 240,
      },
    ],
    unmapped: [{ mapping_name: 'meta/llama-3', status: 'not_found', ttl: 240 }],
    // A model that goes by its own name on both sides is no mapping.
    provider_model_mappings: [
      {
        provider_id: encodeGlobalId('Provider', 'p1'),
        provider_name: 'anthropic',
        global_model_id: encodeGlobalId('Model', 'm1'),
        global_model_name: 'claude-sonnet-4-5',
        global_model_display_name: 'Claude Sonnet 4.5',
        provider_model_name: 'claude-sonnet-4-5-20250929',
        // Without aliases it is asked for by its own name.
        aliases: ['claude-sonnet-4-5'],
        ttl: 240,
        hit_count: 2,
      },
    ],
  });
});

test('modelMappingCacheApi clears what it lists: a name with a slash, a pair, the rest', async () => {
  const call = restCaller(await openAsked());
  const clear = async (path: string) => (await call('DELETE', `${CACHE}/model-mapping${path}`)).body;
  assert.deepEqual((await clear('/meta%2Fllama-3')).deleted_keys, ['resolve:meta/llama-3']);
  const { provider_model_mappings: pairs } = (await call('GET', `${CACHE}/model-mapping/stats`)).body.data;
  const pair = `/provider/${pairs[0].provider_id}/${pairs[0].global_model_id}`;
  assert.deepEqual((await clear(pair)).deleted_keys, ['provider-model:p1:m1']);
  const { data } = (await call('GET', `${CACHE}/model-mapping/stats`)).body;
  assert.deepEqual([data.unmapped, data.provider_model_mappings, data.total_keys], [null, null, 4]);
  assert.equal((await clear('')).deleted_count, 4);
});

test('clearProviderModel() of what is unknown clears nothing, with 200', async () => {
  const { call } = await open();
  const { status, body } = await call('DELETE', `${CACHE}/model-mapping/provider/gone/too`);
  assert.deepEqual([status, body.status, body.deleted_keys], [200, 'ok', []]);
});

/** Names that requests asked for, and mappings they were sent by; one model is called the same everywhere. */
async function openAsked() {
  const rows = sampleRows();
  const mappings = (rows.mappings ?? []).map((row) => ({
    ...row,
    upstreamModel: row.id === 'mm2' ? 'llama' : row.upstreamModel,
    aliases: [],
  }));
  const bench = await openBench({ rows: { ...rows, mappings } });
  const catalog = bench.parts.catalog.current;
  for (const name of ['claude-sonnet-4-5', 'llama', 'claude-sonnet-4-5-20250929', 'meta/llama-3'])
    bench.modelMappings.resolve(catalog, name);
  for (const [modelId, surface] of [
    ['m1', 'anthropic-messages'],
    ['m1', 'anthropic-messages'],
    ['m2', 'openai-chat'],
  ] as const) {
    const [candidate] = catalog.candidates(modelId, surface);
    assert.ok(candidate);
    bench.modelMappings.used(catalog, candidate);
  }
  return bench;
}

test('modelMappingCacheApi reads and clears, names with slashes too', async () => {
  const { call } = await open();
  const { body } = await call('GET', `${CACHE}/model-mapping/stats`);
  const stats = v.parse(ModelMappingStats, body.data);
  assert.deepEqual([stats.available, stats.ttl_seconds, stats.unmapped], [true, 300, null]);
  const all = (await call('DELETE', `${CACHE}/model-mapping`)).body;
  assert.deepEqual([all.status, all.deleted_count], ['ok', 0]);
  for (const path of ['meta%2Fllama-3', 'meta/llama-3']) {
    const { status, body: one } = await call('DELETE', `${CACHE}/model-mapping/${path}`);
    assert.deepEqual([status, one.model_name, one.deleted_keys], [200, 'meta/llama-3', []]);
  }
  const [provider, model] = [encodeGlobalId('Provider', 'p1'), encodeGlobalId('Model', 'm1')];
  const pair = (await call('DELETE', `${CACHE}/model-mapping/provider/${provider}/${model}`)).body;
  assert.deepEqual([pair.provider_id, pair.global_model_id], [provider, model]);
});
