// Replies and streams of every upstream dialect, told to every client: words, calls, end and counts stay.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatEvent, ReplyContext } from '../../server/wire/chat.ts';
import { codecOf } from '../../server/wire/dialects.ts';
import { Framer } from '../../server/wire/framing.ts';
import { parseJson } from '../../server/wire/json.ts';
import { SseReader } from '../../server/wire/sse.ts';
import { CHAT_SURFACES, type ChatSurface } from '../../server/wire/surface.ts';
import { fixturesOf, replyOf, replyView } from './conversation.ts';

/** Requests that ask for everything a reply can hold: usage in the stream, and thoughts that are shown. */
const ASKING: Readonly<Record<ChatSurface, object>> = {
  'anthropic-messages': { messages: [], thinking: { type: 'adaptive' } },
  'openai-chat': {
    messages: [{ role: 'user', content: 'Hi' }],
    stream_options: { include_usage: true },
  },
  'openai-responses': { input: 'Hi', reasoning: { summary: 'auto' } },
  gemini: { contents: [], generationConfig: { thinkingConfig: { includeThoughts: true } } },
};

for (const upstream of CHAT_SURFACES) {
  for (const client of CHAT_SURFACES) {
    const context = contextOf(client);
    for (const { name, text } of fixturesOf(upstream, 'reply.json')) {
      test(`the reply of ${upstream} says the same to ${client}: ${name}`, () => {
        const reply = codecOf(upstream).decodeReply(parseJson(text));
        const told: unknown = JSON.parse(JSON.stringify(codecOf(client).encodeReply(reply, context)));
        assert.deepEqual(replyView(codecOf(client).decodeReply(told)), replyView(reply));
      });
    }

    for (const { name, text } of fixturesOf(upstream, 'reply.sse')) {
      test(`the stream of ${upstream} says the same to ${client}: ${name}`, () => {
        const events = read(upstream, text);
        const told = read(client, retold(events, client, context));
        const reply = replyOf(events);
        if (reply === null) assert.deepEqual(errorView(told), errorView(events));
        else assert.deepEqual(view(told), replyView(reply));
      });
    }
  }
}

function contextOf(client: ChatSurface): ReplyContext {
  const request = codecOf(client).decodeRequest(ASKING[client], {
    model: 'm',
    isStreamed: true,
    lose: (loss) => assert.fail(loss),
  });
  return { model: 'm', createdAtMs: 1_741_569_952_000, request };
}

function read(surface: ChatSurface, text: string): ChatEvent[] {
  const decoder = codecOf(surface).streamDecoder();
  const events = new SseReader().feed(new TextEncoder().encode(text));
  return [...events.flatMap((event) => decoder.decode(event)), ...decoder.end()];
}

function retold(events: readonly ChatEvent[], client: ChatSurface, context: ReplyContext): string {
  const encoder = codecOf(client).streamEncoder(context);
  const framer = new Framer('sse');
  return framer.frame(events.flatMap((event) => encoder.encode(event))) + framer.end();
}

function view(events: readonly ChatEvent[]): unknown {
  const reply = replyOf(events);
  return reply === null ? events.at(-1) : replyView(reply);
}

function errorView(events: readonly ChatEvent[]): unknown {
  const last = events.at(-1);
  return last?.kind === 'error' ? last.error.message : last;
}
