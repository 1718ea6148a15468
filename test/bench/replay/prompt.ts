// Turns the blocks of a traced prompt into content blocks of real text with cache marks, as a coding agent sends them.

import type { PlannedRequest } from './slice.ts';
import type { Trace, TraceRequest } from './trace.ts';

/** Traced blocks that are sent as one content block; equal keys are equal text. */
export interface ContentBlock {
  key: string;
  owner: number;
  start: number;
  end: number;
  /** As the demo upstream counts it. */
  tokens: number;
}

export interface Prompt {
  blocks: readonly ContentBlock[];
  /** What follows the last block and is never cached. */
  tailTokens: number;
}

const BYTES_PER_TOKEN = 4;
/** A block's text begins with its name; less room and two blocks could look the same. */
const MIN_BLOCK_BYTES = 16;
/** An Anthropic request has four cache marks; one goes to the end of the system prompt. */
const ROLLING_MARKS = 3;
const FILLER =
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
  /** Per owner: where a content block ends, ascending. */
  readonly #cuts: ReadonlyMap<number, readonly number[]>;
  readonly #texts = new Map<string, string>();

  /** `scale`: trace tokens for one token that is sent. */
  constructor(trace: Trace, slice: readonly PlannedRequest[], scale: number) {
    if (scale > maxScale(trace.blockTokens)) {
      throw new Error(`Cannot scale tokens down by ${scale}: blocks have only ${trace.blockTokens} tokens`);
    }
    this.#trace = trace;
    this.#scale = scale;
    this.#cuts = cutsOf(slice);
  }

  prompt({ runs, inputTokens, blockCount }: TraceRequest): Prompt {
    const blocks: ContentBlock[] = [];
    let start = 0;
    for (const run of runs) {
      for (const end of this.#cuts.get(run.owner) ?? []) {
        if (end <= start || end > run.end) continue;
        blocks.push(this.#block(run.owner, start, end));
        start = end;
      }
    }
    const { blockTokens, hasPartialBlocks } = this.#trace;
    const left = hasPartialBlocks ? 0 : inputTokens - blockCount * blockTokens;
    return { blocks, tailTokens: this.#scaled(left) };
  }

  /** The body of a streamed Messages request. */
  body(request: TraceRequest, { model, maxTokens }: { model: string; maxTokens: number }): string {
    const { blocks, tailTokens } = this.prompt(request);
    const systemCount = systemBlocks(blocks);
    const marked = markedBlocks(blocks.length, systemCount);
    const parts = blocks.map((block, index) => this.#part(block, marked.has(index)));
    const messages = parts
      .slice(systemCount)
      .map((part, index) => `{"role":"${index % 2 === 0 ? 'user' : 'assistant'}","content":[${part}]}`);
    messages.push(`{"role":"user","content":"${'.'.repeat(tailTokens * BYTES_PER_TOKEN)}"}`);
    const system = parts.slice(0, systemCount).join();
    const head = `"model":${JSON.stringify(model)},"max_tokens":${maxTokens},"stream":true`;
    return `{${head},"system":[${system}],"messages":[${messages.join()}]}`;
  }

  #part(block: ContentBlock, isMarked: boolean): string {
    const mark = isMarked ? ',"cache_control":{"type":"ephemeral"}' : '';
    return `{"type":"text","text":"${this.#text(block)}"${mark}}`;
  }

  #block(owner: number, start: number, end: number): ContentBlock {
    const { blockTokens, hasPartialBlocks, requests } = this.#trace;
    const brought = requests[owner];
    const isLast = hasPartialBlocks && brought !== undefined && end === brought.blockCount;
    const missing = isLast ? Math.max(0, end * blockTokens - brought.inputTokens) : 0;
    const tokens = this.#scaled((end - start) * blockTokens - missing);
    return { key: `${owner}:${start}-${end}`, owner, start, end, tokens };
  }

  #scaled(tokens: number): number {
    return Math.max(1, Math.round(tokens / this.#scale));
  }

  #text({ key, owner, start, end, tokens }: ContentBlock): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const bytes = Math.floor((this.#trace.blockTokens / this.#scale) * BYTES_PER_TOKEN);
    let text = '';
    for (let index = start; index < end; index++) text += filler(`${owner}.${index} `, index, bytes);
    const wanted = tokens * BYTES_PER_TOKEN;
    text = text.slice(0, wanted).padEnd(wanted, FILLER);
    this.#texts.set(key, text);
    return text;
  }
}

/** Printable ASCII without quotes or backslashes, so that it stands in JSON as it is. */
function filler(name: string, index: number, bytes: number): string {
  const at = (index * 37) % FILLER.length;
  return (name + FILLER.slice(at)).padEnd(bytes, FILLER).slice(0, bytes);
}

/** Two prompts with a common run part at the end of the shorter run, so the ends of runs are the places to cut. */
function cutsOf(slice: readonly PlannedRequest[]): Map<number, number[]> {
  const ends = new Map<number, Set<number>>();
  for (const { request } of slice) {
    for (const { owner, end } of request.runs) {
      const known = ends.get(owner) ?? new Set();
      ends.set(owner, known.add(end));
    }
  }
  return new Map([...ends].map(([owner, cuts]) => [owner, [...cuts].toSorted((a, b) => a - b)]));
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
