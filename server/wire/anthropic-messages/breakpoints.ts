// Which prefixes of a request Anthropic should cache. Sets and takes away marks; never touches what is marked.

import type { Block, Breakpoint, ChatRequest, Message, TextBlock, Tool } from '../chat.ts';

/** The API takes no more. Source: prompt caching guide. */
const MAX_BREAKPOINTS = 4;
/** The two last turns of the user: the one that was cached by the request before, and the one to come back to. */
const MARKED_USER_TURNS = 2;
const DEFAULT_BREAKPOINT: Breakpoint = { ttl: '5m' };

/** The parts of a request that can be marked, in the order in which they make up the prefix. */
export interface Prefix {
  tools: readonly Tool[];
  system: readonly TextBlock[];
  turns: readonly Message[];
}

/**
 * The same parts with the marks to send. Requests from dialects whose providers cache by themselves carry none: then
 * the end of the fixed part and the last block of the last two user turns are marked, if there is a conversation to
 * come back to. Of more than four marks the last four stay: they end the longest prefixes.
 */
export function withBreakpoints(prefix: Prefix, request: ChatRequest): Prefix {
  const count = countMarks(prefix);
  if (count === 0) return isConversation(request) ? marked(prefix) : prefix;
  return count > MAX_BREAKPOINTS ? withoutFirst(prefix, count - MAX_BREAKPOINTS) : prefix;
}

function isConversation(request: ChatRequest): boolean {
  return (
    request.tools.length > 0 ||
    request.promptCacheKey !== null ||
    request.messages.some((message) => message.role === 'assistant')
  );
}

function marked({ tools, system, turns }: Prefix): Prefix {
  const userTurns: number[] = [];
  for (let at = turns.length - 1; at >= 0 && userTurns.length < MARKED_USER_TURNS; at -= 1) {
    if (turns[at]?.role === 'user') userTurns.push(at);
  }
  return {
    tools: system.length === 0 ? markLast(tools) : tools,
    system: markLast(system),
    turns: turns.map((turn, index) =>
      userTurns.includes(index) ? { role: turn.role, blocks: markLastBlock(turn.blocks) } : turn,
    ),
  };
}

function markLast<T extends { breakpoint: Breakpoint | null }>(items: readonly T[]): T[] {
  return items.map((item, index) =>
    index === items.length - 1 ? { ...item, breakpoint: DEFAULT_BREAKPOINT } : item,
  );
}

function markLastBlock(blocks: readonly Block[]): Block[] {
  const last = blocks.findLastIndex((block) => 'breakpoint' in block);
  return blocks.map((block, index) =>
    index === last && 'breakpoint' in block ? { ...block, breakpoint: DEFAULT_BREAKPOINT } : block,
  );
}

/** Without building anything: it is asked of every request. */
function countMarks({ tools, system, turns }: Prefix): number {
  let count = countIn(tools) + countIn(system);
  for (const { blocks } of turns) {
    count += countIn(blocks);
    for (const block of blocks) if (block.kind === 'tool-result') count += countIn(block.blocks);
  }
  return count;
}

function countIn(items: readonly object[]): number {
  let count = 0;
  for (const item of items) if (breakpointOf(item) !== null) count += 1;
  return count;
}

function withoutFirst(prefix: Prefix, excess: number): Prefix {
  let left = excess;
  return eachMark(prefix, (breakpoint) => {
    if (left === 0) return breakpoint;
    left -= 1;
    return null;
  });
}

/** Visits the marks in the order of the prefix and puts what `visit` answers in their place. */
function eachMark(prefix: Prefix, visit: (breakpoint: Breakpoint) => Breakpoint | null): Prefix {
  const mark = <T extends object>(item: T): T => {
    const breakpoint = breakpointOf(item);
    return breakpoint === null ? item : { ...item, breakpoint: visit(breakpoint) };
  };
  // The parts of a tool result come before its own end.
  const markBlock = (block: Block): Block =>
    mark(block.kind === 'tool-result' ? { ...block, blocks: block.blocks.map(mark) } : block);
  return {
    tools: prefix.tools.map(mark),
    system: prefix.system.map(mark),
    turns: prefix.turns.map((turn) => ({ ...turn, blocks: turn.blocks.map(markBlock) })),
  };
}

function breakpointOf(item: object): Breakpoint | null {
  const breakpoint = 'breakpoint' in item ? item.breakpoint : null;
  return isBreakpoint(breakpoint) ? breakpoint : null;
}

function isBreakpoint(value: unknown): value is Breakpoint {
  return typeof value === 'object' && value !== null && 'ttl' in value;
}
