// The events of a streamed response into neutral ones.
//
// A text may be told three times: in deltas, in the `done` of its part, in the `done` of its item; and once more in the
// whole response at the end. Each telling gives only what goes beyond the length already passed on, so that servers
// that leave some of them out, or say all of them, give the same blocks.

import type { ChatEvent, StartedBlock, StreamDecoder } from '../chat.ts';
import { freeformArguments } from '../declared-tools.ts';
import type { UpstreamError } from '../dialect.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { readErrorEvent, readFailure } from './errors.ts';
import { eventType } from './event-type.ts';
import { callIdOf, sealOf, stopReason } from './reply.ts';
import { type ItemKind, kindOf, type StreamItem, StreamItems } from './stream-items.ts';
import { readUsage } from './usage.ts';

const CUT_OFF: UpstreamError = {
  type: 'server_error',
  message: 'The stream ended before the response did',
  status: 502,
  retryAfterMs: null,
  isQuota: false,
};

export class ResponsesStreamDecoder implements StreamDecoder {
  /** What each event means; others say nothing that is passed on. */
  readonly #readers: ReadonlyMap<string, (event: JsonObject) => void> = new Map([
    ['response.created', (event) => this.#start(event.response)],
    ['response.in_progress', (event) => this.#start(event.response)],
    ['response.queued', (event) => this.#start(event.response)],
    ['response.output_item.added', (event) => this.#added(event)],
    ['response.output_item.done', (event) => this.#done(event)],
    ['response.content_part.added', (event) => this.#contentPart(event, false)],
    ['response.content_part.done', (event) => this.#contentPart(event, true)],
    [
      'response.output_text.delta',
      (event) => this.#text(event, { kind: 'text', delta: textAt(event, 'delta') }),
    ],
    [
      'response.output_text.done',
      (event) => this.#text(event, { kind: 'text', whole: textAt(event, 'text') }),
    ],
    [
      'response.refusal.delta',
      (event) => this.#text(event, { kind: 'refusal', delta: textAt(event, 'delta') }),
    ],
    [
      'response.refusal.done',
      (event) => this.#text(event, { kind: 'refusal', whole: textAt(event, 'refusal') }),
    ],
    [
      'response.reasoning_summary_text.delta',
      (event) => this.#thought(event, { source: 'summary', delta: textAt(event, 'delta') }),
    ],
    [
      'response.reasoning_summary_text.done',
      (event) => this.#thought(event, { source: 'summary', whole: textAt(event, 'text') }),
    ],
    [
      'response.reasoning_text.delta',
      (event) => this.#thought(event, { source: 'content', delta: textAt(event, 'delta') }),
    ],
    [
      'response.reasoning_text.done',
      (event) => this.#thought(event, { source: 'content', whole: textAt(event, 'text') }),
    ],
    [
      'response.function_call_arguments.delta',
      (event) => this.#call(event, { delta: textAt(event, 'delta') }),
    ],
    [
      'response.function_call_arguments.done',
      (event) => this.#call(event, { whole: textAt(event, 'arguments') }),
    ],
    ['response.completed', (event) => this.#finish(objectAt(event, 'response'))],
    ['response.incomplete', (event) => this.#finish(objectAt(event, 'response'))],
    ['response.failed', (event) => this.#fail(readFailure(event.response))],
    ['error', (event) => this.#fail(readErrorEvent(event))],
  ]);
  readonly #items = new StreamItems();
  #hasStarted = false;
  #hasEnded = false;
  #hasCall = false;
  #hasRefusal = false;
  #blockCount = 0;
  #events: ChatEvent[] = [];

  decode(event: ServerSentEvent): ChatEvent[] {
    if (this.#hasEnded) return [];
    const type = eventType(event);
    const fields = type === '' ? undefined : parseJson(event.data);
    if (isObject(fields)) this.#readers.get(type)?.(fields);
    return this.#flush();
  }

  end(): ChatEvent[] {
    if (!this.#hasEnded) this.#fail(CUT_OFF);
    return this.#flush();
  }

  #flush(): ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #start(response: unknown): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const { usage } = readUsage(objectAt(response, 'usage'));
    this.#events.push({ kind: 'start', id: textAt(response, 'id') ?? '', usage });
  }

  #startBlock(block: StartedBlock): number {
    this.#start(undefined);
    const index = this.#blockCount;
    this.#blockCount += 1;
    this.#events.push({ kind: 'block-start', index, block });
    return index;
  }

  #added(event: JsonObject): void {
    this.#start(undefined);
    const wire = event.item;
    const kind = kindOf(wire);
    if (kind === null) return;
    const { item, replaced } = this.#items.open(kind, { wire, index: event.output_index });
    if (replaced) this.#close(replaced);
    if (kind === 'call') this.#startCall(item, wire);
  }

  #itemOf(event: JsonObject, kind: ItemKind): StreamItem {
    const where = { id: textAt(event, 'item_id'), index: event.output_index };
    const found = this.#items.find(kind, where) ?? this.#items.newest(kind);
    return found ?? this.#items.open(kind, { wire: { id: where.id }, index: where.index }).item;
  }

  #text(event: JsonObject, telling: PartTelling): void {
    this.#part(this.#itemOf(event, 'message'), event, telling);
  }

  #thought(event: JsonObject, { source, ...telling }: Telling & { source: ReasoningPart['source'] }): void {
    const index = source === 'summary' ? event.summary_index : event.content_index;
    const part = { source, key: `${source}:${String(index ?? 0)}` };
    this.#reasoning(this.#itemOf(event, 'reasoning'), part, telling);
  }

  #call(event: JsonObject, telling: Telling): void {
    this.#arguments(this.#itemOf(event, 'call'), telling);
  }

  #contentPart(event: JsonObject, isDone: boolean): void {
    const part = objectAt(event, 'part');
    if (part.type !== 'output_text' && part.type !== 'refusal') return;
    const item = this.#itemOf(event, 'message');
    this.#wholePart(item, event, part);
    if (isDone) this.#endPart(item, String(event.content_index ?? 0));
  }

  #wholePart(item: StreamItem, place: JsonObject, part: unknown): void {
    const refusal = textAt(part, 'refusal');
    if (refusal !== null) this.#part(item, place, { kind: 'refusal', whole: refusal });
    else this.#part(item, place, { kind: 'text', whole: textAt(part, 'text') });
  }

  #part(item: StreamItem, place: JsonObject, { kind, ...telling }: PartTelling): void {
    const key = String(place.content_index ?? 0);
    if (item.isClosed || item.endedParts.has(key)) return;
    const block = item.blocks.get(key) ?? this.#startBlock({ kind });
    item.blocks.set(key, block);
    if (kind === 'refusal') this.#hasRefusal = true;
    const text = news(item, { key, telling });
    if (text !== '') this.#events.push({ kind: 'text-delta', index: block, text });
  }

  #endPart(item: StreamItem, key: string): void {
    const block = item.blocks.get(key);
    if (block === undefined || item.endedParts.has(key)) return;
    item.endedParts.add(key);
    this.#events.push({ kind: 'block-end', index: block });
  }

  /** The parts of a summary are paragraphs of one text. Where a summary and the reasoning itself come, the first stays. */
  #reasoning(item: StreamItem, { source, key }: ReasoningPart, telling: Telling): void {
    if (item.isClosed || (item.source !== null && item.source !== source)) return;
    const isNewPart = (item.lengths.get(key) ?? 0) === 0;
    const text = news(item, { key, telling });
    if (text === '') return;
    item.source = source;
    const known = item.blocks.get('');
    const block = known ?? this.#startBlock({ kind: 'thinking' });
    item.blocks.set('', block);
    const separator = known !== undefined && isNewPart ? '\n\n' : '';
    this.#events.push({ kind: 'text-delta', index: block, text: separator + text });
  }

  /** A call begins when its name is known; what came of its arguments until then is held back. */
  #startCall(item: StreamItem, wire: unknown): void {
    const name = textAt(wire, 'name');
    if (name === null || item.blocks.has('')) return;
    const id = callIdOf(wire, item.index);
    this.#hasCall = true;
    item.blocks.set('', this.#startBlock({ kind: 'tool-call', id, name }));
    // Some servers give the arguments whole with the item and then again in deltas: used only if nothing follows.
    item.fallback = argumentsOf(wire);
    this.#sendArguments(item);
  }

  #arguments(item: StreamItem, telling: Telling): void {
    if (item.isClosed) return;
    item.held += news(item, { key: '', telling });
    this.#sendArguments(item);
  }

  #sendArguments(item: StreamItem): void {
    const block = item.blocks.get('');
    if (block === undefined || item.held === '') return;
    this.#events.push({ kind: 'arguments-delta', index: block, json: item.held });
    item.held = '';
  }

  #done(event: JsonObject): void {
    this.#start(undefined);
    const wire = event.item;
    const kind = kindOf(wire);
    if (kind === null) return;
    const where = { id: textAt(wire, 'id') ?? textAt(event, 'item_id'), index: event.output_index };
    const known = this.#items.find(kind, where);
    this.#complete(known ?? this.#items.open(kind, { wire, index: event.output_index }).item, wire);
  }

  /** Takes an item as it is in the end, and ends it. */
  #complete(item: StreamItem, wire: unknown): void {
    if (item.isClosed) return;
    switch (item.kind) {
      case 'message':
        for (const [index, part] of listAt(wire, 'content').entries()) {
          this.#wholePart(item, { content_index: index }, part);
        }
        break;
      case 'reasoning':
        this.#completeReasoning(item, wire);
        break;
      default:
        this.#startCall(item, wire);
        this.#arguments(item, { whole: argumentsOf(wire) });
    }
    this.#close(item);
  }

  #completeReasoning(item: StreamItem, wire: unknown): void {
    for (const source of ['summary', 'content'] as const) {
      for (const [index, part] of listAt(wire, source).entries()) {
        this.#reasoning(item, { source, key: `${source}:${index}` }, { whole: textAt(part, 'text') });
      }
    }
    const seal = sealOf(wire);
    if (seal === null) return;
    const block = item.blocks.get('') ?? this.#startBlock({ kind: 'thinking' });
    item.blocks.set('', block);
    this.#events.push({ kind: 'seal', index: block, seal });
  }

  #close(item: StreamItem): void {
    if (item.isClosed) return;
    if (item.kind === 'call') this.#arguments(item, { whole: item.lengths.get('') ? null : item.fallback });
    item.isClosed = true;
    for (const key of item.blocks.keys()) this.#endPart(item, key);
  }

  #finish(response: JsonObject): void {
    this.#start(response);
    for (const [index, wire] of listAt(response, 'output').entries()) this.#last(wire, index);
    for (const item of this.#items.all) this.#close(item);
    const stop = stopReason(response, { hasCall: this.#hasCall, hasRefusal: this.#hasRefusal });
    const { usage } = readUsage(response.usage);
    this.#events.push({ kind: 'finish', stop, stopSequence: null, usage });
    this.#hasEnded = true;
  }

  /** Some servers tell items only here. */
  #last(wire: unknown, index: number): void {
    const kind = kindOf(wire);
    if (kind === null) return;
    const known = this.#items.match(kind, { id: textAt(wire, 'id'), callId: textAt(wire, 'call_id'), index });
    if (known) known.isMatched = true;
    const item = known ?? this.#items.open(kind, { wire, index: null }).item;
    item.isMatched = true;
    this.#complete(item, wire);
  }

  #fail(error: UpstreamError): void {
    this.#start(undefined);
    this.#events.push({ kind: 'error', error });
    this.#hasEnded = true;
  }
}

/** More of a text, or all of it. */
type Telling = { delta?: string | null; whole?: string | null };

type PartTelling = Telling & { kind: 'text' | 'refusal' };

interface ReasoningPart {
  source: 'summary' | 'content';
  key: string;
}

/** What this telling of a text adds to the ones before. */
function news(item: StreamItem, { key, telling }: { key: string; telling: Telling }): string {
  const length = item.lengths.get(key) ?? 0;
  const text = telling.delta ?? telling.whole?.slice(length) ?? '';
  item.lengths.set(key, length + text.length);
  return text;
}

function argumentsOf(wire: unknown): string | null {
  const input = textAt(wire, 'input');
  return input === null ? textAt(wire, 'arguments') : freeformArguments(input);
}
