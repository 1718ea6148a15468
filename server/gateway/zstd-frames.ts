// Splits zstd data into frames without inflating them. Says whether they are whole, not whether they are sound.

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** What every decoder of the web must support, and no encoder may exceed (RFC 9659). */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/** Compressing a body gives one frame (and an empty second one in Deno); thousands of tiny ones are an attack. */
const MAX_FRAMES = 16;

/**
 * The frames with content (RFC 8878, 3.1), found by walking their blocks: when one was cut off, Bun and Deno inflate it
 * to nothing, without an error. Null = cut off, not zstd, or beyond what a request body may use.
 */
export function zstdFrames(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] | null {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  let start = 0;
  for (let count = 0; count < MAX_FRAMES; count++) {
    const rest = bytes.subarray(start);
    const frame = frameAt(new DataView(rest.buffer, rest.byteOffset, rest.byteLength));
    if (!frame || frame.length > rest.length) return null;
    if (frame.hasContent) frames.push(rest.subarray(0, frame.length));
    start += frame.length;
    if (start === bytes.length) return frames;
  }
  return null;
}

function frameAt(view: DataView): { length: number; hasContent: boolean } | null {
  try {
    const magic = view.getUint32(0, true);
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
      return { length: 8 + view.getUint32(4, true), hasContent: false };
    }
    const start = magic === MAGIC ? blocksStart(view) : null;
    return start === null ? null : { length: blocksEnd(view, start), hasContent: true };
  } catch (error) {
    // Read beyond the end.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Length of the frame's header; null = its window is larger than allowed. */
function blocksStart(view: DataView): number | null {
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (isSingleSegment) return 5 + dictionaryBytes + sizeBytes;
  const window = view.getUint8(5);
  const base = 2 ** (10 + (window >> 3));
  const isTooLarge = base + (base / 8) * (window & 7) > MAX_WINDOW_BYTES;
  return isTooLarge ? null : 6 + dictionaryBytes + sizeBytes;
}

function blocksEnd(view: DataView, start: number): number {
  let at = start;
  for (let isLast = false; !isLast; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const isRepeatedByte = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeatedByte ? 1 : header >> 3);
  }
  const hasChecksum = (view.getUint8(4) & 4) !== 0;
  return at + (hasChecksum ? 4 : 0);
}
