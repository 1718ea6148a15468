// What the overview asks for, and that its links lead to the same period.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Range, rangeOf, TODAY } from '../../ui/src/lib/period.ts';
import { cacheLink, errorsOf, figureVariables, periodLink } from '../../ui/src/pages/overview/figures.ts';

const NOW_MS = Date.parse('2026-11-22T13:30:00.000Z');
const rangeNamed = (query: string): Range => rangeOf(new URLSearchParams(query), TODAY, NOW_MS, 'UTC');
const FROM = '2026-11-01T00:00:00.000Z';
const TO = '2026-11-02T00:00:00.000Z';

test('figureVariables() asks for the period, for its caches without pings, for its failures, and for today', () => {
  const { filter, cached, failures, today } = figureVariables(
    rangeNamed(`from=${FROM}&to=${TO}`),
    NOW_MS,
    'UTC',
  );
  assert.deepEqual(filter, { from: FROM, to: TO });
  assert.deepEqual(cached, { from: FROM, to: TO, keepWarm: false });
  assert.deepEqual(failures, { from: FROM, to: TO, outcome: 'FAILED' });
  assert.deepEqual(today, { from: '2026-11-22T00:00:00.000Z', keepWarm: false });
});

const LINKS = [
  { query: '', requests: 'period=today', cache: 'from=2026-11-22T00:00:00.000Z' },
  { query: 'period=15m', requests: 'period=15m', cache: 'from=2026-11-22T13:15:00.000Z' },
  { query: 'period=7d', requests: 'period=7d', cache: 'period=7d' },
  { query: `from=${FROM}`, requests: `from=${FROM}`, cache: `from=${FROM}` },
  { query: `from=${FROM}&to=${TO}`, requests: `from=${FROM}&to=${TO}`, cache: `from=${FROM}&to=${TO}` },
];

test('periodLink() and cacheLink() keep the period, by name where the screen has it', () => {
  for (const { query, requests, cache } of LINKS) {
    const range = rangeNamed(query);
    assert.equal(decodeURIComponent(periodLink(range)), `/requests?${requests}`);
    assert.equal(decodeURIComponent(cacheLink(range)), `/cache?${cache}`);
  }
  assert.equal(
    periodLink(rangeNamed('period=7d'), { miss: 'TTL_EXPIRED' }),
    '/requests?miss=TTL_EXPIRED&period=7d',
  );
});

test('errorsOf() counts failures per bucket and is 0 where none are told', () => {
  const points = [
    { from: 'a', total: 5 },
    { from: 'b', total: 3 },
    { from: 'c', total: 0 },
  ];
  assert.deepEqual(errorsOf(points, [{ from: 'b', total: 2 }]), [0, 2, 0]);
});
