// Retry advice and live events.

import assert from 'node:assert/strict';
import test from 'node:test';
import { retryAfterMs } from '../../server/gateway/headers.ts';
import { Live } from '../../server/gateway/live.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

for (const [headers, expected] of [
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '-5' }, 0],
  [{ 'retry-after': '1e12' }, 8 * 24 * 3600_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 15:00:30 GMT', date: 'Sat, 21 Nov 2026 15:00:00 GMT' }, 30_000],
  [{}, null],
] as [Record<string, string>, number | null][]) {
  test(`retryAfterMs() reads ${JSON.stringify(headers)}`, () => {
    assert.equal(retryAfterMs(new Headers(headers), NOW_MS), expected);
  });
}

test('Live hands events on in order and stops at the signal', async () => {
  const live = new Live();
  const stop = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of live.subscribe('account', stop.signal)) seen.push(event.accountId);
  })();
  for (const accountId of ['1', '2', '3']) live.publish({ kind: 'account', accountId });
  await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  await reading;
  assert.deepEqual(seen, ['1', '2', '3']);
  assert.equal(live.has('account'), false);
});

test('Live ends a listener that is too far behind instead of growing', async () => {
  const live = new Live();
  const events = live.subscribe('account', new AbortController().signal);
  for (let i = 0; i <= 10_001; i++) live.publish({ kind: 'account', accountId: 'a' });
  await assert.rejects(async () => {
    for await (const _event of events);
  }, /events behind/);
});
