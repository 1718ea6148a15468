// Takes a content coding off a reply's body: for upstreams that compress although they were asked not to.

import type { Transform } from 'node:stream';
import { type UpstreamBody, UpstreamFault } from '../gateway/upstream.ts';
import { readAll } from './pieces.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The plain body inside a coded one. Throws what the coded one throws, and `reset` when its coding breaks off; but Deno
 * takes an early end of br and zstd, and Bun of zstd, for the end of the text.
 */
export class DecodedBody implements UpstreamBody {
  readonly #coded: UpstreamBody;
  readonly #coding: string;
  #pieces: AsyncIterator<unknown> | null = null;
  #decoder: Transform | null = null;
  #isCancelled = false;

  constructor(coded: UpstreamBody, coding: string) {
    this.#coded = coded;
    this.#coding = coding;
  }

  async read(): Promise<Bytes | null> {
    try {
      this.#pieces ??= await this.#start();
      for (;;) {
        const { done, value } = await this.#pieces.next();
        if (this.#isCancelled) throw givenUp();
        if (done === true) return null;
        if (value instanceof Uint8Array && value.length > 0) return new Uint8Array(value);
      }
    } catch (error) {
      const fault = this.#isCancelled ? givenUp() : faultOf(error);
      this.cancel();
      throw fault;
    }
  }

  bytes(maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return readAll(this, maxBytes);
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#coded.cancel();
    this.#decoder?.destroy();
  }

  async #start(): Promise<AsyncIterator<unknown>> {
    const first = await this.#coded.read();
    if (!first) return nothing();
    const decoder = await decoderOf(this.#coding, first);
    this.#decoder = decoder;
    decoder.on('error', () => undefined);
    void this.#feed(decoder, first);
    return decoder[Symbol.asyncIterator]();
  }

  /** As fast as the decoder's own buffer empties, so that a slow reader slows the upstream down. */
  async #feed(decoder: Transform, first: Uint8Array): Promise<void> {
    try {
      for (let piece: Uint8Array | null = first; piece; piece = await this.#coded.read()) {
        if (!decoder.write(piece)) await room(decoder);
      }
      decoder.end();
    } catch (error) {
      decoder.destroy(error instanceof Error ? error : new Error('Cannot decode the reply'));
    }
  }
}

/** zlib is loaded for the first coded reply: most upstreams never send one. */
async function decoderOf(coding: string, first: Uint8Array): Promise<Transform> {
  const zlib = await import('node:zlib');
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'zstd':
      return zlib.createZstdDecompress();
    case 'deflate':
      // Meant with a zlib header, whose low half-byte is 8 (RFC 1950), but sent without one by some.
      return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
    default:
      throw new UpstreamFault('bad-framing', 'unknown content coding', { isSent: true });
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function room(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    decoder.once('drain', resolve);
    decoder.once('close', resolve);
  });
}

function givenUp(): UpstreamFault {
  return new UpstreamFault('aborted', 'the reader has gone', { isSent: true });
}

function faultOf(error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  const isTruncated = error instanceof Error && /unexpected end of file/i.test(error.message);
  const kind = isTruncated ? 'reset' : 'bad-framing';
  return new UpstreamFault(kind, isTruncated ? 'the reply broke off' : 'unreadable content coding', {
    isSent: true,
    cause: error,
  });
}
