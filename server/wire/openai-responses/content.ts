// Content parts: text, images, files and refusals, both ways.

import { loseBreakpoint } from '../breakpoint.ts';
import type { Block, Breakpoint, DocumentBlock, ImageBlock, Lose, MediaSource, TextBlock } from '../chat.ts';
import { mustBe } from '../fields.ts';
import { isObject, listAt } from '../json.ts';
import { objectIn, type Place, pathOf, requiredText, textIn } from './fields.ts';

/** A document as a file must have a name. */
const UNNAMED_FILE = 'document.pdf';

/** The blocks of a `content` or `output`: a text, or a list of parts. */
export function decodeParts(holder: Place, field: string, lose: Lose): Block[] {
  const value = holder.value[field] ?? null;
  const path = pathOf(holder, field);
  if (value === null || value === '') return [];
  if (typeof value === 'string') return [textBlock(value)];
  if (!Array.isArray(value)) throw mustBe(path, 'a string or a list');
  return value.flatMap((part: unknown, index) => {
    const at = `${path}[${index}]`;
    if (!isObject(part)) throw mustBe(at, 'an object');
    return decodePart({ value: part, path: at }, lose) ?? [];
  });
}

export function textBlock(text: string): TextBlock {
  return { kind: 'text', text, breakpoint: null };
}

function decodePart(part: Place, lose: Lose): Block | null {
  switch (part.value.type) {
    case 'output_text':
      if (listAt(part.value, 'annotations').length > 0) lose('citations', `${part.path}.annotations`);
      return { ...textBlock(requiredText(part, 'text')), breakpoint: decodeBreakpoint(part) };
    case 'input_text':
    case 'text':
      return { ...textBlock(requiredText(part, 'text')), breakpoint: decodeBreakpoint(part) };
    case 'refusal':
      return { kind: 'refusal', text: requiredText(part, 'refusal') };
    case 'input_image':
      return decodeImage(part);
    case 'input_file':
      return decodeFile(part, lose);
    case 'input_audio':
      return decodeAudio(part);
    case 'computer_screenshot':
      lose('server-tool', part.path);
      return null;
    default:
      lose('unknown-block', part.path);
      return null;
  }
}

function decodeImage(part: Place): ImageBlock {
  const url = textIn(part, 'image_url');
  const fileId = textIn(part, 'file_id');
  const detail = textIn(part, 'detail');
  if (url === null && fileId === null) throw mustBe(`${part.path}.image_url`, 'a string');
  return {
    kind: 'image',
    source: url === null ? { kind: 'file', fileId: fileId ?? '' } : mediaAt(url),
    // The default, said or not.
    detail: detail === 'auto' ? null : detail,
    breakpoint: decodeBreakpoint(part),
  };
}

function decodeFile(part: Place, lose: Lose): DocumentBlock {
  const detail = textIn(part, 'detail');
  if (detail !== null && detail !== 'auto') lose('image-detail', `${part.path}.detail`);
  const name = textIn(part, 'filename');
  return { kind: 'document', source: fileSource(part, name), name, breakpoint: decodeBreakpoint(part) };
}

function fileSource(part: Place, name: string | null): MediaSource {
  const data = textIn(part, 'file_data');
  if (data !== null) {
    // Bare base64 is taken by some servers; the name then says what it is.
    return data.startsWith('data:') ? mediaAt(data) : { kind: 'base64', mediaType: typeByName(name), data };
  }
  const url = textIn(part, 'file_url');
  if (url !== null) return { kind: 'url', url };
  const fileId = textIn(part, 'file_id');
  if (fileId === null) throw mustBe(`${part.path}.file_data`, 'a string');
  return { kind: 'file', fileId };
}

function typeByName(name: string | null): string {
  return name !== null && /\.(txt|md|csv)$/i.test(name) ? 'text/plain' : 'application/pdf';
}

function decodeAudio(part: Place): Block {
  const audio = objectIn(part, 'input_audio');
  if (!audio) throw mustBe(`${part.path}.input_audio`, 'an object');
  return { kind: 'audio', format: requiredText(audio, 'format'), data: requiredText(audio, 'data') };
}

function mediaAt(url: string): MediaSource {
  const head = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(url);
  return head
    ? { kind: 'base64', mediaType: (head[1] ?? '').toLowerCase(), data: url.slice(head[0].length) }
    : { kind: 'url', url };
}

/** Breakpoints live 30 minutes here unless they ask for 12 hours: the shorter and the longer life of the neutral model. */
function decodeBreakpoint(part: Place): Breakpoint | null {
  const mark = objectIn(part, 'prompt_cache_breakpoint');
  if (!mark) return null;
  return { ttl: mark.value.ttl === '12h' ? '1h' : '5m' };
}

/** One part of a user's or developer's message or of a tool's output; null = it has no place there. */
export function encodeInputPart(block: Block, path: string, lose: Lose): unknown {
  switch (block.kind) {
    case 'text':
      loseBreakpoint(block, path, lose);
      return { type: 'input_text', text: block.text };
    case 'image':
      loseBreakpoint(block, path, lose);
      return encodeImage(block, path, lose);
    case 'document':
      loseBreakpoint(block, path, lose);
      return encodeDocument(block, path, lose);
    case 'audio':
      lose('audio', path);
      return null;
    default:
      lose('unknown-block', path);
      return null;
  }
}

function encodeImage({ source, detail }: ImageBlock, path: string, lose: Lose): unknown {
  return {
    type: 'input_image',
    ...(source.kind === 'file'
      ? { file_id: ownFile(source.fileId, path, lose) }
      : { image_url: source.kind === 'url' ? source.url : dataUrl(source) }),
    ...(detail === null ? {} : { detail }),
  };
}

function encodeDocument({ source, name }: DocumentBlock, path: string, lose: Lose): unknown {
  switch (source.kind) {
    case 'text':
      return { type: 'input_text', text: name === null ? source.text : `${name}\n\n${source.text}` };
    case 'url':
      return { type: 'input_file', file_url: source.url };
    case 'file':
      return { type: 'input_file', file_id: ownFile(source.fileId, path, lose) };
    default:
      return { type: 'input_file', filename: name ?? UNNAMED_FILE, file_data: dataUrl(source) };
  }
}

/** Ids of OpenAI's files begin with `file-`; others are of another provider's store. */
function ownFile(fileId: string, path: string, lose: Lose): string {
  if (!fileId.startsWith('file-')) lose('file-id', path);
  return fileId;
}

function dataUrl(source: { mediaType: string; data: string }): string {
  return `data:${source.mediaType};base64,${source.data}`;
}
