// The waiting line under random traffic, next to a plain list of who waits where: nobody is forgotten, no slot is given twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Place, WaitingLine, type WakeReason } from '../../server/routing/waiting-line.ts';
import { ManualClock } from '../manual-clock.ts';

const ACCOUNTS = ['a', 'b'] as const;
const SLOTS = 2;
/** Rounds of looks are at least so far apart. */
const ROUND_MS = 10;
const RECHECK_MS = 500;
const MAX_PATIENCE_MS = 5_000;

interface Request {
  accountId: string;
  /** It may not take the last slot of an account. */
  isCold: boolean;
  /** When it finds no slot it moves on to the next account. */
  isRestless: boolean;
  /** Its attempt fails at once: the slot is given back inside the wake. */
  fails: boolean;
  patienceMs: number;
  heldMs: number;
}

type Step =
  | { kind: 'arrive'; request: Request }
  | { kind: 'finish' | 'hang-up' | 'tell'; pick: number }
  | { kind: 'wait'; ms: number };

const requests: fc.Arbitrary<Request> = fc.record({
  accountId: fc.constantFrom(...ACCOUNTS),
  isCold: fc.boolean(),
  isRestless: fc.boolean(),
  fails: fc.integer({ min: 0, max: 3 }).map((draw) => draw === 0),
  patienceMs: fc.oneof(fc.integer({ min: 0, max: MAX_PATIENCE_MS }), fc.constant(MAX_PATIENCE_MS)),
  heldMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_500 })),
});

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('arrive' as const), request: requests }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('finish' as const, 'finish' as const, 'hang-up' as const, 'tell' as const),
      pick: fc.nat(1_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
  },
);

interface Visit {
  request: Request;
  place: Place | null;
  order: number;
  /** As the plain list has it; null = does not wait. */
  accountId: string | null;
  notBeforeMs: number;
  untilMs: number;
  lookedAtMs: number;
  end: 'served' | 'gave up' | 'hung up' | null;
}

/** Accounts with slots, and clients that decide as the gateway does: a free slot beyond those for earlier waiters is theirs. */
class World {
  readonly clock = new ManualClock();
  readonly line = new WaitingLine({ clock: this.clock });
  readonly visits: Visit[] = [];
  readonly inUse = new Map<string, number>(ACCOUNTS.map((id) => [id, 0]));
  /** Accounts of requests that are being answered. */
  readonly running: string[] = [];
  #isWaking = false;

  free(accountId: string): number {
    return SLOTS - (this.inUse.get(accountId) ?? 0);
  }

  couldGo(visit: Visit, accountId: string): boolean {
    const kept = visit.request.isCold ? 1 : 0;
    return this.free(accountId) - kept > this.listedBefore(visit, accountId, this.clock.monotonicMs());
  }

  listedBefore(visit: Visit, accountId: string, atMs: number): number {
    return this.visits.filter(
      (other) => other.accountId === accountId && other.order < visit.order && other.notBeforeMs <= atMs,
    ).length;
  }

  arrive(request: Request): void {
    const nowMs = this.clock.monotonicMs();
    const visit: Visit = {
      request,
      place: null,
      order: this.visits.length,
      accountId: null,
      notBeforeMs: 0,
      untilMs: nowMs + request.patienceMs,
      lookedAtMs: nowMs,
      end: null,
    };
    this.visits.push(visit);
    if (request.heldMs === 0 && this.couldGo(visit, request.accountId)) {
      this.#take(visit, request.accountId);
      return;
    }
    visit.accountId = request.accountId;
    visit.notBeforeMs = request.heldMs > 0 ? nowMs + request.heldMs : 0;
    visit.place = this.line.join(request.accountId, {
      untilMs: visit.untilMs,
      notBeforeMs: visit.notBeforeMs,
      onWake: (reason) => this.#wake(visit, reason),
    });
    assert.ok(visit.place);
  }

  finish(pick: number): void {
    const [accountId] = this.running.splice(pick % Math.max(1, this.running.length), 1);
    if (accountId !== undefined) this.#giveBack(accountId);
  }

  hangUp(pick: number): void {
    const visit = this.#waiting(pick);
    if (!visit) return;
    visit.accountId = null;
    visit.end = 'hung up';
    visit.place?.leave();
  }

  tell(pick: number): void {
    const visit = this.#waiting(pick);
    if (!visit) return;
    visit.notBeforeMs = 0;
    visit.lookedAtMs = this.clock.monotonicMs();
    visit.place?.lookSoon();
  }

  /** What must hold between any two steps. */
  check(): void {
    const nowMs = this.clock.monotonicMs();
    const waiting = this.visits.filter(({ accountId }) => accountId !== null);
    assert.equal(this.line.size, waiting.length);
    assert.equal(this.clock.pendingTimers, waiting.length > 0 ? 1 : 0);
    for (const accountId of ACCOUNTS) {
      const listed = waiting.filter((visit) => visit.accountId === accountId);
      assert.equal(this.line.count(accountId), listed.length);
      assert.equal(this.line.before(null, accountId, nowMs + 800), going(listed, nowMs + 800));
    }
    for (const visit of waiting) {
      assert.equal(visit.place?.accountId, visit.accountId);
      assert.ok(nowMs - visit.lookedAtMs <= RECHECK_MS + ROUND_MS, 'looks again every so often');
      assert.ok(nowMs - visit.untilMs <= ROUND_MS, 'hears of the end of its patience');
      for (const accountId of ACCOUNTS) {
        assert.equal(this.line.before(visit.place, accountId), this.listedBefore(visit, accountId, nowMs));
      }
      // Whose time came just now, or who was told just now, looks in the next round.
      const isAboutToLook = nowMs - Math.max(visit.notBeforeMs, visit.lookedAtMs) <= ROUND_MS;
      if (visit.notBeforeMs > nowMs || isAboutToLook) continue;
      assert.ok(!this.couldGo(visit, visit.accountId ?? ''), `${visit.order} waits beside a free slot`);
    }
  }

  #waiting(pick: number): Visit | undefined {
    const waiting = this.visits.filter(({ accountId }) => accountId !== null);
    return waiting[pick % Math.max(1, waiting.length)];
  }

  #wake(visit: Visit, reason: WakeReason): void {
    assert.ok(!this.#isWaking, 'one wake at a time');
    assert.equal(visit.end, null);
    const nowMs = this.clock.monotonicMs();
    assert.equal(reason === 'patience', nowMs >= visit.untilMs && reason !== 'freed');
    if (reason === 'freed') assert.ok(visit.notBeforeMs <= nowMs, 'who is held is passed over');
    visit.lookedAtMs = nowMs;
    this.#isWaking = true;
    this.#decide(visit, reason);
    this.#isWaking = false;
  }

  #decide(visit: Visit, reason: WakeReason): void {
    const { accountId, place } = visit;
    assert.ok(accountId !== null && place, 'woken, so it waits');
    // Nothing was learned of what it is held for.
    const isHeld = visit.notBeforeMs > this.clock.monotonicMs();
    const next = visit.request.isRestless ? otherThan(accountId) : accountId;
    const found = [accountId, next].find((id) => this.couldGo(visit, id));
    if (!isHeld && found !== undefined) {
      this.#take(visit, found);
    } else if (reason === 'patience') {
      visit.accountId = null;
      visit.end = 'gave up';
      place.leave();
    } else if (!isHeld && next !== accountId) {
      visit.accountId = next;
      place.moveTo(next);
    }
  }

  #take(visit: Visit, accountId: string): void {
    assert.ok(this.free(accountId) > 0, 'a slot is given once');
    this.inUse.set(accountId, (this.inUse.get(accountId) ?? 0) + 1);
    visit.accountId = null;
    visit.end = 'served';
    visit.place?.served(accountId);
    if (visit.request.fails) this.#giveBack(accountId);
    else this.running.push(accountId);
  }

  #giveBack(accountId: string): void {
    this.inUse.set(accountId, (this.inUse.get(accountId) ?? 0) - 1);
    this.line.freed(accountId, () => this.free(accountId));
  }
}

function otherThan(accountId: string): string {
  return ACCOUNTS.find((id) => id !== accountId) ?? accountId;
}

function going(visits: readonly Visit[], atMs: number): number {
  return visits.filter(({ notBeforeMs }) => notBeforeMs <= atMs).length;
}

async function run(world: World, step: Step): Promise<void> {
  if (step.kind === 'arrive') world.arrive(step.request);
  else if (step.kind === 'wait') await world.clock.advance(step.ms);
  else if (step.kind === 'finish') world.finish(step.pick);
  else if (step.kind === 'hang-up') world.hangUp(step.pick);
  else world.tell(step.pick);
}

test('WaitingLine forgets nobody, gives no slot twice and keeps count under random traffic', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 80, size: 'max' }), async (traffic) => {
      const world = new World();
      for (const step of traffic) {
        await run(world, step);
        world.check();
      }
      await world.clock.advance(MAX_PATIENCE_MS + ROUND_MS);
      assert.equal(world.line.size, 0);
      assert.equal(world.clock.pendingTimers, 0);
      assert.ok(world.visits.every(({ end }) => end !== null));
    }),
    { numRuns: 150 },
  );
});

test('WaitingLine serves all who want the same of one account in order of arrival', async () => {
  const arrivals = fc.array(
    fc.record({ patienceMs: fc.integer({ min: 0, max: 20_000 }), gapMs: fc.nat(300) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 700 }), async (list, serviceMs) => {
      const clock = new ManualClock();
      const line = new WaitingLine({ clock });
      const served: number[] = [];
      let isFree = true;
      let isOver = 0;
      const take = (index: number) => {
        assert.ok(isFree);
        isFree = false;
        served.push(index);
        isOver += 1;
        clock.setTimer(() => {
          isFree = true;
          line.freed('a', () => Number(isFree));
        }, serviceMs);
      };
      for (const [index, { patienceMs, gapMs }] of list.entries()) {
        await clock.advance(gapMs);
        if (isFree && line.before(null, 'a') === 0) {
          take(index);
          continue;
        }
        const place = line.join('a', {
          untilMs: clock.monotonicMs() + patienceMs,
          onWake: (reason) => {
            if (isFree && line.before(place, 'a') === 0) {
              place?.served('a');
              take(index);
            } else if (reason === 'patience') {
              place?.leave();
              isOver += 1;
            }
          },
        });
      }
      await clock.advance(21_000);
      assert.equal(isOver, list.length);
      assert.deepEqual(
        served,
        served.toSorted((a, b) => a - b),
      );
      assert.equal(clock.pendingTimers, 0);
    }),
    { numRuns: 60 },
  );
});
