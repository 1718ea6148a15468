// liveCounts: what happened between an answer and a subscription.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openBench } from './admin-bench.ts';
import { settle, subscribe } from './event-stream.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const COUNTS = '{ liveCounts { requestsLogged accountsChanged cleared } }';

test('liveCounts counts what subscriptions tell of, whether anybody listens or not', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const counts = async () => (await bench.ask(COUNTS)).liveCounts;
  assert.deepEqual(await counts(), { requestsLogged: 0, accountsChanged: 0, cleared: 0 });
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  bench.live.publish({ kind: 'account', accountId: 'a1' });
  bench.live.publish({ kind: 'account', accountId: 'a1' });
  assert.deepEqual(await counts(), { requestsLogged: 1, accountsChanged: 2, cleared: 0 });
  const stream = await subscribe(bench, 'subscription { requestLogged { requestId } }');
  await settle();
  bench.live.publish({ kind: 'request', row: sampleRow('r2') });
  await stream.next();
  assert.deepEqual(await counts(), { requestsLogged: 2, accountsChanged: 2, cleared: 0 });
  await stream.cancel();
  const clear = 'mutation { clearModelMappingCache { clearedCount } }';
  // Nothing was there to be cleared, which is told to nobody.
  await bench.ask(clear);
  assert.equal((await counts()).cleared, 0);
  bench.parts.live.publish({
    kind: 'cleared',
    event: { subject: 'affinities', atMs: 0, actor: 'panel', clearedCount: 1, message: '' },
  });
  assert.equal((await counts()).cleared, 1);
});

test('liveCounts is no higher than what stands after it in the same document', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { totals } = bench.parts.log;
  // A request that ends while the log is read: the sums may have it or not, so the count must not.
  bench.parts.log.totals = (...args) => {
    bench.live.publish({ kind: 'request', row: sampleRow('late') });
    return totals.apply(bench.parts.log, args);
  };
  const query = '{ liveCounts { requestsLogged } requestLogStats { total } }';
  const { liveCounts } = await bench.ask(query);
  assert.equal(liveCounts.requestsLogged, 0);
  assert.deepEqual(await bench.ask('{ liveCounts { requestsLogged } }'), {
    liveCounts: { requestsLogged: 1 },
  });
});
