// The turns of a conversation into Chat Completions messages: one `tool` message per result, right after the calls.

import { loseBreakpoint } from '../breakpoint.ts';
import type {
  Block,
  ChatRequest,
  Lose,
  Message,
  TextBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../chat.ts';
import type { JsonObject } from '../json.ts';
import { upstreamCallId } from './call-ids.ts';
import { encodeContent, joinTexts } from './content-encode.ts';
import type { ModelTraits } from './model-traits.ts';

interface Target {
  traits: ModelTraits;
  lose: Lose;
}

/** Stands where a tool gave only images or files, which a `tool` message cannot hold. */
const ATTACHED = 'The result is attached to the next message.';

export function encodeMessages({ system, messages }: ChatRequest, target: Target): JsonObject[] {
  const out: JsonObject[] = [];
  // `system`, not `developer`: OpenAI takes either for every model, compatible servers know only this one.
  if (system.length > 0) out.push({ role: 'system', content: joinTexts(system, 'system', target.lose) });
  for (const run of runs(messages)) out.push(...encodeRun(run, target));
  return out;
}

/** Neighbouring turns of one role, with the place of the first. */
interface Run {
  role: Message['role'];
  blocks: Block[][];
  start: number;
}

/** Calls made side by side may come as turns of their own, and so may their results: they belong together here. */
function runs(messages: readonly Message[]): Run[] {
  const all: Run[] = [];
  for (const [index, { role, blocks }] of messages.entries()) {
    const last = all.at(-1);
    if (last?.role === role) last.blocks.push(blocks);
    else all.push({ role, blocks: [blocks], start: index });
  }
  return all;
}

function encodeRun(run: Run, target: Target): JsonObject[] {
  const path = `messages[${run.start}]`;
  switch (run.role) {
    case 'system':
      return run.blocks.map((blocks) => ({
        role: 'system',
        content: encodeContent(blocks, path, target.lose),
      }));
    case 'user':
      return userMessages(run.blocks, path, target);
    case 'assistant':
      return assistantMessages(run.blocks.flat(), path, target);
    default:
      return run.role satisfies never;
  }
}

/** All results first: nothing may come between the calls and their results. */
function userMessages(turns: readonly Block[][], path: string, target: Target): JsonObject[] {
  const out: JsonObject[] = [];
  const attachments: JsonObject[] = [];
  for (const block of turns.flat()) {
    if (block.kind !== 'tool-result') continue;
    const { message, attached } = toolMessage(block, path, target);
    out.push(message);
    attachments.push(...attached);
  }
  if (attachments.length > 0) out.push({ role: 'user', content: attachments });
  for (const turn of turns) {
    const blocks = turn.filter((block) => block.kind !== 'tool-result');
    if (blocks.length > 0) out.push({ role: 'user', content: encodeContent(blocks, path, target.lose) });
  }
  return out;
}

function toolMessage(
  result: ToolResultBlock,
  path: string,
  { traits, lose }: Target,
): { message: JsonObject; attached: JsonObject[] } {
  loseBreakpoint(result, path, lose);
  if (result.isError) lose('tool-error', path);
  const id = upstreamCallId(result.callId, traits.isStrict);
  const texts = result.blocks.filter((block) => block.kind === 'text');
  const media = result.blocks.filter((block) => block.kind !== 'text');
  const parts = media.length === 0 ? [] : encodeContent(media, path, lose);
  const attached =
    typeof parts === 'string' || parts.length === 0
      ? []
      : [{ type: 'text', text: `Result of tool call ${id}:` }, ...parts];
  const text = joinTexts(texts, path, lose);
  const content = text === '' && attached.length > 0 ? ATTACHED : text;
  return { message: { role: 'tool', tool_call_id: id, content }, attached };
}

function assistantMessages(blocks: readonly Block[], path: string, target: Target): JsonObject[] {
  const said = sortBlocks(blocks, path, target.lose);
  const calls = said.calls.map((call) => encodeCall(call, path, target));
  const reasoning = keptReasoning(said.thinking, { hasCalls: calls.length > 0, path, target });
  const refusal = said.refusals.join('');
  if (said.texts.length === 0 && calls.length === 0 && refusal === '' && reasoning === null) return [];
  for (const text of said.texts) loseBreakpoint(text, path, target.lose);
  // Pieces of one answer continue each other: a model's text is cut into blocks at any place.
  const text = said.texts.map((block) => block.text).join('');
  return [
    {
      role: 'assistant',
      content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
      ...(reasoning === null ? {} : { reasoning_content: reasoning }),
      ...(refusal === '' ? {} : { refusal }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ];
}

interface Said {
  texts: TextBlock[];
  thinking: { text: string }[];
  calls: ToolCallBlock[];
  refusals: string[];
}

function sortBlocks(blocks: readonly Block[], path: string, lose: Lose): Said {
  const said: Said = { texts: [], thinking: [], calls: [], refusals: [] };
  for (const block of blocks) {
    if (block.kind === 'text') said.texts.push(block);
    else if (block.kind === 'refusal') said.refusals.push(block.text);
    else if (block.kind === 'tool-call') said.calls.push(block);
    else if (block.kind === 'thinking') {
      if (block.seal !== null) lose(block.text === '' ? 'encrypted-reasoning' : 'thinking-signature', path);
      if (block.text !== '') said.thinking.push(block);
    } else lose('unknown-block', path);
  }
  return said;
}

/** Null = leave it out. Models that want their reasoning back in turns with calls take an empty one for a lost one. */
function keptReasoning(
  thinking: readonly { text: string }[],
  { hasCalls, path, target }: { hasCalls: boolean; path: string; target: Target },
): string | null {
  const isWanted = target.traits.wantsReasoningBack && hasCalls;
  if (!isWanted && thinking.length > 0) target.lose('thinking-history', path);
  return isWanted ? thinking.map(({ text }) => text).join('\n\n') : null;
}

function encodeCall(call: ToolCallBlock, path: string, { traits, lose }: Target): JsonObject {
  loseBreakpoint(call, path, lose);
  if (call.seal !== null) lose('thinking-signature', path);
  // Some servers parse the arguments of earlier calls: no arguments are an empty object.
  const args = call.arguments === '' ? '{}' : call.arguments;
  return {
    id: upstreamCallId(call.id, traits.isStrict),
    type: 'function',
    function: { name: call.name, arguments: args },
  };
}
