// Secrets driven through everything the program does: none may turn up in anything it says, logs, answers or stores.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, describe, it } from 'node:test';
import { ADMIN_TOKEN, isRecord, SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { rowCount } from '../process/rows.ts';
import { CANARIES, canariesIn } from './canaries.ts';
import { ECHO_NAMES, echoScript, PASSES_BYTES } from './echo-upstream.ts';
import { assertClean, secrets } from './secrets-of-run.ts';
import {
  filesIn,
  type Got,
  type Json,
  openSecurityBench,
  providerAt,
  type SecurityBench,
  type Sent,
  send,
} from './security-bench.ts';
import { allFields, askedFields, wholeQueries, wholeSubscriptions } from './whole-schema.ts';

/** Whatever a client sends beside its key; each must be gone after it was looked at. */
const CLIENT_SECRETS: Record<string, Sent & { status: number }> = {
  'a key as bearer': { status: 200 },
  'a key as x-api-key': { status: 200, key: null, headers: { 'x-api-key': CANARIES.apiKey } },
  'a key as x-goog-api-key': {
    status: 200,
    key: null,
    path: '/v1beta/models/gemini:generateContent',
    headers: { 'x-goog-api-key': CANARIES.apiKey },
  },
  'a key in the query': {
    status: 200,
    key: null,
    path: `/v1beta/models/gemini:generateContent?key=${CANARIES.apiKey}`,
  },
  'an unknown key in the query': {
    status: 401,
    key: null,
    path: `/v1beta/models/gemini:generateContent?key=${CANARIES.queryKey}`,
  },
  'an unknown key with a line break in the query': {
    status: 401,
    key: null,
    path: `/v1beta/models/gemini:generateContent?key=${CANARIES.queryKey}%0D%0Ax`,
  },
  'an unknown key beyond ASCII in the query': {
    status: 401,
    key: null,
    path: `/v1beta/models/gemini:generateContent?key=${CANARIES.queryKey}%F0%9F%94%91`,
  },
  'a key in the query beside one in a header': {
    status: 200,
    path: `/v1/messages?beta=true&key=${CANARIES.queryKey}`,
  },
  'an unknown key': { status: 401, key: CANARIES.unknownApiKey },
  'two keys': { status: 200, headers: { 'x-api-key': CANARIES.unknownApiKey } },
  'another scheme': {
    status: 401,
    key: null,
    headers: { authorization: `Basic ${Buffer.from(CANARIES.password).toString('base64')}` },
  },
  cookies: {
    status: 200,
    headers: { cookie: `session=${CANARIES.cookie}; __Host-warmpath=${CANARIES.cookie}` },
  },
  'a password for a proxy': {
    status: 200,
    headers: { 'proxy-authorization': `Basic ${CANARIES.proxyPassword}` },
  },
  'the admin token': { status: 401, key: ADMIN_TOKEN },
  'headers of other gateways': {
    status: 200,
    headers: {
      'api-key': CANARIES.unknownApiKey,
      'x-portkey-api-key': CANARIES.unknownApiKey,
      'x-auth-token': CANARIES.unknownApiKey,
      'cf-access-token': CANARIES.unknownApiKey,
    },
  },
  'a referrer': { status: 200, headers: { referer: `https://x.test/?key=${CANARIES.queryKey}` } },
};

describe('no secret', { skip: SKIP_REASON }, () => {
  let bench: SecurityBench;
  let setupToken = '';
  const told: { what: string; text: string }[] = [];
  const streams = new AbortController();

  before(async () => {
    bench = await openSecurityBench({
      script: echoScript,
      env: { WARMPATH_MASTER_KEY: CANARIES.masterKey },
      config: (origin) => ({
        routingHeaders: true,
        bodyLog: { enabled: true, maxKb: 64, ttlHours: 1 },
        providers: [
          ...ECHO_NAMES.map((name) => providerAt(origin, { name })),
          providerAt(origin, { name: 'm' }),
          providerAt(origin, { name: 'gemini', surface: 'gemini' }),
          providerAt(origin.replace('http:', 'https:'), { name: 'no-tls' }),
          providerAt('http://127.0.0.1:1', { name: 'closed-port' }),
          providerAt('https://no-such-host.invalid', { name: 'no-host' }),
        ],
        apiKeys: [
          { name: 'tests', key: CANARIES.apiKey, user: 'ada' },
          { name: 'off', key: CANARIES.disabledApiKey, user: 'ada' },
        ],
      }),
    });
    setupToken = await eventually(
      'the setup token',
      () => /#setup=([\w-]{20,})/.exec(bench.gateway.stdout)?.[1] ?? null,
    );
    secrets.setupToken = setupToken;
    for (const { field, text } of wholeSubscriptions())
      void follow(bench, { field, text }, { told, signal: streams.signal });
  });
  after(async () => {
    streams.abort();
    await bench.close();
  });

  for (const name of ECHO_NAMES) {
    for (const stream of [false, true]) {
      it(`of an account is in what the client is told by the gateway itself: ${name}, stream ${stream}`, async () => {
        const got = await send(bench, { model: name, body: { stream } });
        assertHeadersClean(got);
        if (!PASSES_BYTES.has(name)) assertClean(got.text, `${name}: ${got.text}`);
      });
      it(`of an account is in a translated error: ${name}, stream ${stream}`, async () => {
        const got = await send(bench, { model: name, path: '/v1/chat/completions', body: { stream } });
        assertHeadersClean(got);
        if (got.status >= 400) assertClean(got.text, `${name}: ${got.text}`);
      });
    }
  }

  for (const model of ['no-tls', 'closed-port', 'no-host', 'no-such-model']) {
    it(`is in the error when the upstream cannot be reached: ${model}`, async () => {
      const got = await send(bench, { model });
      assert.ok(got.status >= 400, String(got.status));
      assertHeadersClean(got);
      assertClean(got.text, got.text);
    });
  }

  for (const [what, { status, ...sent }] of Object.entries(CLIENT_SECRETS)) {
    it(`of the client goes upstream or comes back: ${what}`, async () => {
      const callsBefore = bench.upstream.calls.length;
      const got = await send(bench, { model: 'm', ...sent });
      assert.equal(got.status, status, got.text);
      assertHeadersClean(got);
      const { credential, ...clients } = secrets;
      assert.ok(credential);
      assert.deepEqual(canariesIn(got.text, clients), []);
      for (const call of bench.upstream.calls.slice(callsBefore)) {
        assert.deepEqual(canariesIn(`${call.path}\n${JSON.stringify(call.headers)}`, clients), []);
      }
    });
  }

  it('is in a refusal of the admin API', async () => {
    const provider = await firstId(bench, 'providers');
    const account = await firstId(bench, 'accounts');
    const mutations = [
      mutation('createEndpoint', {
        providerId: provider,
        name: 'x',
        surface: 'OPENAI_CHAT',
        baseUrl: `https://user:${CANARIES.urlPassword}@host.test`,
      }),
      mutation('createEndpoint', {
        providerId: provider,
        name: 'x',
        surface: 'OPENAI_CHAT',
        baseUrl: `https://host.test?key=${CANARIES.urlPassword}`,
      }),
      mutation('createEndpoint', {
        providerId: provider,
        name: 'x',
        surface: 'OPENAI_CHAT',
        baseUrl: `${CANARIES.urlPassword}://host.test`,
      }),
      mutation('createAccount', { providerId: provider, name: '', credential: CANARIES.laterCredential }),
      mutation('createAccount', { providerId: 'nonsense', name: 'x', credential: CANARIES.laterCredential }),
      mutation('createAccount', {
        providerId: provider,
        name: 'x',
        credential: `${CANARIES.laterCredential}\r\nx: y`,
      }),
      mutation('updateAccount', { credential: CANARIES.laterCredential, weight: -1 }, account),
    ];
    for (const { query, variables } of mutations) {
      const text = await graphql(bench, query, variables);
      assert.match(text, /"errors":\[\{/, text);
      assertClean(text, text);
    }
    const login = 'mutation ($input: LoginInput!) { login(input: $input) { errors { message } } }';
    assertClean(await graphql(bench, login, { input: { password: CANARIES.password } }), 'login');
  });

  it('is in a reply of the admin API that has taken it', async () => {
    const provider = await firstId(bench, 'providers');
    const { query, variables } = mutation('createAccount', {
      providerId: provider,
      name: 'later',
      credential: CANARIES.laterCredential,
    });
    const text = await graphql(bench, query, variables);
    assert.match(text, /"errors":\[\]/, text);
    assertClean(text, text);
  });

  it('is in a document that the admin API cannot read, once it is logged', async () => {
    const cannot = [
      `{ accounts(search: "${CANARIES.laterCredential}) }`,
      `mutation { createAccount(input: { credential: ${CANARIES.laterCredential} }) { errors { message } } }`,
    ];
    for (const query of cannot) assert.match(await graphql(bench, query, {}), /errors/);
  });

  it('is in the reply to the setup but in its cookie', async () => {
    const response = await fetch(`${bench.gateway.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query:
          'mutation ($input: SetupInput!) { setup(input: $input) { session { authenticated } errors { code message } } }',
        variables: { input: { token: setupToken, password: CANARIES.password } },
      }),
    });
    const text = await response.text();
    assertClean(text, text);
    const cookie = /=([^;]+)/.exec(response.headers.getSetCookie()[0] ?? '')?.[1] ?? '';
    assert.ok(cookie.length >= 32, text);
    secrets.sessionCookie = cookie;
  });

  it('is in anything the admin API gives out', async () => {
    await eventually(
      'the rows of what was sent',
      async () => (await rowCount(bench.gateway)) > ECHO_NAMES.length * 4,
    );
    for (const { field, text } of wholeQueries()) {
      const reply = await graphql(bench, text, {});
      assert.doesNotMatch(reply, /^\{"errors"/, `${field}: ${reply.slice(0, 500)}`);
      assertClean(reply, `${field}: ${around(reply)}`);
    }
    const missing = allFields().filter(
      (name) => !askedFields.has(name) && !/Connection\.edges$|Edge\.|^UserError\./.test(name),
    );
    assert.deepEqual(missing, []);
  });

  it('is in what the admin API has told as it happened', () => {
    assert.ok(
      told.some(({ what }) => what === 'requestLogged') && told.some(({ what }) => what === 'accountChanged'),
    );
    for (const { what, text } of told) assertClean(text, `${what}: ${around(text)}`);
  });

  for (const path of ['/livez', '/readyz', '/', '/no-such-page', '/v1/models', '/v1beta/models']) {
    it(`is in ${path}`, async () => {
      const got = await send(bench, { method: 'GET', path });
      assertHeadersClean(got);
      assertClean(got.text, path);
    });
  }

  it('is in the output of the process or in a file of it', async () => {
    streams.abort();
    await bench.stop();
    const { gateway } = bench;
    assertClean(gateway.stderr, gateway.stderr);
    // The token is printed for whoever starts the program, and for nobody else.
    assertClean(gateway.stdout.replaceAll(setupToken, ''), gateway.stdout);
    const files = await filesIn(bench.dataDir);
    assert.ok(
      files.some(({ name }) => name.endsWith('.db') || name.includes('sqlite')),
      files.map(({ name }) => name).join(),
    );
    for (const { name, bytes } of files) assert.deepEqual(canariesIn(bytes, secrets), [], name);
  });
});

function assertHeadersClean({ headers }: Got): void {
  const text = JSON.stringify([...headers]);
  assertClean(text, text);
}

/** The neighbourhood of the first canary, for the failure's message. */
function around(text: string): string {
  const at = text.indexOf('Canary');
  return text.slice(Math.max(0, at - 300), at + 200);
}

function mutation(name: string, input: Json, id?: string) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const [declared, passed] = id === undefined ? ['', ''] : ['$id: ID!, ', 'id: $id, '];
  const node = name.endsWith('Account')
    ? 'account { id name credentialLast4 credentialFingerprint }'
    : 'endpoint { id baseUrl }';
  return {
    query: `mutation (${declared}$input: ${type}!) { ${name}(${passed}input: $input) { ${node} errors { code message path } } }`,
    variables: { input, ...(id === undefined ? {} : { id }) },
  };
}

async function graphql({ gateway }: SecurityBench, query: string, variables: Json): Promise<string> {
  const response = await fetch(`${gateway.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

async function firstId({ gateway }: SecurityBench, list: string): Promise<string> {
  const data = await gateway.query(`{ ${list}(first: 1) { nodes { id } } }`);
  const page = data[list];
  const node = isRecord(page) && Array.isArray(page.nodes) ? page.nodes[0] : null;
  return isRecord(node) && typeof node.id === 'string' ? node.id : assert.fail(`Cannot find one of ${list}`);
}

/** Keeps every event of a subscription until the signal fires. */
async function follow(
  { gateway }: SecurityBench,
  { field, text }: { field: string; text: string },
  { told, signal }: { told: { what: string; text: string }[]; signal: AbortSignal },
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    const response = await fetch(`${gateway.origin}/graphql`, {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${ADMIN_TOKEN}`,
      },
      body: JSON.stringify({ query: text }),
    });
    for await (const bytes of response.body ?? []) {
      const part = decoder.decode(bytes, { stream: true });
      if (part.includes('"data"') || part.includes('"errors"')) told.push({ what: field, text: part });
    }
  } catch {
    // The signal, or the end of the gateway.
  }
}
