// The audit log: every mutation leaves an entry, whatever became of it, and none holds a secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSecrets } from '../../server/graphql/audit-mutations.ts';
import { schema } from '../../server/graphql/schema.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const LOG = '{ auditLog { totalCount nodes { actor role action arguments outcome errorCodes } } }';

async function entries(bench: Bench) {
  return (await bench.ask(LOG)).auditLog.nodes;
}

test('a mutation leaves who, what, with which arguments and how it went', async () => {
  const bench = await openBench();
  await bench.ask('mutation { createUser(input: { username: "bob" }) { errors { code } } }');
  await bench.ask('mutation { createUser(input: { username: "bob" }) { errors { code } } }');
  await bench.call('mutation { clearAllAffinities { clearedCount } }', {}, { bearer: null });
  const noted = await entries(bench);
  const common = { actor: 'admin-token', role: 'ADMIN', action: 'createUser' };
  assert.deepEqual(noted, [
    {
      actor: 'nobody',
      role: null,
      action: 'clearAllAffinities',
      arguments: '{}',
      outcome: 'DENIED',
      errorCodes: 'UNAUTHENTICATED',
    },
    { ...common, arguments: '{"input":{"username":"bob"}}', outcome: 'REFUSED', errorCodes: 'name-taken' },
    { ...common, arguments: '{"input":{"username":"bob"}}', outcome: 'OK', errorCodes: null },
  ]);
});

test('no secret that a mutation is given or gives gets into the audit log', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const secrets = ['sk-upstream-credential-0123456789', 'a-wrong-password-of-somebody'];
  const { providers } = await bench.ask('{ providers { nodes { id } } }');
  await bench.ask(
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { errors { code } } }',
    {
      input: { providerId: providers.nodes[0]?.id, name: 'new', credential: secrets[0] },
    },
  );
  await bench.call(
    'mutation ($p: String!) { login(input: { password: $p }) { errors { code } } }',
    { p: secrets[1] },
    { bearer: null },
  );
  const { createApiKey } = await bench.ask('mutation { createApiKey(input: { name: "new" }) { secret } }');
  const text = JSON.stringify(await entries(bench));
  for (const secret of [...secrets, createApiKey.secret]) assert.ok(!text.includes(secret), secret);
  assert.equal((await entries(bench)).length, 3);
});

test('withoutSecrets() replaces secrets at any depth and cuts long texts', () => {
  assert.equal(
    withoutSecrets({ input: { name: 'a', credential: 'x', list: [{ password: 'y', token: null }] } }),
    '{"input":{"name":"a","credential":"•••","list":[{"password":"•••","token":null}]}}',
  );
  assert.equal(withoutSecrets({ a: 'x'.repeat(400) }), `{"a":"${'x'.repeat(300)}…"}`);
  assert.ok(withoutSecrets(Array.from({ length: 1000 }, () => 'long enough')).length <= 4000);
});

test('auditLog pages newest first and filters', async () => {
  const bench = await openBench();
  for (const name of ['u1', 'u2', 'u3']) {
    await bench.ask(
      'mutation ($name: String!) { createUser(input: { username: $name }) { errors { code } } }',
      { name },
    );
  }
  const query = `query ($after: String, $filter: AuditFilter) {
    auditLog(first: 2, after: $after, filter: $filter) { totalCount pageInfo { hasNextPage endCursor } nodes { arguments } }
  }`;
  const first = (await bench.ask(query)).auditLog;
  const rest = (await bench.ask(query, { after: first.pageInfo.endCursor })).auditLog;
  const named = [...first.nodes, ...rest.nodes].map(
    (entry: { arguments: string }) => JSON.parse(entry.arguments).input.username,
  );
  assert.deepEqual(
    [named, first.totalCount, first.pageInfo.hasNextPage, rest.pageInfo.hasNextPage],
    [['u3', 'u2', 'u1'], 3, true, false],
  );
  const found = (await bench.ask(query, { filter: { search: 'U2', action: 'createUser', outcome: 'OK' } }))
    .auditLog;
  assert.equal(found.totalCount, 1);
  assert.equal((await bench.ask(query, { filter: { actor: 'panel' } })).auditLog.totalCount, 0);
});

test('auditLog tells what was done from one moment on until before another', async () => {
  const bench = await openBench();
  const startMs = bench.clock.nowMs();
  for (const name of ['at0', 'at1000', 'at2000']) {
    await bench.ask(
      'mutation ($name: String!) { createUser(input: { username: $name }) { errors { code } } }',
      { name },
    );
    await bench.clock.advance(1_000);
  }
  const iso = (afterMs: number) => new Date(startMs + afterMs).toISOString();
  const query = `query ($filter: AuditFilter, $after: String) {
    auditLog(first: 1, filter: $filter, after: $after) { totalCount pageInfo { endCursor } nodes { at arguments } }
  }`;
  const cases = [
    [{ from: iso(1_000) }, ['at2000', 'at1000']],
    [{ from: iso(1_001) }, ['at2000']],
    [{ to: iso(1_000) }, ['at0']],
    [{ to: iso(1_001) }, ['at1000', 'at0']],
    [{ from: iso(1_000), to: iso(2_000) }, ['at1000']],
    [{ from: iso(1_000), to: iso(1_000) }, []],
    [{ from: null, to: null }, ['at2000', 'at1000', 'at0']],
    [{ from: iso(0), to: iso(9_000), search: 'AT1' }, ['at1000']],
  ] as const;
  for (const [filter, expected] of cases) {
    const found: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 4; page += 1) {
      const { auditLog } = await bench.ask(query, { filter, after });
      assert.equal(auditLog.totalCount, expected.length, JSON.stringify(filter));
      after = auditLog.pageInfo.endCursor;
      for (const entry of auditLog.nodes) found.push(JSON.parse(entry.arguments).input.username);
      if (after === null) break;
    }
    assert.deepEqual(found, expected, JSON.stringify(filter));
  }
});

test('every mutation of the schema is audited', () => {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
  assert.ok(fields.length > 20);
  for (const { name, resolve } of fields) assert.match(String(resolve), /wentOf|note\(/, name);
});
