// The reader of server-sent events against another implementation, and against its own rules, on generated streams.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { type ServerSentEvent, SseReader } from '../../server/wire/sse.ts';

/** Lines as providers and middlemen write them: fields with and without a space, comments, unknown fields, blanks. */
const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', ':', '"', '\\', '{', '\u0000', 'data') });
const line = fc.oneof(
  text.map((value) => `data: ${value}`),
  text.map((value) => `data:${value}`),
  fc.constantFrom(
    'data',
    'data:',
    'event: message_delta',
    'event:x',
    ': ping',
    ':',
    'id: 7',
    'retry: 10',
    'other: x',
  ),
  fc.constant(''),
  fc.constant(''),
);
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const stream = fc.record({
  hasBom: fc.boolean(),
  lines: fc.array(fc.tuple(line, lineEnd), { maxLength: 30 }),
  tail: fc.constantFrom('', 'data: unfinished', 'data: x\n'),
});

function textOf({
  hasBom,
  lines,
  tail,
}: {
  hasBom: boolean;
  lines: [string, string][];
  tail: string;
}): string {
  return (hasBom ? '\uFEFF' : '') + lines.map(([content, end]) => content + end).join('') + tail;
}

function read(chunks: readonly Uint8Array[]): ServerSentEvent[] {
  const reader = new SseReader();
  return chunks.flatMap((chunk) => reader.feed(chunk));
}

/** The other implementation takes text; it names an event without a name `undefined`. */
function readElsewhere(whole: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event: event ?? '', data }) });
  parser.feed(whole);
  return events;
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.length));
}

test('SseReader reads what eventsource-parser reads', () => {
  fc.assert(
    fc.property(stream, (parts) => {
      const whole = textOf(parts);
      // A lone CR at the very end may be half of a CRLF: the two differ in when they decide.
      fc.pre(!whole.endsWith('\r'));
      assert.deepEqual(read([new TextEncoder().encode(whole)]), readElsewhere(whole));
    }),
    { numRuns: 2_000 },
  );
});

test('SseReader reads the same however the bytes are cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (parts, places) => {
      const bytes = new TextEncoder().encode(textOf(parts));
      assert.deepEqual(read(cut(bytes, places)), read([bytes]));
    }),
    { numRuns: 1_000 },
  );
});

test('SseReader knows when it is inside an event', () => {
  fc.assert(
    fc.property(stream, fc.nat(), (parts, place) => {
      const bytes = new TextEncoder().encode(textOf(parts));
      const at = place % (bytes.length + 1);
      const reader = new SseReader();
      const before = reader.feed(bytes.subarray(0, at));
      fc.pre(!reader.isInsideEvent && bytes[at - 1] !== 0x0d && at > 0);
      // A comment written here changes nothing of what the client reads.
      const comment = new TextEncoder().encode(': ping\n\n');
      const withComment = [...before, ...reader.feed(comment), ...reader.feed(bytes.subarray(at))];
      assert.deepEqual(withComment, read([bytes]));
    }),
    { numRuns: 1_000 },
  );
});
