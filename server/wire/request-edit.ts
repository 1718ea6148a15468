// Edits of a request's bytes: what is put in is all that changes. Each answers a copy, and takes nothing away.

import type { PromptOutline } from './outline.ts';
import { CLOSE_BRACE, OPEN_BRACE } from './scan.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A text to put in before the byte at a position. */
interface Insertion {
  at: number;
  text: string;
}

const decoder = new TextDecoder();
const MARK = '"cache_control":{"type":"ephemeral"}';

/**
 * Gives the client's cache marks a lifetime. Unchanged when one of them states its own: marks of an hour have to come
 * before those of five minutes. Source: Anthropic, "Mixing different TTLs".
 */
export function withMarkTtl(bytes: Bytes, outline: PromptOutline, ttl: '5m' | '1h'): Bytes {
  const spans = outline.marks.map(({ span }) => span);
  const statesOne = spans.some(({ start, end }) =>
    decoder.decode(bytes.subarray(start, end)).includes('"ttl"'),
  );
  if (spans.length === 0 || statesOne) return bytes;
  return withInsertions(
    bytes,
    spans.map(({ end }) => memberBefore(bytes, end - 1, `"ttl":"${ttl}"`)),
  );
}

/**
 * Puts cache marks on the ends of tools, system and messages. Unchanged when the client has set any itself, or asked
 * for automatic caching.
 */
export function withMarks(bytes: Bytes, outline: PromptOutline): { bytes: Bytes; placed: number } {
  const { marks, places, hasAutomaticMark } = outline;
  if (marks.length > 0 || hasAutomaticMark || places.length === 0) return { bytes, placed: 0 };
  const insertions = places.flatMap(({ span, isText }) =>
    isText
      ? [
          { at: span.start, text: '[{"type":"text","text":' },
          { at: span.end, text: `,${MARK}}]` },
        ]
      : [memberBefore(bytes, span.end - 1, MARK)],
  );
  return { bytes: withInsertions(bytes, insertions), placed: places.length };
}

/** Adds a top-level field, which the request must not have yet. */
export function withTextField(bytes: Bytes, name: string, value: string): Bytes {
  const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return withInsertions(bytes, [memberBefore(bytes, bytes.lastIndexOf(CLOSE_BRACE), member)]);
}

/** Puts a member in at the end of the object that closes at the position. */
function memberBefore(bytes: Uint8Array, closer: number, member: string): Insertion {
  let last = closer - 1;
  while ((bytes[last] ?? OPEN_BRACE) <= 0x20) last -= 1;
  return { at: closer, text: bytes[last] === OPEN_BRACE ? member : `,${member}` };
}

function withInsertions(bytes: Bytes, insertions: readonly Insertion[]): Bytes {
  const encoder = new TextEncoder();
  const pieces = insertions
    .map(({ at, text }) => ({ at, text: encoder.encode(text) }))
    .sort((one, other) => one.at - other.at);
  const out = new Uint8Array(pieces.reduce((length, { text }) => length + text.length, bytes.length));
  let from = 0;
  let to = 0;
  for (const { at, text } of pieces) {
    out.set(bytes.subarray(from, at), to);
    to += at - from;
    out.set(text, to);
    to += text.length;
    from = at;
  }
  out.set(bytes.subarray(from), to);
  return out;
}
