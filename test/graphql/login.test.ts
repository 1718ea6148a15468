// Setup, login and logout by GraphQL, with their cookies.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Bench, type CallOptions, openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const PASSWORD = 'correct horse battery';
const SETUP =
  'mutation ($input: SetupInput!) { setup(input: $input) { session { authenticated expiresAt } errors { code message problem min } } }';
const LOGIN =
  'mutation ($password: String!) { login(input: { password: $password }) { session { authenticated } errors { code message retryAfterSeconds } } }';
const LOGOUT = 'mutation { logout { errors { code } } }';
const SESSION = '{ session { authenticated setupRequired expiresAt } }';

async function setUp(bench: Bench, options: CallOptions = {}) {
  const token = await bench.parts.sessions.issueSetupToken();
  return bench.call(SETUP, { input: { token, password: PASSWORD } }, { bearer: null, ...options });
}

function cookieOf(headers: Headers): string {
  return headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

test('session says that a password is needed, then who is logged in', async () => {
  const bench = await openBench();
  const before = await bench.call(SESSION, {}, { bearer: null });
  assert.deepEqual(before.data.session, { authenticated: false, setupRequired: true, expiresAt: null });
  const setup = await setUp(bench);
  assert.deepEqual(setup.data.setup, {
    session: { authenticated: true, expiresAt: '2026-11-22T22:00:00.000Z' },
    errors: [],
  });
  const cookie = cookieOf(setup.headers);
  const after = await bench.call(SESSION, {}, { bearer: null, cookie });
  assert.deepEqual(after.data.session, {
    authenticated: true,
    setupRequired: false,
    expiresAt: '2026-11-22T22:00:00.000Z',
  });
  const token = await bench.call(SESSION);
  assert.deepEqual(token.data.session, { authenticated: true, setupRequired: false, expiresAt: null });
});

test('setup and login refuse with codes and set no cookie', async () => {
  const bench = await openBench();
  const wrongToken = await bench.call(
    SETUP,
    { input: { token: 'guess', password: PASSWORD } },
    { bearer: null },
  );
  assert.equal(wrongToken.data.setup.errors[0].code, 'invalid-setup-token');
  assert.equal(wrongToken.data.setup.session, null);
  const token = await bench.parts.sessions.issueSetupToken();
  const short = await bench.call(SETUP, { input: { token, password: 'short' } }, { bearer: null });
  const { code, problem, min } = short.data.setup.errors[0];
  assert.deepEqual([code, problem, min], ['password-too-short', 'TOO_SHORT', 10]);
  const login = await bench.call(LOGIN, { password: PASSWORD }, { bearer: null });
  assert.equal(login.data.login.errors[0].code, 'wrong-password');
  for (const { headers } of [wrongToken, short, login]) assert.deepEqual(headers.getSetCookie(), []);
});

test('login tells how long to wait after too many wrong passwords', async () => {
  const bench = await openBench();
  await setUp(bench);
  for (let attempt = 0; attempt < 5; attempt += 1)
    await bench.call(LOGIN, { password: 'wrong' }, { bearer: null });
  const { data } = await bench.call(LOGIN, { password: PASSWORD }, { bearer: null });
  assert.equal(data.login.errors[0].code, 'too-many-attempts');
  assert.match(data.login.errors[0].message, /wait 15 s/);
  assert.equal(data.login.errors[0].retryAfterSeconds, 15);
});

test('a session opens the API as the panel, until logout', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const cookie = cookieOf((await setUp(bench)).headers);
  const asPanel = { bearer: null, cookie };
  assert.deepEqual((await bench.call('{ build { version } }', {}, asPanel)).errors, []);
  const logout = await bench.call(LOGOUT, {}, asPanel);
  assert.deepEqual(logout.data.logout.errors, []);
  assert.ok(logout.headers.getSetCookie().every((value) => value.includes('Max-Age=0')));
  assert.equal((await bench.call('{ build { version } }', {}, asPanel)).status, 401);
});

test('login rotates: the session the browser had is over', async () => {
  const bench = await openBench();
  const first = cookieOf((await setUp(bench)).headers);
  const again = await bench.call(LOGIN, { password: PASSWORD }, { bearer: null, cookie: first });
  const second = cookieOf(again.headers);
  assert.notEqual(second, first);
  assert.equal((await bench.call('{ build { version } }', {}, { bearer: null, cookie: first })).status, 401);
  assert.equal((await bench.call('{ build { version } }', {}, { bearer: null, cookie: second })).status, 200);
});

test('a wrong bearer is not saved by a good cookie', async () => {
  const bench = await openBench();
  const cookie = cookieOf((await setUp(bench)).headers);
  assert.equal((await bench.call('{ build { version } }', {}, { bearer: 'wrong', cookie })).status, 401);
});

const HOST_COOKIE =
  /^__Host-warmpath=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Secure; Max-Age=2592000$/;
const LOOPBACK_COOKIE = /^warmpath-session=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=2592000$/;
const ON_LOOPBACK = [HOST_COOKIE, LOOPBACK_COOKIE];
const cookies: [string, CallOptions, RegExp[]][] = [
  ['https', { origin: 'https://gate.example', isLoopback: false }, [HOST_COOKIE]],
  ['plain http on this machine', { origin: 'http://127.0.0.1:8787' }, ON_LOOPBACK],
  ['plain http on this machine by name', { origin: 'http://localhost:8787' }, ON_LOOPBACK],
  ['plain http on this machine over IPv6', { origin: 'http://[::1]:8787' }, ON_LOOPBACK],
  ['a published container port', { origin: 'http://localhost:8787', isLoopback: false }, [HOST_COOKIE]],
  [
    'a proxy on this machine that keeps the host name',
    {
      origin: 'http://gate.example',
      headers: { origin: 'https://gate.example', 'sec-fetch-site': 'same-origin' },
    },
    [HOST_COOKIE],
  ],
  [
    'a proxy on this machine that hides the host name',
    {
      origin: 'http://127.0.0.1:8787',
      headers: { origin: 'https://gate.example', 'sec-fetch-site': 'same-origin' },
    },
    [HOST_COOKIE],
  ],
  [
    'a script over plain http from afar',
    { origin: 'http://10.0.0.5:8787', isLoopback: false },
    [HOST_COOKIE],
  ],
];

for (const [how, options, expected] of cookies) {
  test(`setup sets a fitting cookie over ${how}`, async () => {
    const bench = await openBench();
    const { headers } = await setUp(bench, options);
    const set = headers.getSetCookie();
    assert.equal(set.length, expected.length);
    for (const [index, pattern] of expected.entries()) assert.match(set[index] ?? '', pattern);
    for (const cookie of set.map((value) => value.split(';')[0] ?? '')) {
      const reply = await bench.call('{ build { version } }', {}, { ...options, bearer: null, cookie });
      assert.equal(reply.status, 200, cookie);
    }
  });
}

test('login over plain http from another machine says why it cannot work', async () => {
  const bench = await openBench();
  await setUp(bench);
  const origin = 'http://10.0.0.5:8787';
  const { data, headers } = await bench.call(
    LOGIN,
    { password: PASSWORD },
    { bearer: null, origin, headers: { origin, host: '10.0.0.5:8787' }, isLoopback: false },
  );
  assert.equal(data.login.errors[0].code, 'insecure-connection');
  assert.deepEqual(headers.getSetCookie(), []);
});

test('the unprotected cookie name counts on this machine only', async () => {
  const bench = await openBench();
  const token = cookieOf((await setUp(bench)).headers).split('=')[1];
  const far = {
    bearer: null,
    cookie: `warmpath-session=${token}`,
    origin: 'https://gate.example',
    isLoopback: false,
  };
  assert.equal((await bench.call('{ build { version } }', {}, far)).status, 401);
});

test('a stale protected cookie does not hide the good one of this machine', async () => {
  const bench = await openBench();
  const good = cookieOf((await setUp(bench)).headers).replace('__Host-warmpath', 'warmpath-session');
  const cookie = `__Host-warmpath=${'x'.repeat(43)}; other=1; ${good}`;
  assert.equal((await bench.call('{ build { version } }', {}, { bearer: null, cookie })).status, 200);
});
