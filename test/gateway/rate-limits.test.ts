// Rate-limit headers of the providers, as windows; what a refusal is about.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  classifyRateLimit,
  countsForAll,
  type RateLimitWindow,
  readRateLimits,
  rejectionOf,
} from '../../server/gateway/rate-limits.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const NOW_S = NOW_MS / 1000;

const blank = { utilization: null, status: null, resetAtMs: null, limit: null, remaining: null };

const CASES: [string, Record<string, string>, RateLimitWindow[]][] = [
  ['nothing from other headers', { 'content-type': 'text/plain', 'retry-after': '3' }, []],
  [
    "the windows of Anthropic's subscriptions",
    {
      'anthropic-ratelimit-unified-status': 'allowed_warning',
      'anthropic-ratelimit-unified-reset': String(NOW_S + 7_200),
      'anthropic-ratelimit-unified-5h-status': 'allowed',
      'anthropic-ratelimit-unified-5h-utilization': '0.23',
      'anthropic-ratelimit-unified-5h-reset': String(NOW_S + 3_600),
      'anthropic-ratelimit-unified-7d_opus-utilization': '1.04',
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-fallback-percentage': '0.5',
    },
    [
      { ...blank, name: '5h', status: 'allowed', utilization: 0.23, resetAtMs: NOW_MS + 3600_000 },
      { ...blank, name: '7d_opus', utilization: 1 },
      { ...blank, name: 'unified', status: 'allowed_warning', resetAtMs: NOW_MS + 7200_000 },
    ],
  ],
  [
    "the limits of Anthropic's API",
    {
      'anthropic-ratelimit-requests-limit': '4000',
      'anthropic-ratelimit-requests-remaining': '3999',
      'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:01Z',
      'anthropic-ratelimit-input-tokens-limit': '200',
      'anthropic-ratelimit-input-tokens-remaining': '50',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T12:00:30.5Z',
      'anthropic-priority-output-tokens-remaining': '7',
    },
    [
      {
        ...blank,
        name: 'input-tokens',
        limit: 200,
        remaining: 50,
        utilization: 0.75,
        resetAtMs: NOW_MS + 30_500,
      },
      { ...blank, name: 'priority-output-tokens', remaining: 7 },
      {
        ...blank,
        name: 'requests',
        limit: 4000,
        remaining: 3999,
        utilization: 1 - 3999 / 4000,
        resetAtMs: NOW_MS + 1_000,
      },
    ],
  ],
  [
    "OpenAI's limits and waits",
    {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-tokens': '0',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '20ms',
    },
    [
      { ...blank, name: 'requests', limit: 60, remaining: 0, utilization: 1, resetAtMs: NOW_MS + 360_000 },
      { ...blank, name: 'tokens', limit: 0, remaining: 0, resetAtMs: NOW_MS + 20 },
    ],
  ],
  [
    "Azure's limit that does not exist",
    {
      'x-ratelimit-limit-tokens': '-1',
      'x-ratelimit-remaining-tokens': '-1',
      'x-ratelimit-reset-tokens': '0',
    },
    [{ ...blank, name: 'tokens', resetAtMs: NOW_MS }],
  ],
  [
    'the names of the IETF drafts',
    { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '25', 'ratelimit-reset': '50' },
    [{ ...blank, name: 'default', limit: 100, remaining: 25, utilization: 0.75, resetAtMs: NOW_MS + 50_000 }],
  ],
  [
    'a reset as epoch in milliseconds',
    { 'x-ratelimit-reset': String(NOW_MS + 5_000) },
    [{ ...blank, name: 'default', resetAtMs: NOW_MS + 5_000 }],
  ],
  [
    'only what can be understood',
    {
      'anthropic-ratelimit-requests-limit': 'many',
      'anthropic-ratelimit-requests-reset': 'soon',
      'anthropic-ratelimit-unified-5h-utilization': 'NaN',
      'x-ratelimit-reset-tokens': '5 minutes',
      'x-ratelimit-remaining-tokens': '1e400',
    },
    [
      { ...blank, name: '5h' },
      { ...blank, name: 'requests' },
      { ...blank, name: 'tokens' },
    ],
  ],
];

for (const [what, headers, expected] of CASES) {
  test(`readRateLimits() reads ${what}`, () => {
    const windows = readRateLimits(new Headers(headers), NOW_MS);
    assert.deepEqual(
      windows.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      expected,
    );
  });
}

for (const [text, waitMs] of [
  ['1s', 1_000],
  ['7.66s', 7_660],
  ['2m59.56s', 179_560],
  ['1h0m0s', 3600_000],
  ['1d', 86_400_000],
  ['13', 13_000],
  ['0.5', 500],
  ['', null],
  ['s', null],
  ['-3s', null],
] as [string, number | null][]) {
  test(`readRateLimits() takes a reset of "${text}" as ${waitMs} ms`, () => {
    const [window] = readRateLimits(new Headers({ 'x-ratelimit-reset-tokens': text }), NOW_MS);
    assert.equal(window?.resetAtMs ?? null, waitMs === null ? null : NOW_MS + waitMs);
  });
}

test('readRateLimits() goes by the date of the reply when our clock is wrong', () => {
  const headers = new Headers({
    date: 'Sat, 21 Nov 2026 11:00:00 GMT',
    'anthropic-ratelimit-requests-reset': '2026-11-21T11:00:30Z',
    'anthropic-ratelimit-unified-5h-reset': String(NOW_S - 3_600 + 60),
    'x-ratelimit-reset-tokens': '9s',
  });
  const resets = new Map(readRateLimits(headers, NOW_MS).map(({ name, resetAtMs }) => [name, resetAtMs]));
  assert.equal(resets.get('requests'), NOW_MS + 30_000);
  assert.equal(resets.get('5h'), NOW_MS + 60_000);
  assert.equal(resets.get('tokens'), NOW_MS + 9_000);
});

test('readRateLimits() keeps at most 16 windows', () => {
  const headers = new Headers();
  for (let i = 0; i < 100; i++) headers.set(`x-ratelimit-limit-w${i}`, '1');
  headers.set(`x-ratelimit-limit-${'x'.repeat(100)}`, '1');
  assert.equal(readRateLimits(headers, NOW_MS).length, 16);
});

for (const [what, headers, retryAfterMs, inFlight, expected] of [
  ['no requests remaining', { 'x-ratelimit-remaining-requests': '0' }, 1_000, 9, 'requests-per-minute'],
  ['no tokens remaining', { 'anthropic-ratelimit-tokens-remaining': '0' }, null, 9, 'requests-per-minute'],
  ['a drained window', { 'anthropic-ratelimit-unified-5h-status': 'rejected' }, 9, 9, 'requests-per-minute'],
  ['requests remaining, two at once', { 'x-ratelimit-remaining-requests': '5' }, null, 2, 'concurrent'],
  ['a short wait, two at once', {}, 30_000, 2, 'concurrent'],
  ['a long wait', {}, 30_001, 2, 'unknown'],
  ['one alone', {}, 1_000, 1, 'unknown'],
] as [string, Record<string, string>, number | null, number, string][]) {
  test(`classifyRateLimit() calls ${what} ${expected}`, () => {
    assert.equal(classifyRateLimit({ headers: new Headers(headers), retryAfterMs, inFlight }), expected);
  });
}

const window = (name: string, part: Partial<RateLimitWindow> = {}): RateLimitWindow => ({
  ...blank,
  name,
  ...part,
});
const rejected = (name: string, resetAtMs: number | null) => window(name, { status: 'rejected', resetAtMs });
const allowed = (name: string) => window(name, { status: 'allowed', resetAtMs: 1 });

for (const [what, windows, expected] of [
  ['nothing when all is allowed', [allowed('unified'), allowed('5h')], null],
  ['nothing when the request was allowed all the same', [allowed('unified'), rejected('5h', 9)], null],
  [
    'the account until the last drained window resets',
    [rejected('unified', 70), rejected('5h', 50), rejected('7d', 70)],
    { scope: 'account', window: '7d', resetAtMs: 70 },
  ],
  [
    'the account when only the whole is stated',
    [rejected('unified', 70)],
    { scope: 'account', window: 'unified', resetAtMs: 70 },
  ],
  [
    'the model when only its family is used up',
    [rejected('unified', 90), allowed('5h'), allowed('7d'), rejected('7d_opus', 80)],
    { scope: 'account-model', window: '7d_opus', resetAtMs: 80 },
  ],
  [
    'the model when it is refused while the plan has room',
    [rejected('unified', 90), allowed('5h'), allowed('7d'), rejected('overage', 99)],
    { scope: 'account-model', window: 'unified', resetAtMs: 90 },
  ],
  [
    'nothing when extra usage is merely off',
    [allowed('unified'), allowed('5h'), rejected('overage', 9)],
    null,
  ],
  ['nothing while extra usage serves', [rejected('unified', 9), rejected('5h', 9), allowed('overage')], null],
  ["nothing when another model's family is used up", [allowed('unified'), rejected('7d_opus', 9)], null],
  ['nothing without a reset', [rejected('unified', null), rejected('5h', null)], null],
] as [string, RateLimitWindow[], ReturnType<typeof rejectionOf>][]) {
  test(`rejectionOf() cools ${what}`, () => {
    assert.deepEqual(rejectionOf(windows), expected);
  });
}

test('countsForAll() leaves out extra usage, grace and single families', () => {
  const names = ['5h', '7d', 'unified', '7d_opus', 'overage', 'grace-5h', 'slow'];
  assert.deepEqual(
    names.filter((name) => countsForAll(window(name))),
    ['5h', '7d', 'unified'],
  );
  assert.equal(countsForAll(window('tokens', { limit: 5 })), true);
});
