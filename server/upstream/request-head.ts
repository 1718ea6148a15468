// Writes the head of a request. What frames it and names its host is ours; a caller's header of that kind is dropped.

import { UpstreamFault, type UpstreamRequest } from '../gateway/upstream.ts';
import type { Target } from './target.ts';

const OURS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'accept-encoding',
]);

/** Above what any upstream takes. */
const MAX_HEAD_CHARACTERS = 64 * 1024;

/** One character a byte, with the empty line. Throws `bad-framing` for headers that cannot be sent. */
export function requestHead(request: UpstreamRequest, { host, path }: Target): string {
  let head = `${request.method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\n`;
  for (const name of Object.keys(request.headers)) {
    const value = request.headers[name] ?? '';
    if (!VALUE.test(value)) throw unsendable();
    const start = fieldStart(name);
    if (start !== '') head += `${start}${value}\r\n`;
  }
  if (head.length > MAX_HEAD_CHARACTERS) throw unsendable();
  const { body, method } = request;
  return body || method === 'POST' ? `${head}content-length: ${body?.length ?? 0}\r\n\r\n` : `${head}\r\n`;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A line break would start another header, a NUL ends one for some readers, and beyond U+00FF there is no byte for it. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Header names as given → `name: `, or nothing for ours. Emptied when callers make up more than there can be. */
const fieldStarts = new Map<string, string>();
const MAX_FIELD_STARTS = 1_000;
const MAX_KNOWN_NAME_CHARACTERS = 64;

function fieldStart(name: string): string {
  const known = fieldStarts.get(name);
  if (known !== undefined) return known;
  if (!NAME.test(name)) throw unsendable();
  const start = OURS.has(name.toLowerCase()) ? '' : `${name}: `;
  if (fieldStarts.size >= MAX_FIELD_STARTS) fieldStarts.clear();
  if (name.length <= MAX_KNOWN_NAME_CHARACTERS) fieldStarts.set(name, start);
  return start;
}

function unsendable(): UpstreamFault {
  return new UpstreamFault('bad-framing', 'a request header cannot be sent', { isSent: false });
}
