// The outline of a prompt made the plain way, from parsed JSON: what the one-pass scan has to agree with.

import { isObject, type JsonObject } from '../../server/wire/json.ts';
import type { PromptPart } from '../../server/wire/outline.ts';
import type { ChatSurface } from '../../server/wire/surface.ts';

/** A cut with all the content up to it in place of its hash. */
export interface NaiveCut {
  identity: string;
  bytes: number;
  part: PromptPart;
  index: number;
  block: number;
  isBlockEnd: boolean;
  mark: string | null;
}

interface NaiveBlock {
  kind: 'text' | 'json';
  content: string;
  bytes: number;
  isCut: boolean;
  mark: string | null;
}

const STEP = 4_096;
const MARKS = ['cache_control', 'prompt_cache_breakpoint'];
const TEXTS: readonly unknown[] = [undefined, 'text', 'input_text', 'output_text'];
const MEDIA = ['data', 'url', 'image_url', 'file_data', 'bytes', 'b64_json', 'result'];
const utf8 = (text: string) => new TextEncoder().encode(text);
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const FIELDS = {
  'anthropic-messages': { system: ['system'], messages: 'messages' },
  'openai-chat': { system: [], messages: 'messages' },
  'openai-responses': { system: ['instructions'], messages: 'input' },
  gemini: { system: ['systemInstruction', 'system_instruction'], messages: 'contents' },
} as const satisfies Record<ChatSurface, unknown>;
const SYSTEM_SALT = ['speed', 'output_format'];
const MESSAGE_SALT = ['tool_choice', 'thinking', 'previous_response_id', 'conversation'];

export function naiveCuts(body: JsonObject, surface: ChatSurface): NaiveCut[] {
  const fields = FIELDS[surface];
  const chain = new NaiveChain();
  chain.part = 'tools';
  listOf(body.tools).forEach((tool, index) => {
    if (!isObject(tool) || tool.defer_loading !== true) chain.block(index, blockOf(tool));
  });
  chain.salt('system', surface === 'anthropic-messages' ? saltOf(body, SYSTEM_SALT) : '');
  for (const name of fields.system) {
    const system = body[name];
    const blocks = isObject(system) ? system.parts : system;
    listOf(blocks).forEach((block, index) => {
      if (!JSON.stringify(block).includes('x-anthropic-billing-header:')) chain.block(index, blockOf(block));
    });
  }
  const messages = body[fields.messages];
  const hasImage =
    surface === 'anthropic-messages' && JSON.stringify(messages ?? '').includes('"type":"image"');
  chain.salt('message', `${surface === 'gemini' ? '' : saltOf(body, MESSAGE_SALT)}${hasImage}`);
  const asList = typeof messages === 'string' ? [{ role: 'user', content: messages }] : listOf(messages);
  for (const [index, message] of asList.entries()) chain.message(index, message);
  return chain.cuts;
}

function saltOf(body: JsonObject, names: readonly string[]): string {
  return names.map((name) => `${name}=${JSON.stringify(body[name] ?? null)}`).join();
}

class NaiveChain {
  readonly cuts: NaiveCut[] = [];
  part: PromptPart = 'tools';
  #identity = '';
  #bytes = 0;
  #block = 0;

  salt(part: PromptPart, salt: string): void {
    this.part = part;
    this.#identity += `<${part} ${salt}>`;
  }

  block(index: number, { kind, content, bytes, isCut, mark }: NaiveBlock): void {
    const { part } = this;
    const all = utf8(content);
    const cut = { part, index, block: this.#block };
    for (let at = STEP; isCut && at < all.length; at += STEP) {
      const identity = `${this.#identity}<${kind}>${[...all.subarray(0, at)].join()}<step>`;
      this.cuts.push({ ...cut, identity, bytes: this.#bytes + at, isBlockEnd: false, mark: null });
    }
    this.#identity += `<${kind}>${[...all].join()}<end>`;
    this.#bytes += bytes;
    this.#block += 1;
    this.cuts.push({ ...cut, identity: this.#identity, bytes: this.#bytes, isBlockEnd: true, mark });
  }

  message(index: number, message: unknown): void {
    const content = isObject(message) ? (message.content ?? message.parts) : undefined;
    if (!isObject(message) || (typeof content !== 'string' && !Array.isArray(content))) {
      this.block(index, blockOf(message));
      return;
    }
    const others = Object.entries(message).filter(([name]) => !['content', 'parts', ...MARKS].includes(name));
    const isHead = ([name, value]: [string, unknown]) =>
      (typeof value !== 'object' || value === null) && utf8(JSON.stringify({ [name]: value })).length <= 258;
    const head = others.filter(isHead).map((member) => JSON.stringify(member));
    this.#identity += `<head ${head.sort().join()}>`;
    for (const block of listOf(content)) this.block(index, blockOf(block));
    for (const [name, value] of others) {
      if (isHead([name, value])) continue;
      this.block(index, jsonBlock(`${JSON.stringify(name)}:${JSON.stringify(value)}`, value));
    }
  }
}

function blockOf(value: unknown): NaiveBlock {
  if (typeof value === 'string') return textBlock(value, null);
  if (!isObject(value)) return jsonBlock(JSON.stringify(value), value);
  const { cache_control: own, prompt_cache_breakpoint: _, type, text, ...others } = value;
  const mark =
    markOf(own) ??
    listOf(value.content)
      .map(innerMark)
      .findLast((inner) => inner !== null) ??
    null;
  if (typeof text === 'string' && TEXTS.includes(type) && Object.keys(others).length === 0)
    return textBlock(text, mark);
  return { ...jsonBlock(objectText(value, true), value), mark };
}

function innerMark(block: unknown): string | null {
  return isObject(block) ? markOf(block.cache_control) : null;
}

function markOf(mark: unknown): string | null {
  if (!isObject(mark)) return null;
  return mark.ttl === '1h' ? '1h' : '5m';
}

function objectText(object: JsonObject, isOuter: boolean): string {
  const members = Object.entries(object).filter(([name]) => !MARKS.includes(name));
  const texts = members.map(([name, value]) => {
    const isInner = isOuter && name === 'content' && Array.isArray(value);
    return `${JSON.stringify(name)}:${isInner ? innerText(value) : JSON.stringify(value)}`;
  });
  return `{${texts.join('')}}`;
}

function innerText(blocks: readonly unknown[]): string {
  return `[${blocks.map((block) => (isObject(block) ? objectText(block, false) : JSON.stringify(block))).join()}]`;
}

function textBlock(text: string, mark: string | null): NaiveBlock {
  const content = JSON.stringify(text).slice(1, -1);
  return { kind: 'text', content, bytes: utf8(content).length, isCut: true, mark };
}

function jsonBlock(content: string, value: unknown): NaiveBlock {
  const media = mediaIn(value);
  const bytes = media.reduce((sum, text) => sum + 6_400 - text.length, utf8(content).length);
  return { kind: 'json', content, bytes, isCut: media.length === 0, mark: null };
}

function mediaIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mediaIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner !== 'string') return mediaIn(inner);
    const isMedia = inner.length >= STEP && MEDIA.includes(name) && /^(data:|[A-Za-z0-9+/=]*$)/.test(inner);
    return isMedia ? [inner] : [];
  });
}
