// How much a model should think, both ways between Anthropic's settings and the neutral wish.

import type { ChatRequest, Lose, Message, Reasoning } from '../chat.ts';
import { budgetOf, type Effort, wishedEffort } from '../effort.ts';
import { mustBe, numberField, objectField, textField } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import type { ModelTraits } from './models.ts';

/** The smallest budget that the API takes. */
const MIN_BUDGET_TOKENS = 1024;
/** Room for the answer when the client states no limit; the API insists on one. */
const DEFAULT_MAX_TOKENS = 8192;

export function decodeReasoning(body: JsonObject, lose: Lose): Reasoning | null {
  const effort = decodeEffort(body, lose);
  const thinking = objectField(body, 'thinking', '');
  if (thinking === null) return effort && { isEnabled: true, effort, budgetTokens: null, isVisible: false };
  const isVisible = textField(thinking, 'display', 'thinking') !== 'omitted';
  const type = textField(thinking, 'type', 'thinking');
  switch (type) {
    case 'enabled': {
      const budgetTokens = numberField(thinking, 'budget_tokens', 'thinking');
      if (budgetTokens === null) throw mustBe('thinking.budget_tokens', 'a number');
      return { isEnabled: true, effort, budgetTokens, isVisible };
    }
    case 'adaptive':
      return { isEnabled: true, effort, budgetTokens: null, isVisible };
    case 'disabled':
      return { isEnabled: false, effort, budgetTokens: null, isVisible: false };
    // Short notes between tool calls only: the lowest setting of models that always think.
    case 'between_tools':
      lose('reasoning-effort', 'thinking.type');
      return { isEnabled: true, effort: 'low', budgetTokens: null, isVisible };
    default:
      throw mustBe('thinking.type', '"enabled", "adaptive", "between_tools" or "disabled"');
  }
}

function decodeEffort(body: JsonObject, lose: Lose): Effort | null {
  const effort = textField(objectField(body, 'output_config', '') ?? {}, 'effort', 'output_config');
  switch (effort) {
    case null:
    case 'low':
    case 'medium':
    case 'high':
      return effort;
    case 'xhigh':
    case 'max':
      lose('reasoning-effort', 'output_config.effort');
      return 'high';
    default:
      throw mustBe('output_config.effort', '"low", "medium", "high", "xhigh" or "max"');
  }
}

/** What is sent of thinking, and what follows from it for the rest of the request. */
export interface ThinkingPlan {
  thinking: JsonObject | null;
  effort: 'low' | 'medium' | 'high' | null;
  /** Thinking is on: sampling must stay at its defaults and no tool can be forced. */
  isOn: boolean;
  maxTokens: number;
}

/** Decides on thinking. `messages` are the turns as they will be sent: see `lacksLeadingThinking`. */
export function planThinking(
  request: ChatRequest,
  { traits, messages, lose }: { traits: ModelTraits; messages: readonly Message[]; lose: Lose },
): ThinkingPlan {
  const { reasoning } = request;
  if (reasoning === null) return unstated(request, traits);
  if (!reasoning.isEnabled) return off(request, { traits, lose });
  const forced = request.tools.length > 0 && isForced(request);
  // With thinking the API refuses a forced tool: the call is what was asked for, the thinking how.
  if (forced && !traits.alwaysThinks) {
    lose('reasoning-effort', 'tool_choice');
    return off({ ...request, reasoning: { ...reasoning, effort: null } }, { traits, lose });
  }
  if (traits.thinking === 'adaptive') return adaptive(request, { reasoning, lose });
  if (lacksLeadingThinking(messages)) {
    lose('reasoning-effort', 'messages');
    return off(request, { traits, lose });
  }
  return budgeted(request, { reasoning, lose });
}

function unstated(request: ChatRequest, traits: ModelTraits): ThinkingPlan {
  const room = traits.alwaysThinks ? budgetOf('medium') : 0;
  const maxTokens = request.maxOutputTokens ?? DEFAULT_MAX_TOKENS + room;
  return { thinking: null, effort: null, isOn: traits.alwaysThinks, maxTokens };
}

/** Models that always think refuse to be told not to; the lowest effort comes nearest. */
function off(request: ChatRequest, { traits, lose }: { traits: ModelTraits; lose: Lose }): ThinkingPlan {
  const plan = unstated(request, traits);
  if (traits.alwaysThinks) {
    lose('reasoning-effort', 'thinking');
    return { ...plan, effort: 'low' };
  }
  const effort = request.reasoning?.effort ?? null;
  const sent = traits.thinking === 'adaptive' && effort !== null ? sentEffort(effort, lose) : null;
  return { ...plan, thinking: { type: 'disabled' }, effort: sent };
}

function adaptive(
  request: ChatRequest,
  { reasoning, lose }: { reasoning: Reasoning; lose: Lose },
): ThinkingPlan {
  const wished = wishedEffort(reasoning);
  const effort = wished === null ? null : sentEffort(wished, lose);
  return {
    thinking: { type: 'adaptive', display: reasoning.isVisible ? 'summarized' : 'omitted' },
    effort,
    isOn: true,
    // Thinking counts towards max_tokens; a default must leave room for it.
    maxTokens: request.maxOutputTokens ?? DEFAULT_MAX_TOKENS + budgetOf(effort ?? 'high'),
  };
}

function budgeted(
  request: ChatRequest,
  { reasoning, lose }: { reasoning: Reasoning; lose: Lose },
): ThinkingPlan {
  const wished = reasoning.budgetTokens ?? budgetOf(reasoning.effort ?? 'medium');
  const budget = Math.max(MIN_BUDGET_TOKENS, wished);
  const stated = request.maxOutputTokens;
  const isTooSmall = stated !== null && stated <= budget;
  if (isTooSmall) lose('reasoning-effort', 'max_tokens');
  const maxTokens = stated === null || isTooSmall ? budget + (stated ?? DEFAULT_MAX_TOKENS) : stated;
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: null, isOn: true, maxTokens };
}

/**
 * Does the turn in progress begin without thinking? With a budget of thinking, the assistant turn that the last tool
 * results belong to must start with a signed thinking block, else the API answers 400 (`Expected thinking or
 * redacted_thinking, but found tool_use`); it takes the turn without one only with thinking switched off, and says so
 * itself. A turn reaches back to the last user message that is not just tool results. Adaptive thinking knows no such
 * rule. Source: platform.claude.com, "Extended thinking", preserving thinking blocks and toggling thinking modes.
 */
function lacksLeadingThinking(turns: readonly Message[]): boolean {
  const messages = turns.filter((turn) => turn.role !== 'system');
  const spoken = messages.findLastIndex(
    (message) => message.role === 'user' && message.blocks.some((block) => block.kind !== 'tool-result'),
  );
  const isAnswering = messages.at(-1)?.blocks.some((block) => block.kind === 'tool-result') === true;
  const hasOwnWords = isAnswering && spoken === messages.length - 1;
  const start = hasOwnWords ? messages.length - 2 : spoken + 1;
  const first = messages.slice(Math.max(0, start)).find((message) => message.role === 'assistant');
  const lead = first?.blocks[0];
  return lead !== undefined && lead.kind !== 'thinking' && isAnswering;
}

function isForced(request: ChatRequest): boolean {
  return request.toolChoice?.kind === 'required' || request.toolChoice?.kind === 'tool';
}

function sentEffort(effort: Effort, lose: Lose): 'low' | 'medium' | 'high' {
  if (effort !== 'minimal') return effort;
  lose('reasoning-effort', 'output_config.effort');
  return 'low';
}
