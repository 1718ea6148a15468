// Google's own SDK reads what the encoder writes, over a real socket.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { type Content, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import type { ChatEvent } from '../../../server/wire/chat.ts';
import { Framer } from '../../../server/wire/framing.ts';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import { parseJson } from '../../../server/wire/json.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { noting, replyContext } from './fixtures.ts';

const USAGE = { ...NO_USAGE, inputTokens: 20, cacheReadTokens: 8, outputTokens: 15, reasoningTokens: 10 };
const EVENTS: ChatEvent[] = [
  { kind: 'start', id: 'msg_1', usage: NO_USAGE },
  { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
  { kind: 'text-delta', index: 0, text: 'Weighing' },
  { kind: 'text-delta', index: 0, text: ' it' },
  { kind: 'block-end', index: 0 },
  { kind: 'block-start', index: 1, block: { kind: 'text' } },
  { kind: 'text-delta', index: 1, text: 'Let me ' },
  { kind: 'text-delta', index: 1, text: 'look: 猫' },
  { kind: 'block-end', index: 1 },
  { kind: 'block-start', index: 2, block: { kind: 'tool-call', id: 'call_1', name: 'weather' } },
  { kind: 'arguments-delta', index: 2, json: '{"city":' },
  { kind: 'block-start', index: 3, block: { kind: 'tool-call', id: 'call_2', name: 'weather' } },
  { kind: 'arguments-delta', index: 3, json: '{"city":"London"}' },
  { kind: 'arguments-delta', index: 2, json: '"Paris"}' },
  { kind: 'block-end', index: 2 },
  { kind: 'block-end', index: 3 },
  { kind: 'finish', stop: 'tool-calls', stopSequence: null, usage: USAGE },
];
const CALLS = [
  { id: 'call_1', name: 'weather', args: { city: 'Paris' } },
  { id: 'call_2', name: 'weather', args: { city: 'London' } },
];
const config = {
  thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 },
  tools: [{ functionDeclarations: [{ name: 'weather' }] }],
};

/** A server that answers every request by the encoded events and keeps what it was asked. */
async function withServer(
  events: readonly ChatEvent[],
  use: (client: GoogleGenAI, asked: unknown[]) => Promise<void>,
): Promise<void> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    asked.push(parseJson(Buffer.concat(pieces).toString()));
    const encoder = geminiCodec.streamEncoder(replyContext());
    const framer = new Framer('sse');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(framer.frame(encoder.encode(event)));
    response.end(framer.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const baseUrl = `http://127.0.0.1:${address.port}`;
    await use(new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl } }), asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('the Google SDK reads streamed thoughts, text, parallel calls, finish reason and usage', async () => {
  await withServer(EVENTS, async (client) => {
    const chunks: GenerateContentResponse[] = [];
    for await (const chunk of await client.models.generateContentStream({
      model: 'my-model',
      contents: 'Hi',
      config,
    }))
      chunks.push(chunk);
    const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    const textOf = (isThought: boolean) =>
      parts
        .filter((part) => (part.thought === true) === isThought)
        .map(({ text }) => text ?? '')
        .join('');
    assert.equal(textOf(true), 'Weighing it');
    assert.equal(textOf(false), 'Let me look: 猫');
    assert.deepEqual(
      chunks.flatMap(({ functionCalls }) => functionCalls ?? []),
      CALLS,
    );
    const last = chunks.at(-1);
    assert.equal(last?.candidates?.[0]?.finishReason, 'STOP');
    assert.equal(last?.responseId, 'msg_1');
    assert.deepEqual(
      { ...last?.usageMetadata },
      {
        promptTokenCount: 20,
        cachedContentTokenCount: 8,
        candidatesTokenCount: 5,
        thoughtsTokenCount: 10,
        totalTokenCount: 35,
      },
    );
  });
});

test('the Google SDK keeps the turn in its chat and sends it back as it was', async () => {
  await withServer(EVENTS, async (client, asked) => {
    const chat = client.chats.create({ model: 'my-model', config });
    for await (const _chunk of await chat.sendMessageStream({ message: 'Hi' }));
    const responses = CALLS.map(({ id, name }) => ({
      functionResponse: { id, name, response: { output: 'rain' } },
    }));
    for await (const _chunk of await chat.sendMessageStream({ message: responses }));
    const { losses, lose } = noting();
    const second = geminiCodec.decodeRequest(asked[1], { model: 'my-model', isStreamed: true, lose });
    assert.deepEqual(losses, []);
    const blocks = second.messages.flatMap(({ blocks }) => blocks);
    assert.deepEqual(
      blocks.flatMap((block) =>
        block.kind === 'tool-call'
          ? [{ id: block.id, name: block.name, args: parseJson(block.arguments) }]
          : [],
      ),
      CALLS,
    );
    assert.deepEqual(
      blocks.flatMap((block) => (block.kind === 'tool-result' ? [block.callId] : [])),
      ['call_1', 'call_2'],
    );
    const roles = chat.getHistory().map(({ role }: Content) => role);
    assert.equal(roles[0], 'user');
    assert.ok(roles.includes('model'));
  });
});

test('the Google SDK throws the error that ends a stream', async () => {
  const error = {
    type: 'overloaded_error',
    message: 'Overloaded',
    status: 503,
    retryAfterMs: null,
    isQuota: false,
  };
  await withServer([...EVENTS.slice(0, 3), { kind: 'error', error }], async (client) => {
    const stream = await client.models.generateContentStream({ model: 'my-model', contents: 'Hi' });
    await assert.rejects(async () => {
      for await (const _chunk of stream);
    }, /503|UNAVAILABLE|Overloaded/);
  });
});
