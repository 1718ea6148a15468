// The way out as the core sees it: one HTTP request to one upstream, its reply, and how either can fail. Never retries.

/** One HTTP request to an upstream. */
export interface UpstreamRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Absolute http(s) URL. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array<ArrayBuffer> | null;
  /** Aborts the request in any phase, and the reading of its reply. */
  signal: AbortSignal;
  /** True lets the address be loopback or private. */
  allowPrivateNetwork: boolean;
  /** Limit for name lookup, connection and TLS handshake together. */
  connectTimeoutMs: number;
}

/** Header fields of a reply by their names in lower case. `Headers` is one, but costs more to make. */
export interface ReplyHeaders extends Iterable<[string, string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** A reply whose head has arrived. Redirects are replies like any other: never followed. */
export interface UpstreamReply {
  status: number;
  headers: ReplyHeaders;
  /** Time spent on name lookup, connection and handshake; 0 = an open connection was at hand. */
  connectMs: number;
  body: UpstreamBody;
}

/** A reply's body, read by one reader. Whoever does not read to the end must cancel. */
export interface UpstreamBody {
  /** The next piece, never empty; null = the body has ended as its framing says. Throws UpstreamFault. */
  read(): Promise<Uint8Array | null>;
  /** All that is left. Throws UpstreamFault, `reply-too-large` beyond the limit. */
  bytes(maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of the connection; a read under way then ends with the fault `aborted`. */
  cancel(): void;
}

/** Sends one request and resolves when the reply's head is there. Throws UpstreamFault and nothing else. */
export type Upstream = (request: UpstreamRequest) => Promise<UpstreamReply>;

/**
 * What went wrong on the way. `blocked`: the outbound guard refused the address. `dns`, `connect`, `connect-timeout`
 * and `tls` happen before anything was sent; `reset` and `bad-framing` at any time after; `aborted`: the signal.
 */
export type UpstreamFaultKind =
  | 'blocked'
  | 'dns'
  | 'connect'
  | 'connect-timeout'
  | 'tls'
  | 'reset'
  | 'bad-framing'
  | 'reply-too-large'
  | 'aborted';

export class UpstreamFault extends Error {
  readonly kind: UpstreamFaultKind;
  /** The request had gone out, at least in part: the upstream may have worked on it and may bill it. */
  readonly isSent: boolean;

  /** `detail` is a code such as ECONNREFUSED or a few words of our own; never a URL, header or byte of the peer. */
  constructor(kind: UpstreamFaultKind, detail: string, options: { isSent: boolean; cause?: unknown }) {
    super(`Cannot reach the upstream: ${detail}`, { cause: options.cause });
    this.name = 'UpstreamFault';
    this.kind = kind;
    this.isSent = options.isSent;
  }
}
