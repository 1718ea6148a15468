// How much a Gemini model should think: its budget or level against the neutral wish.

import type { Lose, Reasoning } from '../chat.ts';
import { budgetOf, type Effort, wishedEffort } from '../effort.ts';
import { flagField, textField } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import { camelField, looseNumber } from './fields.ts';
import { budgetRange, isBeforeGemini3, leastLevel, neverThinks } from './models.ts';

/** -1 lets the model decide. */
const DYNAMIC_BUDGET = -1;

export function decodeReasoning(config: JsonObject, path: string, lose: Lose): Reasoning | null {
  const fields = camelField(config, 'thinkingConfig', path);
  if (fields === null) return null;
  const inside = `${path}.thinkingConfig`;
  const budget = looseNumber(fields, 'thinkingBudget', inside);
  return {
    isEnabled: budget !== 0,
    effort: decodeLevel(textField(fields, 'thinkingLevel', inside), `${inside}.thinkingLevel`, lose),
    budgetTokens: budget === null || budget <= 0 ? null : budget,
    isVisible: flagField(fields, 'includeThoughts', inside) === true,
  };
}

/** Some models know XHIGH above the others. */
function decodeLevel(level: string | null, path: string, lose: Lose): Effort | null {
  if (level === null || level === 'THINKING_LEVEL_UNSPECIFIED') return null;
  const name = level.toLowerCase();
  if (name === 'minimal' || name === 'low' || name === 'medium' || name === 'high') return name;
  lose('reasoning-effort', path);
  return name === 'xhigh' ? 'high' : null;
}

/**
 * The `thinkingConfig` for a model, or null to leave it out. What the model cannot do is brought to the nearest it can,
 * and noted.
 */
export function encodeThinking(reasoning: Reasoning | null, model: string, lose: Lose): JsonObject | null {
  if (reasoning === null) return null;
  const note = () => lose('reasoning-effort', 'reasoning');
  if (neverThinks(model)) {
    if (reasoning.isEnabled) note();
    return null;
  }
  const amount = isBeforeGemini3(model)
    ? budgetFor(reasoning, model, note)
    : levelFor(reasoning, model, note);
  const visible = reasoning.isEnabled && reasoning.isVisible ? { includeThoughts: true } : null;
  return amount === null && visible === null ? null : { ...amount, ...visible };
}

function budgetFor(
  { isEnabled, effort, budgetTokens }: Reasoning,
  model: string,
  note: () => void,
): JsonObject {
  const { least, most } = budgetRange(model);
  const byEffort = effort === null ? null : budgetOf(effort);
  const asked = isEnabled ? (budgetTokens ?? byEffort) : 0;
  if (asked === null) return { thinkingBudget: DYNAMIC_BUDGET };
  const thinkingBudget = Math.min(Math.max(asked, least), most);
  if (thinkingBudget !== asked) note();
  return { thinkingBudget };
}

/** Models from 3 on cannot be kept from thinking: asked not to, they get their least level. */
function levelFor(reasoning: Reasoning, model: string, note: () => void): JsonObject | null {
  const least = leastLevel(model);
  const effort = wishedEffort(reasoning);
  if (!reasoning.isEnabled || (effort === 'minimal' && least !== 'MINIMAL')) {
    note();
    return { thinkingLevel: least };
  }
  return effort === null ? null : { thinkingLevel: effort.toUpperCase() };
}
