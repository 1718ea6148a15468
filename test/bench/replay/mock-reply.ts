// Replies of a mock account in the shape of Anthropic's API: an event stream in a few pieces, or an error. Pure.

export interface MockUsage {
  inputTokens: number;
  readTokens: number;
  writeTokens: number;
  outputTokens: number;
}

export interface MockError {
  status: number;
  type:
    | 'rate_limit_error'
    | 'overloaded_error'
    | 'api_error'
    | 'authentication_error'
    | 'invalid_request_error';
  message: string;
  retryAfterMs: number | null;
}

/** What is sent with the first token. */
export function firstPiece(
  usage: MockUsage,
  { id, model }: { id: string; model: string },
): Uint8Array<ArrayBuffer> {
  const message = {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usageFields(usage), output_tokens: 1 },
  };
  return encode([
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'The' } },
  ]);
}

/** What is sent in between, so that a long reply is not silent for too long. */
export function nextPiece(): Uint8Array<ArrayBuffer> {
  return encode([{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' next' } }]);
}

/** What is sent with the last token. */
export function lastPiece(usage: MockUsage): Uint8Array<ArrayBuffer> {
  return encode([
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' answer.' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { ...usageFields(usage), output_tokens: usage.outputTokens },
    },
    { type: 'message_stop' },
  ]);
}

export function errorBody({ type, message }: MockError): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ type: 'error', error: { type, message } }));
}

function usageFields({ inputTokens, readTokens, writeTokens }: MockUsage) {
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: writeTokens,
    cache_read_input_tokens: readTokens,
    cache_creation: { ephemeral_5m_input_tokens: writeTokens, ephemeral_1h_input_tokens: 0 },
  };
}

function encode(events: readonly ({ type: string } & Record<string, unknown>)[]): Uint8Array<ArrayBuffer> {
  const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  return new TextEncoder().encode(frames.join(''));
}
