// The reservation's formula: worked examples, the slots left to newcomers, and what holds for all figures.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RESERVATION, type ReservationSettings } from '../../server/gateway/routing-settings.ts';
import {
  type AccountHistory,
  type Reservation,
  reservationOf,
  slotsForNewcomers,
  weightedNewcomerSlots,
} from '../../server/routing/reservation.ts';

const NEW: AccountHistory = {
  requestCount: 0,
  successCount: 0,
  rateLimitCounts: { 'requests-per-minute': 0, concurrent: 0, unknown: 0 },
  hoursSinceRateLimit: null,
  limitHistory: [],
};
/** Confidence 0.4 × 0.9 + 0.3 + 0.15 = 0.81. */
const GOOD: AccountHistory = { ...NEW, requestCount: 100, successCount: 90 };
const BAD: AccountHistory = { ...NEW, requestCount: 100, hoursSinceRateLimit: 0, limitHistory: [3, 50, 3] };
const MIXED: AccountHistory = {
  ...NEW,
  requestCount: 25,
  successCount: 20,
  hoursSinceRateLimit: 6,
  limitHistory: [10, 12, 11],
};
const EARLY = { probePhaseRequests: 20 };

const EXAMPLES: {
  name: string;
  history: AccountHistory;
  settings?: Partial<ReservationSettings>;
  load: [inFlight: number, slots: number | null];
  expected: Partial<Reservation>;
}[] = [
  {
    name: 'a new account',
    history: NEW,
    load: [9, 10],
    expected: { ratio: 0.1, phase: 'probe', confidence: 0, loadFactor: 0.9, reasonCode: 'probe' },
  },
  {
    name: 'one request short of the stable phase',
    history: { ...GOOD, requestCount: 99 },
    load: [9, 10],
    expected: { phase: 'probe' },
  },
  {
    name: 'the first request of the stable phase',
    history: GOOD,
    load: [9, 10],
    expected: { phase: 'stable' },
  },
  {
    name: 'another share in the probe phase',
    history: NEW,
    settings: { probeReservation: 0.2 },
    load: [0, 10],
    expected: { ratio: 0.2, phase: 'probe' },
  },
  {
    name: '429s and changes of the limit instead of counted requests',
    history: {
      ...NEW,
      rateLimitCounts: { concurrent: 30, 'requests-per-minute': 20, unknown: 0 },
      limitHistory: [9, 9, 9, 9, 9],
    },
    load: [0, 10],
    expected: { phase: 'stable', confidence: 0.6 },
  },
  {
    name: '429s that do not say for what, which are no such evidence',
    history: { ...NEW, rateLimitCounts: { concurrent: 0, 'requests-per-minute': 0, unknown: 500 } },
    load: [0, 10],
    expected: { phase: 'probe' },
  },
  {
    name: 'low load',
    history: GOOD,
    load: [49, 100],
    expected: { ratio: 0.1, confidence: 0.81, reasonCode: 'low-load' },
  },
  {
    name: 'exactly the low threshold',
    history: GOOD,
    load: [5, 10],
    expected: { ratio: 0.1, loadFactor: 0.5, reasonCode: 'dynamic' },
  },
  {
    name: 'half way between the thresholds',
    history: GOOD,
    load: [13, 20],
    expected: { ratio: 0.1 + 0.81 * 0.5 * 0.25, reasonCode: 'dynamic' },
  },
  {
    name: 'exactly the high threshold',
    history: GOOD,
    load: [8, 10],
    expected: { ratio: 0.1 + 0.81 * 0.25, reasonCode: 'dynamic' },
  },
  {
    name: 'high load',
    history: GOOD,
    load: [9, 10],
    expected: { ratio: 0.1 + 0.81 * 0.25, reasonCode: 'high-load' },
  },
  {
    name: 'more in flight than there are slots',
    history: GOOD,
    load: [15, 10],
    expected: { ratio: 0.1 + 0.81 * 0.25, loadFactor: 1 },
  },
  {
    name: 'no limit known',
    history: GOOD,
    load: [500, null],
    expected: { ratio: 0.1, loadFactor: 0, reasonCode: 'low-load' },
  },
  {
    name: 'full confidence at full load',
    history: { ...GOOD, successCount: 100, limitHistory: [10, 10, 10] },
    load: [10, 10],
    expected: { ratio: 0.35, confidence: 1 },
  },
  {
    name: 'no confidence at full load',
    history: BAD,
    load: [10, 10],
    expected: { ratio: 0.1, confidence: 0, reasonCode: 'low-confidence' },
  },
  {
    name: 'few requests, a 429 six hours ago and a limit of variance 1',
    history: MIXED,
    settings: EARLY,
    load: [10, 10],
    // 0.4 × 20/25 × 25/50 + 0.3 × 6/24 + 0.3 × (1 − 1/10)
    expected: { confidence: 0.16 + 0.075 + 0.27, reasonCode: 'dynamic' },
  },
  {
    name: 'other figures for full confidence',
    history: MIXED,
    settings: { ...EARLY, successCountForFullConfidence: 25, cooldownHoursForFullConfidence: 12 },
    load: [10, 10],
    expected: { confidence: 0.32 + 0.15 + 0.27 },
  },
  {
    name: 'a 429 longer ago than full confidence asks for',
    history: { ...GOOD, hoursSinceRateLimit: 48 },
    load: [0, 10],
    expected: { confidence: 0.81 },
  },
  {
    name: 'two limits, too few to be steady or not',
    history: { ...GOOD, limitHistory: [3, 200] },
    load: [0, 10],
    expected: { confidence: 0.81 },
  },
  {
    name: 'only the last five limits',
    history: { ...GOOD, limitHistory: [200, 12, 12, 12, 12, 12] },
    load: [0, 10],
    expected: { confidence: 0.36 + 0.3 + 0.3 },
  },
  {
    name: 'limits of variance 10, the worst that is told apart',
    history: { ...GOOD, limitHistory: [10, 12, 14, 16, 18] },
    load: [0, 10],
    expected: { confidence: 0.36 + 0.3 },
  },
  {
    name: 'the reservation switched off',
    history: GOOD,
    settings: { enabled: false },
    load: [9, 10],
    expected: { ratio: 0, phase: 'stable', reasonCode: 'off', reason: 'switched off' },
  },
];

for (const { name, history, settings, load, expected } of EXAMPLES) {
  test(`reservationOf ${name}`, () => {
    const [inFlight, slots] = load;
    const found = reservationOf(history, { ...DEFAULT_RESERVATION, ...settings }, { inFlight, slots });
    for (const [key, value] of Object.entries(expected)) {
      const actual = Object.entries(found).find(([field]) => field === key)?.[1];
      if (typeof value === 'number') assert.ok(Math.abs(Number(actual) - value) < 1e-12, `${key}: ${actual}`);
      else assert.equal(actual, value);
    }
  });
}

const NEWCOMERS: [slots: number, ratio: number, left: number][] = [
  [10, 0, 10],
  [10, 0.1, 9],
  [10, 0.35, 6],
  [100, 0.35, 65],
  [20, 0.55, 9],
  [2, 0.1, 1],
  [1, 0.35, 1],
  [1, 0, 1],
  [3, 1, 1],
];
for (const [slots, ratio, left] of NEWCOMERS) {
  test(`slotsForNewcomers leaves ${left} of ${slots} at ${ratio}`, () => {
    assert.equal(slotsForNewcomers(slots, ratio), left);
  });
}

const TEN = { slots: 10, ratio: 0.3, expectedWarmInFlight: 5, warmInFlight: 0, warmTokensShare: 1 };
const WEIGHTED: [name: string, given: Partial<typeof TEN>, left: number][] = [
  ['as much as the ratio says while more return than that', {}, 7],
  ['no more than are likely to return', { expectedWarmInFlight: 1 }, 9],
  ['nothing when nobody is likely to return', { expectedWarmInFlight: 0 }, 10],
  ['nothing when those who return are there already', { warmInFlight: 5 }, 10],
  ['nothing when more are there than were expected', { warmInFlight: 9 }, 10],
  ['only for those who are still to come', { warmInFlight: 3 }, 8],
  ['less when they bring little', { warmTokensShare: 0.5 }, 8],
  ['nothing when they bring nothing', { warmTokensShare: 0 }, 10],
  ['nothing when it is switched off', { ratio: 0 }, 10],
  ['never the only slot', { slots: 1 }, 1],
  ['never the last slot', { ratio: 1, expectedWarmInFlight: 50 }, 1],
];
for (const [name, given, left] of WEIGHTED) {
  test(`weightedNewcomerSlots holds back ${name}`, () => {
    assert.equal(weightedNewcomerSlots({ ...TEN, ...given }), left);
  });
}

const share = () => fc.double({ min: 0, max: 1, noNaN: true });
const histories = fc
  .record({
    requestCount: fc.nat(1000),
    successShare: share(),
    hoursSinceRateLimit: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    limitHistory: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }),
  })
  .map(({ requestCount, successShare, ...rest }): AccountHistory => {
    return { ...NEW, ...rest, requestCount, successCount: Math.floor(requestCount * successShare) };
  });
const settingsOf = fc
  .record({
    probePhaseRequests: fc.nat(200),
    probeReservation: share(),
    stable: fc.tuple(share(), share()),
    loads: fc.tuple(share(), share()),
    successCountForFullConfidence: fc.integer({ min: 1, max: 200 }),
    cooldownHoursForFullConfidence: fc.double({ min: 0.01, max: 100, noNaN: true }),
  })
  .filter(({ loads: [a, b] }) => a !== b)
  .map(
    ({ stable, loads, ...rest }): ReservationSettings => ({
      ...rest,
      enabled: true,
      stableMinReservation: Math.min(...stable),
      stableMaxReservation: Math.max(...stable),
      lowLoadThreshold: Math.min(...loads),
      highLoadThreshold: Math.max(...loads),
    }),
  );

test('reservationOf stays between the least and the most, and confidence and load between 0 and 1', () => {
  fc.assert(
    fc.property(histories, settingsOf, fc.nat(300), fc.integer({ min: 1, max: 200 }), (...given) => {
      const [history, settings, inFlight, slots] = given;
      const found = reservationOf(history, settings, { inFlight, slots });
      const isProbe = found.phase === 'probe';
      const least = isProbe ? settings.probeReservation : settings.stableMinReservation;
      const most = isProbe ? settings.probeReservation : settings.stableMaxReservation;
      assert.ok(found.ratio >= least && found.ratio <= most + 1e-12, `${found.ratio}`);
      assert.ok(found.confidence >= 0 && found.confidence <= 1);
      assert.ok(found.loadFactor >= 0 && found.loadFactor <= 1);
    }),
  );
});

test('reservationOf never falls while load grows', () => {
  fc.assert(
    fc.property(histories, settingsOf, fc.integer({ min: 1, max: 60 }), (history, settings, slots) => {
      let before = 0;
      for (let inFlight = 0; inFlight <= slots + 1; inFlight += 1) {
        const { ratio } = reservationOf(history, settings, { inFlight, slots });
        assert.ok(ratio >= before - 1e-12, `${ratio} at ${inFlight} of ${slots}`);
        before = ratio;
      }
    }),
  );
});

test('newcomers always have a slot, never more than there are, and by weight never fewer than by ratio', () => {
  const amount = fc.double({ min: 0, max: 300, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      share(),
      amount,
      amount,
      fc.double({ min: 0, max: 2, noNaN: true }),
      (slots, ratio, expectedWarmInFlight, warmInFlight, warmTokensShare) => {
        const plain = slotsForNewcomers(slots, ratio);
        const given = { slots, ratio, expectedWarmInFlight, warmInFlight, warmTokensShare };
        const weighted = weightedNewcomerSlots(given);
        assert.ok(Number.isInteger(plain) && plain >= 1 && plain <= slots);
        assert.ok(Number.isInteger(weighted) && weighted >= plain && weighted <= slots);
      },
    ),
  );
});
