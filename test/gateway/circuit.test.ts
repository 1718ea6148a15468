// The circuit opens, tries again and closes by its rule, whatever the order of results and times.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Circuit } from '../../server/gateway/circuit.ts';

const fail = (circuit: Circuit, times: number, nowMs = 0) => {
  for (let i = 0; i < times; i++) circuit.failed(nowMs);
};
const succeed = (circuit: Circuit, times: number, nowMs = 0) => {
  for (let i = 0; i < times; i++) circuit.succeeded(nowMs);
};

test('Circuit opens at five failures in a row', () => {
  const circuit = new Circuit();
  succeed(circuit, 20);
  fail(circuit, 4);
  succeed(circuit, 1);
  fail(circuit, 4);
  assert.equal(circuit.state(0), 'closed');
  fail(circuit, 1);
  assert.equal(circuit.state(0), 'open');
});

test('Circuit opens when half of at least five results failed', () => {
  const circuit = new Circuit();
  for (let i = 0; i < 2; i++) {
    fail(circuit, 1);
    succeed(circuit, 1);
  }
  assert.equal(circuit.state(0), 'closed');
  fail(circuit, 1);
  assert.equal(circuit.state(0), 'open');
});

test('Circuit judges the last 20 results of the last 300 s', () => {
  const circuit = new Circuit();
  fail(circuit, 4, 0);
  succeed(circuit, 1, 0);
  assert.deepEqual(circuit.recent(299_999), { results: 5, failures: 4 });
  assert.deepEqual(circuit.recent(300_000), { results: 0, failures: 0 });
  succeed(circuit, 50, 300_000);
  assert.deepEqual(circuit.recent(300_000), { results: 20, failures: 0 });
});

test('Circuit stays open 30 s, twice as long each time, 300 s at most', () => {
  const circuit = new Circuit();
  let nowMs = 0;
  fail(circuit, 5, nowMs);
  const waits: number[] = [];
  for (let opening = 0; opening < 6; opening++) {
    waits.push((circuit.openUntilMs(nowMs) ?? 0) - nowMs);
    nowMs += waits.at(-1) ?? 0;
    assert.equal(circuit.state(nowMs - 1), 'open');
    assert.equal(circuit.state(nowMs), 'half-open');
    fail(circuit, 2, nowMs);
  }
  assert.deepEqual(waits, [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
});

test('Circuit closes after three successes and starts anew', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  assert.equal(circuit.state(30_000), 'half-open');
  fail(circuit, 1, 30_000);
  succeed(circuit, 2, 30_000);
  assert.equal(circuit.state(30_000), 'half-open');
  succeed(circuit, 1, 30_000);
  assert.equal(circuit.state(30_000), 'closed');
  assert.deepEqual(circuit.recent(30_000), { results: 0, failures: 0 });
  fail(circuit, 5, 30_000);
  assert.equal(circuit.openUntilMs(30_000), 60_000);
});

test('Circuit stays half-open without traffic', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  assert.equal(circuit.state(30_000), 'half-open');
  assert.equal(circuit.state(30 * 24 * 3600_000), 'half-open');
});

test('Circuit lets two probes run at once, each of which ends once', () => {
  const circuit = new Circuit();
  const early = circuit.begin(0);
  fail(circuit, 5);
  assert.equal(circuit.freeProbes(0), 0);
  assert.equal(circuit.freeProbes(30_000), 2);
  const first = circuit.begin(30_000);
  circuit.begin(30_000);
  early();
  assert.equal(circuit.freeProbes(30_000), 0);
  circuit.begin(30_000)();
  first();
  first();
  assert.equal(circuit.freeProbes(30_000), 1);
});

test('Circuit forgets the probes of an earlier trial', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  const stuck = circuit.begin(30_000);
  fail(circuit, 2, 30_000);
  assert.equal(circuit.freeProbes(90_000), 2);
  circuit.begin(90_000);
  stuck();
  assert.equal(circuit.freeProbes(90_000), 1);
});

/** The rule once more, by looking back over the whole history instead of keeping counts. */
class Model {
  state: 'closed' | 'open' | 'half-open' = 'closed';
  log: { atMs: number; ok: boolean }[] = [];
  openings = 0;
  untilMs = 0;
  probes = new Set<object>();

  tick(nowMs: number): void {
    if (this.state !== 'open' || nowMs < this.untilMs) return;
    this.become('half-open');
  }

  result(ok: boolean, atMs: number): void {
    if (this.state === 'open') return;
    this.log.push({ atMs, ok });
    if (this.state === 'closed' ? this.isBad(atMs) : this.count(false) === 2) {
      this.untilMs = atMs + Math.min(300_000, 30_000 * 2 ** Math.min(4, this.openings));
      this.openings += 1;
      this.become('open');
    } else if (this.state === 'half-open' && this.count(true) === 3) {
      this.openings = 0;
      this.become('closed');
    }
  }

  isBad(nowMs: number): boolean {
    const last = this.log.at(-1);
    if (!last || last.ok) return false;
    const recent = this.log.filter(({ atMs }) => atMs > nowMs - 300_000).slice(-20);
    const streak = this.log.slice(-5);
    const isStreak = streak.length === 5 && streak.every(({ ok }) => !ok);
    return isStreak || (recent.length >= 5 && recent.filter(({ ok }) => !ok).length * 2 >= recent.length);
  }

  count(wanted: boolean): number {
    return this.log.filter(({ ok }) => ok === wanted).length;
  }

  become(state: 'closed' | 'open' | 'half-open'): void {
    this.state = state;
    this.log = [];
    this.probes = new Set();
  }
}

test('Circuit agrees with its rule on any history', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('fail' as const) },
    { weight: 4, arbitrary: fc.constant('succeed' as const) },
    { weight: 3, arbitrary: fc.constant('begin' as const) },
    { weight: 2, arbitrary: fc.nat(8) },
    { weight: 2, arbitrary: fc.constantFrom(1_000, 29_999, 30_000, 120_000, 300_000).map((ms) => ({ ms })) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const circuit = new Circuit();
      const model = new Model();
      const running: { end: () => void; probe: object; of: Set<object> }[] = [];
      let nowMs = 0;
      for (const event of steps) {
        if (event === 'fail' || event === 'succeed') {
          event === 'fail' ? circuit.failed(nowMs) : circuit.succeeded(nowMs);
          model.result(event === 'succeed', nowMs);
        } else if (event === 'begin') {
          const probe = {};
          if (model.state === 'half-open') model.probes.add(probe);
          running.push({ end: circuit.begin(nowMs), probe, of: model.probes });
        } else if (typeof event === 'number') {
          const attempt = running[event % Math.max(1, running.length)];
          attempt?.end();
          attempt?.of.delete(attempt.probe);
        } else {
          nowMs += event.ms;
          model.tick(nowMs);
        }
        assert.equal(circuit.state(nowMs), model.state);
        assert.equal(circuit.openUntilMs(nowMs), model.state === 'open' ? model.untilMs : null);
        const free = model.state === 'half-open' ? Math.max(0, 2 - model.probes.size) : 0;
        assert.equal(circuit.freeProbes(nowMs), free);
      }
    }),
    { numRuns: 300 },
  );
});
