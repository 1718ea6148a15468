// A whole reply, both ways.

import type { Block, ChatReply, ReplyContext, Seal, StopReason } from '../chat.ts';
import { freeformArguments } from '../declared-tools.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { WireError } from '../scan.ts';
import {
  callItem,
  endCall,
  endOf,
  type MessageItem,
  messageItem,
  type OutputItem,
  outputPart,
  reasoningItem,
  responseObject,
  sealReasoning,
} from './response-object.ts';
import { readUsage } from './usage.ts';

export function decodeReply(reply: unknown): ChatReply {
  if (!isObject(reply) || !Array.isArray(reply.output)) {
    throw new WireError('invalid-field', 'Cannot read the reply: output must be a list', 'output');
  }
  const blocks = reply.output.flatMap((item: unknown, index) => itemBlocks(item, index));
  return {
    id: textAt(reply, 'id') ?? '',
    blocks,
    stop: stopReason(reply, {
      hasCall: blocks.some((block) => block.kind === 'tool-call'),
      hasRefusal: blocks.some((block) => block.kind === 'refusal'),
    }),
    stopSequence: null,
    usage: readUsage(reply.usage).usage,
  };
}

/** Why a response ended: its own word where it has one, else what is in it. */
export function stopReason(
  response: unknown,
  { hasCall, hasRefusal }: { hasCall: boolean; hasRefusal: boolean },
): StopReason {
  const reason = textAt(objectAt(response, 'incomplete_details'), 'reason');
  if (reason === 'content_filter') return 'content-filter';
  if (reason === 'max_output_tokens' || textAt(response, 'status') === 'incomplete') return 'max-tokens';
  if (hasCall) return 'tool-calls';
  return hasRefusal ? 'refusal' : 'end';
}

/** Items of the provider's own tools are left out: what they found is in the text. */
function itemBlocks(item: unknown, index: number): Block[] {
  switch (textAt(item, 'type')) {
    case 'message':
      return listAt(item, 'content').flatMap(partBlock);
    case 'reasoning':
      return thinkingBlock(item);
    case 'function_call':
      return [callBlock(item, { index, argumentsJson: textAt(item, 'arguments') ?? '' })];
    case 'custom_tool_call':
      return [callBlock(item, { index, argumentsJson: freeformArguments(textAt(item, 'input') ?? '') })];
    default:
      return [];
  }
}

function partBlock(part: unknown): Block[] {
  const text = textAt(part, 'text');
  if (text !== null) return [{ kind: 'text', text, breakpoint: null }];
  const refusal = textAt(part, 'refusal');
  return refusal === null ? [] : [{ kind: 'refusal', text: refusal }];
}

function thinkingBlock(item: unknown): Block[] {
  const text = reasoningTexts(item).join('\n\n');
  const seal = sealOf(item);
  return text === '' && seal === null ? [] : [{ kind: 'thinking', text, seal }];
}

/** The summary, or the reasoning itself where a server shows that. */
function reasoningTexts(item: unknown): string[] {
  const summary = listAt(item, 'summary');
  const parts = summary.length > 0 ? summary : listAt(item, 'content');
  return parts.map((part) => textAt(part, 'text') ?? '').filter((text) => text !== '');
}

export function sealOf(item: unknown): Seal | null {
  const value = textAt(item, 'encrypted_content');
  return value === null || value === ''
    ? null
    : { surface: 'openai-responses', value, id: textAt(item, 'id') };
}

function callBlock(item: unknown, { index, argumentsJson }: { index: number; argumentsJson: string }): Block {
  return {
    kind: 'tool-call',
    id: callIdOf(item, index),
    name: textAt(item, 'name') ?? '',
    arguments: argumentsJson,
    seal: null,
    breakpoint: null,
  };
}

/** `call_id` is what a result answers to; servers that lack it have only the item's id. */
export function callIdOf(item: unknown, index: number): string {
  return textAt(item, 'call_id') ?? textAt(item, 'id') ?? `call_${index}`;
}

export function encodeReply(reply: ChatReply, context: ReplyContext): unknown {
  const { status, incompleteReason } = endOf(
    reply.stop,
    reply.blocks.some((block) => block.kind === 'refusal'),
  );
  return responseObject(context, {
    replyId: reply.id,
    status,
    incompleteReason,
    error: null,
    output: outputItems(reply, { context, status }),
    usage: reply.usage,
  });
}

/** Neighbouring texts and refusals are parts of one message. */
function outputItems(
  { id: replyId, blocks }: ChatReply,
  { context, status }: { context: ReplyContext; status: 'completed' | 'incomplete' },
): OutputItem[] {
  const output: OutputItem[] = [];
  let message: MessageItem | null = null;
  for (const block of blocks) {
    if (block.kind === 'text' || block.kind === 'refusal') {
      if (message === null) {
        message = { ...messageItem(replyId, output.length), status: 'completed' };
        output.push(message);
      }
      message.content.push(outputPart(block.kind, block.text));
      continue;
    }
    const item = otherItem(block, { replyId, index: output.length, context });
    if (item === null) continue;
    message = null;
    output.push(item);
  }
  // What was cut off is the message that was being written.
  if (message !== null) message.status = status;
  return output;
}

function otherItem(
  block: Block,
  { replyId, index, context }: { replyId: string; index: number; context: ReplyContext },
): OutputItem | null {
  if (block.kind === 'thinking') {
    const item = reasoningItem(replyId, index);
    sealReasoning(item, block);
    return item;
  }
  if (block.kind !== 'tool-call') return null;
  const item = callItem(context.request, { replyId, index, id: block.id, name: block.name });
  endCall(item, block.arguments);
  return item;
}
