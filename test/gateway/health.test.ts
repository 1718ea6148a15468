// Each fault counts for the one it tells something about, for as long as it should, whatever the wall clock does.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type AttemptFault, FAULT_SCOPES } from '../../server/gateway/faults.ts';
import type { Way } from '../../server/gateway/health.ts';
import { A, B, DAY_MS, healthBench, OTHER_HOST, OTHER_MODEL, OTHER_PROVIDER, WAY } from './health-bench.ts';

test('HealthTable takes an account that nothing is known of as available', () => {
  const { health, state } = healthBench();
  assert.equal(state(), 'available');
  assert.equal(health.isStrained(A, WAY), false);
  assert.equal(health.weightFactor(A), 1);
  assert.deepEqual(health.rateLimits(A), []);
  assert.deepEqual(health.circuit('a'), {
    state: 'closed',
    untilMs: null,
    recentFailures: 0,
    recentResults: 0,
  });
  health.begin(A)();
});

const CIRCUIT_FAULTS: readonly AttemptFault[] = [
  'server-error',
  'timeout',
  'broken',
  'stalled',
  'incomplete',
  'redirected',
];

for (const fault of Object.keys(FAULT_SCOPES) as AttemptFault[]) {
  test(`HealthTable counts ${fault} for ${FAULT_SCOPES[fault]} and nobody else`, () => {
    const { health, fail, state } = healthBench();
    for (let i = 0; i < 5; i++) fail(fault);
    const isCircuit = CIRCUIT_FAULTS.includes(fault);
    const expected = {
      own: 'available',
      otherModel: 'available',
      otherHost: 'available',
      otherAccount: 'available',
      ...(fault === 'rate-limited' ? { own: 'cooling-down', otherHost: 'cooling-down' } : {}),
      ...(fault === 'quota'
        ? { own: 'cooling-down', otherModel: 'cooling-down', otherHost: 'cooling-down' }
        : {}),
      ...(fault === 'refused' ? { own: 'disabled', otherModel: 'disabled', otherHost: 'disabled' } : {}),
      ...(isCircuit ? { own: 'ejected', otherModel: 'ejected', otherHost: 'ejected' } : {}),
      ...(FAULT_SCOPES[fault] === 'host'
        ? { own: 'ejected', otherModel: 'ejected', otherAccount: 'ejected' }
        : {}),
    };
    assert.deepEqual(
      {
        own: state(),
        otherModel: state(A, OTHER_MODEL),
        otherHost: state(A, OTHER_HOST),
        otherAccount: state(B),
      },
      expected,
    );
    assert.deepEqual(
      [health.isStrained(A, WAY), health.isStrained(B, OTHER_MODEL), health.isStrained(OTHER_PROVIDER, WAY)],
      [fault === 'overloaded', fault === 'overloaded', false],
    );
    health.reset('a');
    const isShared = FAULT_SCOPES[fault] === 'host';
    assert.equal(state(), isShared ? 'ejected' : 'available');
  });
}

for (const [fault, retryAfterMs, expectedMs] of [
  ['rate-limited', 1, 1],
  ['rate-limited', 7_999_000, 7_999_000],
  ['rate-limited', 900 * DAY_MS, 8 * DAY_MS],
  ['rate-limited', null, 5_000],
  ['rate-limited', 0, 5_000],
  ['quota', 7_999_000, 7_999_000],
  ['quota', null, 3600_000],
  ['quota', 0, 3600_000],
  ['quota', 900 * DAY_MS, 8 * DAY_MS],
] as const) {
  test(`HealthTable cools ${fault} with a stated wait of ${retryAfterMs} ms for ${expectedMs} ms`, async () => {
    const { clock, fail, leftMs, state } = healthBench();
    fail(fault, retryAfterMs);
    assert.equal(leftMs(), expectedMs);
    await clock.advance(expectedMs - 1);
    assert.equal(state(), 'cooling-down');
    await clock.advance(1);
    assert.equal(state(), 'available');
  });
}

test('HealthTable doubles an unstated wait each time it is refused again, up to 60 s', async () => {
  const { clock, health, fail, leftMs } = healthBench();
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    fail('rate-limited');
    waits.push(leftMs());
    await clock.advance(leftMs());
  }
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  health.succeeded(A, WAY);
  fail('rate-limited');
  assert.equal(leftMs(), 5_000);
});

test('HealthTable takes refusals during a cooldown as part of it', async () => {
  const { clock, fail, leftMs } = healthBench();
  for (let i = 0; i < 10; i++) fail('rate-limited');
  assert.equal(leftMs(), 5_000);
  await clock.advance(2_000);
  fail('rate-limited');
  assert.equal(leftMs(), 5_000);
});

test('HealthTable starts small again long after the last refusal', async () => {
  const { clock, fail, leftMs } = healthBench();
  for (let i = 0; i < 3; i++) {
    fail('rate-limited');
    await clock.advance(leftMs());
  }
  await clock.advance(600_000);
  fail('rate-limited');
  assert.equal(leftMs(), 5_000);
});

test('HealthTable never shortens a cooldown, and a success does not end it', async () => {
  const { clock, health, fail, state, leftMs } = healthBench();
  fail('rate-limited', 10_000);
  fail('rate-limited', 1_000);
  fail('rate-limited');
  health.succeeded(A, WAY);
  assert.equal(leftMs(), 10_000);
  await clock.advance(9_999);
  assert.equal(state(), 'cooling-down');
});

test('HealthTable keeps its durations when the wall clock is set', async () => {
  for (const stepMs of [3600_000, -3600_000]) {
    const { clock, fail, state, leftMs } = healthBench();
    fail('rate-limited', 10_000);
    fail('unreachable', null, B, WAY);
    for (let i = 0; i < 5; i++) fail('server-error', null, OTHER_PROVIDER, OTHER_HOST);
    clock.stepWall(stepMs);
    assert.equal(leftMs(), 10_000);
    assert.deepEqual(
      [state(A), state(B), state(OTHER_PROVIDER, OTHER_HOST)],
      ['cooling-down', 'ejected', 'ejected'],
    );
    await clock.advance(30_000);
    assert.deepEqual(
      [state(A), state(B), state(OTHER_PROVIDER, OTHER_HOST)],
      ['available', 'available', 'half-open'],
    );
  }
});

test('HealthTable.condition() without a way tells of the account alone, with any model that cools', () => {
  const { health, fail } = healthBench();
  fail('unreachable');
  assert.equal(health.condition(A).state, 'available');
  fail('rate-limited', 1_000);
  fail('rate-limited', 9_000, A, OTHER_MODEL);
  const condition = health.condition(A);
  assert.ok(condition.state === 'cooling-down' && condition.reason === 'rate-limited');
});

test('HealthTable lets what an admin set come before what it learned', () => {
  const { health, fail } = healthBench();
  fail('rate-limited', 1_000);
  assert.equal(health.condition({ ...A, disabledReason: '403' }, WAY).state, 'disabled');
  assert.equal(health.condition({ ...A, disabledReason: '403', isPaused: true }, WAY).state, 'paused');
});

test('HealthTable ejects a host for 5 s more each time in a row, up to 60 s', async () => {
  const { clock, health, fail, leftMs } = healthBench();
  const waits: number[] = [];
  for (let i = 0; i < 14; i++) {
    fail('unreachable', null, i % 2 ? A : B);
    fail('unreachable');
    waits.push(leftMs());
    await clock.advance(leftMs());
  }
  assert.deepEqual(waits.slice(0, 3), [5_000, 10_000, 15_000]);
  assert.deepEqual(waits.slice(-3), [60_000, 60_000, 60_000]);
  health.succeeded(B, WAY);
  fail('unreachable');
  assert.equal(leftMs(), 5_000);
});

test('HealthTable shows the longer of an open circuit and an ejected host', () => {
  const { fail, leftMs, health } = healthBench();
  fail('unreachable');
  for (let i = 0; i < 5; i++) fail('broken');
  assert.equal(leftMs(), 30_000);
  assert.equal(leftMs(health.condition(B, WAY)), 5_000);
});

test('HealthTable shows the host when its ejection outlasts the circuit', async () => {
  const { clock, fail, leftMs } = healthBench();
  for (let i = 0; i < 5; i++) fail('broken');
  await clock.advance(29_000);
  fail('unreachable');
  assert.equal(leftMs(), 5_000);
});

test('HealthTable strains an overloaded provider for 1 to 5 s, or as long as it asks for up to a minute', async () => {
  const { clock, health, fail } = healthBench();
  const strainedMs = async () => {
    for (let ms = 0; ; ms += 500) {
      if (!health.isStrained(A, WAY)) return ms;
      await clock.advance(500);
    }
  };
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    fail('overloaded');
    waits.push(await strainedMs());
  }
  assert.deepEqual(waits, [1_000, 2_000, 3_000, 4_000, 5_000, 5_000]);
  health.succeeded(B, OTHER_HOST);
  fail('overloaded');
  assert.equal(await strainedMs(), 1_000);
  fail('overloaded', 20_000);
  assert.equal(await strainedMs(), 20_000);
  fail('overloaded', 3600_000);
  assert.equal(await strainedMs(), 60_000);
});

test('HealthTable offers a half-open account with two probes until it has proved itself', async () => {
  const { clock, health, fail, state } = healthBench();
  for (let i = 0; i < 5; i++) fail('timeout');
  assert.equal(health.circuit('a').state, 'open');
  assert.equal(health.circuit('a').untilMs, clock.nowMs() + 30_000);
  assert.equal(health.circuit('a').recentFailures, 5);
  await clock.advance(30_000);
  const free = () => {
    const condition = health.condition(A, WAY);
    return condition.state === 'half-open' ? condition.freeProbes : null;
  };
  const ends = [health.begin(A), health.begin(A)];
  assert.equal(free(), 0);
  for (const end of ends) end();
  assert.equal(free(), 2);
  for (let i = 0; i < 3; i++) health.succeeded(A, WAY);
  assert.equal(state(), 'available');
});

test('HealthTable.reset() opens the way at once and lets running probes end', async () => {
  const { clock, health, fail, state } = healthBench();
  for (let i = 0; i < 5; i++) fail('timeout');
  await clock.advance(30_000);
  const end = health.begin(A);
  health.reset('a');
  end();
  assert.equal(state(), 'available');
});

test('HealthTable cools exactly until the latest of all stated times, in any order of events', async () => {
  const step = fc.oneof(
    fc.record({
      fault: fc.constant('rate-limited' as const),
      ms: fc.integer({ min: 1, max: 50_000 }),
      model: fc.nat(2),
    }),
    fc.record({
      fault: fc.constant('quota' as const),
      ms: fc.integer({ min: 1, max: 50_000 }),
      model: fc.nat(2),
    }),
    fc.record({ fault: fc.constant('model-missing' as const), ms: fc.constant(1), model: fc.nat(2) }),
    fc.record({ advanceMs: fc.integer({ min: 1, max: 30_000 }) }),
    fc.record({ stepMs: fc.integer({ min: -DAY_MS, max: DAY_MS }) }),
    fc.record({ succeeded: fc.nat(2) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { clock, health, fail } = healthBench();
      const way = (model: number): Way => ({ ...WAY, upstreamModel: `m${model}` });
      const stated: { model: number | null; untilMs: number }[] = [];
      for (const event of steps) {
        if ('advanceMs' in event) await clock.advance(event.advanceMs);
        else if ('stepMs' in event) clock.stepWall(event.stepMs);
        else if ('succeeded' in event) health.succeeded(A, way(event.succeeded));
        else {
          fail(event.fault, event.ms, A, way(event.model));
          const model = event.fault === 'quota' ? null : event.model;
          if (event.fault !== 'model-missing')
            stated.push({ model, untilMs: clock.monotonicMs() + event.ms });
        }
        for (const model of [0, 1, 2]) {
          const own = stated.filter((one) => one.model === null || one.model === model);
          const leftMs = Math.max(0, ...own.map(({ untilMs }) => untilMs)) - clock.monotonicMs();
          const condition = health.condition(A, way(model));
          assert.equal(condition.state, leftMs > 0 ? 'cooling-down' : 'available');
          if ('untilMs' in condition) assert.equal(condition.untilMs - clock.nowMs(), leftMs);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('HealthTable.hostTrouble() says why a host is passed over, for as long as it is', async () => {
  const { health, clock } = healthBench();
  assert.equal(health.hostTrouble(WAY.host), null);
  const reason = 'no trusted TLS connection (DEPTH_ZERO_SELF_SIGNED_CERT)';
  health.failed(A, WAY, { fault: 'unreachable', retryAfterMs: null, reason });
  assert.deepEqual(health.hostTrouble(WAY.host), {
    code: 'unreachable',
    reason,
    untilMs: clock.nowMs() + 5_000,
  });
  await clock.advance(5_000);
  assert.equal(health.hostTrouble(WAY.host), null);
});

test('HealthTable counts an overload as failure of the account that alone is overloaded, until it answers', async () => {
  const { clock, health } = healthBench();
  const overload = () => {
    for (let times = 0; times < 4; times++)
      health.failed(A, WAY, { fault: 'overloaded', retryAfterMs: null, reason: '529' });
  };
  overload();
  assert.equal(health.failureShare('a'), 0);
  health.succeeded(B, WAY);
  overload();
  assert.deepEqual([health.failureShare('a'), health.failureShare('b')], [0.5, 0]);
  assert.equal(health.condition(A).state, 'available');
  await clock.advance(60_001);
  assert.equal(health.failureShare('a'), 0);
  overload();
  health.succeeded(A, WAY);
  assert.equal(health.failureShare('a'), 0);
});
