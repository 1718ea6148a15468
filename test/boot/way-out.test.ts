// Which client a request leaves by, with and without a proxy in the environment.

import assert from 'node:assert/strict';
import test from 'node:test';
import { wayOut } from '../../server/boot/way-out.ts';
import { UpstreamFault } from '../../server/gateway/upstream.ts';

const request = (url: string, allowPrivateNetwork: boolean) => ({
  method: 'POST' as const,
  url,
  headers: {},
  body: new TextEncoder().encode('{}'),
  signal: new AbortController().signal,
  allowPrivateNetwork,
  connectTimeoutMs: 1_000,
});

/** Nothing listens on port 1; a public provider at a loopback address is refused by the guard before it is dialled. */
async function faultOf(env: NodeJS.ProcessEnv, allowPrivateNetwork: boolean): Promise<string> {
  const error: unknown = await wayOut(env)(
    request('https://127.0.0.1:1/v1/messages', allowPrivateNetwork),
  ).catch((fault: unknown) => fault);
  assert.ok(error instanceof UpstreamFault, String(error));
  return error.kind;
}

test('wayOut() checks addresses itself where there is no proxy', async () => {
  assert.equal(await faultOf({}, false), 'blocked');
  assert.equal(await faultOf({}, true), 'connect');
});

test('wayOut() goes to private providers directly, proxy or not', async () => {
  const env = { HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: '127.0.0.1' };
  assert.equal(await faultOf(env, true), 'connect');
});
