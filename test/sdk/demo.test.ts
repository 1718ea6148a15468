// The official SDKs against the gateway as it starts for a newcomer: no configuration, the embedded demo answers.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { GatewayProcess, SKIP_REASON } from '../process/gateway-process.ts';
import { rowOf } from '../process/rows.ts';
import { drained, rejection } from './bench.ts';

/** Well above the smallest prompt that is cached. */
const LONG_PROMPT = 'The quick brown fox jumps over the lazy dog. '.repeat(1200);

describe('the demo', { skip: SKIP_REASON, concurrency: true }, () => {
  let gateway: GatewayProcess;
  let anthropic: Anthropic;
  let openai: OpenAI;

  before(async () => {
    gateway = await GatewayProcess.start();
    const apiKey = /ANTHROPIC_AUTH_TOKEN=(\S+)/.exec(gateway.stdout)?.[1] ?? '';
    assert.match(apiKey, /^wp_demo_/);
    anthropic = new Anthropic({ baseURL: gateway.origin, authToken: apiKey, apiKey: null, maxRetries: 0 });
    openai = new OpenAI({ baseURL: `${gateway.origin}/v1`, apiKey, maxRetries: 0 });
  });
  after(() => gateway?.stop());

  it('prints settings that work as they are', async () => {
    const model = /claude --model (\S+)/.exec(gateway.stdout)?.[1] ?? '';
    const { items } = await drained(anthropic.models.list());
    assert.ok(
      items.some(({ id }) => id === model),
      model,
    );
    assert.match(gateway.stdout, new RegExp(`OPENAI_BASE_URL=${gateway.origin}/v1\\n`));
    assert.match(gateway.stdout, new RegExp(`Panel +${gateway.origin}/#setup=\\S+`));
  });

  it('streams to the Anthropic SDK, and the second turn reads the warm cache', async () => {
    const turn = async (requestId: string) => {
      const stream = anthropic.messages.stream(
        {
          model: 'claude-sonnet-5',
          max_tokens: 24,
          system: [{ type: 'text', text: LONG_PROMPT, cache_control: { type: 'ephemeral' } }],
          messages: [{ role: 'user', content: 'hello' }],
        },
        { headers: { 'x-session-id': 'demo-session', 'x-request-id': requestId } },
      );
      return stream.finalMessage();
    };
    const first = await turn('demo-anthropic-1');
    const second = await turn('demo-anthropic-2');
    const written = first.usage.cache_creation_input_tokens ?? 0;
    assert.ok(written > 1024, String(written));
    assert.equal(first.usage.cache_creation?.ephemeral_5m_input_tokens, written);
    assert.equal(first.usage.cache_read_input_tokens, 0);
    assert.equal(second.usage.cache_read_input_tokens, written);
    assert.equal(second.stop_reason, 'max_tokens');
    const rows = [await rowOf(gateway, 'demo-anthropic-1'), await rowOf(gateway, 'demo-anthropic-2')];
    assert.deepEqual(
      rows.map((row) => [row.affinity, row.cacheReadTokens, row.cacheWriteTokens, row.outputTokens]),
      [
        ['NEW', 0, written, first.usage.output_tokens],
        ['HIT', written, 0, second.usage.output_tokens],
      ],
    );
    assert.deepEqual(rows[0]?.account, rows[1]?.account);
  });

  it('answers the OpenAI SDK, streamed with usage and whole', async () => {
    const request = {
      model: 'gpt-5-mini',
      max_completion_tokens: 24,
      messages: [{ role: 'user' as const, content: 'hello' }],
    };
    const [chunks, whole] = await Promise.all([
      openai.chat.completions
        .create({ ...request, stream: true, stream_options: { include_usage: true } })
        .then(drained),
      openai.chat.completions.create(request, { headers: { 'x-request-id': 'demo-openai' } }),
    ]);
    assert.equal(chunks.error, null);
    const text = chunks.items.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    assert.ok(text.length > 0);
    assert.ok((chunks.items.at(-1)?.usage?.completion_tokens ?? 0) > 0);
    assert.ok((whole.choices[0]?.message.content ?? '').length > 0);
    const row = await rowOf(gateway, 'demo-openai');
    assert.deepEqual(
      [row.inputTokens, row.outputTokens],
      [whole.usage?.prompt_tokens, whole.usage?.completion_tokens],
    );
  });

  it('refuses what the API refuses, in its words', async () => {
    const request = { model: 'claude-haiku-4-5', max_tokens: 0, messages: [] };
    const error = await rejection(anthropic.messages.create(request));
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.equal(error.type, 'invalid_request_error');
    assert.match(error.requestID ?? '', /^req_/);
  });
});
