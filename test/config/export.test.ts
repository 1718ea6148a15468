// Export, and the way back: what is exported holds no secret, changes nothing where it came from, and builds the same elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vault } from '../../server/auth/vault.ts';
import { configChanges } from '../../server/config/diff.ts';
import { exportConfig } from '../../server/config/export.ts';
import { readImport } from '../../server/config/import.ts';
import { planImport } from '../../server/config/import-plan.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { MemoryCatalogStore } from '../graphql/memory-stores.ts';
import { sampleRows } from '../graphql/sample-rows.ts';

/** Looks like a reference, and is a name. */
const ODD = `$${'{X}'}`;
const vault = await Vault.fromMasterKey(new Uint8Array(32).fill(7));
let lastId = 0;
const tools = {
  newId: () => `new-${++lastId}`,
  seal: (plain: string, purpose: string) => vault.seal(plain, purpose),
  fingerprint: (plain: string) => vault.fingerprint(plain),
  nowMs: 0,
};

/** A catalogue with everything that can be said of it. */
function fullRows(): MemoryCatalogStore {
  const store = new MemoryCatalogStore();
  Object.assign(store.rows, structuredClone(sampleRows()));
  const { rows } = store;
  const prices = {
    inputUsdPerMillion: 3,
    outputUsdPerMillion: 15,
    cacheReadUsdPerMillion: null,
    cacheWrite5mUsdPerMillion: null,
    cacheWrite1hUsdPerMillion: null,
  };
  rows.models = rows.models.map((model) => ({
    ...model,
    price: { ...prices, tiers: [{ ...prices, aboveInputTokens: 200_000 }] },
  }));
  rows.accounts = rows.accounts.map((account) => ({ ...account, name: `${account.name} ${ODD}` }));
  rows.accounts = rows.accounts.map((account, index) =>
    index === 1 ? { ...account, isPaused: true } : account,
  );
  rows.settings = { ...DEFAULT_SETTINGS, requireApiKey: false, translation: false };
  return store;
}

async function plan(store: MemoryCatalogStore, text: string, env: Record<string, string> = {}) {
  const read = await readImport(text, 'warmpath-yaml', { env, readFile: () => Promise.reject() });
  return planImport(read, { prune: true, rows: store.rows, tools });
}

test('exportConfig() states everything but secrets, by names that stay', () => {
  const { rows } = fullRows();
  const { text, placeholders } = exportConfig(rows);
  assert.deepEqual(placeholders, [
    'WARMPATH_CREDENTIAL_ANTHROPIC_TEAM_A_X',
    'WARMPATH_CREDENTIAL_ANTHROPIC_TEAM_B_X',
    'WARMPATH_CREDENTIAL_LOCAL_GPU_X',
  ]);
  assert.deepEqual(exportConfig(structuredClone(rows)), { text, placeholders });
  for (const secret of ['sealed', 'f00d', 'abcd', 'h1']) {
    assert.ok(!text.replaceAll(/^#.*$/gm, '').includes(secret), secret);
  }
  assert.match(text, /^# {3}ada-laptop \(wp_a…0001\) of ada$/m);
});

test('exportConfig() gives accounts of one name different placeholders', () => {
  const { rows } = fullRows();
  rows.accounts = rows.accounts.map((account, index) => ({ ...account, name: index === 0 ? 'a-1' : 'a 1' }));
  assert.deepEqual(exportConfig({ ...rows, accounts: rows.accounts.slice(0, 2) }).placeholders, [
    'WARMPATH_CREDENTIAL_ANTHROPIC_A_1',
    'WARMPATH_CREDENTIAL_ANTHROPIC_A_1_2',
  ]);
});

test('planImport() of an export changes nothing where it came from', async () => {
  const store = fullRows();
  const { changes, problems, warnings } = await plan(store, exportConfig(store.rows).text);
  assert.deepEqual(problems, []);
  assert.deepEqual(changes, []);
  assert.deepEqual(warnings, ['Accounts that keep the credential they have: 3']);
});

test('planImport() of an export builds the same elsewhere', async () => {
  const source = fullRows();
  const { text, placeholders } = exportConfig(source.rows);
  const env = Object.fromEntries(placeholders.map((name) => [name, `secret-of-${name}`]));
  const target = new MemoryCatalogStore();
  const { changes, problems } = await plan(target, text, env);
  assert.deepEqual(problems, []);
  await target.apply(changes ?? []);
  assert.equal(target.rows.accounts.filter(({ isPaused }) => isPaused).length, 1);
  const withoutKeys = exportConfig({ ...source.rows, apiKeys: [] });
  assert.deepEqual(exportConfig(target.rows), withoutKeys);
});

test('planImport() of an export elsewhere needs its variables', async () => {
  const { changes, problems } = await plan(new MemoryCatalogStore(), exportConfig(fullRows().rows).text);
  assert.equal(changes, null);
  assert.deepEqual(
    problems.map(({ path }) => path),
    [
      'providers[0].accounts[0].credential',
      'providers[0].accounts[1].credential',
      'providers[1].accounts[0].credential',
    ],
  );
});

test('planImport() never takes a credential that it does not know to another origin', async () => {
  const store = fullRows();
  const text = exportConfig(store.rows).text.replace('https://api.anthropic.com', 'https://evil.example.com');
  const { changes } = await plan(store, text);
  assert.deepEqual(
    changes?.map((change) => change.kind),
    ['put-endpoint'],
  );
});

test('planImport() leaves an account of another gateway out whose variable is not set', async () => {
  const text =
    'model_list: [{ model_name: m, litellm_params: { model: groq/llama, api_key: os.environ/GROQ } }]';
  const read = await readImport(text, 'litellm-yaml', { env: {}, readFile: () => Promise.reject() });
  const rows = new MemoryCatalogStore().rows;
  const { changes, warnings } = await planImport(read, { prune: false, rows, tools });
  assert.deepEqual(
    changes?.map(({ kind }) => kind),
    ['put-provider', 'put-endpoint', 'put-model', 'put-mapping'],
  );
  assert.deepEqual(warnings, [
    'Account "groq" of provider "groq" is left out: its credential is in an environment variable that cannot be read here',
  ]);
});

test('configChanges() tells what is made, changed and deleted, and nothing of secrets', async () => {
  const store = fullRows();
  const text = `providers:
  - name: anthropic
    endpoints: [{ name: main, surface: anthropic-messages, baseUrl: https://api.anthropic.com }]
    accounts: [{ name: "team-a $${ODD}", credential: sk-a-new-credential, maxConcurrent: 2, cacheTtlMinutes: 5, weight: 7 }]
    models: [{ model: claude-sonnet-4-5, upstreamModel: new }]
users: [{ username: ada, email: ada@example.com }, { username: eve }]
apiKeys: [{ name: ada-ci, key: wp_a-new-key-of-ada-ci, user: eve }]
`;
  const { changes, problems } = await plan(store, text);
  assert.deepEqual(problems, []);
  const told = configChanges(changes ?? [], store.rows);
  assert.deepEqual(
    told.map(({ kind, type, name, fields }) => [
      `${kind} ${type} ${name}`,
      ...fields.map((field) => `${field.name}: ${field.before} > ${field.after}`),
    ]),
    [
      ['delete provider local'],
      ['delete endpoint local/main'],
      [`delete account local/gpu ${ODD}`],
      ['delete mapping local/llama'],
      [`delete account anthropic/team-b ${ODD}`],
      ['delete model llama'],
      ['delete api-key ada-laptop'],
      ['delete api-key robot'],
      ['delete user bob'],
      [
        `update account anthropic/team-a ${ODD}`,
        'weight: 1 > 7',
        'credential: (set) > (changed)',
        'credentialOrigins: ["https://api.anthropic.com","http://127.0.0.1:9000"] > ["https://api.anthropic.com"]',
      ],
      [
        'update mapping anthropic/claude-sonnet-4-5',
        'upstreamModel: "claude-sonnet-4-5-20250929" > "new"',
        'aliases: ["sonnet"] > []',
      ],
      ['create user eve', 'username: null > "eve"'],
      ['update api-key ada-ci', 'key: (set) > (changed)', 'user: "ada" > "eve"'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(told), /sk-a-new|wp_a-new|sealed|f00d|v1\./);
});

test('neither exportConfig() nor configChanges() shows the URL of a webhook', () => {
  const { rows } = fullRows();
  const webhook = { sealedUrl: 'v1.sealed-url', origin: 'https://hooks.example.com', fingerprint: 'beef' };
  const before = { ...rows, settings: { ...rows.settings, alerts: { ...rows.settings.alerts, webhook } } };
  assert.doesNotMatch(exportConfig(before).text, /webhook:|sealed-url|beef|hooks\.example/);
  const row = {
    ...before.settings,
    alerts: {
      ...before.settings.alerts,
      webhook: { ...webhook, sealedUrl: 'v1.other', fingerprint: 'cafe' },
    },
  };
  assert.deepEqual(configChanges([{ kind: 'put-settings', row }], before), [
    {
      kind: 'update',
      type: 'settings',
      name: 'settings',
      fields: [{ name: 'alerts', before: '(set)', after: '(changed)' }],
    },
  ]);
});

test('planImport() begins an account as the file says, and leaves it to the operator from then on', async () => {
  const store = new MemoryCatalogStore();
  const text =
    'providers: [{ name: p, accounts: [{ name: a, credential: sk-a-credential-1, paused: true }] }]';
  const first = await plan(store, text);
  await store.apply(first.changes ?? []);
  assert.deepEqual(
    store.rows.accounts.map(({ isPaused }) => isPaused),
    [true],
  );
  store.rows.accounts = store.rows.accounts.map((account) => ({ ...account, isPaused: false }));
  assert.deepEqual((await plan(store, text)).changes, []);
});
