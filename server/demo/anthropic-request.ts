// Reads and checks an Anthropic Messages request in the order and words of the real API. Pure.

import { isObject, type JsonObject } from '../wire/json.ts';
import { useAnthropicCache } from './anthropic-cache.ts';
import { readPromptBlocks } from './anthropic-prompt.ts';
import { DemoError } from './demo-error.ts';
import type { DemoRequest } from './dialect.ts';
import { jsonObjects, parseJsonObject } from './json.ts';
import { type DemoModel, findDemoModel } from './models.ts';
import { askedTool, type ToolChoice, type ToolOffer } from './reply-content.ts';

export function readAnthropicRequest(bodyText: string): DemoRequest {
  const fields = parseJsonObject(bodyText);
  if (!fields) throw invalid('The request body is not valid JSON: expected an object');
  checkFields(fields);
  const model = readModel(fields);
  const blocks = readPromptBlocks(fields, model.upstreamModel);
  return {
    model,
    isStreamed: fields.stream === true,
    maxTokens: typeof fields.max_tokens === 'number' ? fields.max_tokens : null,
    digest: blocks.at(-1)?.key ?? 0,
    tool: askedTool(readTools(fields), { choice: readChoice(fields), lastUserText: lastUserText(fields) }),
    includesUsage: true,
    useCache: (cache) => useAnthropicCache(blocks, { cache, minCacheTokens: model.minCacheTokens }),
  };
}

function checkFields(fields: JsonObject): void {
  const { model, max_tokens: maxTokens, messages } = fields;
  if (model === undefined) throw invalid('model: Field required');
  if (maxTokens === undefined) throw invalid('max_tokens: Field required');
  if (messages === undefined) throw invalid('messages: Field required');
  if (typeof model !== 'string') throw invalid('model: Input should be a valid string');
  if (!Number.isInteger(maxTokens)) throw invalid('max_tokens: Input should be a valid integer');
  if (Number(maxTokens) < 1) throw invalid('max_tokens: Input should be greater than or equal to 1');
  if (!Array.isArray(messages)) throw invalid('messages: Input should be a valid list');
  if (messages.length === 0) throw invalid('messages: at least one message is required');
  messages.forEach(checkMessage);
}

function checkMessage(message: unknown, index: number): void {
  const { role, content } = isObject(message) ? message : {};
  if (role === undefined) throw invalid(`messages.${index}.role: Field required`);
  if (role !== 'user' && role !== 'assistant') {
    throw invalid(`messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant".`);
  }
  if (content === undefined) throw invalid(`messages.${index}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw invalid(`messages.${index}.content: Input should be a valid list`);
  }
}

function readModel(fields: JsonObject): DemoModel {
  const name = String(fields.model);
  const model = findDemoModel('demo-anthropic', name);
  if (!model) throw new DemoError('unknown-model', `model: ${name}`);
  return model;
}

function readTools(fields: JsonObject): ToolOffer[] {
  return jsonObjects(fields.tools).map((tool) => ({
    name: String(tool.name),
    inputSchema: tool.input_schema,
  }));
}

function readChoice(fields: JsonObject): ToolChoice {
  const choice = isObject(fields.tool_choice) ? fields.tool_choice : {};
  if (choice.type === 'none') return 'none';
  if (choice.type === 'any') return 'required';
  return choice.type === 'tool' ? { name: String(choice.name) } : 'auto';
}

/** Text of the last message if a person could have written it; a tool's result asks for nothing. */
function lastUserText(fields: JsonObject): string {
  const last = jsonObjects(fields.messages).at(-1);
  if (last?.role !== 'user') return '';
  if (typeof last.content === 'string') return last.content;
  const parts = jsonObjects(last.content);
  if (parts.some((part) => part.type === 'tool_result')) return '';
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n');
}

function invalid(message: string): DemoError {
  return new DemoError('invalid-request', message);
}
