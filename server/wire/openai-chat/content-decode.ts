// Content parts of a request's messages into blocks: text, images, files, audio, refusals.

import type {
  Block,
  Breakpoint,
  DocumentBlock,
  ImageBlock,
  Lose,
  MediaSource,
  RefusalBlock,
  TextBlock,
} from '../chat.ts';
import { mustBe, objectsOf, requiredObject, requiredText, textField } from '../fields.ts';
import { isObject, type JsonObject, objectAt, textAt } from '../json.ts';

/** What a message of some role may hold. */
export type PartKind = 'text' | 'image_url' | 'file' | 'input_audio' | 'refusal';

export interface ContentRules {
  kinds: readonly PartKind[];
  lose: Lose;
}

/** The blocks of a `content` field: text, or a list of parts. Null and empty text give none. */
export function decodeContent(content: unknown, path: string, rules: ContentRules): Block[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content, breakpoint: null }];
  if (!Array.isArray(content)) throw mustBe(path, 'a string or a list of parts');
  return objectsOf(content, path).flatMap(({ item, path: partPath }) => {
    const block = decodePart(item, partPath, rules);
    return block === null ? [] : [block];
  });
}

/** The same where only text may stand. */
export function decodeTexts(content: unknown, path: string, lose: Lose): TextBlock[] {
  return decodeContent(content, path, { kinds: ['text'], lose }).filter((block) => block.kind === 'text');
}

/**
 * A mark on a part or tool: OpenAI's `prompt_cache_breakpoint`, or `cache_control` as OpenRouter and LiteLLM clients write
 * it for Anthropic models. OpenAI's shortest lifetime (30 minutes) is what it writes anyway, so only a longer one counts.
 */
export function decodeBreakpoint(part: JsonObject): Breakpoint | null {
  if (isObject(part.prompt_cache_breakpoint)) {
    return { ttl: textAt(part.prompt_cache_breakpoint, 'ttl') === '12h' ? '1h' : '5m' };
  }
  if (!isObject(part.cache_control)) return null;
  return { ttl: textAt(part.cache_control, 'ttl') === '1h' ? '1h' : '5m' };
}

function decodePart(part: JsonObject, path: string, { kinds, lose }: ContentRules): Block | null {
  const type = requiredText(part, 'type', path);
  const kind = kinds.find((allowed) => allowed === type);
  switch (kind) {
    case 'text':
      return textBlock(part, path);
    case 'image_url':
      return imageBlock(part, path);
    case 'file':
      return documentBlock(part, path);
    case 'refusal':
      return refusalBlock(part, path);
    case 'input_audio': {
      const audio = requiredObject(part, 'input_audio', path);
      const audioPath = `${path}.input_audio`;
      return {
        kind: 'audio',
        format: requiredText(audio, 'format', audioPath),
        data: requiredText(audio, 'data', audioPath),
      };
    }
    default:
      lose('unknown-block', path);
      return null;
  }
}

/** Empty text is left out: other dialects refuse it, and it says nothing. */
function textBlock(part: JsonObject, path: string): TextBlock | null {
  const text = requiredText(part, 'text', path);
  return text === '' ? null : { kind: 'text', text, breakpoint: decodeBreakpoint(part) };
}

function refusalBlock(part: JsonObject, path: string): RefusalBlock {
  return { kind: 'refusal', text: requiredText(part, 'refusal', path) };
}

/** Some clients write `image_url: "https://…"` instead of the object. */
function imageBlock(part: JsonObject, path: string): ImageBlock {
  const short = textAt(part, 'image_url');
  const image = short === null ? requiredObject(part, 'image_url', path) : { url: short };
  const urlPath = short === null ? `${path}.image_url.url` : `${path}.image_url`;
  return {
    kind: 'image',
    source: mediaSource(requiredText(image, 'url', `${path}.image_url`), urlPath),
    detail: textField(image, 'detail', `${path}.image_url`),
    breakpoint: decodeBreakpoint(part),
  };
}

function documentBlock(part: JsonObject, path: string): DocumentBlock {
  const file = objectAt(part, 'file');
  const fileId = textField(file, 'file_id', `${path}.file`);
  const data = textField(file, 'file_data', `${path}.file`);
  if (fileId === null && data === null) throw mustBe(`${path}.file`, 'an object with file_data or file_id');
  return {
    kind: 'document',
    source:
      data === null ? { kind: 'file', fileId: fileId ?? '' } : fileSource(data, `${path}.file.file_data`),
    name: textField(file, 'filename', `${path}.file`),
    breakpoint: decodeBreakpoint(part),
  };
}

/** `file_data` is a data URL; some clients send bare base64 (then it is a PDF) or, as OpenRouter allows, a plain URL. */
function fileSource(data: string, path: string): MediaSource {
  if (data.startsWith('data:') || /^https?:/.test(data.slice(0, 6))) return mediaSource(data, path);
  return { kind: 'base64', mediaType: 'application/pdf', data };
}

/** A URL, or the base64 data inside a data URL. */
function mediaSource(url: string, path: string): MediaSource {
  if (!url.startsWith('data:')) return { kind: 'url', url };
  const comma = url.indexOf(',');
  const [mediaType, ...parameters] = url.slice('data:'.length, Math.max(comma, 0)).split(';');
  if (comma < 0 || !mediaType || parameters.at(-1) !== 'base64')
    throw mustBe(path, 'a URL or a base64 data URL');
  return { kind: 'base64', mediaType, data: url.slice(comma + 1) };
}
