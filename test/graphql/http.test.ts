// The admin API as HTTP: limits, cross-site rules, masking, the GraphQL-over-HTTP audit.

import assert from 'node:assert/strict';
import test from 'node:test';
import { getIntrospectionQuery } from 'graphql';
import { serverAudits } from 'graphql-http';
import { LIMITS } from '../../server/graphql/document-limits.ts';
import { ADMIN_TOKEN, graphqlRequest, ORIGIN, openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const BUILD = '{ build { version } }';
const LOOPBACK = { isLoopback: true };

const auditBench = await openBench();
const audits = serverAudits({
  url: `${ORIGIN}/graphql`,
  fetchFn: (input: string | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${ADMIN_TOKEN}`);
    return auditBench.api.fetch(new Request(input, { ...init, headers }), LOOPBACK);
  },
});

test('serverAudits are all there', () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`graphql over http ${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', 'reason' in result ? result.reason : undefined);
  });
}

test('fetch knows the admin token, and nothing that looks like it', async () => {
  const bench = await openBench();
  const isAnswered = async (authorization: string) => {
    const { errors } = await bench.call(BUILD, {}, { bearer: null, headers: { authorization } });
    return errors.length === 0;
  };
  assert.equal(await isAnswered(`Bearer ${ADMIN_TOKEN}`), true);
  assert.equal(await isAnswered(`bearer  ${ADMIN_TOKEN}`), true);
  assert.equal(await isAnswered(`Bearer ${ADMIN_TOKEN}x`), false);
  assert.equal(await isAnswered(`Bearer ${ADMIN_TOKEN.slice(0, -1)}`), false);
  assert.equal(await isAnswered(ADMIN_TOKEN), false);
  assert.equal(await isAnswered('Bearer '), false);
});

for (const adminToken of [null, '']) {
  test(`fetch answers no bearer when the admin token is ${JSON.stringify(adminToken)}`, async () => {
    const bench = await openBench({ parts: { adminToken } });
    for (const authorization of ['Bearer ', 'Bearer', 'Bearer null', '']) {
      const { status } = await bench.call(BUILD, {}, { bearer: null, headers: { authorization } });
      assert.equal(status, 401, authorization);
    }
  });
}

test('fetch sends no CORS headers and answers no preflight', async () => {
  const { api } = await openBench();
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  const preflight = await api.fetch(
    new Request(`${ORIGIN}/graphql`, { method: 'OPTIONS', headers }),
    LOOPBACK,
  );
  assert.equal(preflight.status, 403);
  const reply = await api.fetch(graphqlRequest({ query: BUILD }), LOOPBACK);
  for (const { headers: sent } of [preflight, reply])
    assert.equal(sent.get('access-control-allow-origin'), null);
  assert.equal(reply.headers.get('cache-control'), 'no-store');
});

const crossSite: [string, RequestInit & { query?: string }, number][] = [
  ['a form post', { method: 'POST', body: new URLSearchParams({ query: BUILD }) }, 403],
  [
    'a text post',
    { method: 'POST', headers: { 'content-type': 'text/plain' }, body: JSON.stringify({ query: BUILD }) },
    403,
  ],
  ['a multipart post', { method: 'POST', body: form({ query: BUILD }) }, 403],
  ['a post without a type', { method: 'POST', body: new TextEncoder().encode(BUILD) }, 403],
  ['a link', { query: BUILD }, 403],
  ['a get with a header of its own', { query: BUILD, headers: { 'x-requested-with': 'warmpath' } }, 401],
  ['json of another origin', json({ origin: 'https://evil.example' }), 403],
  ['json of an opaque origin', json({ origin: 'null' }), 403],
  ['json of another port', json({ origin: 'http://127.0.0.1:9999' }), 403],
  ['json that the browser calls cross-site', json({ 'sec-fetch-site': 'cross-site', origin: ORIGIN }), 403],
  ['json that the browser calls same-site', json({ 'sec-fetch-site': 'same-site' }), 403],
  [
    'json that the browser calls same-origin',
    json({ 'sec-fetch-site': 'same-origin', origin: 'https://panel.example' }),
    401,
  ],
  ['json of this origin', json({ origin: ORIGIN }), 401],
  ['json of no browser', json({}), 401],
  [
    'a stream for another origin',
    {
      query: 'subscription { cleared { message } }',
      headers: { accept: 'text/event-stream', 'x-requested-with': 'x', origin: 'https://evil.example' },
    },
    403,
  ],
];

for (const [name, { query, ...init }, status] of crossSite) {
  test(`fetch answers ${status} to ${name}`, async () => {
    const { api } = await openBench();
    const url =
      query === undefined ? `${ORIGIN}/graphql` : `${ORIGIN}/graphql?query=${encodeURIComponent(query)}`;
    const reply = await api.fetch(new Request(url, init), LOOPBACK);
    assert.equal(reply.status, status);
  });
}

test('fetch runs no mutation sent by GET', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const query = 'mutation { deleteProvider(id: "p1") { deletedId } }';
  const url = `${ORIGIN}/graphql?query=${encodeURIComponent(query)}`;
  const reply = await bench.api.fetch(
    new Request(url, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }),
    LOOPBACK,
  );
  assert.equal(reply.status, 405);
  assert.equal(bench.store.rows.providers.length, 2);
});

test('fetch runs no batch', async () => {
  const { api } = await openBench();
  const reply = await api.fetch(graphqlRequest([{ query: BUILD }, { query: BUILD }]), LOOPBACK);
  assert.equal(reply.status, 400);
});

test('fetch reads at most a megabyte', async () => {
  const { api } = await openBench();
  const big = { query: BUILD, variables: { pad: 'x'.repeat(1_000_000) } };
  assert.equal((await api.fetch(graphqlRequest(big), LOOPBACK)).status, 413);
  const nearly = { query: BUILD, variables: { pad: 'x'.repeat(900_000) } };
  assert.equal((await api.fetch(graphqlRequest(nearly), LOOPBACK)).status, 200);
});

test('fetch reads at most a megabyte of a body that states no length', async () => {
  const { api } = await openBench();
  let sentBytes = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sentBytes += 100_000;
      if (sentBytes > 50_000_000) controller.close();
      else controller.enqueue(new Uint8Array(100_000).fill(32));
    },
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` };
  const init = { method: 'POST', headers, body, duplex: 'half' };
  const reply = await api.fetch(new Request(`${ORIGIN}/graphql`, init), LOOPBACK);
  assert.equal(reply.status, 413);
  assert.ok(sentBytes < 5_000_000, `${sentBytes} bytes were read`);
});

const fragments = 'fragment F on Account { a: name b: name c: name d: name e: name f: name }';
const tooLarge: [keyof typeof LIMITS, string][] = [
  ['depth', `{ providers { nodes ${'{ accounts { provider '.repeat(7)} { name } ${'} }'.repeat(7)} } }`],
  [
    'aliases',
    `{ ${Array.from({ length: 6 }, (_, n) => `x${n}: accounts { nodes { ...F g: name h: name i: name } }`).join(' ')} } ${fragments}`,
  ],
  ['rootFields', `{ ${'build { version } '.repeat(21)} }`],
  [
    'rootFields',
    `{ ${'...R '.repeat(11)} } fragment R on Query { build { version } affinityStats { scheduler } }`,
  ],
  ['directives', `{ build ${'@include(if: true) '.repeat(51)} { version } }`],
  [
    'cost',
    '{ providers(first: 200) { nodes { accounts { provider { accounts { provider { accounts { name } } } } } } } }',
  ],
  [
    'cost',
    'query ($n: Int) { providers(first: $n) { nodes { accounts { provider { accounts { provider { accounts { name } } } } } } } }',
  ],
];

for (const [limit, query] of tooLarge) {
  test(`fetch refuses a document over the limit of ${limit}: ${query.slice(0, 60)}`, async () => {
    const { data, errors } = await (await openBench({ rows: sampleRows() })).call(query);
    assert.equal(data, undefined);
    assert.equal(errors[0]?.extensions.code, 'DOCUMENT_TOO_LARGE');
    assert.match(
      errors[0]?.message ?? '',
      new RegExp(`${limit} \\d+ is above the limit of ${LIMITS[limit]}`),
    );
  });
}

test('fetch refuses a document of too many tokens', async () => {
  const { errors } = await (await openBench()).call(`{ build { ${'version '.repeat(2000)} } }`);
  assert.match(errors[0]?.message ?? '', /more than 2000 tokens/i);
});

test('fetch survives a document nested 20,000 deep', async () => {
  const { errors } = await (await openBench()).call(`${'{ a '.repeat(20_000)}${'}'.repeat(20_000)}`);
  assert.match(errors[0]?.message ?? '', /more than 2000 tokens/i);
});

test('fetch ends on fragments in a circle', async () => {
  const query = '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }';
  const { errors } = await (await openBench()).call(query);
  assert.match(errors[0]?.message ?? '', /cannot spread fragment "A" within itself/i);
});

test('fetch counts nested fragments without running through all their uses', async () => {
  const levels = Array.from(
    { length: 40 },
    (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`,
  ).join('\n');
  const { errors } = await (await openBench()).call(
    `{ ...F0 } ${levels} fragment F40 on Query { build { version } }`,
  );
  assert.match(errors[0]?.message ?? '', /above the limit/);
});

test('fetch introspects in development only', async () => {
  const query = getIntrospectionQuery();
  for (const tame of [
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name fields { name } } }',
    '{ __type(name: "Query") { ...F } } fragment F on __Type { kind }',
  ]) {
    const { data, errors } = await (await openBench()).call(tame);
    assert.equal(data, undefined);
    assert.equal(errors[0]?.extensions.code, 'INTROSPECTION_DISABLED', tame);
  }
  const closed = await (await openBench()).call(query);
  assert.match(closed.errors[0]?.message ?? '', /introspection/i);
  assert.equal(closed.data, undefined);
  const open = await (await openBench({ parts: { isDevelopment: true } })).call(query);
  assert.deepEqual(open.errors, []);
  assert.equal(open.data.__schema.queryType.name, 'Query');
});

test('fetch shows GraphiQL in development only', async () => {
  const page = () => new Request(`${ORIGIN}/graphql`, { headers: { accept: 'text/html' } });
  const closed = await (await openBench()).api.fetch(page(), LOOPBACK);
  assert.doesNotMatch(await closed.text(), /graphiql/i);
  const open = await (await openBench({ parts: { isDevelopment: true } })).api.fetch(page(), LOOPBACK);
  assert.match(await open.text(), /graphiql/i);
});

const misspelt: [string, string, Record<string, unknown>][] = [
  ['field', '{ buildd { version } }', {}],
  ['argument', '{ providers(firs: 1) { totalCount } }', {}],
  ['type', 'query ($f: RequestLogFilte) { requestLogs(filter: $f) { totalCount } }', {}],
  ['enum value', '{ affinities(filter: { surface: OPENAI_CHATT }) { totalCount } }', {}],
  [
    'enum variable',
    'query ($f: AffinityFilter) { affinities(filter: $f) { totalCount } }',
    { f: { surface: 'OPENAI_CHATT' } },
  ],
  [
    'input field',
    'query ($f: AffinityFilter) { affinities(filter: $f) { totalCount } }',
    { f: { surfac: 'GEMINI' } },
  ],
];

for (const [what, query, variables] of misspelt) {
  test(`fetch suggests nothing for a misspelt ${what}`, async () => {
    const { errors } = await (await openBench()).call(query, variables);
    assert.ok(errors.length > 0);
    assert.doesNotMatch(JSON.stringify(errors), /did you mean/i);
  });
}

test('fetch masks unexpected errors and logs them', async () => {
  const bench = await openBench();
  const fault = new Error('password=hunter2 at /srv/db');
  bench.log.page = () => Promise.reject(fault);
  const { status, errors } = await bench.call('{ requestLogs { nodes { id } } }');
  assert.equal(status, 200);
  assert.equal(errors[0]?.message, 'Unexpected error.');
  assert.doesNotMatch(JSON.stringify(errors), /hunter2|srv/);
  assert.equal(bench.logged[0], fault);
});

test('fetch names the request in its reply, and in the log beside what was unexpected', async () => {
  const bench = await openBench();
  bench.log.page = () => Promise.reject(new Error('disk on fire'));
  const ask = (headers: Record<string, string>) => {
    const request = graphqlRequest({ query: '{ requestLogs { nodes { id } } }' }, { headers });
    return bench.api.fetch(request, LOOPBACK);
  };
  const own = await ask({ 'x-request-id': 'mine-1' });
  assert.equal(own.headers.get('x-request-id'), 'mine-1');
  assert.match(String(bench.logged[1]), /Cannot answer request mine-1/);
  const made = (await ask({ 'x-request-id': 'not\u00e9 harmless' })).headers.get('x-request-id');
  assert.match(made ?? '', /^[0-9a-f-]{36}$/);
  assert.match(String(bench.logged[3]), new RegExp(made ?? 'none'));
});

test('fetch answers 500 when the session store fails, and says no more', async () => {
  const bench = await openBench();
  bench.adminStore.findSession = () => Promise.reject(new Error('disk on fire'));
  const request = graphqlRequest(
    { query: BUILD },
    { bearer: null, cookie: `warmpath-session=${'x'.repeat(43)}` },
  );
  const reply = await bench.api.fetch(request, LOOPBACK);
  assert.equal(reply.status, 500);
  assert.doesNotMatch(await reply.text(), /fire/);
  assert.equal(bench.logged.length, 2);
});

function json(headers: Record<string, string>): RequestInit {
  const body = JSON.stringify({ query: BUILD });
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', host: '127.0.0.1:8787', ...headers },
    body,
  };
}

function form(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}
