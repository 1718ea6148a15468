// `replayPolicy`: recorded requests under other policies, its limits, and that only one runs at a time.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const FIELDS = `requests truncated from to accounts ttlSeconds unpricedRequests ceilingHitRate
  recorded { requests accounts hitRate costUsd savedUsd }
  policies { policy requests slots hitRate shareOfCeiling costUsd savedUsd meanWaitMs p95WaitMs rejectedShare
    imbalance movedRequests borrowedRequests }`;
const REPLAY = `query ($input: ReplayPolicyInput!) { replayPolicy(input: $input) { ${FIELDS} } }`;

/** One a minute; each repeats the prompt of the first. */
function row(place: number, given: Partial<RequestRow> = {}): RequestRow {
  return sampleRow(`r${place}`, {
    startedAtMs: START_MS - 3_600_000 + place * 60_000,
    inputTokens: 100_000,
    cacheReadTokens: 0,
    outputTokens: 50,
    prefixParentId: place === 0 ? null : 'req-r0',
    prefixSharedTokens: place === 0 ? null : 100_000,
    costNanoUsd: 400_000_000,
    savedNanoUsd: -50_000_000,
    accountId: place % 2 === 0 ? 'a1' : 'a2',
    ...given,
  });
}

test('replayPolicy tells what each policy would have read, cost and made wait', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (const place of [0, 1, 2]) bench.log.append(row(place));
  const input = { policies: ['ROUND_ROBIN', 'WARM_COST'], slotsPerAccount: 1 };
  const { replayPolicy } = await bench.ask(REPLAY, { input });
  const { policies, ...rest } = replayPolicy;
  assert.deepEqual(rest, {
    requests: 3,
    truncated: false,
    from: '2026-11-21T21:00:00.000Z',
    to: '2026-11-21T21:02:00.000Z',
    accounts: 2,
    ttlSeconds: 300,
    unpricedRequests: 0,
    ceilingHitRate: 2 / 3,
    recorded: { requests: 3, accounts: 2, hitRate: 0, costUsd: 1.2, savedUsd: -0.15 },
  });
  // USD per million tokens: 3 in, 3.75 written, 0.3 read, 15 out.
  const outputUsd = (3 * 50 * 15) / 1e6;
  const expected = [
    { policy: 'ROUND_ROBIN', hitRate: 1 / 3, costUsd: 0.375 * 2 + 0.03 + outputUsd, savedUsd: 0.12 },
    { policy: 'WARM_COST', hitRate: 2 / 3, costUsd: 0.375 + 0.03 * 2 + outputUsd, savedUsd: 0.465 },
  ];
  for (const [place, { costUsd, savedUsd, ...figures }] of expected.entries()) {
    const found = policies[place];
    assert.deepEqual({ policy: found.policy, hitRate: found.hitRate }, figures);
    assert.ok(Math.abs(found.costUsd - costUsd) < 1e-9, `${found.costUsd} is not ${costUsd}`);
    assert.ok(Math.abs(found.savedUsd - savedUsd) < 1e-9, `${found.savedUsd} is not ${savedUsd}`);
    assert.deepEqual([found.requests, found.slots, found.meanWaitMs, found.rejectedShare], [3, 2, 0, 0]);
  }
  assert.equal(policies.length, 2);
});

test('replayPolicy compares every policy when none is named, and is empty without requests', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { replayPolicy } = await bench.ask(REPLAY, { input: {} });
  assert.deepEqual(
    replayPolicy.policies.map(({ policy }: { policy: string }) => policy),
    ['WARM_COST', 'SESSION', 'API_KEY', 'ROUND_ROBIN', 'LEAST_LOADED', 'FIXED_ORDER'],
  );
  assert.deepEqual(
    [replayPolicy.requests, replayPolicy.from, replayPolicy.recorded.costUsd],
    [0, null, null],
  );
});

test('replayPolicy takes the newest of the rows that match, over many pages', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (let place = 0; place < 450; place += 1) {
    bench.log.append(row(place, { startedAtMs: START_MS - 500_000 + place * 1_000 }));
  }
  bench.log.append(
    row(999, {
      modelId: 'm2',
      upstreamModel: 'llama-70b',
      endpointId: 'e2',
      startedAtMs: START_MS - 40 * 3_600_000,
    }),
  );
  const requests = async (input: Record<string, unknown>) => {
    const { replayPolicy } = await bench.ask(REPLAY, { input: { policies: ['FIXED_ORDER'], ...input } });
    return [replayPolicy.requests, replayPolicy.truncated, replayPolicy.unpricedRequests];
  };
  assert.deepEqual(await requests({}), [451, false, 1]);
  assert.deepEqual(await requests({ hours: 24 }), [450, false, 0]);
  assert.deepEqual(await requests({ maxRequests: 300 }), [300, true, 0]);
  assert.deepEqual(await requests({ maxRequests: 450, hours: 24 }), [450, false, 0]);
  assert.deepEqual(await requests({ filter: { accountId: null, search: 'req-r44' } }), [11, false, 0]);
});

const REFUSED: Record<string, unknown>[] = [
  { maxRequests: 50_001 },
  { maxRequests: 0 },
  { accounts: 65 },
  { slotsPerAccount: 0 },
  { hours: 721 },
  { ttlSeconds: 0 },
  { utilisation: 0 },
];
for (const input of REFUSED) {
  test(`replayPolicy refuses ${JSON.stringify(input)}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const { errors } = await bench.call(REPLAY, { input });
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT');
  });
}

test('replayPolicy runs one at a time', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (const place of [0, 1, 2]) bench.log.append(row(place));
  const replies = await Promise.all([1, 2].map(() => bench.call(REPLAY, { input: { hours: 24 } })));
  assert.deepEqual(replies.map(({ errors }) => errors[0]?.extensions.code ?? 'fine').sort(), [
    'REPLAY_RUNNING',
    'fine',
  ]);
  assert.equal((await bench.ask(REPLAY, { input: {} })).replayPolicy.requests, 3);
});

test('replayPolicy ends when its caller hangs up, and the next one may run', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const hung = new AbortController();
  const page = bench.log.page.bind(bench.log);
  let pages = 0;
  bench.log.page = (filter, options) => {
    pages += 1;
    hung.abort();
    return page(filter, options);
  };
  for (let place = 0; place < 450; place += 1) bench.log.append(row(place));
  const body = JSON.stringify({ query: REPLAY, variables: { input: {} } });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer an-admin-token-for-tests' };
  const request = new Request('http://127.0.0.1:8787/graphql', {
    method: 'POST',
    headers,
    body,
    signal: hung.signal,
  });
  await bench.api.fetch(request, { isLoopback: true }).catch(() => undefined);
  assert.equal(pages, 1);
  bench.log.page = page;
  assert.equal((await bench.ask(REPLAY, { input: {} })).replayPolicy.requests, 450);
});
