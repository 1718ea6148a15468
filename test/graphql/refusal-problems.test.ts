// What programs are told of refusals that are about no single entered value: bindings, names, tests, imports.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import type { KeyRestrictions } from '../../server/gateway/key-restrictions.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { openBound } from './bound-bench.ts';
import { sampleBinding, sampleRows } from './sample-rows.ts';

interface Told {
  code: string;
  path: string[] | null;
  problem: string | null;
  min: number | null;
  max: number | null;
  detail: string | null;
}

const ERRORS = 'errors { code path problem min max detail }';

/** Code, place, problem, and of `min`, `max`, `detail` those that are told. */
function short({ code, path, problem, min, max, detail }: Told): (string | null)[] {
  const figures = Object.entries({ min, max, detail }).filter(([, value]) => value !== null);
  return [code, path?.join('.') ?? null, problem, ...figures.map(([name, value]) => `${name} ${value}`)];
}

const id = (type: string, raw: string) => JSON.stringify(encodeGlobalId(type, raw));

const REFUSED: [mutation: string, told: unknown[]][] = [
  [`pinAffinity(id: ${id('Affinity', 'nobody')}, pinned: true)`, ['invalid-value', 'id', 'WITHOUT_API_KEY']],
  [
    `moveAffinity(id: ${id('Affinity', 'ci')}, accountId: ${id('Account', 'a3')})`,
    ['invalid-value', 'accountId', 'ACCOUNT_DOES_NOT_SERVE'],
  ],
  [
    `moveAffinity(id: ${id('Affinity', 'ci')}, accountId: ${id('Account', 'a2')})`,
    ['invalid-value', 'accountId', 'ACCOUNT_PAUSED'],
  ],
  [
    `moveAffinity(id: ${id('Affinity', 'ci')}, accountId: ${id('Account', 'gone')})`,
    ['not-found', 'accountId', null],
  ],
  [
    `clearAffinities(ids: ${JSON.stringify(Array(1001).fill('x'))})`,
    ['invalid-value', 'ids', 'TOO_MANY', 'max 1000'],
  ],
  [`clearUserAffinities(identifier: "mallory")`, ['not-found', 'identifier', null]],
  [`createProvider(input: { name: "anthropic" })`, ['name-taken', 'input.name', null]],
  [`createModel(input: { name: "sonnet" })`, ['name-taken', 'input.name', 'ANSWERED_BY_ANOTHER']],
  [
    `createModelMapping(input: { providerId: ${id('Provider', 'p1')}, modelId: ${id('Model', 'm1')}, upstreamModel: "x" })`,
    ['name-taken', 'input.modelId', 'ALREADY_MAPPED'],
  ],
  [
    `updateModelMapping(id: ${id('ModelMapping', 'mm2')}, input: { aliases: ["big", "sonnet"] })`,
    ['name-taken', 'input.aliases', 'ANSWERED_BY_ANOTHER', 'detail sonnet'],
  ],
  [
    `updateProvider(id: ${id('Provider', 'p2')}, input: { allowPrivateNetwork: false })`,
    ['in-use', 'input.allowPrivateNetwork', 'PRIVATE_ENDPOINT', 'detail main'],
  ],
  [`testAccount(id: ${id('Account', 'a1')})`, ['not-testable', 'id', 'PROVIDER_WITHOUT_MODEL']],
  [
    `setDemoFailure(accountId: ${id('Account', 'a1')}, failure: NONE)`,
    ['not-a-demo-account', 'accountId', null],
  ],
  [
    `importConfig(input: { format: WARMPATH_YAML, text: ${JSON.stringify('#'.repeat(300_001))} })`,
    ['invalid-value', 'input.text', 'TOO_LONG', 'max 300000'],
  ],
];

for (const [mutation, told] of REFUSED) {
  test(`${mutation.slice(0, mutation.indexOf('('))} tells ${told.join(' ')}`, async () => {
    const bench = await openBound();
    await bench.ask(
      `mutation { setAccountPaused(id: ${id('Account', 'a2')}, paused: true) { errors { code } } }`,
    );
    const result: Record<string, { errors: Told[] }> = await bench.ask(
      `mutation { refused: ${mutation} { ${ERRORS} } }`,
    );
    assert.deepEqual(result.refused?.errors.map(short), [told]);
  });
}

test('pinAffinity tells how many can be pinned', async () => {
  const bench = await openBound();
  bench.affinity.restore(Array.from({ length: 1_000 }, (_, n) => sampleBinding(`p${n}`, { isPinned: true })));
  const { pinAffinity } = await bench.ask(
    `mutation { pinAffinity(id: ${id('Affinity', 'ci')}, pinned: true) { ${ERRORS} } }`,
  );
  assert.deepEqual(pinAffinity.errors.map(short), [['invalid-value', 'pinned', 'LIMIT_REACHED', 'max 1000']]);
});

test('createAdminToken tells how many there can be', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (let n = 0; n < 200; n += 1)
    await bench.parts.adminTokens.issue({ id: `t${n}`, name: `t${n}`, role: 'viewer', expiresAtMs: null });
  const { createAdminToken } = await bench.ask(
    `mutation { createAdminToken(input: { name: "one more", role: VIEWER }) { ${ERRORS} } }`,
  );
  assert.deepEqual(createAdminToken.errors.map(short), [['invalid-value', null, 'LIMIT_REACHED', 'max 200']]);
});

const EXPLAINED: [input: string, told: unknown[]][] = [
  ['surface: OPENAI_CHAT, model: "nothing"', ['not-found', 'input.model', 'NOT_SERVED']],
  [
    'surface: ANTHROPIC_MESSAGES, model: "claude-sonnet-4-5", body: "{"',
    ['invalid-value', 'input.body', 'NOT_JSON'],
  ],
  [
    'surface: ANTHROPIC_MESSAGES, model: "claude-sonnet-4-5", apiKeyId: "gone"',
    ['not-found', 'input.apiKeyId', null],
  ],
  [
    `surface: ANTHROPIC_MESSAGES, model: "sonnet", apiKeyId: ${id('ApiKey', 'k1')}`,
    ['invalid-value', 'input.model', 'MODEL_NOT_ALLOWED'],
  ],
  [
    `surface: ANTHROPIC_MESSAGES, model: "sonnet", apiKeyId: ${id('ApiKey', 'k2')}`,
    ['invalid-value', 'input.model', 'NO_PROVIDER_ALLOWED'],
  ],
];

const LIMITS: Readonly<Record<string, Partial<KeyRestrictions>>> = {
  k1: { allowedModelIds: ['m2'] },
  k2: { allowedProviderIds: ['p2'] },
};

for (const [input, told] of EXPLAINED) {
  test(`explainRoute tells ${told.join(' ')}`, async () => {
    const rows = sampleRows();
    const apiKeys = rows.apiKeys.map((key) => ({ ...key, ...LIMITS[key.id] }));
    const bench = await openBench({ rows: { ...rows, apiKeys } });
    const { explainRoute } = await bench.ask(`{ explainRoute(input: { ${input} }) { ${ERRORS} } }`);
    assert.deepEqual(explainRoute.errors.map(short), [told]);
  });
}

type Found = [place: string | null, problem: string | null, ...figures: (string | null)[]];

const ACCOUNT = 'credential: sk-a-credential-1234';
const TEXTS: [format: string, text: string, found: Found[]][] = [
  ['WARMPATH_YAML', 'affinty: {}', [['affinty', 'UNKNOWN_KEY', 'detail affinity']]],
  ['WARMPATH_YAML', '{"sk-secret-1": 1}', [[null, 'HOLDS_UNKNOWN_KEY']]],
  ['WARMPATH_YAML', 'requireApiKey: 1', [['requireApiKey', 'NOT_TRUE_OR_FALSE']]],
  ['WARMPATH_YAML', 'providers: {}', [['providers', 'NOT_A_LIST']]],
  ['WARMPATH_YAML', 'affinity: 1', [['affinity', 'NOT_A_BLOCK']]],
  ['WARMPATH_YAML', 'host: http://x', [['host', 'NOT_A_HOST']]],
  [
    'WARMPATH_YAML',
    'retention: { maxAgeDays: 0 }',
    [['retention.maxAgeDays', 'NOT_A_WHOLE_NUMBER', 'min 1', 'max 36500']],
  ],
  ['WARMPATH_YAML', 'limits: { maxBodyMb: 0 }', [['limits.maxBodyMb', 'NOT_ABOVE_ZERO', 'max 4096']]],
  ['WARMPATH_YAML', 'alerts: { dropShare: 2 }', [['alerts.dropShare', 'NOT_A_NUMBER', 'min 0.01', 'max 1']]],
  ['WARMPATH_YAML', 'alerts: { webhookUrl: x }', [['alerts.webhookUrl', 'NOT_A_URL']]],
  [
    'WARMPATH_YAML',
    'clientGone: { policy: stop }',
    [['clientGone.policy', 'NOT_AN_OPTION', 'detail cancel, drain']],
  ],
  [
    'WARMPATH_YAML',
    'reservation: { stableMinReservation: 0.4 }',
    [['reservation.stableMinReservation', 'TOO_LARGE', 'max 0.35']],
  ],
  [
    'WARMPATH_YAML',
    'models: [{ name: 5 }, { name: " " }, {}, { name: m, price: { inputUsdPerMillion: -1 } }]',
    [
      ['models[0].name', 'NOT_TEXT'],
      ['models[1].name', 'NOT_A_NAME', 'max 200'],
      ['models[2].name', 'REQUIRED'],
      ['models[3].price.inputUsdPerMillion', 'BELOW_ZERO'],
    ],
  ],
  [
    'WARMPATH_YAML',
    `providers: [{ name: p, accounts: [{ name: a, ${ACCOUNT} }, { name: a, ${ACCOUNT} }] }]`,
    [['providers[0].accounts[1].name', 'SAME_AS', 'detail providers[0].accounts[0]']],
  ],
  [
    'WARMPATH_YAML',
    `providers: [{ name: p, accounts: [{ name: a, credential: two words }, { name: b }, { name: c, credentialFile: x }, { name: d, ${ACCOUNT}, credentialFile: x }, { name: e, credentialFile: 5 }, { name: f, credentialFile: "" }] }]`,
    [
      ['providers[0].accounts[0].credential', 'NOT_PRINTABLE'],
      ['providers[0].accounts[1].credential', 'REQUIRED'],
      ['providers[0].accounts[2].credentialFile', 'UNREADABLE_FILE'],
      ['providers[0].accounts[3].credentialFile', 'TWO_WAYS'],
      ['providers[0].accounts[4].credentialFile', 'NOT_TEXT'],
      ['providers[0].accounts[5].credentialFile', 'REQUIRED'],
    ],
  ],
  [
    'WARMPATH_YAML',
    `providers: [{ name: p, accounts: [{ name: a, credential: "\${MINE}" }] }]`,
    [['providers[0].accounts[0].credential', 'UNREADABLE_VARIABLE']],
  ],
  [
    'WARMPATH_YAML',
    `users: [{ username: "x-\${NAME}", email: "\${a b}" }]`,
    [
      ['users[0].username', 'UNSET_VARIABLE', 'detail NAME'],
      ['users[0].email', 'BROKEN_REFERENCE'],
    ],
  ],
  [
    'WARMPATH_YAML',
    'providers: [{ name: p, endpoints: [{ name: e, surface: openai-chat, baseUrl: http://10.0.0.1 }], models: [{ model: m, aliases: [n] }, { model: n }] }]',
    [
      ['providers[0].endpoints[0].baseUrl', 'PRIVATE_ADDRESS'],
      ['providers[0].models[0].aliases[0]', 'NAMES_ANOTHER_MODEL'],
    ],
  ],
  [
    'WARMPATH_YAML',
    'users: [{ username: ada }]\napiKeys: [{ name: k, key: short, user: adda, ips: [home], expiresAt: soon }]',
    [
      ['apiKeys[0].key', 'TOO_SHORT', 'min 16'],
      ['apiKeys[0].expiresAt', 'NOT_A_DATE'],
      ['apiKeys[0].ips[0]', 'NOT_AN_ADDRESS_RANGE'],
      ['apiKeys[0].user', 'NOT_IN_TEXT', 'detail ada'],
    ],
  ],
  ['WARMPATH_YAML', 'a: 1\na: 2', [[null, 'YAML_SAME_KEY']]],
  ['WARMPATH_YAML', 'a: "x', [[null, 'YAML_MISSING']]],
  ['WARMPATH_YAML', 'a: 1\n---\nb: 2', [[null, 'YAML_DOCUMENTS']]],
  ['LITELLM_YAML', 'other: 1', [['model_list', 'REQUIRED']]],
  [
    'LITELLM_YAML',
    'model_list: [{ model_name: m, litellm_params: { model: openai/x, api_key: two words } }, { litellm_params: {} }]',
    [
      ['model_list[0].litellm_params.api_key', 'NOT_PRINTABLE'],
      ['model_list[1].model_name', 'REQUIRED'],
    ],
  ],
  ['ONE_API_JSON', '{', [[null, 'NOT_JSON']]],
  ['ONE_API_JSON', '5', [[null, 'NOT_CHANNELS']]],
  [
    'ONE_API_JSON',
    '[{ "type": 1, "key": "sk-1", "models": "m", "model_mapping": "{" }]',
    [['[0].model_mapping', 'NOT_JSON']],
  ],
];

const byPlace = ([a]: Found, [b]: Found) => (a ?? '').localeCompare(b ?? '');

for (const [format, text, found] of TEXTS) {
  test(`importConfig finds ${found.map((each) => each[1]).join(', ')}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const { importConfig } = await bench.ask(
      `mutation ($input: ImportConfigInput!) { importConfig(input: $input) { ${ERRORS} } }`,
      { input: { format, text } },
    );
    const told: Found[] = importConfig.errors.map((error: Told) => {
      const [, , problem = null, ...figures] = short(error);
      return [error.path?.[2] ?? null, problem, ...figures];
    });
    // Of one line in no particular order.
    assert.deepEqual(told.sort(byPlace), found.toSorted(byPlace));
  });
}

test('importConfig names the API key that has the same key, and never the key', async () => {
  const rows = sampleRows();
  const key = 'wp-key-of-another-1234';
  const apiKeys = rows.apiKeys.map((row) => (row.id === 'k3' ? { ...row, hash: hashSecret(key) } : row));
  const bench = await openBench({ rows: { ...rows, apiKeys } });
  const { importConfig } = await bench.ask(
    `mutation ($input: ImportConfigInput!) { importConfig(input: $input) { errors { code path problem min max detail message } } }`,
    { input: { format: 'WARMPATH_YAML', text: `apiKeys: [{ name: new, key: ${key} }]` } },
  );
  assert.deepEqual(importConfig.errors.map(short), [
    ['invalid-value', 'input.text.apiKeys[0].key', 'KEY_OF_ANOTHER', 'detail robot'],
  ]);
  assert.doesNotMatch(JSON.stringify(importConfig), new RegExp(key));
});
