// Pins find the account that gave out an id, for its tenant only, for a bounded time and number.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Pin, type PinStore, Pins } from '../../server/gateway/pins.ts';
import { SteppedClock } from './stepped-clock.ts';

const DAY_MS = 24 * 3600_000;

class MemoryStore implements PinStore {
  readonly pins = new Map<string, Pin>();
  saves = 0;
  isBroken = false;

  async load(nowMs: number): Promise<Pin[]> {
    return [...this.pins.values()].filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  async save(changes: { put: readonly Pin[]; delete: readonly string[] }): Promise<void> {
    this.saves += 1;
    if (this.isBroken) throw new Error('disk full');
    for (const pin of changes.put) this.pins.set(pin.hash, pin);
    for (const hash of changes.delete) this.pins.delete(hash);
  }
}

function bench(max?: number) {
  const clock = new SteppedClock();
  const store = new MemoryStore();
  const pins = new Pins(clock, max === undefined ? {} : { max });
  return { clock, store, pins };
}

test('Pins finds a value for the tenant it was given to and nobody else', () => {
  const { pins } = bench();
  pins.remember('key:1', 'resp_1', 'a');
  assert.equal(pins.find('key:1', 'resp_1'), 'a');
  assert.equal(pins.find('key:2', 'resp_1'), null);
  assert.equal(pins.find('key:1', 'resp_2'), null);
  assert.equal(pins.find('key:', '1resp_1'), null);
});

test('Pins takes the account that gave out a value last', () => {
  const { pins } = bench();
  pins.remember('t', 'v', 'a');
  pins.remember('t', 'v', 'b');
  assert.deepEqual([pins.find('t', 'v'), pins.size], ['b', 1]);
});

test('Pins forgets after 30 days, whatever the wall clock does', async () => {
  const { clock, pins } = bench();
  pins.remember('t', 'v', 'a');
  clock.stepWall(400 * DAY_MS);
  assert.equal(pins.find('t', 'v'), 'a');
  await clock.advance(30 * DAY_MS - 1);
  assert.equal(pins.find('t', 'v'), 'a');
  await clock.advance(1);
  assert.deepEqual([pins.find('t', 'v'), pins.size], [null, 0]);
});

test('Pins makes room by forgetting what was unused longest', () => {
  const { pins } = bench(2);
  pins.remember('t', '1', 'a');
  pins.remember('t', '2', 'a');
  pins.find('t', '1');
  pins.remember('t', '3', 'a');
  assert.deepEqual([pins.find('t', '1'), pins.find('t', '2'), pins.find('t', '3')], ['a', null, 'a']);
});

test('Pins saves what changed and comes back after a restart without the values', async () => {
  const { clock, store, pins } = bench();
  pins.remember('tenant', 'secret-value', 'a');
  await pins.save(store);
  await pins.save(store);
  assert.equal(store.saves, 1);
  const [pin] = await store.load(clock.nowMs());
  assert.match(pin?.hash ?? '', /^[0-9a-f]{32}$/);
  assert.deepEqual(pin, { hash: pin?.hash, accountId: 'a', expiresAtMs: clock.nowMs() + 30 * DAY_MS });

  const later = new Pins(clock);
  later.restore(await store.load(clock.nowMs()));
  assert.equal(later.find('tenant', 'secret-value'), 'a');
  await later.save(store);
  assert.equal(store.saves, 1);
  await clock.advance(30 * DAY_MS);
  assert.equal(later.find('tenant', 'secret-value'), null);
});

test('Pins.restore() believes no lifetime beyond its own and keeps the longest-lived when there are too many', async () => {
  const { clock, store, pins } = bench(1);
  for (const [value, accountId] of [
    ['old', 'a'],
    ['new', 'b'],
  ] as const) {
    const source = new Pins(clock);
    source.remember('t', value, accountId);
    await source.save(store);
    await clock.advance(1_000);
  }
  const saved = (await store.load(clock.nowMs())).map((pin) => ({
    ...pin,
    expiresAtMs: pin.expiresAtMs + 99 * DAY_MS,
  }));
  pins.restore(saved);
  assert.deepEqual([pins.find('t', 'old'), pins.find('t', 'new')], [null, 'b']);
  await pins.save(store);
  assert.equal(store.pins.size, 1);
  await clock.advance(30 * DAY_MS);
  assert.equal(pins.find('t', 'new'), null);
});

test('Pins deletes from the store what it forgot, and only what was stored', async () => {
  const { store, pins } = bench(1);
  pins.remember('t', '1', 'a');
  await pins.save(store);
  pins.remember('t', '2', 'a');
  pins.remember('t', '3', 'a');
  const deleted: string[] = [];
  await pins.save({
    load: (nowMs) => store.load(nowMs),
    save: async (changes) => {
      deleted.push(...changes.delete);
      assert.equal(changes.put.length, 1);
    },
  });
  assert.deepEqual(deleted, [...store.pins.keys()]);
});

test('Pins writes a value seen again once a day', async () => {
  const { clock, store, pins } = bench();
  pins.remember('t', 'v', 'a');
  await pins.save(store);
  await clock.advance(DAY_MS - 1);
  pins.remember('t', 'v', 'a');
  await pins.save(store);
  assert.equal(store.saves, 1);
  await clock.advance(1);
  pins.remember('t', 'v', 'a');
  await pins.save(store);
  assert.equal(store.saves, 2);
  await clock.advance(30 * DAY_MS - 1);
  assert.equal(pins.find('t', 'v'), 'a');
});

test('Pins.save() tries again what could not be saved', async () => {
  const { store, pins } = bench();
  pins.remember('t', 'v', 'a');
  store.isBroken = true;
  await assert.rejects(pins.save(store), /disk full/);
  store.isBroken = false;
  await pins.save(store);
  assert.equal(store.pins.size, 1);
});
