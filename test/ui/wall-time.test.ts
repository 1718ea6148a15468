// Moments by the clock on the wall, on the days on which clocks are changed too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentOfWallTime, wallTimeOf } from '../../ui/src/lib/wall-time.ts';

const at = (text: string) => Date.parse(text);

test('wallTimeOf() and momentOfWallTime() go there and back', () => {
  const cases = [
    ['2026-11-21T12:34:00Z', 'UTC', '2026-11-21T12:34'],
    ['2026-11-21T12:34:00Z', 'Asia/Shanghai', '2026-11-21T20:34'],
    ['2026-07-01T02:00:00Z', 'America/New_York', '2026-06-30T22:00'],
    ['2026-11-21T12:34:00Z', 'Asia/Kathmandu', '2026-11-21T18:19'],
    // Half an hour before and after clocks go forward in Berlin.
    ['2026-03-29T00:30:00Z', 'Europe/Berlin', '2026-03-29T01:30'],
    ['2026-03-29T01:30:00Z', 'Europe/Berlin', '2026-03-29T03:30'],
  ] as const;
  for (const [moment, zone, wall] of cases) {
    assert.equal(wallTimeOf(at(moment), zone), wall, zone);
    assert.equal(momentOfWallTime(wall, zone), at(moment), zone);
  }
});

test('momentOfWallTime() takes one of both where clocks go back, and refuses what is no time', () => {
  const moment = momentOfWallTime('2026-10-25T02:30', 'Europe/Berlin');
  assert.ok(moment === at('2026-10-25T00:30:00Z') || moment === at('2026-10-25T01:30:00Z'));
  for (const text of ['', 'now', '2026-13-01T00:00', '2026-11-21'])
    assert.equal(momentOfWallTime(text, 'UTC'), null);
});
