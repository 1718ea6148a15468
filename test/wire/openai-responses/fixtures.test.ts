// The published examples of the Responses API: read, written, read again, and cut into pieces anywhere.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import type { ChatEvent, ChatRequest } from '../../../server/wire/chat.ts';
import { isObject } from '../../../server/wire/json.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { openaiResponses } from '../../../server/wire/openai-responses/dialect.ts';
import { SseReader } from '../../../server/wire/sse.ts';
import { contextOf, emptyRequest } from './requests.ts';

const FIXTURES = new URL('../../fixtures/openai-responses/', import.meta.url);

function casesWith(file: string): string[] {
  return readdirSync(FIXTURES).filter((name) => existsSync(new URL(`${name}/${file}`, FIXTURES)));
}

function json(path: string): unknown {
  const value: unknown = JSON.parse(readFileSync(new URL(path, FIXTURES), 'utf8'));
  return value;
}

/** Decodes a request of which nothing may be lost. */
function decoded(body: unknown): ChatRequest {
  assert.ok(isObject(body) && typeof body.model === 'string');
  return codec.decodeRequest(body, {
    model: body.model,
    isStreamed: body.stream === true,
    lose: (loss, path) => assert.fail(`${loss} at ${path}`),
  });
}

function eventsOf(pieces: Uint8Array[]): ChatEvent[] {
  const reader = new SseReader();
  const decoder = codec.streamDecoder();
  return [
    ...pieces.flatMap((piece) => reader.feed(piece)).flatMap((event) => decoder.decode(event)),
    ...decoder.end(),
  ];
}

for (const name of casesWith('request.json')) {
  test(`decodeRequest() reads ${name}`, () => {
    assert.deepEqual(decoded(json(`${name}/request.json`)), json(`${name}/request.neutral.json`));
  });

  test(`encodeRequest() of ${name} is read as the same request`, () => {
    const request = decoded(json(`${name}/request.json`));
    const sent = codec.encodeRequest(request, (loss, path) => assert.fail(`${loss} at ${path}`));
    assert.deepEqual(decoded(JSON.parse(JSON.stringify(sent))), request);
  });
}

for (const name of casesWith('reply.json')) {
  test(`decodeReply() reads ${name}`, () => {
    assert.deepEqual(codec.decodeReply(json(`${name}/reply.json`)), json(`${name}/reply.neutral.json`));
  });

  test(`encodeReply() of ${name} is read as the same reply`, () => {
    const reply = codec.decodeReply(json(`${name}/reply.json`));
    const told = codec.encodeReply(reply, contextOf(emptyRequest('gpt-4.1')));
    assert.deepEqual(codec.decodeReply(JSON.parse(JSON.stringify(told))), reply);
  });
}

for (const name of casesWith('reply.sse')) {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}/reply.sse`, FIXTURES)));

  test(`streamDecoder() reads ${name}`, () => {
    assert.deepEqual(eventsOf([bytes]), json(`${name}/events.neutral.json`));
  });

  test(`streamDecoder() reads ${name} the same byte by byte`, () => {
    assert.deepEqual(eventsOf(singleBytes(bytes)), eventsOf([bytes]));
  });

  test(`watchStream() sees the same of ${name} byte by byte`, () => {
    assert.deepEqual(seen(singleBytes(bytes)), seen([bytes]));
  });
}

test('streamDecoder() and watchStream() read a stream the same wherever it is cut in two', () => {
  const bytes = new Uint8Array(readFileSync(new URL('stream-incomplete/reply.sse', FIXTURES)));
  const whole = JSON.stringify([eventsOf([bytes]), seen([bytes])]);
  for (let at = 1; at < bytes.length; at += 1) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
    assert.equal(JSON.stringify([eventsOf(pieces), seen(pieces)]), whole);
  }
});

function singleBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

function seen(pieces: Uint8Array[]): object {
  const reader = new SseReader();
  const watch = openaiResponses.watchStream();
  for (const event of pieces.flatMap((piece) => reader.feed(piece))) watch.see(event);
  const { tally, hasGenerated, isComplete, error, pins, parseErrors } = watch;
  return { usage: tally.usage, flags: tally.flags, hasGenerated, isComplete, error, pins, parseErrors };
}

test('streamEncoder() of every fixture is read as the same blocks and end', () => {
  for (const name of casesWith('reply.sse')) {
    const events = eventsOf([new Uint8Array(readFileSync(new URL(`${name}/reply.sse`, FIXTURES)))]);
    const encoder = codec.streamEncoder(contextOf(emptyRequest('gpt-4.1')));
    const decoder = codec.streamDecoder();
    const again = events.flatMap((event) => encoder.encode(event)).flatMap((event) => decoder.decode(event));
    const last = events.at(-1);
    assert.deepEqual(textOf(again), textOf(events), name);
    // An error keeps its code and message; the status is told from the code.
    if (last?.kind === 'finish') assert.deepEqual(again.at(-1), last, name);
    else assert.equal(again.at(-1)?.kind, 'error', name);
  }
});

function textOf(events: ChatEvent[]): string {
  return events.map((event) => ('text' in event ? event.text : 'json' in event ? event.json : '')).join('');
}
