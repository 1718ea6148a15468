// Lets requests into the gateway: so many at once, a bounded queue behind, and so many bytes of bodies in memory.

import { GatewayError } from './errors.ts';
import type { Clock } from './ports.ts';
import type { Stop } from './stop.ts';

export interface AdmissionOptions {
  /** Requests under way at once; as many more may wait. */
  maxInFlight: number;
  /** Longest wait. */
  queueMs: number;
  /** Ends when the client has gone or the gateway stops. */
  stop: Stop;
}

/** Clients that find the gateway full are told to come back then: places come free all the time. */
const RETRY_AFTER_MS = 1_000;

type Release = () => void;

interface Waiter {
  admit(release: Release): void;
}

/** Owns the counts and the queue, first come first served. Bounded: at most `maxInFlight` wait. */
export class Admission {
  readonly #clock: Clock;
  #inFlight = 0;
  #bufferedBytes = 0;
  /** As of the last request that came: settings may change at any time. */
  #maxInFlight = 0;
  /** In order of arrival; a set because those who give up leave from the middle. */
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#waiters.size;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /**
   * Takes a place: at once when there is room (no promise then), else when its turn comes. The result gives the place
   * back and is idempotent. Throws, or rejects with, GatewayError `gateway-full` or `client-gone`.
   */
  enter(options: AdmissionOptions): Release | Promise<Release> {
    this.#maxInFlight = options.maxInFlight;
    this.#admitWaiting();
    // Those who wait went first: a place that is free now is nobody's.
    if (this.#inFlight < options.maxInFlight) return this.#place();
    if (options.stop.hasEnded) throw clientGone();
    if (this.#waiters.size >= options.maxInFlight || options.queueMs <= 0) throw full();
    return this.#wait(options);
  }

  /** Counts bytes of a body held in memory; null = there is no room. The returned function frees them and is idempotent. */
  tryReserve(bytes: number, maxBytes: number): Release | null {
    if (this.#bufferedBytes + bytes > maxBytes) return null;
    this.#bufferedBytes += bytes;
    return once(() => {
      this.#bufferedBytes -= bytes;
    });
  }

  #place(): Release {
    this.#inFlight += 1;
    return once(() => {
      this.#inFlight -= 1;
      this.#admitWaiting();
    });
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiters) {
      if (this.#inFlight >= this.#maxInFlight) return;
      this.#waiters.delete(waiter);
      waiter.admit(this.#place());
    }
  }

  #wait({ queueMs, stop }: AdmissionOptions): Promise<Release> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        cancelTimer();
        stop.listen(null);
      };
      const giveUp = (error: GatewayError) => {
        this.#waiters.delete(waiter);
        leave();
        reject(error);
      };
      const onGone = () => giveUp(clientGone());
      const waiter: Waiter = {
        admit(release) {
          leave();
          resolve(release);
        },
      };
      const cancelTimer = this.#clock.setTimer(() => giveUp(full()), queueMs);
      this.#waiters.add(waiter);
      stop.listen(onGone);
    });
  }
}

function once(give: () => void): Release {
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    give();
  };
}

function full(): GatewayError {
  return new GatewayError('gateway-full', 'Cannot take the request: the gateway is full', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function clientGone(): GatewayError {
  return new GatewayError('client-gone', 'The client hung up while waiting for its turn');
}
