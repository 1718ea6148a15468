// The tests' own clock: a wrong one would make every other test lie.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../manual-clock.ts';

test('ManualClock.advance() fires timers in order of their time, each at its own', async () => {
  const clock = new ManualClock(1000);
  const fired: string[] = [];
  const set = (name: string, delayMs: number) =>
    clock.setTimer(() => fired.push(`${name}@${clock.nowMs()}`), delayMs);
  set('c', 30);
  set('a', 10);
  set('b1', 20);
  set('b2', 20);
  set('late', 31);
  await clock.advance(30);
  assert.deepEqual(fired, ['a@1010', 'b1@1020', 'b2@1020', 'c@1030']);
  assert.equal(clock.nowMs(), 1030);
  assert.equal(clock.pendingTimers, 1);
});

test('ManualClock.advance() fires a timer that is set on the way', async () => {
  const clock = new ManualClock(0);
  let firedAtMs = -1;
  clock.setTimer(async () => {
    await Promise.resolve();
    clock.setTimer(() => {
      firedAtMs = clock.nowMs();
    }, 5);
  }, 10);
  await clock.advance(15);
  assert.equal(firedAtMs, 15);
});

test('ManualClock.setTimer() returns a function that cancels it', async () => {
  const clock = new ManualClock();
  let isFired = false;
  const cancel = clock.setTimer(() => {
    isFired = true;
  }, 10);
  cancel();
  cancel();
  await clock.advance(20);
  assert.equal(isFired, false);
});

test('ManualClock.advance() lets streams move between timers', async () => {
  const clock = new ManualClock();
  const stream = new ReadableStream<string>({
    async pull(controller) {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 10));
      controller.enqueue('x');
    },
  });
  let seen = 0;
  const reader = stream.getReader();
  const read = async (): Promise<void> => {
    while (!(await reader.read()).done) seen += 1;
  };
  const reading = read();
  await clock.advance(100);
  assert.equal(seen, 10);
  await reader.cancel();
  await reading;
});
