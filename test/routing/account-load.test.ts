// What is learned of accounts by watching: load over time, service time, time to the first byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountLoads } from '../../server/routing/account-load.ts';
import { ManualClock } from '../manual-clock.ts';

const TAU_MS = 300_000;

function close(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual}, not ${expected}`,
  );
}

function bench(options: { maxAccounts?: number } = {}): { clock: ManualClock; loads: AccountLoads } {
  const clock = new ManualClock();
  return { clock, loads: new AccountLoads({ clock, ...options }) };
}

/** A request that held its slot for so long. */
async function served(
  { clock, loads }: ReturnType<typeof bench>,
  accountId: string,
  ms: number,
): Promise<void> {
  const end = loads.began(accountId);
  await clock.advance(ms);
  end();
}

test('AccountLoads.loadAverage follows the used share exponentially, and starts at none', async () => {
  const { clock, loads } = bench();
  assert.equal(loads.loadAverage('a', 4), 0);
  const ends = [loads.began('a'), loads.began('a')];
  assert.equal(loads.loadAverage('a', 4), 0);
  await clock.advance(TAU_MS);
  close(loads.loadAverage('a', 4), 0.5 * (1 - Math.exp(-1)));
  for (const end of ends) end();
  await clock.advance(TAU_MS);
  close(loads.loadAverage('a', 4), 0.5 * (1 - Math.exp(-1)) * Math.exp(-1));
  await clock.advance(100 * TAU_MS);
  close(loads.loadAverage('a', 4), 0);
});

test('AccountLoads.loadAverage does not depend on when it is asked, and is never beyond 0..1', async () => {
  const steps = fc.array(fc.record({ begins: fc.boolean(), waitMs: fc.nat(400_000) }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { clock, loads } = bench();
      const ends: (() => void)[] = [];
      let mean = 0;
      for (const { begins, waitMs } of list) {
        if (begins) ends.push(loads.began('a'));
        else ends.shift()?.();
        await clock.advance(Math.floor(waitMs / 2));
        const between = loads.loadAverage('a', 3);
        assert.ok(between >= 0 && between <= 1);
        await clock.advance(waitMs - Math.floor(waitMs / 2));
        mean = ends.length + (mean - ends.length) * Math.exp(-waitMs / TAU_MS);
        close(loads.loadAverage('a', 3), Math.min(1, mean / 3), 1e-6);
      }
    }),
    { numRuns: 50 },
  );
});

test('AccountLoads.loadAverage assumes 20 slots where no limit is known, or as many as were in use', async () => {
  const { clock, loads } = bench();
  loads.began('few');
  for (let index = 0; index < 40; index += 1) loads.began('many');
  await clock.advance(100 * TAU_MS);
  close(loads.loadAverage('few', null), 1 / 20);
  close(loads.loadAverage('many', null), 1);
});

test('AccountLoads.began counts each end once', async () => {
  const { clock, loads } = bench();
  const end = loads.began('a');
  loads.began('a');
  end();
  end();
  await clock.advance(100 * TAU_MS);
  close(loads.loadAverage('a', 2), 0.5);
});

test('AccountLoads.serviceMs assumes 10 s, and judges an account with few samples by all accounts', async () => {
  const table = bench();
  const { loads } = table;
  assert.equal(loads.serviceMs('a'), 10_000);
  for (let index = 0; index < 200; index += 1) await served(table, 'a', 2_000);
  close(loads.serviceMs('a'), 2_000, 0.01);
  assert.equal(loads.serviceMs('unknown'), loads.serviceMs('a'));
  for (let index = 0; index < 4; index += 1) await served(table, 'b', 30_000);
  const ofAll = loads.serviceMs('unknown');
  assert.ok(ofAll > 5_000);
  assert.equal(loads.serviceMs('b'), ofAll);
  await served(table, 'b', 30_000);
  assert.ok(loads.serviceMs('b') > 25_000);
  close(loads.serviceMs('a'), 2_000, 0.01);
});

test('AccountLoads.serviceMs does not count requests that were refused', async () => {
  const { clock, loads } = bench();
  for (let index = 0; index < 50; index += 1) {
    const end = loads.began('a');
    await clock.advance(50);
    end({ wasServed: false });
  }
  assert.equal(loads.serviceMs('a'), 10_000);
});

test('AccountLoads.firstByteMs starts from usual times and is scaled by what the account shows', () => {
  const { loads } = bench();
  const prompt = { warmTokens: 100_000, coldTokens: 10_000 };
  const usualMs = 1_320 + 170 + 1_230;
  close(loads.firstByteMs('a', prompt), usualMs);
  for (let index = 0; index < 200; index += 1) loads.sawFirstByte('slow', { ...prompt, ms: 3 * usualMs });
  close(loads.firstByteMs('slow', prompt), 3 * usualMs, 0.01);
  const cold = { warmTokens: 0, coldTokens: 200_000 };
  close(loads.firstByteMs('slow', cold), 3 * (1_320 + 3_400), 0.01);
  assert.ok(loads.firstByteMs('unknown', prompt) > 2.9 * usualMs);
  for (let index = 0; index < 20; index += 1) loads.sawFirstByte('fast', { ...prompt, ms: usualMs / 2 });
  assert.ok(loads.firstByteMs('fast', prompt) < 0.6 * usualMs);
});

test('AccountLoads.sawFirstByte is not upset by one reply that came after minutes', () => {
  const { loads } = bench();
  const prompt = { warmTokens: 0, coldTokens: 0 };
  for (let index = 0; index < 50; index += 1) loads.sawFirstByte('a', { ...prompt, ms: 1_320 });
  loads.sawFirstByte('a', { ...prompt, ms: 600_000 });
  assert.ok(loads.firstByteMs('a', prompt) < 1.5 * 1_320);
});

test('AccountLoads keeps no more accounts than it may, and bears the end of a forgotten one', async () => {
  const { clock, loads } = bench({ maxAccounts: 2 });
  const end = loads.began('a');
  loads.began('b');
  await clock.advance(TAU_MS);
  loads.began('c');
  assert.equal(loads.loadAverage('a', 1), 0);
  assert.ok(loads.loadAverage('b', 1) > 0);
  end();
  assert.equal(loads.loadAverage('a', 1), 0);
});
