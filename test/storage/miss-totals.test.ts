// RequestLog.missTotals against a plain computation over the same rows.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { missFacts } from '../../server/gateway/miss-facts.ts';
import type { MissTotal, RequestRow } from '../../server/gateway/ports.ts';
import { MISS_CAUSES } from '../../server/gateway/route-record.ts';
import { requestRow, withStorage } from './scratch.ts';

test('RequestLog.missTotals of rows without reports is empty', () =>
  withStorage(async ({ log }) => {
    log.append(requestRow({ id: '1', misses: null }));
    log.append(requestRow({ id: '2', misses: [] }));
    assert.deepEqual(await log.missTotals({}), []);
  }));

test('RequestLog.missTotals adds up beyond what an integer can hold exactly', () =>
  withStorage(async ({ log }) => {
    const costNanoUsd = Number.MAX_SAFE_INTEGER;
    const misses = [{ cause: 'cold-start' as const, tokens: 1, costNanoUsd, detail: null, facts: null }];
    for (const id of ['1', '2', '3']) log.append(requestRow({ id, misses }));
    assert.equal((await log.missTotals({}))[0]?.costNanoUsd, 3 * costNanoUsd);
  }));

const anyMisses = fc.uniqueArray(
  fc.record({
    cause: fc.constantFrom(...MISS_CAUSES),
    tokens: fc.integer({ min: 1, max: 1_000_000 }),
    costNanoUsd: fc.option(fc.integer({ min: 0, max: 10_000_000_000 })),
    detail: fc.option(fc.constantFrom('unused for 412 s', '"; [1, \\')),
    facts: fc.option(fc.constantFrom(missFacts('tools'), missFacts('warm-on', { name: '"; [1, \\' }))),
  }),
  { selector: ({ cause }) => cause, maxLength: 4 },
);
const anyRow = fc.record({
  modelId: fc.constantFrom('m1', 'm2', null),
  sessionId: fc.constantFrom('s1', 's2'),
  misses: fc.option(anyMisses),
});

test('RequestLog.missTotals equals the plain computation, over any filter', () =>
  withStorage(async ({ log }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 60 }), async (given) => {
        const rows = given.map((over, index) => requestRow({ id: `r${index}`, ...over }));
        await log.clear({});
        for (const row of rows) log.append(row);
        assert.deepEqual(sorted(await log.missTotals({})), naiveTotals(rows));
        const ofSession = rows.filter(({ sessionId }) => sessionId === 's1');
        assert.deepEqual(sorted(await log.missTotals({ sessionId: 's1' })), naiveTotals(ofSession));
        const ofModel = rows.filter(({ modelId }) => modelId === 'm2');
        assert.deepEqual(sorted(await log.missTotals({ modelId: 'm2' })), naiveTotals(ofModel));
      }),
      { numRuns: 40 },
    );
  }));

function naiveTotals(rows: readonly RequestRow[]): MissTotal[] {
  const totals = new Map<string, MissTotal>();
  for (const { modelId, misses } of rows) {
    for (const { cause, tokens, costNanoUsd } of misses ?? []) {
      const total = totals.get(`${modelId} ${cause}`) ?? {
        modelId,
        cause,
        requests: 0,
        tokens: 0,
        costNanoUsd: 0,
        unpricedTokens: 0,
      };
      total.requests += 1;
      total.tokens += tokens;
      total.costNanoUsd += costNanoUsd ?? 0;
      total.unpricedTokens += costNanoUsd === null ? tokens : 0;
      totals.set(`${modelId} ${cause}`, total);
    }
  }
  return sorted([...totals.values()]);
}

function sorted(totals: readonly MissTotal[]): MissTotal[] {
  const keyOf = ({ modelId, cause }: MissTotal) => `${modelId} ${cause}`;
  return totals.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
