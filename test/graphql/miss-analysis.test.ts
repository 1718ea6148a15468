// Why prompts were cold, summed up by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Miss } from '../../server/gateway/route-record.ts';
import { openBench } from './admin-bench.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const ANALYSIS = `totalColdTokens totalCostUsd unpricedTokens causes { cause requests tokens costUsd share }
  byModel { model { name } coldTokens costUsd causes { cause tokens } }`;

function miss(cause: Miss['cause'], tokens: number, costNanoUsd: number | null): Miss {
  return { cause, tokens, costNanoUsd, detail: null, facts: null };
}

test('cacheMissAnalysis tells every cause with its dollars, costliest first', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { log } = bench;
  log.append(
    sampleRow('r1', { misses: [miss('ttl-expired', 600, 5_000_000), miss('new-content', 100, 250_000)] }),
  );
  log.append(sampleRow('r2', { misses: [miss('ttl-expired', 200, 1_000_000)] }));
  log.append(sampleRow('r3', { modelId: 'gone', misses: [miss('cold-start', 100, null)], sessionId: 's2' }));
  log.append(sampleRow('r4', { misses: null }));
  const { cacheMissAnalysis } = await bench.ask(`{ cacheMissAnalysis { ${ANALYSIS} } }`);
  assert.deepEqual(cacheMissAnalysis, {
    totalColdTokens: 1000,
    totalCostUsd: 0.00625,
    unpricedTokens: 100,
    causes: [
      { cause: 'TTL_EXPIRED', requests: 2, tokens: 800, costUsd: 0.006, share: 0.8 },
      { cause: 'NEW_CONTENT', requests: 1, tokens: 100, costUsd: 0.00025, share: 0.1 },
      { cause: 'COLD_START', requests: 1, tokens: 100, costUsd: 0, share: 0.1 },
    ],
    byModel: [
      {
        model: { name: 'claude-sonnet-4-5' },
        coldTokens: 900,
        costUsd: 0.00625,
        causes: [
          { cause: 'TTL_EXPIRED', tokens: 800 },
          { cause: 'NEW_CONTENT', tokens: 100 },
        ],
      },
      { model: null, coldTokens: 100, costUsd: 0, causes: [{ cause: 'COLD_START', tokens: 100 }] },
    ],
  });
  const only = await bench.ask('{ cacheMissAnalysis(filter: { sessionId: "s2" }) { totalColdTokens } }');
  assert.equal(only.cacheMissAnalysis.totalColdTokens, 100);
});

test('cacheMissAnalysis of nothing is zeros', async () => {
  const bench = await openBench();
  const { cacheMissAnalysis } = await bench.ask(`{ cacheMissAnalysis { ${ANALYSIS} } }`);
  assert.deepEqual(cacheMissAnalysis, {
    totalColdTokens: 0,
    totalCostUsd: 0,
    unpricedTokens: 0,
    causes: [],
    byModel: [],
  });
});
