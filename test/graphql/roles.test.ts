// Who may do what: the admin token, named tokens with a role, sessions opened with one, API keys about their own rows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { ADMIN_TOKEN, type Bench, openBench } from './admin-bench.ts';
import { START_MS, sampleRow } from './sample-rows.ts';

const CREATE = `mutation ($input: CreateAdminTokenInput!) {
  createAdminToken(input: $input) { adminToken { id name masked role expiresAt } secret errors { code path } }
}`;
const KEY_SECRET = 'wp_a-key-that-asks-about-itself';

async function tokenOf(
  bench: Bench,
  role: string,
  name = `for ${role}`,
): Promise<{ id: string; secret: string }> {
  const { createAdminToken } = await bench.ask(CREATE, { input: { name, role } });
  assert.deepEqual(createAdminToken.errors, []);
  return { id: createAdminToken.adminToken.id, secret: createAdminToken.secret };
}

async function codeOf(bench: Bench, query: string, bearer: string): Promise<string> {
  const { errors } = await bench.call(query, {}, { bearer });
  return errors?.[0]?.extensions.code ?? 'ok';
}

const QUERIES = {
  read: '{ providers { nodes { name } } }',
  readTokens: '{ adminTokens { name } }',
  readOwn: '{ requestLogs { nodes { requestId } } }',
  operate: 'mutation { clearAllAffinities { clearedCount } }',
  configure: 'mutation { createUser(input: { username: "eve" }) { user { username } } }',
};
/** What each role is answered, in the order of QUERIES. */
const TABLE: Record<string, readonly string[]> = {
  VIEWER: ['ok', 'FORBIDDEN', 'ok', 'FORBIDDEN', 'FORBIDDEN'],
  OPERATOR: ['ok', 'FORBIDDEN', 'ok', 'ok', 'FORBIDDEN'],
  ADMIN: ['ok', 'ok', 'ok', 'ok', 'ok'],
};

for (const [role, expected] of Object.entries(TABLE)) {
  test(`a token with the role ${role} reaches as far as its role`, async () => {
    const bench = await openBench();
    const { secret } = await tokenOf(bench, role);
    const answers: string[] = [];
    for (const query of Object.values(QUERIES)) answers.push(await codeOf(bench, query, secret));
    assert.deepEqual(answers, expected);
  });
}

test('createAdminToken shows the secret once and keeps its hash only', async () => {
  const bench = await openBench();
  const { secret } = await tokenOf(bench, 'VIEWER', 'grafana');
  const [stored] = await bench.parts.adminTokens.list();
  assert.equal(stored?.hash, hashSecret(secret));
  const { adminTokens } = await bench.ask('{ adminTokens { name role masked } }');
  assert.deepEqual(adminTokens, [
    { name: 'grafana', role: 'VIEWER', masked: `${secret.slice(0, 4)}…${secret.slice(-4)}` },
  ]);
});

test('createAdminToken refuses taken and reserved names, a past expiry and the role OWN', async () => {
  const bench = await openBench();
  await tokenOf(bench, 'VIEWER', 'grafana');
  const refusals = [
    [{ name: 'Grafana', role: 'ADMIN' }, 'name-taken'],
    [{ name: 'panel', role: 'ADMIN' }, 'name-taken'],
    [{ name: '', role: 'ADMIN' }, 'invalid-value'],
    [{ name: 'past', role: 'ADMIN', expiresAt: new Date(START_MS).toISOString() }, 'invalid-value'],
    [{ name: 'own', role: 'OWN' }, 'invalid-value'],
  ] as const;
  for (const [input, code] of refusals) {
    const { createAdminToken } = await bench.ask(CREATE, { input });
    assert.deepEqual([createAdminToken.errors[0]?.code, createAdminToken.secret], [code, null]);
  }
});

test('an admin token stops working when it expires and when it is revoked', async () => {
  const bench = await openBench();
  const input = { name: 'short', role: 'VIEWER', expiresAt: new Date(START_MS + 1000).toISOString() };
  const { createAdminToken } = await bench.ask(CREATE, { input });
  const lasting = await tokenOf(bench, 'VIEWER', 'lasting');
  assert.equal(await codeOf(bench, QUERIES.read, createAdminToken.secret), 'ok');
  await bench.clock.advance(1000);
  assert.equal(await codeOf(bench, QUERIES.read, createAdminToken.secret), 'UNAUTHENTICATED');
  await bench.ask('mutation ($id: ID!) { revokeAdminToken(id: $id) { errors { code } } }', {
    id: lasting.id,
  });
  assert.equal(await codeOf(bench, QUERIES.read, lasting.secret), 'UNAUTHENTICATED');
});

test('login takes an admin token for the password; its sessions have its role and end with it', async () => {
  const bench = await openBench();
  const { id, secret } = await tokenOf(bench, 'VIEWER', 'on call');
  const login = await bench.call(
    'mutation ($password: String!) { login(input: { password: $password }) { session { role name } errors { code } } }',
    { password: secret },
    { bearer: null },
  );
  assert.deepEqual(login.data.login, { session: { role: 'VIEWER', name: 'on call' }, errors: [] });
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const as = { bearer: null, cookie };
  const ask = async (query: string) => (await bench.call(query, {}, as)).errors?.[0]?.extensions.code ?? 'ok';
  assert.equal(await ask(QUERIES.read), 'ok');
  assert.equal(await ask(QUERIES.operate), 'FORBIDDEN');
  const { revokeAdminToken } = await bench.ask(
    'mutation ($id: ID!) { revokeAdminToken(id: $id) { endedSessionCount errors { code } } }',
    { id },
  );
  assert.deepEqual(revokeAdminToken, { endedSessionCount: 1, errors: [] });
  assert.equal(await ask(QUERIES.read), 'UNAUTHENTICATED');
});

async function benchWithKey(part: { isEnabled?: boolean; expiresAtMs?: number } = {}): Promise<Bench> {
  const key = { ...UNRESTRICTED, masked: 'wp_a…self', isEnabled: true, createdAtMs: START_MS, userId: null };
  const own = { ...key, id: 'own', name: 'own', hash: hashSecret(KEY_SECRET), ...part };
  const bench = await openBench({
    rows: { apiKeys: [own, { ...key, id: 'other', name: 'other', hash: 'ff' }] },
  });
  bench.log.rows = [
    sampleRow('1', { requestId: 'mine', apiKeyId: 'own' }),
    sampleRow('2', { requestId: 'theirs', apiKeyId: 'other' }),
    sampleRow('3', { requestId: 'nobody', apiKeyId: null }),
  ];
  return bench;
}

test('an API key reads its own rows of the request log and nothing else', async () => {
  const bench = await benchWithKey();
  const as = { bearer: KEY_SECRET };
  const own = await bench.call(
    '{ requestLogs { totalCount nodes { requestId } } session { role name } }',
    {},
    as,
  );
  assert.deepEqual(own.errors, []);
  assert.deepEqual(own.data, {
    requestLogs: { totalCount: 1, nodes: [{ requestId: 'mine' }] },
    session: { role: 'OWN', name: 'own' },
  });
  const one = 'query ($id: ID!) { requestLog(id: $id) { requestId } }';
  const ids = await Promise.all(
    ['1', '2', '3'].map((id) => bench.call(one, { id: encodeGlobalId('RequestLog', id) }, as)),
  );
  assert.deepEqual(
    ids.map(({ data }) => data.requestLog),
    [{ requestId: 'mine' }, null, null],
  );
  const other = 'query ($id: ID!) { requestLogs(filter: { apiKeyId: $id }) { nodes { requestId } } }';
  const refused = await bench.call(other, { id: encodeGlobalId('ApiKey', 'other') }, as);
  assert.equal(refused.errors[0]?.extensions.code, 'FORBIDDEN');
  for (const query of [QUERIES.read, QUERIES.readTokens, QUERIES.operate, '{ settings { requireApiKey } }']) {
    assert.equal(await codeOf(bench, query, KEY_SECRET), 'FORBIDDEN', query);
  }
});

for (const [name, part] of [
  ['switched off', { isEnabled: false }],
  ['expired', { expiresAtMs: START_MS }],
] as const) {
  test(`an API key that is ${name} reads nothing`, async () => {
    const bench = await benchWithKey(part);
    assert.equal(await codeOf(bench, QUERIES.readOwn, KEY_SECRET), 'UNAUTHENTICATED');
  });
}

for (const query of [
  'query ($id: ID) { figures: requestLogStats(filter: { apiKeyId: $id }) { total } }',
  'query ($id: ID) { figures: requestSeries(filter: { apiKeyId: $id }, bucketSeconds: 3600) { total } }',
  'query ($id: ID) { figures: cacheHitAnalysis(apiKeyId: $id) { total: totalRequests } }',
]) {
  const name = /figures: (\w+)/.exec(query)?.[1];
  test(`${name} tells an API key about its own rows only`, async () => {
    const bench = await benchWithKey();
    const totalFor = async (bearer: string) => {
      await bench.clock.advance(1000);
      const { data } = await bench.call(query, {}, { bearer });
      return [data.figures].flat().reduce((sum: number, { total }: { total: number }) => sum + total, 0);
    };
    assert.deepEqual([await totalFor(KEY_SECRET), await totalFor(ADMIN_TOKEN)], [1, 3]);
    const others = { id: encodeGlobalId('ApiKey', 'other') };
    const { errors } = await bench.call(query, others, { bearer: KEY_SECRET });
    assert.equal(errors[0]?.extensions.code, 'FORBIDDEN');
  });
}
