// Scales, lines and stacks of charts over time; what keys and the command palette mean.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heightOf, levelsOf, linePath, peakOf, type Series, scaleOf } from '../../ui/src/charts/series.ts';
import { timeTicks } from '../../ui/src/charts/time-ticks.ts';
import { seriesTone } from '../../ui/src/charts/tones.ts';
import { matching } from '../../ui/src/shell/palette.ts';
import { type Press, shortcutOf } from '../../ui/src/shell/shortcuts.ts';

const series = (...rows: (number | null)[][]): Series[] =>
  rows.map((values, index) => ({ key: String(index), label: '', tone: 'accent', values }));

test('scaleOf() ends round, above the highest value or the highest sum', () => {
  assert.deepEqual(scaleOf(series([7, null, 130]), 'lines'), { top: 200, bottom: 0 });
  assert.deepEqual(scaleOf(series([3, 30], [4, 50]), 'stack'), { top: 100, bottom: 0 });
  assert.deepEqual(scaleOf(series([0.0123]), 'lines'), { top: 0.02, bottom: 0 });
  assert.deepEqual(scaleOf(series([]), 'bars'), { top: 1, bottom: 0 });
  assert.deepEqual(scaleOf(series([0.2]), 'lines', 1), { top: 1, bottom: 0 });
});

test('scaleOf() goes below zero when a value does', () => {
  const scale = scaleOf(series([10, -3]), 'lines');
  assert.deepEqual(scale, { top: 10, bottom: -4 });
  assert.deepEqual(levelsOf(scale), [10, 0, -4]);
  assert.equal(heightOf(0, scale), 4 / 14);
});

test('levelsOf() leaves out a lowest label that would stand on that of zero', () => {
  assert.deepEqual(levelsOf({ top: 20, bottom: -0.2 }), [20, 10, 0]);
  assert.deepEqual(levelsOf({ top: 20, bottom: -2 }), [20, 0, -2]);
});

const HOUR_MS = 3_600_000;
const slices = (from: string, count: number, widthMs: number) =>
  Array.from({ length: count }, (_unused, index) => Date.parse(from) + index * widthMs);

test('timeTicks() labels round times of the clock, and days by their date', () => {
  const half = slices('2026-11-21T11:30:00Z', 48, HOUR_MS / 2);
  assert.deepEqual(
    timeTicks(half, 4, 'UTC').map(({ fromMs, isDay }) => [
      new Date(fromMs).toISOString().slice(5, 16),
      isDay,
    ]),
    [
      ['11-21T12:00', false],
      ['11-21T18:00', false],
      ['11-22T00:00', true],
      ['11-22T06:00', false],
    ],
  );
  assert.deepEqual(timeTicks([], 4, 'UTC'), []);
});

test('timeTicks() goes by the clock of the zone, through a change of clocks', () => {
  // Berlin goes from 02:00 to 03:00 on that night: 03:00 stands where 01:00 UTC is.
  const hours = slices('2026-03-28T23:00:00Z', 6, HOUR_MS);
  assert.deepEqual(
    timeTicks(hours, 3, 'Europe/Berlin').map(({ index, isDay }) => [index, isDay]),
    [
      [0, true],
      [2, false],
      [3, false],
      [5, false],
    ],
  );
  const days = slices('2026-11-01T00:00:00Z', 30, 24 * HOUR_MS);
  assert.ok(timeTicks(days, 6, 'UTC').every(({ isDay }) => isDay));
});

test('linePath() goes through the middles of the buckets and breaks where nothing is known', () => {
  const scale = { top: 10, bottom: 0 };
  assert.equal(linePath([0, 5, 10, 10], scale), 'M125 100L375 50L625 0L875 0');
  assert.equal(linePath([5, null, 5, 5], scale), 'M41.67 50h166.67M625 50L875 50');
  assert.equal(linePath([null, null], scale), '');
});

test('peakOf() finds the highest value and where; null without values', () => {
  assert.deepEqual(peakOf([1, null, 7, 7]), { value: 7, index: 2 });
  assert.equal(peakOf([null]), null);
});

test('seriesTone() begins again after the tenth', () => {
  assert.deepEqual([0, 9, 10].map(seriesTone), ['s1', 's10', 's1']);
});

const press = (key: string, changes: Partial<Press> = {}): Press => ({
  key,
  hasModifier: false,
  isCommand: false,
  isTyping: false,
  ...changes,
});

test('shortcutOf() knows the keys that work everywhere', () => {
  assert.deepEqual(shortcutOf(press('?'), false), { kind: 'help' });
  assert.deepEqual(shortcutOf(press('/'), false), { kind: 'search' });
  assert.deepEqual(shortcutOf(press('g'), false), { kind: 'await-letter' });
  assert.deepEqual(shortcutOf(press('r'), true), { kind: 'go', letter: 'r' });
  assert.equal(shortcutOf(press('r'), false), null);
});

test('shortcutOf() steals nothing from typing but the palette’s own key, and no key of the browser', () => {
  for (const key of ['?', '/', 'g']) {
    assert.equal(shortcutOf(press(key, { isTyping: true }), false), null);
    assert.equal(shortcutOf(press(key, { hasModifier: true }), true), null);
  }
  const command = { isTyping: true, hasModifier: true, isCommand: true };
  assert.deepEqual(shortcutOf(press('K', command), false), { kind: 'palette' });
});

test('matching() wants every word, puts beginnings first, and stops at the limit', () => {
  const commands = ['Settings', 'Requests', 'Failed requests', 'Reset'].map((label) => ({
    id: label,
    label,
    hint: 'screen',
    run: () => {},
  }));
  const labels = (typed: string, limit = 9) => matching(commands, typed, limit).map(({ label }) => label);
  assert.deepEqual(labels('re'), ['Requests', 'Reset', 'Settings', 'Failed requests']);
  assert.deepEqual(labels('REQ failed'), ['Failed requests']);
  assert.deepEqual(labels('nothing'), []);
  assert.equal(labels('', 2).length, 2);
});
