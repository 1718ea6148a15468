// Images, documents and audio between Gemini's inlineData and fileData and the neutral blocks.

import type { AudioBlock, Block, DocumentBlock, ImageBlock, Lose } from '../chat.ts';
import { mustBe, requiredText, textField } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import { entryOf } from '../json.ts';

/** Where Google's Files API keeps files; such URIs are known to one account only. */
const FILES_API = 'https://generativelanguage.googleapis.com/';

const TYPE_BY_EXTENSION: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
};

type Noted = { path: string; lose: Lose };

/** `inlineData` as a block; null when it was lost. */
export function decodeInlineData(fields: JsonObject, { path, lose }: Noted): Block | null {
  const mediaType = requiredText(fields, 'mimeType', path).toLowerCase();
  const data = requiredText(fields, 'data', path);
  const name = textField(fields, 'displayName', path);
  if (mediaType.startsWith('image/')) return image({ kind: 'base64', mediaType, data });
  if (mediaType.startsWith('audio/')) return { kind: 'audio', format: audioFormat(mediaType), data };
  const text = mediaType === 'text/plain' ? textOfBase64(data) : null;
  if (text !== null) return document({ kind: 'text', text }, name);
  if (isDocumentType(mediaType)) return document({ kind: 'base64', mediaType, data }, name);
  lose('media-type', `${path}.mimeType`);
  return null;
}

/** `fileData` as a block; null when it was lost. */
export function decodeFileData(fields: JsonObject, { path, lose }: Noted): Block | null {
  const uri = requiredText(fields, 'fileUri', path);
  const mediaType = (textField(fields, 'mimeType', path) ?? typeOfUrl(uri) ?? '').toLowerCase();
  const isFile = uri.startsWith(FILES_API);
  if (!isFile && !/^https?:\/\//i.test(uri)) {
    lose('media-url', `${path}.fileUri`);
    return null;
  }
  const source: ImageBlock['source'] = isFile ? { kind: 'file', fileId: uri } : { kind: 'url', url: uri };
  if (mediaType.startsWith('image/')) return image(source);
  if (isDocumentType(mediaType)) return document(source, textField(fields, 'displayName', path));
  lose(mediaType.startsWith('audio/') ? 'audio' : 'media-type', path);
  return null;
}

/** The part that carries a block's media; null when it was lost. */
export function encodeMedia(block: ImageBlock | DocumentBlock, { path, lose }: Noted): JsonObject | null {
  if (block.kind === 'image' && block.detail !== null && block.detail !== 'auto') lose('image-detail', path);
  if (block.kind === 'document' && block.name !== null) lose('metadata', `${path}.name`);
  const { source } = block;
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: source.mediaType, data: source.data } };
    case 'text':
      return { inlineData: { mimeType: 'text/plain', data: base64OfText(source.text) } };
    case 'url':
      if (/^https?:\/\//i.test(source.url)) return fileData(source.url);
      lose('media-url', path);
      return null;
    case 'file':
      if (source.fileId.startsWith(FILES_API)) return fileData(source.fileId);
      lose('file-id', path);
      return null;
    default:
      return source satisfies never;
  }
}

export function encodeAudio(block: AudioBlock): JsonObject {
  return { inlineData: { mimeType: `audio/${block.format}`, data: block.data } };
}

/** The media type is optional; it is stated where the URL shows it. */
function fileData(uri: string): JsonObject {
  const mimeType = typeOfUrl(uri);
  return { fileData: mimeType === null ? { fileUri: uri } : { mimeType, fileUri: uri } };
}

function image(source: ImageBlock['source']): ImageBlock {
  return { kind: 'image', source, detail: null, breakpoint: null };
}

function document(source: DocumentBlock['source'], name: string | null): DocumentBlock {
  return { kind: 'document', source, name, breakpoint: null };
}

function isDocumentType(mediaType: string): boolean {
  return mediaType === 'application/pdf' || mediaType.startsWith('text/');
}

function audioFormat(mediaType: string): string {
  const format = mediaType.slice('audio/'.length).replace(/;.*$/s, '').replace(/^x-/, '');
  return format === 'mpeg' ? 'mp3' : format;
}

function typeOfUrl(url: string): string | null {
  const extension = /\.([a-z]+)(?:[?#].*)?$/is.exec(url)?.[1]?.toLowerCase() ?? '';
  return entryOf(TYPE_BY_EXTENSION, extension) ?? null;
}

/** The text behind base64; null when it is not UTF-8, or not base64. */
function textOfBase64(data: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(data.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function base64OfText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  // In slices: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 8_192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

/** Blocks that may stand inside a tool result. */
export function asResultMedia(block: Block | null, path: string): ImageBlock | DocumentBlock | null {
  if (block === null || block.kind === 'image' || block.kind === 'document') return block;
  throw mustBe(path, 'an image or a document');
}
