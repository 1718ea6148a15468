// testAccount over the admin API; what it does to the account's way out is tested with the gateway.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountTestOutcome } from '../../server/gateway/account-test.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const TEST = `mutation ($id: ID!, $modelId: ID) { testAccount(id: $id, modelId: $modelId) {
  test {
    ok status latencyMs timeToFirstTokenMs model { name } endpoint { name } errorCode errorMessage
    requestLog { id path }
  }
  errors { code message path }
} }`;

async function openTests(outcome: (bench: Bench) => AccountTestOutcome) {
  const asked: [string, string | null][] = [];
  const bench = await openBench({
    rows: sampleRows(),
    parts: {
      accountTests: {
        test: (accountId, modelId) => {
          asked.push([accountId, modelId]);
          return Promise.resolve(outcome(bench));
        },
      },
    },
  });
  return { bench, asked };
}

function tested({ parts }: Bench): AccountTestOutcome {
  const { accounts, endpoints, models, providers } = parts.catalog.current;
  const [account, endpoint] = [accounts.get('a1'), endpoints.get('e1')];
  const [model, provider] = [models.get('m1'), providers.get('p1')];
  assert.ok(account && endpoint && model && provider);
  const candidate = { account, endpoint, model, provider, credential: '', upstreamModel: 'x', host: 'h' };
  const failed = { outcome: 'failed', status: 401, errorCode: 'refused', errorMessage: 'bad key' } as const;
  const row = sampleRow('r1', { ...failed, path: '/admin/test-account', timeToFirstTokenMs: null });
  return { kind: 'tested', result: { status: 401, candidate, row } };
}

test('testAccount tells what came of it, a failure too', async () => {
  const { bench, asked } = await openTests(tested);
  const ids = { id: encodeGlobalId('Account', 'a1'), modelId: encodeGlobalId('Model', 'm1') };
  const { testAccount } = await bench.ask(TEST, ids);
  assert.deepEqual(testAccount, {
    test: {
      ok: false,
      status: 401,
      latencyMs: 900,
      timeToFirstTokenMs: null,
      model: { name: 'claude-sonnet-4-5' },
      endpoint: { name: 'main' },
      errorCode: 'refused',
      errorMessage: 'bad key',
      requestLog: { id: encodeGlobalId('RequestLog', 'r1'), path: '/admin/test-account' },
    },
    errors: [],
  });
  await bench.ask(TEST, { id: 'a1' });
  assert.deepEqual(asked, [
    ['a1', 'm1'],
    ['a1', null],
  ]);
});

for (const { name, variables, outcome, error } of [
  {
    name: 'an account that is not there',
    variables: { id: 'a9' },
    outcome: { kind: 'running' },
    error: {
      code: 'not-found',
      message: 'Cannot find the account: there is none with this id',
      path: ['id'],
    },
  },
  {
    name: 'a model that is not there',
    variables: { id: 'a1', modelId: 'm9' },
    outcome: { kind: 'running' },
    error: {
      code: 'not-found',
      message: 'Cannot find the model: there is none with this id',
      path: ['modelId'],
    },
  },
  {
    name: 'a second test at the same time',
    variables: { id: 'a1' },
    outcome: { kind: 'running' },
    error: {
      code: 'already-running',
      message: 'Cannot test "team-a": a test of it is under way',
      path: ['id'],
    },
  },
  {
    name: 'an account without a model',
    variables: { id: 'a1' },
    outcome: { kind: 'untestable', reason: 'provider-without-model' },
    error: { code: 'not-testable', message: 'Cannot test "team-a": its provider has no model', path: ['id'] },
  },
] as const) {
  test(`testAccount refuses ${name}`, async () => {
    const { bench } = await openTests(() => outcome);
    assert.deepEqual((await bench.ask(TEST, variables)).testAccount, { test: null, errors: [error] });
  });
}
