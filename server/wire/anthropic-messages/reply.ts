// Whole replies, both ways.

import type { Block, ChatReply, ReplyContext } from '../chat.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, listAt, parseJson, textAt } from '../json.ts';
import { WireError } from '../scan.ts';
import { REDACTED, sealedThinking } from './seal.ts';
import { decodeStop, encodeStop, refusalText } from './stop-reason.ts';
import { encodeUsage, readUsage } from './usage.ts';

export function decodeReply(reply: unknown): ChatReply {
  if (!isObject(reply) || !Array.isArray(reply.content)) {
    throw new WireError('invalid-field', 'Cannot read the reply: content must be a list', 'content');
  }
  const explanation = refusalText(reply);
  return {
    id: textAt(reply, 'id') ?? '',
    blocks: [
      ...listAt(reply, 'content').flatMap(decodeBlock),
      ...(explanation === null ? [] : [{ kind: 'refusal', text: explanation } as const]),
    ],
    stop: decodeStop(textAt(reply, 'stop_reason')),
    stopSequence: textAt(reply, 'stop_sequence'),
    usage: readUsage(reply.usage).usage,
  };
}

/** Blocks of a kind that no translated request asks for (server tools) are left out. */
function decodeBlock(block: unknown, index: number): Block[] {
  const surface = 'anthropic-messages';
  switch (textAt(block, 'type')) {
    case 'text':
      return [{ kind: 'text', text: textAt(block, 'text') ?? '', breakpoint: null }];
    case 'thinking': {
      const value = textAt(block, 'signature') ?? '';
      const seal = value === '' ? null : ({ surface, value, id: null } as const);
      return [{ kind: 'thinking', text: textAt(block, 'thinking') ?? '', seal }];
    }
    case 'redacted_thinking':
      return [
        { kind: 'thinking', text: '', seal: { surface, value: textAt(block, 'data') ?? '', id: REDACTED } },
      ];
    case 'tool_use':
      return [
        {
          kind: 'tool-call',
          id: safeId(textAt(block, 'id') ?? `call_0_${index}`),
          name: textAt(block, 'name') ?? '',
          arguments: JSON.stringify((isObject(block) ? block.input : null) ?? {}),
          seal: null,
          breakpoint: null,
        },
      ];
    default:
      return [];
  }
}

export function encodeReply(reply: ChatReply, context: ReplyContext): JsonObject {
  return {
    ...messageHead(reply.id, context),
    content: reply.blocks.flatMap(encodeReplyBlock),
    ...encodeStop(reply.stop, reply.stopSequence),
    usage: encodeUsage(reply.usage),
  };
}

/** The first fields of a message, whole or streamed. Anthropic's ids begin with `msg_`. */
export function messageHead(id: string, context: ReplyContext) {
  const known = id === '' ? String(context.createdAtMs) : id;
  return {
    id: known.startsWith('msg_') ? known : `msg_${known}`,
    type: 'message',
    role: 'assistant',
    model: context.model,
  } as const;
}

/** Thinking that another dialect's model did has no signature; clients send it back with the empty one. */
function encodeReplyBlock(block: Block): JsonObject[] {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text === '' ? [] : [{ type: 'text', text: block.text }];
    case 'thinking': {
      const sealed = sealedThinking(block);
      if (sealed === null && block.text === '') return [];
      return [sealed ?? { type: 'thinking', thinking: block.text, signature: '' }];
    }
    case 'tool-call':
      return [{ type: 'tool_use', id: safeId(block.id), name: block.name, input: inputOf(block.arguments) }];
    default:
      return [];
  }
}

/** Arguments that were cut off with the reply cannot be given as the object that a reply must hold. */
function inputOf(json: string): JsonObject {
  const input = parseJson(json);
  return isObject(input) ? input : {};
}
