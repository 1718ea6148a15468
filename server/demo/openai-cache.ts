// OpenAI's automatic prompt cache: every block boundary of a long enough prompt is cached. Pure but for the cache.

import type { JsonObject } from '../wire/json.ts';
import type { CacheUse } from './dialect.ts';
import { jsonObjects } from './json.ts';
import { PrefixHash, tokensOfBytes } from './prefix-hash.ts';
import type { PromptCache } from './prompt-cache.ts';

/** Cached tokens are reported in steps of this many. */
const STEP_TOKENS = 128;
/** Unused prefixes go after five to ten minutes; which, depends on the prompt, so that a replay sees both. */
const MIN_IDLE_MS = 5 * 60_000;
const MAX_IDLE_MS = 10 * 60_000;

/** A place where a block ends; `key` and `endTokens` cover the whole prefix. */
export interface ChainLink {
  key: number;
  endTokens: number;
}

/** The prompt in cache order: tools, then the messages' content blocks. */
export function readPromptChain(body: JsonObject, upstreamModel: string): ChainLink[] {
  const hash = new PrefixHash();
  hash.add(upstreamModel);
  let endTokens = 0;
  return [...toolParts(body), ...jsonObjects(body.messages).flatMap(messageParts)].map((part) => {
    hash.add(`\0${part.label}\0`);
    endTokens += tokensOfBytes(hash.add(part.content));
    return { key: hash.digest(), endTokens };
  });
}

/** One block as it is hashed; the label keeps roles and kinds of content apart. */
interface PromptPart {
  label: string;
  content: string;
}

function toolParts(body: JsonObject): PromptPart[] {
  return jsonObjects(body.tools).map((tool) => ({ label: 'tools', content: JSON.stringify(tool) }));
}

function messageParts({ role, content, ...rest }: JsonObject): PromptPart[] {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : jsonObjects(content);
  const blocks = parts.map((part) => contentPart(String(role), part));
  // Tool calls and the like stand beside the content.
  const beside =
    Object.keys(rest).length > 0 ? [{ label: `${role} rest`, content: JSON.stringify(rest) }] : [];
  return [...beside, ...blocks];
}

function contentPart(role: string, part: JsonObject): PromptPart {
  if (part.type === 'text' && typeof part.text === 'string') {
    return { label: `${role} text`, content: part.text };
  }
  return { label: `${role} json`, content: JSON.stringify(part) };
}

export function useOpenAiCache(
  chain: readonly ChainLink[],
  { cache, minCacheTokens }: { cache: PromptCache; minCacheTokens: number },
): CacheUse {
  const readIndex = chain.findLastIndex(({ key }) => cache.isReadable(key));
  for (const { key } of chain.slice(0, readIndex + 1)) cache.refresh(key);

  const matchedTokens = chain[readIndex]?.endTokens ?? 0;
  const ttlMs = idleLifetimeMs(chain[0]?.key ?? 0);
  const unread = chain.slice(readIndex + 1).filter(({ endTokens }) => endTokens >= minCacheTokens);
  return {
    totalTokens: chain.at(-1)?.endTokens ?? 0,
    readTokens: matchedTokens - (matchedTokens % STEP_TOKENS),
    write5mTokens: 0,
    write1hTokens: 0,
    writes: unread.map(({ key }) => ({ key, ttlMs })),
  };
}

/** The same for every prefix of one conversation, so that a conversation is forgotten as a whole. */
function idleLifetimeMs(rootKey: number): number {
  return MIN_IDLE_MS + (rootKey % (MAX_IDLE_MS - MIN_IDLE_MS));
}
