// A request of the Responses API into the neutral one.

import type { ChatRequest, Lose } from '../chat.ts';
import { entryOf, isObject } from '../json.ts';
import type { Loss } from '../losses.ts';
import { textBlock } from './content.ts';
import { booleanIn, numberIn, type Place, placeOf, textIn } from './fields.ts';
import { decodeInput } from './items-decode.ts';
import { decodeText } from './output-format.ts';
import { decodeReasoning } from './reasoning.ts';
import { decodeToolChoice, decodeTools } from './tools.ts';

/** Fields that `decodeRequest` reads itself, and those that say nothing about the answer. */
const READ: ReadonlySet<string> = new Set([
  'model',
  'stream',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'reasoning',
  'text',
  'prompt_cache_key',
  'safety_identifier',
  'user',
  // A bound on tools of the provider, and those are refused.
  'max_tool_calls',
]);

/** What else a request may hold: the loss that it is, unless its value asks for nothing. */
const LOST: Readonly<Record<string, { loss: Loss; asks: (value: unknown) => boolean }>> = {
  previous_response_id: { loss: 'kept-conversation', asks: always },
  conversation: { loss: 'kept-conversation', asks: always },
  prompt: { loss: 'kept-prompt', asks: always },
  background: { loss: 'background', asks: (value) => value === true },
  // Kept by default; only who says so counts on it.
  store: { loss: 'store', asks: (value) => value === true },
  include: {
    loss: 'logprobs',
    asks: (value) => Array.isArray(value) && value.includes('message.output_text.logprobs'),
  },
  top_logprobs: { loss: 'logprobs', asks: (value) => value !== 0 },
  truncation: { loss: 'context-management', asks: (value) => value !== 'disabled' },
  context_management: { loss: 'context-management', asks: hasEntries },
  prompt_cache_retention: { loss: 'cache-setting', asks: always },
  prompt_cache_options: { loss: 'cache-setting', asks: hasEntries },
  metadata: { loss: 'metadata', asks: hasEntries },
  client_metadata: { loss: 'metadata', asks: hasEntries },
  service_tier: { loss: 'service-tier', asks: (value) => value !== 'auto' && value !== 'default' },
  // Deltas never carry padding here: asking to leave it out is granted.
  stream_options: {
    loss: 'stream-option',
    asks: (value) => isObject(value) && value.include_obfuscation === true,
  },
  moderation: { loss: 'safety-settings', asks: always },
};

export function decodeRequest(
  value: unknown,
  { model, isStreamed, lose }: { model: string; isStreamed: boolean; lose: Lose },
): ChatRequest {
  const body = placeOf(value, '');
  loseOthers(body, lose);
  const instructions = textIn(body, 'instructions');
  const input = decodeInput(body, lose);
  const offered = decodeTools(body, lose);
  const declared = {
    tools: [...offered.tools, ...input.offered.tools],
    searches: [...offered.searches, ...input.offered.searches],
  };
  const { tools, toolChoice } = decodeToolChoice(body, declared, lose);
  return {
    model,
    isStreamed,
    system: [
      ...(instructions === null || instructions === '' ? [] : [textBlock(instructions)]),
      ...input.system,
    ],
    messages: input.messages,
    tools,
    toolChoice,
    allowsParallelCalls: booleanIn(body, 'parallel_tool_calls'),
    maxOutputTokens: numberIn(body, 'max_output_tokens'),
    temperature: numberIn(body, 'temperature'),
    topP: numberIn(body, 'top_p'),
    topK: null,
    stopSequences: [],
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    reasoning: decodeReasoning(body, lose),
    outputFormat: decodeText(body, lose),
    promptCacheKey: textIn(body, 'prompt_cache_key'),
    endUser: textIn(body, 'safety_identifier') ?? textIn(body, 'user'),
    wantsStreamUsage: true,
  };
}

function loseOthers(body: Place, lose: Lose): void {
  for (const [field, value] of Object.entries(body.value)) {
    if (value === null || READ.has(field)) continue;
    const known = entryOf(LOST, field);
    if (!known) lose('unknown-field', field);
    else if (known.asks(value)) lose(known.loss, field);
  }
}

function always(): boolean {
  return true;
}

function hasEntries(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
