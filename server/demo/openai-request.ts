// Reads and checks an OpenAI Chat Completions request in the order and words of the real API. Pure.

import { isObject, type JsonObject } from '../wire/json.ts';
import { DemoError } from './demo-error.ts';
import type { DemoRequest } from './dialect.ts';
import { jsonObjects, parseJsonObject } from './json.ts';
import { type DemoModel, findDemoModel } from './models.ts';
import { readPromptChain, useOpenAiCache } from './openai-cache.ts';
import { askedTool, type ToolChoice, type ToolOffer } from './reply-content.ts';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

export function readOpenAiRequest(bodyText: string): DemoRequest {
  const fields = parseJsonObject(bodyText);
  if (!fields) {
    throw invalid(
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
    );
  }
  const model = readModel(fields);
  checkFields(fields);
  const chain = readPromptChain(fields, model.upstreamModel);
  const options = isObject(fields.stream_options) ? fields.stream_options : {};
  return {
    model,
    isStreamed: fields.stream === true,
    maxTokens: readMaxTokens(fields),
    digest: chain.at(-1)?.key ?? 0,
    tool: askedTool(readTools(fields), { choice: readChoice(fields), lastUserText: lastUserText(fields) }),
    includesUsage: options.include_usage === true,
    useCache: (cache) => useOpenAiCache(chain, { cache, minCacheTokens: model.minCacheTokens }),
  };
}

function readModel(fields: JsonObject): DemoModel {
  const name = fields.model;
  if (typeof name !== 'string' || name === '') throw invalid('you must provide a model parameter');
  const model = findDemoModel('demo-openai', name);
  if (model) return model;
  throw new DemoError(
    'unknown-model',
    `The model \`${name}\` does not exist or you do not have access to it.`,
  );
}

function checkFields(fields: JsonObject): void {
  const { messages, prompt_cache_key: cacheKey, stream_options: streamOptions } = fields;
  if (messages === undefined) {
    throw invalid("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter');
  }
  if (!Array.isArray(messages)) throw wrongType('messages', 'an array of objects');
  if (messages.length === 0) {
    throw invalid(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      'messages',
      'empty_array',
    );
  }
  messages.forEach(checkMessage);
  if (cacheKey !== undefined && typeof cacheKey !== 'string') throw wrongType('prompt_cache_key', 'a string');
  if (streamOptions && fields.stream !== true) {
    throw invalid(
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      'stream_options',
    );
  }
}

function checkMessage(message: unknown, index: number): void {
  const param = `messages[${index}].role`;
  const { role } = isObject(message) ? message : {};
  if (role === undefined) {
    throw invalid(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  }
  if (!ROLES.has(role)) throw invalid(`Invalid value: '${String(role)}'.`, param, 'invalid_value');
}

function readMaxTokens(fields: JsonObject): number | null {
  for (const name of ['max_completion_tokens', 'max_tokens']) {
    const value = fields[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer');
    if (value >= 1) return value;
    throw invalid(
      `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
      name,
      'integer_below_min_value',
    );
  }
  return null;
}

function readTools(fields: JsonObject): ToolOffer[] {
  return jsonObjects(fields.tools).flatMap((tool) => {
    const definition = tool.function;
    if (!isObject(definition)) return [];
    return [{ name: String(definition.name), inputSchema: definition.parameters }];
  });
}

function readChoice(fields: JsonObject): ToolChoice {
  const choice = fields.tool_choice;
  if (choice === 'none' || choice === 'required') return choice;
  if (!isObject(choice) || !isObject(choice.function)) return 'auto';
  return { name: String(choice.function.name) };
}

function lastUserText(fields: JsonObject): string {
  const last = jsonObjects(fields.messages).at(-1);
  if (last?.role !== 'user') return '';
  if (typeof last.content === 'string') return last.content;
  const parts = jsonObjects(last.content);
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n');
}

function wrongType(param: string, expected: string): DemoError {
  return invalid(`Invalid type for '${param}': expected ${expected}.`, param, 'invalid_type');
}

function invalid(message: string, param?: string, code?: string): DemoError {
  return new DemoError('invalid-request', message, {
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  });
}
