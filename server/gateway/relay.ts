// Passes a begun reply on to the client as it comes, watching it on the way. Bounded by the client's own pace.

import type { StreamReply } from './attempt.ts';
import type { Clock } from './ports.ts';

/**
 * How a reply ended. `interrupted`: the upstream broke off before the protocol's own end. `stalled`: it fell silent.
 * `stopped`: the gateway ended it.
 */
export type StreamEnding = 'complete' | 'interrupted' | 'stalled' | 'stopped' | 'client-gone';

export interface RelayHooks {
  /** Called once, when nothing more will be read or written. `isWhole`: all usage that was to come has come. */
  onEnd(ending: StreamEnding, isWhole: boolean): void;
  /** The last event of a reply that broke off, in the client's own dialect; '' where there is no such thing. */
  lastEvent(ending: 'interrupted' | 'stalled' | 'stopped'): string;
  /** Sees what the client gets. */
  onBytes: ((bytes: Uint8Array) => void) | null;
}

export interface RelayLimits {
  /** Longest silence of the upstream. */
  gapMs: number;
  /** After this much silence the client gets a comment, and again each time. */
  keepAliveMs: number;
  /** How long to read on after the client has gone, to learn the usage; null = not at all. */
  drainMs: number | null;
}

/** What stops a relay from outside, with an error event if the client still listens. */
export interface RunningRelay {
  body: ReadableStream<Uint8Array>;
  stop(): void;
}

const encoder = new TextEncoder();

/**
 * The client's stream. A pull over a reader is the one form that is bounded for slow clients and lets go of the
 * upstream when the client hangs up, on all three runtimes (tee and TransformStream do not).
 */
export function relayStream(
  reply: StreamReply,
  hooks: RelayHooks,
  options: { limits: RelayLimits; clock: Clock },
): RunningRelay {
  const relay = new Relay(reply, hooks, options);
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => relay.open(controller),
      pull: () => relay.pull(),
      cancel: () => relay.leave(),
    },
    { highWaterMark: 0 },
  );
  return { body, stop: () => relay.stop() };
}

/** Owns one reply on its way: what is held, the timer of its silences, and whether it has ended. */
class Relay {
  readonly #reply: StreamReply;
  readonly #hooks: RelayHooks;
  readonly #limits: RelayLimits;
  readonly #clock: Clock;
  readonly #held: Uint8Array[];
  /** Null = the client has gone. */
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #pulling: Promise<void> = Promise.resolve();
  #hasEnded = false;
  #isStalled = false;
  #isBroken = false;
  /** Since when the upstream has been waited for; null = nobody waits: the client is the slow one. */
  #waitingSinceMs: number | null = null;
  #pings = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(
    reply: StreamReply,
    hooks: RelayHooks,
    { limits, clock }: { limits: RelayLimits; clock: Clock },
  ) {
    this.#reply = reply;
    this.#hooks = hooks;
    this.#limits = limits;
    this.#clock = clock;
    this.#held = [...reply.held];
  }

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#schedule(Math.min(this.#limits.keepAliveMs, this.#limits.gapMs));
  }

  pull(): Promise<void> {
    this.#pulling = this.#pass();
    return this.#pulling;
  }

  /** Hands one piece on; once the client has gone, to nobody. */
  async #pass(): Promise<void> {
    try {
      await this.#passPiece();
    } catch (error) {
      this.#reply.body.cancel();
      this.#end('interrupted', false);
      throw error;
    }
  }

  async #passPiece(): Promise<void> {
    const first = this.#held.shift();
    if (first) {
      this.#write(first);
      return;
    }
    for (;;) {
      const chunk = await this.#next();
      if (this.#hasEnded) return;
      if (chunk === null) {
        this.#finish();
        return;
      }
      const { tap } = this.#reply;
      const out = tap ? tap.pass(chunk) : chunk;
      if (out) {
        this.#write(out);
        return;
      }
    }
  }

  /** The client has hung up. */
  async leave(): Promise<void> {
    const { drainMs } = this.#limits;
    const { tap, body } = this.#reply;
    this.#controller = null;
    // A client that leaves after the last event has got everything.
    const hasAll = this.#knowsAll && this.#held.length === 0;
    if (hasAll || drainMs === null || !tap) {
      body.cancel();
      this.#end(hasAll ? 'complete' : 'client-gone', this.#knowsAll);
      return;
    }
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.setTimer(() => body.cancel(), drainMs);
    // A read may be under way, and a body has one reader.
    await this.#pulling;
    while (!this.#hasEnded) await this.#pass();
  }

  /** Ends the reply now, with a last event. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#reply.body.cancel();
    this.#breakOff('stopped');
  }

  /** The next piece; null at the end, also when the connection broke: the protocol's own end tells them apart. */
  async #next(): Promise<Uint8Array | null> {
    this.#waitingSinceMs = this.#clock.monotonicMs();
    const { pending } = this.#reply;
    this.#reply.pending = null;
    try {
      return await (pending ?? this.#reply.body.read());
    } catch {
      this.#isBroken = true;
      return null;
    } finally {
      this.#waitingSinceMs = null;
      this.#pings = 0;
    }
  }

  /** All usage that was to come has come. */
  get #knowsAll(): boolean {
    return this.#reply.tap?.watch.isComplete ?? false;
  }

  #finish(): void {
    if (!this.#controller) {
      this.#end('client-gone', this.#knowsAll);
      return;
    }
    const { tap } = this.#reply;
    const isWhole = tap ? tap.watch.isComplete || tap.watch.error !== null : !this.#isBroken;
    if (!isWhole) {
      this.#breakOff(this.#isStalled ? 'stalled' : 'interrupted');
      return;
    }
    const last = tap?.end();
    if (last) this.#write(last);
    this.#controller.close();
    this.#end('complete', tap === null || this.#knowsAll);
  }

  #breakOff(ending: 'interrupted' | 'stalled' | 'stopped'): void {
    if (!this.#controller) {
      this.#end('client-gone', this.#knowsAll);
      return;
    }
    const last = this.#hooks.lastEvent(ending);
    if (last === '') this.#controller.error(new Error('The upstream broke off in the middle of its reply'));
    else {
      for (const held of this.#held.splice(0)) this.#write(held);
      // A blank line first: the upstream may have stopped inside an event.
      this.#write(encoder.encode((this.#reply.tap?.isInsideEvent ? '\n\n' : '') + last));
      this.#controller.close();
    }
    this.#end(ending, false);
  }

  #write(bytes: Uint8Array): void {
    if (!this.#controller) return;
    this.#hooks.onBytes?.(bytes);
    this.#controller.enqueue(bytes);
  }

  #end(ending: StreamEnding, isWhole: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelTimer();
    this.#hooks.onEnd(ending, isWhole);
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer = this.#clock.setTimer(() => this.#checkSilence(), Math.max(1, delayMs));
  }

  /** One timer a stream, set anew only when it fires: setting it for every chunk would cost more than the chunk. */
  #checkSilence(): void {
    const { gapMs, keepAliveMs } = this.#limits;
    const sinceMs = this.#waitingSinceMs;
    const silentMs = sinceMs === null ? 0 : this.#clock.monotonicMs() - sinceMs;
    if (silentMs >= gapMs) {
      this.#isStalled = true;
      this.#reply.body.cancel();
      return;
    }
    if (silentMs >= keepAliveMs * (this.#pings + 1) && this.#ping()) this.#pings += 1;
    const nextPingMs = keepAliveMs * (this.#pings + 1) - silentMs;
    this.#schedule(Math.min(nextPingMs > 0 ? nextPingMs : keepAliveMs, gapMs - silentMs));
  }

  /** A comment, which parsers skip: as an event it would confuse strict clients. Never inside an event. */
  #ping(): boolean {
    const { tap } = this.#reply;
    if (!tap || tap.isInsideEvent) return false;
    const text = tap.clientFraming === 'sse' ? ': ping\n\n' : '\n';
    this.#controller?.enqueue(encoder.encode(text));
    return true;
  }
}
