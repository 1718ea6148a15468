// What the warmth ledger keeps over a restart, through SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import { WarmthLedger } from '../../server/routing/ledger.ts';
import type { WarmthChanges, WarmthRow, WarmthStore } from '../../server/routing/warmth-store.ts';
import type { ManualClock } from '../manual-clock.ts';
import { cutsOf, marked, sent, space, usageOf } from '../routing/sent-prompts.ts';
import { withStorage } from './scratch.ts';

const FIVE_MINUTES_MS = 300_000;

function serve(ledger: WarmthLedger, prompt: ReturnType<typeof sent>): void {
  const atMs = ledger.nowMs();
  const input = prompt.cuts.length;
  const usage = usageOf({ input, read: 0, write: input, oneHour: prompt.asksFor === '1h' ? input : 0 });
  ledger.touch(prompt, atMs);
  ledger.learn({ sent: prompt, atMs, believed: null, predictedTokens: 0, usage });
}

async function restarted(store: WarmthStore, clock: ManualClock): Promise<WarmthLedger> {
  const ledger = new WarmthLedger({ clock });
  ledger.restore(await store.load(clock.nowMs()));
  return ledger;
}

function warmCut(ledger: WarmthLedger, letters: string, domain = 'a1', scope = 'key-1'): number {
  return ledger.find(marked(letters), { scope, spaces: [space(domain).key] })[0]?.cut ?? -2;
}

/** A store that keeps what it is told, and fails when it is told to. */
class NotedStore implements WarmthStore {
  readonly saved: WarmthChanges[] = [];
  fails = false;

  async load(): Promise<WarmthRow[]> {
    return [];
  }

  async save(changes: WarmthChanges): Promise<void> {
    if (this.fails) throw new Error('Cannot save: disk full');
    this.saved.push(changes);
  }
}

test('WarmthLedger finds the same warmth after a restart, until it ends', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    serve(ledger, sent(cutsOf('abcdefgh', { marks: { 1: '5m', 7: '5m' } })));
    serve(ledger, sent(marked('xyz', '1h'), { asksFor: '1h', requestId: 'r2', space: space('a2') }));
    await ledger.save(warmth);
    await clock.advance(60_000);
    const later = await restarted(warmth, clock);
    const before = ledger.find(marked('abcdefgh'), { scope: 'key-1', spaces: [space('a1').key] });
    const after = later.find(marked('abcdefgh'), { scope: 'key-1', spaces: [space('a1').key] });
    assert.deepEqual(after, before);
    assert.equal(after[0]?.reachTokens, 2_000);
    assert.equal(warmCut(later, 'abX'), 1);
    assert.equal(warmCut(later, 'abcdefgh', 'a1', 'key-2'), -1);
    assert.deepEqual(later.parentOf(marked('xyzw'), 'key-1'), { requestId: 'r2', bytes: 3_000 });
    await clock.advance(FIVE_MINUTES_MS - 60_000 - 1);
    assert.equal(warmCut(later, 'abcdefgh'), 7);
    await clock.advance(1);
    assert.deepEqual([warmCut(later, 'abcdefgh'), warmCut(later, 'xyz', 'a2')], [-1, 2]);
    const last = await restarted(warmth, clock);
    assert.deepEqual([last.size, warmCut(last, 'xyz', 'a2')], [3, 2]);
  }));

test('WarmthLedger.save keeps neither prompts of callers without a key nor what usage has not shown', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    serve(ledger, sent(marked('abcd'), { isKept: false }));
    ledger.touch(sent(marked('xyz')), ledger.nowMs());
    await ledger.save(warmth);
    assert.deepEqual(await warmth.load(0), []);
  }));

test('WarmthLedger.save keeps the ends of parts, marks and the last four blocks', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    const cuts = cutsOf('abcdefghijklmnop', { marks: { 8: '5m', 15: '5m' }, parts: 'ttss' });
    serve(ledger, sent(cuts));
    await ledger.save(warmth);
    const kept = (await warmth.load(0)).map(({ bytes }) => bytes / 1_000 - 1).toSorted((a, b) => a - b);
    assert.deepEqual(kept, [1, 3, 8, 12, 13, 14, 15]);
  }));

test('WarmthLedger.save deletes what was forgotten, and keeps what was learned after', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    serve(ledger, sent(marked('abcd')));
    serve(ledger, sent(marked('abcd'), { space: space('a2') }));
    await ledger.save(warmth);
    ledger.forget('a1');
    serve(ledger, sent(marked('ab')));
    await ledger.save(warmth);
    const later = await restarted(warmth, clock);
    assert.deepEqual([warmCut(later, 'abcd'), warmCut(later, 'abcd', 'a2')], [1, 3]);
  }));

test('WarmthLedger.save deletes a row whose prefix turned out not to be cached', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    const prompt = sent(marked('abcd'));
    serve(ledger, prompt);
    await ledger.save(warmth);
    const [believed = null] = ledger.find(prompt.cuts, { scope: 'key-1', spaces: [prompt.space.key] });
    ledger.learn({
      sent: prompt,
      atMs: ledger.nowMs(),
      believed,
      predictedTokens: 1_000,
      usage: usageOf({ input: 4, read: 0, write: 0 }),
    });
    await ledger.save(warmth);
    assert.deepEqual(await warmth.load(0), []);
  }));

test('WarmthLedger.save converts times to the wall clock of the moment', () =>
  withStorage(async ({ warmth }, clock) => {
    const ledger = new WarmthLedger({ clock });
    serve(ledger, sent(marked('abcd')));
    clock.stepWall(7_000);
    await ledger.save(warmth);
    const rows = await warmth.load(0);
    assert.equal(rows[0]?.untilMs, clock.nowMs() + FIVE_MINUTES_MS);
    const later = await restarted(warmth, clock);
    await clock.advance(FIVE_MINUTES_MS - 1);
    assert.equal(warmCut(later, 'abcd'), 3);
    await clock.advance(1);
    assert.equal(warmCut(later, 'abcd'), -1);
  }));

test('WarmthLedger.save writes nothing twice, and again after a failure', async () => {
  await withStorage(async (_, clock) => {
    const store = new NotedStore();
    const ledger = new WarmthLedger({ clock });
    await ledger.save(store);
    assert.equal(store.saved.length, 0);
    serve(ledger, sent(marked('abcd')));
    store.fails = true;
    await assert.rejects(ledger.save(store), /disk full/);
    store.fails = false;
    await ledger.save(store);
    await ledger.save(store);
    assert.deepEqual(
      store.saved.map(({ put }) => put.length),
      [4],
    );
    await clock.advance(30_000);
    serve(ledger, sent(marked('abcd')));
    await ledger.save(store);
    assert.equal(store.saved.length, 1);
    await clock.advance(31_000);
    serve(ledger, sent(marked('abcd')));
    await ledger.save(store);
    assert.equal(store.saved[1]?.put.length, 4);
  });
});

test('WarmthLedger.save writes at most 2,000 rows at once, the newest first', async () => {
  await withStorage(async (_, clock) => {
    const store = new NotedStore();
    const ledger = new WarmthLedger({ clock });
    for (let request = 0; request < 600; request++)
      serve(ledger, sent(marked(`${String.fromCharCode(1_000 + request)}bcd`), { requestId: `r${request}` }));
    await ledger.save(store);
    await ledger.save(store);
    assert.deepEqual(
      store.saved.map(({ put }) => put.length),
      [2_000, 400],
    );
    const first = new Set(store.saved[0]?.put.map(({ requestId }) => requestId));
    assert.deepEqual([first.has('r599'), first.has('r100'), first.has('r99')], [true, true, false]);
  });
});

test('WarmthLedger.saveAll writes everything, however much it is', async () => {
  await withStorage(async (_, clock) => {
    const store = new NotedStore();
    const ledger = new WarmthLedger({ clock });
    for (let request = 0; request < 1_100; request++)
      serve(ledger, sent(marked(`${String.fromCharCode(1_000 + request)}bcd`)));
    await ledger.saveAll(store);
    assert.deepEqual(
      store.saved.map(({ put }) => put.length),
      [2_000, 2_000, 400],
    );
    await ledger.saveAll(store);
    assert.equal(store.saved.length, 3);
  });
});
