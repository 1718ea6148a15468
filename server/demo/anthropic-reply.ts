// Writes a decided reply as an Anthropic message or as its event stream. Pure.

import type { JsonObject } from '../wire/json.ts';
import type { DemoReply, Frame } from './dialect.ts';
import { parseJsonObject } from './json.ts';
import { estimateTokens } from './prefix-hash.ts';
import { Random } from './random.ts';
import { cutText } from './text.ts';

export function anthropicBody(reply: DemoReply): unknown {
  return {
    ...message(reply),
    content: contentBlocks(reply),
    stop_reason: stopReason(reply),
    usage: usage(reply, reply.content.outputTokens),
  };
}

export function* anthropicFrames(reply: DemoReply): Generator<Frame> {
  const { content } = reply;
  const { outputTokens } = content;
  const random = new Random(content.seed);
  yield messageStart(reply);
  yield event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 0);
  yield event({ type: 'ping' }, 0);
  let tokens = 0;
  for (const text of cutText(content.text, random)) {
    yield event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, tokens);
    tokens += estimateTokens(text);
  }
  yield event({ type: 'content_block_stop', index: 0 }, tokens);
  if (content.toolCall) yield* toolFrames(content.toolCall, { random, afterTokens: tokens });
  const delta = { stop_reason: stopReason(reply), stop_sequence: null };
  const { cache_creation: _split, service_tier: _tier, ...counts } = usage(reply, outputTokens);
  yield event({ type: 'message_delta', delta, usage: counts }, outputTokens);
  yield event({ type: 'message_stop' }, outputTokens);
}

function* toolFrames(
  call: { id: string; name: string; inputJson: string },
  { random, afterTokens }: { random: Random; afterTokens: number },
): Generator<Frame> {
  let tokens = afterTokens + estimateTokens(call.name);
  const start = { type: 'tool_use', id: `toolu_01${call.id}`, name: call.name, input: {} };
  yield event({ type: 'content_block_start', index: 1, content_block: start }, tokens);
  for (const json of ['', ...cutText(call.inputJson, random)]) {
    const delta = { type: 'input_json_delta', partial_json: json };
    yield event({ type: 'content_block_delta', index: 1, delta }, tokens);
    tokens += estimateTokens(json);
  }
  yield event({ type: 'content_block_stop', index: 1 }, tokens);
}

export function* anthropicOverloadedFrames(reply: DemoReply): Generator<Frame> {
  yield messageStart(reply);
  yield event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 0);
}

function messageStart(reply: DemoReply): Frame {
  // The real API already counts the first token here, and repeats the total in `message_delta`.
  return event({ type: 'message_start', message: { ...message(reply), usage: usage(reply, 1) } }, 0);
}

function event(data: { type: string } & JsonObject, afterTokens: number): Frame {
  return { text: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`, afterTokens };
}

function message({ id, request }: DemoReply): JsonObject {
  return {
    model: request.model.upstreamModel,
    id,
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function contentBlocks({ content }: DemoReply): JsonObject[] {
  const text = { type: 'text', text: content.text };
  if (!content.toolCall) return [text];
  const { id, name, inputJson } = content.toolCall;
  return [text, { type: 'tool_use', id: `toolu_01${id}`, name, input: parseJsonObject(inputJson) ?? {} }];
}

function stopReason({ content }: DemoReply): string {
  if (content.toolCall) return 'tool_use';
  return content.isTruncated ? 'max_tokens' : 'end_turn';
}

/** `input_tokens` leaves out what the cache read and wrote; the two lifetimes add up to `cache_creation_input_tokens`. */
function usage({ use }: DemoReply, outputTokens: number) {
  const writtenTokens = use.write5mTokens + use.write1hTokens;
  return {
    input_tokens: use.totalTokens - use.readTokens - writtenTokens,
    cache_creation_input_tokens: writtenTokens,
    cache_read_input_tokens: use.readTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: use.write5mTokens,
      ephemeral_1h_input_tokens: use.write1hTokens,
    },
    output_tokens: outputTokens,
    service_tier: 'standard',
  };
}
