// What of a request a provider's prompt cache sees, as a chain of cumulative hashes in the cache's own order. Types.

import type { Span } from './scan.ts';

export type PromptPart = 'tools' | 'system' | 'message';

/** A place in the prompt up to which two prompts can be the same. */
export interface PromptCut {
  /** Hash (a safe integer, 53 bits) of all content up to here, in the order tools, system, messages. */
  hash: number;
  /** Content bytes up to here that become tokens; media count as the bytes of text that would cost as many tokens. */
  bytes: number;
  part: PromptPart;
  /** Which tool, system block or message, from 0. */
  index: number;
  /** Which content block of the whole prompt, from 0: what a provider's lookback counts. */
  block: number;
  /** False = inside a long block. */
  isBlockEnd: boolean;
  /** Lifetime that the client's cache mark on this block asks for; null = no mark here. */
  mark: '5m' | '1h' | null;
}

/** A client's cache mark (`"cache_control": {…}`) as it stands in the bytes. */
export interface CacheMark {
  /** The mark's value. */
  span: Span;
  /** As stated; null = the mark leaves it to the provider (5 min). */
  ttl: '5m' | '1h' | null;
}

/** A block that a cache mark could be put on. */
export interface MarkPlace {
  part: PromptPart;
  index: number;
  /** The block's value: an object, or the text that stands for the only block of a system prompt or message. */
  span: Span;
  isText: boolean;
}

export interface PromptOutline {
  /** In order; at most `MAX_CUTS`. The last one is the end of the prompt. */
  cuts: readonly PromptCut[];
  /** Content bytes of the whole prompt, counted as in `PromptCut.bytes`. */
  bytes: number;
  blockCount: number;
  /** Anthropic's automatic caching is asked for: a top-level `cache_control`, which stands for a mark on the last block. */
  hasAutomaticMark: boolean;
  /**
   * Digest of the fields beside the prompt on which the cache of all of it depends (output format, reasoning effort and
   * the like). Fields that only the messages' cache depends on (Anthropic: tool_choice, thinking) go into the hashes.
   */
  flags: number;
  marks: readonly CacheMark[];
  /** The ends of tools, of system and of the last message, where there are any, for marks to be put on. */
  places: readonly MarkPlace[];
}

/**
 * Cuts kept of one prompt. Beyond it cuts are thinned out by their hash, so that a longer prompt keeps no others of a
 * shorter one's range than that kept itself; cuts inside blocks and between tools are thinned out four times as much. The
 * ends of parts, the last 8 marked blocks and the last 32 block ends are always kept.
 */
export const MAX_CUTS = 256;
