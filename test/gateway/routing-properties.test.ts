// The gateway under random traffic on few slots: one row each, no slot too many, nobody waits too long or for nothing.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { ROUTE_POLICIES, type RoutePolicy } from '../../server/gateway/routing-settings.ts';
import { PROFILES } from '../../server/routing/contender.ts';
import {
  ADA_KEY,
  anthropicError,
  type Bench,
  BOB_KEY,
  createBench,
  gatewayTest,
  message,
} from './fixture.ts';

const SLOTS = { a: 1, b: 2, c: 1 } as const;
type Name = keyof typeof SLOTS;
const NAMES = ['a', 'b', 'c'] as const satisfies readonly Name[];

const MAX_WAIT_MS = PROFILES.balanced.maxWaitMs;
/** Who waits for one account looks at all others this often, in rounds that are at least so far apart. */
const LOOK_EVERY_MS = 500;
const ROUND_MS = 10;
/** The longest rest that a provider asks for here. */
const MAX_REST_MS = 4_000;

interface Arrival {
  kind: 'arrive';
  session: string;
  isBob: boolean;
  /** Long prompts are worth waiting for. */
  isLong: boolean;
  isMarked: boolean;
}

type Step =
  | Arrival
  | { kind: 'answer' | 'limit' | 'fail' | 'hang-up'; pick: number }
  | { kind: 'wait'; ms: number };

const arrivals: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('arrive' as const),
  session: fc.constantFrom('s1', 's2', 's3', 's4', 's5'),
  isBob: fc.boolean(),
  isLong: fc.boolean(),
  isMarked: fc.boolean(),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: arrivals },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('answer', 'answer', 'answer', 'answer', 'limit', 'fail', 'hang-up'),
      pick: fc.nat(1_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
  },
);

const LONG = 'the parser returns a stale handle. '.repeat(300);

function bodyOf({ session, isLong, isMarked }: Arrival): string {
  const text = `${isLong ? LONG : 'short '} ${session}`;
  return JSON.stringify({
    model: 'sonnet',
    max_tokens: 10,
    system: [{ type: 'text', text, ...(isMarked && { cache_control: { type: 'ephemeral' } }) }],
    messages: [{ role: 'user', content: 'hi' }],
  });
}

/** A call that an account is working on. */
interface Work {
  account: Name;
  answer(response: Response): void;
}

/** Accounts that count what they work on, and clients that come and go. */
class Traffic {
  readonly bench: Bench;
  readonly #work: Work[] = [];
  readonly #clients = new Set<AbortController>();
  readonly #replies: Promise<number>[] = [];

  constructor(policy: RoutePolicy, { isReserving }: { isReserving: boolean }) {
    this.bench = createBench(
      ({ account, body, signal }) =>
        new Promise((resolve, reject) => {
          const name = NAMES.find((each) => each === account);
          assert.ok(name);
          const work: Work = {
            account: name,
            answer: (response) => {
              this.#work.splice(this.#work.indexOf(work), 1);
              resolve(response);
            },
          };
          this.#work.push(work);
          assert.ok(this.inFlight(name) <= SLOTS[name], `${name} has ${this.inFlight(name)} requests`);
          signal.addEventListener('abort', () => {
            const index = this.#work.indexOf(work);
            if (index !== -1) this.#work.splice(index, 1);
            reject(new Error(`aborted after ${body.length} bytes`));
          });
        }),
      {
        accounts: NAMES.map((name) => ({ name, maxConcurrent: SLOTS[name] })),
        settings: {
          routing: { ...DEFAULT_SETTINGS.routing, policy },
          reservation: { ...DEFAULT_SETTINGS.reservation, enabled: isReserving, probeReservation: 0.5 },
        },
      },
    );
  }

  get openReplies(): number {
    return this.#clients.size;
  }

  get waiting(): number {
    return this.bench.parts.routing.line.size;
  }

  inFlight(name: Name): number {
    return this.#work.filter(({ account }) => account === name).length;
  }

  /** Free slots of the account that nothing but a rest keeps from being used. */
  room(name: Name): number {
    const { parts } = this.bench;
    const candidate = parts
      .catalog()
      .candidates('m1', 'anthropic-messages')
      .find(({ account }) => account.id === name);
    assert.ok(candidate);
    const { state } = parts.health.condition(candidate.account, candidate);
    return state === 'available' ? parts.slots.room(candidate.account) : 0;
  }

  async take(step: Step): Promise<void> {
    const { clock } = this.bench;
    switch (step.kind) {
      case 'arrive':
        this.#arrive(step);
        return clock.advance(0);
      case 'wait':
        return clock.advance(step.ms);
      case 'hang-up':
        pick([...this.#clients], step.pick)?.abort();
        return clock.advance(0);
      case 'limit': {
        const restS = 1 + (step.pick % (MAX_REST_MS / 1000));
        const limited = anthropicError(429, 'rate_limit_error', { 'retry-after': String(restS) });
        pick(this.#work, step.pick)?.answer(limited);
        return clock.advance(0);
      }
      case 'fail':
        pick(this.#work, step.pick)?.answer(anthropicError(400, 'invalid_request_error'));
        return clock.advance(0);
      case 'answer':
        pick(this.#work, step.pick)?.answer(message({ input_tokens: 10, output_tokens: 2 }));
        return clock.advance(0);
      default:
        return step satisfies never;
    }
  }

  /** Everything is answered until nothing is left; fails when that takes longer than anybody may wait. */
  async finish(): Promise<void> {
    for (let ms = 0; this.#clients.size > 0; ms += LOOK_EVERY_MS) {
      assert.ok(ms <= MAX_WAIT_MS + LOOK_EVERY_MS, `${this.#clients.size} requests have no end`);
      while (this.#work.length > 0) await this.take({ kind: 'answer', pick: 0 });
      await this.bench.clock.advance(LOOK_EVERY_MS);
    }
    const statuses = await Promise.all(this.#replies);
    assert.equal(this.bench.rows.length, statuses.length);
    assert.deepEqual(this.bench.faults, []);
    for (const { queueMs } of this.bench.rows)
      assert.ok(queueMs <= MAX_WAIT_MS + ROUND_MS, `waited ${queueMs} ms`);
    for (const status of statuses) assert.ok([200, 400, 429, 499].includes(status), `status ${status}`);
  }

  #arrive(arrival: Arrival): void {
    const client = new AbortController();
    this.#clients.add(client);
    const { session, isBob } = arrival;
    const key = isBob ? BOB_KEY : ADA_KEY;
    const reply = this.bench
      .open({ body: bodyOf(arrival), session, key, signal: client.signal })
      .then(async (response) => {
        await response.text().catch(() => '');
        return response.status;
      })
      .finally(() => this.#clients.delete(client));
    this.#replies.push(reply);
  }
}

function pick<Item>(items: readonly Item[], number: number): Item | undefined {
  return items[number % items.length];
}

gatewayTest('handleExchange() ends every request with one row, whatever comes between', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ROUTE_POLICIES),
      fc.boolean(),
      fc.array(steps, { maxLength: 60, size: 'max' }),
      async (policy, isReserving, taken) => {
        const traffic = new Traffic(policy, { isReserving });
        for (const step of taken) await traffic.take(step);
        await traffic.finish();
      },
    ),
    { numRuns: 60, endOnFailure: true },
  );
});

const COSTLESS = ROUTE_POLICIES.filter((policy) => policy !== 'warm-cost');

gatewayTest('handleExchange() leaves no slot idle that one who waits could have', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...COSTLESS),
      fc.array(steps, { maxLength: 40, size: 'max' }),
      async (policy, taken) => {
        const traffic = new Traffic(policy, { isReserving: false });
        for (const step of taken) {
          await traffic.take(step);
          const roomy = NAMES.filter((name) => traffic.room(name) > 0);
          await traffic.bench.clock.advance(LOOK_EVERY_MS + ROUND_MS);
          const idle = traffic.waiting === 0 ? [] : roomy.filter((name) => traffic.room(name) > 0);
          assert.deepEqual(idle, [], `${traffic.waiting} wait`);
        }
        await traffic.finish();
      },
    ),
    { numRuns: 60, endOnFailure: true },
  );
});

gatewayTest('warm-cost leaves no slot idle that somebody waits for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40, size: 'max' }), async (taken) => {
      const traffic = new Traffic('warm-cost', { isReserving: false });
      for (const step of taken) {
        await traffic.take(step);
        const { line, claims } = traffic.bench.parts.routing;
        const isWanted = (name: Name) => line.count(name) > 0 && traffic.room(name) > 0;
        const wanted = NAMES.filter(isWanted);
        await traffic.bench.clock.advance(LOOK_EVERY_MS + ROUND_MS);
        // Who waits for a prefix that is being written waits beside free slots.
        if (claims.size === 0) assert.deepEqual(wanted.filter(isWanted), []);
      }
      await traffic.finish();
    }),
    { numRuns: 60, endOnFailure: true },
  );
});
