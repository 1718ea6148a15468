// Whole replies of generateContent, both ways.

import type { Block, ChatReply, ReplyContext, ToolCallBlock } from '../chat.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import { WireError } from '../scan.ts';
import { NO_USAGE } from '../usage.ts';
import { blocksOfPart, readReplyPart } from './part.ts';
import { decodeStop, encodeStop } from './stop.ts';
import { encodeUsage, geminiUsage } from './usage.ts';

export function decodeReply(reply: unknown): ChatReply {
  if (!isObject(reply) || !(Array.isArray(reply.candidates) || isObject(reply.promptFeedback))) {
    throw new WireError('invalid-field', 'Cannot read the reply: candidates must be a list', 'candidates');
  }
  const id = textAt(reply, 'responseId') ?? '';
  const candidate = listAt(reply, 'candidates')[0];
  const blocks = listAt(objectAt(candidate, 'content'), 'parts').flatMap((part, index) => {
    const written = readReplyPart(part);
    return written === null ? [] : blocksOfPart(written, replyCallId(id, index));
  });
  const blockReason = textAt(reply.promptFeedback, 'blockReason');
  return {
    id,
    blocks,
    stop: decodeStop(
      blockReason ?? textAt(candidate, 'finishReason'),
      blocks.some(({ kind }) => kind === 'tool-call'),
    ),
    stopSequence: null,
    usage: isObject(reply.usageMetadata) ? geminiUsage(reply.usageMetadata).usage : NO_USAGE,
  };
}

/** Made of the reply's id, so that calls of different turns never share one. */
export function replyCallId(replyId: string, index: number): string {
  return `call_${replyId === '' ? 0 : replyId}_${index}`;
}

export function encodeReply(reply: ChatReply, context: ReplyContext): JsonObject {
  const parts = reply.blocks.flatMap((block) => encodeBlock(block, context));
  const hasBrokenCall = reply.blocks.some(
    (block) => block.kind === 'tool-call' && encodeCall(block) === null,
  );
  return {
    candidates: [{ ...candidateOf(parts), finishReason: encodeStop(reply.stop, hasBrokenCall), index: 0 }],
    usageMetadata: encodeUsage(reply.usage),
    modelVersion: context.model,
    responseId: reply.id,
  };
}

/** Never without a part: SDKs take a content without parts for an invalid one and forget the turn. */
export function candidateOf(parts: readonly JsonObject[]): JsonObject {
  return { content: { parts: parts.length === 0 ? [{ text: '' }] : parts, role: 'model' } };
}

/** Thoughts are shown only to who asked for them, as Gemini itself does. */
export function showsThoughts({ request }: ReplyContext): boolean {
  return request.reasoning?.isVisible === true;
}

function encodeBlock(block: Block, context: ReplyContext): JsonObject[] {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text === '' ? [] : [{ text: block.text }];
    case 'thinking': {
      const signature = block.seal?.surface === 'gemini' ? { thoughtSignature: block.seal.value } : null;
      if (block.text !== '' && showsThoughts(context))
        return [{ text: block.text, thought: true, ...signature }];
      return signature === null ? [] : [{ text: '', ...signature }];
    }
    case 'tool-call': {
      const part = encodeCall(block);
      return part === null ? [] : [part];
    }
    default:
      return [];
  }
}

/** The part for a call; null when its arguments are no JSON object, as when the reply was cut off inside them. */
export function encodeCall({
  id,
  name,
  arguments: text,
  seal,
}: Omit<ToolCallBlock, 'kind' | 'breakpoint'>): JsonObject | null {
  const args = text.trim() === '' ? {} : parseJson(text);
  if (!isObject(args)) return null;
  return {
    functionCall: { id, name, args },
    ...(seal?.surface === 'gemini' && { thoughtSignature: seal.value }),
  };
}
