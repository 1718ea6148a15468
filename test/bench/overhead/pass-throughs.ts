// Two pass-throughs to compare with: the least that a good gateway does, and what an obvious one does. Bun only.

export type PassThrough = 'lean' | 'pump';

const BLOCK_BYTES = 4_096;
const MODEL_KEY = Buffer.from('"model":"');
const USAGE_KEY = Buffer.from('"usage"');
const FORWARDED = ['content-type', 'x-api-key', 'authorization', 'anthropic-version'];

/** Without its types: the program declares only what it uses of Bun. */
const BUN: object = Bun;
const serve: (options: {
  hostname: string;
  port: number;
  idleTimeout: number;
  maxRequestBodySize: number;
  fetch(request: Request): Promise<Response>;
}) => { port: number } = Reflect.get(BUN, 'serve');
const xxHash3: (bytes: Uint8Array, seed: bigint) => bigint = Reflect.get(Reflect.get(BUN, 'hash'), 'xxHash3');

/** What was found out about the requests: kept, so that no compiler may leave the work away. */
const seen = { model: '', prefix: 0n, usages: 0 };

export function startPassThrough(kind: PassThrough, upstreamOrigin: string): { port: number } {
  return serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: 64 * 1024 * 1024,
    fetch: (request) => (kind === 'lean' ? lean(request, upstreamOrigin) : pump(request, upstreamOrigin)),
  });
}

/** Scans for the model, hashes the prefix in blocks, watches bytes for the usage; only streams are returned as streams. */
async function lean(request: Request, upstreamOrigin: string): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer());
  const modelFrom = body.indexOf(MODEL_KEY) + MODEL_KEY.length;
  seen.model = body.toString('latin1', modelFrom, body.indexOf('"', modelFrom));
  for (let from = 0; from < body.length; from += BLOCK_BYTES) {
    seen.prefix = xxHash3(body.subarray(from, from + BLOCK_BYTES), seen.prefix);
  }
  const reply = await forward(request, upstreamOrigin, body);
  const headers = { 'content-type': reply.headers.get('content-type') ?? '' };
  if (headers['content-type'].startsWith('text/event-stream') && reply.body) {
    return new Response(watched(reply.body), { status: reply.status, headers });
  }
  const bytes = Buffer.from(await reply.arrayBuffer());
  watch(bytes);
  return new Response(bytes, { status: reply.status, headers });
}

/** Parses the body, and passes every answer on through a stream that is watched. */
async function pump(request: Request, upstreamOrigin: string): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer());
  const parsed: unknown = JSON.parse(body.toString());
  if (typeof parsed === 'object' && parsed && 'model' in parsed) seen.model = String(parsed.model);
  const reply = await forward(request, upstreamOrigin, body);
  const headers = { 'content-type': reply.headers.get('content-type') ?? '' };
  return new Response(reply.body && watched(reply.body), { status: reply.status, headers });
}

function forward(request: Request, upstreamOrigin: string, body: Buffer<ArrayBuffer>): Promise<Response> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const path = request.url.slice(request.url.indexOf('/', 'http://'.length));
  return fetch(upstreamOrigin + path, { method: 'POST', headers, body, signal: request.signal });
}

function watched(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      watch(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function watch(bytes: Buffer): void {
  if (bytes.includes(USAGE_KEY)) seen.usages += 1;
}
