// Messages into the items of a request's input.

import { loseBreakpoint } from '../breakpoint.ts';
import type { Block, Lose, Message, Seal, ThinkingBlock, ToolCallBlock, ToolResultBlock } from '../chat.ts';
import { safeId } from '../ids.ts';
import { encodeInputPart } from './content.ts';

const ITEM_ROLES = { user: 'user', assistant: 'assistant', system: 'developer' } as const;

export function encodeItems(messages: readonly Message[], lose: Lose): unknown[] {
  return messages.flatMap((message, index) => encodeMessage(message, `messages[${index}]`, lose));
}

/** Text and media become message items; calls, results and reasoning are items of their own, in the order they came. */
function encodeMessage({ role, blocks }: Message, path: string, lose: Lose): unknown[] {
  const items: unknown[] = [];
  let content: unknown[] = [];
  const endMessage = () => {
    if (content.length > 0) items.push({ type: 'message', role: ITEM_ROLES[role], content });
    content = [];
  };
  for (const [index, block] of blocks.entries()) {
    const at = `${path}.blocks[${index}]`;
    const item = encodeItem(block, at, lose);
    if (item === undefined) {
      const part =
        role === 'assistant' ? encodeOutputPart(block, at, lose) : encodeInputPart(block, at, lose);
      if (part !== null) content.push(part);
    } else if (item !== null) {
      endMessage();
      items.push(item);
    }
  }
  endMessage();
  return items;
}

/** A block that is an item of its own; null = it is left out, undefined = it belongs into a message. */
function encodeItem(block: Block, path: string, lose: Lose): unknown {
  switch (block.kind) {
    case 'thinking':
      return encodeReasoning(block, path, lose);
    case 'tool-call':
      return encodeCall(block, path, lose);
    case 'tool-result':
      return encodeResult(block, path, lose);
    default:
      return undefined;
  }
}

function encodeOutputPart(block: Block, path: string, lose: Lose): unknown {
  switch (block.kind) {
    case 'text':
      loseBreakpoint(block, path, lose);
      return { type: 'output_text', text: block.text };
    case 'refusal':
      return { type: 'refusal', refusal: block.text };
    default:
      lose('unknown-block', path);
      return null;
  }
}

/** Only reasoning that this dialect sealed itself can be given back to it. */
function encodeReasoning({ text, seal }: ThinkingBlock, path: string, lose: Lose): unknown {
  if (seal?.surface !== 'openai-responses') {
    lose(reasoningLoss(text, seal), path);
    return null;
  }
  return {
    type: 'reasoning',
    ...(seal.id === null ? {} : { id: seal.id }),
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: seal.value,
  };
}

function reasoningLoss(
  text: string,
  seal: Seal | null,
): 'thinking-history' | 'redacted-thinking' | 'thinking-signature' {
  if (seal === null) return 'thinking-history';
  return text === '' ? 'redacted-thinking' : 'thinking-signature';
}

function encodeCall(block: ToolCallBlock, path: string, lose: Lose): unknown {
  loseBreakpoint(block, path, lose);
  if (block.seal !== null) lose('thinking-signature', path);
  return {
    type: 'function_call',
    call_id: safeId(block.id),
    name: block.name,
    // A call without arguments may have been streamed without a byte of them.
    arguments: block.arguments === '' ? '{}' : block.arguments,
  };
}

function encodeResult(block: ToolResultBlock, path: string, lose: Lose): unknown {
  loseBreakpoint(block, path, lose);
  if (block.isError) lose('tool-error', path);
  const [first, ...rest] = block.blocks;
  const isPlain = first === undefined || (first.kind === 'text' && rest.length === 0);
  if (first?.kind === 'text' && isPlain) loseBreakpoint(first, path, lose);
  const output = isPlain
    ? first?.kind === 'text'
      ? first.text
      : ''
    : block.blocks.flatMap((inner, index) => encodeInputPart(inner, `${path}.blocks[${index}]`, lose) ?? []);
  return { type: 'function_call_output', call_id: safeId(block.callId), output };
}
