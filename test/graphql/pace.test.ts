// Events are thinned out to at most one in a while, and the last one is never lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import { changesOf, spacedOut } from '../../server/graphql/pace.ts';
import { ManualClock } from '../manual-clock.ts';

function open() {
  const clock = new ManualClock();
  const stop = new AbortController();
  return { clock, stop, pace: { clock, periodMs: 1000, signal: stop.signal } };
}

/** What a stream has given so far. */
function collect<Value>(stream: AsyncIterable<Value>) {
  const given: Value[] = [];
  const done = (async () => {
    for await (const value of stream) given.push(value);
  })();
  return { given, done };
}

test('changesOf looks once per period and gives what is new', async () => {
  const { clock, stop, pace } = open();
  let value = { n: 1 };
  let looks = 0;
  const read = async () => {
    looks += 1;
    return value;
  };
  const { given, done } = collect(changesOf(read, pace));
  await clock.advance(2500);
  value = { n: 2 };
  await clock.advance(400);
  assert.deepEqual(given, [{ n: 1 }]);
  await clock.advance(100);
  value = { n: 2 };
  await clock.advance(5000);
  assert.deepEqual(given, [{ n: 1 }, { n: 2 }]);
  assert.equal(looks, 9);
  stop.abort();
  await done;
  assert.equal(clock.pendingTimers, 0);
});

test('spacedOut gives the first event of a key at once and merges the rest', async () => {
  const { clock, stop, pace } = open();
  let push: (key: string) => void = () => undefined;
  const source = async function* () {
    const queue: string[] = [];
    let wake: () => void = () => undefined;
    push = (key) => {
      queue.push(key);
      wake();
    };
    stop.signal.addEventListener('abort', () => wake());
    while (!stop.signal.aborted) {
      const key = queue.shift();
      if (key !== undefined) yield key;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  };
  const { given, done } = collect(spacedOut(source(), { keyOf: (key) => key, ...pace }));
  await clock.advance(0);
  for (let n = 0; n < 10; n += 1) push('a');
  await clock.advance(0);
  assert.deepEqual(given, ['a']);
  push('b');
  await clock.advance(500);
  assert.deepEqual(given, ['a', 'b']);
  push('b');
  await clock.advance(500);
  assert.deepEqual(given, ['a', 'b', 'a', 'b']);
  await clock.advance(10_000);
  assert.deepEqual(given, ['a', 'b', 'a', 'b']);
  push('a');
  await clock.advance(0);
  assert.deepEqual(given, ['a', 'b', 'a', 'b', 'a']);
  stop.abort();
  await done;
  assert.equal(clock.pendingTimers, 0);
});

test('spacedOut fails with its source', async () => {
  const { clock, pace } = open();
  const failing = async function* () {
    yield 'a';
    yield 'a';
    throw new Error('fell behind');
  };
  const { done } = collect(spacedOut(failing(), { keyOf: (key) => key, ...pace }));
  await assert.rejects(done, /fell behind/);
  assert.equal(clock.pendingTimers, 0);
});
