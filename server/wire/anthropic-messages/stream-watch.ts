// Follows a streamed reply on the straight path. Parses only the events that can hold something of interest.

import type { StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import type { UsageTally } from '../usage.ts';
import { readErrorEvent } from './errors.ts';
import { StreamUsage } from './usage.ts';

export class AnthropicStreamWatch implements StreamWatch {
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;
  parseErrors = 0;
  readonly #usage = new StreamUsage();
  readonly #pins: string[] = [];

  get tally(): UsageTally {
    return this.#usage.tally;
  }

  get pins(): readonly string[] {
    return this.#pins;
  }

  see(event: ServerSentEvent): void {
    const { data } = event;
    switch (event.event) {
      case 'content_block_delta':
        this.hasGenerated = true;
        if (!looksWhole(data)) this.parseErrors += 1;
        else if (data.includes('"signature_delta"')) this.#pin(objectAt(this.#json(data), 'delta').signature);
        return;
      case 'content_block_start':
        if (data.includes('"redacted_thinking"')) this.#pin(objectAt(this.#json(data), 'content_block').data);
        return;
      case 'message_start':
        this.#usage.see(objectAt(this.#json(data), 'message').usage);
        return;
      case 'message_delta':
        this.hasGenerated = true;
        this.#usage.see(objectAt(this.#json(data), 'usage'));
        return;
      case 'content_block_stop':
        this.hasGenerated = true;
        return;
      case 'message_stop':
        this.isComplete = true;
        return;
      case 'error':
        this.error = readErrorEvent(this.#json(data));
        return;
      case '':
        this.#seeUnnamed(data);
        return;
      default:
    }
  }

  /** Some compatible servers leave the name of the event out; it stands in the data as well. */
  #seeUnnamed(data: string): void {
    const type = textAt(this.#json(data), 'type');
    if (type !== null && type !== '') this.see({ event: type, data });
  }

  #json(data: string): unknown {
    const value = parseJson(data);
    if (!isObject(value)) this.parseErrors += 1;
    return value;
  }

  #pin(value: unknown): void {
    if (typeof value === 'string' && value !== '') this.#pins.push(value);
  }
}

/** A cheap look instead of a parse: deltas are most of a stream, and hold nothing that is needed here. */
function looksWhole(data: string): boolean {
  return data.startsWith('{') && data.endsWith('}');
}
