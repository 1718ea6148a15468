// Who may read the metrics, and how they are asked for.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Counter } from '../../server/telemetry/metric-family.ts';
import { answerScrape } from '../../server/telemetry/scrape.ts';

interface Case {
  name: string;
  url?: string;
  headers?: Record<string, string>;
  isLoopback?: boolean;
  isOpen?: boolean;
  status: number;
}

const LOCAL = 'http://127.0.0.1:8787/metrics';
const REMOTE = 'http://gateway.example/metrics';

const CASES: readonly Case[] = [
  { name: 'a caller on this machine', url: LOCAL, isLoopback: true, status: 200 },
  {
    name: 'a caller on this machine by name',
    url: 'http://localhost/metrics',
    isLoopback: true,
    status: 200,
  },
  {
    name: 'a caller behind a proxy on this machine',
    url: LOCAL,
    isLoopback: true,
    headers: { 'x-forwarded-for': '203.0.113.9' },
    status: 401,
  },
  { name: 'a page whose name leads to this machine', url: REMOTE, isLoopback: true, status: 401 },
  { name: 'a caller elsewhere that names this machine', url: LOCAL, status: 401 },
  { name: 'a caller elsewhere', status: 401 },
  { name: 'a caller elsewhere with a token', headers: { authorization: 'Bearer good' }, status: 200 },
  { name: 'a caller elsewhere with another token', headers: { authorization: 'Bearer bad' }, status: 401 },
  { name: 'anybody when it is open', isOpen: true, status: 200 },
];

function scrape({ url, headers, isLoopback, isOpen }: Omit<Case, 'name' | 'status'>, method = 'GET') {
  const counter = new Counter({ name: 'x', help: 'X.' });
  counter.add([]);
  const request = new Request(url ?? REMOTE, { method, headers: headers ?? {} });
  return answerScrape(
    request,
    { isLoopback: isLoopback ?? false },
    {
      families: () => [counter],
      isOpen: isOpen ?? false,
      authorize: async ({ headers: sent }) => sent.get('authorization') === 'Bearer good',
    },
  );
}

for (const { name, status, ...given } of CASES) {
  test(`answerScrape() answers ${name} with ${status}`, async () => {
    const response = await scrape(given);
    assert.equal(response.status, status);
    assert.equal((await response.text()).includes('x_total 1'), status === 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.has('www-authenticate'), status === 401);
  });
}

test('answerScrape() names the format it writes', async () => {
  const plain = await scrape({ isOpen: true });
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const accept = 'application/openmetrics-text; version=1.0.0';
  const open = await scrape({ isOpen: true, headers: { accept } });
  assert.equal(
    open.headers.get('content-type'),
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
});

test('answerScrape() has no body for HEAD, and no other methods', async () => {
  assert.equal(await (await scrape({ isOpen: true }, 'HEAD')).text(), '');
  assert.equal((await scrape({ isOpen: true }, 'POST')).status, 405);
});
