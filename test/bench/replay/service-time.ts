// How long an account works on a request, and how many slots a load needs. Pure. Fitted by least squares to real coding-agent sessions.

import { MS_PER_OUTPUT_TOKEN } from '../../../server/analysis/replay/service-time.ts';
import { usualFirstByteMs } from '../../../server/routing/account-load.ts';

/** Tokens as traced. */
export interface Work {
  inputTokens: number;
  readTokens: number;
  outputTokens: number;
}

export function firstTokenMs({ inputTokens, readTokens }: Omit<Work, 'outputTokens'>): number {
  return usualFirstByteMs({ warmTokens: readTokens, coldTokens: inputTokens - readTokens });
}

export function serviceMs(work: Work): number {
  return firstTokenMs(work) + work.outputTokens * MS_PER_OUTPUT_TOKEN;
}

/** Slots of all accounts together, so that this share of them is in use on average. */
export function slotsFor(
  works: readonly Work[],
  { spanMs, utilisation }: { spanMs: number; utilisation: number },
) {
  const busyMs = works.reduce((sum, work) => sum + serviceMs(work), 0);
  return Math.max(1, Math.ceil(busyMs / spanMs / utilisation));
}

/** As evenly as whole numbers allow; nobody gets none. */
export function dealEvenly(total: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const share = Math.floor(((index + 1) * total) / count) - Math.floor((index * total) / count);
    return Math.max(1, share);
  });
}
