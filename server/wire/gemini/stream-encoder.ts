// Neutral events into Gemini's streamed chunks: partial GenerateContentResponse objects, the last with the finish reason.

import type { ChatEvent, ReplyContext, Seal, StreamEncoder } from '../chat.ts';
import { errorBody } from '../error-body.ts';
import type { JsonObject } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../usage.ts';
import { candidateOf, encodeCall, showsThoughts } from './reply.ts';
import { encodeStop } from './stop.ts';
import { encodeUsage } from './usage.ts';

/** A block that has begun. Calls are gathered: Gemini gives them whole. */
type OpenBlock =
  | { kind: 'text' | 'thinking'; hasText: boolean }
  | { kind: 'call'; id: string; name: string; arguments: string; seal: Seal | null };

export class GeminiStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext;
  readonly #open = new Map<number, OpenBlock>();
  #id = '';
  #usage: Usage = NO_USAGE;
  #hasBrokenCall = false;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  encode(event: ChatEvent): ServerSentEvent[] {
    switch (event.kind) {
      case 'start':
        this.#id = event.id;
        this.#usage = event.usage;
        return [];
      case 'block-start':
        this.#open.set(event.index, openBlock(event.block));
        return [];
      case 'text-delta':
        return this.#text(event);
      case 'arguments-delta':
        return this.#arguments(event);
      case 'seal':
        return this.#seal(event);
      case 'block-end':
        return this.#end(event.index);
      case 'finish':
        return [this.#finish(event)];
      case 'error':
        return [this.#error(event)];
      default:
        return event satisfies never;
    }
  }

  #text({ index, text }: Extract<ChatEvent, { kind: 'text-delta' }>): ServerSentEvent[] {
    const block = this.#open.get(index);
    if (block === undefined || block.kind === 'call' || text === '') return [];
    if (block.kind === 'text') return [this.#chunk([{ text }])];
    if (!showsThoughts(this.#context)) return [];
    block.hasText = true;
    return [this.#chunk([{ text, thought: true }])];
  }

  #arguments({ index, json }: Extract<ChatEvent, { kind: 'arguments-delta' }>): ServerSentEvent[] {
    const block = this.#open.get(index);
    if (block?.kind === 'call') block.arguments += json;
    return [];
  }

  #seal({ index, seal }: Extract<ChatEvent, { kind: 'seal' }>): ServerSentEvent[] {
    const block = this.#open.get(index);
    if (block === undefined || seal.surface !== 'gemini') return [];
    if (block.kind === 'call') {
      block.seal = seal;
      return [];
    }
    return [
      this.#chunk([{ text: '', ...(block.hasText && { thought: true }), thoughtSignature: seal.value }]),
    ];
  }

  #end(index: number): ServerSentEvent[] {
    const block = this.#open.get(index);
    this.#open.delete(index);
    if (block?.kind !== 'call') return [];
    const part = encodeCall(block);
    if (part === null) this.#hasBrokenCall = true;
    return part === null ? [] : [this.#chunk([part])];
  }

  #finish({ stop, usage }: Extract<ChatEvent, { kind: 'finish' }>): ServerSentEvent {
    return this.#chunk([], {
      finishReason: encodeStop(stop, this.#hasBrokenCall),
      usageMetadata: encodeUsage(mergeUsage(this.#usage, usage)),
    });
  }

  #error({ error }: Extract<ChatEvent, { kind: 'error' }>): ServerSentEvent {
    const { type, message, status } = error;
    const body = errorBody('gemini', { status, code: type, message, param: null, requestId: '' });
    return { event: '', data: JSON.stringify(body) };
  }

  #chunk(
    parts: readonly JsonObject[],
    end: { finishReason: string; usageMetadata: JsonObject } | null = null,
  ): ServerSentEvent {
    const chunk = {
      candidates: [
        { ...candidateOf(parts), ...(end !== null && { finishReason: end.finishReason }), index: 0 },
      ],
      ...(end !== null && { usageMetadata: end.usageMetadata }),
      modelVersion: this.#context.model,
      responseId: this.#id,
    };
    return { event: '', data: JSON.stringify(chunk) };
  }
}

function openBlock(block: Extract<ChatEvent, { kind: 'block-start' }>['block']): OpenBlock {
  if (block.kind === 'tool-call')
    return { kind: 'call', id: block.id, name: block.name, arguments: '', seal: null };
  return { kind: block.kind === 'thinking' ? 'thinking' : 'text', hasText: false };
}
