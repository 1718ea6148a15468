// The neutral request into a Chat Completions request. Field order is fixed; what the target model refuses is left out.

import { loseBreakpoint } from '../breakpoint.ts';
import type { ChatRequest, Lose, OutputFormat, Reasoning, Tool, ToolChoice } from '../chat.ts';
import { wishedEffort } from '../effort.ts';
import type { JsonObject } from '../json.ts';
import { encodeMessages } from './messages-encode.ts';
import { type ModelTraits, modelTraits } from './model-traits.ts';

/** OpenAI: `user`, `safety_identifier` and `prompt_cache_key` hold 64 characters at most. */
const MAX_KEY_LENGTH = 64;

/** The messages come last, so that a growing conversation only ever adds to the end. */
export function encodeRequest(request: ChatRequest, lose: Lose): JsonObject {
  const traits = modelTraits(request.model);
  if (request.topK !== null) lose('top-k', 'top_k');
  return {
    model: request.model,
    ...(request.isStreamed ? encodeStream(traits) : {}),
    ...(request.maxOutputTokens === null ? {} : { [traits.outputLimit]: request.maxOutputTokens }),
    ...encodeReasoning(request.reasoning, traits, lose),
    ...encodeSampling(request, traits, lose),
    ...(request.stopSequences.length === 0 ? {} : { stop: request.stopSequences }),
    ...(request.outputFormat === null ? {} : { response_format: encodeOutputFormat(request.outputFormat) }),
    ...encodeKeys(request, traits, lose),
    ...encodeTools(request, lose),
    messages: encodeMessages(request, { traits, lose }),
  };
}

/** Usage is asked for whether or not the client wants it: it is what the request is accounted by. Mistral always tells. */
function encodeStream({ isStrict }: ModelTraits): JsonObject {
  return { stream: true, ...(isStrict ? {} : { stream_options: { include_usage: true } }) };
}

function encodeReasoning(reasoning: Reasoning | null, traits: ModelTraits, lose: Lose): JsonObject {
  if (reasoning === null) return {};
  if (traits.reasoning === 'switch') {
    if (reasoning.effort !== null || reasoning.budgetTokens !== null) lose('reasoning-effort', 'reasoning');
    return { thinking: { type: reasoning.isEnabled ? 'enabled' : 'disabled' } };
  }
  if (traits.reasoning === 'none') {
    if (reasoning.isEnabled) lose('reasoning-effort', 'reasoning');
    return {};
  }
  const asked = reasoning.isEnabled ? wishedEffort(reasoning) : traits.offEffort;
  const effort = asked === 'minimal' ? traits.lowestEffort : asked;
  if (effort !== asked || (!reasoning.isEnabled && effort !== 'none')) lose('reasoning-effort', 'reasoning');
  return effort === null ? {} : { reasoning_effort: effort };
}

function encodeSampling(request: ChatRequest, traits: ModelTraits, lose: Lose): JsonObject {
  const { temperature, topP, presencePenalty, frequencyPenalty, seed } = request;
  const fields: Record<string, number> = {};
  const dials = {
    temperature,
    top_p: topP,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
  };
  for (const [name, value] of Object.entries(dials)) {
    if (value === null) continue;
    if (traits.takesSampling) fields[name] = value;
    else if (value !== (name.endsWith('penalty') ? 0 : 1)) lose('reasoning-sampling', name);
  }
  if (seed !== null && traits.isStrict) lose('seed', 'seed');
  else if (seed !== null) fields.seed = seed;
  return fields;
}

function encodeOutputFormat(format: OutputFormat): JsonObject {
  if (format.kind === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      // A name is required.
      name: format.name ?? 'output',
      ...(format.description === null ? {} : { description: format.description }),
      schema: format.schema,
      ...(format.isStrict === null ? {} : { strict: format.isStrict }),
    },
  };
}

function encodeKeys(
  { endUser, promptCacheKey }: ChatRequest,
  { isStrict }: ModelTraits,
  lose: Lose,
): JsonObject {
  if (isStrict && endUser !== null) lose('metadata', 'user');
  if (isStrict && promptCacheKey !== null) lose('cache-setting', 'prompt_cache_key');
  if (isStrict) return {};
  return {
    // The beginning of a long id names the user (Claude Code: `user_<hash>_account_…_session_…`), the end of a key the session.
    ...(endUser === null ? {} : { user: endUser.slice(0, MAX_KEY_LENGTH) }),
    ...(promptCacheKey === null ? {} : { prompt_cache_key: promptCacheKey.slice(-MAX_KEY_LENGTH) }),
  };
}

/** Choices without tools are refused by OpenAI, as is an empty list. */
function encodeTools({ tools, toolChoice, allowsParallelCalls }: ChatRequest, lose: Lose): JsonObject {
  if (tools.length === 0) return {};
  return {
    tools: tools.map((tool, index) => encodeTool(tool, `tools[${index}]`, lose)),
    ...(toolChoice === null ? {} : { tool_choice: encodeToolChoice(toolChoice) }),
    ...(allowsParallelCalls === null ? {} : { parallel_tool_calls: allowsParallelCalls }),
  };
}

function encodeTool(tool: Tool, path: string, lose: Lose): JsonObject {
  loseBreakpoint(tool, path, lose);
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description === null ? {} : { description: tool.description }),
      ...(tool.parameters === null ? {} : { parameters: tool.parameters }),
      ...(tool.isStrict === null ? {} : { strict: tool.isStrict }),
    },
  };
}

function encodeToolChoice(choice: ToolChoice): unknown {
  return choice.kind === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.kind;
}
