// Why an answer ended, as Chat Completions servers say it, and back.

import type { Block, StopReason } from '../chat.ts';

/**
 * Sources: OpenAI API reference (`stop`, `length`, `tool_calls`, `content_filter`, `function_call`); DeepSeek
 * (`insufficient_system_resource`: cut off for want of capacity); Mistral (`model_length`); Z.ai (`sensitive`). Other words
 * count as a plain end.
 */
const STOP_BY_REASON: Readonly<Record<string, StopReason>> = {
  stop: 'end',
  length: 'max-tokens',
  model_length: 'max-tokens',
  insufficient_system_resource: 'max-tokens',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  sensitive: 'content-filter',
};

/** What the answer is made of, as far as it tells why it ended. */
export interface AnswerKinds {
  hasCalls: boolean;
  hasRefusal: boolean;
}

/** Servers differ in what they say after calls; OpenAI says `stop` after a refusal. `matched`: vLLM's stop sequence. */
export function stopOf(
  reason: string | null,
  { hasCalls, hasRefusal }: AnswerKinds,
  matched: unknown,
): StopReason {
  const stop = STOP_BY_REASON[reason ?? 'stop'] ?? 'end';
  if (stop !== 'end' && stop !== 'tool-calls') return stop;
  if (hasCalls) return 'tool-calls';
  if (hasRefusal) return 'refusal';
  return typeof matched === 'string' ? 'stop-sequence' : 'end';
}

/** A paused answer is not whole, which only `length` can say. */
export function finishReason(stop: StopReason, { hasRefusal }: AnswerKinds): string {
  switch (stop) {
    case 'end':
    case 'stop-sequence':
      return 'stop';
    case 'max-tokens':
    case 'paused':
      return 'length';
    case 'tool-calls':
      return 'tool_calls';
    case 'refusal':
      return hasRefusal ? 'stop' : 'content_filter';
    case 'content-filter':
      return 'content_filter';
    default:
      return stop satisfies never;
  }
}

export function kindsOf(blocks: readonly Block[]): AnswerKinds {
  return {
    hasCalls: blocks.some((block) => block.kind === 'tool-call'),
    hasRefusal: blocks.some((block) => block.kind === 'refusal'),
  };
}
