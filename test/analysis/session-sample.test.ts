// Samples of sessions against the whole computation, on sessions of which few have most of the requests.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  chanceOf,
  drawLimits,
  estimatedRate,
  estimatedTotal,
  sizeClassOf,
} from '../../server/analysis/session-sample.ts';
import type { DrawnSession } from '../../server/gateway/log-queries.ts';
import { drawOf } from '../../server/storage/interval-draw.ts';

test('drawLimits() take all while there are few, else long sessions with more chance', () => {
  const chances = (classes: [k: number, sessions: number, requests: number][], k: number) =>
    (drawLimits(
      classes.map(([at, sessions, requests]) => ({ k: at, sessions, requests })),
      4_000,
    )[k] ?? 0) / 65_536;
  assert.equal(chances([[5, 100, 4_000]], 5), 1);
  assert.equal(chances([[0, 8_000, 8_000]], 0), 0.5);
  // The same sessions while traffic grows a little.
  assert.equal(chances([[0, 9_000, 9_000]], 0), chances([[0, 8_500, 8_500]], 0));
  // Four times the requests, twice the chance.
  const mixed: [number, number, number][] = [
    [2, 10_000, 50_000],
    [4, 1_000, 20_000],
  ];
  assert.ok(Math.abs(chances(mixed, 4) / chances(mixed, 2) - 2) < 0.01);
});

test('sizeClassOf() and chanceOf() are by the power of two', () => {
  assert.deepEqual([1, 2, 3, 4, 1_023, 1_024, 2 ** 25].map(sizeClassOf), [0, 1, 1, 2, 9, 10, 20]);
  assert.equal(chanceOf(3, [1, 16_384]), 0.25);
});

const SAMPLE = {
  sessions: 5,
  requests: 20,
  drawn: new Map<string, DrawnSession>([
    ['a', { requests: 5, chance: 1 }],
    ['b', { requests: 3, chance: 0.5 }],
    ['c', { requests: 2, chance: 0.5 }],
  ]),
};

test('estimatedTotal() by hand', () => {
  const values = new Map([
    ['a', 10],
    ['b', 6],
    ['c', 2],
  ]);
  // Weighted: 10 + 12 + 4 of 5 + 6 + 4 requests; 26 / 15 × 20.
  const { value, plusMinus } = estimatedTotal(SAMPLE, values);
  assertNear(value, (26 / 15) * 20);
  // Residuals at R = 26 / 15: b 0.8, c -1.4667, doubled; half of 2.56 + 8.6044 is 5.5822; × 3 / 2 = 8.3733.
  assertNear(plusMinus, ((1.96 * Math.sqrt(8.373_333_333_333_333)) / 15) * 20);
  const whole = { ...SAMPLE, sessions: 3, requests: 10 };
  assert.deepEqual(estimatedTotal(whole, values), { value: 18, plusMinus: null });
  // Groups add up to all.
  const parts = [new Map([['a', 10]]), new Map([...values].slice(1))];
  assertNear(
    parts.reduce((sum, part) => sum + estimatedTotal(SAMPLE, part).value, 0),
    value,
  );
  // What one session alone has may be off by as much as it is.
  const one = estimatedTotal(SAMPLE, new Map([['a', 10]]));
  assert.equal(one.plusMinus, one.value);
});

test('estimatedRate() by hand, of the sessions that have any', () => {
  const values = new Map([
    ['b', { y: 8, z: 4 }],
    ['c', { y: 4, z: 1 }],
  ]);
  // 12 / 5 = 2.4; residuals -1.6 and 1.6, doubled, half of their squares: 10.24; × 2 / 1; by 10 weighted units.
  const { value, plusMinus } = estimatedRate(SAMPLE, values);
  assertNear(value, 2.4);
  assertNear(plusMinus, (1.96 * Math.sqrt(20.48)) / 10);
  assert.deepEqual(estimatedRate(SAMPLE, new Map([['b', { y: 4, z: 1 }]])), { value: 4, plusMinus: 4 });
  assert.equal(estimatedRate({ ...SAMPLE, sessions: 3 }, values).plusMinus, null);
});

/** Pareto sizes from 2 requests on with exponent 1.5, costs that grow faster than they, by a factor of chance. */
function heavySessions(count: number): { requests: number; usd: number }[] {
  let seed = 11;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  return Array.from({ length: count }, () => {
    const requests = Math.min(800, Math.floor(2 * random() ** (-1 / 1.5)));
    return { requests, usd: 0.01 * requests ** 1.2 * Math.exp(random() - 0.5) };
  });
}

test('estimatedTotal() of drawn sessions is that of all on average, and its error is told', () => {
  const all = heavySessions(3_000);
  const requests = all.reduce((sum, session) => sum + session.requests, 0);
  const truth = all.reduce((sum, session) => sum + session.usd, 0);
  const classes = all.map((session) => ({ k: sizeClassOf(session.requests), sessions: 1, ...session }));
  const limits = drawLimits(classes, 4_000);
  // Each naming of the sessions is another draw.
  const found = Array.from({ length: 150 }, (_, naming) => {
    const picked = all.flatMap((session, index) => {
      const id = `n${naming}-s${index}`;
      const chance = chanceOf(session.requests, limits);
      return drawOf(id) < chance * 65_536 ? [{ ...session, id, chance }] : [];
    });
    const drawn = new Map(picked.map(({ id, ...session }) => [id, session]));
    const sample = { sessions: all.length, requests, drawn };
    const { value, plusMinus } = estimatedTotal(sample, new Map(picked.map(({ id, usd }) => [id, usd])));
    const read = picked.reduce((sum, session) => sum + session.requests, 0);
    return { error: value / truth - 1, plusMinus: (plusMinus ?? 0) / truth, read };
  });
  const mean = (of: (one: (typeof found)[number]) => number) =>
    found.reduce((sum, one) => sum + of(one), 0) / found.length;
  const read = mean((one) => one.read);
  assert.ok(read > 2_800 && read <= 4_100, `requests read ${read}`);
  const bias = mean(({ error }) => error);
  const deviation = Math.sqrt(mean(({ error }) => (error - bias) ** 2));
  assert.ok(Math.abs(bias) < 0.01, `bias ${bias}`);
  assert.ok(deviation < 0.06, `deviation ${deviation}`);
  const covered = mean(({ error, plusMinus }) => Number(Math.abs(error) <= plusMinus));
  assert.ok(covered > 0.88, `within the error: ${covered}`);
  const told = mean(({ plusMinus }) => plusMinus) / 1.96;
  assert.ok(told > 0.8 * deviation && told < 1.2 * deviation, `told ${told}, is ${deviation}`);
});

function assertNear(found: number | null, expected: number): void {
  assert.ok(Math.abs((found ?? Number.NaN) - expected) < 1e-9, `${found} for ${expected}`);
}
