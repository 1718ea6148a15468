// The way out over a `fetch`: for the demo's pretend upstream and for tests. What fails is told by the error alone.

import {
  type Upstream,
  type UpstreamBody,
  UpstreamFault,
  type UpstreamFaultKind,
  type UpstreamReply,
  type UpstreamRequest,
} from '../gateway/upstream.ts';
import { readAll } from './pieces.ts';

export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

export function upstreamOfFetch(fetch: FetchLike): Upstream {
  return async (request) => {
    try {
      return replyOf(await fetch(request.url, initOf(request)), request.signal);
    } catch (error) {
      throw faultOf(error, request.signal);
    }
  };
}

function initOf({ method, headers, body, signal }: UpstreamRequest): RequestInit {
  return { method, headers: { ...headers, 'accept-encoding': 'identity' }, body, signal, redirect: 'manual' };
}

function replyOf(response: Response, signal: AbortSignal): UpstreamReply {
  const headers = new Headers(response.headers);
  // fetch has taken the coding off already.
  if (headers.has('content-encoding')) headers.delete('content-length');
  headers.delete('content-encoding');
  return { status: response.status, headers, connectMs: 0, body: new FetchedBody(response, signal) };
}

class FetchedBody implements UpstreamBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null;
  readonly #signal: AbortSignal;
  #isCancelled = false;

  constructor(response: Response, signal: AbortSignal) {
    this.#reader = response.body?.getReader() ?? null;
    this.#signal = signal;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      for (;;) {
        const next = await this.#reader?.read();
        if (this.#isCancelled) throw new UpstreamFault('aborted', 'the reader has gone', { isSent: true });
        if (!next || next.done) return null;
        if (next.value.length > 0) return next.value;
      }
    } catch (error) {
      throw faultOf(error, this.#signal);
    }
  }

  bytes(maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return readAll(this, maxBytes);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#reader?.cancel().catch(() => undefined);
  }
}

function faultOf(error: unknown, signal: AbortSignal): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  if (signal.aborted)
    return new UpstreamFault('aborted', 'the request was given up', { isSent: true, cause: error });
  const { kind, code } = classifyError(error);
  return new UpstreamFault(kind, code, { isSent: !BEFORE_SENDING.has(kind), cause: error });
}

const BEFORE_SENDING: ReadonlySet<UpstreamFaultKind> = new Set([
  'blocked',
  'dns',
  'connect',
  'connect-timeout',
  'tls',
]);

/**
 * Bun has a code on the error, Node on its cause, Deno only a text there; what no row knows broke the connection.
 * The table test shows what each runtime says.
 */
export function classifyError(error: unknown): { kind: UpstreamFaultKind; code: string } {
  const said = saidBy(error);
  const row = ROWS.find(({ pattern }) => said.some((text) => pattern.test(text)));
  return {
    kind: row?.kind ?? 'reset',
    code: said.find((text) => /^[A-Z][A-Z0-9_]+$/.test(text)) ?? row?.kind ?? 'reset',
  };
}

const ROWS: readonly { pattern: RegExp; kind: UpstreamFaultKind }[] = [
  { pattern: /^(AbortError|TimeoutError)$/, kind: 'aborted' },
  { pattern: /^(ENOTFOUND|EAI_[A-Z]+)$|\bdns error\b/, kind: 'dns' },
  {
    pattern: /^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$|tcp connect error: .*timed out/i,
    kind: 'connect-timeout',
  },
  {
    pattern:
      /CERT|^(EPROTO|SELF_SIGNED|UNABLE_TO_VERIFY_LEAF_SIGNATURE|ERR_SSL_[A-Z_]+|ERR_TLS_[A-Z_]+)|peer certificate|client error \(Connect\): received/,
    kind: 'tls',
  },
  {
    pattern:
      /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$|client error \(Connect\)|^bad port$|ports? \d+ (is|are) blocked/,
    kind: 'connect',
  },
  {
    pattern: /^HTTPParserError$|^InvalidHTTPResponse|^InvalidContentLength|parsed$|^UND_ERR_RES_/,
    kind: 'bad-framing',
  },
];

/** Names, codes and texts of the error and of what caused it. */
function saidBy(error: unknown): string[] {
  const said: string[] = [];
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < 4; depth++) {
    if ('code' in at && typeof at.code === 'string') said.push(at.code);
    said.push(at.name, at.message);
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return said;
}
