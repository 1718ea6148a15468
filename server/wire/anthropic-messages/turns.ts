// Brings messages into the order of turns that Anthropic takes. Each turn depends only on those before it and, for an
// instruction amid the conversation, on who speaks next: a growing conversation keeps its earlier turns as they were.

import type { Block, Lose, Message, Role } from '../chat.ts';
import type { Loss } from '../losses.ts';
import type { ModelTraits } from './models.ts';
import { sealedThinking } from './seal.ts';

/**
 * Turns of alternating roles: neighbours of one role are joined, what cannot be sent is left out, and tool results
 * come first in their turn, where the API insists on them.
 */
export function turnsOf(
  messages: readonly Message[],
  { traits, lose }: { traits: ModelTraits; lose: Lose },
): Message[] {
  const turns = joined(messages.map((message, index) => usableTurn(message, { index, lose })));
  const isPlaced = (turn: Message, index: number) =>
    turn.role !== 'system' || (traits.takesSystemTurns && isSystemPlace(turns, index));
  const placed = turns.every(isPlaced)
    ? turns
    : joined(
        turns.map((turn, index) =>
          isPlaced(turn, index) ? turn : asUserWords(turn, { path: `messages.${index}`, lose }),
        ),
      );
  return placed.map((turn) =>
    turn.role === 'user' && turn.blocks.length > 1 ? { ...turn, blocks: resultsFirst(turn.blocks) } : turn,
  );
}

function usableTurn({ role, blocks }: Message, { index, lose }: { index: number; lose: Lose }): Message {
  const usable: Block[] = [];
  let place = 0;
  for (const block of blocks) {
    const kept = usableBlock(block);
    const loss = kept === null ? lossOf(block) : null;
    if (kept !== null) usable.push(kept);
    if (loss !== null) lose(loss, `messages.${index}.content.${place}`);
    place += 1;
  }
  return { role, blocks: usable };
}

/** The turns without their thinking, for requests that think no more. */
export function withoutThinking(turns: readonly Message[], lose: Lose): Message[] {
  if (!turns.some((turn) => turn.blocks.some((block) => block.kind === 'thinking'))) return [...turns];
  const kept = turns.map((turn, index) => {
    const blocks = turn.blocks.filter((block) => block.kind !== 'thinking');
    if (blocks.length < turn.blocks.length) lose('thinking-history', `messages.${index}`);
    return { ...turn, blocks };
  });
  return joined(kept);
}

function joined(messages: readonly Message[]): Message[] {
  const turns: { role: Role; blocks: Block[] }[] = [];
  for (const { role, blocks } of messages) {
    if (blocks.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else turns.push({ role, blocks: [...blocks] });
  }
  return turns;
}

/** The API refuses blank text, which other dialects send beside tool calls. */
function usableBlock(block: Block): Block | null {
  switch (block.kind) {
    case 'text':
      return isBlank(block.text) ? null : block;
    case 'refusal':
      return isBlank(block.text) ? null : { kind: 'text', text: block.text, breakpoint: null };
    case 'audio':
      return null;
    case 'thinking':
      return sealedThinking(block) === null ? null : block;
    default:
      return block;
  }
}

/** What is lost with a block that cannot be sent; null = nothing. */
function lossOf(block: Block): Loss | null {
  if (block.kind === 'audio') return 'audio';
  if (block.kind !== 'thinking') return null;
  if (block.seal !== null) return 'thinking-signature';
  return block.text === '' ? null : 'thinking-history';
}

function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

/**
 * A system turn must follow the user and be followed by the assistant or by nothing.
 * Source: platform.claude.com, "Mid-conversation system messages", limitations.
 */
function isSystemPlace(turns: readonly Message[], index: number): boolean {
  const next = turns[index + 1];
  return turns[index - 1]?.role === 'user' && (next === undefined || next.role === 'assistant');
}

/** The form in which Claude is used to meeting such notes among the user's words. */
function asUserWords(turn: Message, { path, lose }: { path: string; lose: Lose }): Message {
  lose('system-turn', path);
  const blocks = turn.blocks.map((block) =>
    block.kind === 'text'
      ? { ...block, text: `<system-reminder>\n${block.text}\n</system-reminder>` }
      : block,
  );
  return { role: 'user', blocks };
}

function resultsFirst(blocks: readonly Block[]): Block[] {
  const isResult = (block: Block) => block.kind === 'tool-result';
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}
