// Reads a request body whole, within its limit, and the few fields that routing needs from its bytes.

import { readField, type Span, scanObject, WireError } from '../wire/scan.ts';
import { GatewayError } from './errors.ts';

/** A request as far as the straight path looks into it. */
export interface RequestBody {
  bytes: Uint8Array<ArrayBuffer>;
  model: string;
  /** Where the model's name stands, so that it can be replaced without touching anything else. */
  modelSpan: Span;
  isStreamed: boolean;
  metadata: unknown;
  promptCacheKey: unknown;
}

/** Anthropic accepts 32 MB; a little more, so that the provider's own refusal is what the client sees. */
const MAX_BODY_BYTES = 34 * 1024 * 1024;

/** Throws GatewayError: too large, coded, empty, not JSON, no model. */
export async function readBody(request: Request): Promise<RequestBody> {
  const coding = request.headers.get('content-encoding');
  if (coding !== null && coding !== 'identity') {
    throw new GatewayError(
      'unsupported-encoding',
      `Cannot read the request body: content-encoding "${coding}"`,
    );
  }
  const bytes = await readBytes(request).catch((error: unknown) => {
    if (error instanceof GatewayError) throw error;
    // Deno reports the broken body before it aborts the request's signal.
    throw new GatewayError('client-gone', 'The client hung up while sending', { cause: error });
  });
  if (bytes.length === 0) throw new GatewayError('invalid-json', 'Cannot read the request body: it is empty');
  try {
    return fieldsOf(bytes);
  } catch (error) {
    if (error instanceof WireError) throw new GatewayError(error.code, error.message, { param: error.path });
    throw error;
  }
}

function fieldsOf(bytes: Uint8Array<ArrayBuffer>): RequestBody {
  const fields = scanObject(bytes);
  const modelSpan = fields.get('model');
  const model = readField(bytes, fields, 'model');
  if (!modelSpan || typeof model !== 'string' || model === '') {
    throw new GatewayError(
      'missing-model',
      'Cannot route the request: field "model" must be a non-empty text',
      {
        param: 'model',
      },
    );
  }
  const stream = readField(bytes, fields, 'stream');
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw new GatewayError(
      'invalid-field',
      'Cannot route the request: field "stream" must be true or false',
      {
        param: 'stream',
      },
    );
  }
  return {
    bytes,
    model,
    modelSpan,
    isStreamed: stream === true,
    metadata: readField(bytes, fields, 'metadata'),
    promptCacheKey: readField(bytes, fields, 'prompt_cache_key'),
  };
}

async function readBytes(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN);
  if (declared > MAX_BODY_BYTES) throw tooLarge();
  if (!request.body) return new Uint8Array();
  if (Number.isFinite(declared)) return new Uint8Array(await request.arrayBuffer());
  return readChunked(request.body);
}

async function readChunked(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(): GatewayError {
  return new GatewayError(
    'body-too-large',
    `Cannot read the request body: larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`,
  );
}
