// What a mock account reads from the body of an Anthropic Messages request. Pure.

import { jsonObjects, parseJsonObject } from '../../../server/demo/json.ts';
import { PrefixHash, tokensOfBytes } from '../../../server/demo/prefix-hash.ts';
import { isObject } from '../../../server/wire/json.ts';
import type { ChainBlock } from './mock-cache.ts';

export interface MockPrompt {
  /** The blocks up to the last cache mark. */
  chain: readonly ChainBlock[];
  totalTokens: number;
  maxTokens: number;
  /** The request's name in the replay: how its last message begins. */
  name: string;
}

/** Null when it is not such a request. */
export function readMockPrompt(bodyText: string): MockPrompt | null {
  const body = parseJsonObject(bodyText);
  if (!body || !Array.isArray(body.messages)) return null;
  const hash = new PrefixHash();
  hash.add(String(body.model));
  const chain: ChainBlock[] = [];
  let bytes = 0;
  let markedCount = 0;
  let last = '';
  for (const { text, isMarked } of blocksOf(body)) {
    bytes += hash.add(text);
    // Two blocks are not the same as one with both texts.
    hash.add('\n');
    chain.push({ key: hash.digest(), endTokens: tokensOfBytes(bytes) });
    if (isMarked) markedCount = chain.length;
    last = text;
  }
  return {
    chain: chain.slice(0, markedCount),
    totalTokens: tokensOfBytes(bytes),
    maxTokens: Number(body.max_tokens) || 1,
    name: last.split(' ', 1)[0] ?? '',
  };
}

interface Block {
  text: string;
  isMarked: boolean;
}

/** In the order of the prompt: tools, system, messages. */
function* blocksOf(body: Readonly<Record<string, unknown>>): Iterable<Block> {
  for (const tool of jsonObjects(body.tools)) yield blockOf(tool, JSON.stringify(tool));
  yield* contentBlocks(body.system);
  for (const message of jsonObjects(body.messages)) yield* contentBlocks(message.content);
}

function* contentBlocks(content: unknown): Iterable<Block> {
  if (typeof content === 'string') yield { text: content, isMarked: false };
  for (const block of jsonObjects(content)) {
    yield blockOf(block, typeof block.text === 'string' ? block.text : JSON.stringify(block));
  }
}

function blockOf(block: Readonly<Record<string, unknown>>, text: string): Block {
  return { text, isMarked: isObject(block.cache_control) };
}
