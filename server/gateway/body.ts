// Reads a request body whole, within its limits, and the few fields that routing needs from its bytes.

import { joinPieces } from '../wire/bytes.ts';
import { objectAt, textAt } from '../wire/json.ts';
import type { PromptOutline } from '../wire/outline.ts';
import { scanRequest } from '../wire/prompt-scan.ts';
import { readField, type Span, scanObject, WireError } from '../wire/scan.ts';
import type { PathCall, Surface } from '../wire/surface.ts';
import { GatewayError, refusedRequest } from './errors.ts';
import { inflate, looksGzipped } from './inflate.ts';

/** A request as far as the straight path looks into it. */
export interface RequestBody {
  bytes: Uint8Array<ArrayBuffer>;
  model: string;
  /** Where the model's name stands, so that it can be replaced without touching anything else; null = only in the path. */
  modelSpan: Span | null;
  isStreamed: boolean;
  metadata: unknown;
  promptCacheKey: unknown;
  /** Names of things that one account keeps for the caller: an earlier response, a conversation, a cached content. */
  keptIds: readonly string[];
  /** What a provider's prompt cache sees of it; null = the operation has no prompt. */
  outline: PromptOutline | null;
}

interface BodyReading {
  inPath: PathCall | null;
  maxBytes: number;
  surface: Surface;
  /** False = only the fields are looked for (embeddings). */
  hasPrompt: boolean;
}

/** Body fields that name something kept at the provider (Responses, Gemini). */
const KEPT_ID_FIELDS = ['previous_response_id', 'conversation', 'cachedContent', 'cached_content'] as const;

/** Throws GatewayError: too large, badly coded, empty, not JSON, no model. `inPath` is what the path has said already. */
export async function readBody(
  request: Request,
  { inPath, maxBytes, surface, hasPrompt }: BodyReading,
): Promise<RequestBody> {
  const bytes = await readBytes(request, maxBytes).catch((error: unknown) => {
    if (error instanceof GatewayError) throw error;
    // Deno reports the broken body before it aborts the request's signal.
    throw new GatewayError('client-gone', 'The client hung up while sending', { cause: error });
  });
  const plain = await decoded(bytes, { coding: request.headers.get('content-encoding'), maxBytes });
  if (plain.length === 0) throw new GatewayError('invalid-json', 'Cannot read the request body: it is empty');
  try {
    const body = fieldsOf(plain, hasPrompt ? surface : null);
    return inPath ? { ...body, ...inPath } : routed(body);
  } catch (error) {
    if (error instanceof WireError) throw refusedRequest(error);
    // The scan leaves long texts and deep values to the parser.
    if (error instanceof SyntaxError || error instanceof RangeError)
      throw new GatewayError('invalid-json', 'Cannot read the request body: not valid JSON', {
        cause: error,
      });
    throw error;
  }
}

function decoded(
  bytes: Uint8Array<ArrayBuffer>,
  { coding, maxBytes }: { coding: string | null; maxBytes: number },
): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
  if (coding !== null && coding !== 'identity') return inflate(bytes, coding, { maxBytes });
  return looksGzipped(bytes) ? inflate(bytes, 'gzip', { maxBytes }) : bytes;
}

function routed(body: RequestBody): RequestBody {
  if (body.model !== '') return body;
  throw invalid('missing-model', 'model', 'must be a non-empty text');
}

function fieldsOf(bytes: Uint8Array<ArrayBuffer>, promptSurface: Surface | null): RequestBody {
  const { fields, outline } = promptSurface
    ? scanRequest(bytes, promptSurface)
    : { fields: scanObject(bytes), outline: null };
  const modelSpan = fields.get('model') ?? null;
  const model = modelSpan ? readField(bytes, fields, 'model') : '';
  const stream = readField(bytes, fields, 'stream') ?? false;
  if (typeof stream !== 'boolean') throw invalid('invalid-field', 'stream', 'must be true or false');
  return {
    bytes,
    model: typeof model === 'string' ? model : '',
    modelSpan,
    isStreamed: stream,
    metadata: readField(bytes, fields, 'metadata'),
    promptCacheKey: readField(bytes, fields, 'prompt_cache_key'),
    keptIds: KEPT_ID_FIELDS.flatMap((name) => keptId(readField(bytes, fields, name)) ?? []),
    outline,
  };
}

/** A conversation is named by a text or by an object with an id. */
function keptId(value: unknown): string | null {
  const id = typeof value === 'string' ? value : textAt(objectAt({ value }, 'value'), 'id');
  return id === '' ? null : id;
}

function invalid(code: 'missing-model' | 'invalid-field', param: string, state: string): GatewayError {
  return new GatewayError(code, `Cannot route the request: field "${param}" ${state}`, { param });
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  // Asking for `body` makes a stream of it, at several times the cost: only where the length is not known.
  if (Number.isFinite(declared)) return new Uint8Array(await request.arrayBuffer());
  return request.body ? readChunked(request.body, maxBytes) : new Uint8Array();
}

async function readChunked(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return joinPieces(chunks, length);
}

function tooLarge(maxBytes: number): GatewayError {
  const limitMb = Math.round(maxBytes / 1024 / 1024);
  return new GatewayError('body-too-large', `Cannot read the request body: larger than ${limitMb} MB`);
}
