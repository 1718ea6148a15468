// Inflates compressed request bodies within a cap, so that a small body cannot fill the memory. Never trusts lengths.

import * as zlib from 'node:zlib';
import { joinPieces } from '../wire/bytes.ts';
import { GatewayError } from './errors.ts';
import { zstdFrames } from './zstd-frames.ts';

/** A list of codings is legal; nobody honest sends more than two. */
const MAX_CODINGS = 2;
/** Ratio that text does not reach, allowed only for the first megabyte: a gzip bomb has about 1,000. */
const MAX_RATIO = 200;
const FREE_BYTES = 1024 * 1024;

type Coding = 'gzip' | 'br' | 'zstd' | 'deflate' | 'identity';

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
  ['deflate', 'deflate'],
  ['identity', 'identity'],
]);

/**
 * The bytes before `coding` was applied (a `content-encoding` value, perhaps a list). Works off the event loop and stops
 * at the cap. Throws GatewayError: `unsupported-encoding`, `bad-encoding` (corrupt, truncated), `body-too-large`.
 */
export async function inflate(
  bytes: Uint8Array,
  coding: string,
  limit: { maxBytes: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const codings = codingsOf(coding);
  const maxBytes = Math.min(limit.maxBytes, Math.max(FREE_BYTES, bytes.length * MAX_RATIO));
  if (bytes.length > limit.maxBytes) throw tooLarge();
  let inflated = owned(bytes);
  // They are listed in the order they were applied.
  for (const one of codings.toReversed()) inflated = await inflateOne(inflated, one, maxBytes);
  return inflated;
}

/** Gzip by its first bytes: some clients compress without saying so. JSON never begins with these. */
export function looksGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function codingsOf(text: string): Coding[] {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const codings = names.filter((name) => name !== '').map((name) => CODINGS.get(name));
  const known = codings.filter((coding) => coding !== undefined && coding !== 'identity');
  if (codings.includes(undefined) || known.length > MAX_CODINGS) {
    throw new GatewayError(
      'unsupported-encoding',
      `Cannot read the request body: content-encoding "${text.slice(0, 60)}" is not supported`,
    );
  }
  return known.filter((coding) => coding !== undefined);
}

async function inflateOne(
  bytes: Uint8Array<ArrayBuffer>,
  coding: Coding,
  maxOutputLength: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const options = { maxOutputLength };
  switch (coding) {
    case 'identity':
      return bytes;
    case 'gzip':
      return run((done) => zlib.gunzip(bytes, options, done));
    case 'deflate':
      // RFC 9110 means the zlib format; some clients send bare deflate data.
      if (hasZlibHeader(bytes)) return run((done) => zlib.inflate(bytes, options, done));
      return run((done) => zlib.inflateRaw(bytes, options, done));
    case 'br': {
      const inflated = await run((done) => zlib.brotliDecompress(bytes, options, done));
      await assertWholeBrotli(bytes);
      return inflated;
    }
    case 'zstd':
      return inflateZstd(bytes, maxOutputLength);
    default:
      return coding satisfies never;
  }
}

function run(
  start: (done: (error: Error | null, result: Uint8Array<ArrayBuffer>) => void) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (!error) resolve(owned(result));
      else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge());
      else reject(corrupt(error));
    });
  });
}

/** A plain Uint8Array over the same memory: a Buffer's `slice` means something else. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.buffer instanceof ArrayBuffer)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return new Uint8Array(bytes);
}

function hasZlibHeader(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

/**
 * Deno's node:zlib takes a brotli stream that was cut off for a whole one; the web API does not, but has no cap. So it
 * runs second, over data whose size is known to be within the cap.
 */
async function assertWholeBrotli(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  // The format is in the standard (2025) and in all three runtimes, but not in TypeScript's DOM types yet.
  const format: string = 'brotli';
  const inflater: GenericTransformStream = Reflect.construct(DecompressionStream, [format]);
  const reader = new Blob([bytes]).stream().pipeThrough(inflater).getReader();
  try {
    while (!(await reader.read()).done);
  } catch (error) {
    throw corrupt(error);
  }
}

/** Frame by frame: Node would inflate only the first one. */
async function inflateZstd(
  bytes: Uint8Array<ArrayBuffer>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const frames = zstdFrames(bytes);
  if (!frames) throw corrupt();
  for (const frame of frames) {
    const options = { maxOutputLength: Math.max(1, maxBytes - length) };
    const piece = await run((done) => zlib.zstdDecompress(frame, options, done));
    length += piece.length;
    if (length > maxBytes) throw tooLarge();
    if (piece.length > 0) pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : joinPieces(pieces, length);
}

function corrupt(cause?: unknown): GatewayError {
  return new GatewayError('bad-encoding', 'Cannot read the request body: its compressed data are damaged', {
    cause,
  });
}

function tooLarge(): GatewayError {
  return new GatewayError('body-too-large', 'Cannot read the request body: it is too large when inflated');
}
