// How much a model should think, both ways.

import type { ChatRequest, Lose, Reasoning } from '../chat.ts';
import { type Effort, readEffort, wishedEffort } from '../effort.ts';
import { objectIn, type Place, pathOf, textIn } from './fields.ts';
import type { ModelTraits } from './models.ts';

/** `context` and `mode` tune OpenAI's own models and are left to the target's defaults. */
export function decodeReasoning(body: Place, lose: Lose): Reasoning | null {
  const wish = objectIn(body, 'reasoning');
  if (!wish) return null;
  const summary = textIn(wish, 'summary') ?? textIn(wish, 'generate_summary');
  const level = textIn(wish, 'effort');
  if (level === null && summary === null) return null;
  const isEnabled = level !== 'none';
  return {
    isEnabled,
    effort: decodeEffort(wish, lose),
    budgetTokens: null,
    isVisible: isEnabled && summary !== null,
  };
}

function decodeEffort(wish: Place, lose: Lose): Effort | null {
  const word = textIn(wish, 'effort');
  const effort = word === null ? 'none' : readEffort(word, pathOf(wish, 'effort'), lose);
  return effort === 'none' ? null : effort;
}

/** The `reasoning` to send; null = nothing is said of it. */
export function encodeReasoning(
  { reasoning }: ChatRequest,
  { traits, lose }: { traits: ModelTraits; lose: Lose },
): Record<string, string> | null {
  if (reasoning === null) return null;
  if (traits.isReasoning === false) {
    if (reasoning.isEnabled) lose('reasoning-effort', 'reasoning');
    return null;
  }
  if (!reasoning.isEnabled) {
    if (traits.offEffort !== 'none') lose('reasoning-effort', 'reasoning');
    return traits.offEffort === null ? null : { effort: traits.offEffort };
  }
  const wished = wishedEffort(reasoning);
  const sent = {
    ...(wished === null ? {} : { effort: knownEffort(wished, { traits, lose }) }),
    ...(reasoning.isVisible ? { summary: 'auto' } : {}),
  };
  return Object.keys(sent).length === 0 ? null : sent;
}

function knownEffort(effort: Effort, { traits, lose }: { traits: ModelTraits; lose: Lose }): Effort {
  if (effort !== 'minimal' || traits.lowestEffort === 'minimal') return effort;
  lose('reasoning-effort', 'reasoning.effort');
  return 'low';
}
