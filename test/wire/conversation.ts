// What is said in neutral requests and replies, told alike for every dialect, for tests that translate between two of them.

import { readdirSync, readFileSync } from 'node:fs';
import type {
  Block,
  ChatEvent,
  ChatReply,
  ChatRequest,
  Message,
  StopReason,
} from '../../server/wire/chat.ts';
import { parseJson } from '../../server/wire/json.ts';
import type { Loss } from '../../server/wire/losses.ts';
import type { ChatSurface } from '../../server/wire/surface.ts';
import type { Usage } from '../../server/wire/usage.ts';

/** One model that each surface serves, of the generation that takes most. */
export const TARGET_MODELS: Readonly<Record<ChatSurface, string>> = {
  'anthropic-messages': 'claude-opus-4-8',
  'openai-chat': 'gpt-4.1',
  'openai-responses': 'gpt-5.6',
  gemini: 'gemini-3-pro',
};

/** The texts of one file in every fixture of a surface that has it, by the fixture's name. */
export function fixturesOf(surface: ChatSurface, file: string): { name: string; text: string }[] {
  const folder = new URL(`../fixtures/${surface}/`, import.meta.url);
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const hasFile = readdirSync(new URL(name, folder)).includes(file);
      return hasFile ? [{ name, text: readFileSync(new URL(`${name}/${file}`, folder), 'utf8') }] : [];
    });
}

type Turn = { role: string; text: string; parts: unknown[] };

/** The conversation and the wishes of a request, without what was lost on the way. */
export function requestView(request: ChatRequest, lost: ReadonlySet<Loss>): Record<string, unknown> {
  const keep = <Value>(loss: Loss, value: Value) => (lost.has(loss) ? null : value);
  const isThinkingOff = lost.has('reasoning-effort');
  return {
    system: request.system.map(({ text }) => text).join('\n\n'),
    turns: turnsOf(request.messages, lost),
    tools: request.tools.map((tool) => ({
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters ?? {},
      isStrict: lost.has('tool-strictness') ? false : tool.isStrict === true,
    })),
    toolChoice: request.toolChoice?.kind === 'auto' ? null : request.toolChoice,
    parallel: lost.has('parallel-call-choice') ? true : (request.allowsParallelCalls ?? true),
    maxOutputTokens: request.maxOutputTokens,
    temperature: lost.has('sampling-range') ? null : keep('reasoning-sampling', request.temperature),
    topP: lost.has('sampling-range') ? null : keep('reasoning-sampling', request.topP),
    topK: lost.has('reasoning-sampling') ? null : keep('top-k', request.topK),
    seed: keep('seed', request.seed),
    penalties: keep('penalty', [request.presencePenalty ?? 0, request.frequencyPenalty ?? 0]),
    stops: request.stopSequences,
    thinks: isThinkingOff ? null : (request.reasoning?.isEnabled ?? false),
    schema: request.outputFormat?.kind === 'json-schema' ? request.outputFormat.schema : null,
    isJson: keep('json-mode', request.outputFormat !== null),
    endUser: keep('metadata', request.endUser),
  };
}

/** Neighbouring turns of one speaker are one; texts of one turn are one, blank space between them aside. */
function turnsOf(messages: readonly Message[], lost: ReadonlySet<Loss>): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const role = message.role === 'system' && lost.has('system-turn') ? 'user' : message.role;
    const last = turns.at(-1);
    const turn = last?.role === role ? last : { role, text: '', parts: [] };
    for (const block of message.blocks) addBlock(turn, block, lost);
    const isEmpty = turn.text === '' && turn.parts.length === 0;
    if (turn !== last && !isEmpty) turns.push(turn);
  }
  return turns.map((turn) => ({ ...turn, parts: resultsFirst(turn.parts) }));
}

function addBlock(turn: Turn, block: Block, lost: ReadonlySet<Loss>): void {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      turn.text += plain(block.text);
      return;
    case 'thinking':
      return;
    case 'tool-call':
      turn.parts.push({ call: block.name, id: block.id, arguments: parseJson(block.arguments || '{}') });
      return;
    case 'tool-result':
      turn.parts.push({
        result: block.callId,
        name: block.name,
        text: plain(block.blocks.map((part) => (part.kind === 'text' ? part.text : '')).join('')),
        isError: lost.has('tool-error') ? false : block.isError,
      });
      for (const part of block.blocks) if (part.kind !== 'text') addBlock(turn, part, lost);
      return;
    case 'image':
      turn.parts.push({ image: block.source });
      return;
    case 'document':
      addDocument(turn, block.source);
      return;
    default:
      turn.parts.push({ audio: block.data, format: block.format });
  }
}

/** A document of plain text may become a text. */
function addDocument(turn: Turn, source: Extract<Block, { kind: 'document' }>['source']): void {
  if (source.kind === 'text') turn.text += plain(source.text);
  else turn.parts.push({ document: source });
}

/** Blank space, the words in which a translation embeds others' words, and titles of documents. */
function plain(text: string): string {
  return text
    .replaceAll(
      /<\/?system-reminder>|Result of tool call [\w-]+:|The result is attached to the next message\./g,
      '',
    )
    .replaceAll(/^(Notes|report\.pdf)\n/g, '')
    .replaceAll(/\s+/g, '');
}

function resultsFirst(parts: readonly unknown[]): unknown[] {
  const isResult = (part: unknown) => typeof part === 'object' && part !== null && 'result' in part;
  return [...parts.filter(isResult), ...parts.filter((part) => !isResult(part))];
}

/** What a reply says, as far as every dialect can say it. */
export function replyView({ blocks, stop, usage }: Pick<ChatReply, 'blocks' | 'stop' | 'usage'>) {
  const texts = (kinds: readonly string[]) =>
    blocks.flatMap((block) => (kinds.includes(block.kind) && 'text' in block ? [block.text] : [])).join('');
  return {
    text: texts(['text', 'refusal']),
    thinking: texts(['thinking']).replaceAll(/\s+/g, ' '),
    calls: blocks.flatMap((block) =>
      block.kind === 'tool-call' ? [{ name: block.name, arguments: parseJson(block.arguments || '{}') }] : [],
    ),
    stop: STOPS[stop],
    usage: usageView(usage),
  };
}

/** Some dialects know no stop sequence, no pause and no refusal apart from a filter. */
const STOPS: Readonly<Record<StopReason, string>> = {
  end: 'end',
  'stop-sequence': 'end',
  paused: 'cut',
  'max-tokens': 'cut',
  'tool-calls': 'calls',
  refusal: 'withheld',
  'content-filter': 'withheld',
};

/** No dialect tells a count of 0 and one that is not reported apart in all places. */
function usageView({ inputTokens, outputTokens, reasoningTokens, cacheReadTokens }: Usage) {
  const count = (tokens: number | null) => tokens ?? 0;
  return [count(inputTokens), count(outputTokens), count(reasoningTokens), count(cacheReadTokens)];
}

/** The reply that a whole stream of events gives; null when it ended with an error. */
export function replyOf(events: readonly ChatEvent[]): ChatReply | null {
  const blocks = new Map<number, Block>();
  for (const event of events) {
    if (event.kind === 'block-start') {
      const { block } = event;
      blocks.set(
        event.index,
        block.kind === 'tool-call'
          ? { ...block, arguments: '', seal: null, breakpoint: null }
          : block.kind === 'text'
            ? { kind: 'text', text: '', breakpoint: null }
            : block.kind === 'thinking'
              ? { kind: 'thinking', text: '', seal: null }
              : { kind: 'refusal', text: '' },
      );
      continue;
    }
    const block = 'index' in event ? blocks.get(event.index) : undefined;
    if (event.kind === 'text-delta' && block && 'text' in block) block.text += event.text;
    if (event.kind === 'arguments-delta' && block?.kind === 'tool-call') block.arguments += event.json;
  }
  const last = events.at(-1);
  if (last?.kind !== 'finish') return null;
  const { stop, stopSequence, usage } = last;
  return { id: '', blocks: [...blocks.values()], stop, stopSequence, usage };
}
