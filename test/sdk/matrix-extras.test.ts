// What else the SDKs ask of a gateway that stands for several providers: lists, counts, vectors, base URLs, kept responses.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { rowOf } from '../process/rows.ts';
import { drained, rejection } from './bench.ts';
import { COUNTS, HELLO } from './emulator/scenario.ts';
import { KEY, type MatrixBench, openMatrix, UPSTREAM_SURFACES } from './matrix-bench.ts';
import { COUNTED, VECTOR } from './upstream-emulator.ts';

const CHAT_MODELS = [
  ...UPSTREAM_SURFACES.flatMap((surface) => [`on-${surface}`, `old-${surface}`]),
  'on-two-accounts',
];
/** Gemini's embeddings are on the same surface as its models that talk. */
const TALKING = [...CHAT_MODELS, 'embed-gemini'].toSorted();

describe('the SDKs beside their conversations', { skip: SKIP_REASON, concurrency: 4 }, () => {
  let bench: MatrixBench;
  let anthropic: Anthropic;
  let openai: OpenAI;
  let genai: GoogleGenAI;

  before(async () => {
    bench = await openMatrix([]);
    const { origin } = bench.gateway;
    anthropic = anthropicAt(origin);
    openai = openaiAt(`${origin}/v1`);
    genai = genaiAt(origin);
  });
  after(() => bench?.close());

  it('list every model that can be called in their dialect', async () => {
    const [claude, gpt, google] = await Promise.all([
      drained(anthropic.models.list()),
      drained(openai.models.list()),
      genai.models.list().then(drained),
    ]);
    assert.deepEqual(claude.items.map(({ id }) => id).toSorted(), TALKING);
    assert.deepEqual(gpt.items.map(({ id }) => id).toSorted(), [...TALKING, 'embed-openai'].toSorted());
    const names = google.items.map(({ name }) => name?.replace('models/', ''));
    assert.deepEqual(names.toSorted(), TALKING);
  });

  it('find one model by its name', async () => {
    const [claude, gpt, google] = await Promise.all([
      anthropic.models.retrieve('on-gemini'),
      openai.models.retrieve('on-gemini'),
      genai.models.get({ model: 'on-openai-chat' }),
    ]);
    assert.deepEqual([claude.id, gpt.id, google.name], ['on-gemini', 'on-gemini', 'models/on-openai-chat']);
    const error = await rejection(openai.models.retrieve('nobody'));
    assert.ok(error instanceof OpenAI.NotFoundError);
  });

  it('count tokens where the provider counts them', async () => {
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const claude = await anthropic.messages.countTokens({ model: 'on-anthropic-messages', messages });
    const google = await genai.models.countTokens({ model: 'on-gemini', contents: 'Hi' });
    assert.deepEqual([claude.input_tokens, google.totalTokens], [COUNTED, COUNTED]);
    const error = await rejection(anthropic.messages.countTokens({ model: 'on-gemini', messages }));
    assert.ok(error instanceof Anthropic.NotFoundError, String(error));
  });

  it('embed texts', async () => {
    const gpt = await openai.embeddings.create({ model: 'embed-openai', input: ['a', 'b'] });
    assert.deepEqual(
      gpt.data.map(({ embedding }) => embedding),
      [VECTOR, VECTOR],
    );
    const google = await genai.models.embedContent({ model: 'embed-gemini', contents: ['a', 'b'] });
    assert.deepEqual(
      google.embeddings?.map(({ values }) => values),
      [VECTOR, VECTOR],
    );
  });

  for (const suffix of ['', '/', '/v1', '/v1/', '/v1/v1', '//v1']) {
    it(`reach the gateway at a base URL that ends with "${suffix}"`, async () => {
      const at = `${bench.gateway.origin}${suffix}`;
      const messages = [{ role: 'user' as const, content: 'Hi' }];
      const [claude, chat, response] = await Promise.all([
        anthropicAt(at).messages.create({ model: 'on-gemini', max_tokens: 1000, messages }),
        openaiAt(at).chat.completions.create({ model: 'on-gemini', messages }),
        openaiAt(at).responses.create({ model: 'on-gemini', input: 'Hi' }),
      ]);
      const [block] = claude.content;
      assert.equal(block?.type === 'text' && block.text, HELLO);
      assert.deepEqual([chat.choices[0]?.message.content, response.output_text], [HELLO, HELLO]);
    });
  }

  for (const suffix of ['', '/', '//', '/v1beta']) {
    it(`reach the gateway by Google's SDK at a base URL that ends with "${suffix}"`, async () => {
      const google = genaiAt(`${bench.gateway.origin}${suffix}`);
      const { text } = await google.models.generateContent({ model: 'on-openai-chat', contents: 'Hi' });
      assert.equal(text, HELLO);
    });
  }

  it("keep a chat of Google's SDK going on another provider", async () => {
    const chat = genai.chats.create({ model: 'on-anthropic-messages' });
    await chat.sendMessage({ message: 'Hi' });
    const { text } = await chat.sendMessage({ message: 'And?' });
    assert.equal(text, HELLO);
    assert.equal(chat.getHistory().length, 4);
  });

  it('go back to the account that keeps the response before', async () => {
    const accounts: (string | null)[][] = [];
    for (let round = 0; round < 6; round += 1) {
      const first = await openai.responses
        .create({ model: 'on-two-accounts', input: `Hi ${round}` })
        .withResponse();
      const second = await openai.responses
        .create({ model: 'on-two-accounts', input: 'And?', previous_response_id: first.data.id })
        .withResponse();
      accounts.push([first, second].map(({ response }) => response.headers.get('x-warmpath-account')));
    }
    for (const [first, second] of accounts) assert.equal(second, first);
  });

  it('are refused a kept response where the provider is of another dialect, and told what helps', async () => {
    const error = await rejection(
      openai.responses.create({ model: 'on-gemini', input: 'And?', previous_response_id: 'resp_1' }),
    );
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.match(error.message, /"store": false/);
    assert.equal(error.param, 'previous_response_id');
  });

  it('are accounted for by what the provider counted, with what was lost', async () => {
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    for (const surface of UPSTREAM_SURFACES) {
      const requestId = `counted-${surface}`;
      await openai.chat.completions.create(
        { model: `on-${surface}`, messages, metadata: { topic: 'x' } },
        { headers: { 'x-request-id': requestId } },
      );
      const row = await rowOf(bench.gateway, requestId);
      assert.deepEqual(
        [row.inputTokens, row.cacheReadTokens, row.outputTokens, row.usageSource, row.outcome],
        [COUNTS.input, COUNTS.cached, COUNTS.output, 'UPSTREAM', 'OK'],
      );
    }
    const { requestLogs } = await bench.gateway.query(
      '{ requestLogs(first: 100) { nodes { requestId endpointSurface losses } } }',
    );
    const text = JSON.stringify(requestLogs);
    for (const surface of UPSTREAM_SURFACES) {
      const name = surface.replaceAll('-', '_').toUpperCase();
      const losses = surface === 'openai-chat' ? '[]' : '["metadata"]';
      const row = `"requestId":"counted-${surface}","endpointSurface":"${name}","losses":${losses}`;
      assert.ok(text.includes(row), `${row} is not in ${text}`);
    }
  });
});

function anthropicAt(baseURL: string): Anthropic {
  return new Anthropic({ baseURL, apiKey: KEY, authToken: null, maxRetries: 0 });
}

function openaiAt(baseURL: string): OpenAI {
  return new OpenAI({ baseURL, apiKey: KEY, maxRetries: 0 });
}

function genaiAt(baseUrl: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl } });
}
