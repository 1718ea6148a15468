// The upstream's replies, serialised once: a message, and the events of a stream. Pure.

import { MODEL } from './calls.ts';

const USAGE = {
  input_tokens: 20,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 1_000,
  output_tokens: 220,
};
const REPLY_TEXT = 'the parser returns a stale handle and the test that reads it twice fails. '.repeat(16);
const MESSAGE = { id: 'msg_bench', type: 'message', role: 'assistant', model: MODEL };

/** Stands before the moment at which a chunk was sent, in the chunk itself. */
export const STAMP_MARK = '"@';
/** Milliseconds since 1970 with three decimals. */
const STAMP_CHARACTERS = 17;

export const PLAIN_REPLY = plainReply();
export const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
    'transfer-encoding: chunked\r\n\r\n',
);
export const STREAM_START = chunk(
  event({
    type: 'message_start',
    message: { ...MESSAGE, content: [], usage: { ...USAGE, output_tokens: 1 } },
  }) + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
);
export const STREAM_END = Buffer.concat([
  chunk(
    event({ type: 'content_block_stop', index: 0 }) +
      event({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: USAGE,
      }) +
      event({ type: 'message_stop' }),
  ),
  Buffer.from('0\r\n\r\n'),
]);

const STAMPED_CHUNK = chunk(textDelta(`@${'0'.repeat(STAMP_CHARACTERS)} stale handle`));
const STAMP_OFFSET = STAMPED_CHUNK.indexOf(STAMP_MARK) + STAMP_MARK.length;

/** One chunk of text that says when it was sent. The buffer is the same every time. */
export function stampedChunk(atMs: number): Buffer {
  STAMPED_CHUNK.write(atMs.toFixed(3), STAMP_OFFSET, 'latin1');
  return STAMPED_CHUNK;
}

/** When the chunk whose mark is found at `markAt` was sent. */
export function stampAt(bytes: Buffer, markAt: number): number {
  const from = markAt + STAMP_MARK.length;
  return Number(bytes.toString('latin1', from, from + STAMP_CHARACTERS));
}

/** So many events as one write. */
export function textChunks(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => chunk(textDelta('@ stale handle of ours'))));
}

function textDelta(text: string): string {
  return event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
}

function event(data: { type: string; [key: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

function plainReply(): Buffer {
  const body = JSON.stringify({
    ...MESSAGE,
    content: [{ type: 'text', text: REPLY_TEXT }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: USAGE,
  });
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}
