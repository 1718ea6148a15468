// Keeps a streamed reply's connection open while the request waits for an account: begins the reply early, with comments.
//
// Proxies and clients cut connections on which nothing comes for a minute or two. A reply that has begun cannot become an
// error any more, so that it is begun early only after some silence, and only while the request waits in line: what goes
// wrong then is told as an event of the stream, and the row of the log keeps the status.

import { dialectOf } from '../wire/dialects.ts';
import { type ErrorNotice, errorEvent } from '../wire/error-body.ts';
import { parseJson } from '../wire/json.ts';
import type { Operation, Surface } from '../wire/surface.ts';
import type { Clock, RequestRow } from './ports.ts';
import type { Stop } from './stop.ts';

/** As much of an exchange as is needed here. */
export interface WaitingExchange {
  readonly operation: Operation;
  readonly surface: Surface;
  readonly requestId: string;
  /** Ended when the client leaves before the real reply has come. */
  readonly stop: Stop;
  readonly row: Pick<RequestRow, 'isStreamed' | 'errorCode' | 'errorMessage'>;
  /** Waits for an account at this moment. */
  isWaiting: boolean;
  /** To be called each time that it begins to wait. */
  onWait: (() => void) | null;
}

export interface KeepAlive {
  clock: Clock;
  /** Silence after which the reply is begun, and time between two comments. */
  keepAliveMs: number;
}

/**
 * The reply, or one that has begun early and becomes it. `reply` must not reject: it settles the exchange whatever
 * happens. Costs two closures where the request never waits, and a timer from the first wait on.
 */
export function withKeepAlive(
  exchange: WaitingExchange,
  reply: Promise<Response>,
  options: KeepAlive,
): Promise<Response> {
  const { operation } = exchange;
  if (operation.kind !== 'generate' || operation.framing !== 'sse') return reply;
  return new Promise((resolve, reject) => {
    let cancelTimer: (() => void) | null = null;
    const check = () => {
      cancelTimer = null;
      // An attempt is under way: its answer may still be an error, and the next wait asks again.
      if (!exchange.isWaiting) return;
      exchange.onWait = null;
      resolve(new EarlyReply(exchange, reply, options).response());
    };
    exchange.onWait = () => {
      if (exchange.row.isStreamed) cancelTimer ??= options.clock.setTimer(check, options.keepAliveMs);
    };
    const over = () => {
      exchange.onWait = null;
      cancelTimer?.();
    };
    // Without effect when the early reply has been given.
    reply.then(
      (response) => {
        over();
        resolve(response);
      },
      (error: unknown) => {
        over();
        reject(error);
      },
    );
  });
}

const encoder = new TextEncoder();
const COMMENT = encoder.encode(': waiting for a warm account\n\n');

/** Owns a reply that has begun before the real one: the timer of its comments, then the real reply's reader. */
class EarlyReply {
  readonly #exchange: WaitingExchange;
  readonly #reply: Promise<Response>;
  readonly #options: KeepAlive;
  /** Null until the real reply is here. */
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #cancelTimer: () => void = () => undefined;
  #hasLeft = false;
  /** Wakes the pull that waits: true = a comment is due, false = there is nothing more to wait for. */
  #wake: ((isCommentDue: boolean) => void) | null = null;
  #isFirst = true;

  constructor(exchange: WaitingExchange, reply: Promise<Response>, options: KeepAlive) {
    this.#exchange = exchange;
    this.#reply = reply;
    this.#options = options;
  }

  response(): Response {
    const { requestId, surface } = this.#exchange;
    const headers = new Headers({ 'content-type': 'text/event-stream', 'x-request-id': requestId });
    if (surface === 'anthropic-messages') headers.set('request-id', requestId);
    const body = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.#leave() },
      { highWaterMark: 0 },
    );
    this.#schedule();
    this.#reply.then(
      (reply) => this.#arrive(reply),
      () => this.#arrive(null),
    );
    return new Response(body, { status: 200, headers });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const isCommentDue = this.#isFirst || (!this.#reader && (await this.#woken()));
    this.#isFirst = false;
    if (this.#hasLeft) return;
    if (isCommentDue) {
      controller.enqueue(COMMENT);
      return;
    }
    const next = await this.#reader?.read();
    if (this.#hasLeft) return;
    if (next?.value) controller.enqueue(next.value);
    else controller.close();
  }

  #woken(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** A client that does not read is sent nothing: comments must not pile up. */
  #schedule(): void {
    this.#cancelTimer = this.#options.clock.setTimer(() => {
      this.#schedule();
      this.#wakePull(true);
    }, this.#options.keepAliveMs);
  }

  #wakePull(isCommentDue: boolean): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.(isCommentDue);
  }

  async #arrive(reply: Response | null): Promise<void> {
    this.#cancelTimer();
    const body = reply && isEventStream(reply) ? reply.body : textBody(await this.#asEvent(reply));
    if (this.#hasLeft) await body?.cancel();
    else this.#reader = body?.getReader() ?? null;
    this.#wakePull(false);
  }

  async #asEvent(reply: Response | null): Promise<string> {
    const text = (await reply?.text().catch(() => null)) ?? '';
    const notice = noticeOf(this.#exchange, { status: reply?.status ?? 500, text });
    return errorEvent(this.#exchange.surface, notice, { framing: 'sse', sequence: 0 });
  }

  async #leave(): Promise<void> {
    this.#hasLeft = true;
    this.#cancelTimer();
    this.#wakePull(false);
    if (this.#reader) await this.#reader.cancel();
    else this.#exchange.stop.end();
  }
}

function isEventStream({ status, headers }: Response): boolean {
  return status < 400 && (headers.get('content-type') ?? '').startsWith('text/event-stream');
}

function textBody(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
}

/** What the reply's body says of the error, else what the row says. */
function noticeOf(
  { surface, requestId, row }: WaitingExchange,
  { status, text }: { status: number; text: string },
): ErrorNotice {
  const said = status < 400 ? null : dialectOf(surface).readError(parseJson(text), status);
  return {
    // A whole reply where a stream was promised cannot be passed on any more.
    status: status < 400 ? 502 : status,
    code: row.errorCode ?? 'upstream-error',
    message: said?.message ?? row.errorMessage ?? 'The upstream answered without a stream',
    param: null,
    requestId,
  };
}
