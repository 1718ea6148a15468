// Setup token, password, sessions: what is granted, refused, throttled and ended.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isPassword } from '../../server/auth/password.ts';
import {
  ABSOLUTE_LIFETIME_MS,
  areSecretsEqual,
  IDLE_LIFETIME_MS,
  type LoginResult,
  Sessions,
} from '../../server/auth/sessions.ts';
import { MemoryAdminStore } from '../graphql/memory-stores.ts';
import { ManualClock } from '../manual-clock.ts';

const PASSWORD = 'correct horse battery';

function open() {
  const clock = new ManualClock();
  const store = new MemoryAdminStore();
  return { clock, store, sessions: new Sessions(store, clock) };
}

async function openSetUp() {
  const bench = open();
  const token = granted(await bench.sessions.setup(await bench.sessions.issueSetupToken(), PASSWORD));
  return { ...bench, token };
}

function granted(result: LoginResult): string {
  assert.ok(result.isGranted);
  return result.token;
}

function refusal(result: LoginResult) {
  assert.ok(!result.isGranted);
  return result.refusal;
}

test('setup sets the password and logs in, once per token', async () => {
  const { sessions } = open();
  assert.equal(await sessions.isSetUp(), false);
  const setupToken = await sessions.issueSetupToken();
  const token = granted(await sessions.setup(setupToken, PASSWORD));
  assert.equal(await sessions.isSetUp(), true);
  assert.ok(await sessions.verify(token));
  assert.equal(refusal(await sessions.setup(setupToken, 'another password')).code, 'invalid-setup-token');
  assert.ok(granted(await sessions.login(PASSWORD)));
});

test('setup spends a token once when two come at the same time', async () => {
  const { sessions } = open();
  const token = await sessions.issueSetupToken();
  const results = await Promise.all([
    sessions.setup(token, PASSWORD),
    sessions.setup(token, 'another password'),
  ]);
  assert.deepEqual(
    results.map((result) => result.isGranted),
    [true, false],
  );
});

test('setup knows only the newest token, and none that was not issued', async () => {
  const { sessions } = open();
  for (const guess of ['', 'x', 'x'.repeat(43), 'x'.repeat(5000)]) {
    assert.equal(refusal(await sessions.setup(guess, PASSWORD)).code, 'invalid-setup-token');
  }
  const older = await sessions.issueSetupToken();
  const newer = await sessions.issueSetupToken();
  assert.equal(refusal(await sessions.setup(older, PASSWORD)).code, 'invalid-setup-token');
  assert.ok(granted(await sessions.setup(newer, PASSWORD)));
});

test('setup keeps the token when it refuses the password', async () => {
  const { sessions } = open();
  const token = await sessions.issueSetupToken();
  const short = refusal(await sessions.setup(token, '123456789'));
  assert.equal(short.code, 'password-too-short');
  assert.match(short.message, /at least 10 characters/);
  assert.equal(refusal(await sessions.setup(token, 'x'.repeat(1001))).code, 'password-too-long');
  assert.ok(granted(await sessions.setup(token, '1234567890')));
});

test('setup with a new token replaces the password and ends every session', async () => {
  const { sessions, token } = await openSetUp();
  const fresh = granted(await sessions.setup(await sessions.issueSetupToken(), 'a new password'));
  assert.equal(await sessions.verify(token), null);
  assert.ok(await sessions.verify(fresh));
  assert.equal(refusal(await sessions.login(PASSWORD)).code, 'wrong-password');
});

test('Sessions stores nothing that logs in', async () => {
  const { store, sessions, token } = await openSetUp();
  const setupToken = await sessions.issueSetupToken();
  const stored = JSON.stringify([...store.secrets, ...store.sessions]);
  for (const secret of [PASSWORD, token, setupToken]) assert.ok(!stored.includes(secret));
  assert.match(store.secrets.get('password-hash') ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.match([...store.sessions.keys()][0] ?? '', /^[0-9a-f]{64}$/);
});

test('Sessions makes tokens of 256 bits', async () => {
  const { sessions, token } = await openSetUp();
  for (const made of [token, await sessions.issueSetupToken()]) assert.match(made, /^[A-Za-z0-9_-]{43}$/);
});

test('login refuses before a password is set, with the same words as a wrong one', async () => {
  const before = refusal(await open().sessions.login(PASSWORD));
  const wrong = refusal(await (await openSetUp()).sessions.login('wrong password'));
  assert.deepEqual(before, wrong);
  assert.equal(wrong.code, 'wrong-password');
});

test('isPassword works as hard without a stored password as with one', async () => {
  assert.equal(await isPassword(PASSWORD, null), false);
  const hash = (await openSetUp()).store.secrets.get('password-hash') ?? '';
  const elapsed = async (stored: string | null) => {
    const start = performance.now();
    for (let round = 0; round < 3; round += 1) await isPassword('wrong password', stored);
    return performance.now() - start;
  };
  const withPassword = await elapsed(hash);
  assert.ok((await elapsed(null)) > withPassword / 4);
});

test('isPassword takes a character however the keyboard composed it', async () => {
  const { sessions } = open();
  granted(await sessions.setup(await sessions.issueSetupToken(), 'caf\u00e9 caf\u00e9 caf\u00e9'));
  assert.ok(granted(await sessions.login('cafe\u0301 cafe\u0301 cafe\u0301')));
});

test('login gives a new token each time and ends the session it replaces', async () => {
  const { sessions, token } = await openSetUp();
  const second = granted(await sessions.login(PASSWORD, token));
  assert.notEqual(second, token);
  assert.equal(await sessions.verify(token), null);
  const elsewhere = granted(await sessions.login(PASSWORD));
  assert.ok(await sessions.verify(second));
  assert.ok(await sessions.verify(elsewhere));
});

test('login makes one wait after five wrong passwords, longer each time, and forgives a right one', async () => {
  const { clock, sessions } = await openSetUp();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    assert.equal(refusal(await sessions.login('wrong password')).code, 'wrong-password');
  }
  const first = refusal(await sessions.login(PASSWORD));
  assert.equal(first.code, 'too-many-attempts');
  assert.equal(first.retryAfterMs, 15_000);
  assert.match(first.message, /wait 15 s/);
  await clock.advance(14_999);
  assert.equal(refusal(await sessions.login(PASSWORD)).code, 'too-many-attempts');
  await clock.advance(1);
  assert.equal(refusal(await sessions.login('wrong password')).code, 'wrong-password');
  assert.equal(refusal(await sessions.login(PASSWORD)).retryAfterMs, 30_000);
  await clock.advance(30_000);
  granted(await sessions.login(PASSWORD));
  assert.equal(refusal(await sessions.login('wrong password')).code, 'wrong-password');
  granted(await sessions.login(PASSWORD));
});

test('login never makes one wait longer than a quarter of an hour', async () => {
  const { clock, sessions } = await openSetUp();
  let waitMs = 0;
  for (let attempt = 0; attempt < 15; attempt += 1) {
    const { retryAfterMs = 0 } = refusal(await sessions.login('wrong password'));
    waitMs = retryAfterMs;
    await clock.advance(retryAfterMs);
  }
  for (let attempt = 0; attempt < 6; attempt += 1) {
    waitMs = refusal(await sessions.login('wrong password')).retryAfterMs ?? waitMs;
    if (attempt % 2 === 1) await clock.advance(waitMs);
  }
  assert.equal(waitMs, 15 * 60_000);
});

test('login counts attempts that come at the same time', async () => {
  const { sessions } = await openSetUp();
  const results = await Promise.all(Array.from({ length: 8 }, () => sessions.login('wrong password')));
  const codes = results.map((result) => refusal(result).code);
  assert.deepEqual(codes, [...Array(5).fill('wrong-password'), ...Array(3).fill('too-many-attempts')]);
});

test('verify ends a session a day after its last use', async () => {
  const { clock, store, sessions, token } = await openSetUp();
  await clock.advance(IDLE_LIFETIME_MS - 1);
  assert.ok(await sessions.verify(token));
  await clock.advance(IDLE_LIFETIME_MS - 1);
  assert.ok(await sessions.verify(token));
  await clock.advance(IDLE_LIFETIME_MS);
  assert.equal(await sessions.verify(token), null);
  assert.equal(store.sessions.size, 0);
});

test('verify ends a session thirty days after login, however busy', async () => {
  const { clock, sessions, token } = await openSetUp();
  for (let day = 1; day < 60; day += 1) {
    await clock.advance(ABSOLUTE_LIFETIME_MS / 60);
    assert.ok(await sessions.verify(token), `half-day ${day}`);
  }
  await clock.advance(ABSOLUTE_LIFETIME_MS / 60);
  assert.equal(await sessions.verify(token), null);
});

test('verify writes at most once a minute', async () => {
  const { clock, store, sessions, token } = await openSetUp();
  let writes = 0;
  const put = store.putSession.bind(store);
  store.putSession = (session) => {
    writes += 1;
    return put(session);
  };
  for (let second = 0; second < 120; second += 1) {
    await sessions.verify(token);
    await clock.advance(1000);
  }
  assert.equal(writes, 1);
});

test('verify does not bring back a session that logout ends meanwhile', async () => {
  const { clock, store, sessions, token } = await openSetUp();
  await clock.advance(120_000);
  const find = store.findSession.bind(store);
  store.findSession = async (hash) => {
    const session = await find(hash);
    store.findSession = find;
    await sessions.logout(token);
    return session;
  };
  await sessions.verify(token);
  assert.equal(store.sessions.size, 0);
});

test('verify knows nothing that was not given out', async () => {
  const { sessions } = await openSetUp();
  for (const guess of ['', 'x'.repeat(43), 'x'.repeat(100_000), '%00'])
    assert.equal(await sessions.verify(guess), null);
});

test('isLive does not keep a session alive', async () => {
  const { clock, sessions, token } = await openSetUp();
  const hash = (await sessions.verify(token))?.hash ?? '';
  await clock.advance(IDLE_LIFETIME_MS / 2);
  assert.equal(await sessions.isLive(hash), true);
  await clock.advance(IDLE_LIFETIME_MS / 2);
  assert.equal(await sessions.isLive(hash), false);
});

test('onEnd tells of logout, of a new login and of setup, until it is stopped', async () => {
  const { sessions, token } = await openSetUp();
  const ended: string[] = [];
  const follow = async (cookie: string, name: string) => {
    const session = await sessions.verify(cookie);
    return sessions.onEnd(session?.hash ?? '', () => ended.push(name));
  };
  await follow(token, 'first');
  const second = granted(await sessions.login(PASSWORD, token));
  assert.deepEqual(ended, ['first']);
  (await follow(second, 'stopped'))();
  await follow(second, 'second');
  await sessions.logout(second);
  assert.deepEqual(ended, ['first', 'second']);
  await follow(granted(await sessions.login(PASSWORD)), 'third');
  await sessions.setup(await sessions.issueSetupToken(), PASSWORD);
  assert.deepEqual(ended, ['first', 'second', 'third']);
});

test('areSecretsEqual compares whole texts', async () => {
  assert.equal(await areSecretsEqual('token', 'token'), true);
  for (const other of ['toke', 'token2', 'TOKEN', ''])
    assert.equal(await areSecretsEqual('token', other), false);
});
