// What the tests of this dialect share: events to and from bytes, and a request to begin with.

import assert from 'node:assert/strict';
import { anthropicMessagesCodec } from '../../../server/wire/anthropic-messages/codec.ts';
import type { Block, ChatEvent, ChatRequest, Message, TextBlock, Tool } from '../../../server/wire/chat.ts';
import { isObject, type JsonObject } from '../../../server/wire/json.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { type ServerSentEvent, SseReader } from '../../../server/wire/sse.ts';

export function eventsOf(chunks: readonly Uint8Array[]): ServerSentEvent[] {
  const reader = new SseReader();
  return chunks.flatMap((chunk) => reader.feed(chunk));
}

export function sseBytes(events: readonly ServerSentEvent[]): Uint8Array<ArrayBuffer> {
  const text = events.map(({ event, data }) => `event: ${event}\ndata: ${data}\n\n`).join('');
  return new TextEncoder().encode(text);
}

/** One event as Anthropic sends it. */
export function native(type: string, fields: object = {}): ServerSentEvent {
  return { event: type, data: JSON.stringify({ type, ...fields }) };
}

export function text(value: string): TextBlock {
  return { kind: 'text', text: value, breakpoint: null };
}

/** What is left of a stream when it is over: its blocks, with their pieces joined. */
export function blocksOf(events: readonly ChatEvent[]): unknown[] {
  const blocks = new Map<number, { started: unknown; text: string; json: string; seal: unknown }>();
  for (const event of events) {
    if (event.kind === 'block-start') {
      blocks.set(event.index, { started: event.block, text: '', json: '', seal: null });
    }
    const block = 'index' in event ? blocks.get(event.index) : undefined;
    if (!block) continue;
    if (event.kind === 'text-delta') block.text += event.text;
    if (event.kind === 'arguments-delta') block.json += event.json;
    if (event.kind === 'seal') block.seal = event.seal;
  }
  return [...blocks.values()];
}

export function user(...blocks: Block[]): Message {
  return { role: 'user', blocks };
}

export function assistant(...blocks: Block[]): Message {
  return { role: 'assistant', blocks };
}

export const LOOK: Tool = {
  name: 'look',
  description: null,
  parameters: { type: 'object' },
  isStrict: null,
  breakpoint: null,
};

/** The request that a neutral one becomes, and what was dropped on the way. */
export function encode(fields: Partial<ChatRequest>): { body: JsonObject; dropped: string[] } {
  const losses = new LossList();
  const body = anthropicMessagesCodec.encodeRequest(neutralRequest(fields), losses.lose);
  assert.ok(isObject(body));
  return { body, dropped: losses.dropped };
}

export function call(id: string, json = '{}'): Block {
  return { kind: 'tool-call', id, name: 'look', arguments: json, seal: null, breakpoint: null };
}

export function result(callId: string, value = 'done'): Block {
  return {
    kind: 'tool-result',
    callId,
    name: 'look',
    blocks: [text(value)],
    isError: false,
    breakpoint: null,
  };
}

export function neutralRequest(fields: Partial<ChatRequest>): ChatRequest {
  return {
    model: 'claude-sonnet-4-5',
    isStreamed: false,
    system: [],
    messages: [user(text('Hello'))],
    tools: [],
    toolChoice: null,
    allowsParallelCalls: null,
    maxOutputTokens: null,
    temperature: null,
    topP: null,
    topK: null,
    stopSequences: [],
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    reasoning: null,
    outputFormat: null,
    promptCacheKey: null,
    endUser: null,
    wantsStreamUsage: true,
    ...fields,
  };
}
