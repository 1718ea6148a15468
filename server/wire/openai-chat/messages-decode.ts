// The messages of a request into the leading system text and the turns that follow it.

import type { Block, DocumentBlock, ImageBlock, Lose, Message, TextBlock, ToolResultBlock } from '../chat.ts';
import { freeformArguments } from '../declared-tools.ts';
import {
  listField,
  mustBe,
  objectField,
  objectsOf,
  requiredObject,
  requiredText,
  textField,
} from '../fields.ts';
import { safeId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { decodeContent, decodeTexts } from './content-decode.ts';
import { reasoningText } from './reasoning.ts';

export interface Conversation {
  system: TextBlock[];
  messages: Message[];
}

export function decodeMessages(raw: unknown, lose: Lose): Conversation {
  if (!Array.isArray(raw) || raw.length === 0) throw mustBe('messages', 'a list of messages');
  const reader = new MessageReader(lose);
  for (const { item, path } of objectsOf(raw, 'messages')) reader.read(item, path);
  return { system: reader.system, messages: reader.messages };
}

/** Owns what has been read so far: results are named after the calls before them. */
class MessageReader {
  readonly system: TextBlock[] = [];
  readonly messages: Message[] = [];
  readonly #lose: Lose;
  readonly #nameById = new Map<string, string>();
  /** Id of the newest legacy call by function name: its result is found by name alone. */
  readonly #idByName = new Map<string, string>();
  /** The turn that collects neighbouring tool results; null after anything else. */
  #results: Message | null = null;

  constructor(lose: Lose) {
    this.#lose = lose;
  }

  read(message: JsonObject, path: string): void {
    const role = requiredText(message, 'role', path);
    if (role === 'tool' || role === 'function') {
      const isLegacy = role === 'function';
      this.#addResult(isLegacy ? this.#functionResult(message, path) : this.#toolResult(message, path));
      return;
    }
    this.#results = null;
    if (textField(message, 'name', path) !== null) this.#lose('message-name', `${path}.name`);
    if (role === 'system' || role === 'developer') this.#instructions(message, path);
    else if (role === 'user')
      this.#add({ role, blocks: this.#userBlocks(message.content, `${path}.content`) });
    else if (role === 'assistant') this.#add({ role, blocks: this.#assistantBlocks(message, path) });
    else throw mustBe(`${path}.role`, 'system, developer, user, assistant, tool or function');
  }

  #instructions(message: JsonObject, path: string): void {
    const blocks = decodeTexts(message.content, `${path}.content`, this.#lose);
    if (this.messages.length === 0) this.system.push(...blocks);
    else this.#add({ role: 'system', blocks });
  }

  #add(message: Message): void {
    if (message.blocks.length > 0) this.messages.push(message);
  }

  #addResult(result: ToolResultBlock): void {
    if (this.#results === null) {
      this.#results = { role: 'user', blocks: [] };
      this.messages.push(this.#results);
    }
    this.#results.blocks.push(result);
  }

  #userBlocks(content: unknown, path: string): Block[] {
    return decodeContent(content, path, {
      kinds: ['text', 'image_url', 'file', 'input_audio'],
      lose: this.#lose,
    });
  }

  #assistantBlocks(message: JsonObject, path: string): Block[] {
    const blocks: Block[] = [];
    const thought = reasoningText(message);
    if (thought !== '') blocks.push({ kind: 'thinking', text: thought, seal: null });
    const rules = { kinds: ANSWER_PARTS, lose: this.#lose };
    for (const block of decodeContent(message.content, `${path}.content`, rules)) blocks.push(block);
    const refusal = textField(message, 'refusal', path);
    // An earlier spoken answer is kept by OpenAI and named by its id only.
    if (objectField(message, 'audio', path) !== null) this.#lose('file-id', `${path}.audio`);
    if (refusal) blocks.push({ kind: 'refusal', text: refusal });
    this.#addCalls(message, path, blocks);
    return blocks;
  }

  #addCalls(message: JsonObject, path: string, calls: Block[]): void {
    for (const { item, path: callPath } of objectsOf(
      listField(message, 'tool_calls', path),
      `${path}.tool_calls`,
    )) {
      const id = requiredText(item, 'id', callPath);
      const type = item.type ?? 'function';
      if (type === 'custom') calls.push(this.#freeformCall(id, item, callPath));
      else if (type !== 'function') this.#lose('unknown-block', callPath);
      else calls.push(this.#call(id, requiredObject(item, 'function', callPath), `${callPath}.function`));
    }
    const legacy = objectField(message, 'function_call', path);
    if (legacy) {
      const id = `call_${this.messages.length}_${calls.length}`;
      const block = this.#call(id, legacy, `${path}.function_call`);
      calls.push(block);
      if (block.kind === 'tool-call') this.#idByName.set(block.name, block.id);
    }
  }

  #freeformCall(id: string, item: JsonObject, path: string): Block {
    const { name, input } = requiredObject(item, 'custom', path);
    if (typeof input !== 'string') throw mustBe(`${path}.custom.input`, 'a string');
    return this.#call(id, { name, arguments: freeformArguments(input) }, `${path}.custom`);
  }

  #call(rawId: string, call: JsonObject, path: string): Block {
    const name = requiredText(call, 'name', path);
    const id = safeId(rawId);
    this.#nameById.set(id, name);
    return {
      kind: 'tool-call',
      id,
      name,
      arguments: requiredText(call, 'arguments', path),
      seal: null,
      breakpoint: null,
    };
  }

  #toolResult(message: JsonObject, path: string): ToolResultBlock {
    const callId = safeId(requiredText(message, 'tool_call_id', path));
    const name = textField(message, 'name', path) ?? this.#nameById.get(callId) ?? null;
    return this.#result(callId, name, { message, path });
  }

  #functionResult(message: JsonObject, path: string): ToolResultBlock {
    const name = requiredText(message, 'name', path);
    return this.#result(this.#idByName.get(name) ?? safeId(`call_${name}`), name, { message, path });
  }

  #result(callId: string, name: string | null, from: { message: JsonObject; path: string }): ToolResultBlock {
    // Only text is in the reference; compatible servers and their clients put images here too.
    const rules = { kinds: RESULT_PARTS, lose: this.#lose };
    const blocks = decodeContent(from.message.content, `${from.path}.content`, rules).filter(isResultPart);
    return { kind: 'tool-result', callId, name, blocks, isError: false, breakpoint: null };
  }
}

const ANSWER_PARTS = ['text', 'refusal'] as const;
const RESULT_PARTS = ['text', 'image_url', 'file'] as const;

function isResultPart(block: Block): block is TextBlock | ImageBlock | DocumentBlock {
  return block.kind === 'text' || block.kind === 'image' || block.kind === 'document';
}
