// Neutral events into the events of a streamed response.
//
// Every text, refusal, thinking and call block is opened, filled and closed by its own events; neighbouring texts and
// refusals are parts of one message item. Items are numbered in the order in which they start. Each event is written
// out when it is made, so items may go on changing afterwards.

import type { ChatEvent, ReplyContext, Seal, StartedBlock, StreamEncoder } from '../chat.ts';
import type { UpstreamError } from '../dialect.ts';
import type { ServerSentEvent } from '../sse.ts';
import { NO_USAGE, type Usage } from '../usage.ts';
import { encodeError } from './errors.ts';
import {
  type CallItem,
  callItem,
  endCall,
  endOf,
  type MessageItem,
  messageItem,
  type OutputItem,
  outputPart,
  type ReasoningItem,
  type ResponseState,
  reasoningItem,
  responseObject,
  sealReasoning,
} from './response-object.ts';

/** A message that may still get parts; it ends when another item has started and none of its parts is open. */
interface OpenMessage {
  kind: 'message';
  item: MessageItem;
  outputIndex: number;
  openParts: number;
  isLast: boolean;
}

/** A block that has started and not ended. `text` is all of it so far. */
type OpenBlock = { text: string } & (
  | { kind: 'text' | 'refusal'; message: OpenMessage; contentIndex: number }
  | { kind: 'thinking'; item: ReasoningItem; outputIndex: number; seal: Seal | null }
  | { kind: 'tool-call'; item: CallItem; outputIndex: number }
);

export class ResponsesStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext;
  readonly #output: OutputItem[] = [];
  readonly #blocks = new Map<number, OpenBlock>();
  #replyId = '';
  #sequence = 0;
  #message: OpenMessage | null = null;
  #hasStarted = false;
  #hasEnded = false;
  #hasRefusal = false;
  #events: ServerSentEvent[] = [];

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  encode(event: ChatEvent): ServerSentEvent[] {
    if (!this.#hasEnded) this.#take(event);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #take(event: ChatEvent): void {
    this.#start(event.kind === 'start' ? event.id : '');
    switch (event.kind) {
      case 'start':
        return;
      case 'block-start':
        this.#startBlock(event.index, event.block);
        return;
      case 'text-delta':
        this.#text(event.index, event.text);
        return;
      case 'arguments-delta':
        this.#arguments(event.index, event.json);
        return;
      case 'seal':
        this.#seal(event.index, event.seal);
        return;
      case 'block-end':
        this.#endBlock(event.index);
        return;
      case 'finish':
        this.#finish(event);
        return;
      case 'error':
        this.#fail(event.error);
        return;
      default:
        event satisfies never;
    }
  }

  #emit(type: string, fields: object): void {
    const data = JSON.stringify({ type, sequence_number: this.#sequence, ...fields });
    this.#sequence += 1;
    this.#events.push({ event: type, data });
  }

  #response(state: Partial<ResponseState> & Pick<ResponseState, 'status'>): unknown {
    const rest = {
      replyId: this.#replyId,
      incompleteReason: null,
      error: null,
      output: this.#output,
      usage: null,
    };
    return responseObject(this.#context, { ...rest, ...state });
  }

  /** Clients insist on `response.created` before anything else, an error included. */
  #start(replyId: string): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#replyId = replyId;
    const response = this.#response({ status: 'in_progress' });
    this.#emit('response.created', { response });
    this.#emit('response.in_progress', { response });
  }

  #startBlock(index: number, block: StartedBlock): void {
    switch (block.kind) {
      case 'text':
      case 'refusal':
        this.#blocks.set(index, this.#startPart(block.kind));
        return;
      case 'thinking': {
        this.#leaveMessage();
        const item = reasoningItem(this.#replyId, this.#output.length);
        this.#blocks.set(index, {
          kind: 'thinking',
          text: '',
          item,
          outputIndex: this.#add(item),
          seal: null,
        });
        return;
      }
      case 'tool-call': {
        this.#leaveMessage();
        const place = { replyId: this.#replyId, index: this.#output.length };
        const item = callItem(this.#context.request, { ...place, id: block.id, name: block.name });
        this.#blocks.set(index, { kind: 'tool-call', text: '', item, outputIndex: this.#add(item) });
        return;
      }
      default:
        block satisfies never;
    }
  }

  #add(item: OutputItem): number {
    const outputIndex = this.#output.push(item) - 1;
    this.#emit('response.output_item.added', { output_index: outputIndex, item });
    return outputIndex;
  }

  #startPart(kind: 'text' | 'refusal'): OpenBlock {
    if (kind === 'refusal') this.#hasRefusal = true;
    const message = this.#message ?? this.#startMessage();
    message.openParts += 1;
    const part = outputPart(kind, '');
    const contentIndex = message.item.content.push(part) - 1;
    this.#emit('response.content_part.added', { ...partPlace(message, contentIndex), part });
    return { kind, text: '', message, contentIndex };
  }

  #startMessage(): OpenMessage {
    const item = messageItem(this.#replyId, this.#output.length);
    this.#message = { kind: 'message', item, outputIndex: this.#add(item), openParts: 0, isLast: true };
    return this.#message;
  }

  /** Another item starts: the message gets no more parts. */
  #leaveMessage(): void {
    const message = this.#message;
    if (!message) return;
    this.#message = null;
    message.isLast = false;
    if (message.openParts === 0) this.#endMessage(message, 'completed');
  }

  #endMessage({ item, outputIndex }: OpenMessage, status: 'completed' | 'incomplete'): void {
    item.status = status;
    this.#emit('response.output_item.done', { output_index: outputIndex, item });
  }

  #text(index: number, delta: string): void {
    const block = this.#blocks.get(index);
    if (!block || block.kind === 'tool-call' || delta === '') return;
    const isFirst = block.text === '';
    block.text += delta;
    if (block.kind === 'thinking') {
      const place = summaryPlace(block);
      const part = { type: 'summary_text', text: '' };
      if (isFirst) this.#emit('response.reasoning_summary_part.added', { ...place, part });
      this.#emit('response.reasoning_summary_text.delta', { ...place, delta });
      return;
    }
    const place = partPlace(block.message, block.contentIndex);
    if (block.kind === 'refusal') this.#emit('response.refusal.delta', { ...place, delta });
    else this.#emit('response.output_text.delta', { ...place, delta, logprobs: [] });
  }

  #arguments(index: number, delta: string): void {
    const block = this.#blocks.get(index);
    if (block?.kind !== 'tool-call' || delta === '') return;
    block.text += delta;
    // The input of a freeform tool is one text inside the arguments: known when they are whole.
    if (block.item.type === 'custom_tool_call') return;
    this.#emit('response.function_call_arguments.delta', { ...itemPlace(block), delta });
  }

  #seal(index: number, seal: Seal): void {
    const block = this.#blocks.get(index);
    if (block?.kind === 'thinking') block.seal = seal;
  }

  #endBlock(index: number): void {
    const block = this.#blocks.get(index);
    if (!block) return;
    this.#blocks.delete(index);
    if (block.kind === 'thinking') this.#endThinking(block);
    else if (block.kind === 'tool-call') this.#endCall(block);
    else this.#endPart(block);
  }

  #endPart({ kind, text, message, contentIndex }: Extract<OpenBlock, { kind: 'text' | 'refusal' }>): void {
    const place = partPlace(message, contentIndex);
    const part = outputPart(kind, text);
    message.item.content[contentIndex] = part;
    message.openParts -= 1;
    if (kind === 'refusal') this.#emit('response.refusal.done', { ...place, refusal: text });
    else this.#emit('response.output_text.done', { ...place, text, logprobs: [] });
    this.#emit('response.content_part.done', { ...place, part });
    if (!message.isLast && message.openParts === 0) this.#endMessage(message, 'completed');
  }

  #endThinking(block: Extract<OpenBlock, { kind: 'thinking' }>): void {
    const { item, text, seal, outputIndex } = block;
    if (text !== '') {
      const place = summaryPlace(block);
      this.#emit('response.reasoning_summary_text.done', { ...place, text });
      this.#emit('response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text } });
    }
    sealReasoning(item, { text, seal });
    this.#emit('response.output_item.done', { output_index: outputIndex, item });
  }

  #endCall(block: Extract<OpenBlock, { kind: 'tool-call' }>): void {
    const { item, text, outputIndex } = block;
    const place = itemPlace(block);
    endCall(item, text);
    if (item.type === 'function_call') {
      if (text === '')
        this.#emit('response.function_call_arguments.delta', { ...place, delta: item.arguments });
      this.#emit('response.function_call_arguments.done', {
        ...place,
        name: item.name,
        arguments: item.arguments,
      });
    } else {
      this.#emit('response.custom_tool_call_input.delta', { ...place, delta: item.input });
      this.#emit('response.custom_tool_call_input.done', { ...place, input: item.input });
    }
    this.#emit('response.output_item.done', { output_index: outputIndex, item });
  }

  #finish({ stop, usage }: { stop: Parameters<typeof endOf>[0]; usage: Usage }): void {
    for (const index of [...this.#blocks.keys()]) this.#endBlock(index);
    const { status, incompleteReason } = endOf(stop, this.#hasRefusal);
    if (this.#message) this.#endMessage(this.#message, status);
    this.#hasEnded = true;
    this.#emit(`response.${status}`, { response: this.#response({ status, incompleteReason, usage }) });
  }

  /** What is open stays as it is, unfinished: no event says that it is done. */
  #fail(error: UpstreamError): void {
    this.#hasEnded = true;
    for (const block of this.#blocks.values()) keepPartial(block);
    if (this.#message) this.#message.item.status = 'incomplete';
    this.#emit('response.failed', {
      response: this.#response({ status: 'failed', error: encodeError(error), usage: NO_USAGE }),
    });
  }
}

function keepPartial(block: OpenBlock): void {
  if (block.kind === 'thinking') {
    sealReasoning(block.item, { text: block.text, seal: null });
  } else if (block.kind === 'tool-call') {
    if (block.item.type === 'function_call') block.item.arguments = block.text;
    block.item.status = 'incomplete';
  } else {
    block.message.item.content[block.contentIndex] = outputPart(block.kind, block.text);
    block.message.item.status = 'incomplete';
  }
}

function itemPlace({ item, outputIndex }: { item: OutputItem; outputIndex: number }): object {
  return { item_id: item.id, output_index: outputIndex };
}

function partPlace(message: OpenMessage, contentIndex: number): object {
  return { ...itemPlace(message), content_index: contentIndex };
}

/** A thinking block is one part of its item's summary. */
function summaryPlace(block: { item: OutputItem; outputIndex: number }): object {
  return { ...itemPlace(block), summary_index: 0 };
}
