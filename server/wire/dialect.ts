// What the straight path must know of a surface: where to send, what a reply says of usage, errors and its own end. Types.

import type { ServerSentEvent } from './sse.ts';
import type { Surface, UpstreamCall } from './surface.ts';
import type { UsageReading, UsageTally } from './usage.ts';

/** An error as an upstream states it, whether in a reply body or in a stream. */
export interface UpstreamError {
  /** The provider's own word: `overloaded_error`, `insufficient_quota`, `RESOURCE_EXHAUSTED` … */
  type: string;
  message: string;
  /** The HTTP status this error stands for; when it came inside a 200 stream, what it would have been. */
  status: number;
  /** The wait it states in its body (Gemini's RetryInfo), in milliseconds; null = none. */
  retryAfterMs: number | null;
  /** It says that a budget or a daily quota is spent: waiting a little does not help. */
  isQuota: boolean;
}

/** Follows one streamed reply. Feed it every event in order; it never throws on malformed ones. */
export interface StreamWatch {
  see(event: ServerSentEvent): void;
  readonly tally: UsageTally;
  /** Something of the answer itself has arrived: the reply can no longer be tried elsewhere. */
  readonly hasGenerated: boolean;
  /** The protocol's own end was seen; a stream that ends without it was cut off. */
  readonly isComplete: boolean;
  readonly error: UpstreamError | null;
  /** Values in the reply that only the account that made it understands: response ids, signatures, encrypted reasoning. */
  readonly pins: readonly string[];
  /** Events whose data should have been JSON and were not. */
  readonly parseErrors: number;
}

/** What a whole reply says beside its bytes. */
export interface ReplyFacts {
  /** The provider's own usage object; undefined = none in it. */
  usage: unknown;
  pins: readonly string[];
}

export interface Dialect {
  surface: Surface;
  /** Path and query to append to an endpoint's base URL, beginning with the version (`/v1/…`, `/v1beta/…`). */
  upstreamPath(call: UpstreamCall): string;
  credentialHeaders(credential: string): Record<string, string>;
  /** Headers the provider insists on, for clients that leave them out. */
  defaultHeaders: Readonly<Record<string, string>>;
  /** Normalises the provider's usage object. */
  readUsage(raw: unknown): UsageReading;
  /** Reads a whole, successful JSON reply (of any operation of this surface). */
  readReply(reply: unknown): ReplyFacts;
  /**
   * The error in a JSON reply, or null when it has none that is recognised. `status` is the reply's own; null when that
   * one was no error status: the error then says itself what it stands for.
   */
  readError(reply: unknown, status: number | null): UpstreamError | null;
  watchStream(): StreamWatch;
  /**
   * Field names whose text values in a request pin it to the account that made them, such as `signature`. Found by a
   * search over the bytes, so no name may be one that clients use for other things with values of their own making.
   */
  pinFields: readonly string[];
}
