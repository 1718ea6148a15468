// How long to wait before the next try to reconnect.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/** Doubles from half a second to ten; `random` in [0, 1) spreads many panels that lost the same server. */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(ceiling * (0.5 + random / 2));
}
