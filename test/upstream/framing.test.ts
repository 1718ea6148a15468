// A reply's head and body come out the same however the bytes were cut, and unclear framing is refused.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { UpstreamFault } from '../../server/gateway/upstream.ts';
import type { ReplyHead } from '../../server/upstream/reply-head.ts';
import { ReplyReader } from '../../server/upstream/reply-reader.ts';

interface Seen {
  status: number;
  fields: string[];
  body: string;
  ending: 'open' | 'ended' | 'ended with more' | string;
}

/** Feeds the pieces, then the end of the connection if `closes`. */
function seen(pieces: readonly Uint8Array[], closes = false): Seen {
  let head: ReplyHead | null = null;
  let body = '';
  let ending = 'open';
  const reader = new ReplyReader({
    onHead: (found) => {
      head = found;
    },
    onBody: (data) => {
      assert.ok(data.length > 0);
      body += Buffer.from(data).toString('latin1');
    },
    onEnd: (hasMore) => {
      ending = hasMore ? 'ended with more' : 'ended';
    },
  });
  try {
    for (const piece of pieces) if (ending === 'open') reader.feed(Uint8Array.from(piece));
    if (closes) reader.finish();
  } catch (error) {
    ending = error instanceof UpstreamFault ? error.kind : String(error);
  }
  return { ...headSeen(head), body, ending };
}

function headSeen(head: ReplyHead | null): Pick<Seen, 'status' | 'fields'> {
  return {
    status: head?.status ?? 0,
    fields: head?.fields.map(({ name, value }) => `${name}=${value}`) ?? [],
  };
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const bytewise = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));
const OK = 'HTTP/1.1 200 OK\r\n';

const REPLIES: [name: string, reply: string, closes: boolean, body: string, ending: string][] = [
  ['a length', `${OK}content-length: 5\r\n\r\nhello`, false, 'hello', 'ended'],
  ['no body by length', `${OK}content-length: 0\r\n\r\n`, false, '', 'ended'],
  ['equal lengths', `${OK}content-length: 5\r\nContent-Length: 5\r\n\r\nhello`, false, 'hello', 'ended'],
  ['equal lengths in one field', `${OK}content-length: 5, 5\r\n\r\nhello`, false, 'hello', 'ended'],
  ['no body by status', 'HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n', false, '', 'ended'],
  ['no body by status 304', 'HTTP/1.1 304 Not Modified\r\n\r\n', false, '', 'ended'],
  [
    'chunks',
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
    false,
    'hello world',
    'ended',
  ],
  [
    'chunks with leading zeros',
    `${OK}Transfer-Encoding: Chunked\r\n\r\n0005\r\nhello\r\n000\r\n\r\n`,
    false,
    'hello',
    'ended',
  ],
  [
    'chunks in capitals',
    `${OK}transfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    false,
    '0123456789',
    'ended',
  ],
  [
    'chunk extensions',
    `${OK}transfer-encoding: chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0 ;x\r\n\r\n`,
    false,
    'hello',
    'ended',
  ],
  [
    'trailers',
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\ny: 2\r\n\r\n`,
    false,
    'hello',
    'ended',
  ],
  ['the end of the connection', `${OK}content-type: a\r\n\r\nhello`, true, 'hello', 'ended'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', true, 'hello', 'ended'],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', false, 'ok', 'ended'],
  [
    'interim replies',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
    false,
    'ok',
    'ended',
  ],
  [
    'bytes of the latin alphabet',
    `${OK}x: \xe9\xff\r\ncontent-length: 3\r\n\r\n\xe9\x00\xff`,
    false,
    '\xe9\x00\xff',
    'ended',
  ],
  ['a body broken off by length', `${OK}content-length: 5\r\n\r\nhel`, true, 'hel', 'reset'],
  ['a body broken off in a chunk', `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhel`, true, 'hel', 'reset'],
  [
    'a body without the last chunk',
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    true,
    'hello',
    'reset',
  ],
  [
    'a body without the last line',
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`,
    true,
    'hello',
    'reset',
  ],
  ['a head broken off', `${OK}content-le`, true, '', 'reset'],
  ['nothing', '', true, '', 'reset'],
];

for (const [name, reply, closes, body, ending] of REPLIES) {
  test(`ReplyReader reads ${name}, whole and byte by byte and cut in two anywhere`, () => {
    const bytes = bytesOf(reply);
    const whole = seen(reply === '' ? [] : [bytes], closes);
    assert.equal(whole.body, body);
    assert.equal(whole.ending, ending);
    assert.deepEqual(seen(bytewise(bytes), closes), whole);
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(seen([bytes.subarray(0, cut), bytes.subarray(cut)], closes), whole, `cut at ${cut}`);
    }
  });
}

const UNCLEAR: [name: string, reply: string][] = [
  ['length and chunks together', `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${OK}content-length: 3\r\ncontent-length: 5\r\n\r\nhello`],
  ['two lengths in one field', `${OK}content-length: 3, 5\r\n\r\nhello`],
  ['a negative length', `${OK}content-length: -5\r\n\r\nhello`],
  ['a length that is no number', `${OK}content-length: 5x\r\n\r\nhello`],
  ['an empty length', `${OK}content-length:\r\n\r\nhello`],
  ['a length with a sign', `${OK}content-length: +5\r\n\r\nhello`],
  ['a length beyond numbers', `${OK}content-length: 99999999999999999999\r\n\r\nhello`],
  ['an unreadable length of a reply without body', 'HTTP/1.1 204 No\r\ncontent-length: x\r\n\r\n'],
  ['an unknown transfer coding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk size that is no number', `${OK}transfer-encoding: chunked\r\n\r\nzz\r\nhello`],
  ['a negative chunk size', `${OK}transfer-encoding: chunked\r\n\r\n-5\r\nhello`],
  ['an empty chunk size', `${OK}transfer-encoding: chunked\r\n\r\n\r\nhello`],
  ['a chunk size in C notation', `${OK}transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n`],
  ['a chunk size beyond numbers', `${OK}transfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n`],
  ['a chunk longer than its size', `${OK}transfer-encoding: chunked\r\n\r\n3\r\nhello\r\n`],
  ['a chunk size ended by LF', `${OK}transfer-encoding: chunked\r\n\r\n5\nhello\r\n`],
  ['a chunk extension ended by LF', `${OK}transfer-encoding: chunked\r\n\r\n5;a\nhello\r\n`],
  ['endless chunk extensions', `${OK}transfer-encoding: chunked\r\n\r\n5;${'a'.repeat(70_000)}`],
  ['endless trailers', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(12_000)}`],
  ['a head of over 64 KB', `${OK}${'a: bbbbbbbbbb\r\n'.repeat(5_000)}\r\n`],
  ['an unfinished head of over 64 KB', `${OK}a: ${'b'.repeat(70_000)}`],
  ['something other than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 99 Odd\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 2e1 OK\r\n\r\n'],
  ['line ends without CR', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
  ['one line end without CR', `${OK}a: b\nc: d\r\n\r\n`],
  ['a lone CR', `${OK}a: b\rc: d\r\n\r\n`],
  ['a NUL', `${OK}a: b\0c\r\n\r\n`],
  ['a continued line', `${OK}a: b\r\n c\r\n\r\n`],
  ['a blank before the colon', `${OK}content-length : 2\r\n\r\nok`],
  ['a field without colon', `${OK}content-length\r\n\r\nok`],
  ['a field without name', `${OK}: 2\r\n\r\nok`],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
  ['endless interim replies', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)],
];

for (const [name, reply] of UNCLEAR) {
  test(`ReplyReader refuses ${name}`, () => {
    assert.equal(seen([bytesOf(reply)]).ending, 'bad-framing');
    const halves = bytesOf(reply);
    const middle = halves.length >> 1;
    assert.equal(seen([halves.subarray(0, middle), halves.subarray(middle)]).ending, 'bad-framing');
  });
}

test('ReplyReader tells of bytes after the end of a reply', () => {
  assert.equal(seen([bytesOf(`${OK}content-length: 2\r\n\r\nokHTTP/1.1 200`)]).ending, 'ended with more');
  assert.equal(seen([bytesOf('HTTP/1.1 204 No Content\r\n\r\nx')]).ending, 'ended with more');
  const chunked = `${OK}transfer-encoding: chunked\r\n\r\n0\r\n\r\nx`;
  assert.equal(seen([bytesOf(chunked)]).ending, 'ended with more');
});

test('ReplyReader gives the same bytes for any framing of any body, cut anyhow', () => {
  const body = fc.uint8Array({ maxLength: 300 });
  const sizes = fc.array(fc.nat({ max: 60 }), { maxLength: 20 });
  fc.assert(
    fc.property(
      body,
      fc.constantFrom('length', 'chunked', 'close'),
      sizes,
      sizes,
      (data, framing, chunks, cuts) => {
        const wire = framed(data, framing, chunks);
        const found = seen(pieces(wire, cuts), framing === 'close');
        assert.equal(found.body, Buffer.from(data).toString('latin1'));
        assert.equal(found.ending, 'ended');
      },
    ),
    { numRuns: 300 },
  );
});

function framed(data: Uint8Array, framing: string, chunkSizes: readonly number[]): Uint8Array {
  const text = Buffer.from(data).toString('latin1');
  if (framing === 'length') return bytesOf(`${OK}content-length: ${data.length}\r\n\r\n${text}`);
  if (framing === 'close') return bytesOf(`${OK}\r\n${text}`);
  const chunks = pieces(data, chunkSizes)
    .filter((chunk) => chunk.length > 0)
    .map((chunk) => `${chunk.length.toString(16)}\r\n${Buffer.from(chunk).toString('latin1')}\r\n`);
  return bytesOf(`${OK}transfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`);
}

/** Pieces of the given sizes, then what is left. */
function pieces(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    found.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...found, bytes.subarray(at)];
}
