// The neutral request into one of the Responses API; always in the same field order.

import { loseBreakpoint } from '../breakpoint.ts';
import type { ChatRequest, Lose, TextBlock } from '../chat.ts';
import { shortText } from '../ids.ts';
import { encodeItems } from './items-encode.ts';
import { modelTraits } from './models.ts';
import { encodeFormat } from './output-format.ts';
import { encodeReasoning } from './reasoning.ts';
import { encodeToolChoice, encodeTools } from './tools.ts';

/** The API refuses less: "integer below minimum value. Expected a value >= 16". */
const MIN_OUTPUT_TOKENS = 16;
const MAX_TEMPERATURE = 2;

export function encodeRequest(request: ChatRequest, lose: Lose): unknown {
  loseUnknownDials(request, lose);
  const [instructions, ...developer] = request.system;
  for (const [index, block] of request.system.entries()) loseBreakpoint(block, `system[${index}]`, lose);
  return {
    model: request.model,
    ...(instructions === undefined ? {} : { instructions: instructions.text }),
    input: [...developerItems(developer), ...encodeItems(request.messages, lose)],
    ...toolFields(request, lose),
    ...(request.maxOutputTokens === null
      ? {}
      : { max_output_tokens: outputLimit(request.maxOutputTokens, lose) }),
    ...thinkingFields(request, lose),
    ...(request.outputFormat === null ? {} : { text: { format: encodeFormat(request.outputFormat) } }),
    // Nothing is kept at the provider: the client holds the whole conversation.
    store: false,
    stream: request.isStreamed,
    ...(request.promptCacheKey === null ? {} : { prompt_cache_key: shortText(request.promptCacheKey) }),
    ...(request.endUser === null ? {} : { safety_identifier: shortText(request.endUser) }),
  };
}

/** `instructions` is one text; system blocks after the first lead the input, so that they stay what they are. */
function developerItems(blocks: readonly TextBlock[]): unknown[] {
  if (blocks.length === 0) return [];
  const content = blocks.map((block) => ({ type: 'input_text', text: block.text }));
  return [{ type: 'message', role: 'developer', content }];
}

/** The API refuses a choice among no tools. */
function toolFields(request: ChatRequest, lose: Lose): object {
  if (request.tools.length === 0) return {};
  return {
    tools: encodeTools(request.tools, lose),
    ...(request.toolChoice === null ? {} : { tool_choice: encodeToolChoice(request.toolChoice) }),
    ...(request.allowsParallelCalls === null ? {} : { parallel_tool_calls: request.allowsParallelCalls }),
  };
}

/** Sampling, reasoning, and the wish to get reasoning back sealed, since nothing is stored. */
function thinkingFields(request: ChatRequest, lose: Lose): object {
  const traits = modelTraits(request.model);
  const reasoning = encodeReasoning(request, { traits, lose });
  const isThinking = traits.isReasoning ?? request.reasoning?.isEnabled ?? false;
  const takesSampling = !isThinking || reasoning?.effort === 'none';
  if (!takesSampling && (request.temperature !== null || request.topP !== null)) {
    lose('reasoning-sampling', request.temperature === null ? 'topP' : 'temperature');
  }
  return {
    ...(takesSampling && request.temperature !== null
      ? { temperature: heat(request.temperature, lose) }
      : {}),
    ...(takesSampling && request.topP !== null ? { top_p: request.topP } : {}),
    ...(reasoning === null ? {} : { reasoning }),
    ...(isThinking ? { include: ['reasoning.encrypted_content'] } : {}),
  };
}

function outputLimit(tokens: number, lose: Lose): number {
  if (tokens >= MIN_OUTPUT_TOKENS) return tokens;
  lose('sampling-range', 'maxOutputTokens');
  return MIN_OUTPUT_TOKENS;
}

function heat(temperature: number, lose: Lose): number {
  if (temperature <= MAX_TEMPERATURE) return temperature;
  lose('sampling-range', 'temperature');
  return MAX_TEMPERATURE;
}

function loseUnknownDials(request: ChatRequest, lose: Lose): void {
  if (request.topK !== null) lose('top-k', 'topK');
  if (request.stopSequences.length > 0) lose('stop-sequences', 'stopSequences');
  if (request.seed !== null) lose('seed', 'seed');
  if ((request.presencePenalty ?? 0) !== 0) lose('penalty', 'presencePenalty');
  if ((request.frequencyPenalty ?? 0) !== 0) lose('penalty', 'frequencyPenalty');
}
