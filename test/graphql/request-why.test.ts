// What the request log tells by GraphQL of routing and cold tokens.

import assert from 'node:assert/strict';
import test from 'node:test';
import { warmerReason } from '../../server/gateway/binding-reasons.ts';
import { MISS_DETAIL_CODES, missFacts } from '../../server/gateway/miss-facts.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

test('requestLog tells why tokens were cold, how the account was chosen and what was done for the cache', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const terms = {
    missUsd: 0.001,
    readUsd: 0.002,
    waitUsd: 0.003,
    loadUsd: 0,
    failureUsd: 0,
    headroomUsd: 0,
    othersUsd: 0,
  };
  const cost = { ...terms, totalUsd: 0.006 };
  bench.log.append(
    sampleRow('r1', {
      missCause: 'account-moved',
      misses: [
        {
          cause: 'account-moved',
          tokens: 150,
          costNanoUsd: 2_500_000,
          detail: 'warm on team-b',
          facts: missFacts('warm-on', { name: 'team-b' }),
        },
        { cause: 'new-content', tokens: 50, costNanoUsd: null, detail: null, facts: null },
      ],
      isKeepWarm: true,
      prefixParentId: 'r0',
      prefixSharedTokens: 150,
      cacheLevers: {
        ttl: '1h',
        ttlReason: 'pauses pay',
        ttlSums: null,
        breakpointsPlaced: 2,
        promptCacheKeySet: true,
      },
      route: {
        policy: 'warm-cost',
        profile: 'balanced',
        promptTokens: 1010,
        isUnpriced: false,
        waitedMs: 12.5,
        considered: [
          { accountId: 'a1', accountName: 'team-a', state: 'half-open', warmTokens: 0, waitMs: 0, cost },
          {
            accountId: 'gone',
            accountName: 'old',
            state: 'cooling-down',
            warmTokens: 150,
            waitMs: null,
            cost: null,
          },
        ],
      },
    }),
  );
  const { requestLog } =
    await bench.ask(`{ requestLog(id: "r1") { missCause misses { cause tokens costUsd detail }
    keepWarm prefixParentId prefixSharedTokens cacheLevers { ttl ttlReason breakpointsPlaced promptCacheKeySet }
    route { policy profile promptTokens isUnpriced waitedMs considered { account { name } accountName state warmTokens waitMs
      cost { missUsd readUsd othersUsd waitUsd loadUsd failureUsd headroomUsd totalUsd } } } } }`);
  assert.deepEqual(requestLog, {
    missCause: 'ACCOUNT_MOVED',
    misses: [
      { cause: 'ACCOUNT_MOVED', tokens: 150, costUsd: 0.0025, detail: 'warm on team-b' },
      { cause: 'NEW_CONTENT', tokens: 50, costUsd: null, detail: null },
    ],
    keepWarm: true,
    prefixParentId: encodeGlobalId('RequestLog', 'r0'),
    prefixSharedTokens: 150,
    cacheLevers: { ttl: '1h', ttlReason: 'pauses pay', breakpointsPlaced: 2, promptCacheKeySet: true },
    route: {
      policy: 'WARM_COST',
      profile: 'BALANCED',
      promptTokens: 1010,
      isUnpriced: false,
      waitedMs: 12.5,
      considered: [
        {
          account: { name: 'team-a' },
          accountName: 'team-a',
          state: 'HALF_OPEN',
          warmTokens: 0,
          waitMs: 0,
          cost,
        },
        {
          account: null,
          accountName: 'old',
          state: 'COOLING_DOWN',
          warmTokens: 150,
          waitMs: null,
          cost: null,
        },
      ],
    },
  });
});

test('requestLogs are narrowed by miss cause and by keep-warm', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1', { missCause: 'ttl-expired' }));
  bench.log.append(sampleRow('r2', { isKeepWarm: true }));
  const found = async (filter: string) =>
    (await bench.ask(`{ requestLogs(filter: { ${filter} }) { nodes { requestId } } }`)).requestLogs.nodes.map(
      ({ requestId }: { requestId: string }) => requestId,
    );
  assert.deepEqual(await found('missCause: TTL_EXPIRED'), ['req-r1']);
  assert.deepEqual(await found('missCause: COLD_START'), []);
  assert.deepEqual(await found('keepWarm: true'), ['req-r2']);
  assert.deepEqual(await found('keepWarm: false'), ['req-r1']);
});

test('a miss tells each of its codes with its values, and none for rows from before there were codes', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const values = { ms: 412_000, count: 14, upTo: 20, name: 'team-b' };
  const plain = { cause: 'prefix-changed', tokens: 5, costNanoUsd: null, detail: 'words' } as const;
  const told = MISS_DETAIL_CODES.map((code) => ({ ...plain, facts: missFacts(code, values) }));
  bench.log.append(sampleRow('r1', { misses: [...told, { ...plain, facts: null }] }));
  const { requestLog } = await bench.ask(
    '{ requestLog(id: "r1") { misses { detail detailCode detailMs detailCount detailUpTo detailName } } }',
  );
  const detail = 'words';
  const arrived = { detail, detailMs: 412_000, detailCount: 14, detailUpTo: 20, detailName: 'team-b' };
  const none = {
    detail,
    detailCode: null,
    detailMs: null,
    detailCount: null,
    detailUpTo: null,
    detailName: null,
  };
  assert.deepEqual(requestLog.misses, [
    ...MISS_DETAIL_CODES.map((code) => ({
      ...arrived,
      detailCode: code.toUpperCase().replaceAll('-', '_'),
    })),
    none,
  ]);
});

for (const { isOwn, code } of [
  { isOwn: true, code: 'OWN_PAUSES' },
  { isOwn: false, code: 'PAUSES_SEEN' },
  { isOwn: null, code: null },
]) {
  test(`cacheLevers tells by which sums a lifetime was chosen: ${code}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const ttlSums = isOwn === null ? null : { isOwn, savedUsd: 0.12, extraUsd: 0.0075 };
    const levers = {
      ttl: '1h',
      ttlReason: 'pauses pay',
      breakpointsPlaced: 0,
      promptCacheKeySet: false,
    } as const;
    bench.log.append(sampleRow('r1', { cacheLevers: { ...levers, ttlSums } }));
    const { requestLog } = await bench.ask(
      '{ requestLog(id: "r1") { cacheLevers { ttlReason ttlReasonCode ttlSavedUsd ttlExtraUsd } } }',
    );
    assert.deepEqual(requestLog.cacheLevers, {
      ttlReason: 'pauses pay',
      ttlReasonCode: code,
      ttlSavedUsd: ttlSums && 0.12,
      ttlExtraUsd: ttlSums && 0.0075,
    });
  });
}

for (const { reason, tokens } of [
  { reason: warmerReason(4_321), tokens: 4_321 },
  { reason: 'the bound account was full; the binding stays', tokens: null },
]) {
  test(`affinityWarmerTokens is ${tokens} when ${reason}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    bench.log.append(sampleRow('r1', { affinityReason: reason }));
    assert.deepEqual(await bench.ask('{ requestLog(id: "r1") { affinityReason affinityWarmerTokens } }'), {
      requestLog: { affinityReason: reason, affinityWarmerTokens: tokens },
    });
  });
}
