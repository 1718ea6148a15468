// The event reader gives the same events whatever the chunking.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type ServerSentEvent, SseReader } from '../../server/wire/sse.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function readAll(text: string, cuts: readonly number[] = []): ServerSentEvent[] {
  const bytes = encode(text);
  const reader = new SseReader();
  const events: ServerSentEvent[] = [];
  let start = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    events.push(...reader.feed(bytes.subarray(start, cut)));
    start = Math.max(start, cut);
  }
  events.push(...reader.feed(bytes.subarray(start)));
  return events;
}

const CASES: [string, string, ServerSentEvent[]][] = [
  ['LF', 'event: a\ndata: 1\n\n', [{ event: 'a', data: '1' }]],
  ['CRLF', 'event: a\r\ndata: 1\r\n\r\n', [{ event: 'a', data: '1' }]],
  ['CR', 'event: a\rdata: 1\r\r', [{ event: 'a', data: '1' }]],
  ['several data lines', 'data: 1\ndata\ndata:2\n\n', [{ event: '', data: '1\n\n2' }]],
  ['comments, ids and retries', ': hi\nid: 7\nretry: 9\ndata: 1\n\n', [{ event: '', data: '1' }]],
  ['only one leading space dropped', 'data:  1\n\n', [{ event: '', data: ' 1' }]],
  ['an event without data', 'event: a\n\ndata: 2\n\n', [{ event: '', data: '2' }]],
  [
    'a byte order mark at the very start only',
    '\uFEFFdata: 1\n\ndata: \uFEFF2\n\n',
    [
      { event: '', data: '1' },
      { event: '', data: '\uFEFF2' },
    ],
  ],
  ['an unfinished event', 'data: 1\n\ndata: 2\n', [{ event: '', data: '1' }]],
  ['text beyond ASCII', 'data: 猫🐈é\n\n', [{ event: '', data: '猫🐈é' }]],
];

for (const [name, text, expected] of CASES) {
  test(`SseReader reads ${name}, whole and cut at every byte`, () => {
    assert.deepEqual(readAll(text), expected);
    for (let cut = 0; cut <= encode(text).length; cut++)
      assert.deepEqual(readAll(text, [cut]), expected, `cut at ${cut}`);
    const everyByte = Array.from({ length: encode(text).length }, (_, index) => index);
    assert.deepEqual(readAll(text, everyByte), expected);
  });
}

test('SseReader gives the same events for any text and any cuts', () => {
  const piece = fc.constantFrom('data: ', 'event: ', 'x', '\n', '\r', '\r\n', '\n\n', ':', '猫', ' ');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.nat(120), { maxLength: 8 }),
      (pieces, cuts) => {
        const text = pieces.join('');
        const inside = cuts.filter((cut) => cut <= encode(text).length);
        assert.deepEqual(readAll(text, inside), readAll(text));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('SseReader.isInsideEvent tells whether something written now would land inside an event', () => {
  const reader = new SseReader();
  const states = ['data: 1', '\n', '\n', ': ping\n', '\n', 'event: a\n'].map((chunk) => {
    reader.feed(encode(chunk));
    return reader.isInsideEvent;
  });
  assert.deepEqual(states, [true, true, false, false, false, true]);
});
