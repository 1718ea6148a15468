// The line of requests that wait for accounts: whose turn it is, who is woken when, and what is left behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Booking, type Place, WaitingLine, type WakeReason } from '../../server/routing/waiting-line.ts';
import { ManualClock } from '../manual-clock.ts';

interface Bench {
  clock: ManualClock;
  line: WaitingLine;
  /** Gives back a slot of the account, or opens one. */
  free(accountId: string): void;
  /** Takes a free slot of the account. */
  takes(accountId: string): (place: Place) => void;
  /** Every wake as `name reason @ms since the start`. */
  woken: string[];
  /** Joins; `onWake` runs after the wake was noted. */
  join(
    name: string,
    accountId: string,
    options?: Partial<Booking> & { onWake?: (place: Place, reason: WakeReason) => void },
  ): Place;
}

function bench({ maxWaiters = 10_000 } = {}): Bench {
  const clock = new ManualClock();
  const startMs = clock.monotonicMs();
  const line = new WaitingLine({ clock, maxWaiters });
  const woken: string[] = [];
  const slots = new Map<string, number>();
  const room = (accountId: string) => slots.get(accountId) ?? 0;
  return {
    clock,
    line,
    woken,
    free(accountId) {
      slots.set(accountId, room(accountId) + 1);
      line.freed(accountId, () => room(accountId));
    },
    takes: (accountId) => (place) => {
      slots.set(accountId, room(accountId) - 1);
      place.served(accountId);
    },
    join(name, accountId, { onWake, ...booking } = {}) {
      const place = line.join(accountId, {
        untilMs: startMs + 25_000,
        ...booking,
        onWake: (reason) => {
          woken.push(`${name} ${reason} @${clock.monotonicMs() - startMs}`);
          if (place) onWake?.(place, reason);
        },
      });
      assert.ok(place);
      return place;
    },
  };
}

test('WaitingLine wakes the first of the account whose slot was freed, and nobody else once it is taken', () => {
  const { line, woken, join, free, takes } = bench();
  join('first', 'a', { onWake: takes('a') });
  join('second', 'a', { onWake: takes('a') });
  join('other', 'b', { onWake: takes('b') });
  free('a');
  assert.deepEqual(woken, ['first freed @0']);
  assert.deepEqual([line.count('a'), line.count('b'), line.size], [1, 1, 2]);
  free('a');
  free('a');
  assert.deepEqual(woken.slice(1), ['second freed @0']);
});

const PASSING: [what: string, onWake: (place: Place) => void][] = [
  ['leaves', (place) => place.leave()],
  ['moves to another line', (place) => place.moveTo('b')],
  ['takes a slot of another account', (place) => place.served('b')],
  ['is held', (place) => place.moveTo('a', { notBeforeMs: Number.MAX_SAFE_INTEGER })],
];
for (const [what, onWake] of PASSING) {
  test(`WaitingLine passes a freed slot on when the one who is woken ${what}`, () => {
    const { woken, join, free, takes } = bench();
    join('first', 'a', { onWake });
    join('second', 'a', { onWake: takes('a') });
    join('third', 'a', { onWake: takes('a') });
    free('a');
    assert.deepEqual(woken, ['first freed @0', 'second freed @0']);
  });
}

test('WaitingLine asks as many who do not take it as slots are free, since the others are behind these', () => {
  const { line, woken, join, takes } = bench();
  join('first', 'a');
  join('second', 'a');
  join('third', 'a', { onWake: takes('a') });
  line.freed('a', () => 0);
  assert.deepEqual(woken, []);
  line.freed('a', () => 2);
  assert.deepEqual(woken, ['first freed @0', 'second freed @0']);
  line.freed('a', () => 3);
  assert.deepEqual(woken.slice(2), ['first freed @0', 'second freed @0', 'third freed @0']);
});

test('WaitingLine leaves out nobody when one further back leaves while the line is asked', () => {
  const { line, woken, join } = bench();
  join('first', 'a', { onWake: () => third.leave() });
  join('second', 'a');
  const third = join('third', 'a');
  join('fourth', 'a');
  line.freed('a', () => 4);
  assert.deepEqual(woken, ['first freed @0', 'second freed @0', 'fourth freed @0']);
});

test('Place.moveTo keeps the age: who moves stands before all that came later', () => {
  const { line, woken, join, free, takes } = bench();
  const oldest = join('oldest', 'a', { onWake: takes('b') });
  const middle = join('middle', 'b', { onWake: takes('b') });
  const youngest = join('youngest', 'b', { onWake: takes('b') });
  assert.equal(line.before(oldest, 'b'), 0);
  assert.equal(line.before(null, 'b'), 2);
  assert.equal(line.before(middle, 'a'), 1);
  oldest.moveTo('b');
  assert.equal(oldest.accountId, 'b');
  assert.deepEqual([line.count('a'), line.count('b')], [0, 3]);
  assert.deepEqual(
    [line.before(oldest, 'b'), line.before(middle, 'b'), line.before(youngest, 'b')],
    [0, 1, 2],
  );
  free('b');
  assert.deepEqual(woken, ['oldest freed @0']);
});

test('Place.leave wakes those who had to let it go first, and is idempotent like served', () => {
  const { line, woken, join, takes } = bench();
  const first = join('first', 'a');
  const second = join('second', 'a');
  join('third', 'a', { onWake: takes('a') });
  line.freed('a', () => 1);
  assert.deepEqual(woken.splice(0), ['first freed @0']);
  first.leave();
  assert.deepEqual(woken.splice(0), ['second freed @0']);
  first.leave();
  first.served('a');
  assert.deepEqual(woken, []);
  second.served('a');
  second.leave();
  assert.deepEqual(woken, []);
  assert.equal(line.size, 1);
  assert.equal(first.accountId, null);
});

test('Place.moveTo books again after leaving, by the old age, so that a refused request loses nothing', () => {
  const { line, join } = bench();
  const refused = join('refused', 'a');
  refused.served('a');
  const later = join('later', 'b');
  assert.equal(refused.moveTo('b'), true);
  assert.deepEqual([line.before(refused, 'b'), line.before(later, 'b')], [0, 1]);
});

test('Place.leave wakes those behind also of one that had been served there before', () => {
  const { woken, join, takes } = bench();
  const refused = join('refused', 'a');
  refused.served('a');
  refused.moveTo('a');
  join('next', 'a', { onWake: takes('a') });
  refused.leave();
  assert.deepEqual(woken, ['next freed @0']);
});

test('WaitingLine passes over who cannot go yet, lets those behind go first, and wakes it at its time', async () => {
  const { clock, line, woken, join, free, takes } = bench();
  const nowMs = clock.monotonicMs();
  const held = join('held', 'a', { notBeforeMs: nowMs + 300 });
  const next = join('next', 'a', { onWake: takes('a') });
  assert.equal(line.count('a'), 2);
  assert.equal(line.before(next, 'a'), 0);
  assert.equal(line.before(next, 'a', nowMs + 299), 0);
  assert.equal(line.before(next, 'a', nowMs + 300), 1);
  free('a');
  assert.deepEqual(woken.splice(0), ['next freed @0']);
  await clock.advance(300);
  assert.deepEqual(woken.splice(0), ['held recheck @300']);
  const last = join('last', 'a');
  free('a');
  assert.deepEqual(woken.splice(0), ['held freed @300']);
  assert.equal(line.before(last, 'a'), 1);
  held.moveTo('a', { notBeforeMs: clock.monotonicMs() + 300 });
  assert.equal(line.before(last, 'a'), 0);
  assert.deepEqual(woken, ['last freed @300']);
});

test('WaitingLine lets all look again every 500 ms, oldest first, with one timer', async () => {
  const { clock, line, woken, join } = bench();
  const places = ['x', 'y', 'z'].map((name) => join(name, name === 'y' ? 'b' : 'a'));
  assert.equal(clock.pendingTimers, 1);
  await clock.advance(1_100);
  const rounds = [500, 1_000].flatMap((atMs) => ['x', 'y', 'z'].map((name) => `${name} recheck @${atMs}`));
  assert.deepEqual(woken, rounds);
  assert.equal(clock.pendingTimers, 1);
  for (const place of places) place.leave();
  assert.equal(clock.pendingTimers, 0);
  assert.equal(line.size, 0);
});

test('WaitingLine tells of the end of patience when it comes, and again to who waits on', async () => {
  const { clock, woken, join } = bench();
  const nowMs = clock.monotonicMs();
  join('patient', 'a', { untilMs: nowMs + 700 });
  join('impatient', 'a', { untilMs: nowMs + 120, onWake: (place) => place.leave() });
  join('late', 'a', { untilMs: nowMs - 1, onWake: (place) => place.leave() });
  await clock.advance(1_200);
  assert.deepEqual(woken, [
    'late patience @0',
    'impatient patience @120',
    'patient recheck @500',
    'patient patience @700',
    'patient patience @1200',
  ]);
});

test('WaitingLine tells of the end of patience although a slot was offered just then', async () => {
  const { clock, line, woken, join } = bench();
  join('a', 'a', { untilMs: clock.monotonicMs() });
  line.freed('a', () => 1);
  await clock.advance(0);
  assert.deepEqual(woken, ['a freed @0', 'a patience @0']);
});

test('Place.moveTo can prolong the patience', async () => {
  const { clock, woken, join } = bench();
  const nowMs = clock.monotonicMs();
  join('a', 'a', {
    untilMs: nowMs + 100,
    onWake: (place) => place.moveTo('a', { untilMs: nowMs + 200 }),
  });
  await clock.advance(200);
  assert.deepEqual(woken, ['a patience @100', 'a patience @200']);
});

test('Place.lookSoon wakes all who were told, in order of arrival, whatever order they were told in', async () => {
  const { clock, line, woken, join } = bench();
  const untilMs = clock.monotonicMs() + 5_000;
  const places = ['1st', '2nd', '3rd'].map((name) => join(name, 'a', { notBeforeMs: untilMs }));
  for (const place of places.toReversed()) place.lookSoon();
  assert.equal(line.before(null, 'a'), 3);
  assert.deepEqual(woken, []);
  await clock.advance(0);
  assert.deepEqual(woken, ['1st recheck @0', '2nd recheck @0', '3rd recheck @0']);
});

test('WaitingLine.join refuses beyond the greatest number, and moving is no joining', () => {
  const { clock, line, join } = bench({ maxWaiters: 2 });
  const first = join('first', 'a');
  join('second', 'a');
  const untilMs = clock.monotonicMs() + 1_000;
  assert.equal(line.join('b', { untilMs, onWake: () => {} }), null);
  assert.equal(first.moveTo('b'), true);
  first.leave();
  join('third', 'b');
  assert.equal(first.moveTo('b'), false);
  assert.equal(line.size, 2);
});

test('WaitingLine never wakes one inside the wake of another, whatever that one does', async () => {
  const { clock, woken, join, free, takes } = bench();
  let depth = 0;
  const alone = (act: (place: Place) => void) => (place: Place) => {
    depth += 1;
    assert.equal(depth, 1);
    act(place);
    depth -= 1;
  };
  join('fails at once', 'a', {
    onWake: alone((place) => {
      takes('a')(place);
      free('a');
      free('b');
      join('joins meanwhile', 'a', { onWake: alone(takes('a')) });
    }),
  });
  join('next', 'a', { onWake: alone(takes('a')) });
  join('elsewhere', 'b', { onWake: alone(takes('b')) });
  free('a');
  assert.deepEqual(woken, ['fails at once freed @0', 'next freed @0', 'elsewhere freed @0']);
  await clock.advance(500);
  assert.deepEqual(woken.slice(3), ['joins meanwhile recheck @500']);
  assert.equal(clock.pendingTimers, 0);
});

test('WaitingLine goes on with the others after a wake that throws', async () => {
  const { clock, woken, join, free, takes } = bench();
  const broken = () => {
    throw new Error('broken');
  };
  const place = join('broken', 'a', { onWake: broken });
  join('next', 'a', { onWake: takes('a') });
  assert.throws(() => free('a'), /broken/);
  place.leave();
  await clock.advance(10);
  assert.deepEqual(woken, ['broken freed @0', 'next freed @0']);
  assert.equal(clock.pendingTimers, 0);
});

test('WaitingLine spreads the looks of a long line, and leaves nobody out', async () => {
  const { clock, line, woken, join } = bench();
  const count = 3_000;
  for (let index = 0; index < count; index += 1) join(String(index), 'a');
  line.freed('a', () => count);
  assert.ok(woken.length > 0 && woken.length <= 100, `${woken.length} at once`);
  await clock.advance(490);
  assert.equal(woken.length, count);
  const atOnce = new Map<string, number>();
  for (const wake of woken) {
    const at = wake.split('@')[1] ?? '';
    atOnce.set(at, (atOnce.get(at) ?? 0) + 1);
  }
  assert.ok(Math.max(...atOnce.values()) <= 200);
  assert.equal(new Set(woken.map((wake) => wake.split(' ')[0])).size, count);
});

test('leave() asks those behind also where no slot was freed yet: there may be several', () => {
  const { line, woken, join } = bench();
  join('first', 'a', { notBeforeMs: 1 });
  join('told', 'a');
  const cold = join('cold', 'a');
  join('last', 'a');
  cold.leave();
  assert.deepEqual(woken, ['last freed @0']);
  assert.equal(line.size, 3);
});
