// What a configuration file says of the limits of API keys, and what becomes of it in the database.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { planConfig } from '../../server/config/apply.ts';
import { parseConfig } from '../../server/config/file.ts';
import { renderProblems } from '../../server/config/problems.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { type ApiKey, type CatalogRows, DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';

const NOW_MS = 1_700_000_000_000;
const KEY = 'wp_key-number-one-1';
const OTHER_KEY = 'wp_key-number-two-2';

const REST = `
providers:
  - { name: anthropic, models: [{ model: sonnet }, { model: opus }] }
  - { name: local, models: [{ model: llama }] }
models: [{ name: unserved }]
`;
const LIMITED = `${REST}
trustedProxies: [10.0.0.1/8, '2001:DB8::1']
apiKeys:
  - name: ci
    key: ${KEY}
    expiresAt: 2027-01-31
    models: [sonnet, unserved, sonnet]
    providers: [anthropic]
    surfaces: [anthropic-messages, gemini]
    ips: [192.0.2.7/24, '2001:db8::1', 192.0.2.0/24]
    requestsPerMinute: 60
    tokensPerMinute: 100000
    maxConcurrent: 4
    budgetUsdPerDay: 5.5
    budgetUsdPerMonth: '100'
`;

const parse = (text: string) => parseConfig(text, { env: {}, readFile: () => Promise.reject() });

let lastId = 0;
async function apply(text: string, current: CatalogRows): Promise<CatalogRows> {
  const { config, problems } = await parse(text);
  assert.deepEqual(problems, []);
  assert.ok(config);
  const changes = await planConfig(config, current, {
    newId: () => `id-${++lastId}`,
    seal: () => Promise.resolve(''),
    fingerprint: () => '',
    nowMs: NOW_MS,
  });
  const rows = structuredClone(current);
  for (const change of changes) {
    if (change.kind === 'put-api-key') rows.apiKeys = [change.row];
    if (change.kind === 'put-model') rows.models.push(change.row);
    if (change.kind === 'put-provider') rows.providers.push(change.row);
    if (change.kind === 'put-mapping') rows.mappings.push(change.row);
    if (change.kind === 'put-settings') rows.settings = change.row;
  }
  return rows;
}

const empty = (): CatalogRows => ({
  providers: [],
  endpoints: [],
  accounts: [],
  models: [],
  mappings: [],
  users: [],
  apiKeys: [],
  settings: DEFAULT_SETTINGS,
});

function only(rows: CatalogRows): ApiKey {
  const [apiKey] = rows.apiKeys;
  assert.ok(apiKey);
  return apiKey;
}

test('planConfig gives an API key the limits of the file, by the ids of what it names', async () => {
  const rows = await apply(LIMITED, empty());
  const idOf = (list: readonly { id: string; name: string }[], name: string) =>
    list.find((row) => row.name === name)?.id;
  const key = only(rows);
  assert.deepEqual(key, {
    id: key.id,
    name: 'ci',
    hash: hashSecret(KEY),
    masked: 'wp_k…ne-1',
    userId: null,
    isEnabled: true,
    createdAtMs: NOW_MS,
    expiresAtMs: Date.UTC(2027, 0, 31),
    revokedAtMs: null,
    allowedModelIds: [idOf(rows.models, 'sonnet'), idOf(rows.models, 'unserved')],
    allowedProviderIds: [idOf(rows.providers, 'anthropic')],
    allowedSurfaces: ['anthropic-messages', 'gemini'],
    allowedIps: ['192.0.2.0/24', '2001:db8::1'],
    requestsPerMinute: 60,
    tokensPerMinute: 100_000,
    maxConcurrent: 4,
    budgetUsdPerDay: 5.5,
    budgetUsdPerMonth: 100,
  });
  assert.deepEqual(rows.settings.trustedProxies, ['10.0.0.0/8', '2001:db8::1']);
});

test('planConfig changes nothing the second time', async () => {
  const rows = await apply(LIMITED, empty());
  const { config } = await parse(LIMITED);
  assert.ok(config);
  const tools = {
    newId: () => assert.fail('needs no id'),
    seal: () => Promise.resolve(''),
    fingerprint: () => '',
    nowMs: NOW_MS + 1,
  };
  assert.deepEqual(await planConfig(config, rows, tools), []);
});

test('planConfig lifts what the file leaves out, and keeps what an operator did', async () => {
  const limited = only(await apply(LIMITED, empty()));
  const kept = { isEnabled: false, revokedAtMs: 5 };
  const rows = await apply(`apiKeys: [{ name: ci, key: ${KEY} }]`, {
    ...empty(),
    apiKeys: [{ ...limited, ...kept }],
  });
  assert.deepEqual(only(rows), { ...limited, ...UNRESTRICTED, ...kept });
});

test('planConfig takes another secret under the name of a revoked key for another key', async () => {
  const limited = only(await apply(LIMITED, empty()));
  const revoked = { ...empty(), apiKeys: [{ ...limited, revokedAtMs: 5 }] };
  const rows = await apply(`apiKeys: [{ name: ci, key: ${OTHER_KEY} }]`, revoked);
  assert.deepEqual([only(rows).id, only(rows).revokedAtMs], [limited.id, null]);
});

test('planConfig takes an empty list for one that allows nothing', async () => {
  const rows = await apply(`apiKeys: [{ name: ci, key: ${KEY}, models: [], ips: [] }]`, empty());
  assert.deepEqual([only(rows).allowedModelIds, only(rows).allowedIps], [[], []]);
});

test('planConfig leaves the trusted proxies that the file does not state, and clears them on demand', async () => {
  const settings = { ...DEFAULT_SETTINGS, trustedProxies: ['192.0.2.1'] };
  const kept = await apply('requireApiKey: true', { ...empty(), settings });
  assert.deepEqual(kept.settings.trustedProxies, ['192.0.2.1']);
  const cleared = await apply('trustedProxies: []', { ...empty(), settings });
  assert.deepEqual(cleared.settings.trustedProxies, []);
});

test('parseConfig takes a time with its zone for the expiry', async () => {
  const { config } = await parse(
    `apiKeys: [{ name: ci, key: ${KEY}, expiresAt: 2027-01-31T18:00:00+02:00 }]`,
  );
  assert.equal(config?.apiKeys?.[0]?.expiresAt, Date.UTC(2027, 0, 31, 16));
});

test('parseConfig finds every limit that makes no sense, with its place and what was meant', async () => {
  const { problems } = await parse(`${REST}
trustedProxies: [everybody]
apiKeys:
  - name: ci
    key: ${KEY}
    expiresAt: tomorrow
    models: [sonet]
    providers: [antropic, local]
    surfaces: [anthropic-mesages]
    ips: [10.0.0.0/33, localhost]
    requestsPerMinute: 0
    tokensPerMinute: 1.5
    maxConcurrent: many
    budgetUsdPerDay: 0
    budgetUsdPerMonth: -1
    revokedAt: 2027-01-31
`);
  const lines = renderProblems('f', problems).split('\n').slice(1);
  assert.deepEqual(
    lines.map((line) => line.trim().replace(/ \(line \d+\)/, '')),
    [
      'trustedProxies[0]: must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32',
      'apiKeys[0].expiresAt: must be a date like 2027-01-31 or a time like 2027-01-31T18:00:00Z',
      'apiKeys[0].models[0]: is not one of the models of this file. Did you mean "sonnet"?',
      'apiKeys[0].providers[0]: is not one of the providers of this file. Did you mean "anthropic"?',
      'apiKeys[0].surfaces[0]: must be one of: anthropic-messages, openai-chat, openai-responses, openai-embeddings, gemini. Did you mean "anthropic-messages"?',
      'apiKeys[0].ips[0]: must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32',
      'apiKeys[0].ips[1]: must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32',
      'apiKeys[0].requestsPerMinute: must be a whole number from 1 to 1000000000',
      'apiKeys[0].tokensPerMinute: must be a whole number from 1 to 1000000000',
      'apiKeys[0].maxConcurrent: must be a whole number from 1 to 1000000',
      'apiKeys[0].budgetUsdPerDay: must be a number above 0, up to 1000000000',
      'apiKeys[0].budgetUsdPerMonth: must be a number above 0, up to 1000000000',
      'apiKeys[0].revokedAt: is not a known key',
    ],
  );
});
