// What an API key may not do is refused before anything is sent, in the words of every dialect.

import assert from 'node:assert/strict';
import { handleExchange } from '../../server/gateway/gateway.ts';
import type { KeyRestrictions } from '../../server/gateway/key-restrictions.ts';
import { matchOperation, type Surface } from '../../server/wire/surface.ts';
import { DIALOGUES, type Dialogue } from './dialogues.ts';
import {
  ADA_KEY,
  type Bench,
  type BenchOptions,
  BOB_KEY,
  createBench,
  gatewayTest,
  jsonAnswer,
  message,
  type SendOptions,
  type Upstream,
} from './fixture.ts';

const EVERY: readonly Surface[] = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'gemini',
];
/** Two providers that speak every dialect. */
const TWO: BenchOptions = {
  accounts: [
    { name: 'a', providerId: 'omni' },
    { name: 'b', providerId: 'also' },
  ],
  providers: { omni: EVERY, also: EVERY },
};

const DAY_MS = 86_400_000;

/** A gateway whose key "ada" is restricted; "bob" may do anything. */
function benchOf(
  restrictions: Partial<KeyRestrictions>,
  { upstream = () => message(), ...options }: BenchOptions & { upstream?: Upstream } = {},
): Bench {
  const bench = createBench(upstream, { ...TWO, ...options });
  Object.assign(bench.catalog.apiKeys.get('ada') ?? assert.fail(), restrictions);
  return bench;
}

/** The error as clients of the dialect read it. */
function told({ surface }: { surface: Surface }, text: string): { type: string; message: string } {
  const { error } = JSON.parse(text);
  return { type: error[surface === 'gemini' ? 'status' : 'type'], message: error.message };
}

interface Refusal {
  name: string;
  restrictions: Partial<KeyRestrictions>;
  status: number;
  code: string;
  message: RegExp;
  /** Of Anthropic, OpenAI and Gemini. */
  types: readonly [string, string, string];
}

const DENIED = ['permission_error', 'invalid_request_error', 'PERMISSION_DENIED'] as const;
const UNKNOWN = ['authentication_error', 'invalid_request_error', 'UNAUTHENTICATED'] as const;

const REFUSALS: readonly Refusal[] = [
  {
    name: 'has expired',
    restrictions: { expiresAtMs: 1 },
    status: 401,
    code: 'api-key-expired',
    message: /expired/,
    types: UNKNOWN,
  },
  {
    name: 'was revoked',
    restrictions: { revokedAtMs: 1 },
    status: 401,
    code: 'api-key-revoked',
    message: /revoked/,
    types: UNKNOWN,
  },
  {
    name: 'is limited to other addresses',
    restrictions: { allowedIps: ['192.0.2.0/24'] },
    status: 403,
    code: 'address-not-allowed',
    message: /^Cannot use this API key from an address that is not known: not in its list$/,
    types: DENIED,
  },
  {
    name: 'is limited to other surfaces',
    restrictions: { allowedSurfaces: ['openai-embeddings'] },
    status: 403,
    code: 'surface-not-allowed',
    message: /^Cannot use this API key for [\w-]+\. It may use: openai-embeddings$/,
    types: DENIED,
  },
  {
    name: 'is limited to other models',
    restrictions: { allowedModelIds: ['m2'] },
    status: 403,
    code: 'model-not-allowed',
    message: /^Cannot use this API key for model "claude-sonnet-4-5"\. It may use: nothing$/,
    types: DENIED,
  },
  {
    name: 'is limited to other providers',
    restrictions: { allowedProviderIds: ['p2'] },
    status: 403,
    code: 'provider-not-allowed',
    message: /^Cannot use this API key for model "claude-sonnet-4-5": none of its providers is allowed$/,
    types: DENIED,
  },
];

const familyOf = ({ surface }: Dialogue) =>
  surface === 'anthropic-messages' ? 0 : surface === 'gemini' ? 2 : 1;

for (const refusal of REFUSALS) {
  for (const dialogue of DIALOGUES) {
    const { path, body, surface, framing } = dialogue;
    gatewayTest(
      `handleExchange() refuses a key that ${refusal.name} on ${surface} (${framing})`,
      async () => {
        const bench = benchOf(refusal.restrictions);
        const reply = await bench.send({ path, body });
        assert.equal(reply.status, refusal.status);
        const { type, message: words } = told(dialogue, reply.text);
        assert.equal(type, refusal.types[familyOf(dialogue)]);
        // The bench says less than the program does of keys that it does not know.
        assert.match(words, refusal.code.startsWith('api-key') ? new RegExp(refusal.code) : refusal.message);
        assert.deepEqual(
          [reply.row.errorCode, reply.row.outcome, bench.calls.length],
          [refusal.code, 'rejected', 0],
        );
        assert.equal((await bench.send({ path, body, key: BOB_KEY })).row.errorCode === refusal.code, false);
      },
    );
  }
}

gatewayTest('handleExchange() knows nobody by an ended key where keys are not required', async () => {
  const upstream = () => message();
  for (const restrictions of [{ expiresAtMs: 1 }, { revokedAtMs: 1 }]) {
    const bench = benchOf(
      { ...restrictions, allowedModelIds: [] },
      { upstream, settings: { requireApiKey: false } },
    );
    const { status, row } = await bench.send();
    assert.deepEqual([status, row.apiKeyId], [200, null]);
  }
});

gatewayTest('handleExchange() holds a key to its limits where keys are not required', async () => {
  const bench = benchOf({ allowedModelIds: [] }, { settings: { requireApiKey: false } });
  assert.equal((await bench.send()).row.errorCode, 'model-not-allowed');
  assert.equal((await bench.send({ key: null })).status, 200);
});

gatewayTest('handleExchange() lets a key in until it expires', async () => {
  const bench = benchOf({});
  const key = bench.catalog.apiKeys.get('ada');
  assert.ok(key);
  key.expiresAtMs = bench.clock.nowMs() + DAY_MS;
  assert.equal((await bench.send()).status, 200);
  await bench.clock.advance(DAY_MS);
  assert.equal((await bench.send()).row.errorCode, 'api-key-expired');
});

gatewayTest('handleExchange() sends a key to the providers that it may use', async () => {
  for (const [providerId, account] of [
    ['omni', 'a'],
    ['also', 'b'],
  ] as const) {
    const bench = benchOf({ allowedProviderIds: [providerId] });
    for (let index = 0; index < 6; index += 1) await bench.send({ session: `s${index}` });
    assert.deepEqual(
      bench.calls.map((call) => call.account),
      Array(6).fill(account),
    );
  }
});

gatewayTest('handleExchange() fails over to no provider that the key may not use', async () => {
  const upstream: Upstream = ({ account }) =>
    account === 'a'
      ? jsonAnswer(500, { type: 'error', error: { type: 'api_error', message: 'no' } })
      : message();
  const bench = benchOf({ allowedProviderIds: ['omni'] }, { upstream });
  const { status } = await bench.send();
  assert.equal(status, 500);
  assert.deepEqual([...new Set(bench.calls.map(({ account }) => account))], ['a']);
});

gatewayTest('handleExchange() lets a key ask for its models by every name that they have', async () => {
  const bench = benchOf({ allowedModelIds: ['m1'] }, { accounts: [{ name: 'a' }] });
  assert.equal((await bench.send({ model: 'sonnet' })).status, 200);
  assert.equal((await bench.send({ model: 'claude-sonnet-4-5-20250929' })).status, 200);
  const other = await bench.send({ model: 'other' });
  assert.match(told({ surface: 'anthropic-messages' }, other.text).message, /It may use: claude-sonnet-4-5$/);
  assert.deepEqual([other.row.errorCode, other.row.modelId], ['model-not-allowed', 'm2']);
});

gatewayTest('handleExchange() names no model to a key that it may not ask for', async () => {
  const bench = benchOf({ allowedModelIds: ['m1'] }, { accounts: [{ name: 'a' }] });
  const { status, text } = await bench.send({ model: 'nonsense' });
  assert.equal(status, 404);
  assert.match(told({ surface: 'anthropic-messages' }, text).message, /Available here: claude-sonnet-4-5$/);
});

const names = (text: string): string[] => {
  const list = JSON.parse(text);
  return (list.data ?? list.models).map((model: { id?: string; name?: string }) => model.id ?? model.name);
};

const LISTS: readonly { name: string; list: SendOptions; one: (name: string) => string; prefix: string }[] = [
  { name: 'OpenAI', list: { path: '/v1/models' }, one: (model) => `/v1/models/${model}`, prefix: '' },
  {
    name: 'Anthropic',
    list: { path: '/v1/models', headers: { 'anthropic-version': '2023-06-01' } },
    one: (model) => `/v1/models/${model}`,
    prefix: '',
  },
  {
    name: 'Gemini',
    list: { path: '/v1beta/models' },
    one: (model) => `/v1beta/models/${model}`,
    prefix: 'models/',
  },
];

for (const { name, list, one, prefix } of LISTS) {
  gatewayTest(`handleExchange() lists only what the key may ask for (${name})`, async () => {
    const options: BenchOptions = { accounts: [{ name: 'a' }, { name: 'z', providerId: 'p2' }] };
    for (const [restrictions, expected] of [
      [{}, ['claude-sonnet-4-5', 'other']],
      [{ allowedModelIds: ['m2'] }, ['other']],
      [{ allowedModelIds: [] }, []],
      [{ allowedProviderIds: ['p2'] }, ['claude-sonnet-4-5']],
      [{ allowedProviderIds: ['p2'], allowedModelIds: ['m2'] }, []],
    ] as const) {
      const bench = createBench(() => message(), options);
      Object.assign(bench.catalog.apiKeys.get('ada') ?? assert.fail(), restrictions);
      const { text } = await bench.send({ method: 'GET', ...list });
      assert.deepEqual(
        names(text),
        expected.map((model) => prefix + model),
      );
      const isListed = (expected as readonly string[]).includes('other');
      const single = await bench.send({ method: 'GET', ...list, path: one('other') });
      assert.equal(single.status, isListed ? 200 : 404);
    }
  });
}

gatewayTest('handleExchange() lists models on the surfaces of the key', async () => {
  const options: BenchOptions = {
    accounts: [
      { name: 'a', providerId: 'talk' },
      { name: 'b', providerId: 'embed' },
    ],
    providers: { talk: ['openai-chat'], embed: ['openai-embeddings'] },
    settings: { translation: false },
  };
  for (const [allowedSurfaces, status] of [
    [['openai-responses', 'openai-embeddings'], 200],
    [['anthropic-messages'], 403],
  ] as const) {
    const bench = benchOf({ allowedSurfaces: [...allowedSurfaces] }, options);
    const reply = await bench.send({ method: 'GET', path: '/v1/models' });
    assert.equal(reply.status, status);
    if (status === 200) assert.deepEqual(names(reply.text), ['claude-sonnet-4-5']);
    else assert.equal(reply.row.errorCode, 'surface-not-allowed');
  }
});

gatewayTest(
  'handleExchange() shows a kept response of a provider that the key may not use to nobody',
  async () => {
    const bench = benchOf(
      { allowedProviderIds: ['also'] },
      { upstream: () => jsonAnswer(200, { id: 'resp_1' }) },
    );
    bench.parts.pins.remember('key:ada', 'resp_1', 'a');
    bench.parts.pins.remember('key:ada', 'resp_2', 'b');
    const get = (id: string) => bench.send({ method: 'GET', path: `/v1/responses/${id}` });
    assert.deepEqual([(await get('resp_1')).row.errorCode, bench.calls.length], ['provider-not-allowed', 0]);
    assert.deepEqual([(await get('resp_2')).status, bench.calls.length], [200, 1]);
  },
);

// ---- addresses ---------------------------------------------------------------------------------------

function callFrom(
  { parts }: Bench,
  { address, forwardedFor }: { address: string | null; forwardedFor?: string },
): Promise<Response> {
  const path = '/v1/messages';
  const headers = new Headers({ authorization: `Bearer ${ADA_KEY}` });
  if (forwardedFor !== undefined) headers.set('x-forwarded-for', forwardedFor);
  const body = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 10, messages: [] });
  const request = new Request(`http://gateway.test${path}`, { method: 'POST', headers, body });
  const operation = matchOperation('POST', { path, query: '' }, headers);
  assert.ok(operation);
  const peer = { remoteAddress: address };
  return handleExchange(request, { path, operation, onBodyRead: () => undefined, peer }, parts);
}

for (const [name, allowedIps, trustedProxies, from, status] of [
  ['an address of its list', ['192.0.2.7'], [], { address: '192.0.2.7' }, 200],
  ['an address of a range of its list', ['192.0.2.0/24'], [], { address: '192.0.2.7' }, 200],
  ['an address outside', ['192.0.2.0/24'], [], { address: '192.0.3.7' }, 403],
  ['IPv4 over a dual-stack socket', ['192.0.2.0/24'], [], { address: '::ffff:192.0.2.7' }, 200],
  ['IPv6', ['2001:db8::/32'], [], { address: '2001:db8::7' }, 200],
  ['IPv6 outside', ['2001:db8::/32'], [], { address: '2001:db9::7' }, 403],
  ['nowhere known', ['0.0.0.0/0', '::/0'], [], { address: null }, 403],
  ['a stranger who forwards', ['192.0.2.7'], [], { address: '198.51.100.1', forwardedFor: '192.0.2.7' }, 403],
  ['a local proxy', ['192.0.2.7'], [], { address: '127.0.0.1', forwardedFor: '192.0.2.7' }, 200],
  ['a local proxy, for others', ['127.0.0.1'], [], { address: '127.0.0.1', forwardedFor: '192.0.2.7' }, 403],
  [
    'a trusted proxy',
    ['192.0.2.7'],
    ['198.51.100.0/24'],
    { address: '198.51.100.1', forwardedFor: '192.0.2.7' },
    200,
  ],
  [
    'a trusted proxy, with a forged beginning',
    ['192.0.2.7'],
    ['198.51.100.0/24'],
    { address: '198.51.100.1', forwardedFor: '192.0.2.7, 203.0.113.9' },
    403,
  ],
] as const) {
  gatewayTest(`handleExchange() answers ${status} to a key that comes from ${name}`, async () => {
    const bench = createBench(() => message(), { settings: { trustedProxies: [...trustedProxies] } });
    Object.assign(bench.catalog.apiKeys.get('ada') ?? assert.fail(), { allowedIps });
    const response = await callFrom(bench, from);
    const text = await response.text();
    assert.equal(response.status, status);
    if (status === 403) assert.match(text, /Cannot use this API key from [\w.: ]+: not in its list/);
    assert.equal(bench.calls.length, status === 200 ? 1 : 0);
    // The bench knows only of what it has sent itself.
    bench.rows.length = 0;
  });
}
