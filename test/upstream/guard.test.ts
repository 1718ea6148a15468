// Which URLs and addresses a request may go to, and that it goes to the very address that was checked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamFault, type UpstreamFaultKind } from '../../server/gateway/upstream.ts';
import { createUpstream } from '../../server/upstream/client.ts';
import { isPermitted } from '../../server/upstream/guard.ts';
import type { Dial, DialTarget } from '../../server/upstream/socket.ts';
import { requestTo } from './raw-server.ts';

/** [address, permitted, permitted with allowPrivateNetwork] */
const ADDRESSES: [string, boolean, boolean][] = [
  ['93.184.216.34', true, true],
  ['2606:4700::6810:84e5', true, true],
  ['0.0.0.0', false, false],
  ['0.1.2.3', false, false],
  ['10.0.0.1', false, true],
  ['100.64.0.1', false, true],
  ['100.100.100.200', false, false],
  ['127.0.0.1', false, true],
  ['127.255.255.254', false, true],
  ['168.63.129.16', false, false],
  ['169.254.169.254', false, false],
  ['169.254.170.2', false, false],
  ['169.254.0.1', false, false],
  ['172.16.0.1', false, true],
  ['172.31.255.255', false, true],
  ['172.32.0.1', true, true],
  ['192.0.0.8', false, true],
  ['192.0.2.1', false, true],
  ['192.168.1.1', false, true],
  ['198.18.0.1', false, true],
  ['224.0.0.1', false, false],
  ['239.255.255.250', false, false],
  ['240.0.0.1', false, true],
  ['255.255.255.255', false, false],
  ['::', false, false],
  ['::1', false, true],
  ['::7f00:1', false, true],
  ['::ffff:10.0.0.1', false, true],
  ['::ffff:93.184.216.34', false, true],
  ['::ffff:169.254.169.254', false, false],
  ['::ffff:0:169.254.169.254', false, false],
  ['64:ff9b::a9fe:a9fe', false, false],
  ['64:ff9b::5db8:d822', false, true],
  ['64:ff9b:1::a9fe:a9fe', false, false],
  ['2002:7f00:1::', false, true],
  ['2002:a9fe:a9fe::', false, false],
  ['2001:0:4136:e378:8000:63bf:5601:5601', false, false],
  ['2001:db8::1', false, true],
  ['fc00::1', false, true],
  ['fd00:ec2::254', false, false],
  ['fd20:ce::254', false, false],
  ['fe80::1', false, true],
  ['fe80::1%eth0', false, false],
  ['fec0::1', false, true],
  ['ff02::1', false, false],
  ['4000::1', false, true],
  ['not an address', false, false],
];
for (const [address, publicly, privately] of ADDRESSES) {
  test(`isPermitted judges ${address}`, () => {
    assert.equal(isPermitted(address, { allowPrivateNetwork: false }), publicly);
    assert.equal(isPermitted(address, { allowPrivateNetwork: true }), privately);
  });
}

/** [URL, what happens, what happens with allowPrivateNetwork]; `connect` = it was dialed. */
const URLS: [string, UpstreamFaultKind, UpstreamFaultKind][] = [
  ['https://public.test/', 'connect', 'connect'],
  ['http://public.test/', 'blocked', 'connect'],
  ['https://private.test/', 'blocked', 'connect'],
  ['https://127.0.0.1/', 'blocked', 'connect'],
  ['https://127.1/', 'blocked', 'connect'],
  ['https://2130706433/', 'blocked', 'connect'],
  ['https://0x7f000001/', 'blocked', 'connect'],
  ['https://[::1]/', 'blocked', 'connect'],
  ['https://[::ffff:7f00:1]/', 'blocked', 'connect'],
  ['https://169.254.169.254/latest', 'blocked', 'blocked'],
  ['https://0/', 'blocked', 'blocked'],
  ['https://user:secret@public.test/', 'blocked', 'blocked'],
  ['https://user@public.test/', 'blocked', 'blocked'],
  ['ftp://public.test/', 'blocked', 'blocked'],
  ['file:///etc/passwd', 'blocked', 'blocked'],
  ['nonsense', 'blocked', 'blocked'],
  ['https://unknown.test/', 'dns', 'dns'],
  ['https://empty.test/', 'dns', 'dns'],
];
const NAMES: Record<string, string[]> = {
  'public.test': ['93.184.216.34'],
  'private.test': ['10.0.0.1'],
  'mixed.test': ['10.0.0.1', '93.184.216.34', '::1'],
  'empty.test': [],
};
const lookup = async (host: string) => NAMES[host] ?? Promise.reject(new Error('no such name'));

/** Refuses every connection and notes where it would have gone. */
function refusing(dialed: DialTarget[]): Dial {
  return (target, owner) => {
    dialed.push(target);
    queueMicrotask(() => owner.onFailed('connect', 'ECONNREFUSED'));
    return () => undefined;
  };
}

for (const [url, publicly, privately] of URLS) {
  for (const [allowPrivateNetwork, kind] of [
    [false, publicly],
    [true, privately],
  ] as const) {
    test(`createUpstream sends ${url} to ${kind} with allowPrivateNetwork ${allowPrivateNetwork}`, async () => {
      const dialed: DialTarget[] = [];
      const client = createUpstream({ lookup, dial: refusing(dialed) });
      await assert.rejects(client.send(requestTo(0, { url, allowPrivateNetwork })), (error) => {
        assert.ok(error instanceof UpstreamFault, String(error));
        assert.deepEqual({ kind: error.kind, isSent: error.isSent }, { kind, isSent: false });
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
      assert.equal(dialed.length, kind === 'connect' ? 1 : 0);
      client.close();
    });
  }
}

test('createUpstream dials the permitted addresses of a name only, and by address', async () => {
  const dialed: DialTarget[] = [];
  const client = createUpstream({ lookup, dial: refusing(dialed) });
  const request = requestTo(0, { url: 'https://mixed.test:8443/', allowPrivateNetwork: false });
  await assert.rejects(client.send(request));
  assert.deepEqual(dialed, [
    { address: '93.184.216.34', port: 8443, tls: { host: 'mixed.test', authorities: null } },
  ]);
  client.close();
});

test('createUpstream looks a name up again after 30 s, and checks the new answer', async () => {
  let nowMs = 0;
  let lookups = 0;
  const answers = [['93.184.216.34'], ['127.0.0.1']];
  const dialed: DialTarget[] = [];
  const client = createUpstream({
    now: () => nowMs,
    lookup: async () => answers[lookups++] ?? [],
    dial: refusing(dialed),
  });
  const attempt = () =>
    client.send(requestTo(0, { url: 'https://rebind.test/', allowPrivateNetwork: false }));
  await Promise.all([assert.rejects(attempt(), /ECONNREFUSED/), assert.rejects(attempt(), /ECONNREFUSED/)]);
  nowMs = 29_999;
  await assert.rejects(attempt(), /ECONNREFUSED/);
  assert.equal(lookups, 1);
  nowMs = 30_000;
  await assert.rejects(attempt(), /private/);
  assert.equal(lookups, 2);
  assert.deepEqual(new Set(dialed.map(({ address }) => address)), new Set(['93.184.216.34']));
  client.close();
});

test('createUpstream does not remember a failed lookup', async () => {
  let lookups = 0;
  const client = createUpstream({
    lookup: () => Promise.reject(Object.assign(new Error('x'), { code: `E${++lookups}` })),
  });
  const attempt = () => client.send(requestTo(0, { url: 'https://down.test/' }));
  await assert.rejects(attempt(), /E1/);
  await assert.rejects(attempt(), /E2/);
  client.close();
});
