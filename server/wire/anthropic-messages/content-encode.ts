// Writes neutral blocks as Anthropic's content blocks of a request.

import type {
  Block,
  Breakpoint,
  DocumentBlock,
  ImageBlock,
  Lose,
  TextBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../chat.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, parseJson } from '../json.ts';
import { sealedThinking } from './seal.ts';

interface Place {
  path: string;
  lose: Lose;
}

/** Null = the block has no place in a request to Anthropic. */
export function encodeBlock(block: Block, place: Place): JsonObject | null {
  switch (block.kind) {
    case 'text':
      return encodeText(block);
    case 'image':
      return encodeImage(block, place);
    case 'document':
      return encodeDocument(block, place);
    case 'thinking':
      return sealedThinking(block);
    case 'tool-call':
      return encodeToolCall(block, place);
    case 'tool-result':
      return encodeToolResult(block, place);
    case 'refusal':
      return { type: 'text', text: block.text };
    case 'audio':
      place.lose('audio', place.path);
      return null;
    default:
      return block satisfies never;
  }
}

export function encodeText({ text, breakpoint }: TextBlock): JsonObject {
  return breakpoint === null ? { type: 'text', text } : { type: 'text', text, ...cacheControl(breakpoint) };
}

/** 5 minutes is what no `ttl` means; naming it would be refused by servers that know the older form only. */
export function cacheControl(breakpoint: Breakpoint | null): JsonObject {
  if (breakpoint === null) return {};
  return {
    cache_control: breakpoint.ttl === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' },
  };
}

/** Source: Messages API reference, `Base64ImageSource`. */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function encodeImage({ source, detail, breakpoint }: ImageBlock, { path, lose }: Place): JsonObject {
  if (detail !== null && detail !== 'auto') lose('image-detail', path);
  if (source.kind === 'base64' && !IMAGE_TYPES.has(source.mediaType)) lose('media-type', path);
  return { type: 'image', source: encodeSource(source, { path, lose }), ...cacheControl(breakpoint) };
}

function encodeDocument(block: DocumentBlock, place: Place): JsonObject {
  const { name, breakpoint } = block;
  return {
    type: 'document',
    source: encodeDocumentSource(block.source, place),
    ...(name === null ? {} : { title: name }),
    ...cacheControl(breakpoint),
  };
}

function encodeDocumentSource(source: DocumentBlock['source'], { path, lose }: Place): JsonObject {
  if (source.kind === 'text') return { type: 'text', media_type: 'text/plain', data: source.text };
  if (source.kind === 'base64' && source.mediaType !== 'application/pdf') {
    const text = source.mediaType.startsWith('text/') ? textOf(source.data) : null;
    if (text !== null) return { type: 'text', media_type: 'text/plain', data: text };
    lose('media-type', path);
  }
  return encodeSource(source, { path, lose });
}

function encodeSource(source: ImageBlock['source'], { path, lose }: Place): JsonObject {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data };
    case 'url':
      if (!/^https?:\/\//i.test(source.url)) lose('media-url', path);
      return { type: 'url', url: source.url };
    case 'file':
      // Ids of Anthropic's own file store begin so; any other is of another provider's.
      if (!source.fileId.startsWith('file_')) lose('file-id', path);
      return { type: 'file', file_id: source.fileId };
    default:
      return source satisfies never;
  }
}

/** Base64 as UTF-8 text; null when it is neither. */
function textOf(base64: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function encodeToolCall(block: ToolCallBlock, { path, lose }: Place): JsonObject {
  const input = block.arguments.trim() === '' ? {} : parseJson(block.arguments);
  if (!isObject(input)) lose('broken-arguments', path);
  if (block.seal !== null) lose('thinking-signature', path);
  const call = {
    type: 'tool_use',
    id: safeId(block.id),
    name: block.name,
    input: isObject(input) ? input : {},
  };
  return block.breakpoint === null ? call : { ...call, ...cacheControl(block.breakpoint) };
}

function encodeToolResult(block: ToolResultBlock, { path, lose }: Place): JsonObject {
  const content: JsonObject[] = [];
  let index = 0;
  for (const part of block.blocks) {
    if (part.kind !== 'text') {
      const encoded = encodeBlock(part, { path: `${path}.content.${index}`, lose });
      if (encoded !== null) content.push(encoded);
    } else if (/\S/.test(part.text)) content.push(encodeText(part));
    index += 1;
  }
  const id = safeId(block.callId);
  // Most results are just this; spreads are the dearest part of writing a long conversation.
  if (content.length > 0 && !block.isError && block.breakpoint === null)
    return { type: 'tool_result', tool_use_id: id, content };
  return {
    type: 'tool_result',
    tool_use_id: id,
    ...(content.length === 0 ? {} : { content }),
    ...(block.isError ? { is_error: true } : {}),
    ...cacheControl(block.breakpoint),
  };
}
