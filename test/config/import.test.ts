// Translating other gateways' configurations: what comes over, what is told to be left behind, what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImportFormat, type ReadImport, readImport } from '../../server/config/import.ts';
import { LITELLM, NEW_API } from './import-samples.ts';

const ENV = { ANTHROPIC_API_KEY_A: 'sk-ant-from-env-a', ANTHROPIC_API_KEY_B: 'sk-ant-from-env-b' };
const COMPATIBLE = 'openai-chat';

function read(text: string, format: ImportFormat, env: Record<string, string> = {}): Promise<ReadImport> {
  return readImport(text, format, { env, readFile: () => Promise.reject(new Error('no files')) });
}

async function readWhole(text: string, format: ImportFormat, env: Record<string, string> = {}) {
  const { file, problems, warnings } = await read(text, format, env);
  assert.deepEqual(problems, []);
  assert.ok(file);
  return { file: plain(file), warnings };
}

/** Without the nulls and absences by which optional keys show. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('readImport() carries LiteLLM deployments over as providers, accounts and mappings', async () => {
  const { file, warnings } = await readWhole(LITELLM, 'litellm-yaml', ENV);
  assert.deepEqual(file, {
    providers: [
      {
        name: 'anthropic',
        endpoints: [{ name: 'main', surface: 'anthropic-messages', baseUrl: 'https://api.anthropic.com' }],
        accounts: [
          { name: 'anthropic-api-key-a', credential: 'sk-ant-from-env-a' },
          { name: 'anthropic-api-key-b', credential: 'sk-ant-from-env-b', weight: 3 },
        ],
        models: [{ model: 'sonnet', upstreamModel: 'claude-sonnet-4-5-20250929', aliases: ['claude'] }],
      },
      {
        name: 'openai',
        endpoints: [
          { name: 'main', surface: COMPATIBLE, baseUrl: 'https://api.openai.com' },
          { name: 'responses', surface: 'openai-responses', baseUrl: 'https://api.openai.com' },
          { name: 'embeddings', surface: 'openai-embeddings', baseUrl: 'https://api.openai.com' },
        ],
        accounts: [{ name: 'account-1', credential: 'sk-literal-openai-key-1' }],
        models: [
          { model: 'gpt-4o', aliases: ['gpt'] },
          { model: 'embed', upstreamModel: 'text-embedding-3-small' },
        ],
      },
      {
        name: '10.0.0.7:8000',
        allowPrivateNetwork: true,
        endpoints: [{ name: 'main', surface: COMPATIBLE, baseUrl: 'http://10.0.0.7:8000/v1' }],
        accounts: [{ name: 'account-1', credential: 'none' }],
        models: [{ model: 'local', upstreamModel: 'qwen3-32b' }],
      },
      {
        name: 'gemini',
        endpoints: [
          { name: 'main', surface: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com' },
        ],
        accounts: [{ name: 'gemini-api-key', credential: 'AIza-literal-in-the-file' }],
        models: [{ model: 'flash', upstreamModel: 'gemini-2.5-flash' }],
      },
    ],
    apiKeys: [{ name: 'litellm-master-key', key: 'sk-a-master-key-of-litellm' }],
  });
  assert.deepEqual(warnings, [
    'Model "azure-gpt": provider "azure" is not supported; left out',
    'Model "bedrock": provider "bedrock" is not supported; left out',
    'rpm and tpm are not carried over: limits are learned from the replies of providers',
    'Fallbacks to other models are not carried over: a request is tried at every account of its own model',
    'Not carried over: litellm_settings',
    'Alias "nothing" is not carried over: it names no model, or a model has its name',
    'general_settings.master_key becomes the API key "litellm-master-key": it calls models, and opens no admin API',
  ]);
});

test('readImport() leaves a placeholder where a variable is not set, another one each time', async () => {
  const text =
    'model_list: [{ model_name: m, litellm_params: { model: groq/llama, api_key: os.environ/GROQ } }]';
  const [first, second] = [await read(text, 'litellm-yaml'), await read(text, 'litellm-yaml')];
  assert.equal(first.file?.providers?.[0]?.accounts?.[0]?.credential, first.keptCredential);
  assert.equal(first.file?.providers?.[0]?.accounts?.[0]?.name, 'groq');
  assert.notEqual(first.keptCredential, second.keptCredential);
});

test('readImport() repeats nothing that may be a key in the place of a model', async () => {
  const text = 'model_list: [{ model_name: m, litellm_params: { model: sk-secret-1, api_key: x } }]';
  const { warnings } = await read(text, 'litellm-yaml');
  assert.deepEqual(warnings, ['Model "m": its provider is not supported; left out']);
});

test('readImport() keeps accounts apart that serve different models', async () => {
  const entry = (name: string, key: string) =>
    `  - { model_name: ${name}, litellm_params: { model: openai/${name}, api_key: ${key} } }\n`;
  const text = `model_list:\n${entry('gpt-a', 'sk-key-1')}${entry('gpt-b', 'sk-key-2')}${entry('gpt-b', 'sk-key-3')}`;
  const { file } = await read(text, 'litellm-yaml');
  assert.deepEqual(
    file?.providers?.map(({ name, accounts, models }) => [
      name,
      accounts?.map(({ credential }) => credential),
      models?.map(({ model }) => model),
    ]),
    [
      ['openai', ['sk-key-1'], ['gpt-a']],
      ['openai-2', ['sk-key-2', 'sk-key-3'], ['gpt-b']],
    ],
  );
});

test('readImport() tells every problem of a LiteLLM configuration at its place, and no value', async () => {
  const text = `model_list:
  - model_name: a
    litellm_params: { model: openai/a, api_key: "secret with spaces" }
  - litellm_params: { model: openai/b, api_key: secret-b }
  - model_name: c
    litellm_params: { model: openai/c, api_key: secret-c, api_base: "http://user:secret@example.com" }
  - model_name: d
    litellm_params: { model: hosted_vllm/d, api_key: secret-d }
`;
  const { file, problems } = await read(text, 'litellm-yaml');
  assert.equal(file, null);
  assert.deepEqual(
    problems.map(({ path, line, message }) => `${path} (${line}) ${message}`),
    [
      'model_list[0].litellm_params.api_key (3) must be printable ASCII without spaces',
      'model_list[1].model_name (4) is missing',
      'model_list[2].litellm_params.api_base (6) must not hold a user name or password',
      'model_list[3].litellm_params.api_base (8) is missing',
    ],
  );
  assert.doesNotMatch(JSON.stringify(problems), /secret/);
});

test('readImport() carries new-api channels over, keys line by line, what is off as paused', async () => {
  const { file, warnings } = await readWhole(NEW_API, 'one-api-json');
  assert.deepEqual(file, {
    providers: [
      {
        name: 'anthropic',
        endpoints: [{ name: 'main', surface: 'anthropic-messages', baseUrl: 'https://api.anthropic.com' }],
        accounts: [
          { name: 'claude pool 1', credential: 'sk-ant-one-00000001', weight: 5 },
          { name: 'claude pool 2', credential: 'sk-ant-two-00000002', weight: 5, paused: true },
        ],
        models: [
          { model: 'claude-sonnet-4-5', upstreamModel: 'claude-sonnet-4-5-20250929' },
          { model: 'claude-haiku-4-5' },
        ],
      },
      {
        name: 'deepseek',
        endpoints: [{ name: 'main', surface: COMPATIBLE, baseUrl: 'https://api.deepseek.com' }],
        accounts: [{ name: 'deepseek', credential: 'sk-deepseek-0001', paused: true }],
        models: [{ model: 'deepseek-chat' }],
      },
      {
        name: 'llm.example.com',
        endpoints: [
          { name: 'main', surface: COMPATIBLE, baseUrl: 'https://llm.example.com/v1' },
          { name: 'embeddings', surface: 'openai-embeddings', baseUrl: 'https://llm.example.com/v1' },
        ],
        accounts: [{ name: 'proxy', credential: 'sk-proxy-000001' }],
        models: [{ model: 'gpt-4o' }, { model: 'text-embedding-3-small' }],
      },
    ],
  });
  assert.deepEqual(warnings, [
    'Channel "azure": type 3 (Azure OpenAI) is not supported; left out',
    'Channel "suno": type 36 is not supported; left out',
    'Priorities are not carried over: the routing policy chooses among all accounts of a model',
    'Groups are not carried over: every API key may use every account',
  ]);
});

test('readImport() never sends a key by the other program’s numbering of types', async () => {
  const channel = { id: 1, type: 36, name: 'c', key: 'sk-1', status: 1, base_url: '', models: 'm' };
  const names = async (channels: object[]) => {
    const { file, problems } = await read(JSON.stringify(channels), 'one-api-json');
    assert.deepEqual(problems, []);
    return file?.providers?.map(({ name }) => name);
  };
  assert.deepEqual(await names([{ ...channel, config: '{}' }]), ['deepseek']);
  assert.deepEqual(await names([{ ...channel, auto_ban: 1 }]), []);
  assert.deepEqual(await names([channel]), []);
  assert.deepEqual(await names([{ ...channel, base_url: 'https://there.example.com' }]), [
    'there.example.com',
  ]);
});

test('readImport() merges channels of one key, and tells when they contradict each other', async () => {
  const channel = { type: 1, key: 'sk-1', status: 1, base_url: '' };
  const { file, warnings } = await read(
    JSON.stringify([
      { ...channel, name: 'a', models: 'x,y', model_mapping: '{"x":"x-1"}', config: '' },
      { ...channel, name: 'b', models: 'x,z', status: 3, model_mapping: { x: 'x-2' } },
    ]),
    'one-api-json',
  );
  assert.deepEqual(plain(file?.providers?.[0]?.accounts), [{ name: 'a', credential: 'sk-1' }]);
  assert.deepEqual(
    file?.providers?.[0]?.models?.map(({ model, upstreamModel }) => `${model} ${upstreamModel ?? ''}`),
    ['x x-1', 'y ', 'z '],
  );
  assert.deepEqual(warnings, [
    'Model "x" stands for several upstream models at one key: only the first is carried over',
  ]);
});

test('readImport() tells every problem of a channel list at its place, and no value', async () => {
  const { file, problems } = await read(
    JSON.stringify([
      { type: 1, name: 'a', key: '', models: 'm', config: '' },
      { type: 1, name: 'b', key: 'sk-secret one', models: '', base_url: 'ftp://secret.example.com' },
      { type: 8, name: 'c', key: 'sk-secret', models: 'm', model_mapping: '{"secret": 1}' },
    ]),
    'one-api-json',
  );
  assert.equal(file, null);
  assert.deepEqual(
    problems.map(({ path, message }) => `${path} ${message}`),
    [
      '[0].key is missing',
      '[1].base_url must be a URL like https://host',
      '[1].key must be printable ASCII, one key a line',
      '[1].models is missing',
      '[2].base_url is missing',
      '[2].model_mapping is not a JSON object of texts',
    ],
  );
  assert.doesNotMatch(JSON.stringify(problems), /secret/);
});

for (const { format, text, message } of [
  { format: 'one-api-json', text: '[{"key": "sk-secret"', message: 'is not valid JSON' },
  { format: 'one-api-json', text: '"sk-secret"', message: 'is no list of channels' },
  {
    format: 'litellm-yaml',
    text: 'a: [sk-secret',
    message: 'is not valid YAML: the indentation does not fit the lines around it',
  },
  { format: 'litellm-yaml', text: 'key: sk-secret', message: 'is missing: this is no LiteLLM configuration' },
  { format: 'warmpath-yaml', text: 'providers: sk-secret', message: 'must be a list' },
] as const) {
  test(`readImport() refuses ${format} that is "${message}" without quoting it`, async () => {
    const { file, problems } = await read(text, format);
    assert.equal(file, null);
    assert.deepEqual(
      problems.map((problem) => problem.message),
      [message],
    );
  });
}

test('readImport() tells what of our own file says only how a process starts', async () => {
  const { warnings } = await readWhole(
    'port: 1\nhost: h\nprune: true\nrequireApiKey: false',
    'warmpath-yaml',
  );
  assert.deepEqual(warnings, ['Not carried over: port, host, prune']);
});

test('readImport() resolves our own references, and leaves a placeholder for credentials only', async () => {
  const text = (name: string) =>
    `providers:\n  - name: ${name}\n    accounts: [{ name: x, credential: \${A} }]\n`;
  const resolved = await read(text('p'), 'warmpath-yaml', { A: 'sk-a' });
  assert.equal(resolved.file?.providers?.[0]?.accounts?.[0]?.credential, 'sk-a');
  const kept = await read(text('p'), 'warmpath-yaml');
  assert.equal(kept.file?.providers?.[0]?.accounts?.[0]?.credential, kept.keptCredential);
  const refused = await read(text('$' + '{A}'), 'warmpath-yaml');
  assert.deepEqual(
    refused.problems.map(({ path, message, line }) => [path, message, line]),
    [['providers[0].name', 'needs the environment variable A, which is not set', 2]],
  );
});
