// How long a caller will wait for an account.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patienceMs } from '../../server/gateway/client-patience.ts';

const USUAL = {
  profile: 'balanced',
  maxWaitSeconds: null,
  deadlineMs: 600_000,
  elapsedMs: 1_000,
} as const;

interface Case {
  name: string;
  headers?: Record<string, string>;
  options?: Partial<Parameters<typeof patienceMs>[1]>;
  expected: number;
}

const CASES: Case[] = [
  { name: 'as long as the profile says', expected: 25_000 },
  {
    name: 'less for the sake of latency',
    options: { profile: 'latency-first' as const },
    expected: 10_000,
  },
  { name: 'as long as the settings say', options: { maxWaitSeconds: 40 }, expected: 40_000 },
  { name: 'not at all when the settings say so', options: { maxWaitSeconds: 0 }, expected: 0 },
  { name: 'until the deadline at most', options: { deadlineMs: 8_000 }, expected: 7_000 },
  { name: 'not at all after the deadline', options: { deadlineMs: 500 }, expected: 0 },
  { name: 'less when the caller says so', headers: { 'x-warmpath-max-wait': '2.5' }, expected: 2_500 },
  { name: 'not at all when the caller says 0', headers: { 'x-warmpath-max-wait': '0' }, expected: 0 },
  {
    name: 'no longer than allowed, whatever the caller says',
    headers: { 'x-warmpath-max-wait': '900' },
    expected: 25_000,
  },
  {
    name: 'a fifth of the timeout of the SDK, what has passed included',
    headers: { 'x-stainless-timeout': '60' },
    expected: 11_000,
  },
  {
    name: 'a fifth of the shorter one of its timeouts',
    headers: { 'x-stainless-timeout': '600', 'x-stainless-read-timeout': '30.0' },
    expected: 5_000,
  },
  { name: 'not at all for a hasty SDK', headers: { 'x-stainless-timeout': '4' }, expected: 0 },
  {
    name: 'as usual for an SDK without a timeout',
    headers: { 'x-stainless-timeout': '0' },
    expected: 25_000,
  },
  ...['', 'soon', '-1', 'NaN', 'Infinity', '1e3', '0x10'].map((text) => ({
    name: `as usual when the headers say ${JSON.stringify(text)}`,
    headers: { 'x-warmpath-max-wait': text, 'x-stainless-timeout': text },
    expected: 25_000,
  })),
];

for (const { name, headers = {}, options = {}, expected } of CASES) {
  test(`patienceMs() waits ${name}`, () => {
    assert.equal(patienceMs(new Headers(headers), { ...USUAL, ...options }), expected);
  });
}
