// The official Anthropic SDK sees through the gateway exactly what it sees when it talks to the upstream itself.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
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

describe('the Anthropic SDK', { skip: SKIP_REASON }, () => {
  let bench: ProcessBench;
  let direct: Anthropic;
  let through: Anthropic;

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
      assert.equal(ours.requestId, 'req_011Test');
      assert.equal(ours.message.usage.cache_creation?.ephemeral_1h_input_tokens, 48);
      assert.equal(ours.message.stop_reason, scenario === 'tool' ? 'tool_use' : 'end_turn');
    });

    it(`sees the same events and the same final message: ${scenario}`, async () => {
      const [own, ours] = await Promise.all([streamView(direct, scenario), streamView(through, scenario)]);
      assert.deepEqual(ours, own);
      assert.equal(ours.error, null);
      assert.ok(ours.events.length >= 8);
      assert.equal(ours.final?.usage.output_tokens, 33);
    });
  }

  it('sees raw events of a stream without help from the SDK', async () => {
    const rawEvents = async (client: Anthropic) => {
      const stream = await client.messages.create({ ...asked('text'), stream: true });
      return drained(stream);
    };
    const [own, ours] = await Promise.all([rawEvents(direct), rawEvents(through)]);
    assert.deepEqual(ours, own);
    assert.equal(ours.items.at(-1)?.type, 'message_stop');
  });

  it('sees the same through its beta operations', async () => {
    const ask = (client: Anthropic) =>
      client.beta.messages.create({ ...asked('tool'), betas: ['context-1m-2025-08-07'] });
    const [own, ours] = await Promise.all([ask(direct), ask(through)]);
    assert.deepEqual(ours, own);
    assert.equal(ours.stop_reason, 'tool_use');
  });

  it('sees the refusal of the upstream as the upstream worded it', async () => {
    const ask = (client: Anthropic) => rejection(client.messages.create(asked('bad-request')));
    const [own, ours] = await Promise.all([ask(direct), ask(through)]);
    assert.ok(ours instanceof Anthropic.BadRequestError);
    assert.deepEqual(errorView(ours), errorView(own));
    assert.equal(ours.requestID, 'req_011Test');
  });

  it('sees the refusal of a stream as the upstream worded it', async () => {
    const ask = (client: Anthropic) =>
      rejection(client.messages.create({ ...asked('bad-request'), stream: true }));
    const [own, ours] = await Promise.all([ask(direct), ask(through)]);
    assert.ok(ours instanceof Anthropic.BadRequestError);
    assert.deepEqual(errorView(ours), errorView(own));
  });

  it('sees 529 as the upstream worded it when every account is overloaded', async () => {
    const ask = (client: Anthropic) =>
      rejection(client.messages.create(asked('overloaded', { model: 'anthropic-fault-a' })));
    const [own, ours] = await Promise.all([ask(direct), ask(through)]);
    assert.ok(ours instanceof Anthropic.InternalServerError);
    assert.equal(ours.status, 529);
    assert.deepEqual(errorView(ours), errorView(own));
  });

  it('sees 429 with the wait that the upstream asked for', async () => {
    const error = await rejection(
      through.messages.create(asked('rate-limited', { model: 'anthropic-fault-b' })),
    );
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.type, 'rate_limit_error');
    assert.equal(error.headers?.get('retry-after'), String(RETRY_AFTER_SECONDS));
  });

  it('sees an error in the middle of a stream, and all before it', async () => {
    const model = 'anthropic-fault-c';
    const [own, ours] = await Promise.all(
      [direct, through].map((client) => streamView(client, 'error-in-stream', { model })),
    );
    assert.deepEqual(ours, own);
    assert.match(String(ours?.error?.message), /overloaded_error/);
    // The SDK keeps the ping to itself.
    assert.equal(ours?.events.length, 3);
  });

  it('sees an error when the upstream breaks off, never a silent end', async () => {
    const ours = await streamView(through, 'broken-off', { model: 'anthropic-fault-c' });
    assert.equal(ours.events.length, 3);
    assert.equal(ours.error?.class, 'APIError');
    assert.match(String(ours.error?.message), /api_error.*broke off/);
  });

  it('can hang up in the middle of a stream', async () => {
    const stream = await through.messages.create(
      { ...asked('never-ending', { marker: 'anthropic-abort' }), stream: true },
      { headers: { 'x-request-id': 'anthropic-abort' } },
    );
    const call = await bench.upstream.callThatSays('anthropic-abort');
    for await (const event of stream) if (event.type === 'content_block_delta') stream.controller.abort();
    await eventually('the closed connection', () => call.isAbandoned);
    const row = await rowOf(bench.gateway, 'anthropic-abort');
    assert.deepEqual([row.status, row.outcome, row.usageSource], [499, 'CLIENT_GONE', 'PARTIAL']);
    assert.deepEqual([row.inputTokens, row.cacheReadTokens], [6156, 4096]);
  });

  it('can hang up before the reply begins', async () => {
    const abort = new AbortController();
    const asking = rejection(
      through.messages.create(asked('silent', { marker: 'anthropic-early-abort' }), {
        signal: abort.signal,
        headers: { 'x-request-id': 'anthropic-early-abort' },
      }),
    );
    const call = await bench.upstream.callThatSays('anthropic-early-abort');
    abort.abort();
    assert.ok((await asking) instanceof Anthropic.APIUserAbortError);
    await eventually('the closed connection', () => call.isAbandoned);
    assert.equal((await rowOf(bench.gateway, 'anthropic-early-abort')).status, 499);
  });

  it('is refused with a key that is not known', async () => {
    const stranger = clientAt(bench.gateway.origin, 'sk-ant-of-nobody');
    const error = await rejection(stranger.messages.create(asked('text')));
    assert.ok(error instanceof Anthropic.AuthenticationError);
    assert.equal(error.type, 'authentication_error');
    assert.doesNotMatch(JSON.stringify(errorView(error)), /sk-ant-of-nobody/);
  });

  it('is told which models exist when it asks for another', async () => {
    const error = await rejection(through.messages.create(asked('text', { model: 'claude-unknown' })));
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.type, 'not_found_error');
    assert.match(error.message, /claude-unknown.*claude-sonnet-5/);
  });

  it('is told that the other operations are not available', async () => {
    for (const call of [through.messages.batches.list(), through.messages.batches.retrieve('msgbatch_1')]) {
      const error = await rejection(call);
      assert.ok(error instanceof Anthropic.NotFoundError);
      assert.equal(error.type, 'not_found_error');
      assert.match(error.message, /not available/);
    }
  });

  it('lists the models that it can ask for, those of other dialects too', async () => {
    const { items, error } = await drained(through.models.list());
    assert.equal(error, null);
    const ids = items.map(({ id, type }) => `${type} ${id}`).sort();
    const families = ['anthropic', 'openai'] as const;
    const models = families.flatMap((family) => [
      MODELS[family],
      ...FAULT_MODELS.map((name) => `${family}-${name}`),
    ]);
    assert.deepEqual(ids, models.map((name) => `model ${name}`).sort());
  });

  it('is known by an auth token too, and sends its own headers on but not its key', async () => {
    const client = new Anthropic({
      baseURL: bench.gateway.origin,
      authToken: API_KEY,
      apiKey: null,
      maxRetries: 0,
      defaultHeaders: { 'anthropic-beta': 'context-1m-2025-08-07' },
    });
    await client.messages.create(asked('text', { marker: 'with-auth-token' }));
    const { headers } = await bench.upstream.callThatSays('with-auth-token');
    assert.equal(headers['anthropic-beta'], 'context-1m-2025-08-07');
    assert.match(String(headers['anthropic-version']), /^\d{4}-\d\d-\d\d$/);
    assert.match(String(headers['user-agent']), /^Anthropic/);
    assert.equal(headers.authorization, undefined);
    assert.doesNotMatch(JSON.stringify(headers), new RegExp(API_KEY));
  });
});

function clientAt(baseURL: string, apiKey: string): Anthropic {
  return new Anthropic({ baseURL, apiKey, authToken: null, maxRetries: 0 });
}

function asked(scenario: Scenario, { model = MODELS.anthropic, marker = '' }: Asked = {}) {
  const content = promptFor(scenario, marker);
  return { model, max_tokens: 100, messages: [{ role: 'user' as const, content }] };
}

async function wholeView(client: Anthropic, scenario: Scenario) {
  const call = client.messages.create(asked(scenario));
  const message = await call;
  const { response } = await call.withResponse();
  const limits = response.headers.get('anthropic-ratelimit-requests-remaining');
  return { message, requestId: message._request_id, status: response.status, limits };
}

async function streamView(client: Anthropic, scenario: Scenario, options: Asked = {}) {
  const stream = client.messages.stream(asked(scenario, options));
  const { items, error } = await drained(stream);
  return {
    events: items,
    error: error === null ? null : errorView(error),
    final: error === null ? await stream.finalMessage() : null,
    requestId: stream.request_id,
  };
}
