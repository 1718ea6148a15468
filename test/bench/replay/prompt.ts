// Turns the blocks of a traced prompt into content blocks of real text with cache marks, as a coding agent sends them.

import type { PlannedRequest } from './slice.ts';
import type { Trace } from './trace.ts';

/** Traced blocks that are sent as one content block; equal keys are equal text. */
export interface ContentBlock {
  key: string;
  /** Negative: shared by several sessions. */
  owner: number;
  start: number;
  end: number;
  /** As sent. */
  tokens: number;
}

export interface Prompt {
  blocks: readonly ContentBlock[];
  /** What follows the last block and is never cached. */
  tailTokens: number;
}

type Prompted = Pick<PlannedRequest, 'request' | 'copy'>;

const BYTES_PER_TOKEN = 4;
/** A block's text begins with its name; less room and two blocks could look the same. */
const MIN_BLOCK_BYTES = 16;
/** The last message begins with the request's name. */
const MIN_TAIL_TOKENS = 3;
/** An Anthropic request has four cache marks; one goes to the end of the system prompt. */
const ROLLING_MARKS = 3;
const SENTENCE =
  'the parser returns a stale handle and every test that reads it twice fails on the second line so the cache key ' +
  'must name the file its size and the time of its last change before anything else is added to the list of inputs ';

/** How far tokens can be scaled down without blocks losing their names. */
export function maxScale(blockTokens: number): number {
  return Math.floor((blockTokens * BYTES_PER_TOKEN) / MIN_BLOCK_BYTES);
}

/**
 * Writes the prompts of one slice. Content blocks are cut wherever two prompts of the slice part, so that equal
 * prefixes are equal content blocks and each prompt adds only one to four.
 */
export class PromptWriter {
  readonly #trace: Trace;
  readonly #scale: number;
  /** Per copy and owner: where a content block ends, ascending. */
  readonly #cuts: ReadonlyMap<string, readonly number[]>;
  readonly #blocks = new Map<string, ContentBlock>();
  readonly #parts = new Map<string, string>();

  /** `scale`: trace tokens for one token that is sent. */
  constructor(trace: Trace, slice: readonly PlannedRequest[], scale: number) {
    if (scale > maxScale(trace.blockTokens)) {
      throw new Error(`Cannot scale tokens down by ${scale}: blocks have only ${trace.blockTokens} tokens`);
    }
    this.#trace = trace;
    this.#scale = scale;
    this.#cuts = cutsOf(slice);
  }

  prompt({ request, copy }: Prompted): Prompt {
    const blocks: ContentBlock[] = [];
    let start = 0;
    for (const run of request.runs) {
      const place = placeOf(copy, run.owner);
      for (const end of this.#cuts.get(place) ?? []) {
        if (end <= start || end > run.end) continue;
        blocks.push(this.#block(place, { owner: run.owner, start, end }));
        start = end;
      }
    }
    const { blockTokens, hasPartialBlocks } = this.#trace;
    const left = hasPartialBlocks ? 0 : request.inputTokens - request.blockCount * blockTokens;
    return { blocks, tailTokens: Math.max(MIN_TAIL_TOKENS, Math.round(left / this.#scale)) };
  }

  /** The body of a streamed Messages request. ASCII only. */
  body(planned: Prompted, { model, name }: { model: string; name: string }): string {
    const { blocks, tailTokens } = this.prompt(planned);
    const systemCount = systemBlocks(blocks);
    const marked = markedBlocks(blocks.length, systemCount);
    const parts = blocks.map((block, index) => this.#part(block, marked.has(index)));
    const messages = parts
      .slice(systemCount)
      .map((part, index) => `{"role":"${index % 2 === 0 ? 'user' : 'assistant'}","content":[${part}]}`);
    messages.push(`{"role":"user","content":"${`${name} `.padEnd(tailTokens * BYTES_PER_TOKEN, '.')}"}`);
    const system = parts.slice(0, systemCount).join();
    const maxTokens = Math.max(1, planned.request.outputTokens);
    const head = `"model":${JSON.stringify(model)},"max_tokens":${maxTokens},"stream":true`;
    return `{${head},"system":[${system}],"messages":[${messages.join()}]}`;
  }

  #part(block: ContentBlock, isMarked: boolean): string {
    const known = this.#parts.get(block.key) ?? `{"type":"text","text":"${textOf(block)}"`;
    this.#parts.set(block.key, known);
    return isMarked ? `${known},"cache_control":{"type":"ephemeral"}}` : `${known}}`;
  }

  #block(place: string, { owner, start, end }: { owner: number; start: number; end: number }): ContentBlock {
    const key = `${place}.${start}-${end}`;
    const known = this.#blocks.get(key);
    if (known) return known;
    const { blockTokens, hasPartialBlocks, requests } = this.#trace;
    const brought = requests[owner];
    const isLast = hasPartialBlocks && brought !== undefined && end === brought.blockCount;
    const missing = isLast ? Math.max(0, end * blockTokens - brought.inputTokens) : 0;
    const tokens = Math.round(((end - start) * blockTokens - missing) / this.#scale);
    const block = { key, owner, start, end, tokens: Math.max(MIN_BLOCK_BYTES / BYTES_PER_TOKEN, tokens) };
    this.#blocks.set(key, block);
    return block;
  }
}

function placeOf(copy: number, owner: number): string {
  return `${copy}.${owner}`;
}

/** Printable ASCII without quotes or backslashes, so that it stands in JSON as it is. */
function textOf({ key, tokens }: ContentBlock): string {
  const bytes = tokens * BYTES_PER_TOKEN;
  const name = key.slice(0, key.lastIndexOf('-'));
  return `${name} `.padEnd(bytes, SENTENCE).slice(0, bytes);
}

/** Two prompts with a common run part at the end of the shorter run, so the ends of runs are the places to cut. */
function cutsOf(slice: readonly PlannedRequest[]): Map<string, number[]> {
  const ends = new Map<string, Set<number>>();
  for (const { request, copy } of slice) {
    for (const { owner, end } of request.runs) {
      const place = placeOf(copy, owner);
      const known = ends.get(place) ?? new Set();
      ends.set(place, known.add(end));
    }
  }
  return new Map([...ends].map(([place, cuts]) => [place, [...cuts].toSorted((a, b) => a - b)]));
}

/** What several sessions share is their system prompt; elsewhere the first block stands for it. */
function systemBlocks(blocks: readonly ContentBlock[]): number {
  const shared = blocks.filter(({ owner }) => owner < 0).length;
  return Math.max(shared, Math.min(1, blocks.length));
}

/** The end of the system prompt and the last blocks, of which each turn adds a few. */
function markedBlocks(blockCount: number, systemCount: number): Set<number> {
  const marked = new Set<number>();
  if (systemCount > 0) marked.add(systemCount - 1);
  for (let index = Math.max(0, blockCount - ROLLING_MARKS); index < blockCount; index++) marked.add(index);
  return marked;
}
