// Configurations that were written to hurt: bombs, prototypes, references to what is not theirs, secrets in wrong places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '../graphql/admin-bench.ts';
import { sampleRows } from '../graphql/sample-rows.ts';

const IMPORT = `mutation ($text: String!, $format: ImportFormat!) {
  importConfig(input: { text: $text, format: $format }) {
    isApplied warnings errors { code message path } changes { kind type name fields { name before after } }
  }
}`;
const SECRET = 'a-planted-Secret-77';

async function imported(text: string, format: string) {
  const bench = await openBench({ rows: sampleRows() });
  const { importConfig } = await bench.ask(IMPORT, { text, format });
  assert.deepEqual(bench.logged, []);
  return importConfig;
}

function laughs(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    lines.push(`a${level}: &a${level} [${new Array(9).fill(`*a${level - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
}

/** Each took minutes, or would take gigabytes, where something is done for every pair or every alias. */
const BOMBS: readonly (readonly [name: string, format: string, text: string])[] = [
  ['beginnings of references', 'WARMPATH_YAML', '${'.repeat(149_000)],
  ['beginnings of escaped references', 'WARMPATH_YAML', `a: "${'$${'.repeat(99_000)}"`],
  ['what references look like inside', 'WARMPATH_YAML', `a: "${'\u{E000}'.repeat(290_000)}"`],
  ['aliases of aliases', 'WARMPATH_YAML', laughs()],
  ['aliases of aliases, LiteLLM', 'LITELLM_YAML', laughs()],
  ['lists in lists', 'ONE_API_JSON', '['.repeat(140_000) + ']'.repeat(140_000)],
  ['unknown keys', 'WARMPATH_YAML', Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')],
  ['a text that is too long', 'WARMPATH_YAML', '#'.repeat(300_001)],
];

for (const [name, format, text] of BOMBS) {
  test(`importConfig stands ${name}`, { timeout: 60_000 }, async () => {
    const { changes, errors, isApplied } = await imported(text, format);
    assert.deepEqual([changes, isApplied], [[], false]);
    assert.ok(JSON.stringify(errors).length < 100_000);
    if (format !== 'ONE_API_JSON') assert.ok(errors.length > 0);
  });
}

for (const [format, text] of [
  [
    'WARMPATH_YAML',
    '__proto__: { polluted: 1 }\nconstructor: { prototype: { polluted: 1 } }\nproviders: []\n',
  ],
  [
    'ONE_API_JSON',
    '[{"__proto__":{"polluted":1},"name":"__proto__","type":1,"key":"key-of-it","models":"__proto__,toString","model_mapping":"{\\"__proto__\\":\\"x\\"}"}]',
  ],
  ['LITELLM_YAML', 'model_list: []\n__proto__: { polluted: 1 }\n'],
] as const) {
  test(`importConfig leaves prototypes alone: ${format}`, async () => {
    await imported(text, format);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
}

const ACCOUNT = 'endpoints: [{ name: main, surface: openai-chat, baseUrl: "https://api.openai.com" }]';
const REACHING: readonly (readonly [name: string, format: string, text: string, RegExp])[] = [
  [
    'a private address',
    'WARMPATH_YAML',
    'providers:\n  - name: p\n    endpoints: [{ name: m, surface: openai-chat, baseUrl: "http://169.254.169.254/" }]\n    accounts: [{ name: a, credential: credential-of-a }]\n',
    /loopback or private address/,
  ],
  [
    'a file',
    'WARMPATH_YAML',
    `providers:\n  - name: p\n    ${ACCOUNT}\n    accounts: [{ name: a, credentialFile: /etc/passwd }]\n`,
    /credentialFile/,
  ],
  [
    'the environment in a host name',
    'WARMPATH_YAML',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference as a file writes it
    'providers:\n  - name: p\n    endpoints: [{ name: m, surface: openai-chat, baseUrl: "https://${PATH}.example.com" }]\n    accounts: [{ name: a, credential: credential-of-a }]\n',
    /environment variable PATH, which is not set/,
  ],
];

for (const [name, format, text, told] of REACHING) {
  test(`importConfig does not reach ${name}`, async () => {
    const { errors, changes } = await imported(text, format);
    assert.match(JSON.stringify(errors), told);
    assert.deepEqual(changes, []);
  });
}

for (const [format, text] of [
  [
    'ONE_API_JSON',
    `[{"name":"c","type":1,"key":"${SECRET} é","models":"m","base_url":"http://u:${SECRET}@10.0.0.1/"}]`,
  ],
  ['ONE_API_JSON', `[{"name":"c","type":1,"key":"${SECRET}","models":"m"}, "${SECRET}"`],
  [
    'LITELLM_YAML',
    `model_list:\n  - model_name: a\n    litellm_params: { model: openai/gpt, api_key: "${SECRET}", api_base: "ftp://${SECRET}" }\n`,
  ],
  [
    'WARMPATH_YAML',
    `providers:\n  - name: p\n    endpoints: [{ name: m, surface: "${SECRET}", baseUrl: "http://user:${SECRET}@10.1.1.1?x=${SECRET}" }]\n    accounts: [{ name: a, credential: "${SECRET}\\n", weigth: "${SECRET}" }]\nadminToken: ${SECRET}\n`,
  ],
  [
    'WARMPATH_YAML',
    `providers:\n  - name: p\n    ${ACCOUNT}\n    accounts: [{ name: a, credential: ${SECRET} }]\n`,
  ],
] as const) {
  test(`importConfig quotes no secret: ${format} ${text.slice(0, 60)}`, async () => {
    const told = JSON.stringify(await imported(text, format));
    assert.ok(!told.includes(SECRET), told);
  });
}
