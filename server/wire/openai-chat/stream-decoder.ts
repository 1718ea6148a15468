// The chunks of a streamed chat completion into neutral events, whatever a compatible server makes of them.

import type { ChatEvent, StreamDecoder } from '../chat.ts';
import type { UpstreamError } from '../dialect.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { UsageTally } from '../usage.ts';
import { brokenStop, readError } from './errors.ts';
import { answerText, reasoningText } from './reasoning.ts';
import { stopOf } from './stop-reason.ts';
import { CallDeltas } from './stream-calls.ts';
import { usagesIn } from './stream-watch.ts';
import { readUsage } from './usage.ts';

type TextKind = 'text' | 'thinking' | 'refusal';

const CUT_OFF: UpstreamError = {
  type: 'server_error',
  message: 'The upstream ended the stream before the answer was complete',
  status: 502,
  retryAfterMs: null,
  isQuota: false,
};

/**
 * Owns one answer in the making. At most one text-like block is open at a time; calls stay open until the end, since
 * servers may send pieces of several in turn. `finish` waits for `[DONE]` or the end of the bytes, because usage comes
 * after the finish reason.
 */
export class ChatStreamDecoder implements StreamDecoder {
  readonly #tally = new UsageTally(readUsage);
  #events: ChatEvent[] = [];
  #id = '';
  #isStarted = false;
  #isOver = false;
  #blockCount = 0;
  #openText: { kind: TextKind; index: number } | null = null;
  readonly #calls = new CallDeltas({
    emit: (event) => this.#events.push(event),
    nextIndex: () => this.#nextIndex(),
    replyId: () => this.#id,
  });
  #hasRefusal = false;
  #finishReason: string | null = null;
  #matched: unknown = null;

  decode(event: ServerSentEvent): ChatEvent[] {
    if (this.#isOver) return [];
    if (event.data.trim() === '[DONE]') return this.#finished();
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return [];
    const error = readError(chunk, null);
    return error === null ? this.#chunk(chunk) : this.#failed(error);
  }

  end(): ChatEvent[] {
    if (this.#isOver) return [];
    return this.#finishReason === null ? this.#failed(CUT_OFF) : this.#finished();
  }

  #chunk(chunk: JsonObject): ChatEvent[] {
    for (const usage of usagesIn(chunk)) this.#tally.see(usage);
    this.#start(textAt(chunk, 'id') ?? '');
    for (const choice of listAt(chunk, 'choices')) {
      // One answer was asked for; a server that gives more is read for the first.
      if (isObject(choice) && (choice.index ?? 0) === 0) this.#choice(choice);
    }
    return this.#take();
  }

  #choice(choice: JsonObject): void {
    const delta = objectAt(choice, 'delta');
    this.#addText('thinking', reasoningText(delta));
    this.#addText('text', answerText(delta));
    this.#addText('refusal', textAt(delta, 'refusal') ?? '');
    for (const call of listAt(delta, 'tool_calls')) this.#addCall(call);
    if (isObject(delta.function_call)) this.#addCall({ index: 0, function: delta.function_call });
    this.#finishReason = textAt(choice, 'finish_reason') ?? this.#finishReason;
    this.#matched = choice.stop_reason ?? this.#matched;
  }

  #addText(kind: TextKind, text: string): void {
    if (text === '') return;
    if (this.#openText?.kind !== kind) {
      this.#endText();
      this.#openText = { kind, index: this.#nextIndex() };
      this.#events.push({ kind: 'block-start', index: this.#openText.index, block: { kind } });
      if (kind === 'refusal') this.#hasRefusal = true;
    }
    this.#events.push({ kind: 'text-delta', index: this.#openText.index, text });
  }

  #addCall(call: unknown): void {
    if (!isObject(call)) return;
    this.#endText();
    this.#calls.add(call);
  }

  #endText(): void {
    if (this.#openText === null) return;
    this.#events.push({ kind: 'block-end', index: this.#openText.index });
    this.#openText = null;
  }

  #start(id: string): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#id = id;
    this.#events.push({ kind: 'start', id, usage: this.#tally.usage });
  }

  #endBlocks(): void {
    this.#endText();
    this.#calls.end();
  }

  #finished(): ChatEvent[] {
    const broken = brokenStop(this.#finishReason);
    if (broken !== null) return this.#failed(broken);
    this.#isOver = true;
    this.#start('');
    this.#endBlocks();
    const kinds = { hasCalls: this.#calls.count > 0, hasRefusal: this.#hasRefusal };
    const stop = stopOf(this.#finishReason, kinds, this.#matched);
    const stopSequence = stop === 'stop-sequence' && typeof this.#matched === 'string' ? this.#matched : null;
    this.#events.push({ kind: 'finish', stop, stopSequence, usage: this.#tally.usage });
    return this.#take();
  }

  #failed(error: UpstreamError): ChatEvent[] {
    this.#isOver = true;
    this.#start('');
    this.#endBlocks();
    this.#events.push({ kind: 'error', error });
    return this.#take();
  }

  #nextIndex(): number {
    this.#blockCount += 1;
    return this.#blockCount - 1;
  }

  #take(): ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
