// The sliders of the reservation, the curves they draw and the order of the accounts below.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_RESERVATION } from '../../server/gateway/routing-settings.ts';
import { curvePath, placeOf, topOf } from '../../ui/src/pages/cache/curve.ts';
import {
  changesOf,
  errorsByField,
  isChanged,
  SLIDERS,
  shownNumber,
  typedNumber,
} from '../../ui/src/pages/cache/draft.ts';
import type { ReservingAccount } from '../../ui/src/pages/cache/queries.ts';
import { sortedAccounts } from '../../ui/src/pages/cache/reserving.ts';

test('SLIDERS has one for every number of the settings, and its default lies between the ends', () => {
  const { enabled: _, ...numbers } = DEFAULT_RESERVATION;
  assert.deepEqual(SLIDERS.map(({ field }) => field).sort(), Object.keys(numbers).sort());
  for (const { field, min, max } of SLIDERS) {
    assert.ok(numbers[field] >= min && numbers[field] <= max, field);
  }
});

test('typedNumber() reads percent as shares without dust, and refuses what is no number', () => {
  const cases: [string, 'share' | 'requests' | 'hours', number | null][] = [
    ['35', 'share', 0.35],
    ['12.34', 'share', 0.123],
    ['57', 'share', 0.57],
    ['150', 'share', 1.5],
    ['', 'share', null],
    ['  ', 'hours', null],
    ['1e400', 'requests', null],
    ['1e12', 'requests', 2_000_000_000],
    ['9.6', 'requests', 10],
    ['0.5', 'hours', 0.5],
    ['abc', 'hours', null],
  ];
  for (const [text, unit, value] of cases) assert.equal(typedNumber(text, { unit }), value, text);
  assert.equal(shownNumber(0.57, { unit: 'share' }), 57);
  assert.equal(shownNumber(0.123, { unit: 'share' }), 12.3);
  assert.equal(shownNumber(24, { unit: 'hours' }), 24);
});

test('changesOf() is what differs from the settings in force', () => {
  const draft = { ...DEFAULT_RESERVATION, enabled: false, stableMaxReservation: 0.5 };
  assert.deepEqual(changesOf(DEFAULT_RESERVATION, draft), { enabled: false, stableMaxReservation: 0.5 });
  assert.equal(isChanged(DEFAULT_RESERVATION, draft), true);
  assert.equal(isChanged(DEFAULT_RESERVATION, { ...DEFAULT_RESERVATION }), false);
});

test('errorsByField() places errors of the preview and of the update at the same field', () => {
  assert.deepEqual(
    errorsByField([
      { message: 'too large', path: ['input', 'probeReservation'] },
      { message: 'crossed', path: ['input', 'reservation', 'lowLoadThreshold'] },
      { message: 'elsewhere', path: null },
    ]),
    { probeReservation: 'too large', lowLoadThreshold: 'crossed', '': 'elsewhere' },
  );
});

test('curvePath() goes up with the share, and a top holds every curve', () => {
  assert.equal(topOf([0.1, 0.35]), 0.4);
  assert.equal(topOf([]), 0.1);
  assert.equal(topOf([0.9]), 1);
  const points = [
    { loadFactor: 0, present: 0, proposed: 0.1 },
    { loadFactor: 0.5, present: 0.2, proposed: 0.4 },
  ];
  assert.equal(curvePath(points, 'present', 0.4), 'M0 100L50 50');
  assert.equal(curvePath(points, 'proposed', 0.4), 'M0 75L50 0');
  assert.deepEqual(placeOf(1, 2, 1), { x: 100, y: 0 });
});

function account(name: string, ratio: number, phase: 'PROBE' | 'STABLE' = 'STABLE'): ReservingAccount {
  const reservation = {
    ratio,
    phase,
    confidence: ratio,
    loadFactor: 1 - ratio,
    reasonCode: 'DYNAMIC' as const,
    newcomerSlots: 1,
  };
  return { id: name, name, inFlight: 0, currentLimit: 2, provider: { name: 'p' }, reservation };
}

test('sortedAccounts() sorts by figures and phases, equal ones by name', () => {
  const rows = [account('c', 0.1), account('a', 0.3, 'PROBE'), account('b', 0.1)];
  const orders: [string, string][] = [
    ['name', 'abc'],
    ['-name', 'cba'],
    ['ratio', 'abc'],
    ['-ratio', 'cba'],
    ['load', 'bca'],
    ['phase', 'abc'],
    ['-phase', 'cba'],
    ['nonsense', 'abc'],
    ['toString', 'abc'],
  ];
  for (const [order, names] of orders) {
    assert.equal(
      sortedAccounts(rows, order)
        .map(({ name }) => name)
        .join(''),
      names,
      order,
    );
  }
});
