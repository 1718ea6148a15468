// Where the next try goes: how many there are, how soon, at which account, and where a credential may go.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { attemptsOf, FaultBench, nodesOf } from './fault-bench.ts';
import { FaultUpstream } from './fault-upstream.ts';

const AT_ONCE = 30;
/** A fifth of the active requests, but three in any case. */
const RETRIES_AT_ONCE = AT_ONCE * 0.2;

describe('another try', { skip: SKIP_REASON }, () => {
  let bench: FaultBench;
  let stranger: FaultUpstream;

  before(async () => {
    stranger = await FaultUpstream.listen();
    bench = await FaultBench.open({
      routes: {
        'two-models': {
          hops: [
            ['/limited-model/two-models', 'a'],
            ['/good', 'b'],
          ],
          alsoServes: ['second-model'],
        },
        overloaded: [['/overloaded', 'a', 'b', 'c']],
        storm: [
          ['/error-after/200', 'a'],
          ['/good-after/500', 'b'],
        ],
        moved: [['/good', 'a']],
      },
    });
  });
  after(async () => {
    await bench?.close();
    await stranger?.close();
  });

  it('goes to the same account for another model than the one it limited', async () => {
    const { reply } = await bench.check(
      { model: 'two-models' },
      { status: 200, attempts: ['a RETRYABLE 429', 'b OK 200'] },
    );
    assert.equal(reply.headers['retry-after'], undefined);
    await bench.check({ model: 'two-models' }, { status: 200, attempts: ['b OK 200'] });
    await bench.check({ model: 'second-model' }, { status: 200, attempts: ['a OK 200'] });
  });

  it('waits a moment, of a length of its own, when the provider is overloaded', async () => {
    const waits = [];
    for (let round = 0; round < 3; round += 1) {
      const { row } = await bench.check(
        { model: 'overloaded' },
        { status: 529, attempts: ['a RETRYABLE 529', 'b RETRYABLE 529'] },
      );
      const [first, second] = attemptsOf(row);
      const endedAtMs = Date.parse(String(first?.startedAt)) + Number(first?.durationMs);
      waits.push(Date.parse(String(second?.startedAt)) - endedAtMs);
    }
    for (const ms of waits) assert.ok(ms >= 100 && ms < 1_500, `${waits} ms`);
    assert.ok(new Set(waits).size > 1, `always ${waits} ms`);
  });

  it('is made for a share of the requests only when all fail together', async () => {
    const calls = Array.from({ length: AT_ONCE }, () => bench.ask({ model: 'storm' }));
    const replies = await Promise.all(calls.map((call) => call.reply()));
    const rows = await Promise.all(calls.map((call) => bench.settledRow(call.requestId, 'storm')));
    const retried = rows.filter((row) => attemptsOf(row).length > 1).length;
    const atGood = bench.upstream.calls.filter(({ prefix }) => prefix.startsWith('/good-after')).length;
    // While they are all at it, the load of the idle account attracts some of them at first.
    const direct = rows.filter((row) => attemptsOf(row)[0]?.accountName === 'b').length;
    assert.equal(atGood, retried + direct);
    assert.ok(retried >= 1 && retried <= RETRIES_AT_ONCE, `${retried} of ${AT_ONCE} were tried again`);
    const statuses = new Set(replies.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [200, 500]);
    bench.assertHealthyProcess();
  });

  it('never takes a credential to a host that it was not given for', async () => {
    await bench.check({ model: 'moved' }, { status: 200, attempts: ['a OK 200'] });
    const { providers } = await bench.gateway.query(
      '{ providers(first: 200) { nodes { name endpoints { id } } } }',
    );
    const provider = nodesOf(providers).find(({ name }) => name === 'moved 0');
    const [endpoint] = nodesOf({ nodes: provider?.endpoints });
    const { updateEndpoint } = await bench.gateway.query(
      'mutation ($id: ID!, $input: UpdateEndpointInput!) { updateEndpoint(id: $id, input: $input) { errors { message } } }',
      { id: endpoint?.id, input: { baseUrl: `${stranger.origin}/good` } },
    );
    assert.deepEqual(updateEndpoint, { errors: [] });
    const call = bench.ask({ model: 'moved' });
    const { status } = await call.reply();
    assert.ok(status === 404 || status === 503, String(status));
    assert.deepEqual((await bench.settledRow(call.requestId, 'moved')).attempts, []);
    assert.equal(stranger.connectionCount, 0);
  });

  it('loses no row and writes none twice', () => bench.assertRowPerRequest());
});
