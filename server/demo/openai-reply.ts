// Writes a decided reply as an OpenAI chat completion or as its stream of chunks. Pure.

import type { JsonObject } from '../wire/json.ts';
import type { DemoReply, Frame } from './dialect.ts';
import { estimateTokens } from './prefix-hash.ts';
import { Random } from './random.ts';
import type { ReplyContent } from './reply-content.ts';
import { cutText } from './text.ts';

export function openAiBody(reply: DemoReply): unknown {
  const { toolCall, text } = reply.content;
  const message = {
    role: 'assistant',
    content: toolCall ? null : text,
    ...(toolCall ? { tool_calls: [toolCallObject(toolCall, toolCall.inputJson)] } : {}),
    refusal: null,
    annotations: [],
  };
  return {
    ...envelope(reply, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply.content) }],
    usage: usage(reply),
  };
}

export function* openAiFrames(reply: DemoReply): Generator<Frame> {
  const { content } = reply;
  yield roleChunk(reply);
  let tokens = 0;
  for (const { delta, newTokens } of contentDeltas(content)) {
    yield chunk(reply, { delta, afterTokens: tokens });
    tokens += newTokens;
  }
  const { outputTokens } = content;
  yield chunk(reply, { delta: {}, finishReason: finishReason(content), afterTokens: outputTokens });
  if (reply.request.includesUsage) {
    yield frame(
      { ...envelope(reply, 'chat.completion.chunk'), choices: [], usage: usage(reply) },
      outputTokens,
    );
  }
  yield { text: 'data: [DONE]\n\n', afterTokens: outputTokens };
}

export function* openAiOverloadedFrames(reply: DemoReply): Generator<Frame> {
  yield roleChunk(reply);
  const error = {
    message:
      'The server is currently overloaded with other requests. Sorry about that! You can retry your request.',
    type: 'server_error',
    param: null,
    code: null,
  };
  yield frame({ error }, 0);
}

function* contentDeltas(content: ReplyContent): Generator<{ delta: JsonObject; newTokens: number }> {
  const random = new Random(content.seed);
  const { toolCall } = content;
  if (!toolCall) {
    for (const text of cutText(content.text, random)) {
      yield { delta: { content: text }, newTokens: estimateTokens(text) };
    }
    return;
  }
  const first = { index: 0, ...toolCallObject(toolCall, '') };
  yield { delta: { tool_calls: [first] }, newTokens: estimateTokens(toolCall.name) };
  for (const json of cutText(toolCall.inputJson, random)) {
    yield {
      delta: { tool_calls: [{ index: 0, function: { arguments: json } }] },
      newTokens: estimateTokens(json),
    };
  }
}

function roleChunk(reply: DemoReply): Frame {
  return chunk(reply, { delta: { role: 'assistant', content: '', refusal: null }, afterTokens: 0 });
}

function chunk(
  reply: DemoReply,
  piece: { delta: JsonObject; finishReason?: string; afterTokens: number },
): Frame {
  const { delta, finishReason = null, afterTokens } = piece;
  return frame(
    {
      ...envelope(reply, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(reply.request.includesUsage ? { usage: null } : {}),
    },
    afterTokens,
  );
}

function frame(data: unknown, afterTokens: number): Frame {
  return { text: `data: ${JSON.stringify(data)}\n\n`, afterTokens };
}

function envelope({ id, startedAtMs, request }: DemoReply, object: string): JsonObject {
  return {
    id,
    object,
    created: Math.floor(startedAtMs / 1000),
    model: request.model.upstreamModel,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function toolCallObject({ id, name }: { id: string; name: string }, inputJson: string): JsonObject {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: inputJson } };
}

function finishReason({ toolCall, isTruncated }: ReplyContent): string {
  if (toolCall) return 'tool_calls';
  return isTruncated ? 'length' : 'stop';
}

/** `prompt_tokens` includes what the cache read. */
function usage({ use, content }: DemoReply) {
  return {
    prompt_tokens: use.totalTokens,
    completion_tokens: content.outputTokens,
    total_tokens: use.totalTokens + content.outputTokens,
    prompt_tokens_details: { cached_tokens: use.readTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
