// Reads Gemini's contents: turns of parts into messages of blocks, with function results matched to their calls.

import type { Block, Lose, Message, TextBlock, ToolResultBlock } from '../chat.ts';
import { mustBe, requiredText, textField } from '../fields.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject } from '../json.ts';
import { camelField, camelFields, looseList } from './fields.ts';
import { asResultMedia, decodeFileData, decodeInlineData } from './media.ts';
import { blocksOfPart, readModelPart } from './part.ts';

/** What runs at Google, and the traces it leaves in the conversation. */
const SERVER_PARTS = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];
/** How media should be sampled; the neutral model has no place for it. */
const MEDIA_WISHES = ['mediaResolution', 'videoMetadata', 'mediaProcessing'];

interface OpenCall {
  id: string;
  name: string;
}

/** Where a part stands: its path for messages, its place for ids. */
interface Place {
  path: string;
  turn: number;
  part: number;
}

/** Owns which function calls of the conversation still wait for their result. */
export class ContentsDecoder {
  readonly #lose: Lose;
  #openCalls: OpenCall[] = [];

  constructor(lose: Lose) {
    this.#lose = lose;
  }

  decode(contents: readonly unknown[]): Message[] {
    return contents
      .map((content, turn) => this.#message(content, turn))
      .filter(({ blocks }) => blocks.length > 0);
  }

  #message(content: unknown, turn: number): Message {
    const path = `contents[${turn}]`;
    if (!isObject(content)) throw mustBe(path, 'an object');
    const fields = camelFields(content);
    const role = textField(fields, 'role', path) ?? 'user';
    // `function` was the role of function results before they became the user's.
    if (role !== 'user' && role !== 'model' && role !== 'function')
      throw mustBe(`${path}.role`, '"user" or "model"');
    const blocks = looseList(fields, 'parts', path).flatMap((part, index) =>
      this.#part(part, { path: `${path}.parts[${index}]`, turn, part: index }),
    );
    return { role: role === 'model' ? 'assistant' : 'user', blocks };
  }

  #part(part: unknown, place: Place): Block[] {
    const { path } = place;
    if (!isObject(part)) throw mustBe(path, 'an object');
    const written = readModelPart(part);
    if (written !== null) {
      const blocks = blocksOfPart(written, `call_${place.turn}_${place.part}`);
      for (const block of blocks) {
        if (block.kind === 'tool-call') this.#openCalls.push({ id: block.id, name: block.name });
      }
      return blocks;
    }
    const fields = camelFields(part);
    if (fields.text !== undefined) throw mustBe(`${path}.text`, 'a string');
    const result = camelField(fields, 'functionResponse', path);
    if (result !== null) return [this.#result(result, { ...place, path: `${path}.functionResponse` })];
    return this.#media(fields, path);
  }

  #media(fields: JsonObject, path: string): Block[] {
    const lose = this.#lose;
    for (const name of MEDIA_WISHES) if (fields[name] !== undefined) lose('image-detail', `${path}.${name}`);
    const inline = camelField(fields, 'inlineData', path);
    const file = camelField(fields, 'fileData', path);
    if (inline === null && file === null) {
      lose(SERVER_PARTS.some((name) => fields[name] !== undefined) ? 'server-tool' : 'unknown-block', path);
      return [];
    }
    const block =
      inline === null
        ? decodeFileData(file ?? {}, { path: `${path}.fileData`, lose })
        : decodeInlineData(inline, { path: `${path}.inlineData`, lose });
    return block === null ? [] : [block];
  }

  #result(fields: JsonObject, { path, turn, part }: Place): ToolResultBlock {
    const name = requiredText(fields, 'name', path);
    const id = textField(fields, 'id', path);
    const callId = id === null || id === '' ? this.#openCall(name, `call_${turn}_${part}`) : safeId(id);
    if (this.#openCalls.some((call) => call.id === callId))
      this.#openCalls = this.#openCalls.filter((call) => call.id !== callId);
    const { text, isError } = resultText(fields.response, name, `${path}.response`);
    const blocks: ToolResultBlock['blocks'] = text === '' ? [] : [textBlock(text)];
    for (const [index, media] of looseList(fields, 'parts', path).entries()) {
      const block = this.#resultMedia(media, `${path}.parts[${index}]`);
      if (block !== null) blocks.push(block);
    }
    return { kind: 'tool-result', callId, name, blocks, isError, breakpoint: null };
  }

  /** Results without an id belong to the calls of their name in order. */
  #openCall(name: string, otherwise: string): string {
    return this.#openCalls.find((call) => call.name === name)?.id ?? otherwise;
  }

  #resultMedia(media: unknown, path: string) {
    if (!isObject(media)) throw mustBe(path, 'an object');
    const [block = null] = this.#media(camelFields(media), path);
    return asResultMedia(block, path);
  }
}

/**
 * A function's response is an object: `output` holds what it gave, `error` why it failed; without either the whole
 * object is what it gave. Source: Gemini API reference, "FunctionResponse". The AI SDK writes the function's name into
 * it and beside that `content` or `error`.
 */
function resultText(
  response: unknown,
  functionName: string,
  path: string,
): { text: string; isError: boolean } {
  if (response === undefined || response === null) return { text: '', isError: false };
  if (!isObject(response)) throw mustBe(path, 'an object');
  const hasName = response.name === functionName;
  const all = Object.keys(response);
  const names = hasName ? all.filter((name) => name !== 'name') : all;
  const [only] = names;
  const isHolder =
    names.length === 1 && (only === 'error' || only === 'output' || (hasName && only === 'content'));
  const value: unknown = isHolder && only !== undefined ? response[only] : response;
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return { text, isError: isHolder && only === 'error' };
}

function textBlock(text: string): TextBlock {
  return { kind: 'text', text, breakpoint: null };
}
