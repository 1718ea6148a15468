// How much a client wants the model to think, in the three ways Chat Completions clients say it.

import type { Lose, Reasoning } from '../chat.ts';
import { readEffort } from '../effort.ts';
import { flagField, integerField, objectField, textField } from '../fields.ts';
import type { JsonObject } from '../json.ts';

/**
 * OpenAI's `reasoning_effort`; OpenRouter's `reasoning: {effort, max_tokens, enabled, exclude}`; the
 * `thinking: {type, budget_tokens}` of DeepSeek, Moonshot, Z.ai and of clients made for Anthropic. OpenAI never shows
 * the reasoning in Chat Completions, so a client that only names an effort does not wait for it.
 */
export function decodeReasoning(body: JsonObject, lose: Lose): Reasoning | null {
  const effort = textField(body, 'reasoning_effort');
  if (effort !== null) return fromEffort(effort, 'reasoning_effort', { isVisible: false, lose });
  const reasoning = objectField(body, 'reasoning');
  if (reasoning !== null) return fromReasoning(reasoning, lose);
  const thinking = objectField(body, 'thinking');
  if (thinking === null) return null;
  return {
    isEnabled: thinking.type !== 'disabled',
    effort: null,
    budgetTokens: integerField(thinking, 'budget_tokens', 'thinking'),
    isVisible: thinking.type !== 'disabled',
  };
}

function fromReasoning(reasoning: JsonObject, lose: Lose): Reasoning {
  const isVisible = !(flagField(reasoning, 'exclude', 'reasoning') ?? false);
  const effort = textField(reasoning, 'effort', 'reasoning');
  const budgetTokens = integerField(reasoning, 'max_tokens', 'reasoning');
  const isEnabled = flagField(reasoning, 'enabled', 'reasoning') ?? true;
  if (effort === null) return { isEnabled, effort: null, budgetTokens, isVisible };
  const stated = fromEffort(effort, 'reasoning.effort', { isVisible, lose });
  return { ...stated, isEnabled: isEnabled && stated.isEnabled, budgetTokens };
}

function fromEffort(
  effort: string,
  path: string,
  { isVisible, lose }: { isVisible: boolean; lose: Lose },
): Reasoning {
  const known = readEffort(effort, path, lose);
  if (known === 'none') return { isEnabled: false, effort: null, budgetTokens: null, isVisible: false };
  return { isEnabled: true, effort: known, budgetTokens: null, isVisible };
}
