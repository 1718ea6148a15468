// What the reservation of each account rests on, and the figures over all checks.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Slots } from '../../server/gateway/limits.ts';
import type { Account } from '../../server/gateway/ports.ts';
import { DEFAULT_RESERVATION } from '../../server/gateway/routing-settings.ts';
import { ReservationBook } from '../../server/routing/reservation-book.ts';
import { ManualClock } from '../manual-clock.ts';

const IDLE = { slots: 10, inFlight: 0, learned: null };
const HOUR_MS = 3600_000;

function open() {
  const clock = new ManualClock();
  const book = new ReservationBook({ clock });
  const look = (accountId = 'a') => book.look(accountId, IDLE, DEFAULT_RESERVATION);
  return { clock, book, look };
}

function succeed(book: ReservationBook, accountId: string, times: number) {
  for (let n = 0; n < times; n += 1) book.succeeded(accountId);
}

function near(actual: number | undefined, expected: number) {
  assert.ok(Math.abs(Number(actual) - expected) < 1e-9, `${actual} is not ${expected}`);
}

test('ReservationBook counts successes and failures of each account on its own', () => {
  const { book, look } = open();
  succeed(book, 'a', 75);
  for (let n = 0; n < 24; n += 1) book.failed('a');
  assert.equal(look().phase, 'probe');
  book.failed('a');
  assert.equal(look().phase, 'stable');
  near(look().confidence, 0.4 * 0.75 + 0.3 + 0.15);
  assert.equal(look('b').phase, 'probe');
});

test('ReservationBook lets the weight of a 429 fade over a day, whatever the wall clock does', async () => {
  const { clock, book, look } = open();
  succeed(book, 'a', 99);
  book.failed('a');
  book.rateLimited('a');
  near(look().confidence, 0.4 * 0.99 + 0.15);
  clock.stepWall(-48 * HOUR_MS);
  await clock.advance(6 * HOUR_MS);
  near(look().confidence, 0.4 * 0.99 + 0.075 + 0.15);
  await clock.advance(30 * HOUR_MS);
  near(look().confidence, 0.4 * 0.99 + 0.3 + 0.15);
});

test('ReservationBook takes what the learned limit knows of 429s and changes', async () => {
  const { clock, book } = open();
  const slots = new Slots(clock);
  const account: Account = {
    id: 'a',
    providerId: 'p',
    name: 'a',
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: null,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: '',
    credentialFingerprint: '',
    credentialOrigins: [],
  };
  for (let n = 0; n < 12; n += 1) {
    slots.rateLimited(account, 'unknown');
    await clock.advance(20_000);
  }
  const learned = slots.learned('a');
  assert.equal(learned?.history.length, 12);
  await clock.advance(12 * HOUR_MS - 20_000);
  const { phase, confidence } = book.look('a', { slots: 10, inFlight: 0, learned }, DEFAULT_RESERVATION);
  assert.equal(phase, 'stable');
  // The last five limits are 19, 17, 15, 13, 11: variance 10, so nothing for steadiness.
  assert.deepEqual(
    learned?.history.slice(-5).map(({ to }) => to),
    [19, 17, 15, 13, 11],
  );
  near(confidence, 0.15);
});

test('ReservationBook.reset begins anew', () => {
  const { book, look } = open();
  succeed(book, 'a', 100);
  book.reset('a');
  assert.equal(look().phase, 'probe');
});

test('ReservationBook.look leaves no trace in the figures, ratioFor does', () => {
  const { book, look } = open();
  look();
  assert.deepEqual(book.stats(), {
    totalChecks: 0,
    averageRatio: null,
    probePhaseShare: 0,
    lastResult: null,
  });
  const settings = { ...DEFAULT_RESERVATION, probeReservation: 0.3 };
  assert.equal(book.ratioFor('a', IDLE, settings).ratio, 0.3);
  succeed(book, 'a', 100);
  const last = book.ratioFor('a', IDLE, settings);
  const { totalChecks, averageRatio, probePhaseShare, lastResult } = book.stats();
  assert.equal(totalChecks, 2);
  near(averageRatio ?? undefined, 0.9 * 0.3 + 0.1 * 0.1);
  assert.equal(probePhaseShare, 0.5);
  assert.deepEqual(lastResult, last);
});

test('ReservationBook forgets the account first seen when there are too many', () => {
  const { book, look } = open();
  succeed(book, 'a', 100);
  for (let n = 0; n < 9_999; n += 1) book.succeeded(`other-${n}`);
  assert.equal(look().phase, 'stable');
  book.succeeded('one-more');
  assert.equal(look().phase, 'probe');
});
