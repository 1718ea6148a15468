// How a prompt's tokens split up. Pure; null stays null, because "not reported" is not zero.

export interface ReportedTokens {
  inputTokens: number | null;
  cacheReadTokens: number | null;
  cacheWriteTokens: number | null;
}

export interface TokenPart {
  key: 'fresh' | 'read' | 'write';
  tokens: number;
  colour: string;
}

/** Input that was neither read from nor written to the prompt cache; null when the provider reported no input. */
function freshTokens(row: ReportedTokens): number | null {
  if (row.inputTokens === null) return null;
  return Math.max(0, row.inputTokens - (row.cacheReadTokens ?? 0) - (row.cacheWriteTokens ?? 0));
}

/** Parts of the input for a bar, warmest first. */
export function inputParts(row: ReportedTokens): TokenPart[] {
  return [
    { key: 'read', tokens: row.cacheReadTokens ?? 0, colour: 'bg-part-read' },
    { key: 'write', tokens: row.cacheWriteTokens ?? 0, colour: 'bg-part-write' },
    { key: 'fresh', tokens: freshTokens(row) ?? 0, colour: 'bg-part-fresh' },
  ];
}

/** JSON with a line for each field; what is not JSON stays as it is. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Cache reads as a fraction 0 to 1 of the input; null when the provider reported no input. */
export function hitRateOf(row: ReportedTokens): number | null {
  if (row.inputTokens === null || row.inputTokens === 0) return null;
  return (row.cacheReadTokens ?? 0) / row.inputTokens;
}
