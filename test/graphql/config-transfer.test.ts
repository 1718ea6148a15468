// importConfig and exportConfig over the admin API.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LITELLM, NEW_API } from '../config/import-samples.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { open } from './mutate.ts';
import { sampleBinding, sampleRows } from './sample-rows.ts';

const IMPORT = `mutation ($input: ImportConfigInput!) { importConfig(input: $input) {
  isApplied warnings changes { kind type name fields { name before after } } errors { code message path }
} }`;

async function bring(bench: Bench, input: Record<string, unknown>) {
  return (await bench.ask(IMPORT, { input: { format: 'WARMPATH_YAML', ...input } })).importConfig;
}

test('importConfig is a dry run unless it is told otherwise', async () => {
  const bench = await openBench();
  const text = 'providers: [{ name: p, accounts: [{ name: a, credential: sk-a-credential-1234 }] }]';
  const { isApplied, changes, errors } = await bring(bench, { text });
  assert.deepEqual(errors, []);
  assert.equal(isApplied, false);
  assert.deepEqual(
    changes.map(({ kind, type, name }: Record<string, string>) => `${kind} ${type} ${name}`),
    ['CREATE provider p', 'CREATE account p/a'],
  );
  assert.deepEqual(bench.store.rows.providers, []);
});

test('importConfig applies, and the second time finds nothing to do', async () => {
  const bench = await openBench();
  const first = await bring(bench, { text: NEW_API, format: 'ONE_API_JSON', dryRun: false });
  assert.deepEqual(first.errors, []);
  assert.equal(first.isApplied, true);
  assert.equal(first.warnings.length, 4);
  const { rows } = bench.store;
  assert.deepEqual(
    rows.accounts.map(({ name, isPaused }) => [name, isPaused]),
    [
      ['claude pool 1', false],
      ['claude pool 2', true],
      ['deepseek', true],
      ['proxy', false],
    ],
  );
  const second = await bring(bench, { text: NEW_API, format: 'ONE_API_JSON', dryRun: false });
  assert.deepEqual(second.changes, []);
  assert.doesNotMatch(JSON.stringify([first, second]), /sk-ant|sk-deep|sk-proxy|k-azure/);
});

test('importConfig reads no environment variable of the server', async () => {
  process.env.ANTHROPIC_API_KEY_A = 'sk-of-the-server';
  const bench = await openBench();
  const { warnings, changes } = await bring(bench, { text: LITELLM, format: 'LITELLM_YAML' });
  delete process.env.ANTHROPIC_API_KEY_A;
  const accounts = changes.filter(({ type }: { type: string }) => type === 'account');
  assert.deepEqual(
    accounts.map(({ name }: { name: string }) => name),
    ['openai/account-1', '10.0.0.7:8000/account-1', 'gemini/gemini-api-key'],
  );
  assert.ok(
    warnings.some((text: string) => text.startsWith('References to the environment are not resolved')),
  );
  assert.equal(warnings.filter((text: string) => text.includes('is left out')).length, 2);
});

test('importConfig tells every problem at once and changes nothing', async () => {
  const bench = await open();
  const before = structuredClone(bench.store.rows);
  const text = `providers:
  - name: new
    endpoints: [{ name: e, surface: anthropic-message, baseUrl: sk-secret }]
    accounts: [{ name: a, credential: \${WARMPATH_MASTER_KEY} }, { name: b, credentialFile: /etc/passwd }]
affinty: {}
`;
  const { isApplied, changes, errors } = await bring(bench, { text, dryRun: false });
  assert.equal(isApplied, false);
  assert.deepEqual(changes, []);
  assert.deepEqual(errors, [
    {
      code: 'invalid-value',
      message:
        'Cannot import providers[0].endpoints[0].surface (line 3): it must be one of: anthropic-messages, openai-chat, openai-responses, openai-embeddings, gemini. Did you mean "anthropic-messages"?',
      path: ['input', 'text', 'providers[0].endpoints[0].surface'],
    },
    {
      code: 'invalid-value',
      message: 'Cannot import providers[0].endpoints[0].baseUrl (line 3): it must be a URL like https://host',
      path: ['input', 'text', 'providers[0].endpoints[0].baseUrl'],
    },
    {
      code: 'invalid-value',
      message:
        'Cannot import providers[0].accounts[1].credentialFile (line 4): it names a file that cannot be read',
      path: ['input', 'text', 'providers[0].accounts[1].credentialFile'],
    },
    {
      code: 'invalid-value',
      message: 'Cannot import affinty (line 5): it is not a known key. Did you mean "affinity"?',
      path: ['input', 'text', 'affinty'],
    },
  ]);
  assert.deepEqual(bench.store.rows, before);
});

test('importConfig of an export changes nothing, and keeps credentials where they may go', async () => {
  const bench = await open();
  const { exportConfig } = await bench.ask('{ exportConfig { text placeholders } }');
  assert.equal(exportConfig.placeholders.length, 3);
  const same = await bring(bench, { text: exportConfig.text, dryRun: false, prune: true });
  assert.deepEqual([same.errors, same.changes], [[], []]);
  const elsewhere = exportConfig.text.replace('https://api.anthropic.com', 'https://evil.example.com');
  const moved = await bring(bench, { text: elsewhere, dryRun: false });
  assert.deepEqual(moved.changes, [
    {
      kind: 'UPDATE',
      type: 'endpoint',
      name: 'anthropic/main',
      fields: [
        { name: 'baseUrl', before: '"https://api.anthropic.com"', after: '"https://evil.example.com"' },
      ],
    },
  ]);
  assert.deepEqual(bench.store.rows.accounts[0]?.credentialOrigins, [
    'https://api.anthropic.com',
    'http://127.0.0.1:9000',
  ]);
});

test('importConfig with prune forgets the affinities of what goes', async () => {
  const bench = await open();
  bench.affinity.restore([
    sampleBinding('stays'),
    sampleBinding('goes', { accountId: 'a3', providerId: 'p2', endpointId: 'e2', modelId: 'm2' }),
  ]);
  const { exportConfig } = await bench.ask('{ exportConfig { text } }');
  const text = exportConfig.text.replace(/ {2}- name: local\n( {4}.*\n)+/, '');
  const { errors, changes } = await bring(bench, { text, dryRun: false, prune: true });
  assert.deepEqual(errors, []);
  assert.ok(
    changes.some(({ kind, name }: Record<string, string>) => kind === 'DELETE' && name === 'local/gpu'),
  );
  assert.deepEqual(
    bench.affinity.list().map(({ key }) => key),
    ['stays'],
  );
});

test('importConfig ends what is held against an account whose credential it renews', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const account = bench.parts.catalog.current.accounts.get('a1');
  assert.ok(account);
  bench.health.failed(
    account,
    { upstreamModel: 'x', host: 'h' },
    { fault: 'refused', retryAfterMs: null, reason: 'refused (401)' },
  );
  assert.notEqual(bench.health.condition(account).state, 'available');
  const text =
    'providers: [{ name: anthropic, accounts: [{ name: team-a, credential: sk-new-credential-1 }] }]';
  await bring(bench, { text, dryRun: false });
  assert.equal(bench.health.condition(account).state, 'available');
});

for (const field of ['exportConfig { text }', 'importConfig']) {
  test(`${field.split(' ')[0]} answers to nobody but administrators`, async () => {
    const bench = await open();
    const query = field === 'importConfig' ? IMPORT : `{ ${field} }`;
    const input = { format: 'WARMPATH_YAML', text: '' };
    const { data, errors } = await bench.call(query, query === IMPORT ? { input } : undefined, {
      bearer: null,
    });
    assert.equal(data?.exportConfig ?? data?.importConfig ?? null, null);
    assert.equal(errors.length, 1);
  });
}
