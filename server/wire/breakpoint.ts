// Breakpoints on their way to a dialect that takes none.

import type { Breakpoint, Lose } from './chat.ts';

/**
 * OpenAI caches prefixes by itself. Its own `prompt_cache_breakpoint` exists from GPT-5.6 on only; older models and
 * compatible servers may refuse it, so that none is ever sent.
 */
export function loseBreakpoint(
  { breakpoint }: { breakpoint: Breakpoint | null },
  path: string,
  lose: Lose,
): void {
  if (breakpoint !== null) lose('cache-breakpoint', path);
}
