// A Chat Completions request into the neutral model. Source: OpenAI API reference, "Create chat completion".

import type { ChatRequest, Lose, OutputFormat } from '../chat.ts';
import {
  flagField,
  integerField,
  listField,
  mustBe,
  numberField,
  objectField,
  requiredObject,
  textField,
} from '../fields.ts';
import { isObject, type JsonObject } from '../json.ts';
import { decodeMessages } from './messages-decode.ts';
import { decodeReasoning } from './reasoning-decode.ts';
import { decodeTools } from './tools-decode.ts';

/** Everything that is read below or by the files it calls; any other field is noted as not known. */
const KNOWN_FIELDS = new Set(
  `model messages stream stream_options tools tool_choice parallel_tool_calls functions function_call response_format
  max_completion_tokens max_tokens temperature top_p top_k stop seed presence_penalty frequency_penalty reasoning_effort
  reasoning thinking prompt_cache_key user safety_identifier n logprobs top_logprobs modalities audio web_search_options
  prediction store metadata service_tier verbosity logit_bias prompt_cache_options prompt_cache_retention
  moderation`.split(/\s+/),
);

export function decodeRequest(
  body: unknown,
  { model, isStreamed, lose }: { model: string; isStreamed: boolean; lose: Lose },
): ChatRequest {
  if (!isObject(body)) throw mustBe('the body', 'an object');
  noteLosses(body, lose);
  const { tools, toolChoice } = decodeTools(body, lose);
  return {
    model,
    isStreamed,
    ...decodeMessages(body.messages, lose),
    tools,
    toolChoice,
    allowsParallelCalls: flagField(body, 'parallel_tool_calls'),
    maxOutputTokens: integerField(body, 'max_completion_tokens') ?? integerField(body, 'max_tokens'),
    temperature: numberField(body, 'temperature'),
    topP: numberField(body, 'top_p'),
    // Not OpenAI's, but vLLM, OpenRouter and others take it, so clients send it.
    topK: integerField(body, 'top_k'),
    stopSequences: decodeStop(body),
    seed: integerField(body, 'seed'),
    presencePenalty: numberField(body, 'presence_penalty'),
    frequencyPenalty: numberField(body, 'frequency_penalty'),
    reasoning: decodeReasoning(body, lose),
    outputFormat: decodeOutputFormat(body),
    promptCacheKey: textField(body, 'prompt_cache_key'),
    endUser: textField(body, 'safety_identifier') ?? textField(body, 'user'),
    wantsStreamUsage: wantsStreamUsage(body, lose),
  };
}

/** What the neutral model has no place for. A field that only repeats the default asks for nothing. */
function noteLosses(body: JsonObject, lose: Lose): void {
  const asksFor = (field: string, ...defaults: readonly unknown[]) => {
    const value = body[field];
    return value !== undefined && value !== null && !defaults.includes(value);
  };
  if (asksFor('n', 1)) lose('several-choices', 'n');
  if (asksFor('logprobs', false)) lose('logprobs', 'logprobs');
  if (asksFor('top_logprobs', 0)) lose('logprobs', 'top_logprobs');
  if (listField(body, 'modalities').some((modality) => modality !== 'text'))
    lose('output-modality', 'modalities');
  if (asksFor('prediction')) lose('prediction', 'prediction');
  if (asksFor('store', false)) lose('store', 'store');
  if (asksFor('metadata')) lose('metadata', 'metadata');
  if (asksFor('service_tier', 'auto')) lose('service-tier', 'service_tier');
  if (asksFor('verbosity', 'medium')) lose('verbosity', 'verbosity');
  if (asksFor('moderation')) lose('safety-settings', 'moderation');
  if (Object.keys(objectField(body, 'logit_bias') ?? {}).length > 0) lose('logit-bias', 'logit_bias');
  for (const field of ['prompt_cache_options', 'prompt_cache_retention']) {
    if (asksFor(field)) lose('cache-setting', field);
  }
  for (const field of Object.keys(body)) {
    if (!KNOWN_FIELDS.has(field) && asksFor(field)) lose('unknown-field', field);
  }
}

function decodeStop(body: JsonObject): string[] {
  const stop = body.stop;
  if (stop === undefined || stop === null) return [];
  if (typeof stop === 'string') return [stop];
  const texts = Array.isArray(stop) ? stop.filter((text) => typeof text === 'string') : [];
  if (!Array.isArray(stop) || texts.length < stop.length)
    throw mustBe('stop', 'a string or a list of strings');
  return texts;
}

function decodeOutputFormat(body: JsonObject): OutputFormat | null {
  const format = objectField(body, 'response_format');
  if (format === null || format.type === 'text') return null;
  if (format.type === 'json_object') return { kind: 'json' };
  if (format.type !== 'json_schema') throw mustBe('response_format.type', 'text, json_object or json_schema');
  const path = 'response_format.json_schema';
  const schema = requiredObject(format, 'json_schema', 'response_format');
  return {
    kind: 'json-schema',
    name: textField(schema, 'name', path),
    description: textField(schema, 'description', path),
    schema: objectField(schema, 'schema', path) ?? {},
    isStrict: flagField(schema, 'strict', path),
  };
}

function wantsStreamUsage(body: JsonObject, lose: Lose): boolean {
  const options = objectField(body, 'stream_options');
  if (options === null) return false;
  for (const field of Object.keys(options)) {
    if (field !== 'include_usage' && options[field] !== null)
      lose('stream-option', `stream_options.${field}`);
  }
  return flagField(options, 'include_usage', 'stream_options') ?? false;
}
