// The model list and single models, as each dialect's clients expect them.

import assert from 'node:assert/strict';
import { type BenchOptions, createBench, gatewayTest, message, type SendOptions } from './fixture.ts';

const ANTHROPIC: SendOptions = { headers: { 'anthropic-version': '2023-06-01' } };
const GEMINI: SendOptions = { path: '/v1beta/models' };

const ONE = {
  openai: { id: 'claude-sonnet-4-5', object: 'model', created: 0, owned_by: 'warmpath' },
  anthropic: {
    type: 'model',
    id: 'claude-sonnet-4-5',
    display_name: 'claude-sonnet-4-5',
    created_at: '1970-01-01T00:00:00Z',
  },
  gemini: {
    name: 'models/claude-sonnet-4-5',
    displayName: 'claude-sonnet-4-5',
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  },
};
const FAR: BenchOptions = {
  accounts: [{ name: 'a', providerId: 'far' }],
  providers: { far: ['anthropic-messages'] },
};

for (const [name, sent, list] of [
  ['OpenAI', {}, { object: 'list', data: [ONE.openai] }],
  [
    'Anthropic',
    ANTHROPIC,
    { data: [ONE.anthropic], has_more: false, first_id: 'claude-sonnet-4-5', last_id: 'claude-sonnet-4-5' },
  ],
  ['Gemini', GEMINI, { models: [ONE.gemini] }],
] as const) {
  gatewayTest(
    `listModels() lists what can be called, also by translation, in the words of ${name}`,
    async () => {
      const bench = createBench(() => message(), FAR);
      const reply = await bench.send({ path: '/v1/models', ...sent, method: 'GET' });
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, list]);
      assert.deepEqual(
        [reply.row.outcome, reply.row.affinityReason, reply.row.apiKeyId, bench.calls.length],
        ['ok', 'not a model call', 'ada', 0],
      );
    },
  );
}

for (const [name, path, sent, one] of [
  ['its name', '/v1/models/claude-sonnet-4-5', {}, ONE.openai],
  ['an alias', '/v1/models/sonnet', ANTHROPIC, ONE.anthropic],
  ["a provider's name for it", '/v1beta/models/far-model', {}, ONE.gemini],
] as const) {
  gatewayTest(`listModels() finds one model by ${name}`, async () => {
    const bench = createBench(() => message(), FAR);
    const reply = await bench.send({ ...sent, method: 'GET', path });
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, one]);
  });
}

gatewayTest(
  'listModels() lists only what the dialect can be served with where translation is off',
  async () => {
    const bench = createBench(() => message(), { ...FAR, settings: { translation: false } });
    const lists = [
      await bench.send({ path: '/v1/models', method: 'GET' }),
      await bench.send({ ...ANTHROPIC, path: '/v1/models', method: 'GET' }),
      await bench.send({ ...GEMINI, method: 'GET' }),
    ];
    assert.deepEqual(
      lists.map(({ text }) => text.includes('claude-sonnet-4-5')),
      [false, true, false],
    );
    const none = JSON.parse(lists[0]?.text ?? '');
    assert.deepEqual(none, { object: 'list', data: [] });
  },
);

gatewayTest('listModels() lists models for embedding among the models of OpenAI', async () => {
  const bench = createBench(() => message(), {
    accounts: [{ name: 'a', providerId: 'far' }],
    providers: { far: ['openai-embeddings'] },
  });
  const openai = await bench.send({ path: '/v1/models', method: 'GET' });
  const anthropic = await bench.send({ ...ANTHROPIC, path: '/v1/models', method: 'GET' });
  assert.deepEqual([JSON.parse(openai.text).data.length, JSON.parse(anthropic.text).data.length], [1, 0]);
});

for (const [name, sent, code] of [
  ['OpenAI', { path: '/v1/models/nope' }, 'model_not_found'],
  ['Anthropic', { ...ANTHROPIC, path: '/v1/models/other' }, undefined],
  ['Gemini', { path: '/v1beta/models/nope' }, 404],
] as const) {
  gatewayTest(`listModels() refuses a model that cannot be called, in the words of ${name}`, async () => {
    const bench = createBench(() => message(), FAR);
    const reply = await bench.send({ ...sent, method: 'GET' });
    assert.deepEqual(
      [reply.status, reply.row.errorCode, reply.row.outcome],
      [404, 'model-not-found', 'rejected'],
    );
    assert.equal(JSON.parse(reply.text).error.code, code);
  });
}
