// Reads Anthropic's content blocks of a request into neutral ones.

import type {
  Block,
  Breakpoint,
  DocumentBlock,
  ImageBlock,
  Lose,
  MediaSource,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../chat.ts';
import {
  asObject,
  flagField,
  join,
  listField,
  mustBe,
  objectField,
  requiredText,
  textField,
} from '../fields.ts';
import { safeId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { REDACTED } from './seal.ts';

/** Where a block stands, and where to note what gets lost. */
interface Place {
  path: string;
  lose: Lose;
}

/** The content of a message: text is short for one text block. */
export function decodeContent(message: JsonObject, { path, lose }: Place): Block[] {
  return contentList(message, path).flatMap((item, index) => {
    const at = `${path}.content.${index}`;
    return decodeBlock(asObject(item, at), { path: at, lose });
  });
}

/** Content that may hold text only: the system prompt and instructions amid the conversation. */
export function decodeTexts(items: readonly unknown[], { path, lose }: Place): TextBlock[] {
  return items.map((item, index) => {
    const at = `${path}.${index}`;
    const block = asObject(item, at);
    if (block.type !== 'text') throw mustBe(`${at}.type`, '"text"');
    return decodeText(block, { path: at, lose });
  });
}

/** `content` as a list of blocks. */
export function contentList(holder: JsonObject, path: string): readonly unknown[] {
  const content = holder.content;
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return listField(holder, 'content', path);
}

export function decodeBreakpoint(block: JsonObject, path: string): Breakpoint | null {
  const control = objectField(block, 'cache_control', path);
  if (control === null) return null;
  const ttl = textField(control, 'ttl', join(path, 'cache_control'));
  if (ttl !== null && ttl !== '5m' && ttl !== '1h')
    throw mustBe(join(path, 'cache_control.ttl'), '"5m" or "1h"');
  return { ttl: ttl ?? '5m' };
}

/** Blocks of tools that the provider itself runs, in whatever words the tool has. */
const SERVER_BLOCK =
  /^(server_tool_use|mcp_.*|container_upload|tool_reference|browser_state|.+_tool_result)$/;

function decodeBlock(block: JsonObject, place: Place): Block[] {
  const type = requiredText(block, 'type', place.path);
  switch (type) {
    case 'text':
      return [decodeText(block, place)];
    case 'image':
      return [decodeImage(block, place)];
    case 'document':
      return [decodeDocument(block, place)];
    case 'search_result':
      return [decodeSearchResult(block, place)];
    case 'thinking':
    case 'redacted_thinking':
      return [decodeThinking(block, place)];
    case 'tool_use':
      return [decodeToolUse(block, place)];
    case 'tool_result':
      return [decodeToolResult(block, place)];
    default:
      place.lose(SERVER_BLOCK.test(type) ? 'server-tool' : 'unknown-block', place.path);
      return [];
  }
}

function decodeText(block: JsonObject, { path, lose }: Place): TextBlock {
  if (listField(block, 'citations', path).length > 0) lose('citations', `${path}.citations`);
  return { kind: 'text', text: requiredText(block, 'text', path), breakpoint: decodeBreakpoint(block, path) };
}

function decodeImage(block: JsonObject, { path }: Place): ImageBlock {
  const source = decodeSource(requiredSource(block, path), path);
  return { kind: 'image', source, detail: null, breakpoint: decodeBreakpoint(block, path) };
}

function decodeDocument(block: JsonObject, { path, lose }: Place): DocumentBlock {
  const source = requiredSource(block, path);
  if (objectField(block, 'citations', path)?.enabled === true) lose('citations', `${path}.citations`);
  if (textField(block, 'context', path) !== null) lose('unknown-field', `${path}.context`);
  return {
    kind: 'document',
    source: decodeDocumentSource(source, { path, lose }),
    name: textField(block, 'title', path),
    breakpoint: decodeBreakpoint(block, path),
  };
}

function decodeDocumentSource(source: JsonObject, { path, lose }: Place): DocumentBlock['source'] {
  const at = `${path}.source`;
  if (source.type === 'text') return { kind: 'text', text: requiredText(source, 'data', at) };
  if (source.type !== 'content') return decodeSource(source, path);
  const parts = contentList(source, at).map((item, index) => asObject(item, `${at}.content.${index}`));
  if (parts.some((part) => part.type !== 'text')) lose('unknown-block', `${at}.content`);
  return {
    kind: 'text',
    text: parts.map((part, index) => requiredText(part, 'text', `${at}.${index}`)).join('\n'),
  };
}

/** A search result of the client's own is a text with a source; the source becomes the first line. */
function decodeSearchResult(block: JsonObject, { path, lose }: Place): DocumentBlock {
  if (objectField(block, 'citations', path)?.enabled === true) lose('citations', `${path}.citations`);
  const texts = decodeTexts(contentList(block, path), { path: `${path}.content`, lose });
  const lines = [requiredText(block, 'source', path), ...texts.map((part) => part.text)];
  return {
    kind: 'document',
    source: { kind: 'text', text: lines.join('\n') },
    name: textField(block, 'title', path),
    breakpoint: decodeBreakpoint(block, path),
  };
}

function requiredSource(block: JsonObject, path: string): JsonObject {
  const source = objectField(block, 'source', path);
  if (source === null) throw mustBe(`${path}.source`, 'an object');
  return source;
}

function decodeSource(source: JsonObject, path: string): MediaSource {
  const at = `${path}.source`;
  switch (source.type) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: requiredText(source, 'media_type', at),
        data: requiredText(source, 'data', at),
      };
    case 'url':
      return { kind: 'url', url: requiredText(source, 'url', at) };
    case 'file':
      return { kind: 'file', fileId: requiredText(source, 'file_id', at) };
    default:
      throw mustBe(`${at}.type`, '"base64", "url", "file" or, of a document, "text" or "content"');
  }
}

/** A signature that is empty was never given: clients send it back for thinking that no Anthropic model signed. */
function decodeThinking(block: JsonObject, { path }: Place): ThinkingBlock {
  const surface = 'anthropic-messages';
  if (block.type === 'redacted_thinking') {
    return {
      kind: 'thinking',
      text: '',
      seal: { surface, value: requiredText(block, 'data', path), id: REDACTED },
    };
  }
  const signature = textField(block, 'signature', path) ?? '';
  return {
    kind: 'thinking',
    text: requiredText(block, 'thinking', path),
    seal: signature === '' ? null : { surface, value: signature, id: null },
  };
}

function decodeToolUse(block: JsonObject, { path }: Place): ToolCallBlock {
  const input = objectField(block, 'input', path) ?? {};
  return {
    kind: 'tool-call',
    id: safeId(requiredText(block, 'id', path)),
    name: requiredText(block, 'name', path),
    arguments: JSON.stringify(input),
    seal: null,
    breakpoint: decodeBreakpoint(block, path),
  };
}

function decodeToolResult(block: JsonObject, { path, lose }: Place): ToolResultBlock {
  const blocks = contentList(block, path).flatMap((item, index) => {
    const at = `${path}.content.${index}`;
    return decodeResultPart(asObject(item, at), { path: at, lose });
  });
  return {
    kind: 'tool-result',
    callId: safeId(requiredText(block, 'tool_use_id', path)),
    name: null,
    blocks,
    isError: flagField(block, 'is_error', path) ?? false,
    breakpoint: decodeBreakpoint(block, path),
  };
}

/** Results do not hold results: no request can make this go deep. */
function decodeResultPart(part: JsonObject, place: Place): ToolResultBlock['blocks'] {
  const type = requiredText(part, 'type', place.path);
  switch (type) {
    case 'text':
      return [decodeText(part, place)];
    case 'image':
      return [decodeImage(part, place)];
    case 'document':
      return [decodeDocument(part, place)];
    case 'search_result':
      return [decodeSearchResult(part, place)];
    default:
      place.lose(SERVER_BLOCK.test(type) ? 'server-tool' : 'unknown-block', place.path);
      return [];
  }
}
