// What the generations of Gemini models can do, told by their names. Names that are not known count as the newest.

/** They never think, and refuse to be told about it. */
export function neverThinks(model: string): boolean {
  return /gemini-(1|2\.0)/i.test(model);
}

/** Models before Gemini 3 take a budget of thought instead of a level, and no media inside function results. */
export function isBeforeGemini3(model: string): boolean {
  return /gemini-[12](\.|-)/i.test(model);
}

/** Least and most tokens of thought of the 2.5 models. Source: Gemini API guide "Thinking", table of budgets. */
export function budgetRange(model: string): { least: number; most: number } {
  return /2\.5-pro/i.test(model) ? { least: 128, most: 32_768 } : { least: 0, most: 24_576 };
}

/** The least level: no Pro model knows MINIMAL, nor do the Flash models from 3.7 on. Source: as above, table of levels. */
export function leastLevel(model: string): 'MINIMAL' | 'LOW' {
  if (!/flash/i.test(model) || /gemini-flash-latest$/i.test(model)) return 'LOW';
  const [, major = '3', minor = '0', isLite] = /gemini-(\d+)(?:\.(\d+))?-flash(-lite)?/i.exec(model) ?? [];
  const isLater = Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 7);
  return isLater && isLite === undefined ? 'LOW' : 'MINIMAL';
}

/** The 2.5 models refuse presence and frequency penalties here (Vertex AI takes them). */
export function takesPenalties(model: string): boolean {
  return !/gemini-2\.5/i.test(model);
}
