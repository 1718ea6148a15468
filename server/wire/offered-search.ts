// Web search that runs at the provider, when the target has none: coding agents offer it always and do without it well.

import type { Lose, ToolChoice } from './chat.ts';

/** Left out where it is one offer among others; refused where it is all there is, or the model has to call something. */
export function loseSearch(
  paths: readonly string[],
  { hasOthers, choice, lose }: { hasOthers: boolean; choice: ToolChoice | null; lose: Lose },
): void {
  const isOffered = hasOthers && (choice === null || choice.kind === 'auto' || choice.kind === 'none');
  for (const path of paths) lose(isOffered ? 'offered-search' : 'server-tool', path);
}
