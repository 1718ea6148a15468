// Whose address counts, and which addresses lie in which ranges.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clientAddress, isAllowedAddress, normalizedRange } from '../../server/gateway/client-address.ts';

const PROXIES = ['10.0.0.0/8', '2001:db8:1::/48'];

for (const [name, remoteAddress, forwardedFor, expected] of [
  ['the peer where nothing is forwarded', '203.0.113.9', null, '203.0.113.9'],
  ['the peer, whatever a stranger says', '203.0.113.9', '192.0.2.1', '203.0.113.9'],
  ['what a proxy on this machine says', '127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['the same over IPv6', '::1', '2001:db8::5', '2001:db8::5'],
  ['the same over a dual-stack socket', '::ffff:127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['what a trusted proxy says', '10.1.2.3', '192.0.2.1', '192.0.2.1'],
  ['what a trusted proxy says over a dual-stack socket', '::ffff:10.1.2.3', '192.0.2.1', '192.0.2.1'],
  ['what a trusted IPv6 proxy says', '2001:db8:1:2::3', '192.0.2.1', '192.0.2.1'],
  ['the last address that no trusted proxy has', '10.1.2.3', '127.0.0.1, 192.0.2.1, 10.9.9.9', '192.0.2.1'],
  ['not what a stranger wrote before it', '10.1.2.3', '10.0.0.1, 198.51.100.7', '198.51.100.7'],
  ['the first when all are trusted', '10.1.2.3', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ['an address with a port', '127.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
  ['an IPv6 address with a port', '127.0.0.1', '[2001:db8::5]:4711', '2001:db8::5'],
  ['no address when the proxy says none', '127.0.0.1', 'unknown', null],
  ['no address behind one that cannot be read', '10.1.2.3', '192.0.2.1, what', null],
  ['the peer for an empty header', '10.1.2.3', ' ', '10.1.2.3'],
  ['no address without a peer', null, '192.0.2.1', null],
  ['an IPv4 peer of a dual-stack socket as IPv4', '::ffff:203.0.113.9', null, '203.0.113.9'],
  ['a link-local peer without its zone', 'fe80::1%eth0', null, 'fe80::1'],
] as const) {
  test(`clientAddress() gives ${name}`, () => {
    assert.equal(clientAddress({ remoteAddress }, forwardedFor, PROXIES), expected);
  });
}

test('clientAddress() believes nobody but this machine unless told to', () => {
  assert.equal(clientAddress({ remoteAddress: '10.1.2.3' }, '192.0.2.1', []), '10.1.2.3');
  assert.equal(clientAddress({ remoteAddress: '127.0.0.1' }, '192.0.2.1', []), '192.0.2.1');
});

test('clientAddress() looks through 50 proxies and no more', () => {
  const hops = (count: number) =>
    ['192.0.2.1', ...Array.from({ length: count }, () => '10.0.0.1')].join(', ');
  assert.equal(clientAddress({ remoteAddress: '10.1.2.3' }, hops(49), PROXIES), '192.0.2.1');
  assert.equal(clientAddress({ remoteAddress: '10.1.2.3' }, hops(50), PROXIES), '10.0.0.1');
});

for (const [address, ranges, expected] of [
  ['192.0.2.1', null, true],
  [null, null, true],
  [null, ['0.0.0.0/0', '::/0'], false],
  ['192.0.2.1', [], false],
  ['192.0.2.1', ['192.0.2.1'], true],
  ['192.0.2.2', ['192.0.2.1'], false],
  ['192.0.2.127', ['192.0.2.0/25'], true],
  ['192.0.2.128', ['192.0.2.0/25'], false],
  ['203.0.113.9', ['0.0.0.0/0'], true],
  ['2001:db8::1', ['0.0.0.0/0'], false],
  ['203.0.113.9', ['::/0'], false],
  ['2001:db8:0:1::1', ['2001:db8::/32'], true],
  ['2001:db9::1', ['2001:db8::/32'], false],
  ['2001:db8::1', ['2001:0db8:0:0::0001'], true],
  ['::ffff:192.0.2.1', ['192.0.2.0/24'], true],
  ['192.0.2.1', ['::ffff:192.0.2.0/120'], true],
  ['192.0.3.1', ['::ffff:192.0.2.0/120'], false],
  ['198.51.100.7', ['192.0.2.0/24', '198.51.100.0/24'], true],
  ['not an address', ['0.0.0.0/0', '::/0'], false],
] as const) {
  test(`isAllowedAddress() is ${expected} for ${address} in ${ranges === null ? 'no list' : `[${ranges}]`}`, () => {
    assert.equal(isAllowedAddress(address, ranges), expected);
  });
}

for (const [text, expected] of [
  [' 192.0.2.1 ', '192.0.2.1'],
  ['192.0.2.77/24', '192.0.2.0/24'],
  ['192.0.2.1/32', '192.0.2.1'],
  ['192.0.2.77/25', '192.0.2.0/25'],
  ['192.0.2.255/31', '192.0.2.254/31'],
  ['255.255.255.255/0', '0.0.0.0/0'],
  ['2001:0DB8::0001', '2001:db8::1'],
  ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
  ['::ffff:192.0.2.77/120', '192.0.2.0/24'],
  ['::/0', '::/0'],
  ['192.0.2.1/33', null],
  ['2001:db8::/129', null],
  ['192.0.2.1/', null],
  ['192.0.2.1/-1', null],
  ['192.0.2.1/8/8', null],
  ['192.0.2', null],
  ['0x7f.1', null],
  ['010.0.0.1', null],
  ['fe80::1%eth0', null],
  ['example.com', null],
  ['', null],
] as const) {
  test(`normalizedRange() gives ${expected} for "${text}"`, () => {
    assert.equal(normalizedRange(text), expected);
  });
}
