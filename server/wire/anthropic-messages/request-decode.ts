// Reads a Messages request into the neutral model.

import type { ChatRequest, Lose, Message, OutputFormat, TextBlock, Tool, ToolChoice } from '../chat.ts';
import {
  asObject,
  flagField,
  listField,
  mustBe,
  numberField,
  objectField,
  requiredText,
  textField,
} from '../fields.ts';
import { entryOf, isObject, type JsonObject } from '../json.ts';
import type { Loss } from '../losses.ts';
import { loseSearch } from '../offered-search.ts';
import { contentList, decodeBreakpoint, decodeContent, decodeTexts } from './content-decode.ts';
import { decodeReasoning } from './thinking.ts';

export function decodeRequest(
  body: unknown,
  context: { model: string; isStreamed: boolean; lose: Lose },
): ChatRequest {
  const { model, isStreamed, lose } = context;
  const fields = asObject(body, 'body');
  noteLosses(fields, lose);
  const choice = objectField(fields, 'tool_choice', '');
  const toolChoice = decodeToolChoice(choice);
  return {
    model,
    isStreamed,
    system: decodeSystem(fields, lose),
    messages: decodeMessages(fields, lose),
    tools: decodeTools(fields, { choice: toolChoice, lose }),
    toolChoice,
    allowsParallelCalls: decodeParallelCalls(choice),
    maxOutputTokens: numberField(fields, 'max_tokens', ''),
    temperature: numberField(fields, 'temperature', ''),
    topP: numberField(fields, 'top_p', ''),
    topK: numberField(fields, 'top_k', ''),
    stopSequences: listField(fields, 'stop_sequences', '').map((item, index) => {
      if (typeof item !== 'string') throw mustBe(`stop_sequences.${index}`, 'text');
      return item;
    }),
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    reasoning: decodeReasoning(fields, lose),
    outputFormat: decodeOutputFormat(fields),
    promptCacheKey: null,
    endUser: decodeEndUser(fields, lose),
    wantsStreamUsage: true,
  };
}

/** Top-level fields that have a place in the neutral model. */
const KEPT_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'stream',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'cache_control',
]);

/** Known top-level fields without one, and what losing them means. All others are unknown. */
const LOST_FIELDS: Readonly<Record<string, Loss>> = {
  mcp_servers: 'server-tool',
  container: 'server-tool',
  thread: 'kept-conversation',
  context_management: 'context-management',
  compaction: 'context-management',
  diagnostics: 'cache-setting',
  service_tier: 'service-tier',
  speed: 'service-tier',
  inference_geo: 'service-tier',
  fallbacks: 'service-tier',
  fallback_credit_token: 'service-tier',
  billing_policy: 'service-tier',
};

function noteLosses(fields: JsonObject, lose: Lose): void {
  for (const [name, value] of Object.entries(fields)) {
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
    if (isEmpty || KEPT_FIELDS.has(name)) continue;
    lose(entryOf(LOST_FIELDS, name) ?? 'unknown-field', name);
  }
  const config = objectField(fields, 'output_config', '') ?? {};
  for (const [name, value] of Object.entries(config)) {
    if (value !== null && name !== 'effort' && name !== 'format')
      lose('unknown-field', `output_config.${name}`);
  }
}

/** Claude Code's first line of the system prompt: its version and a random check value, new in every request. */
const BILLING_LINE = /^x-anthropic-billing-header:[^\n]*\n*/;

function decodeSystem(fields: JsonObject, lose: Lose): TextBlock[] {
  const blocks = decodeTexts(contentList({ content: fields.system ?? [] }, 'system'), {
    path: 'system',
    lose,
  });
  return blocks.flatMap((block, index) => {
    if (!BILLING_LINE.test(block.text)) return [block];
    lose('billing-line', `system.${index}`);
    const text = block.text.replace(BILLING_LINE, '');
    return text === '' ? [] : [{ ...block, text }];
  });
}

function decodeMessages(fields: JsonObject, lose: Lose): Message[] {
  if (!Array.isArray(fields.messages)) throw mustBe('messages', 'a list');
  const messages = withToolNames(
    fields.messages.map((item, index) => decodeMessage(item, { path: `messages.${index}`, lose })),
  );
  const automatic = decodeBreakpoint(fields, '');
  return automatic === null ? messages : markLast(messages, automatic);
}

/** Anthropic's tool results name the call alone; the call, earlier on, names the tool. */
function withToolNames(messages: readonly Message[]): Message[] {
  const names = new Map<string, string>();
  return messages.map((message) => ({
    ...message,
    blocks: message.blocks.map((block) => {
      if (block.kind === 'tool-call') names.set(block.id, block.name);
      return block.kind === 'tool-result' ? { ...block, name: names.get(block.callId) ?? null } : block;
    }),
  }));
}

function decodeMessage(item: unknown, place: { path: string; lose: Lose }): Message {
  const message = asObject(item, place.path);
  const { role } = message;
  switch (role) {
    case 'user':
    case 'assistant':
      return { role, blocks: decodeContent(message, place) };
    case 'system':
      return {
        role,
        blocks: decodeTexts(contentList(message, place.path), { ...place, path: `${place.path}.content` }),
      };
    default:
      throw mustBe(`${place.path}.role`, '"user", "assistant" or "system"');
  }
}

/** `cache_control` at the top marks the last block that can be marked. */
function markLast(messages: Message[], breakpoint: { ttl: '5m' | '1h' }): Message[] {
  const at = messages.findLastIndex((message) => message.blocks.some((block) => 'breakpoint' in block));
  return messages.map((message, index) => {
    if (index !== at) return message;
    const last = message.blocks.findLastIndex((block) => 'breakpoint' in block);
    const blocks = message.blocks.map((block, place) =>
      place === last && 'breakpoint' in block
        ? { ...block, breakpoint: block.breakpoint ?? breakpoint }
        : block,
    );
    return { ...message, blocks };
  });
}

/** Anthropic's web search, in any of its versions (`web_search_20250305`). */
const WEB_SEARCH = /^web_search_\d+$/;

function decodeTools(
  fields: JsonObject,
  { choice, lose }: { choice: ToolChoice | null; lose: Lose },
): Tool[] {
  const listed = listField(fields, 'tools', '').map((item, index) => {
    const path = `tools.${index}`;
    return { tool: asObject(item, path), path };
  });
  const isSearch = ({ tool, path }: (typeof listed)[number]) =>
    WEB_SEARCH.test(textField(tool, 'type', path) ?? '');
  const others = listed.filter((entry) => !isSearch(entry));
  const searches = listed.filter(isSearch).map(({ path }) => path);
  loseSearch(searches, { hasOthers: others.length > 0, choice, lose });
  return others.map(({ tool, path }) => decodeTool(tool, { path, lose }));
}

function decodeTool(tool: JsonObject, { path, lose }: { path: string; lose: Lose }): Tool {
  // Tools with a type of their own are the provider's: it runs them, or has taught its models their arguments.
  const type = textField(tool, 'type', path);
  if (type !== null && type !== 'custom') lose('server-tool', path);
  for (const name of ['defer_loading', 'allowed_callers', 'input_examples', 'eager_input_streaming']) {
    if ((tool[name] ?? false) !== false) lose('unknown-field', `${path}.${name}`);
  }
  return {
    name: requiredText(tool, 'name', path),
    description: textField(tool, 'description', path),
    parameters: objectField(tool, 'input_schema', path),
    isStrict: flagField(tool, 'strict', path),
    breakpoint: decodeBreakpoint(tool, path),
  };
}

function decodeToolChoice(choice: JsonObject | null): ToolChoice | null {
  switch (choice?.type) {
    case undefined:
      return null;
    case 'auto':
    case 'none':
      return { kind: choice.type };
    case 'any':
      return { kind: 'required' };
    case 'tool':
      return { kind: 'tool', name: requiredText(choice, 'name', 'tool_choice') };
    default:
      throw mustBe('tool_choice.type', '"auto", "any", "tool" or "none"');
  }
}

function decodeParallelCalls(choice: JsonObject | null): boolean | null {
  const isDisabled = choice && flagField(choice, 'disable_parallel_tool_use', 'tool_choice');
  return isDisabled === null ? null : !isDisabled;
}

/** `output_config.format`, or the older `output_format`. What the API promises is always strict. */
function decodeOutputFormat(fields: JsonObject): OutputFormat | null {
  const config = objectField(fields, 'output_config', '') ?? {};
  const format = objectField(config, 'format', 'output_config') ?? objectField(fields, 'output_format', '');
  if (format === null) return null;
  const path = isObject(config.format) ? 'output_config.format' : 'output_format';
  if (format.type !== 'json_schema') throw mustBe(`${path}.type`, '"json_schema"');
  const schema = objectField(format, 'schema', path);
  if (schema === null) throw mustBe(`${path}.schema`, 'an object');
  return { kind: 'json-schema', name: null, description: null, schema, isStrict: true };
}

function decodeEndUser(fields: JsonObject, lose: Lose): string | null {
  const metadata = objectField(fields, 'metadata', '') ?? {};
  for (const [name, value] of Object.entries(metadata)) {
    if (name !== 'user_id' && value !== null) lose('metadata', `metadata.${name}`);
  }
  return textField(metadata, 'user_id', 'metadata');
}
