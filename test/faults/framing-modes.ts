// Modes with unusual, broken or hostile HTTP framing, content codings and sizes.

import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { SAMPLES } from './samples.ts';
import type { Mode, UpstreamCall } from './upstream-call.ts';

export const FRAMING_MODES: Readonly<Record<string, Mode>> = {
  coded: (call, [coding = 'gzip', cut]) => coded(call, { coding, isTruncated: cut === 'truncated' }),
  framing: (call, [kind = '']) => FRAMINGS[kind]?.(call),
  big: (call, [megabytes = '100']) => big(call, Number(megabytes)),
};

const CODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

/** The good answer in a content coding, whether it was asked for or not; truncated = two thirds of it, framed as whole. */
function coded(call: UpstreamCall, { coding, isTruncated }: { coding: string; isTruncated: boolean }): void {
  const { events, whole } = SAMPLES[call.surface];
  const plain = Buffer.from(call.isStreamed ? events.join('') : whole);
  const packed = CODERS[coding]?.(plain) ?? plain;
  const bytes = isTruncated ? packed.subarray(0, Math.floor((packed.length * 2) / 3)) : packed;
  if (!call.isStreamed) {
    call.reply(200, bytes, { 'content-encoding': coding });
    return;
  }
  call.beginStream({ 'content-encoding': coding });
  for (let at = 0; at < bytes.length; at += 50) call.chunk(bytes.subarray(at, at + 50));
  call.endChunks();
}

const JSON_TYPE = { 'content-type': 'application/json' };
/** A second reply that must never be taken for the answer to the next request. */
const FORGED_BODY = '{"forged":true}';
const FORGED = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${FORGED_BODY.length}\r\n\r\n${FORGED_BODY}`;

function wholeOf(call: UpstreamCall): Buffer {
  return Buffer.from(SAMPLES[call.surface].whole);
}

const FRAMINGS: Readonly<Record<string, (call: UpstreamCall) => void>> = {
  'short-body': (call) => {
    const body = wholeOf(call);
    call.head(200, { ...JSON_TYPE, 'content-length': String(body.length + 50) });
    call.write(body);
    call.fin();
  },
  'double-length': (call) => {
    const body = wholeOf(call);
    call.raw(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\ncontent-length: 5\r\n\r\n`,
    );
    call.write(body);
    call.done();
  },
  'bad-length': (call) => {
    call.head(200, { ...JSON_TYPE, 'content-length': '-12' });
    call.write(wholeOf(call));
    call.fin();
  },
  'length-and-chunked': (call) => {
    call.head(200, { ...JSON_TYPE, 'content-length': '5', 'transfer-encoding': 'chunked' });
    call.chunk(wholeOf(call));
    call.endChunks();
  },
  'bad-chunk': (call) => {
    call.head(200, { ...JSON_TYPE, 'transfer-encoding': 'chunked' });
    call.raw('zz\r\nthis is not a chunk\r\n0\r\n\r\n');
    call.done();
  },
  'no-http': (call) => {
    call.raw('220 mail.example.com ESMTP ready\r\n');
    call.done();
  },
  'huge-head': (call) => call.answer({ 'x-filler': 'x'.repeat(1024 * 1024) }),
  'forged-rest': (call) => {
    const body = wholeOf(call);
    call.head(200, { ...JSON_TYPE, 'content-length': String(body.length) });
    call.write(body);
    call.raw(FORGED);
    call.done();
  },
  'http-1.0': (call) => {
    const { events, whole } = SAMPLES[call.surface];
    const type = call.isStreamed ? 'text/event-stream' : 'application/json';
    call.raw(`HTTP/1.0 200 OK\r\ncontent-type: ${type}\r\n\r\n`);
    call.write(call.isStreamed ? events.join('') : whole);
    call.fin();
  },
  trailers: (call) => {
    const { events, whole } = SAMPLES[call.surface];
    const type = call.isStreamed ? 'text/event-stream' : 'application/json';
    call.head(200, { 'content-type': type, 'transfer-encoding': 'chunked', trailer: 'x-trailer' });
    for (const part of call.isStreamed ? events : [whole]) call.chunk(part);
    call.endChunks('x-trailer: dropped\r\n');
  },
  'early-hints': (call) => {
    call.raw('HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n');
    call.answer();
  },
  continue: (call) => {
    call.raw('HTTP/1.1 100 Continue\r\n\r\n');
    call.answer();
  },
};

const BIG_PART_BYTES = 64 * 1024;

/** A good answer of so many megabytes; never more ahead of the gateway than the connection holds. */
async function big(call: UpstreamCall, megabytes: number): Promise<void> {
  const { events, whole, half } = SAMPLES[call.surface];
  const count = (megabytes * 1024 * 1024) / BIG_PART_BYTES;
  if (call.isStreamed) {
    const delta = events[half - 1] ?? '';
    const part = Buffer.from(
      delta.replace('👋🏽 and', 'x'.repeat(BIG_PART_BYTES - Buffer.byteLength(delta))),
    );
    call.beginStream();
    call.chunk(events.slice(0, half).join(''));
    for (let sent = 0; sent < count && call.closedAtMs === null; sent += 1) await call.chunkInTime(part);
    call.chunk(events.slice(half).join(''));
  } else {
    const [start = '', end = ''] = whole.split('done.');
    call.head(200, { ...JSON_TYPE, 'transfer-encoding': 'chunked' });
    call.chunk(start);
    const part = Buffer.alloc(BIG_PART_BYTES, 'x');
    for (let sent = 0; sent < count && call.closedAtMs === null; sent += 1) await call.chunkInTime(part);
    call.chunk(end);
  }
  call.endChunks();
}
