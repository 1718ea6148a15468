// Where each dialect keeps its prompt, and which fields beside it a provider's prompt cache depends on. A table.

import type { Span } from './scan.ts';
import type { ChatSurface } from './surface.ts';

/** From where on the cache changes with a field: all of it, from the system prompt on, or from the messages on. */
export type CacheScope = 'all' | 'system' | 'messages';

/** What a top-level field is to the prompt. An object names members; `*` stands for those that are not named. */
export type FieldRole =
  | 'tools'
  | 'system-prompt'
  | 'message-list'
  | 'automatic-mark'
  | CacheScope
  | { readonly [member: string]: CacheScope };

export type PromptShape = Readonly<Record<string, FieldRole>>;

/**
 * Only what the providers document (or what was measured, for OpenAI's reasoning effort). Left out on purpose: model, lengths,
 * sampling, metadata, user and cache keys. Sources: Anthropic, "What invalidates the cache" (tool_choice, thinking, effort:
 * the messages; speed: system and messages), structured outputs and skills (both change the system prompt); OpenAI, prompt
 * caching guide (the output schema is put in front of the system message; other tools may be allowed by tool_choice without
 * a change); Gemini, context caching (the cached content stands in front of all).
 */
export const PROMPT_SHAPES: Readonly<Record<ChatSurface, PromptShape>> = {
  'anthropic-messages': {
    tools: 'tools',
    system: 'system-prompt',
    messages: 'message-list',
    cache_control: 'automatic-mark',
    mcp_servers: 'all',
    speed: 'system',
    output_format: 'system',
    output_config: { format: 'system', '*': 'messages' },
    container: { skills: 'system' },
    tool_choice: 'messages',
    thinking: 'messages',
  },
  'openai-chat': {
    tools: 'tools',
    functions: 'tools',
    messages: 'message-list',
    response_format: 'all',
    reasoning_effort: 'all',
    reasoning: { effort: 'all' },
    web_search_options: 'all',
  },
  'openai-responses': {
    tools: 'tools',
    instructions: 'system-prompt',
    input: 'message-list',
    text: { format: 'all' },
    reasoning: { effort: 'all' },
    prompt: 'all',
    // What is kept at the provider stands in front of the input.
    previous_response_id: 'messages',
    conversation: 'messages',
  },
  gemini: {
    tools: 'tools',
    systemInstruction: 'system-prompt',
    system_instruction: 'system-prompt',
    contents: 'message-list',
    cachedContent: 'all',
    cached_content: 'all',
  },
};

/** Names of members that the scan looks at. */
export const MEMBER = {
  other: 0,
  content: 1,
  parts: 2,
  type: 3,
  text: 4,
  cacheControl: 5,
  cacheBreakpoint: 6,
  deferLoading: 7,
} as const;
export type Member = (typeof MEMBER)[keyof typeof MEMBER];

const NAME = {
  content: quoted('content'),
  parts: quoted('parts'),
  type: quoted('type'),
  text: quoted('text'),
  cacheControl: quoted('cache_control'),
  cacheBreakpoint: quoted('prompt_cache_breakpoint'),
  deferLoading: quoted('defer_loading'),
} satisfies Partial<Record<keyof typeof MEMBER, Uint8Array>>;

/** Block types that stand for nothing but their text. */
export const TEXT_TYPES = ['text', 'input_text', 'output_text'].map(quoted);
export const IMAGE_TYPES = [quoted('image')];
/** Anthropic refuses cache marks on them. */
export const UNMARKABLE_TYPES = ['thinking', 'redacted_thinking'].map(quoted);

/**
 * Claude Code's note to the biller: it differs with every request and is not shown to the model. In the same text as a system
 * prompt it ends with its line.
 */
const BILLING_NOTE = new TextEncoder().encode('"x-anthropic-billing-header:');

/** Members that hold a file as base64 or as a data URL. */
const MEDIA_NAMES = ['data', 'url', 'image_url', 'file_data', 'bytes', 'b64_json', 'result'].map(quoted);
const DATA_URL = new TextEncoder().encode('"data:');
const COLON = 0x3a;
/** Looked at to tell base64 from text. */
const MEDIA_SAMPLE_BYTES = 160;

/** Which member the quoted name at [start, end) is. */
export function memberAt(bytes: Uint8Array, start: number, end: number): Member {
  switch (end - start) {
    case NAME.type.length:
      if (standsAt(bytes, start, NAME.type)) return MEMBER.type;
      return standsAt(bytes, start, NAME.text) ? MEMBER.text : MEMBER.other;
    case NAME.content.length:
      return standsAt(bytes, start, NAME.content) ? MEMBER.content : MEMBER.other;
    case NAME.parts.length:
      return standsAt(bytes, start, NAME.parts) ? MEMBER.parts : MEMBER.other;
    case NAME.cacheControl.length:
      if (standsAt(bytes, start, NAME.cacheControl)) return MEMBER.cacheControl;
      return standsAt(bytes, start, NAME.deferLoading) ? MEMBER.deferLoading : MEMBER.other;
    case NAME.cacheBreakpoint.length:
      return standsAt(bytes, start, NAME.cacheBreakpoint) ? MEMBER.cacheBreakpoint : MEMBER.other;
    default:
      return MEMBER.other;
  }
}

/** Whether one of the quoted texts is the value at [start, end). */
export function isOneOf(bytes: Uint8Array, span: Span, texts: readonly Uint8Array[]): boolean {
  for (const text of texts) {
    if (text.length === span.end - span.start && standsAt(bytes, span.start, text)) return true;
  }
  return false;
}

export function isBillingNote(bytes: Uint8Array, start: number): boolean {
  return standsAt(bytes, start, BILLING_NOTE);
}

/** A long text (with its quotes) that is a file: by the name of its member and by what it begins with. */
export function isMedia(bytes: Uint8Array, start: number, end: number): boolean {
  const colon = tokenBefore(bytes, start);
  if (bytes[colon] !== COLON) return false;
  const nameEnd = tokenBefore(bytes, colon) + 1;
  if (!MEDIA_NAMES.some((name) => standsAt(bytes, nameEnd - name.length, name))) return false;
  if (standsAt(bytes, start, DATA_URL)) return true;
  for (let at = start + 1; at < Math.min(end - 1, start + MEDIA_SAMPLE_BYTES); at += 1) {
    if (!isBase64(bytes[at] ?? 0)) return false;
  }
  return true;
}

/** The value of a field, not an element of a list. */
export function isMemberValue(bytes: Uint8Array, start: number): boolean {
  return bytes[tokenBefore(bytes, start)] === COLON;
}

function tokenBefore(bytes: Uint8Array, start: number): number {
  let at = start - 1;
  while (at > 0 && (bytes[at] ?? 0) <= 0x20) at -= 1;
  return at;
}

function isBase64(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x2f && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x3d ||
    byte === 0x2d ||
    byte === 0x5f ||
    byte === 0x5c
  );
}

function standsAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false;
  return true;
}

function quoted(text: string): Uint8Array {
  return new TextEncoder().encode(`"${text}"`);
}
