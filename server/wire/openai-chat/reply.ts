// A whole chat completion into the neutral model and out of it.

import type { Block, ChatReply, ChatRequest, ReplyContext, ToolCallBlock } from '../chat.ts';
import { declarationOf, freeformInput } from '../declared-tools.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import { WireError } from '../scan.ts';
import { answerText, reasoningText } from './reasoning.ts';
import { finishReason, kindsOf, stopOf } from './stop-reason.ts';
import { usagesIn } from './stream-watch.ts';
import { encodeUsage, readUsage } from './usage.ts';

export function decodeReply(reply: unknown): ChatReply {
  const choice = listAt(reply, 'choices')[0];
  if (!isObject(reply) || !isObject(choice) || !isObject(choice.message)) {
    throw new WireError(
      'invalid-field',
      'Cannot read the reply: choices[0].message must be an object',
      'choices[0].message',
    );
  }
  const id = textAt(reply, 'id') ?? '';
  const blocks = decodeBlocks(choice.message, id);
  const matched = choice.stop_reason;
  const stop = stopOf(textAt(choice, 'finish_reason'), kindsOf(blocks), matched);
  return {
    id,
    blocks,
    stop,
    stopSequence: stop === 'stop-sequence' && typeof matched === 'string' ? matched : null,
    usage: readUsage(usagesIn(reply)[0]).usage,
  };
}

function decodeBlocks(message: JsonObject, replyId: string): Block[] {
  const blocks: Block[] = [];
  const thinking = reasoningText(message);
  const text = answerText(message);
  const refusal = textAt(message, 'refusal') ?? '';
  if (thinking !== '') blocks.push({ kind: 'thinking', text: thinking, seal: null });
  if (text !== '') blocks.push({ kind: 'text', text, breakpoint: null });
  if (refusal !== '') blocks.push({ kind: 'refusal', text: refusal });
  for (const [index, call] of listAt(message, 'tool_calls').entries()) {
    const fields = objectAt(call, 'function');
    blocks.push(decodeCall(fields, textAt(call, 'id') || missingCallId(replyId, index)));
  }
  if (isObject(message.function_call))
    blocks.push(decodeCall(message.function_call, missingCallId(replyId, 0)));
  return blocks;
}

function decodeCall(fields: JsonObject, id: string): ToolCallBlock {
  return {
    kind: 'tool-call',
    id: safeId(id),
    name: textAt(fields, 'name') ?? '',
    arguments: argumentsText(fields.arguments),
    seal: null,
    breakpoint: null,
  };
}

/** Some servers give the arguments as an object instead of as its JSON text. */
export function argumentsText(raw: unknown): string {
  if (typeof raw === 'string') return raw;
  return isObject(raw) ? JSON.stringify(raw) : '';
}

/** The id of a call that came without one. The reply's id keeps calls of different turns apart. */
export function missingCallId(replyId: string, index: number): string {
  return safeId(`call_${replyId}_${index}`);
}

export function encodeReply(reply: ChatReply, context: ReplyContext): JsonObject {
  const usage = encodeUsage(reply.usage);
  return {
    ...envelope(reply.id, 'chat.completion', context),
    choices: [
      {
        index: 0,
        message: encodeMessage(reply.blocks, context),
        logprobs: null,
        finish_reason: finishReason(reply.stop, kindsOf(reply.blocks)),
      },
    ],
    ...(usage === null ? {} : { usage }),
  };
}

/** The fields that a completion and every chunk of one begin with. */
export function envelope(id: string, object: string, { model, createdAtMs }: ReplyContext): JsonObject {
  const created = Math.floor(createdAtMs / 1000);
  return { id: id === '' ? `chatcmpl-${createdAtMs}` : id, object, created, model };
}

/** Reasoning goes where DeepSeek's clients, and many since, look for it; OpenAI's own SDKs skip the field. */
function encodeMessage(blocks: readonly Block[], { request }: ReplyContext): JsonObject {
  const texts = { text: '', thinking: '', refusal: '' };
  const calls: JsonObject[] = [];
  for (const block of blocks) {
    if (block.kind === 'text' || block.kind === 'thinking' || block.kind === 'refusal')
      texts[block.kind] += block.text;
    else if (block.kind === 'tool-call') calls.push(encodeCall(block, request));
  }
  return {
    role: 'assistant',
    content: texts.text === '' && (calls.length > 0 || texts.refusal !== '') ? null : texts.text,
    ...(texts.thinking === '' ? {} : { reasoning_content: texts.thinking }),
    refusal: texts.refusal === '' ? null : texts.refusal,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** Clients parse the arguments, so a call without any gets an empty object. */
function encodeCall({ id, name, arguments: args }: ToolCallBlock, request: ChatRequest): JsonObject {
  if (declarationOf(request, name).isFreeform)
    return { id, type: 'custom', custom: { name, input: freeformInput(args) } };
  return { id, type: 'function', function: { name, arguments: args === '' ? '{}' : args } };
}
