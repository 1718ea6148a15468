// The replay's clock: when it stands still, when it leaps, and in which order timers fire.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventClock } from './replay/event-clock.ts';
import { TimerHeap } from './replay/timer-heap.ts';

test('TimerHeap gives timers in order of time, equal ones as they were set, cancelled ones never', () => {
  const heap = new TimerHeap();
  const fired: string[] = [];
  const add = (name: string, dueMs: number) => heap.add(dueMs, () => void fired.push(name));
  add('c', 30);
  add('a', 10);
  const cancel = add('cancelled', 20);
  add('b', 10);
  add('later', 90);
  cancel();
  for (let timer = heap.takeDue(50); timer; timer = heap.takeDue(50)) timer.fire();
  assert.deepEqual(fired, ['a', 'b', 'c']);
  assert.equal(heap.nextDueMs(), 90);
});

/** Rounds of the event loop, so short that none of them is silence. */
function rounds(clock: EventClock, count: number): void {
  for (let round = 0; round < count; round++) clock.round(0);
}

test('EventClock leaps to the next timer once nothing is on its way, and no further', () => {
  const clock = new EventClock({ startMs: 0, stepMs: 0 });
  const fired: number[] = [];
  for (const delayMs of [5_000, 900]) clock.setTimer(() => void fired.push(clock.nowMs()), delayMs);
  rounds(clock, 3);
  assert.deepEqual(fired, [900]);
  clock.depart('request');
  rounds(clock, 50);
  assert.deepEqual(fired, [900], 'time stands still for a message');
  clock.arrive('request');
  rounds(clock, 3);
  assert.deepEqual(fired, [900, 5_000]);
});

test('EventClock goes on without what is held back for longer than its patience', () => {
  const clock = new EventClock({ startMs: 0, stepMs: 0, patienceMs: 1 });
  clock.setTimer(() => undefined, 700);
  clock.depart('request');
  // A long pause of the process counts as a round of 0.2 ms.
  for (let round = 1; round <= 4; round++) clock.round(round * 500);
  assert.equal(clock.nowMs(), 0);
  for (let round = 5; round <= 8; round++) clock.round(round * 500);
  assert.equal(clock.nowMs(), 700);
  assert.equal(clock.heldBack, 1);
});

test('EventClock fires timers of one step at their own times', () => {
  const clock = new EventClock({ startMs: 0, stepMs: 10 });
  const fired: number[] = [];
  for (const delayMs of [100, 108, 111]) clock.setTimer(() => void fired.push(clock.nowMs()), delayMs);
  rounds(clock, 3);
  assert.deepEqual(fired, [100, 108]);
});
