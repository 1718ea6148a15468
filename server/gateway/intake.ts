// The way in: who calls, is there room, and the body. Nothing is sent anywhere yet.

import type { Admission } from './admission.ts';
import { type RequestBody, readBody } from './body.ts';
import { BodyCopy, type BodyStore } from './body-copy.ts';
import type { Catalog } from './catalog.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Caller } from './identity.ts';
import { expectTokens, refuseAddress } from './key-access.ts';
import type { Clock } from './ports.ts';
import type { Stop } from './stop.ts';

interface IntakeParts {
  authenticate(headers: Headers, catalog: Catalog): Caller;
  admission: Admission;
  bodies: BodyStore | null;
  clock: Clock;
}

export function identify(exchange: Exchange, { authenticate }: IntakeParts): void {
  const { row, catalog } = exchange;
  exchange.caller = authenticate(callerHeaders(exchange), catalog);
  if (exchange.caller.kind !== 'api-key') return;
  const { apiKey } = exchange.caller;
  row.apiKeyId = apiKey.id;
  row.apiKeyName = apiKey.name;
  row.userId = apiKey.userId;
  refuseAddress(exchange);
}

const HEADER_TEXT = /^[\x21-\x7e]+$/;

/** Gemini's clients send their key under a name of its own, or in the query. */
function callerHeaders({ request, surface }: Exchange): Headers {
  const { headers, url } = request;
  if (headers.has('authorization') || headers.has('x-api-key')) return headers;
  const inQuery = surface === 'gemini' && url.includes('key=') ? new URL(url).searchParams.get('key') : null;
  const key = headers.get('x-goog-api-key') ?? inQuery;
  // What no header can carry is no key; the runtime's complaint about it would quote it.
  return key !== null && HEADER_TEXT.test(key) ? new Headers({ 'x-api-key': key }) : headers;
}

/** Waits for a place in the gateway; it is given back when the exchange is settled. */
export async function admit(exchange: Exchange, { admission, clock }: IntakeParts): Promise<void> {
  const { request, stop, releases, catalog } = exchange;
  watchClient(exchange);
  const { limits, timeouts } = catalog.settings;
  const entered = admission.enter({
    maxInFlight: limits.maxInFlight,
    queueMs: timeouts.queueSeconds * 1000,
    stop,
  });
  if (typeof entered === 'function') {
    releases.push(entered);
    return;
  }
  releases.push(await entered);
  exchange.row.queueMs = Math.round(clock.monotonicMs() - exchange.startedMs);
  if (request.signal.aborted) throw new GatewayError('client-gone', 'The client hung up while waiting');
}

/** The request's own signal means "client gone" only until the reply has begun: Deno fires it after success too. */
function watchClient({ request, stop }: Exchange): void {
  const { signal } = request;
  signal.addEventListener('abort', () => stop.end(), { once: true });
  if (signal.aborted) stop.end();
}

/** The body, with the memory it takes accounted for until its reply has begun. */
export async function readAdmittedBody(exchange: Exchange, parts: IntakeParts): Promise<RequestBody> {
  const { request, operation, catalog, row } = exchange;
  const { maxBodyMb, maxBufferedMb } = catalog.settings.limits;
  const { bodyLog } = catalog.settings;
  const inPath = 'inPath' in operation ? operation.inPath : null;
  const hasPrompt = operation.kind === 'generate' || operation.kind === 'count-tokens';
  const maxBytes = maxBodyMb * 1024 * 1024;
  const declared = Number(request.headers.get('content-length') ?? 0) || 0;
  if (declared <= maxBytes) reserve(exchange, declared, { maxBufferedMb, admission: parts.admission });
  const body = await unlessStopped(
    readBody(request, { inPath, maxBytes, surface: exchange.surface, hasPrompt }),
    exchange.stop,
  );
  exchange.onBodyRead();
  // What was not declared: a body sent in chunks, or what a compressed one grew to.
  reserve(exchange, Math.max(0, body.bytes.length - declared), { maxBufferedMb, admission: parts.admission });
  row.requestedModel = body.model.slice(0, 300);
  row.isStreamed = operation.kind === 'generate' && body.isStreamed;
  expectTokens(exchange, body.bytes.length);
  if (bodyLog.enabled && parts.bodies) {
    exchange.copy = new BodyCopy(bodyLog.maxKb * 1024);
    exchange.copy.sawRequest(body.bytes);
    exchange.copy.sawHeaders(request.headers);
  }
  return body;
}

/** Nobody waits for the rest of a body once its client has gone or the gateway stops. */
function unlessStopped<Result>(work: Promise<Result>, stop: Stop): Promise<Result> {
  return new Promise((resolve, reject) => {
    stop.listen(() => reject(new GatewayError('client-gone', 'The client hung up while sending')));
    work.then(resolve, reject);
  });
}

function reserve(
  { bodyReleases }: Exchange,
  bytes: number,
  { admission, maxBufferedMb }: { admission: Admission; maxBufferedMb: number },
): void {
  if (bytes === 0) return;
  const release = admission.tryReserve(bytes, maxBufferedMb * 1024 * 1024);
  if (!release) {
    throw new GatewayError('gateway-full', 'Cannot take the request: too many bytes are held already', {
      retryAfterMs: 1_000,
    });
  }
  bodyReleases.push(release);
}
