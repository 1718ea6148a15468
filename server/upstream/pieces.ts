// Reads a body whole.

import { type UpstreamBody, UpstreamFault } from '../gateway/upstream.ts';
import { joinPieces } from '../wire/bytes.ts';

/** Reads a body to its end. Throws what it throws, and `reply-too-large` beyond the limit. */
export async function readAll(body: UpstreamBody, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece = await body.read(); piece; piece = await body.read()) {
    pieces.push(piece);
    length += piece.length;
    if (length > maxBytes) {
      body.cancel();
      throw new UpstreamFault('reply-too-large', `over ${maxBytes} bytes`, { isSent: true });
    }
  }
  return joinPieces(pieces, length);
}
