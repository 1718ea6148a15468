// What the API tells of an account's limits, circuit and the origins of its credential.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AttemptFault } from '../../server/gateway/faults.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench, sampleAccount } from './admin-bench.ts';
import { mutate } from './mutate.ts';
import { sampleRows } from './sample-rows.ts';

const WAY = { upstreamModel: 'claude-sonnet-4-5', host: 'api.anthropic.com' };

async function read(bench: Bench, fields: string, name = 'team-a') {
  const { accounts } = await bench.ask(`{ accounts(filter: { search: "${name}" }) { nodes { ${fields} } } }`);
  return accounts.nodes[0];
}

test('rateLimits tells the windows that the last reply stated', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const fields = 'rateLimits { name utilization status resetAt limit remaining }';
  assert.deepEqual(await read(bench, fields), { rateLimits: [] });
  const headers = new Headers({
    'anthropic-ratelimit-requests-limit': '1000',
    'anthropic-ratelimit-requests-remaining': '250',
    'anthropic-ratelimit-requests-reset': new Date(bench.clock.nowMs() + 60_000).toISOString(),
  });
  bench.health.sawHeaders(sampleAccount(bench, 'a1'), WAY, headers);
  const { rateLimits } = await read(bench, fields);
  assert.equal(rateLimits.length, 1);
  const { name, limit, remaining, resetAt } = rateLimits[0];
  assert.deepEqual(
    { name, limit, remaining, resetAt },
    {
      name: 'requests',
      limit: 1000,
      remaining: 250,
      resetAt: '2026-11-21T22:01:00.000Z',
    },
  );
});

test('circuit and state tell when an account is set aside, and when it is on trial', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const account = sampleAccount(bench, 'a1');
  const fields =
    'state stateReason stateReasonCode stateReasonDetail cooldownUntil circuit { state retryAt recentResults recentFailures }';
  const circuit = { state: 'CLOSED', retryAt: null, recentResults: 0, recentFailures: 0 };
  assert.deepEqual(await read(bench, fields), {
    state: 'AVAILABLE',
    stateReason: null,
    stateReasonCode: null,
    stateReasonDetail: null,
    cooldownUntil: null,
    circuit,
  });
  const failure = { fault: 'server-error' as const, retryAfterMs: null, reason: '500' };
  for (let n = 0; n < 5; n += 1) bench.health.failed(account, WAY, failure);
  const open = await read(bench, fields);
  assert.equal(open.state, 'EJECTED');
  assert.equal(open.circuit.state, 'OPEN');
  assert.equal(open.circuit.recentFailures, 5);
  assert.equal(open.cooldownUntil, open.circuit.retryAt);
  assert.deepEqual([open.stateReasonCode, open.stateReason], ['FAILING', 'too many failures lately']);
  await bench.clock.advance(30_000);
  const half = await read(bench, fields);
  assert.deepEqual([half.state, half.circuit.state, half.cooldownUntil], ['HALF_OPEN', 'HALF_OPEN', null]);
  assert.equal(half.stateReasonCode, 'ON_TRIAL');
  const found = await bench.ask('{ accounts(filter: { state: HALF_OPEN }) { nodes { name } } }');
  assert.deepEqual(found.accounts.nodes, [{ name: 'team-a' }]);
});

test('an account and an endpoint say why they are passed over, in a code and in what was said', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const account = sampleAccount(bench, 'a1');
  const fields = 'stateReasonCode stateReasonDetail provider { endpoints { troubleCode troubleDetail } }';
  const told = async (fault: AttemptFault, reason: string) => {
    bench.health.reset('a1');
    bench.health.failed(account, WAY, { fault, retryAfterMs: 1_000, reason });
    const { stateReasonCode, stateReasonDetail } = await read(bench, fields);
    return [stateReasonCode, stateReasonDetail];
  };
  assert.deepEqual(await told('rate-limited', 'rate limited (429 rate_limit_error)'), [
    'RATE_LIMITED',
    '429 rate_limit_error',
  ]);
  assert.deepEqual(await told('quota', 'budget spent (402 (soft))'), ['QUOTA', '402 (soft)']);
  assert.deepEqual(await told('refused', 'credential refused'), ['REFUSED', null]);
  bench.health.failed(account, WAY, {
    fault: 'unreachable',
    retryAfterMs: null,
    reason: 'name not found (ENOTFOUND)',
  });
  const { provider } = await read(bench, fields);
  const [endpoint] = provider.endpoints;
  assert.deepEqual(endpoint, { troubleCode: 'UNREACHABLE', troubleDetail: 'ENOTFOUND' });
});

test('learnedLimit tells what 429s taught, until the health is reset', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const fields =
    'currentLimit learnedLimit { limit concurrentRateLimits perMinuteRateLimits unknownRateLimits lastRateLimitedAt history { at from to reason } }';
  assert.deepEqual(await read(bench, fields, 'gpu'), { currentLimit: null, learnedLimit: null });
  const account = sampleAccount(bench, 'a3');
  for (let n = 0; n < 10; n += 1) bench.slots.take(account);
  bench.slots.rateLimited(account, 'concurrent');
  const { currentLimit, learnedLimit } = await read(bench, fields, 'gpu');
  assert.ok(currentLimit !== null && currentLimit <= 10);
  assert.equal(learnedLimit.limit, currentLimit);
  assert.equal(learnedLimit.concurrentRateLimits, 1);
  assert.equal(learnedLimit.lastRateLimitedAt, '2026-11-21T22:00:00.000Z');
  assert.equal(learnedLimit.history.at(-1).to, currentLimit);
  await bench.ask('mutation { resetAccountHealth(id: "a3") { errors { code } } }');
  assert.deepEqual(await read(bench, fields, 'gpu'), { currentLimit: null, learnedLimit: null });
});

test('an endpoint moved elsewhere gets no credential until it is given again', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const offered = () => bench.parts.catalog.current.candidates('m1', 'anthropic-messages').length;
  assert.equal(offered(), 2);
  const input = { baseUrl: 'https://evil.example' };
  await mutate(bench, 'updateEndpoint', 'endpoint { id }', { id: 'e1', input });
  assert.equal(offered(), 0);
  assert.deepEqual(await read(bench, 'unboundOrigins'), { unboundOrigins: ['https://evil.example'] });
  const { providers } = await bench.ask('{ providers { nodes { endpoints { unboundAccounts { name } } } } }');
  assert.deepEqual(providers.nodes[0].endpoints, [
    { unboundAccounts: [{ name: 'team-a' }, { name: 'team-b' }] },
  ]);
  await mutate(bench, 'updateAccount', 'account { id }', { id: 'a1', input: { weight: 3 } });
  assert.equal(offered(), 0);
  await mutate(bench, 'updateAccount', 'account { id }', {
    id: 'a1',
    input: { credential: 'sk-given-again' },
  });
  assert.equal(offered(), 1);
  assert.deepEqual(await read(bench, 'unboundOrigins'), { unboundOrigins: [] });
});

test('createAccount binds the credential to the endpoints there are', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const input = { providerId: 'p2', name: 'new', credential: 'sk-new-one-here', usdPerCredit: 0.04 };
  const { account } = await mutate(bench, 'createAccount', 'account { usdPerCredit }', { input });
  assert.deepEqual(account, { usdPerCredit: 0.04 });
  const row = bench.store.rows.accounts.find(({ name }) => name === 'new');
  assert.deepEqual(row?.credentialOrigins, ['http://127.0.0.1:9000']);
});

test('every surface can be an endpoint', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (const surface of ['OPENAI_RESPONSES', 'OPENAI_EMBEDDINGS', 'GEMINI']) {
    const input = { providerId: 'p1', name: surface, surface, baseUrl: 'https://api.example' };
    const { endpoint } = await mutate(bench, 'createEndpoint', 'endpoint { surface }', { input });
    assert.deepEqual(endpoint, { surface });
  }
});

test('an endpoint says why its host is passed over', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const trouble = async () => {
    const { node } = await bench.ask(
      'query ($id: ID!) { node(id: $id) { ... on Endpoint { troubleReason } } }',
      {
        id: encodeGlobalId('Endpoint', 'e1'),
      },
    );
    return node.troubleReason;
  };
  assert.equal(await trouble(), null);
  const reason = 'no trusted TLS connection (CERT_HAS_EXPIRED)';
  bench.health.failed(sampleAccount(bench, 'a1'), WAY, { fault: 'unreachable', retryAfterMs: null, reason });
  assert.equal(await trouble(), reason);
});
