// Whose pauses a request's are: its session's, among the sessions of one caller and model.

import type { GapKey } from '../routing/ttl-choice.ts';
import type { Exchange } from './exchange.ts';
import { tenantOf } from './identity.ts';

/** Null = nothing tells the conversation from others. A request that names no session is known by its first message. */
export function gapKeyOf({
  row,
  caller,
  prompt,
}: Pick<Exchange, 'row' | 'caller' | 'prompt'>): GapKey | null {
  const session = row.sessionId ?? firstMessage(prompt);
  return session === null ? null : { session, group: `${tenantOf(caller)}|${row.modelId ?? ''}` };
}

function firstMessage({ outline }: Exchange['prompt']): string | null {
  const end = outline?.cuts.find(
    ({ part, index, isBlockEnd }) => part === 'message' && index === 0 && isBlockEnd,
  );
  return end ? `#${end.hash}` : null;
}
