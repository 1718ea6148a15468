// How long an account takes for a request: fitted to real traffic of coding agents.

import { usualFirstByteMs } from '../../routing/account-load.ts';

/** By least squares, as the time to the first byte. */
export const MS_PER_OUTPUT_TOKEN = 14.6;

export interface Service {
  /** Until the first token. */
  firstByteMs: number;
  /** Until the slot is free again. */
  totalMs: number;
}

/** Whole milliseconds. */
export function serviceOf(
  { inputTokens, outputTokens }: { inputTokens: number; outputTokens: number },
  readTokens: number,
): Service {
  const firstByteMs = usualFirstByteMs({ warmTokens: readTokens, coldTokens: inputTokens - readTokens });
  return {
    firstByteMs: Math.round(firstByteMs),
    totalMs: Math.round(firstByteMs + outputTokens * MS_PER_OUTPUT_TOKEN),
  };
}
