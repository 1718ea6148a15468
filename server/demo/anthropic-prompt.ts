// Reads an Anthropic Messages prompt as a chain of content blocks with their cache marks. Pure.

import { isObject, type JsonObject } from '../wire/json.ts';
import { DemoError } from './demo-error.ts';
import { jsonObjects } from './json.ts';
import { PrefixHash, tokensOfBytes } from './prefix-hash.ts';

const FIVE_MINUTES_MS = 5 * 60_000;
const ONE_HOUR_MS = 60 * 60_000;
const MAX_BREAKPOINTS = 4;

/** One content block; `key` and `endTokens` cover the whole prefix up to and including it. */
export interface PromptBlock {
  key: number;
  endTokens: number;
  /** Set where the caller put a `cache_control` mark. */
  breakpointTtlMs: number | null;
}

/** A block with its place in the request, as error messages name it. */
interface PlacedBlock {
  path: string;
  role: string;
  block: JsonObject;
}

/** The prompt's blocks in cache order: tools, system, messages. Throws on marks that the API refuses. */
export function readPromptBlocks(body: JsonObject, upstreamModel: string): PromptBlock[] {
  const placed = [...toolBlocks(body), ...systemBlocks(body), ...messageBlocks(body)];
  const marks = placed.map(({ path, block }) => readMark(block, path));
  applyAutomaticMark(body, marks);
  checkMarks(placed, marks);
  return chainBlocks(placed, { marks, upstreamModel, settings: messageSettings(body) });
}

function toolBlocks(body: JsonObject): PlacedBlock[] {
  return jsonObjects(body.tools).map((block, index) => ({ path: `tools.${index}`, role: 'tools', block }));
}

function systemBlocks(body: JsonObject): PlacedBlock[] {
  return contentBlocks(body.system).map((block, index) => ({
    path: `system.${index}`,
    role: 'system',
    block,
  }));
}

function messageBlocks(body: JsonObject): PlacedBlock[] {
  return jsonObjects(body.messages).flatMap((message, turn) =>
    contentBlocks(message.content).map((block, index) => ({
      path: `messages.${turn}.content.${index}`,
      role: String(message.role),
      block,
    })),
  );
}

/** A bare string is the same prompt as one text block. */
function contentBlocks(content: unknown): JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return jsonObjects(content);
}

function readMark(block: JsonObject, path: string): number | null {
  const own = markTtlMs(block.cache_control, path);
  if (own !== null || block.type !== 'tool_result') return own;
  const inner = jsonObjects(block.content).map((part) => markTtlMs(part.cache_control, path));
  return inner.findLast((ttlMs) => ttlMs !== null) ?? null;
}

function markTtlMs(mark: unknown, path: string): number | null {
  if (mark === undefined || mark === null) return null;
  if (!isObject(mark) || mark.type !== 'ephemeral') {
    throw new DemoError('invalid-request', `${path}.cache_control.type: Input should be 'ephemeral'`);
  }
  const ttl = mark.ttl ?? '5m';
  if (ttl === '5m') return FIVE_MINUTES_MS;
  if (ttl === '1h') return ONE_HOUR_MS;
  throw new DemoError('invalid-request', `${path}.cache_control.ephemeral.ttl: Input should be '5m' or '1h'`);
}

/** A top-level `cache_control` marks the last block and takes one of the four places. */
function applyAutomaticMark(body: JsonObject, marks: (number | null)[]): void {
  const ttlMs = markTtlMs(body.cache_control, 'body');
  if (ttlMs !== null && marks.length > 0) marks[marks.length - 1] ??= ttlMs;
}

function checkMarks(placed: readonly PlacedBlock[], marks: readonly (number | null)[]): void {
  const count = marks.filter((ttlMs) => ttlMs !== null).length;
  if (count > MAX_BREAKPOINTS) {
    throw new DemoError(
      'invalid-request',
      `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${count}.`,
    );
  }
  const firstShort = marks.indexOf(FIVE_MINUTES_MS);
  const lateLong = marks.findIndex((ttlMs, index) => ttlMs === ONE_HOUR_MS && index > firstShort);
  if (firstShort === -1 || lateLong === -1) return;
  throw new DemoError(
    'invalid-request',
    `${placed[lateLong]?.path}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. ` +
      'Note that blocks are processed in the following order: `tools`, `system`, `messages`.',
  );
}

/** Changing these leaves tools and system cached, but no message. */
function messageSettings(body: JsonObject): string {
  const choice = body.tool_choice;
  const isDefault = isObject(choice) && choice.type === 'auto';
  return JSON.stringify([isDefault ? null : (choice ?? null), body.thinking ?? null]);
}

function chainBlocks(
  placed: readonly PlacedBlock[],
  {
    marks,
    upstreamModel,
    settings,
  }: { marks: readonly (number | null)[]; upstreamModel: string; settings: string },
): PromptBlock[] {
  const hash = new PrefixHash();
  hash.add(upstreamModel);
  let endTokens = 0;
  let hasMessages = false;
  return placed.map(({ path, role, block }, index) => {
    if (!hasMessages && path.startsWith('messages.')) {
      hasMessages = true;
      hash.add(settings);
    }
    endTokens += addBlock(hash, role, block);
    return { key: hash.digest(), endTokens, breakpointTtlMs: marks[index] ?? null };
  });
}

/** Adds a block without its cache marks, which move from turn to turn, and returns its tokens. */
function addBlock(hash: PrefixHash, role: string, block: JsonObject): number {
  const { cache_control: _mark, ...content } = block;
  const { type, text, ...more } = content;
  if (type === 'text' && typeof text === 'string' && Object.keys(more).length === 0) {
    hash.add(`\0${role}\0text\0`);
    return tokensOfBytes(hash.add(text));
  }
  hash.add(`\0${role}\0json\0`);
  return tokensOfBytes(hash.add(JSON.stringify(withoutInnerMarks(content))));
}

function withoutInnerMarks(block: JsonObject): JsonObject {
  const parts = block.content;
  if (block.type !== 'tool_result' || !Array.isArray(parts)) return block;
  return {
    ...block,
    content: parts.map((part: unknown) => {
      if (!isObject(part)) return part;
      const { cache_control: _mark, ...content } = part;
      return content;
    }),
  };
}
