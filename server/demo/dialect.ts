// What a demo provider's API dialect is to the upstream: how it reads a request and writes its reply. Types only.

import type { DemoError } from './demo-error.ts';
import type { DemoModel } from './models.ts';
import type { CacheWrite, PromptCache } from './prompt-cache.ts';
import type { ReplyContent, ToolOffer } from './reply-content.ts';

/** What one request took from the prompt cache and what it adds. Tokens; reads, writes and the rest are disjoint. */
export interface CacheUse {
  totalTokens: number;
  readTokens: number;
  write5mTokens: number;
  write1hTokens: number;
  writes: readonly CacheWrite[];
}

/** A request that passed its provider's checks. */
export interface DemoRequest {
  model: DemoModel;
  isStreamed: boolean;
  /** Null = the caller set no limit. */
  maxTokens: number | null;
  /** Digest of the whole prompt: the reply is drawn from it. */
  digest: number;
  /** The tool that the caller asks for, if any. */
  tool: ToolOffer | null;
  /** OpenAI's `stream_options.include_usage`. */
  includesUsage: boolean;
  /** Looks the prompt up by the provider's rules and refreshes what it reads. */
  useCache(cache: PromptCache): CacheUse;
}

/** A reply as decided, before it is written in a dialect. */
export interface DemoReply {
  request: DemoRequest;
  content: ReplyContent;
  use: CacheUse;
  id: string;
  startedAtMs: number;
}

/** One piece of an event stream: due once `afterTokens` output tokens were generated. */
export interface Frame {
  text: string;
  afterTokens: number;
}

export interface ErrorReply {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

export interface Dialect {
  /** Appended to the base URL. */
  path: string;
  /** Where prompts are counted and nothing is generated; null = the dialect has no such operation. */
  countPath: string | null;
  requestIdHeader: string;
  requestIdPrefix: string;
  replyIdPrefix: string;
  /** Throws a DemoError in the order the real API checks. */
  readRequest(bodyText: string): DemoRequest;
  body(reply: DemoReply): unknown;
  frames(reply: DemoReply): Iterable<Frame>;
  /** A stream that has begun and then fails before anything was generated. */
  overloadedFrames(reply: DemoReply): Iterable<Frame>;
  error(error: DemoError, requestId: string): ErrorReply;
  /** Headers that tell the account's rate limit. */
  limitHeaders(window: RateWindow): Record<string, string>;
}

/** Requests of the current minute against the advertised limit. */
export interface RateWindow {
  limit: number;
  remaining: number;
  resetAtMs: number;
  resetInMs: number;
}
