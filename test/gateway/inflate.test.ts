// Request bodies are inflated as declared, whole or not at all, and never beyond the cap.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as zlib from 'node:zlib';
import { GatewayError, type GatewayErrorCode } from '../../server/gateway/errors.ts';
import { inflate, looksGzipped } from '../../server/gateway/inflate.ts';

const MB = 1024 * 1024;
const LIMIT = { maxBytes: 34 * MB };
const BODY = new TextEncoder().encode(
  JSON.stringify({
    model: 'm',
    messages: Array.from({ length: 500 }, (_, turn) => ({
      role: 'user',
      content: `turn ${turn} 猫 ${turn * 7919}`,
    })),
  }),
);

type Pack = (bytes: Uint8Array) => Uint8Array;
const PACKERS: [string, Pack][] = [
  ['gzip', (bytes) => zlib.gzipSync(bytes)],
  ['br', (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ['zstd', (bytes) => zlib.zstdCompressSync(bytes)],
  ['deflate', (bytes) => zlib.deflateSync(bytes)],
];
const zstd: Pack = (bytes) => zlib.zstdCompressSync(bytes);

async function codeOf(promise: Promise<unknown>): Promise<GatewayErrorCode | 'no error'> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error.code;
  }
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

for (const [coding, pack] of PACKERS) {
  describe(`inflate() with ${coding}`, () => {
    const packed = pack(BODY);

    test(`inflate() gives back what ${coding} packed`, async () => {
      assert.deepEqual(await inflate(packed, coding, LIMIT), BODY);
      assert.deepEqual(await inflate(pack(new Uint8Array()), coding, LIMIT), new Uint8Array());
    });

    test(`inflate() refuses ${coding} data that were cut off anywhere`, async () => {
      const ends = [0, 1, 3, 7, packed.length >> 1, packed.length - 5, packed.length - 1];
      for (const end of ends) {
        assert.equal(
          await codeOf(inflate(packed.subarray(0, end), coding, LIMIT)),
          'bad-encoding',
          `at ${end}`,
        );
      }
    });

    test(`inflate() refuses text that is called ${coding}`, async () => {
      assert.equal(await codeOf(inflate(BODY, coding, LIMIT)), 'bad-encoding');
    });

    test(`inflate() takes a body as large as the cap and no byte more with ${coding}`, async () => {
      assert.equal((await inflate(packed, coding, { maxBytes: BODY.length })).length, BODY.length);
      assert.equal(await codeOf(inflate(packed, coding, { maxBytes: BODY.length - 1 })), 'body-too-large');
    });

    test(`inflate() stops a ${coding} bomb without unpacking it`, async () => {
      const bomb = pack(new Uint8Array(96 * MB));
      const before = process.memoryUsage().rss;
      assert.equal(await codeOf(inflate(bomb, coding, { maxBytes: 1024 * MB })), 'body-too-large');
      const grownMb = (process.memoryUsage().rss - before) / MB;
      assert.ok(grownMb < 64, `memory grew by ${grownMb} MB`);
    });
  });
}

test('inflate() allows any ratio within the first megabyte and 200 beyond', async () => {
  assert.equal((await inflate(zlib.gzipSync(new Uint8Array(MB)), 'gzip', LIMIT)).length, MB);
  assert.equal(await codeOf(inflate(zlib.gzipSync(new Uint8Array(MB + 1)), 'gzip', LIMIT)), 'body-too-large');
  const half = concat(crypto.getRandomValues(new Uint8Array(65_536)), new Uint8Array(4 * MB));
  assert.equal((await inflate(zlib.gzipSync(half), 'gzip', LIMIT)).length, half.length);
});

for (const [coding, bytes] of [
  ['identity', BODY],
  ['', BODY],
  ['x-gzip', zlib.gzipSync(BODY)],
  [' GZIP ', zlib.gzipSync(BODY)],
  ['deflate', zlib.deflateRawSync(BODY)],
  ['deflate', zlib.deflateRawSync(BODY, { level: 0 })],
  ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(BODY))],
  ['identity, zstd , identity', zstd(BODY)],
  ['gzip', concat(zlib.gzipSync(BODY.subarray(0, 100)), zlib.gzipSync(BODY.subarray(100)))],
  ['zstd', concat(zstd(BODY.subarray(0, 100)), zstd(BODY.subarray(100)))],
  ['zstd', concat(new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]), zstd(BODY))],
] as [string, Uint8Array][]) {
  test(`inflate() reads "${coding}", ${bytes.length} bytes beginning with ${bytes.slice(0, 4).join(' ')}`, async () => {
    const inflated = await inflate(bytes, coding, LIMIT);
    assert.deepEqual(inflated, BODY);
    assert.equal(inflated.constructor, Uint8Array);
  });
}

for (const [coding, bytes, code] of [
  ['compress', BODY, 'unsupported-encoding'],
  ['gzip, gzip, gzip', zlib.gzipSync(zlib.gzipSync(zlib.gzipSync(BODY))), 'unsupported-encoding'],
  ['gzip;q=1', zlib.gzipSync(BODY), 'unsupported-encoding'],
  ['constructor', BODY, 'unsupported-encoding'],
  ['identity', new Uint8Array(LIMIT.maxBytes + 1), 'body-too-large'],
  ['gzip', concat(zlib.gzipSync(BODY), BODY), 'bad-encoding'],
  ['br', concat(zlib.brotliCompressSync(BODY), BODY), 'bad-encoding'],
  ['zstd', concat(zstd(BODY), BODY), 'bad-encoding'],
  ['zstd', concat(...Array.from({ length: 17 }, () => zstd(new Uint8Array(1)))), 'bad-encoding'],
  // A skippable frame that claims 4 GB, and a frame with a window of 128 MB.
  ['zstd', new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 255, 255, 255, 255, 0]), 'bad-encoding'],
  ['zstd', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0x88, 1, 0, 0]), 'bad-encoding'],
] as [string, Uint8Array, GatewayErrorCode][]) {
  test(`inflate() answers "${coding}", ${bytes.length} bytes, with ${code}`, async () => {
    assert.equal(await codeOf(inflate(bytes, coding, LIMIT)), code);
  });
}

test('inflate() caps the bytes between two codings too', async () => {
  const twice = zlib.gzipSync(zlib.gzipSync(new Uint8Array(200 * MB)));
  assert.equal(await codeOf(inflate(twice, 'gzip, gzip', { maxBytes: 1024 * MB })), 'body-too-large');
});

test('looksGzipped() knows gzip from JSON', () => {
  assert.equal(looksGzipped(zlib.gzipSync(BODY)), true);
  assert.equal(looksGzipped(BODY), false);
  assert.equal(looksGzipped(new Uint8Array([0x1f])), false);
});
