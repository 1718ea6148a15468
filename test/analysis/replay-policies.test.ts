// One small scenario per policy, counted by hand; then what holds for all of them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finish, finishInSlices } from '../../server/analysis/replay/pauses.ts';
import { REPLAY_POLICIES } from '../../server/analysis/replay/policies.ts';
import { RUN_DEFAULTS, runPolicy } from '../../server/analysis/replay/replay.ts';
import { conversations, repeats, run, stageOf, TTL_MS, traceOf } from './replay-bench.ts';

/** Of a cold prompt of 10,000 tokens without output. */
const COLD_MS = 1_490;

describe('simulate', () => {
  it('lets a prompt be read from the first token of the request that wrote it', () => {
    const twice = (atMs: number) =>
      run('round-robin', repeats([0, atMs]), { accounts: 1, slots: 2 }).readTokens;
    assert.equal(twice(COLD_MS - 1), 0);
    assert.equal(twice(COLD_MS), 10_000);
  });

  it('forgets a prompt the lifetime after its first token', () => {
    const twice = (atMs: number) =>
      run('round-robin', repeats([0, atMs]), { accounts: 1, slots: 2 }).readTokens;
    assert.equal(twice(COLD_MS + TTL_MS - 1), 10_000);
    assert.equal(twice(COLD_MS + TTL_MS), 0);
  });

  it('extends the lifetime when a prompt is read', () => {
    const thrice = repeats([0, 250_000, 500_000]);
    assert.equal(run('round-robin', thrice, { accounts: 1, slots: 2 }).readTokens, 20_000);
  });

  it('makes a request wait for a slot, first come first served', () => {
    const trace = traceOf([{ atMs: 0 }, { atMs: 10, session: 1 }, { atMs: 20, session: 2 }]);
    const result = run('round-robin', trace, { accounts: 1, slots: 1 });
    assert.equal(result.meanWaitMs, (0 + (COLD_MS - 10) + (2 * COLD_MS - 20)) / 3);
    assert.equal(result.meanFirstByteMs, result.meanWaitMs + COLD_MS);
    assert.equal(result.refused, 0);
  });

  it('refuses what nobody takes within 30 s', () => {
    const trace = traceOf([
      { atMs: 0, outputTokens: 10_000 },
      { atMs: 10, session: 1 },
    ]);
    for (const policy of REPLAY_POLICIES) {
      const result = run(policy, trace, { accounts: 1, slots: 1 });
      assert.deepEqual([result.refused, result.requests, result.refusedShare], [1, 2, 0.5], policy);
    }
  });

  it('counts input at the prices of writing and reading', () => {
    const { cost, uncachedCost } = run('round-robin', repeats([0, 10_000]), { accounts: 1, slots: 1 });
    assert.deepEqual([cost, uncachedCost], [10_000 * 1.25 + 10_000 * 0.1, 20_000]);
    const priced = { input: 1, read: 0, write: 2, output: 3 };
    const usd = run('round-robin', repeats([0, 10_000], { outputTokens: 5 }), {
      accounts: 1,
      slots: 1,
      pricesOf: ({ index }) => (index === 0 ? priced : null),
    });
    assert.deepEqual([usd.cost, usd.uncachedCost, usd.unpriced], [20_000 + 15, 10_000 + 15, 1]);
  });

  it('shuts an account whose bucket is empty, and counts what the rule says', () => {
    // 60,000 tokens a minute at first, then 1 per ms: after four cold prompts of 20,000 there is a debt of 20,000.
    const at = (step: number) => step * 2_000;
    const trace = traceOf(
      [0, 1, 2, 3].map((step) => ({ atMs: at(step), inputTokens: 20_000, session: step })),
    );
    const { ceiling } = stageOf(trace);
    const utilisation = ceiling.inputPerMs / 0.8;
    const all = run('round-robin', trace, { accounts: 1, slots: 9, bucketRule: 'all', utilisation });
    assert.equal(all.meanWaitMs, 0);
    const five = traceOf([...trace.requests, { ...trace.requests[3], session: 4, atMs: at(4) }]);
    const tight = stageOf(five).ceiling.inputPerMs / 0.8;
    const late = run('round-robin', five, { accounts: 1, slots: 9, bucketRule: 'all', utilisation: tight });
    // 12,000 short after 8 s, looked at every half second.
    assert.equal(late.meanWaitMs, 12_500 / 5);
    const cached = repeats([0, 2_000, 4_000, 6_000, 8_000], { inputTokens: 20_000, sharedTokens: 20_000 });
    const free = stageOf(cached).ceiling.uncachedPerMs / 0.8;
    const uncached = { accounts: 1, slots: 9, bucketRule: 'uncached', utilisation: free } as const;
    assert.equal(run('round-robin', cached, uncached).meanWaitMs, 0);
  });

  it('loses the share of writes that it is told to', () => {
    const trace = repeats([0, 10_000, 20_000]);
    assert.equal(run('warm-cost', trace, { accounts: 1, slots: 1, lostWriteShare: 1 }).readTokens, 0);
  });

  it('takes accounts down in turn', () => {
    const trace = repeats([0, 5_000, 70_000]);
    const downtime = { everyMs: 600_000, forMs: 60_000, isAnnounced: false };
    // The first account is down for the first minute: both requests go to the second one.
    const result = run('fixed-order', trace, { accounts: 2, slots: 1, downtime });
    assert.deepEqual([result.readTokens, result.moved], [10_000, 1]);
  });
});

describe('policies', () => {
  it('round-robin gives accounts in turn', () => {
    const result = run('round-robin', repeats([0, 10_000, 20_000, 30_000]), { accounts: 2, slots: 1 });
    assert.deepEqual([result.readTokens, result.imbalance < 1.05], [20_000, true]);
  });

  it('least-loaded gives the one with the fewest requests', () => {
    const trace = traceOf([
      { atMs: 0, session: 0, outputTokens: 2_000 },
      { atMs: 100, session: 1 },
      { atMs: 3_000, session: 1, parent: 1, sharedTokens: 10_000 },
    ]);
    assert.equal(run('least-loaded', trace, { accounts: 2, slots: 3 }).readTokens, 10_000);
  });

  it('least-loaded is round-robin while accounts take one request at a time, and under little load', () => {
    const both = (sessions: number, slots: number) => {
      const trace = conversations({ sessions, turns: 6 });
      return (['least-loaded', 'round-robin'] as const).map((policy) => {
        const { policy: _name, ...figures } = run(policy, trace, { accounts: 4, slots });
        return figures;
      });
    };
    const [least, inTurn] = both(200, 1);
    assert.deepEqual(least, inTurn);
    assert.ok(least && least.meanWaitMs > 0 && least.moved > 0, 'accounts were busy, sessions went about');
    const [leastAtEase, inTurnAtEase] = both(40, 3);
    assert.deepEqual(leastAtEase, inTurnAtEase);
    const [leastOfThree, inTurnOfThree] = both(200, 3);
    assert.notEqual(leastOfThree?.readTokens, inTurnOfThree?.readTokens);
  });

  it('fixed-order gives the first that is open', () => {
    assert.equal(run('fixed-order', repeats([0, 10_000]), { accounts: 3, slots: 1 }).readTokens, 10_000);
    assert.equal(run('fixed-order', repeats([0, 10]), { accounts: 3, slots: 1 }).meanWaitMs, 0);
  });

  // A session of four turns; while its account is busy with another one's long request the third has to leave.
  const spill = traceOf([
    { atMs: 0, session: 0 },
    { atMs: 5_000, session: 0, parent: 0, sharedTokens: 10_000 },
    { atMs: 10_000, session: 0, parent: 1, sharedTokens: 10_000, outputTokens: 300 },
    { atMs: 11_500, session: 0, parent: 2, sharedTokens: 10_000 },
    { atMs: 20_000, session: 0, parent: 3, sharedTokens: 10_000 },
  ]);

  it('session goes elsewhere for once and comes back', () => {
    const result = run('session', spill, { accounts: 2, slots: 1 });
    assert.deepEqual(
      [result.readTokens, result.moved, result.borrowed, result.meanWaitMs],
      [30_000, 0, 1, 0],
    );
  });

  it('session-moving stays where it had to go', () => {
    const result = run('session-moving', spill, { accounts: 2, slots: 1 });
    assert.deepEqual([result.readTokens, result.moved, result.borrowed], [30_000, 1, 0]);
  });

  it('session-wait and warm-cost wait for the warm account', () => {
    for (const policy of ['session-wait', 'warm-cost'] as const) {
      const result = run(policy, spill, { accounts: 2, slots: 1 });
      assert.deepEqual([result.readTokens, result.moved, result.borrowed], [40_000, 0, 0], policy);
      // The third holds its slot for 1,320 + 123 + 4,380 ms.
      assert.equal(result.meanWaitMs, (10_000 + 5_823 - 11_500) / 5, policy);
    }
  });

  it('warm-cost goes to a cold account when the wait would cost more', () => {
    const trace = traceOf([
      { atMs: 0, session: 0, inputTokens: 20_000, outputTokens: 1_400 },
      { atMs: 2_000, session: 1, inputTokens: 20_000, parent: 0, sharedTokens: 2_000 },
    ]);
    const result = run('warm-cost', trace, { accounts: 2, slots: 1 });
    assert.deepEqual([result.readTokens, result.meanWaitMs], [0, 0]);
  });

  it('warm-cost decides by what it believes, and is told the truth by nobody', () => {
    const trace = repeats([0, 10_000, 20_000]);
    const doubtful = run('warm-cost', trace, { accounts: 3, slots: 1, believedTtlMs: 1 });
    assert.equal(doubtful.readTokens, 20_000, 'an expired belief still wins ties');
    assert.equal(run('warm-cost', trace, { accounts: 3, slots: 1 }).readTokens, 20_000);
  });

  it('warm-cost waits for an account that says when it is back', () => {
    // The first account is down from 0 to 20 s, the second from 300 to 320 s: there the session is warm.
    const downtime = { everyMs: 600_000, forMs: 20_000 };
    const at = (isAnnounced: boolean) =>
      run('warm-cost', repeats([0, 280_000, 305_000]), {
        accounts: 2,
        slots: 1,
        downtime: { ...downtime, isAnnounced },
      });
    const told = at(true);
    assert.deepEqual([told.readTokens, told.meanWaitMs, told.moved], [20_000, 5_000, 0]);
    const untold = at(false);
    assert.deepEqual([untold.readTokens, untold.meanWaitMs, untold.moved], [10_000, 0, 1]);
  });

  it('api-key binds the key, not the session', () => {
    const trace = traceOf([
      { atMs: 0, session: 0, key: 3 },
      { atMs: 10_000, session: 1, key: 4 },
      { atMs: 20_000, session: 2, key: 3, parent: 0, sharedTokens: 10_000 },
      { atMs: 30_000, session: 3, key: 3, parent: 1, sharedTokens: 10_000 },
    ]);
    assert.equal(run('api-key', trace, { accounts: 2, slots: 1 }).readTokens, 10_000);
  });

  it('aether binds key and model for 300 s', () => {
    const two = (atMs: number, model: number) =>
      traceOf([
        { atMs: 0, key: 1, model },
        { atMs, key: 1, model, parent: 0, sharedTokens: 10_000 },
      ]);
    for (const model of [0, 1]) {
      assert.equal(run('aether', two(10_000, model), { accounts: 5, slots: 2 }).readTokens, 10_000);
    }
  });

  it('aether keeps a share of the slots from newcomers', () => {
    const newcomers = traceOf(Array.from({ length: 20 }, (_, key) => ({ atMs: key, key, session: key })));
    const result = run('aether', newcomers, { accounts: 1, slots: 20 });
    // 18 of 20 slots are open to them.
    assert.equal(result.p95WaitMs > 1_000, true);
    assert.equal(run('least-loaded', newcomers, { accounts: 1, slots: 20 }).p95WaitMs, 0);
  });

  it('sglang follows the longest match above half of the prompt, else the smallest tree', () => {
    const turns = (sharedTokens: number) =>
      traceOf([
        { atMs: 0, session: 0 },
        { atMs: 10_000, session: 0, parent: 0, sharedTokens },
      ]);
    assert.equal(run('sglang', turns(5_100), { accounts: 2, slots: 2 }).readTokens, 5_100);
    assert.equal(run('sglang', turns(4_900), { accounts: 2, slots: 2 }).readTokens, 0);
  });
});

describe('runPolicy', () => {
  const trace = conversations({ sessions: 40, turns: 20 });
  const stage = stageOf(trace, { windowMs: 600_000 });
  const options = { ...RUN_DEFAULTS, accounts: 4 };

  it('gives the same figures in every run', () => {
    for (const policy of REPLAY_POLICIES) {
      const again = () => finish(runPolicy(policy, stage, options));
      assert.deepEqual(again(), again(), policy);
    }
  });

  it('answers or refuses every request, and reads no more than there is', () => {
    for (const policy of REPLAY_POLICIES) {
      for (const utilisation of [0.3, 0.9, 1.5]) {
        const result = finish(runPolicy(policy, stage, { ...options, utilisation }));
        assert.equal(result.requests, trace.requests.length, policy);
        assert.ok(result.readTokens <= result.inputTokens && result.imbalance >= 1, policy);
      }
    }
  });

  it('deals slots by the load at the ceiling', () => {
    const { slots } = finish(runPolicy('round-robin', stage, { ...options, utilisation: 0.5 }));
    assert.equal(slots, Math.round(stage.ceiling.meanInFlight / 0.5));
  });

  it('finds warm-cost nearest to the ceiling where accounts are busy', () => {
    const shares = new Map(
      REPLAY_POLICIES.map((policy) => [policy, finish(runPolicy(policy, stage, options)).shareOfCeiling]),
    );
    const best = shares.get('warm-cost') ?? 0;
    assert.ok(best >= 0.98, String(best));
    for (const [policy, share] of shares) assert.ok(share <= best + 0.01, policy);
  });
});

describe('finishInSlices', () => {
  function* countTo(end: number): Generator<undefined, number> {
    for (let count = 0; count < end; count += 1) yield;
    return end;
  }

  it('rests after each slice and gives the result', async () => {
    let nowMs = 0;
    let rests = 0;
    const result = await finishInSlices(countTo(100), {
      nowMs: () => nowMs++,
      rest: async () => {
        rests += 1;
      },
      signal: new AbortController().signal,
      sliceMs: 10,
    });
    assert.equal(result, 100);
    assert.ok(rests >= 5 && rests <= 20, String(rests));
  });

  it('gives up when it is cancelled', async () => {
    const controller = new AbortController();
    let nowMs = 0;
    const work = finishInSlices(countTo(Number.POSITIVE_INFINITY), {
      nowMs: () => nowMs++,
      rest: () => Promise.resolve(controller.abort(new Error('enough'))),
      signal: controller.signal,
      sliceMs: 10,
    });
    await assert.rejects(work, /enough/);
  });
});
