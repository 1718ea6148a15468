// Golden files: requests, replies and streams of Chat Completions servers, and what they mean.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import type { ChatEvent, ChatRequest, ReplyContext } from '../../../server/wire/chat.ts';
import { isObject, parseJson } from '../../../server/wire/json.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';
import { openaiChat } from '../../../server/wire/openai-chat/dialect.ts';
import { SseReader } from '../../../server/wire/sse.ts';

const FIXTURES = new URL('../../fixtures/openai-chat/', import.meta.url);

function read(fixture: string, name: string): unknown {
  return parseJson(readFileSync(new URL(`${fixture}/${name}`, FIXTURES), 'utf8'));
}

function casesWith(name: string): string[] {
  const found = readdirSync(FIXTURES).filter((fixture) =>
    existsSync(new URL(`${fixture}/${name}`, FIXTURES)),
  );
  assert.notEqual(found.length, 0);
  return found;
}

function decode(body: unknown): { request: ChatRequest; losses: string[] } {
  const fields = isObject(body) ? body : {};
  const list = new LossList();
  const context = { model: String(fields.model), isStreamed: fields.stream === true, lose: list.lose };
  return { request: codec.decodeRequest(body, context), losses: list.dropped };
}

function events(bytes: Uint8Array, cut = bytes.length): ChatEvent[] {
  const reader = new SseReader();
  const decoder = codec.streamDecoder();
  const found = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((chunk) =>
    reader.feed(chunk).flatMap((event) => decoder.decode(event)),
  );
  return [...found, ...decoder.end()];
}

function context(request: ChatRequest): ReplyContext {
  return { model: 'm', createdAtMs: 1_741_569_952_000, request };
}

/** What the target has no place for, or puts together. */
const CHANGED: Readonly<Record<string, Partial<ChatRequest>>> = {
  conversation: {
    topK: null,
    system: [{ kind: 'text', text: 'Be brief.\n\nAnswer in English.', breakpoint: null }],
  },
};

for (const fixture of casesWith('request.json')) {
  test(`decodeRequest() reads ${fixture}`, () => {
    assert.deepEqual(decode(read(fixture, 'request.json')), read(fixture, 'request.neutral.json'));
  });

  test(`encodeRequest() keeps ${fixture}`, () => {
    const { request } = decode(read(fixture, 'request.json'));
    const body = codec.encodeRequest(request, new LossList().lose);
    assert.deepEqual(decode(body).request, { ...request, ...CHANGED[fixture] });
    assert.equal(JSON.stringify(codec.encodeRequest(request, new LossList().lose)), JSON.stringify(body));
  });
}

for (const fixture of casesWith('reply.json')) {
  test(`decodeReply() reads ${fixture}`, () => {
    assert.deepEqual(codec.decodeReply(read(fixture, 'reply.json')), read(fixture, 'reply.neutral.json'));
  });

  test(`encodeReply() keeps ${fixture}`, () => {
    const reply = codec.decodeReply(read(fixture, 'reply.json'));
    const { request } = decode({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
    assert.deepEqual(codec.decodeReply(codec.encodeReply(reply, context(request))), reply);
  });
}

for (const fixture of casesWith('reply.sse')) {
  const bytes = new Uint8Array(readFileSync(new URL(`${fixture}/reply.sse`, FIXTURES)));
  const expected = read(fixture, 'events.neutral.json');

  test(`streamDecoder() reads ${fixture}, wherever the bytes are split`, () => {
    const text = JSON.stringify(expected);
    assert.deepEqual(events(bytes), expected);
    for (let cut = 1; cut < bytes.length; cut += 1) assert.equal(JSON.stringify(events(bytes, cut)), text);
  });

  test(`watchStream() sees of ${fixture} what the decoder sees`, () => {
    const watch = openaiChat.watchStream();
    for (const event of new SseReader().feed(bytes)) watch.see(event);
    const last = events(bytes).at(-1);
    assert.equal(watch.isComplete, last?.kind === 'finish');
    assert.equal(watch.parseErrors, 0);
    if (last?.kind === 'finish') assert.deepEqual(watch.tally.usage, last.usage);
  });

  test(`streamEncoder() keeps ${fixture}`, () => {
    const { request } = decode({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
    const encoder = codec.streamEncoder(context({ ...request, wantsStreamUsage: true }));
    const decoder = codec.streamDecoder();
    const again = events(bytes)
      .flatMap((event) => encoder.encode(event))
      .flatMap((event) => decoder.decode(event));
    const told = [...again, ...decoder.end()].map((event) =>
      event.kind === 'error' ? { kind: 'error' } : event,
    );
    assert.deepEqual(
      told,
      events(bytes).map((event) => (event.kind === 'error' ? { kind: 'error' } : event)),
    );
  });
}
