// Stands in a stream: looks at every event as it passes, and translates when client and upstream differ.

import type { ReplyContext, StreamDecoder, StreamEncoder } from '../wire/chat.ts';
import type { Dialect, StreamWatch } from '../wire/dialect.ts';
import { codecOf } from '../wire/dialects.ts';
import { Framer } from '../wire/framing.ts';
import { JsonArrayReader } from '../wire/json-array.ts';
import { type ServerSentEvent, SseReader } from '../wire/sse.ts';
import type { ChatSurface, Framing } from '../wire/surface.ts';

/** From whose events into whose. */
export interface Translation {
  from: ChatSurface;
  to: ChatSurface;
  framing: Framing;
  context: ReplyContext;
}

/** Owns the state of one passing stream. Without a translation the client gets the very bytes that came. */
export class StreamTap {
  readonly watch: StreamWatch;
  /** How the client's side is framed. */
  readonly clientFraming: Framing;
  readonly #reader: SseReader | JsonArrayReader;
  readonly #translator: Translator | null;
  /** Events that have passed. */
  #eventCount = 0;

  constructor(
    dialect: Dialect,
    { framing, translation }: { framing: Framing; translation: Translation | null },
  ) {
    this.watch = dialect.watchStream();
    this.clientFraming = translation?.framing ?? framing;
    this.#reader = framing === 'sse' ? new SseReader() : new JsonArrayReader();
    this.#translator = translation && new Translator(translation);
  }

  /** Takes in the next piece; the result is what the client gets for it, null when nothing yet. */
  pass(chunk: Uint8Array): Uint8Array | null {
    const events = this.#reader.feed(chunk);
    this.#eventCount += events.length;
    for (const event of events) this.watch.see(event);
    if (!this.#translator) return chunk;
    return this.#translator.pass(events);
  }

  /** What is still to be said after the upstream's last byte. */
  end(): Uint8Array | null {
    return this.#translator?.end() ?? null;
  }

  /** A comment or event written to the client now would land inside another. */
  get isInsideEvent(): boolean {
    return this.#translator === null && this.#reader.isInsideEvent;
  }

  get eventCount(): number {
    return this.#translator?.eventCount ?? this.#eventCount;
  }
}

const encoder = new TextEncoder();

class Translator {
  readonly #decoder: StreamDecoder;
  readonly #encoder: StreamEncoder;
  readonly #framer: Framer;
  eventCount = 0;

  constructor({ from, to, framing, context }: Translation) {
    this.#decoder = codecOf(from).streamDecoder();
    this.#encoder = codecOf(to).streamEncoder(context);
    this.#framer = new Framer(framing);
  }

  pass(events: readonly ServerSentEvent[]): Uint8Array | null {
    const text = events.map((event) => this.#encode(this.#decoder.decode(event))).join('');
    return text === '' ? null : encoder.encode(text);
  }

  end(): Uint8Array | null {
    const text = this.#encode(this.#decoder.end()) + this.#framer.end();
    return text === '' ? null : encoder.encode(text);
  }

  #encode(events: ReturnType<StreamDecoder['decode']>): string {
    const encoded = events.flatMap((event) => this.#encoder.encode(event));
    this.eventCount += encoded.length;
    return encoded.length === 0 ? '' : this.#framer.frame(encoded);
  }
}
