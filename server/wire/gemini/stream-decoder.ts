// Gemini's streamed chunks into neutral events.

import type { ChatEvent, Seal, StreamDecoder } from '../chat.ts';
import type { UpstreamError } from '../dialect.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { UsageTally } from '../usage.ts';
import { readGeminiError } from './error.ts';
import { type ModelPart, readReplyPart, sealOf } from './part.ts';
import { replyCallId } from './reply.ts';
import { decodeStop } from './stop.ts';
import { geminiUsage } from './usage.ts';

const CUT_OFF: UpstreamError = {
  type: 'UNAVAILABLE',
  message: 'The stream ended before its finish reason',
  status: 502,
  retryAfterMs: null,
  isQuota: false,
};

/**
 * Chunks hold parts, not blocks: neighbouring texts of one kind are one block. The finish is told only when the bytes
 * have ended: older models state a finishReason in every chunk, and usage or more text may follow the first.
 */
export class GeminiStreamDecoder implements StreamDecoder {
  readonly #tally = new UsageTally(geminiUsage);
  readonly #callIds = new Set<string>();
  #events: ChatEvent[] = [];
  #id = '';
  #hasStarted = false;
  /** The text or thinking block that goes on; calls come whole and are never open. */
  #open: { index: number; kind: 'text' | 'thinking' } | null = null;
  #nextIndex = 0;
  #finishReason: string | null = null;
  #isOver = false;

  decode(event: ServerSentEvent): ChatEvent[] {
    const chunk = parseJson(event.data);
    if (this.#isOver) return [];
    const error = readGeminiError(chunk, null);
    if (error !== null) return this.#fail(error);
    if (!isObject(chunk)) return [];
    this.#chunk(chunk);
    return this.#take();
  }

  end(): ChatEvent[] {
    if (this.#isOver) return [];
    if (this.#finishReason === null) return this.#fail(CUT_OFF);
    this.#isOver = true;
    this.#close();
    const stop = decodeStop(this.#finishReason, this.#callIds.size > 0);
    this.#events.push({ kind: 'finish', stop, stopSequence: null, usage: this.#tally.usage });
    return this.#take();
  }

  #fail(error: UpstreamError): ChatEvent[] {
    this.#isOver = true;
    this.#startOnce('');
    this.#close();
    this.#events.push({ kind: 'error', error });
    return this.#take();
  }

  #take(): ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #chunk(chunk: JsonObject): void {
    this.#tally.see(chunk.usageMetadata);
    this.#startOnce(textAt(chunk, 'responseId') ?? '');
    const candidate = listAt(chunk, 'candidates')[0];
    for (const part of listAt(objectAt(candidate, 'content'), 'parts')) {
      const written = readReplyPart(part);
      if (written?.kind === 'text') this.#text(written);
      else if (written?.kind === 'call') this.#call(written);
    }
    const reason = textAt(chunk.promptFeedback, 'blockReason') ?? textAt(candidate, 'finishReason');
    if (reason !== null && reason !== 'FINISH_REASON_UNSPECIFIED') this.#finishReason = reason;
  }

  #startOnce(id: string): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#id = id;
    this.#events.push({ kind: 'start', id, usage: this.#tally.usage });
  }

  #text({ text, isThought, signature }: Extract<ModelPart, { kind: 'text' }>): void {
    const kind = isThought ? 'thinking' : 'text';
    if (text !== '') {
      if (this.#open?.kind !== kind) this.#start(kind);
      this.#events.push({ kind: 'text-delta', index: this.#open?.index ?? 0, text });
    }
    if (signature === null) return;
    // A thought's signature ends its block; that of a text becomes a block of its own.
    if (!isThought || this.#open?.kind !== 'thinking') this.#start('thinking');
    this.#seal(this.#open?.index ?? 0, sealOf(signature));
    this.#close();
  }

  #call(call: Extract<ModelPart, { kind: 'call' }>): void {
    const id = safeId(call.id ?? replyCallId(this.#id, this.#nextIndex));
    // Chunks may repeat a call they have given already; its id tells.
    if (this.#callIds.has(id)) return;
    this.#callIds.add(id);
    this.#close();
    const index = this.#nextIndex;
    this.#nextIndex += 1;
    this.#events.push({ kind: 'block-start', index, block: { kind: 'tool-call', id, name: call.name } });
    this.#events.push({ kind: 'arguments-delta', index, json: call.arguments });
    if (call.signature !== null) this.#seal(index, sealOf(call.signature));
    this.#events.push({ kind: 'block-end', index });
  }

  #start(kind: 'text' | 'thinking'): void {
    this.#close();
    this.#open = { index: this.#nextIndex, kind };
    this.#nextIndex += 1;
    this.#events.push({ kind: 'block-start', index: this.#open.index, block: { kind } });
  }

  #seal(index: number, seal: Seal): void {
    this.#events.push({ kind: 'seal', index, seal });
  }

  #close(): void {
    if (this.#open !== null) this.#events.push({ kind: 'block-end', index: this.#open.index });
    this.#open = null;
  }
}
