// Neutral events into the chunks of a streamed chat completion, as the official SDKs put them together again.

import type { ChatEvent, ReplyContext, StartedBlock, StreamEncoder } from '../chat.ts';
import { declarationOf, freeformInput } from '../declared-tools.ts';
import type { UpstreamError } from '../dialect.ts';
import { errorBody } from '../error-body.ts';
import type { JsonObject } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { envelope } from './reply.ts';
import { finishReason } from './stop-reason.ts';
import { encodeUsage } from './usage.ts';

/** Where the text of a block goes in a delta. */
const TEXT_FIELD = { text: 'content', thinking: 'reasoning_content', refusal: 'refusal' } as const;

interface OpenCall {
  /** Its place among the answer's calls. */
  callIndex: number;
  hasArguments: boolean;
  /** The arguments so far of a freeform call: its input is one text inside them, known when they are whole. */
  kept: string | null;
}

/** Owns which block index stands for what. A text field is only ever appended to: blocks of one kind run together. */
export class ChatStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext;
  readonly #textFields = new Map<number, string>();
  readonly #calls = new Map<number, OpenCall>();
  #id = '';
  #hasRefusal = false;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  encode(event: ChatEvent): ServerSentEvent[] {
    switch (event.kind) {
      case 'start':
        this.#id = event.id;
        return [this.#delta({ role: 'assistant', content: '', refusal: null })];
      case 'block-start':
        return this.#startBlock(event.index, event.block);
      case 'text-delta':
        return this.#textDelta(event.index, event.text);
      case 'arguments-delta':
        return this.#argumentsDelta(event.index, event.json);
      case 'block-end':
        return this.#endBlock(event.index);
      case 'seal':
        return [];
      case 'finish':
        return this.#finish(event);
      case 'error':
        return [{ event: '', data: JSON.stringify(encodeError(event.error)) }];
      default:
        return event satisfies never;
    }
  }

  #startBlock(index: number, block: StartedBlock): ServerSentEvent[] {
    if (block.kind !== 'tool-call') {
      this.#textFields.set(index, TEXT_FIELD[block.kind]);
      if (block.kind === 'refusal') this.#hasRefusal = true;
      return [];
    }
    const { id, name } = block;
    const callIndex = this.#calls.size;
    const { isFreeform } = declarationOf(this.#context.request, name);
    this.#calls.set(index, { callIndex, hasArguments: false, kept: isFreeform ? '' : null });
    const empty = isFreeform
      ? { type: 'custom', custom: { name, input: '' } }
      : { type: 'function', function: { name, arguments: '' } };
    return [this.#callDelta({ index: callIndex, id, ...empty })];
  }

  #textDelta(index: number, text: string): ServerSentEvent[] {
    const field = this.#textFields.get(index);
    return field === undefined || text === '' ? [] : [this.#delta({ [field]: text })];
  }

  #argumentsDelta(index: number, json: string): ServerSentEvent[] {
    const call = this.#calls.get(index);
    if (!call || json === '') return [];
    call.hasArguments = true;
    if (call.kept !== null) {
      call.kept += json;
      return [];
    }
    return [this.#callDelta({ index: call.callIndex, function: { arguments: json } })];
  }

  /** Clients parse the arguments, so a call without any gets an empty object. */
  #endBlock(index: number): ServerSentEvent[] {
    const call = this.#calls.get(index);
    if (!call) return [];
    if (call.kept !== null)
      return [this.#callDelta({ index: call.callIndex, custom: { input: freeformInput(call.kept) } })];
    return call.hasArguments ? [] : this.#argumentsDelta(index, '{}');
  }

  #finish({ stop, usage }: ChatEvent & { kind: 'finish' }): ServerSentEvent[] {
    const kinds = { hasCalls: this.#calls.size > 0, hasRefusal: this.#hasRefusal };
    const events = [this.#delta({}, finishReason(stop, kinds))];
    const counts = this.#context.request.wantsStreamUsage ? encodeUsage(usage) : null;
    if (counts !== null) events.push(this.#chunk({ choices: [], usage: counts }));
    return [...events, { event: '', data: '[DONE]' }];
  }

  #callDelta(call: JsonObject): ServerSentEvent {
    return this.#delta({ tool_calls: [call] });
  }

  #delta(delta: JsonObject, finish: string | null = null): ServerSentEvent {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    return this.#chunk({ choices, ...(this.#context.request.wantsStreamUsage ? { usage: null } : {}) });
  }

  #chunk(fields: JsonObject): ServerSentEvent {
    const chunk = { ...envelope(this.#id, 'chat.completion.chunk', this.#context), ...fields };
    return { event: '', data: JSON.stringify(chunk) };
  }
}

function encodeError({ status, type, message }: UpstreamError): unknown {
  return errorBody('openai-chat', { status, code: type, message, param: null, requestId: '' });
}
