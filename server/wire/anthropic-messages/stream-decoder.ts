// Anthropic's stream events into neutral ones. Never throws; what cannot be read is left out.

import type { ChatEvent, Seal, StartedBlock, StopReason, StreamDecoder } from '../chat.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { brokenStream, readErrorEvent } from './errors.ts';
import { REDACTED } from './seal.ts';
import { decodeStop, refusalText } from './stop-reason.ts';
import { StreamUsage } from './usage.ts';

/** A block that has begun: its neutral number, and what is only said when it ends. */
interface OpenBlock {
  index: number;
  kind: StartedBlock['kind'];
  /** Signatures come in one delta just before the end; a later one replaces an earlier. */
  signature: string;
  /** Some compatible servers give the whole input at the start and no deltas. */
  input: string | null;
}

/** How far the reply has come: each state allows what its events may say, and only forward. */
type Progress = 'waiting' | 'started' | 'done';

export class AnthropicStreamDecoder implements StreamDecoder {
  readonly #usage = new StreamUsage();
  /** Open blocks by the upstream's number. Blocks of unknown kinds are not in here: their deltas find nothing. */
  readonly #open = new Map<unknown, OpenBlock>();
  #progress: Progress = 'waiting';
  #count = 0;
  #stop: { reason: StopReason; sequence: string | null } | null = null;

  decode(event: ServerSentEvent): ChatEvent[] {
    if (this.#progress === 'done') return [];
    const data = parseJson(event.data);
    if (!isObject(data)) return event.event === 'error' ? this.#fail(data) : [];
    const type = textAt(data, 'type') ?? event.event;
    switch (type) {
      case 'message_start':
        return this.#start(objectAt(data, 'message'));
      case 'content_block_start':
        return [...this.#ensureStart(), ...this.#blockStart(data)];
      case 'content_block_delta':
        return [...this.#ensureStart(), ...this.#delta(data)];
      case 'content_block_stop':
        return this.#blockEnd(data.index);
      case 'message_delta':
        return [...this.#ensureStart(), ...this.#messageDelta(data)];
      case 'message_stop':
        return [...this.#ensureStart(), ...this.#finish()];
      case 'error':
        return this.#fail(data);
      default:
        return [];
    }
  }

  /** A stream that has told its stop reason is whole in all but the last event; any other was cut off. */
  end(): ChatEvent[] {
    if (this.#progress === 'done') return [];
    if (this.#stop !== null) return this.#finish();
    this.#progress = 'done';
    return [
      { kind: 'error', error: brokenStream('the upstream ended the stream before the reply was complete') },
    ];
  }

  #start(message: JsonObject): ChatEvent[] {
    if (this.#progress !== 'waiting') return [];
    this.#progress = 'started';
    this.#usage.see(message.usage);
    return [{ kind: 'start', id: textAt(message, 'id') ?? '', usage: this.#usage.tally.usage }];
  }

  #ensureStart(): ChatEvent[] {
    return this.#start({});
  }

  #blockStart({ index, content_block: block }: JsonObject): ChatEvent[] {
    // A number used again without an end in between is a new block.
    const ended = this.#blockEnd(index);
    const open = (started: StartedBlock): { opened: OpenBlock; event: ChatEvent } => {
      const opened: OpenBlock = { index: this.#count, kind: started.kind, signature: '', input: null };
      this.#count += 1;
      this.#open.set(index, opened);
      return { opened, event: { kind: 'block-start', index: opened.index, block: started } };
    };
    switch (textAt(block, 'type')) {
      case 'text': {
        const { opened, event } = open({ kind: 'text' });
        return [...ended, event, ...textDelta(opened, textAt(block, 'text'))];
      }
      case 'thinking': {
        const { opened, event } = open({ kind: 'thinking' });
        opened.signature = textAt(block, 'signature') ?? '';
        return [...ended, event, ...textDelta(opened, textAt(block, 'thinking'))];
      }
      case 'redacted_thinking': {
        const { opened, event } = open({ kind: 'thinking' });
        const seal = sealOf(textAt(block, 'data') ?? '', REDACTED);
        return [...ended, event, { kind: 'seal', index: opened.index, seal }];
      }
      case 'tool_use': {
        const id = safeId(textAt(block, 'id') ?? `call_0_${this.#count}`);
        const { opened, event } = open({ kind: 'tool-call', id, name: textAt(block, 'name') ?? '' });
        const input = objectAt(block, 'input');
        opened.input = Object.keys(input).length === 0 ? null : JSON.stringify(input);
        return [...ended, event];
      }
      default:
        return ended;
    }
  }

  #delta({ index, delta }: JsonObject): ChatEvent[] {
    const open = this.#open.get(index);
    if (!open) return [];
    switch (textAt(delta, 'type')) {
      case 'text_delta':
        return open.kind === 'text' ? textDelta(open, textAt(delta, 'text')) : [];
      case 'thinking_delta':
        return open.kind === 'thinking' ? textDelta(open, textAt(delta, 'thinking')) : [];
      case 'signature_delta':
        open.signature = textAt(delta, 'signature') ?? '';
        return [];
      case 'input_json_delta': {
        const json = textAt(delta, 'partial_json') ?? '';
        if (open.kind !== 'tool-call' || json === '') return [];
        open.input = null;
        return [{ kind: 'arguments-delta', index: open.index, json }];
      }
      default:
        return [];
    }
  }

  #blockEnd(number: unknown): ChatEvent[] {
    const open = this.#open.get(number);
    if (!open) return [];
    this.#open.delete(number);
    const { index } = open;
    const isSealed = open.kind === 'thinking' && open.signature !== '';
    return [
      ...(open.input === null ? [] : [{ kind: 'arguments-delta', index, json: open.input } as const]),
      ...(isSealed ? [{ kind: 'seal', index, seal: sealOf(open.signature, null) } as const] : []),
      { kind: 'block-end', index },
    ];
  }

  #messageDelta(data: JsonObject): ChatEvent[] {
    this.#usage.see(data.usage);
    const delta = objectAt(data, 'delta');
    const reason = textAt(delta, 'stop_reason');
    if (reason !== null)
      this.#stop = { reason: decodeStop(reason), sequence: textAt(delta, 'stop_sequence') };
    const explanation = refusalText(delta);
    if (explanation === null) return [];
    const index = this.#count;
    this.#count += 1;
    return [
      { kind: 'block-start', index, block: { kind: 'refusal' } },
      { kind: 'text-delta', index, text: explanation },
      { kind: 'block-end', index },
    ];
  }

  #finish(): ChatEvent[] {
    const ended = [...this.#open.keys()].flatMap((number) => this.#blockEnd(number));
    this.#progress = 'done';
    const { reason, sequence } = this.#stop ?? { reason: 'end', sequence: null };
    return [
      ...ended,
      { kind: 'finish', stop: reason, stopSequence: sequence, usage: this.#usage.tally.usage },
    ];
  }

  #fail(data: unknown): ChatEvent[] {
    this.#progress = 'done';
    return [{ kind: 'error', error: readErrorEvent(data) }];
  }
}

function textDelta({ index }: OpenBlock, text: string | null): ChatEvent[] {
  return text === null || text === '' ? [] : [{ kind: 'text-delta', index, text }];
}

function sealOf(value: string, id: string | null): Seal {
  return { surface: 'anthropic-messages', value, id };
}
