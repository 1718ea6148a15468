// The Responses API on the straight path: where it goes, how its replies state usage, errors, pins and their own end.

import type { Dialect, ReplyFacts, StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import type { UpstreamCall } from '../surface.ts';
import { UsageTally } from '../usage.ts';
import { readError, readErrorEvent, readFailure } from './errors.ts';
import { eventType } from './event-type.ts';
import { readUsage } from './usage.ts';

/** Events before anything of the answer. Codex's backend sends the first two even before it says it is overloaded. */
const PREAMBLE: ReadonlySet<string> = new Set([
  'response.created',
  'response.in_progress',
  'response.queued',
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
  'response.failed',
  'response.metadata',
]);

const TERMINAL: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

export const openaiResponses: Dialect = {
  surface: 'openai-responses',
  upstreamPath,
  credentialHeaders: (credential) => ({ authorization: `Bearer ${credential}` }),
  defaultHeaders: {},
  readUsage,
  readReply,
  readError,
  watchStream: () => new ResponsesStreamWatch(),
  // previous_response_id and conversation are top-level fields, read as such.
  pinFields: ['encrypted_content'],
};

function upstreamPath(call: UpstreamCall): string {
  switch (call.kind) {
    case 'generate':
      return '/v1/responses';
    case 'stored-response':
      return `/v1/responses/${encodeURIComponent(call.responseId)}${call.rest}`;
    default:
      throw new Error(`Cannot send a ${call.kind} call as a response: the dialect has none`);
  }
}

function readReply(reply: unknown): ReplyFacts {
  return { usage: isObject(reply) ? reply.usage : undefined, pins: [...pinsOf(reply)] };
}

/** A response is kept unless it says otherwise; then its id, too, means something to its own account only. */
function* pinsOf(response: unknown): Generator<string> {
  const id = textAt(response, 'id');
  if (
    id !== null &&
    textAt(response, 'object') === 'response' &&
    objectAt({ response }, 'response').store !== false
  )
    yield id;
  for (const item of listAt(response, 'output')) yield* sealOf(item);
}

function* sealOf(item: unknown): Generator<string> {
  const value = textAt(item, 'encrypted_content');
  if (value !== null && value !== '') yield value;
}

class ResponsesStreamWatch implements StreamWatch {
  readonly tally = new UsageTally(readUsage);
  readonly #pins = new Set<string>();
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;
  parseErrors = 0;

  get pins(): readonly string[] {
    return [...this.#pins];
  }

  see(event: ServerSentEvent): void {
    const type = eventType(event);
    if (TERMINAL.has(type)) this.#end(type, event.data);
    else if (type === 'error') this.error ??= readErrorEvent(this.#parse(event.data));
    else if (type === 'response.output_item.done') this.#item(event.data);
    if (!this.hasGenerated && type.startsWith('response.') && !PREAMBLE.has(type)) this.hasGenerated = true;
  }

  #end(type: string, data: string): void {
    this.isComplete = true;
    const response = objectAt(this.#parse(data), 'response');
    this.tally.see(response.usage);
    for (const pin of pinsOf(response)) this.#pins.add(pin);
    if (type === 'response.failed') this.error ??= readFailure(response);
  }

  // A stream that is cut off has no terminal event; what was sealed until then is known from its items.
  #item(data: string): void {
    if (!data.includes('"encrypted_content"')) return;
    for (const pin of sealOf(objectAt(this.#parse(data), 'item'))) this.#pins.add(pin);
  }

  #parse(data: string): unknown {
    const value = parseJson(data);
    if (value === undefined) this.parseErrors += 1;
    return value;
  }
}
