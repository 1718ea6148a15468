// The items of a request's input into messages.

import type {
  Block,
  Lose,
  Message,
  Role,
  Seal,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../chat.ts';
import { freeformArguments } from '../declared-tools.ts';
import { mustBe } from '../fields.ts';
import { safeId } from '../ids.ts';
import { decodeParts, textBlock } from './content.ts';
import { listIn, type Place, pathOf, placeOf, requiredText, textIn } from './fields.ts';
import { decodeTools, type OfferedTools, qualifiedName } from './tools.ts';

/** Items that only the provider's own tools leave behind. */
const HOSTED_ITEMS: ReadonlySet<string> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'computer_call',
  'computer_call_output',
  'image_generation_call',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'tool_search_call',
  'tool_search_output',
  'program',
  'program_output',
]);

export interface DecodedInput {
  /** Instructions that stand before everything else. */
  system: TextBlock[];
  messages: Message[];
  /** What items added to the request's own tools. */
  offered: OfferedTools;
}

export function decodeInput(body: Place, lose: Lose): DecodedInput {
  const input = body.value.input ?? null;
  if (typeof input === 'string') {
    return { system: [], messages: [{ role: 'user', blocks: [textBlock(input)] }], offered: noTools() };
  }
  const reader = new InputReader(lose);
  if (input !== null && !Array.isArray(input)) throw mustBe('input', 'a string or a list');
  for (const item of listIn(body, 'input')) reader.read(item);
  return reader.decoded;
}

function noTools(): OfferedTools {
  return { tools: [], searches: [] };
}

/** Owns the conversation as read so far. */
class InputReader {
  readonly decoded: DecodedInput = { system: [], messages: [], offered: noTools() };
  readonly #lose: Lose;
  /** Names of the tools called so far, by the id of the call. */
  readonly #called = new Map<string, string>();

  constructor(lose: Lose) {
    this.#lose = lose;
  }

  read(item: Place): void {
    switch (itemType(item)) {
      case 'message':
        this.#message(item);
        return;
      case 'reasoning':
        this.#add('assistant', decodeReasoning(item));
        return;
      case 'function_call':
        this.#call(item, requiredText(item, 'arguments'));
        return;
      case 'custom_tool_call':
        this.#call(item, freeformArguments(requiredText(item, 'input')));
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#result(item);
        return;
      case 'additional_tools':
        this.#offer(decodeTools(item, this.#lose));
        return;
      default:
        this.#other(item);
    }
  }

  #offer({ tools, searches }: OfferedTools): void {
    this.decoded.offered.tools.push(...tools);
    this.decoded.offered.searches.push(...searches);
  }

  #message(item: Place): void {
    const role = decodeRole(item);
    const blocks = decodeParts(item, 'content', this.#lose);
    if (role === 'assistant') this.#add('assistant', blocks);
    else if (role === 'user' || this.decoded.messages.length > 0) this.#push(role, blocks);
    else this.#instruct(item, blocks);
  }

  #instruct(item: Place, blocks: readonly Block[]): void {
    for (const block of blocks) {
      if (block.kind === 'text') this.decoded.system.push(block);
      else this.#lose('unknown-block', item.path);
    }
  }

  #call(item: Place, argumentsJson: string): void {
    const call: ToolCallBlock = {
      kind: 'tool-call',
      id: callId(item),
      name: qualifiedName(requiredText(item, 'name'), textIn(item, 'namespace')),
      arguments: argumentsJson,
      seal: null,
      breakpoint: null,
    };
    this.#called.set(call.id, call.name);
    this.#add('assistant', [call]);
  }

  #result(item: Place): void {
    const id = callId(item);
    const blocks = decodeParts(item, 'output', this.#lose).flatMap((block) => {
      if (block.kind === 'text' || block.kind === 'image' || block.kind === 'document') return block;
      this.#lose('unknown-block', `${item.path}.output`);
      return [];
    });
    const name = this.#called.get(id) ?? null;
    const result: ToolResultBlock = {
      kind: 'tool-result',
      callId: id,
      name,
      blocks,
      isError: false,
      breakpoint: null,
    };
    // Results of parallel calls are one turn; what the user says beside them is another.
    const last = this.decoded.messages.at(-1);
    if (last?.role === 'user' && last.blocks.every((block) => block.kind === 'tool-result'))
      last.blocks.push(result);
    else this.#push('user', [result]);
  }

  #other(item: Place): void {
    const type = itemType(item);
    // Both stand for a past that only the provider can read.
    if (type === 'item_reference' || type === 'compaction') this.#lose('kept-conversation', item.path);
    else this.#lose(HOSTED_ITEMS.has(type) ? 'server-tool' : 'unknown-block', item.path);
  }

  /** Everything the assistant gave in a row is one turn. */
  #add(role: Role, blocks: Block[]): void {
    const last = this.decoded.messages.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else if (blocks.length > 0) this.#push(role, blocks);
  }

  #push(role: Role, blocks: Block[]): void {
    this.decoded.messages.push({ role, blocks });
  }
}

/** Items with a role may leave out their type, and so may references. */
function itemType(item: Place): string {
  return textIn(item, 'type') ?? (item.value.role === undefined ? 'item_reference' : 'message');
}

function decodeRole(item: Place): Role {
  switch (item.value.role) {
    case 'user':
    case 'assistant':
    case 'system':
      return item.value.role;
    case 'developer':
      return 'system';
    default:
      throw mustBe(pathOf(item, 'role'), 'user, assistant, system or developer');
  }
}

/** Older servers give a call only one id. */
function callId(item: Place): string {
  return safeId(textIn(item, 'call_id') ?? requiredText(item, 'id'));
}

function decodeReasoning(item: Place): ThinkingBlock[] {
  const summary = texts(item, 'summary');
  const text = (summary.length > 0 ? summary : texts(item, 'content')).join('\n\n');
  const value = textIn(item, 'encrypted_content');
  const seal: Seal | null =
    value === null || value === '' ? null : { surface: 'openai-responses', value, id: textIn(item, 'id') };
  return text === '' && seal === null ? [] : [{ kind: 'thinking', text, seal }];
}

function texts(item: Place, field: string): string[] {
  const value = item.value[field];
  if (typeof value === 'string') return [value];
  return listIn(item, field).map((part) => requiredText(placeOf(part.value, part.path), 'text'));
}
