// Where requests and credentials go, by a whole program: never inside a network it may not reach, never to another origin.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRecord, LAUNCHERS, type Launcher, SKIP_REASON } from '../process/gateway-process.ts';
import { rowsOf } from '../process/rows.ts';
import { TestUpstream } from '../process/test-upstream.ts';
import { CANARIES, canariesIn } from './canaries.ts';
import { type Json, openSecurityBench, providerAt, type SecurityBench, send } from './security-bench.ts';

const NAMES: Record<string, string[]> = {
  'loopback.example.com': ['127.0.0.1'],
  'loopback6.example.com': ['::1'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'private.example.com': ['10.11.12.13'],
  'metadata.example.com': ['169.254.169.254'],
  'nat64.example.com': ['64:ff9b::7f00:1'],
  'sixtofour.example.com': ['2002:7f00:1::'],
  'unspecified.example.com': ['0.0.0.0'],
  'multicast.example.com': ['224.0.0.1'],
  'unique-local.example.com': ['fd00::1'],
  'link-local.example.com': ['fe80::1'],
  'carrier.example.com': ['100.64.0.1'],
};

/** Spellings of hosts that are not on the public internet, or that are no host at all. */
const REFUSED_URLS = [
  'https://127.0.0.1',
  'https://127.1',
  'https://127.0.1',
  'https://0x7f.1',
  'https://0x7f000001',
  'https://2130706433',
  'https://017700000001',
  'https://0177.0.0.1',
  'https://127.0.0.1.',
  'https://１２７．０．０．１',
  'https://127。0。0。1',
  'https://⑫⑦.0.0.1',
  'https://%31%32%37.0.0.1',
  'https://localhost',
  'https://LOCALHOST.',
  'https://a.localhost',
  'https://intranet',
  'https://db.internal',
  'https://0',
  'https://[::]',
  'https://[::1]',
  'https://[0:0:0:0:0:0:0:1]',
  'https://[::ffff:127.0.0.1]',
  'https://[::ffff:7f00:1]',
  'https://[::127.0.0.1]',
  'https://[64:ff9b::7f00:1]',
  'https://[2002:7f00:1::]',
  'https://[fd00:ec2::254]',
  'https://[fe80::1]',
  'https://169.254.169.254',
  'https://10.1',
  'https://192.168.257',
  'https://user@public.example.com',
  'https://user:password@public.example.com',
  'https://public.example.com@127.0.0.1',
  'https://public.example.com#@127.0.0.1',
  'https://public.example.com?@127.0.0.1',
  'https:\\\\127.0.0.1',
  'https:127.0.0.1',
  '//127.0.0.1',
  'http://public.example.com',
  'ftp://public.example.com',
  'file:///etc/passwd',
  'data:text/plain,hello',
  'unix:/var/run/docker.sock',
  'javascript:alert(1)',
];

/** Node, because a module can be put before its program. */
function launcher(): Launcher {
  const node = LAUNCHERS.find(({ name }) => name === 'node');
  assert.ok(node);
  const preload = fileURLToPath(new URL('fake-names.ts', import.meta.url));
  return { ...node, args: ['--import', preload, ...node.args] };
}

const KEPT_RESPONSE = { id: 'resp_kept0123456789', object: 'response', status: 'completed', output: [] };
const REDIRECTS = [301, 302, 303, 307, 308];

describe('requests', { skip: SKIP_REASON }, () => {
  let bench: SecurityBench;
  /** Where nothing may ever arrive. */
  let elsewhere: TestUpstream;

  before(async () => {
    elsewhere = await TestUpstream.listen((call) => call.reply(200, { type: 'message' }));
    bench = await openSecurityBench({
      script: (call) => {
        const redirect = REDIRECTS.find((status) => call.says(`redirect-${status}`));
        if (call.path.includes('/responses')) call.reply(200, KEPT_RESPONSE);
        else if (redirect === undefined) call.reply(200, { type: 'message', content: [], usage: {} });
        else call.reply(redirect, 'moved', { location: `${elsewhere.origin}/v1/messages` });
      },
      launcher: launcher(),
      env: { FAKE_NAMES: JSON.stringify({ ...NAMES, 'reachable.internal': ['127.0.0.1'] }) },
      config: (origin) => {
        const { port } = new URL(origin);
        return {
          providers: [
            ...Object.keys(NAMES).map((name) =>
              providerAt(`https://${name}:${port}`, { name, allowPrivateNetwork: false }),
            ),
            providerAt(`http://reachable.internal:${port}`, { name: 'reachable' }),
            ...REDIRECTS.map((status) => providerAt(origin, { name: `redirect-${status}` })),
            providerAt(origin, { name: 'moving' }),
            providerAt(origin, { name: 'keeping', surface: 'openai-responses' }),
          ],
        };
      },
    });
  });
  after(async () => {
    await bench.close();
    await elsewhere.close();
  });

  it('reach a private address by a name where that is allowed', async () => {
    const got = await send(bench, { model: 'reachable' });
    assert.equal(got.status, 200, got.text);
    assert.equal(
      bench.upstream.calls.at(-1)?.headers.host,
      `reachable.internal:${new URL(bench.upstream.origin).port}`,
    );
  });

  for (const name of Object.keys(NAMES)) {
    it(`never reach ${NAMES[name]} by a public name`, async () => {
      const callCount = bench.upstream.calls.length;
      const got = await send(bench, { model: name });
      assert.equal(got.status, 502, got.text);
      assert.equal(bench.upstream.calls.length, callCount);
      const row = (await rowsOf(bench.gateway)).find(({ requestedModel }) => requestedModel === name) ?? {};
      assert.match(JSON.stringify(row.attempts), /address not allowed/);
      assert.deepEqual(canariesIn(got.text, CANARIES), []);
    });
  }

  it('reach private addresses as long as an endpoint of the provider has one, so that this cannot be forbidden before', async () => {
    const id = await idOf(bench, 'providers', 'reachable');
    const input = { allowPrivateNetwork: false };
    assert.notDeepEqual(await codesOf(bench, 'updateProvider', 'UpdateProviderInput', { id, input }), []);
    assert.equal((await send(bench, { model: 'reachable' })).status, 200);
  });

  for (const status of REDIRECTS) {
    it(`follow no ${status} and do not pass it on`, async () => {
      const got = await send(bench, { model: `redirect-${status}` });
      assert.equal(got.status, 502, got.text);
      assert.equal(got.headers.get('location'), null);
      assert.ok(!got.text.includes(elsewhere.origin), got.text);
      assert.equal(elsewhere.calls.length, 0);
    });
  }

  for (const url of REFUSED_URLS) {
    it(`cannot be sent to ${url}`, async () => {
      const providerId = await idOf(bench, 'providers', 'private.example.com');
      const input = { providerId, name: `to ${url}`.slice(0, 100), surface: 'OPENAI_CHAT', baseUrl: url };
      assert.deepEqual(await codesOf(bench, 'createEndpoint', 'CreateEndpointInput', { input }), [
        'invalid-url',
      ]);
    });
  }

  it('carry a credential to no origin but those it was given for', async () => {
    assert.equal((await send(bench, { model: 'moving' })).status, 200);
    const id = await endpointOf(bench, 'moving');
    assert.deepEqual(
      await codesOf(bench, 'updateEndpoint', 'UpdateEndpointInput', {
        id,
        input: { baseUrl: elsewhere.origin },
      }),
      [],
    );
    const got = await send(bench, { model: 'moving' });
    assert.ok(got.status >= 400, got.text);
    assert.equal(elsewhere.calls.length, 0);
    const account = await idOf(bench, 'accounts', 'account of moving');
    const input = { credential: 'a-credential-given-again' };
    assert.deepEqual(await codesOf(bench, 'updateAccount', 'UpdateAccountInput', { id: account, input }), []);
    assert.equal((await send(bench, { model: 'moving' })).status, 200);
    assert.equal(elsewhere.calls.length, 1);
    assert.deepEqual(canariesIn(JSON.stringify(elsewhere.calls[0]?.headers), CANARIES), []);
    elsewhere.calls.length = 0;
  });

  it('for a stored response carry a credential to no other origin either', async () => {
    bench.upstream.calls.length = 0;
    const made = await send(bench, { model: 'keeping', path: '/v1/responses', body: { input: 'hi' } });
    assert.equal(made.status, 200, made.text);
    const stored = { method: 'GET', path: '/v1/responses/resp_kept0123456789' };
    assert.equal((await send(bench, stored)).status, 200);
    const id = await endpointOf(bench, 'keeping');
    await codesOf(bench, 'updateEndpoint', 'UpdateEndpointInput', {
      id,
      input: { baseUrl: elsewhere.origin },
    });
    const got = await send(bench, stored);
    assert.ok(got.status >= 400, got.text);
    assert.equal(elsewhere.calls.length, 0);
  });
});

async function idOf({ gateway }: SecurityBench, list: string, name: string): Promise<string> {
  const data = await gateway.query(`{ ${list}(first: 100) { nodes { id name } } }`);
  return idAmong(data[list], (node) => node.name === name);
}

async function endpointOf({ gateway }: SecurityBench, providerName: string): Promise<string> {
  const { providers } = await gateway.query('{ providers(first: 100) { nodes { name endpoints { id } } } }');
  const nodes = isRecord(providers) && Array.isArray(providers.nodes) ? providers.nodes.filter(isRecord) : [];
  const provider = nodes.find(({ name }) => name === providerName);
  return idAmong({ nodes: provider?.endpoints }, () => true);
}

function idAmong(page: unknown, isIt: (node: Json) => boolean): string {
  const nodes = isRecord(page) && Array.isArray(page.nodes) ? page.nodes.filter(isRecord) : [];
  const id = nodes.find(isIt)?.id;
  return typeof id === 'string' ? id : assert.fail(`Cannot find it among ${JSON.stringify(nodes)}`);
}

/** Runs a mutation and gives the codes of what it refuses. */
async function codesOf(
  { gateway }: SecurityBench,
  name: string,
  type: string,
  variables: { id?: string; input: Json },
): Promise<unknown[]> {
  const [declared, passed] = variables.id === undefined ? ['', ''] : ['$id: ID!, ', 'id: $id, '];
  const query = `mutation (${declared}$input: ${type}!) { ${name}(${passed}input: $input) { errors { code } } }`;
  const result = (await gateway.query(query, variables))[name];
  assert.ok(isRecord(result) && Array.isArray(result.errors));
  return result.errors.map((error) => (isRecord(error) ? error.code : error));
}
