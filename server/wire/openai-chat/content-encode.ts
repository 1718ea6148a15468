// Blocks of a user's turn or of a tool's result into content: plain text where possible, else a list of parts.

import { loseBreakpoint } from '../breakpoint.ts';
import type { Block, DocumentBlock, ImageBlock, Lose, MediaSource, TextBlock } from '../chat.ts';
import type { JsonObject } from '../json.ts';

/**
 * Text alone is sent as one string, since DeepSeek and others refuse lists of parts ("invalid type: sequence, expected a
 * string"). The blocks are separate paragraphs.
 */
export function encodeContent(blocks: readonly Block[], path: string, lose: Lose): string | JsonObject[] {
  const texts = blocks.filter((block) => block.kind === 'text');
  if (texts.length === blocks.length) return joinTexts(texts, path, lose);
  return blocks.flatMap((block, index) => {
    const part = encodePart(block, `${path}[${index}]`, lose);
    return part === null ? [] : [part];
  });
}

export function joinTexts(blocks: readonly TextBlock[], path: string, lose: Lose): string {
  for (const [index, block] of blocks.entries()) loseBreakpoint(block, `${path}[${index}]`, lose);
  return blocks.map(({ text }) => text).join('\n\n');
}

function encodePart(block: Block, path: string, lose: Lose): JsonObject | null {
  switch (block.kind) {
    case 'text':
      loseBreakpoint(block, path, lose);
      return { type: 'text', text: block.text };
    case 'image':
      loseBreakpoint(block, path, lose);
      return imagePart(block, path, lose);
    case 'document':
      loseBreakpoint(block, path, lose);
      return documentPart(block, path, lose);
    case 'audio':
      return { type: 'input_audio', input_audio: { data: block.data, format: block.format } };
    default:
      lose('unknown-block', path);
      return null;
  }
}

function imagePart({ source, detail }: ImageBlock, path: string, lose: Lose): JsonObject | null {
  if (source.kind === 'file') {
    lose('file-id', path);
    return null;
  }
  const url = source.kind === 'url' ? source.url : dataUrl(source);
  return { type: 'image_url', image_url: { url, ...(detail === null ? {} : { detail }) } };
}

/** A file id of another dialect is of no use: files are known to the account that took them. */
function documentPart({ source, name }: DocumentBlock, path: string, lose: Lose): JsonObject | null {
  switch (source.kind) {
    case 'text':
      return { type: 'text', text: name === null ? source.text : `${name}\n\n${source.text}` };
    case 'base64':
      // OpenAI wants a name beside the data.
      return {
        type: 'file',
        file: { filename: name ?? fileName(source.mediaType), file_data: dataUrl(source) },
      };
    case 'url':
      lose('media-url', path);
      return null;
    case 'file':
      lose('file-id', path);
      return null;
    default:
      return source satisfies never;
  }
}

function dataUrl({ mediaType, data }: MediaSource & { kind: 'base64' }): string {
  return `data:${mediaType};base64,${data}`;
}

function fileName(mediaType: string): string {
  const subtype = mediaType.split('/')[1] ?? '';
  return /^[a-z0-9]{1,8}$/.test(subtype) ? `document.${subtype === 'plain' ? 'txt' : subtype}` : 'document';
}
