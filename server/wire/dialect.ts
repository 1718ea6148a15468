// What the straight path must know of a served surface: where to send, what a reply says of usage and errors. Types.

import type { ServerSentEvent } from './sse.ts';
import type { Surface } from './surface.ts';
import type { Usage } from './usage.ts';

/** An error as an upstream states it, whether in a reply body or in a stream. */
export interface UpstreamError {
  /** The provider's own word: `overloaded_error`, `insufficient_quota` … */
  type: string;
  message: string;
  /** The HTTP status this error stands for when it came inside a 200 stream. */
  status: number;
}

/** Follows one streamed reply. Feed it every event in order; it never throws on malformed ones. */
export interface StreamWatch {
  see(event: ServerSentEvent): void;
  readonly usage: Usage;
  /** Something of the answer itself has arrived: the reply can no longer be tried elsewhere. */
  readonly hasGenerated: boolean;
  /** The protocol's own end was seen; a stream that ends without it was cut off. */
  readonly isComplete: boolean;
  readonly error: UpstreamError | null;
}

export interface Dialect {
  surface: Surface;
  /** Appended to an endpoint's base URL. */
  upstreamPath: string;
  credentialHeaders(credential: string): Record<string, string>;
  /** Headers the provider insists on, for clients that leave them out. */
  defaultHeaders: Readonly<Record<string, string>>;
  /** Usage of a whole JSON reply. */
  readUsage(reply: unknown): Usage;
  /** The error in a JSON reply, or null when it has none that is recognised. */
  readError(reply: unknown, status: number): UpstreamError | null;
  watchStream(): StreamWatch;
}
