// Neutral events into Anthropic's stream events.
//
// Anthropic's blocks follow each other: clients take the last block begun for the one that deltas belong to. Neutral
// blocks may overlap, so only the oldest block that is still open goes through at once; what is said of later ones is
// kept until their turn comes. Invariant: `#native` blocks have been begun, all but the current one are ended.

import type { ChatEvent, ReplyContext, StartedBlock, StreamEncoder } from '../chat.ts';
import { safeId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import type { Usage } from '../usage.ts';
import { encodeError } from './errors.ts';
import { messageHead } from './reply.ts';
import { REDACTED } from './seal.ts';
import { encodeStop } from './stop-reason.ts';
import { encodeUsage } from './usage.ts';

type BlockEvent = Exclude<ChatEvent, { kind: 'start' | 'finish' | 'error' }>;

/** A block whose turn has not come, or has not ended. */
interface WaitingBlock {
  started: StartedBlock;
  /** Said and not yet passed on. */
  kept: BlockEvent[];
  /** `content_block_start` has gone out: for thinking only when it is known whether it is redacted. */
  isBegun: boolean;
}

export class AnthropicStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext;
  /** By neutral number, oldest first. */
  readonly #blocks = new Map<number, WaitingBlock>();
  #native = 0;
  #isStarted = false;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  encode(event: ChatEvent): ServerSentEvent[] {
    switch (event.kind) {
      case 'start':
        return this.#start(event.id, event.usage);
      case 'finish':
        return [
          ...this.#endAll(),
          sse({
            type: 'message_delta',
            delta: encodeStop(event.stop, event.stopSequence),
            usage: encodeUsage(event.usage),
          }),
          sse({ type: 'message_stop' }),
        ];
      case 'error':
        return [sse(encodeError(event.error))];
      default:
        return this.#take(event);
    }
  }

  #start(id: string, usage: Usage): ServerSentEvent[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    const message = {
      ...messageHead(id, this.#context),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: encodeUsage(usage),
    };
    return [sse({ type: 'message_start', message })];
  }

  #take(event: BlockEvent): ServerSentEvent[] {
    if (event.kind === 'block-start') {
      this.#blocks.set(event.index, { started: event.block, kept: [], isBegun: false });
    }
    this.#blocks.get(event.index)?.kept.push(event);
    return this.#drain();
  }

  /** Passes on what the oldest block has to say and, when it has ended, goes on with the next. */
  #drain(): ServerSentEvent[] {
    const out: ServerSentEvent[] = [];
    for (const [index, block] of this.#blocks) {
      for (const event of block.kept.splice(0)) out.push(...this.#pass(block, event));
      if (this.#blocks.has(index)) return out;
    }
    return out;
  }

  #pass(block: WaitingBlock, event: BlockEvent): ServerSentEvent[] {
    switch (event.kind) {
      case 'block-start':
        return block.started.kind === 'thinking' ? [] : this.#begin(block, contentBlock(block.started));
      case 'text-delta':
        return event.text === ''
          ? []
          : [...this.#beginThinking(block), this.#delta(deltaOf(block, event.text))];
      case 'arguments-delta':
        return event.json === ''
          ? []
          : [
              ...this.#begin(block, null),
              this.#delta({ type: 'input_json_delta', partial_json: event.json }),
            ];
      case 'seal':
        return this.#seal(block, event);
      case 'block-end':
        this.#blocks.delete(event.index);
        return this.#end(block);
      default:
        return event satisfies never;
    }
  }

  /** A signature that another dialect made means nothing here; thinking then ends with the empty one. */
  #seal(block: WaitingBlock, { seal }: BlockEvent & { kind: 'seal' }): ServerSentEvent[] {
    if (block.started.kind !== 'thinking' || seal.surface !== 'anthropic-messages') return [];
    if (seal.id === REDACTED && !block.isBegun) {
      return this.#begin(block, { type: 'redacted_thinking', data: seal.value });
    }
    return [...this.#beginThinking(block), this.#delta({ type: 'signature_delta', signature: seal.value })];
  }

  #beginThinking(block: WaitingBlock): ServerSentEvent[] {
    return this.#begin(block, contentBlock(block.started));
  }

  #begin(block: WaitingBlock, content: JsonObject | null): ServerSentEvent[] {
    if (block.isBegun) return [];
    block.isBegun = true;
    return [
      sse({
        type: 'content_block_start',
        index: this.#native,
        content_block: content ?? contentBlock(block.started),
      }),
    ];
  }

  /** Thinking of which nothing was said has not begun, and need not. */
  #end(block: WaitingBlock): ServerSentEvent[] {
    if (!block.isBegun) return [];
    this.#native += 1;
    return [sse({ type: 'content_block_stop', index: this.#native - 1 })];
  }

  #delta(delta: JsonObject): ServerSentEvent {
    return sse({ type: 'content_block_delta', index: this.#native, delta });
  }

  /** Every block has ended by now; should one not have, clients must still see its end. */
  #endAll(): ServerSentEvent[] {
    const out: ServerSentEvent[] = [];
    // Ending one may let the next ones out, which then are in the map no more.
    for (const index of this.#blocks.keys()) out.push(...this.#take({ kind: 'block-end', index }));
    return out;
  }
}

function contentBlock(started: StartedBlock): JsonObject {
  switch (started.kind) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool-call':
      return { type: 'tool_use', id: safeId(started.id), name: started.name, input: {} };
    default:
      return started satisfies never;
  }
}

function deltaOf(block: WaitingBlock, text: string): JsonObject {
  return block.started.kind === 'thinking'
    ? { type: 'thinking_delta', thinking: text }
    : { type: 'text_delta', text };
}

function sse(data: { readonly type: string; readonly [field: string]: unknown }): ServerSentEvent {
  return { event: data.type, data: JSON.stringify(data) };
}
