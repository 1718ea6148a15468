// Configuration files: what is accepted, and how everything that is wrong is reported at once.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfigFile, parseConfig } from '../../server/config/file.ts';
import { ConfigError, renderProblems } from '../../server/config/problems.ts';

const FILES: Record<string, string> = {
  '/run/secrets/a': ' sk-from-a-file-1234\n',
  '/run/secrets/empty': '\n',
};
const ENV = {
  CREDENTIAL: 'sk-from-environment',
  CI_KEY: 'ci-key-0123456789',
  PORT_NUMBER: '9000',
  EMPTY: '',
};

function parse(text: string, env: Record<string, string> = ENV) {
  const readFile = async (path: string) => {
    const content = FILES[path];
    if (content === undefined) throw new Error(`ENOENT ${path}`);
    return content;
  };
  return parseConfig(text, { env, readFile });
}

async function problemsOf(text: string): Promise<string[]> {
  const { problems } = await parse(text);
  return renderProblems('f', problems)
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

/** Every key of the contract, in its own notation. */
const COMPLETE = `
requireApiKey: true
affinity: { enabled: true, ttlSeconds: 300, scope: session }
retention: { maxAgeDays: 7, maxRows: 5000 }
routingHeaders: false
providers:
  - name: anthropic
    allowPrivateNetwork: false
    endpoints:
      - { name: main, surface: anthropic-messages, baseUrl: https://api.anthropic.com }
    accounts:
      - name: team-a
        credential: \${CREDENTIAL}
        weight: 1
        maxConcurrent: 20
        cacheTtlMinutes: 5
        rateMultiplier: 1.0
        usdPerCredit: 0.04
        cacheDomain: workspace-1
      - { name: team-b, credentialFile: /run/secrets/a, maxConcurrent: null }
    models:
      - { model: claude-sonnet-4-5, upstreamModel: claude-sonnet-4-5-20250929, aliases: [sonnet] }
models:
  - { name: claude-sonnet-4-5, displayName: Claude Sonnet 4.5, price: { inputUsdPerMillion: 3.5, tiers: [{ aboveInputTokens: 200000, inputUsdPerMillion: 7 }] } }
users:
  - { username: ada, email: ada@example.com }
apiKeys:
  - { name: ci, key: \${CI_KEY}, user: ada }
`;

test('parseConfig reads every key, references inside braces included', async () => {
  const { config, problems } = await parse(COMPLETE);
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.providers?.[0]?.accounts, [
    {
      name: 'team-a',
      credential: 'sk-from-environment',
      weight: 1,
      maxConcurrent: 20,
      cacheTtlMinutes: 5,
      rateMultiplier: 1,
      usdPerCredit: 0.04,
      cacheDomain: 'workspace-1',
    },
    { name: 'team-b', credential: 'sk-from-a-file-1234', maxConcurrent: null },
  ]);
  assert.deepEqual(config?.apiKeys, [{ name: 'ci', key: 'ci-key-0123456789', user: 'ada' }]);
  assert.deepEqual(config?.models?.[0]?.price, {
    inputUsdPerMillion: 3.5,
    tiers: [{ aboveInputTokens: 200_000, inputUsdPerMillion: 7 }],
  });
  assert.deepEqual(config?.retention, { maxAgeDays: 7, maxRows: 5000 });
});

test('parseConfig accepts an empty file, comments only, and empty sections', async () => {
  for (const text of ['', `# \${NOT_SET}\n`, 'providers:\napiKeys: []\n']) {
    assert.deepEqual((await parse(text)).problems, [], JSON.stringify(text));
  }
});

test('parseConfig accepts the JSON subset of YAML', async () => {
  const { config } = await parse('{"port": 0, "host": "::1", "prune": true}');
  assert.deepEqual(config, { port: 0, host: '::1', prune: true });
});

test('parseConfig takes numbers and switches from the environment', async () => {
  const { config } = await parse(`port: \${PORT_NUMBER}\nprune: "true"`);
  assert.deepEqual(config, { port: 9000, prune: true });
});

test('parseConfig keeps an escaped reference as text and joins references with text', async () => {
  const { config } = await parse(`host: a-\${PORT_NUMBER}.example\ndataDir: /x/$\${PORT_NUMBER}`);
  assert.deepEqual(config, { host: 'a-9000.example', dataDir: `/x/\${PORT_NUMBER}` });
});

test('parseConfig removes trailing slashes from a base URL', async () => {
  const { config } = await parse(
    'providers: [{ name: p, endpoints: [{ name: e, surface: openai-chat, baseUrl: https://llm.example/x// }] }]',
  );
  assert.equal(config?.providers?.[0]?.endpoints?.[0]?.baseUrl, 'https://llm.example/x');
});

test('parseConfig reports two errors at once, with path, line and suggestion', async () => {
  const { problems } = await parse('requireApiKey: perhaps\naffinity: { ttlSecond: 5 }\n');
  assert.deepEqual(problems, [
    { path: 'requireApiKey', message: 'must be true or false', suggestion: null, line: 1 },
    { path: 'affinity.ttlSecond', message: 'is not a known key', suggestion: 'ttlSeconds', line: 2 },
  ]);
});

test('parseConfig reports every unknown key of a block, each with the nearest known one', async () => {
  const text =
    'providers:\n  - name: p\n    acounts: []\n    base-url: x\n    models:\n      - { model: m, alias: [] }';
  assert.deepEqual(await problemsOf(text), [
    'providers[0].acounts (line 3): is not a known key. Did you mean "accounts"?',
    'providers[0].base-url (line 4): is not a known key',
    'providers[0].models[0].alias (line 6): is not a known key. Did you mean "aliases"?',
  ]);
});

const account = (keys: string) => `providers: [{ name: p, accounts: [{ name: a, ${keys} }] }]`;
const endpoint = (url: string, provider = '') =>
  `providers: [{ name: p, ${provider} endpoints: [{ name: e, surface: openai-chat, baseUrl: "${url}" }] }]`;
const BASE_URL = 'providers[0].endpoints[0].baseUrl (line 1):';
const ACCOUNT = 'providers[0].accounts[0]';

const MISTAKES: { title: string; text: string; problems: string[] }[] = [
  {
    title: 'a missing name',
    text: 'providers: [{ accounts: [] }]',
    problems: ['providers[0].name (line 1): is missing'],
  },
  {
    title: 'an unset variable',
    text: account(`credential: \${NOT_SET}`),
    problems: [`${ACCOUNT}.credential (line 1): needs the environment variable NOT_SET, which is not set`],
  },
  {
    title: 'an empty variable',
    text: account(`credential: \${EMPTY}`),
    problems: [`${ACCOUNT}.credential (line 1): needs the environment variable EMPTY, which is not set`],
  },
  {
    title: 'a broken reference',
    text: `host: \${NOT A NAME}\ndataDir: "\${OPEN"`,
    problems: [
      `host (line 1): has a broken reference: write \${NAME} with letters, digits and _`,
      `dataDir (line 2): has a broken reference: write \${NAME} with letters, digits and _`,
    ],
  },
  {
    title: 'no credential',
    text: account('weight: 1'),
    problems: [`${ACCOUNT}.credential (line 1): is missing: give credential or credentialFile`],
  },
  {
    title: 'two credentials',
    text: account('credential: abc, credentialFile: /run/secrets/a'),
    problems: [`${ACCOUNT}.credentialFile (line 1): cannot stand beside credential: give one of the two`],
  },
  {
    title: 'an absent secret file',
    text: account('credentialFile: /nowhere'),
    problems: [`${ACCOUNT}.credentialFile (line 1): names a file that cannot be read`],
  },
  {
    title: 'an empty secret file',
    text: 'apiKeys: [{ name: k, keyFile: /run/secrets/empty }]',
    problems: ['apiKeys[0].keyFile (line 1): names an empty file'],
  },
  {
    title: 'numbers out of range',
    text: account('credential: abc, weight: 0, maxConcurrent: 1.5, cacheTtlMinutes: -1, rateMultiplier: x'),
    problems: [
      `${ACCOUNT}.weight (line 1): must be a whole number from 1 to 1000`,
      `${ACCOUNT}.maxConcurrent (line 1): must be a whole number from 1 to 100000`,
      `${ACCOUNT}.cacheTtlMinutes (line 1): must be a whole number from 0 to 10080`,
      `${ACCOUNT}.rateMultiplier (line 1): must be a number from 0 to 1000`,
    ],
  },
  {
    title: 'a port out of range',
    text: 'port: 65536',
    problems: ['port (line 1): must be a whole number from 0 to 65535'],
  },
  {
    title: 'a list in place of the file',
    text: '- name: p',
    problems: ['must be a block of keys'],
  },
  {
    title: 'wrong kinds of value',
    text: 'providers: {}\nusers: [ada]\naffinity: on',
    problems: [
      'providers (line 1): must be a list',
      'users[0] (line 2): must be a block of keys',
      'affinity (line 3): must be a block of keys',
    ],
  },
  {
    title: 'an unknown surface',
    text: 'providers: [{ name: p, endpoints: [{ name: e, surface: openai_chat, baseUrl: https://x.example }] }]',
    problems: [
      'providers[0].endpoints[0].surface (line 1): must be one of: anthropic-messages, openai-chat, openai-responses, openai-embeddings, gemini. Did you mean "openai-chat"?',
    ],
  },
  {
    title: 'an unknown affinity scope',
    text: 'affinity: { scope: apikey }',
    problems: ['affinity.scope (line 1): must be one of: session, api-key. Did you mean "api-key"?'],
  },
  {
    title: 'doubled names',
    text: `
providers:
  - { name: p, accounts: [{ name: a, credential: abc }, { name: a, credential: abc }] }
  - { name: p, models: [{ model: m }, { model: m }] }
models: [{ name: m }, { name: m }]
users: [{ username: u, email: e }, { username: u, email: e }]
apiKeys: [{ name: k, key: "0123456789abcdef" }, { name: l, key: "0123456789abcdef" }]`,
    problems: [
      'providers[0].accounts[1].name (line 3): is the same as in providers[0].accounts[0]',
      'providers[1].name (line 4): is the same as in providers[0]',
      'providers[1].models[1].model (line 4): is the same as in providers[1].models[0]',
      'models[1].name (line 5): is the same as in models[0]',
      'users[1].username (line 6): is the same as in users[0]',
      'users[1].email (line 6): is the same as in users[0]',
      'apiKeys[1].key (line 7): is the same as in apiKeys[0]',
    ],
  },
  {
    title: 'an alias of two models and an alias that is a model',
    text: `
providers:
  - { name: p, models: [{ model: m, aliases: [fast, m] }] }
  - { name: q, models: [{ model: m, aliases: [fast] }, { model: n, aliases: [fast, m] }] }`,
    problems: [
      'providers[1].models[1].aliases[0] (line 4): is already an alias of another model',
      'providers[1].models[1].aliases[1] (line 4): is the name of another model',
    ],
  },
  {
    title: 'an unknown user and a short key',
    text: 'users: [{ username: ada }]\napiKeys: [{ name: k, key: short-canary, user: adda }]',
    problems: [
      'apiKeys[0].key (line 2): must have at least 16 characters',
      'apiKeys[0].user (line 2): is not one of the users of this file. Did you mean "ada"?',
    ],
  },
  {
    title: 'a base URL with a password',
    text: endpoint('https://user:canary@llm.example'),
    problems: [`${BASE_URL} must not hold a user name or password`],
  },
  {
    title: 'a plain http base URL',
    text: endpoint('http://llm.example'),
    problems: [`${BASE_URL} must use https; http is for private addresses only`],
  },
  {
    title: 'a loopback base URL',
    text: endpoint('https://127.0.0.1:8080'),
    problems: [
      `${BASE_URL} is a loopback or private address (needs allowPrivateNetwork: true on the provider)`,
    ],
  },
  {
    title: 'a permitted private base URL',
    text: endpoint('http://127.0.0.1:80', 'allowPrivateNetwork: true,'),
    problems: [],
  },
  {
    title: 'broken YAML',
    text: 'host: a\n  port: 1',
    problems: ['(line 1): is not valid YAML: a key and its value do not fit together here'],
  },
  {
    title: 'a doubled key',
    text: 'port: 1\nport: 2',
    problems: ['(line 2): has the same key twice in one block'],
  },
  {
    title: 'two documents',
    text: 'port: 1\n---\nport: 2',
    problems: ['(line 2): holds more than one YAML document'],
  },
];
for (const { title, text, problems } of MISTAKES) {
  test(`parseConfig judges ${title}`, async () => {
    assert.deepEqual(await problemsOf(text), problems);
  });
}

const CANARY = 'sk-canary-5up3rs3cr3t';
const LEAKS = [
  account(`credential: "${CANARY} with a space"`),
  account(`credential:${CANARY}`),
  account(`credential: ${CANARY}, weight: ${CANARY}`),
  account(`credentialFile: ${CANARY}`),
  account(`credential: \${SECRET}, cacheTtlMinutes: \${SECRET}, ${CANARY}: 1`),
  account(`credential: abc, ${CANARY}: \${NOT_SET}`),
  `apiKeys: [{ name: k, key: ${CANARY} }, { name: l, key: ${CANARY}, user: nobody }]`,
  endpoint(`https://${CANARY}@llm.example/`),
  endpoint(`https://llm.example/?key=${CANARY}`),
  endpoint(`${CANARY}`),
  `affinity: { scope: ${CANARY} }`,
  CANARY,
  `credential: "${CANARY}`,
  `credential: *${CANARY}`,
  `credential: !${CANARY} x`,
  `host: a\n  ${CANARY}`,
  `host: a\n b: ${CANARY}`,
  `? [${CANARY}]\n: 1`,
];
for (const [index, text] of LEAKS.entries()) {
  test(`parseConfig keeps secrets out of its problems, case ${index}`, async () => {
    const { problems } = await parse(text, { SECRET: CANARY });
    assert.notDeepEqual(problems, []);
    const shown = renderProblems('f', problems) + JSON.stringify(problems);
    assert.ok(!shown.includes(CANARY), shown);
  });
}

test('loadConfigFile counts relative paths from the folder of the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warmpath config '));
  try {
    writeFileSync(join(folder, 'key'), 'sk-beside-the-file');
    writeFileSync(join(folder, 'w.yaml'), `dataDir: data\n${account('credentialFile: key')}`);
    const config = await loadConfigFile(join(folder, 'w.yaml'), {});
    assert.equal(config.dataDir, join(folder, 'data'));
    assert.equal(config.providers?.[0]?.accounts?.[0]?.credential, 'sk-beside-the-file');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('loadConfigFile throws every problem under the name of the file', async () => {
  const file = join(tmpdir(), 'warmpath-no-such-file.yaml');
  await assert.rejects(loadConfigFile(file, {}), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message, `Cannot use ${file}: 1 problem\n  there is no such file`);
    return true;
  });
});
