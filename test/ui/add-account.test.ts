// The steps from a pasted credential to a working account.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addAccount,
  type Creator,
  cleanBaseUrl,
  newProgress,
  optionalWhole,
} from '../../ui/src/lib/add-account.ts';

const DRAFT = {
  connection: {
    providerId: null,
    providerName: 'anthropic',
    allowPrivateNetwork: false,
    surface: 'ANTHROPIC_MESSAGES' as const,
    baseUrl: 'https://api.example.test',
  },
  account: {
    name: 'team-a',
    credential: 'secret',
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: 5,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
  },
  mappings: [
    { model: 'known', upstreamModel: '' },
    { model: 'fresh', upstreamModel: 'fresh-2026' },
  ],
};

/** Records the calls; `failOn` throws the first time it is called. */
function recorder(failOn?: string): { calls: string[]; creator: Creator } {
  const calls: string[] = [];
  let hasFailed = false;
  const call = async (name: string, detail: string) => {
    if (name === failOn && !hasFailed) {
      hasFailed = true;
      throw new Error('refused');
    }
    calls.push(`${name} ${detail}`);
    return `${name}-id`;
  };
  const creator: Creator = {
    createProvider: ({ name }) => call('provider', name),
    createEndpoint: ({ providerId, baseUrl }) => call('endpoint', `${providerId} ${baseUrl}`),
    createAccount: ({ providerId, name }) => call('account', `${providerId} ${name}`),
    findModel: async (name) => (name === 'known' ? 'known-id' : null),
    createModel: (name) => call('model', name),
    createMapping: ({ modelId, upstreamModel }) => call('mapping', `${modelId} ${upstreamModel}`),
  };
  return { calls, creator };
}

const ALL_STEPS = [
  'provider anthropic',
  'endpoint provider-id https://api.example.test',
  'mapping known-id known',
  'model fresh',
  'mapping model-id fresh-2026',
  'account provider-id team-a',
];

test('addAccount creates provider, endpoint and models before the account', async () => {
  const { calls, creator } = recorder();
  assert.equal(await addAccount(DRAFT, creator, newProgress()), 'account-id');
  assert.deepEqual(calls, ALL_STEPS);
});

for (const step of ['provider', 'endpoint', 'mapping', 'account']) {
  test(`addAccount goes on after a failure at ${step} and creates nothing twice`, async () => {
    const { calls, creator } = recorder(step);
    const progress = newProgress();
    await assert.rejects(addAccount(DRAFT, creator, progress), /refused/);
    await addAccount(DRAFT, creator, progress);
    assert.deepEqual(calls, ALL_STEPS);
  });
}

test('addAccount at a known provider creates the account alone', async () => {
  const { calls, creator } = recorder();
  const connection = { ...DRAFT.connection, providerId: 'p1' };
  await addAccount({ ...DRAFT, connection, mappings: [] }, creator, newProgress());
  assert.deepEqual(calls, ['account p1 team-a']);
});

test('cleanBaseUrl drops what the gateway appends', () => {
  for (const text of [' https://a.test/ ', 'https://a.test/v1', 'https://a.test/v1//']) {
    assert.equal(cleanBaseUrl(text), 'https://a.test');
  }
  assert.equal(cleanBaseUrl('https://a.test/api/v1beta'), 'https://a.test/api/v1beta');
});

test('optionalWhole tells empty, whole and wrong apart', () => {
  assert.deepEqual([null, '', ' ', '7', 7, '1.5', 'x'].map(optionalWhole), [
    null,
    null,
    null,
    7,
    7,
    undefined,
    undefined,
  ]);
});
