// The panel over HTTP: what is served where, cached how, under which security headers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { PanelAsset } from '../../server/panel/assets.d.ts';
import { createPanel, panelOf } from '../../server/panel/panel.ts';

const INDEX = '<!doctype html><title>Warmpath</title>';
const SCRIPT = 'console.log("warm");'.repeat(50);
const PICTURE = new Uint8Array([137, 80, 78, 71]);

const panel = panelOf({
  '/index.html': asset('text/html; charset=utf-8', INDEX, { etag: '"i"' }),
  '/assets/index-AbCd1234.js': asset('text/javascript; charset=utf-8', SCRIPT, {
    etag: '"s"',
    isHashed: true,
  }),
  '/theme.js': asset('text/javascript; charset=utf-8', SCRIPT, { etag: '"t"' }),
  '/picture.png': {
    contentType: 'image/png',
    etag: '"p"',
    isHashed: false,
    isGzipped: false,
    body: Buffer.from(PICTURE).toString('base64'),
  },
});

function asset(contentType: string, text: string, rest: { etag: string; isHashed?: boolean }): PanelAsset {
  return { contentType, isHashed: false, isGzipped: true, body: gzipSync(text).toString('base64'), ...rest };
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Response | null {
  return panel(new Request(`http://gateway.test${path}`, { method, headers }));
}

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

for (const path of ['/', '/requests', '/affinities', '/accounts', '/keys', '/requests/', '/requests?q=a.b']) {
  test(`panel serves the page at ${path}`, async () => {
    const response = get(path, BROWSER);
    assert.equal(response?.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(await response.text(), INDEX);
  });
}

test('panel serves its screens to programs that take anything', () => {
  assert.equal(get('/', { accept: '*/*' })?.status, 200);
  assert.equal(get('/')?.status, 200);
  assert.equal(get('/', { accept: 'application/json' }), null);
});

test('panel answers a mistyped address with the page and status 404', () => {
  assert.equal(get('/nowhere', BROWSER)?.status, 404);
  assert.equal(get('/nowhere', { accept: '*/*' }), null);
});

for (const path of [
  '/missing.js',
  '/assets/gone-00000000.js',
  '/v1/unknown',
  '/v1beta/models',
  '/graphql',
  '/.env',
]) {
  test(`panel leaves ${path} to others`, () => {
    assert.equal(get(path, BROWSER), null);
  });
}

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
  test(`panel leaves ${method} to others`, () => {
    assert.equal(get('/', BROWSER, method), null);
  });
}

test('panel caches hashed files for ever and the others not without asking', () => {
  assert.match(
    get('/assets/index-AbCd1234.js')?.headers.get('cache-control') ?? '',
    /max-age=31536000, immutable/,
  );
  assert.equal(get('/theme.js')?.headers.get('cache-control'), 'no-cache');
});

test('panel answers a known ETag with 304 and no body', async () => {
  for (const tag of ['"t"', 'W/"t"', '"other", "t"']) {
    const response = get('/theme.js', { 'if-none-match': tag });
    assert.equal(response?.status, 304);
    assert.equal(await response.text(), '');
  }
  assert.equal(get('/theme.js', { 'if-none-match': '"other"' })?.status, 200);
});

test('panel sends the stored gzip bytes to whoever takes them', async () => {
  const response = get('/theme.js', { 'accept-encoding': 'br, gzip' });
  const bytes = new Uint8Array((await response?.arrayBuffer()) ?? new ArrayBuffer(0));
  assert.equal(response?.headers.get('content-encoding'), 'gzip');
  assert.equal(response.headers.get('content-length'), String(bytes.byteLength));
  assert.deepEqual([...bytes.slice(0, 2)], [0x1f, 0x8b]);
});

for (const encoding of ['identity', 'gzip;q=0', 'br', 'xgzip']) {
  test(`panel sends plain bytes for accept-encoding "${encoding}"`, async () => {
    const response = get('/theme.js', { 'accept-encoding': encoding });
    assert.equal(response?.headers.get('content-encoding'), null);
    assert.equal(await response?.text(), SCRIPT);
  });
}

test('panel sends what is not compressible as it is', async () => {
  const response = get('/picture.png', { 'accept-encoding': 'gzip' });
  assert.equal(response?.headers.get('content-encoding'), null);
  assert.deepEqual(new Uint8Array((await response?.arrayBuffer()) ?? new ArrayBuffer(0)), PICTURE);
});

test('panel answers HEAD with headers alone', async () => {
  const response = get('/theme.js', { 'accept-encoding': 'gzip' }, 'HEAD');
  assert.equal(response?.status, 200);
  assert.notEqual(response.headers.get('content-length'), null);
  assert.equal(await response.text(), '');
});

test('panel sends the security headers with every answer', () => {
  const answers = [
    get('/', BROWSER),
    get('/nowhere', BROWSER),
    get('/theme.js'),
    get('/theme.js', { 'if-none-match': '"t"' }),
    panelOf(null)(new Request('http://gateway.test/', { headers: BROWSER })),
  ];
  for (const answer of answers) {
    const policy = answer?.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.match(policy, /style-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy.replace("style-src-attr 'unsafe-inline'", ''), /unsafe/);
    assert.equal(answer?.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer?.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(answer?.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.match(answer?.headers.get('permissions-policy') ?? '', /camera=\(\)/);
  }
});

test('panelOf(null) says that the panel is not built, and leaves other paths alone', async () => {
  const unbuilt = panelOf(null);
  const response = unbuilt(new Request('http://gateway.test/', { headers: BROWSER }));
  assert.equal(response?.status, 503);
  assert.match(await response.text(), /npm run build/);
  assert.equal(unbuilt(new Request('http://gateway.test/v1/unknown')), null);
});

test('createPanel answers whether or not the panel has been built', async () => {
  const response = (await createPanel())(new Request('http://gateway.test/', { headers: BROWSER }));
  assert.ok(response?.status === 200 || response?.status === 503);
});
