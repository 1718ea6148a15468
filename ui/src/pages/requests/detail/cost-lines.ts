// How a request's cost adds up by kind of token. Pure.

export type CostKind =
  | 'INPUT'
  | 'CACHE_READ'
  | 'CACHE_WRITE_5M'
  | 'CACHE_WRITE_1H'
  | 'AUDIO_INPUT'
  | 'OUTPUT'
  | 'AUDIO_OUTPUT';

interface CostLine {
  part: CostKind;
  tokens: number;
  usdPerMillion: number;
  costUsd: number;
}

/** The line of one kind; null where none is known. */
export function costLineOf(lines: readonly CostLine[] | null, part: CostKind): CostLine | null {
  return lines?.find((line) => line.part === part) ?? null;
}
