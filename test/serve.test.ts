// What the listener of the runtime tells of a connection: the peer's own address, whatever the request says.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ConnectionInfo } from '../server/app.ts';
import { listen } from '../server/serve.ts';

test('listen() tells the address of the peer and not what is forwarded', async () => {
  const seen: Pick<ConnectionInfo, 'isLoopback' | 'remoteAddress'>[] = [];
  const app = async (_request: Request, { isLoopback, remoteAddress }: ConnectionInfo) => {
    seen.push({ isLoopback, remoteAddress });
    return new Response('ok');
  };
  const listener = await listen(app, { host: '127.0.0.1', port: 0 });
  try {
    const headers = { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7', 'x-real-ip': '192.0.2.7' };
    const response = await fetch(`http://127.0.0.1:${listener.port}/`, { headers });
    await response.text();
  } finally {
    await listener.stop(1_000);
  }
  assert.deepEqual(seen, [{ isLoopback: true, remoteAddress: '127.0.0.1' }]);
});
