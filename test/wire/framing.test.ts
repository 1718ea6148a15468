// Encoded events become text that a reader of the same framing reads back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Framer } from '../../server/wire/framing.ts';
import { JsonArrayReader } from '../../server/wire/json-array.ts';
import { type ServerSentEvent, SseReader } from '../../server/wire/sse.ts';

const EVENTS: ServerSentEvent[] = [
  { event: '', data: '{"a":1}' },
  { event: 'message_stop', data: '{"b":"猫"}' },
  { event: '', data: 'two\nlines' },
];

test('Framer writes server-sent events that read back the same', () => {
  const framer = new Framer('sse');
  const text = framer.frame(EVENTS.slice(0, 1)) + framer.frame(EVENTS.slice(1)) + framer.end();
  assert.equal(text, 'data: {"a":1}\n\nevent: message_stop\ndata: {"b":"猫"}\n\ndata: two\ndata: lines\n\n');
  assert.deepEqual(new SseReader().feed(new TextEncoder().encode(text)), EVENTS);
});

test('Framer writes a growing JSON array that reads back the same', () => {
  const framer = new Framer('json-array');
  const text =
    framer.frame([{ event: '', data: '{"a":1}' }]) +
    framer.frame([]) +
    framer.frame([{ event: '', data: '{"b":2}' }]) +
    framer.end();
  assert.equal(text, '[{"a":1},\r\n{"b":2}]');
  assert.deepEqual(
    new JsonArrayReader().feed(new TextEncoder().encode(text)).map(({ data }) => data),
    ['{"a":1}', '{"b":2}'],
  );
});

test('Framer ends an array without elements as an empty one', () => {
  assert.equal(new Framer('json-array').end(), '[]');
});
