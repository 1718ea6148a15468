// Calls that are no conversations (counting, embedding), and models that are named in the path.

import assert from 'node:assert/strict';
import type { Surface } from '../../server/wire/surface.ts';
import { type BenchOptions, createBench, gatewayTest, jsonAnswer } from './fixture.ts';

const EVERY: readonly Surface[] = ['anthropic-messages', 'openai-embeddings', 'gemini'];
const OMNI: BenchOptions = {
  accounts: [
    { name: 'a', providerId: 'omni' },
    { name: 'b', providerId: 'omni' },
  ],
  providers: { omni: EVERY },
};
const MODEL = 'claude-sonnet-4-5';

interface Call {
  path: string;
  body: string;
  url: string;
  /** What the upstream gets. */
  sent: string;
  answer: object;
  inputTokens: number | null;
}
const CALLS: readonly Call[] = [
  {
    path: '/v1/messages/count_tokens',
    body: `{"model":"${MODEL}","messages":[]}`,
    url: 'https://omni.test/v1/messages/count_tokens',
    sent: '{"model":"omni-model","messages":[]}',
    answer: { input_tokens: 7 },
    inputTokens: null,
  },
  {
    path: `/v1beta/models/${MODEL}:countTokens`,
    body: '{"contents": []}',
    url: 'https://omni.test/v1beta/models/omni-model:countTokens',
    sent: '{"contents": []}',
    answer: { totalTokens: 7 },
    inputTokens: null,
  },
  {
    path: '/v1/embeddings',
    body: `{"input":"x", "model":"${MODEL}"}`,
    url: 'https://omni.test/v1/embeddings',
    sent: '{"input":"x", "model":"omni-model"}',
    answer: { object: 'list', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } },
    inputTokens: 8,
  },
  {
    path: `/v1beta/models/${MODEL}:embedContent`,
    body: `{ "model":"models/${MODEL}","content":{} }`,
    url: 'https://omni.test/v1beta/models/omni-model:embedContent',
    sent: '{ "model":"models/omni-model","content":{} }',
    answer: { embedding: { values: [], statistics: { tokenCount: 3 } } },
    inputTokens: 3,
  },
  {
    path: `/v1beta/models/${MODEL}:batchEmbedContents`,
    body: `{ "requests" : [{"model":"models/${MODEL}","content":{"parts":[{"text":"a"}]}},{"content":{}}] }`,
    url: 'https://omni.test/v1beta/models/omni-model:batchEmbedContents',
    sent: '{ "requests" : [{"model":"models/omni-model","content":{"parts":[{"text":"a"}]}},{"content":{}}] }',
    answer: { embeddings: [{ values: [] }] },
    inputTokens: null,
  },
];

for (const { path, body, url, sent, answer, inputTokens } of CALLS) {
  gatewayTest(`handleExchange() sends ${path} on in its own dialect, bound to no account`, async () => {
    const bench = createBench(() => jsonAnswer(200, answer), OMNI);
    for (let round = 0; round < 4; round += 1) {
      const { status, text, row } = await bench.send({ path, body, session: 's' });
      assert.deepEqual([status, JSON.parse(text)], [200, answer]);
      assert.deepEqual(
        [
          row.affinity,
          row.affinityReason,
          row.isStreamed,
          row.inputTokens,
          row.requestedModel,
          row.upstreamModel,
        ],
        ['none', 'not a call that has a prompt cache', false, inputTokens, MODEL, 'omni-model'],
      );
    }
    assert.deepEqual([bench.calls[0]?.url, bench.calls[0]?.body], [url, sent]);
    assert.deepEqual(
      bench.calls.map(({ account }) => account),
      ['a', 'b', 'a', 'b'],
    );
    assert.equal(bench.parts.affinity.list().length, 0);
  });
}

for (const [path, url, isStreamed] of [
  [
    `/v1beta/models/${MODEL}:generateContent`,
    'https://omni.test/v1beta/models/omni-model:generateContent',
    false,
  ],
  [
    `/v1beta/models/${MODEL}:streamGenerateContent?alt=sse&beta=true`,
    'https://omni.test/v1beta/models/omni-model:streamGenerateContent?alt=sse',
    true,
  ],
  [
    `/v1beta/models/${MODEL}:streamGenerateContent?key=x`,
    'https://omni.test/v1beta/models/omni-model:streamGenerateContent',
    true,
  ],
  [
    `/v1beta/models/models%2F${MODEL}:generateContent`,
    'https://omni.test/v1beta/models/omni-model:generateContent',
    false,
  ],
] as const) {
  gatewayTest(`handleExchange() puts the model's upstream name into the path of ${path}`, async () => {
    const answer = { candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }] };
    const bench = createBench(
      () =>
        isStreamed
          ? new Response(
              url.endsWith('sse') ? `data: ${JSON.stringify(answer)}\n\n` : JSON.stringify([answer]),
              {
                headers: { 'content-type': url.endsWith('sse') ? 'text/event-stream' : 'application/json' },
              },
            )
          : jsonAnswer(200, answer),
      OMNI,
    );
    const body = '{ "contents" : [] }';
    const { row } = await bench.send({ path, body });
    assert.deepEqual([bench.calls[0]?.url, bench.calls[0]?.body], [url, body]);
    assert.deepEqual([row.outcome, row.isStreamed], ['ok', isStreamed]);
  });
}

for (const [name, path, headers] of [
  [
    'a header of its own',
    `/v1beta/models/${MODEL}:generateContent`,
    { 'x-goog-api-key': 'wp_ada-0123456789abcdef' },
  ],
  ['the query', `/v1beta/models/${MODEL}:generateContent?key=wp_ada-0123456789abcdef`, {}],
] as const) {
  gatewayTest(
    `handleExchange() takes a Gemini client's key from ${name} and sends it to nobody`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, { candidates: [] }), OMNI);
      const { status, row } = await bench.send({
        key: null,
        path,
        headers: { ...headers },
        body: '{"contents":[]}',
      });
      assert.deepEqual(
        [status, row.apiKeyId, row.path],
        [200, 'ada', `/v1beta/models/${MODEL}:generateContent`],
      );
      const [call] = bench.calls;
      assert.equal(call?.headers.get('x-goog-api-key'), 'secret-a');
      assert.doesNotMatch(call?.url ?? '', /wp_ada/);
    },
  );
}

gatewayTest("handleExchange() takes no key from another dialect's query", async () => {
  const bench = createBench(() => jsonAnswer(200, {}), OMNI);
  const { status } = await bench.send({ key: null, path: '/v1/messages?key=wp_ada-0123456789abcdef' });
  assert.equal(status, 401);
});
