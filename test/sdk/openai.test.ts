// The official OpenAI SDK sees through the gateway exactly what it sees when it talks to the upstream itself.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { openProcessBench, type ProcessBench } from '../process/bench.ts';
import { API_KEY, FAULT_MODELS, MODELS } from '../process/config.ts';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { promptFor, RETRY_AFTER_SECONDS, type Scenario } from '../process/replies.ts';
import { rowOf } from '../process/rows.ts';
import { drained, errorView, rejection } from './bench.ts';

interface Asked {
  model?: string;
  marker?: string;
}

describe('the OpenAI SDK', { skip: SKIP_REASON }, () => {
  let bench: ProcessBench;
  let direct: OpenAI;
  let through: OpenAI;

  before(async () => {
    bench = await openProcessBench();
    direct = clientAt(bench.upstream.origin, 'sk-of-nobody');
    through = clientAt(bench.gateway.origin, API_KEY);
  });
  after(() => bench?.close());

  for (const scenario of ['text', 'tool'] as const) {
    it(`sees the same whole reply: ${scenario}`, async () => {
      const [own, ours] = await Promise.all([wholeView(direct, scenario), wholeView(through, scenario)]);
      assert.deepEqual(ours, own);
      assert.equal(ours.completion.usage?.prompt_tokens_details?.cached_tokens, 4096);
      assert.equal(ours.completion.choices[0]?.finish_reason, scenario === 'tool' ? 'tool_calls' : 'stop');
    });

    it(`sees the same chunks: ${scenario}`, async () => {
      const [own, ours] = await Promise.all([streamView(direct, scenario), streamView(through, scenario)]);
      assert.deepEqual(ours, own);
      assert.equal(ours.error, null);
      assert.equal(ours.chunks.at(-1)?.usage?.completion_tokens, 33);
    });

    it(`puts the same final completion together: ${scenario}`, async () => {
      const final = (client: OpenAI) =>
        client.chat.completions.stream({ ...asked(scenario), stream: true }).finalChatCompletion();
      const [own, ours] = await Promise.all([final(direct), final(through)]);
      assert.deepEqual(ours, own);
    });
  }

  it('is given our request id and finds that of the upstream beside it', async () => {
    const call = through.chat.completions.create(asked('text'), {
      headers: { 'x-request-id': 'openai-own-id' },
    });
    assert.equal((await call)._request_id, 'openai-own-id');
    const { response } = await call.withResponse();
    assert.equal(response.headers.get('x-upstream-request-id'), 'req_openai_test');
    assert.equal((await rowOf(bench.gateway, 'openai-own-id')).status, 200);
  });

  for (const stream of [false, true]) {
    it(`sees the refusal of ${stream ? 'a stream' : 'a request'} as the upstream worded it`, async () => {
      const ask = (client: OpenAI) =>
        rejection(client.chat.completions.create({ ...asked('bad-request'), stream }));
      const [own, ours] = await Promise.all([ask(direct), ask(through)]);
      assert.ok(ours instanceof OpenAI.BadRequestError);
      assert.deepEqual(viewOf(ours), viewOf(own));
      assert.equal(ours.param, 'messages[0].content');
    });
  }

  it('sees 503 as the upstream worded it when every account is overloaded', async () => {
    const ask = (client: OpenAI) =>
      rejection(client.chat.completions.create(asked('overloaded', { model: 'openai-fault-a' })));
    const [own, ours] = await Promise.all([ask(direct), ask(through)]);
    assert.ok(ours instanceof OpenAI.InternalServerError);
    assert.equal(ours.status, 503);
    assert.deepEqual(viewOf(ours), viewOf(own));
  });

  it('sees 429 with the wait that the upstream asked for', async () => {
    const error = await rejection(
      through.chat.completions.create(asked('rate-limited', { model: 'openai-fault-b' })),
    );
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.equal(error.headers?.get('retry-after'), String(RETRY_AFTER_SECONDS));
  });

  it('sees an error in the middle of a stream, and all before it', async () => {
    const model = 'openai-fault-c';
    const [own, ours] = await Promise.all(
      [direct, through].map((client) => streamView(client, 'error-in-stream', { model })),
    );
    assert.deepEqual(ours, own);
    assert.match(String(ours?.error?.message), /The server had an error/);
    assert.equal(ours?.chunks.length, 4);
  });

  it('sees an error when the upstream breaks off, never a silent end', async () => {
    const ours = await streamView(through, 'broken-off', { model: 'openai-fault-c' });
    assert.equal(ours.chunks.length, 4);
    assert.equal(ours.error?.class, 'APIError');
    assert.match(String(ours.error?.message), /broke off/);
  });

  it('can hang up in the middle of a stream', async () => {
    const stream = await through.chat.completions.create(
      { ...asked('never-ending', { marker: 'openai-abort' }), stream: true },
      { headers: { 'x-request-id': 'openai-abort' } },
    );
    const call = await bench.upstream.callThatSays('openai-abort');
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort();
    await eventually('the closed connection', () => call.isAbandoned);
    const row = await rowOf(bench.gateway, 'openai-abort');
    assert.deepEqual([row.status, row.outcome, row.usageSource], [499, 'CLIENT_GONE', 'NONE']);
  });

  it('can hang up before the reply begins', async () => {
    const abort = new AbortController();
    const asking = rejection(
      through.chat.completions.create(asked('silent', { marker: 'openai-early-abort' }), {
        signal: abort.signal,
        headers: { 'x-request-id': 'openai-early-abort' },
      }),
    );
    const call = await bench.upstream.callThatSays('openai-early-abort');
    abort.abort();
    assert.ok((await asking) instanceof OpenAI.APIUserAbortError);
    await eventually('the closed connection', () => call.isAbandoned);
    assert.equal((await rowOf(bench.gateway, 'openai-early-abort')).status, 499);
  });

  it('is refused with a key that is not known', async () => {
    const stranger = clientAt(bench.gateway.origin, 'sk-of-nobody');
    const error = await rejection(stranger.chat.completions.create(asked('text')));
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    assert.doesNotMatch(JSON.stringify(errorView(error)), /sk-of-nobody/);
  });

  it('is told which models exist when it asks for another', async () => {
    const error = await rejection(through.chat.completions.create(asked('text', { model: 'gpt-unknown' })));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
    assert.equal(error.param, 'model');
    assert.match(error.message, /gpt-unknown.*gpt-5-mini/);
  });

  it('is told that the other operations are not available', async () => {
    const calls: [string, () => PromiseLike<unknown>][] = [
      ['files', () => through.files.list()],
      ['images', () => through.images.generate({ model: MODELS.openai, prompt: 'hello' })],
      ['moderations', () => through.moderations.create({ input: 'hello' })],
    ];
    for (const [operation, call] of calls) {
      const error = await rejection(call());
      assert.ok(error instanceof OpenAI.NotFoundError, operation);
      assert.match(error.message, /not available/, operation);
    }
  });

  it('lists the models that it can ask for, those of other dialects too', async () => {
    const { items, error } = await drained(through.models.list());
    assert.equal(error, null);
    const ids = items.map(({ id, object }) => `${object} ${id}`).sort();
    const families = ['anthropic', 'openai'] as const;
    const models = families.flatMap((family) => [
      MODELS[family],
      ...FAULT_MODELS.map((name) => `${family}-${name}`),
    ]);
    assert.deepEqual(ids, models.map((name) => `model ${name}`).sort());
  });

  it('sends its own headers on but not its key', async () => {
    await through.chat.completions.create(asked('text', { marker: 'openai-headers' }));
    const { headers } = await bench.upstream.callThatSays('openai-headers');
    assert.match(String(headers['user-agent']), /^OpenAI/);
    assert.equal(headers['x-stainless-lang'], 'js');
    assert.doesNotMatch(JSON.stringify(headers), new RegExp(API_KEY));
  });
});

function clientAt(origin: string, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0 });
}

function asked(scenario: Scenario, { model = MODELS.openai, marker = '' }: Asked = {}) {
  const content = promptFor(scenario, marker);
  return { model, messages: [{ role: 'user' as const, content }] };
}

async function wholeView(client: OpenAI, scenario: Scenario) {
  const { data, response } = await client.chat.completions.create(asked(scenario)).withResponse();
  const limits = response.headers.get('x-ratelimit-remaining-requests');
  const processingMs = response.headers.get('openai-processing-ms');
  return { completion: { ...data }, status: response.status, limits, processingMs };
}

async function streamView(client: OpenAI, scenario: Scenario, options: Asked = {}) {
  const request = {
    ...asked(scenario, options),
    stream: true,
    stream_options: { include_usage: true },
  } as const;
  const { items, error } = await drained(await client.chat.completions.create(request));
  return { chunks: items, error: error === null ? null : viewOf(error) };
}

/** All but the request id, which is ours: the SDK takes it from the very header that the gateway gives its own in. */
function viewOf(error: unknown): Record<string, unknown> {
  const { requestID, ...view } = errorView(error);
  return view;
}
