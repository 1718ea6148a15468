// Golden files: the provider's published examples, what they mean in the neutral model, and the way back.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { anthropicMessagesCodec as codec } from '../../../server/wire/anthropic-messages/codec.ts';
import { anthropicMessages } from '../../../server/wire/anthropic-messages/dialect.ts';
import type { ChatRequest } from '../../../server/wire/chat.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { eventsOf, neutralRequest, sseBytes } from './events.ts';

const folder = new URL('../../fixtures/anthropic-messages/', import.meta.url);
const file = (path: string) => new URL(path, folder);
const json = (path: string): unknown => JSON.parse(readFileSync(file(path), 'utf8'));
const casesWith = (name: string) => readdirSync(folder).filter((dir) => existsSync(file(`${dir}/${name}`)));

function decodeRequest(body: unknown): { request: ChatRequest; dropped: string[] } {
  assert.ok(typeof body === 'object' && body !== null && 'model' in body && typeof body.model === 'string');
  const losses = new LossList();
  const isStreamed = 'stream' in body && body.stream === true;
  const request = codec.decodeRequest(body, { model: body.model, isStreamed, lose: losses.lose });
  return { request, dropped: losses.dropped };
}

for (const name of casesWith('request.json')) {
  test(`decodeRequest() reads the request of ${name} without a loss`, () => {
    const { request, dropped } = decodeRequest(json(`${name}/request.json`));
    assert.deepEqual(request, json(`${name}/request.neutral.json`));
    assert.deepEqual(dropped, []);
  });

  test(`encodeRequest() gives back the request of ${name}`, () => {
    const { request } = decodeRequest(json(`${name}/request.json`));
    const losses = new LossList();
    const encoded = codec.encodeRequest(request, losses.lose);
    assert.deepEqual(decodeRequest(encoded).request, request);
    assert.deepEqual(losses.dropped, []);
  });
}

const context = { model: 'claude-opus-4-6', createdAtMs: 0, request: neutralRequest({}) };

for (const name of casesWith('reply.json')) {
  test(`decodeReply() reads the reply of ${name}, and encodeReply() gives it back`, () => {
    const reply = codec.decodeReply(json(`${name}/reply.json`));
    assert.deepEqual(reply, json(`${name}/reply.neutral.json`));
    assert.deepEqual(codec.decodeReply(codec.encodeReply(reply, context)), reply);
  });
}

for (const name of casesWith('reply.sse')) {
  const bytes = new Uint8Array(readFileSync(file(`${name}/reply.sse`)));

  test(`streamDecoder() reads the stream of ${name}, wherever it is split`, () => {
    const expected = json(`${name}/events.neutral.json`);
    for (let at = 0; at <= bytes.length; at += 1) {
      const decoder = codec.streamDecoder();
      const seen = eventsOf([bytes.slice(0, at), bytes.slice(at)]).flatMap((event) => decoder.decode(event));
      assert.deepEqual([...seen, ...decoder.end()], expected);
    }
  });

  test(`watchStream() counts the stream of ${name} alike, wherever it is split`, () => {
    const counts = Array.from({ length: bytes.length + 1 }, (_, at) => {
      const watch = anthropicMessages.watchStream();
      for (const event of eventsOf([bytes.slice(0, at), bytes.slice(at)])) watch.see(event);
      return JSON.stringify([
        watch.tally.usage,
        watch.tally.raw,
        watch.isComplete,
        watch.hasGenerated,
        watch.pins,
      ]);
    });
    assert.equal(new Set(counts).size, 1);
  });

  test(`streamEncoder() gives back the stream of ${name}`, () => {
    const decode = (input: Uint8Array) => {
      const decoder = codec.streamDecoder();
      const seen = eventsOf([input]).flatMap((event) => decoder.decode(event));
      return [...seen, ...decoder.end()];
    };
    const events = decode(bytes);
    const encoder = codec.streamEncoder(context);
    assert.deepEqual(decode(sseBytes(events.flatMap((event) => encoder.encode(event)))), events);
  });
}
