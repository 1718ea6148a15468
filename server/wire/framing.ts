// Writes encoded events as the text a client reads: server-sent events, or one growing JSON array.

import type { ServerSentEvent } from './sse.ts';
import type { Framing } from './surface.ts';

/** Owns how far the text of one streamed reply has got; `end()` comes once, after the last events. */
export class Framer {
  readonly #framing: Framing;
  #isEmpty = true;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  frame(events: readonly ServerSentEvent[]): string {
    return events.map((event) => (this.#framing === 'sse' ? sseText(event) : this.#element(event))).join('');
  }

  /** What closes the text: nothing for server-sent events, the end of the array otherwise. */
  end(): string {
    if (this.#framing === 'sse') return '';
    return this.#isEmpty ? '[]' : ']';
  }

  #element({ data }: ServerSentEvent): string {
    const separator = this.#isEmpty ? '[' : ',\r\n';
    this.#isEmpty = false;
    return separator + data;
  }
}

function sseText({ event, data }: ServerSentEvent): string {
  const name = event === '' ? '' : `event: ${event}\n`;
  // JSON is one line: splitting it all the same would be a third of the cost of writing an event.
  if (!/[\r\n]/.test(data)) return `${name}data: ${data}\n\n`;
  const lines = data.split(/\r\n|\n|\r/).map((line) => `data: ${line}\n`);
  return `${name}${lines.join('')}\n`;
}
