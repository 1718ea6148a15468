// Builds neutral streams, writes them for a client, and lets the official SDK read them.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import type { ChatEvent, ChatRequest, StartedBlock, StopReason } from '../../../server/wire/chat.ts';
import { isObject } from '../../../server/wire/json.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { contextOf, emptyRequest } from './requests.ts';

export const usage = {
  ...NO_USAGE,
  inputTokens: 12,
  outputTokens: 7,
  cacheReadTokens: 4,
  reasoningTokens: 2,
};
export const start: ChatEvent = { kind: 'start', id: 'msg_01XYZ', usage: NO_USAGE };
export const finish = (stop: StopReason = 'end'): ChatEvent => ({
  kind: 'finish',
  stop,
  stopSequence: null,
  usage,
});

export function block(index: number, started: StartedBlock, ...pieces: string[]): ChatEvent[] {
  const isCall = started.kind === 'tool-call';
  return [
    { kind: 'block-start', index, block: started },
    ...pieces.map(
      (piece): ChatEvent =>
        isCall ? { kind: 'arguments-delta', index, json: piece } : { kind: 'text-delta', index, text: piece },
    ),
    { kind: 'block-end', index },
  ];
}

export function encode(
  events: readonly ChatEvent[],
  request: ChatRequest = emptyRequest('gpt-4.1'),
): Record<string, unknown>[] {
  const encoder = codec.streamEncoder(contextOf(request));
  return events
    .flatMap((event) => encoder.encode(event))
    .map(({ event, data }) => {
      const fields: unknown = JSON.parse(data);
      assert.ok(isObject(fields));
      assert.equal(fields.type, event);
      return fields;
    });
}

export const call = (id: string, name = 'get_weather'): StartedBlock => ({ kind: 'tool-call', id, name });

/** The SDK's own idea of the stream: it accumulates and checks every event. */
export async function readBySdk(events: readonly ChatEvent[], request?: ChatRequest) {
  const body = encode(events, request)
    .map((fields) => `event: ${String(fields.type)}\ndata: ${JSON.stringify(fields)}\n\n`)
    .join('');
  const client = new OpenAI({
    apiKey: 'test',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } })),
  });
  const stream = client.responses.stream({ model: 'gpt-4.1', input: 'Hi' });
  const seen: string[] = [];
  for await (const event of stream) seen.push(event.type);
  return { final: await stream.finalResponse(), seen };
}

/** The SDK adds its own reading of structured answers. */
export function withoutParsed(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, inner: unknown) => (key.startsWith('parsed') ? undefined : inner)),
  );
}
