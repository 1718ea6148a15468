// Base URLs and hosts: what an endpoint may point at.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseUrlProblem, isPrivateHost, normalizeBaseUrl } from '../../server/gateway/base-url.ts';

const PRIVATE_URLS = [
  'https://localhost',
  'https://LOCALHOST.',
  'https://app.localhost',
  'https://printer.local',
  'https://ollama:11434',
  'https://0.0.0.0',
  'https://127.0.0.1',
  'https://127.1',
  'https://0x7f.1',
  'https://2130706433',
  'https://１２７.０.０.１',
  'https://10.1.2.3',
  'https://100.64.0.1',
  'https://169.254.169.254',
  'https://172.16.0.1',
  'https://172.31.255.255',
  'https://192.168.1.1',
  'https://198.18.0.1',
  'https://224.0.0.1',
  'https://255.255.255.255',
  'https://[::]',
  'https://[::1]',
  'https://[fc00::1]',
  'https://[fd12:3456::1]',
  'https://[fe80::1]',
  'https://[ff02::1]',
  'https://[::ffff:10.0.0.1]',
  'https://[::ffff:8.8.8.8]',
  'https://[64:ff9b::7f00:1]',
  'https://[2002:7f00:1::]',
  'https://[2001:0:1::]',
];
const PUBLIC_URLS = [
  'https://api.anthropic.com',
  'https://api.openai.com:8443/proxy',
  'https://8.8.8.8',
  'https://100.128.0.1',
  'https://172.32.0.1',
  'https://192.169.0.1',
  'https://[2606:4700::1111]',
  'https://[2001:4860:4860::8888]',
];

for (const url of PRIVATE_URLS) {
  test(`baseUrlProblem refuses the private ${url} unless the provider allows it`, () => {
    assert.match(baseUrlProblem(url, { allowPrivateNetwork: false }) ?? '', /loopback or private/);
    assert.equal(baseUrlProblem(url, { allowPrivateNetwork: true }), null);
    assert.equal(baseUrlProblem(url.replace('https:', 'http:'), { allowPrivateNetwork: true }), null);
  });
}

for (const url of PUBLIC_URLS) {
  test(`baseUrlProblem accepts ${url}, by https only`, () => {
    assert.equal(isPrivateHost(new URL(url).hostname), false);
    assert.equal(baseUrlProblem(url, { allowPrivateNetwork: false }), null);
    const plain = url.replace('https:', 'http:');
    assert.match(baseUrlProblem(plain, { allowPrivateNetwork: true }) ?? '', /must use https/);
  });
}

const REFUSED = [
  { url: 'api.openai.com', problem: /must be a URL/ },
  { url: 'ftp://x.example', problem: /must be a URL/ },
  { url: 'file:///etc/passwd', problem: /must be a URL/ },
  { url: 'https://u@x.example', problem: /user name or password/ },
  { url: 'https://x.example/?a=1', problem: /query or fragment/ },
  { url: 'https://x.example/?', problem: /query or fragment/ },
  { url: 'https://x.example/#', problem: /query or fragment/ },
];
for (const { url, problem } of REFUSED) {
  test(`baseUrlProblem refuses ${url} even where private addresses are allowed`, () => {
    assert.match(baseUrlProblem(url, { allowPrivateNetwork: true }) ?? '', problem);
  });
}

test('normalizeBaseUrl drops trailing slashes and outer spaces only', () => {
  assert.equal(normalizeBaseUrl(' https://x.example/a//b// '), 'https://x.example/a//b');
});
