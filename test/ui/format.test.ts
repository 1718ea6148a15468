// Numbers and times as people read them; null must never look like zero.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdown, createFormat, NONE } from '../../ui/src/lib/format.ts';

const en = createFormat('en');
const zh = createFormat('zh-CN');

test('createFormat writes null, undefined and NaN as a dash', () => {
  for (const value of [null, undefined, Number.NaN]) {
    for (const write of [en.count, en.amount, en.compact, en.percent, en.usd, en.ms, en.duration])
      assert.equal(write(value), NONE);
  }
  for (const value of [null, undefined, 'not a date']) {
    for (const write of [en.clock, en.dayAndClock, en.exact]) assert.equal(write(value), NONE);
    assert.equal(en.relative(value, 0), NONE);
  }
});

test('createFormat writes zero as zero', () => {
  assert.equal(en.count(0), '0');
  assert.equal(en.percent(0), '0%');
  assert.equal(en.usd(0), '$0.00');
  assert.equal(en.ms(0), '0ms');
});

test('format tells the hours of a day from 00 to 23', () => {
  const utc = createFormat('en', 'UTC');
  const afternoon = '2026-11-22T14:41:54Z';
  assert.equal(utc.exact(afternoon), 'Nov 22, 2026, 14:41:54 UTC');
  assert.equal(utc.exact('2026-11-22T00:01:04Z'), 'Nov 22, 2026, 00:01:04 UTC');
  assert.equal(utc.clock(afternoon), '14:41:54');
  assert.equal(utc.dayAndClock(afternoon), 'Nov 22, 14:41');
});

test('format.amount keeps two decimals and no more', () => {
  assert.deepEqual([0, 13, 12.5, 1234.567].map(en.amount), ['0', '13', '12.5', '1,234.57']);
});

test('format.usd keeps fractions of a cent visible', () => {
  const cases: [number, string][] = [
    [1234.5, '$1,234.50'],
    [0.256, '$0.256'],
    [0.0032, '$0.0032'],
    [0.0000012, '$0.0000012'],
    [-0.0034, '-$0.0034'],
  ];
  for (const [value, text] of cases) assert.equal(en.usd(value), text);
});

test('format.ms picks the unit that keeps it short', () => {
  assert.deepEqual([5, 999, 1610, 12_340, 125_000].map(en.ms), ['5ms', '999ms', '1.61s', '12.3s', '2m 5s']);
  assert.deepEqual([3300, 3000].map(en.ms), ['3.30s', '3s']);
});

test('format.duration says durations as people do, in two units at most', () => {
  const cases: [number, string, string][] = [
    [0, '0 s', '0 秒'],
    [400, '0.4 s', '0.4 秒'],
    [8460, '8.5 s', '8.5 秒'],
    [9960, '10 s', '10 秒'],
    [27_600, '28 s', '28 秒'],
    [59_700, '1 min', '1 分钟'],
    [300_000, '5 min', '5 分钟'],
    [440_000, '7 min 20 s', '7 分 20 秒'],
    [3_599_800, '1 h', '1 小时'],
    [3_900_000, '1 h 5 min', '1 小时 5 分钟'],
    [86_399_000, '1 d', '1 天'],
    [97_200_000, '1 d 3 h', '1 天 3 小时'],
    [9 * 86_400_000, '9 d', '9 天'],
  ];
  for (const [ms, english, chinese] of cases) {
    assert.deepEqual([en.duration(ms), zh.duration(ms)], [english, chinese], String(ms));
  }
});

test('format.ms of minutes is the same, shorter', () => {
  assert.deepEqual([60_000, 300_000, 3_900_000].map(en.ms), ['1m', '5m', '1h 5m']);
  assert.deepEqual([60_000, 125_000, 3_900_000].map(zh.ms), ['1分钟', '2分5秒', '1小时5分钟']);
});

test('format follows the locale', () => {
  assert.equal(en.compact(12_300), '12.3K');
  assert.equal(zh.compact(12_300), '1.2万');
  assert.equal(zh.compact(4045), '4,045');
  assert.deepEqual([5, 1610].map(zh.ms), ['5毫秒', '1.61秒']);
  assert.equal(en.relative(0, 5000), '5s ago');
  assert.match(zh.relative(0, 5000), /5秒/);
});

test('format.relative steps up from seconds to days', () => {
  const nowMs = 10 * 86_400_000;
  assert.equal(en.relative(nowMs - 90_000, nowMs), '1m ago');
  assert.equal(en.relative(nowMs - 7_200_000, nowMs), '2h ago');
  assert.equal(en.relative(nowMs - 3 * 86_400_000, nowMs), '3d ago');
});

test('createFormat falls back to English for a locale that Intl refuses', () => {
  assert.equal(createFormat('en-US@posix').count(1000), '1,000');
});

test('countdown counts down and stops at zero', () => {
  assert.deepEqual([3_905_000, 300_000, 65_001, 9000, 1, 0, -5000].map(countdown), [
    '1:05:05',
    '5:00',
    '1:06',
    '0:09',
    '0:01',
    '0:00',
    '0:00',
  ]);
});
