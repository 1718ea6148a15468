// Efforts of reasoning against budgets of tokens: the one table, for dialects that state the one and models that take the other.

import type { Lose, Reasoning } from './chat.ts';
import { mustBe } from './fields.ts';

export type Effort = NonNullable<Reasoning['effort']>;

/** Tokens of thought that each effort stands for, smallest first. */
const BUDGETS: readonly { effort: Effort; tokens: number }[] = [
  { effort: 'minimal', tokens: 1024 },
  { effort: 'low', tokens: 2048 },
  { effort: 'medium', tokens: 8192 },
  { effort: 'high', tokens: 24_576 },
];

export function budgetOf(effort: Effort): number {
  return BUDGETS.find((row) => row.effort === effort)?.tokens ?? 0;
}

/** The effort that is asked for, or the one whose budget is nearest to the budget asked for; null = neither is. */
export function wishedEffort({ effort, budgetTokens }: Reasoning): Effort | null {
  if (effort !== null || budgetTokens === null) return effort;
  const distance = (row: { tokens: number }) => Math.abs(row.tokens - budgetTokens);
  return BUDGETS.reduce((best, row) => (distance(row) < distance(best) ? row : best)).effort;
}

/** OpenAI's word for an effort. Those above `high` are lost to it. Throws WireError for a word that is none. */
export function readEffort(word: string, path: string, lose: Lose): Effort | 'none' {
  switch (word) {
    case 'none':
    case 'minimal':
    case 'low':
    case 'medium':
    case 'high':
      return word;
    case 'xhigh':
    case 'max':
      lose('reasoning-effort', path);
      return 'high';
    default:
      throw mustBe(path, 'none, minimal, low, medium, high, xhigh or max');
  }
}
