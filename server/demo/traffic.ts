// Plays a few people's coding agents through the gateway's front door, from a seed, so that the panel has life.

import type { Clock } from '../gateway/ports.ts';
import { Random } from './random.ts';
import {
  CodingSession,
  type DemoClient,
  type Instructions,
  type PlannedRequest,
  writeInstructions,
} from './traffic-session.ts';

export interface TrafficOptions {
  /** The gateway's own request handler. */
  send: (request: Request) => Promise<Response>;
  clock: Clock;
  seed: number;
  /** One for each person; at least one. */
  apiKeys: readonly string[];
  /** Upper bound, averaged over bursts. */
  ratePerMinute?: number;
}

const DEFAULT_RATE_PER_MINUTE = 24;
const MAX_IN_FLIGHT = 12;
const MAX_MAIN_SESSIONS = 48;
/** Sub-agents included. With at most 40 turns of about 1,000 tokens each, all histories come to about 12 MB. */
const MAX_SESSIONS = 64;
/** A gateway that never answers must not stop the show. */
const REQUEST_LIMIT_MS = 120_000;
const BAD_REQUEST_SHARE = 0.03;
const SUB_AGENT_SHARE = 0.06;

const PEOPLE: readonly [Person, ...Person[]] = [
  { client: 'claude-code', model: 'claude-sonnet-5' },
  { client: 'opencode', model: 'gpt-5.2' },
  { client: 'claude-code', model: 'claude-opus-5' },
  { client: 'script', model: 'gpt-5-mini' },
];

interface Person {
  client: DemoClient;
  model: string;
}

/** A session and when its next turn may be sent. */
interface Seat {
  session: CodingSession;
  /** Whose it is: an index into PEOPLE. */
  person: number;
  readyAtMs: number;
  isBusy: boolean;
}

export function startTraffic(options: TrafficOptions): { stop(): void } {
  const traffic = new Traffic(options);
  traffic.start();
  return { stop: () => traffic.stop() };
}

class Traffic {
  readonly #options: TrafficOptions;
  readonly #random: Random;
  readonly #intervalMs: number;
  readonly #instructions: { main: Instructions; subAgent: Instructions };
  readonly #inFlight = new Set<AbortController>();
  #seats: Seat[] = [];
  /** Ticks to sit out because a burst went ahead of them. */
  #owedTicks = 0;
  #cancelTick = () => {};
  #isStopped = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#intervalMs = 60_000 / (options.ratePerMinute ?? DEFAULT_RATE_PER_MINUTE);
    this.#instructions = {
      main: writeInstructions(this.#random, { tokens: 2600, tools: 8 }),
      subAgent: writeInstructions(this.#random, { tokens: 900, tools: 2 }),
    };
  }

  start(): void {
    // A session takes a turn about once a minute.
    const wanted = Math.ceil((60_000 / this.#intervalMs) * 0.8);
    const count = Math.min(MAX_MAIN_SESSIONS, Math.max(PEOPLE.length, wanted));
    for (let seat = 0; seat < count; seat++) this.#openSession(seat % PEOPLE.length, 0);
    this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTick();
    for (const call of this.#inFlight) call.abort();
    this.#seats = [];
  }

  #tick(): void {
    const delayMs = this.#intervalMs * (0.5 + this.#random.next());
    this.#cancelTick = this.#options.clock.setTimer(() => this.#tick(), delayMs);
    if (this.#owedTicks > 0) {
      this.#owedTicks -= 1;
      return;
    }
    if (this.#random.chance(BAD_REQUEST_SHARE)) {
      this.#dispatch(badRequest(this.#random, this.#apiKey(this.#random.int(0, PEOPLE.length - 1))));
      return;
    }
    const seat = this.#nextSeat();
    if (!seat) return;
    this.#takeTurn(seat);
    const { plan } = seat.session;
    if (plan.client === 'claude-code' && !plan.isSubAgent && this.#random.chance(SUB_AGENT_SHARE)) {
      this.#burst(seat);
    }
  }

  /** The seat that has been ready for longest. */
  #nextSeat(): Seat | undefined {
    const nowMs = this.#options.clock.nowMs();
    return this.#seats
      .filter((seat) => !seat.isBusy && seat.readyAtMs <= nowMs)
      .reduce<Seat | undefined>(
        (best, seat) => (best && best.readyAtMs <= seat.readyAtMs ? best : seat),
        undefined,
      );
  }

  #takeTurn(seat: Seat): void {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return;
    const request = seat.session.next();
    seat.isBusy = true;
    this.#dispatch(request, () => {
      seat.isBusy = false;
      seat.readyAtMs = this.#options.clock.nowMs() + request.pauseMs;
      if (seat.session.isOver) this.#leave(seat, request.pauseMs);
    });
  }

  /** The same person comes back with a new session. */
  #leave(seat: Seat, pauseMs: number): void {
    this.#seats = this.#seats.filter((other) => other !== seat);
    if (!seat.session.plan.isSubAgent) this.#openSession(seat.person, pauseMs);
  }

  #openSession(index: number, pauseMs: number): void {
    if (this.#isStopped) return;
    const person = PEOPLE[index] ?? PEOPLE[0];
    const random = this.#fork();
    const session = new CodingSession({
      ...person,
      apiKey: this.#apiKey(index),
      sessionId: random.uuid(),
      deviceId: new Random(this.#options.seed + index).hex(64),
      turns: person.client === 'script' ? 1 : random.int(6, 40),
      isSubAgent: false,
      random,
      instructions: this.#instructions.main,
    });
    const readyAtMs = this.#options.clock.nowMs() + pauseMs + random.int(0, 30_000);
    this.#seats.push({ session, person: index, readyAtMs, isBusy: false });
  }

  /** Sub-agents start together, before any of them could warm the cache for the others. */
  #burst({ session: { plan }, person }: Seat): void {
    const count = Math.min(this.#random.int(2, 4), MAX_SESSIONS - this.#seats.length);
    const model = this.#random.chance(0.5) ? 'claude-haiku-4-5' : plan.model;
    for (let agent = 0; agent < count; agent++) {
      const random = this.#fork();
      const session = new CodingSession({
        ...plan,
        model,
        turns: random.int(1, 6),
        isSubAgent: true,
        random,
        instructions: this.#instructions.subAgent,
      });
      const seat = { session, person, readyAtMs: this.#options.clock.nowMs(), isBusy: false };
      this.#seats.push(seat);
      this.#takeTurn(seat);
      this.#owedTicks += 1;
    }
  }

  #dispatch(planned: PlannedRequest, onDone = () => {}): void {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return;
    const call = new AbortController();
    this.#inFlight.add(call);
    const { clock, send } = this.#options;
    const limitMs = planned.hangUpAfterMs ?? REQUEST_LIMIT_MS;
    const cancelLimit = clock.setTimer(() => call.abort(), limitMs);
    const done = () => {
      cancelLimit();
      this.#inFlight.delete(call);
      onDone();
    };
    // What goes wrong is the gateway's to report; the show goes on.
    Promise.race([exchange(send, { planned, signal: call.signal }), aborted(call.signal)]).then(done, done);
  }

  #apiKey(index: number): string {
    const { apiKeys } = this.#options;
    return apiKeys[index % apiKeys.length] ?? '';
  }

  /** A generator of its own for each session, so that the order in which replies end changes nothing in it. */
  #fork(): Random {
    return new Random(this.#random.int(0, 0x7fff_ffff));
  }
}

async function exchange(
  send: TrafficOptions['send'],
  { planned, signal }: { planned: PlannedRequest; signal: AbortSignal },
): Promise<void> {
  const { path, headers, body } = planned;
  const response = await send(
    new Request(`http://localhost${path}`, { method: 'POST', headers, body, signal }),
  );
  const reader = response.body?.getReader();
  if (!reader) return;
  const hangUp = () => void reader.cancel().catch(() => {});
  if (signal.aborted) return hangUp();
  signal.addEventListener('abort', hangUp, { once: true });
  while (!(await reader.read()).done);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Mistakes that people make: a model that does not exist, and a field left out. */
function badRequest(random: Random, apiKey: string): PlannedRequest {
  const messages = [{ role: 'user', content: 'Hello' }];
  const body = random.chance(0.6)
    ? { model: 'claude-sonnet-9', max_tokens: 64, messages }
    : { model: 'claude-sonnet-4-5', messages };
  return {
    path: '/v1/messages',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': apiKey },
    body: JSON.stringify(body),
    pauseMs: 0,
    hangUpAfterMs: null,
  };
}
