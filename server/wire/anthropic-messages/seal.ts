// Which thinking can be handed back to Anthropic.

import type { ThinkingBlock } from '../chat.ts';

/** `id` of the seal of a `redacted_thinking` block, whose value is its `data`; signatures have no id. */
export const REDACTED = 'redacted';

/** The thinking block as Anthropic takes it back, or null when Anthropic did not seal it. */
export function sealedThinking(block: ThinkingBlock): { readonly [field: string]: unknown } | null {
  const { seal } = block;
  if (seal?.surface !== 'anthropic-messages') return null;
  return seal.id === REDACTED
    ? { type: 'redacted_thinking', data: seal.value }
    : { type: 'thinking', thinking: block.text, signature: seal.value };
}
