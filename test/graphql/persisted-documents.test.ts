// Documents named by their id: known ones run, others are sent as text; and those of the panel are within the limits.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'graphql';
import { LIMITS, parseWithinLimits } from '../../server/graphql/document-limits.ts';
import { PersistedDocuments } from '../../server/graphql/persisted-documents.ts';
import { schema } from '../../server/graphql/schema.ts';
import { findDocuments } from '../../ui/documents.ts';
import { ADMIN_TOKEN, type Bench, graphqlRequest, ORIGIN, openBench } from './admin-bench.ts';
import { send } from './event-stream.ts';
import { sampleRow } from './sample-rows.ts';

const LOOPBACK = { isLoopback: true };
const BUILD = 'query Build { build { version } }';
const FIRST = 'query First($first: Int) { providers(first: $first) { totalCount } }';
const LOGGED = 'subscription Logged { requestLogged { requestId } }';
const documents = new Map([
  ['sha256:b', BUILD],
  ['sha256:f', FIRST],
  ['sha256:l', LOGGED],
  ['sha256:wrong', '{ nothing }'],
]);

const openKnowing = () => openBench({ parts: { documents } });

async function post(bench: Bench, body: unknown, headers: Record<string, string> = {}) {
  const response = await bench.api.fetch(graphqlRequest(body, { headers }), LOOPBACK);
  return { status: response.status, body: await response.json() };
}

const apollo = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

for (const [what, params] of [
  ['its id', { documentId: 'sha256:b' }],
  ['its id and an empty text', { documentId: 'sha256:b', query: '' }],
  ['its digest the way Apollo does', apollo('b')],
] as const) {
  test(`fetch runs a document named by ${what}`, async () => {
    const { status, body } = await post(await openKnowing(), params);
    assert.deepEqual([status, body], [200, { data: { build: { version: '0.1.0' } } }]);
  });
}

test('fetch hands variables to a named document, each time anew', async () => {
  const bench = await openKnowing();
  const named = (first: number) => post(bench, { documentId: 'sha256:f', variables: { first } });
  assert.deepEqual((await named(1)).body, { data: { providers: { totalCount: 0 } } });
  assert.equal((await named(1000)).body.errors[0].extensions.code, 'BAD_USER_INPUT');
});

for (const [what, params] of [
  ['an unknown id', { documentId: 'sha256:x' }],
  ['an unknown digest', apollo('x')],
  ['what every object has', { documentId: 'toString' }],
] as const) {
  test(`fetch does not know ${what}`, async () => {
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const bench = await openKnowing();
      const response = await bench.api.fetch(graphqlRequest(params, { headers: { accept } }), LOOPBACK);
      assert.match(await response.text(), /"code":"PERSISTED_QUERY_NOT_FOUND"/);
      assert.deepEqual(bench.logged, []);
    }
  });
}

test('fetch runs the text when there is one, whatever id comes with it', async () => {
  const { body } = await post(await openKnowing(), { query: BUILD, documentId: 'sha256:x', ...apollo('x') });
  assert.equal(body.data.build.version, '0.1.0');
});

test('fetch wants a text or an id', async () => {
  for (const params of [
    {},
    { documentId: 7 },
    { extensions: { persistedQuery: 'b' } },
    { extensions: 'x' },
  ]) {
    const { body } = await post(await openKnowing(), params);
    assert.match(body.errors[0].message, /must provide query/i, JSON.stringify(params));
  }
});

test('fetch validates a named document, the second time too', async () => {
  const bench = await openKnowing();
  for (let n = 0; n < 2; n += 1) {
    assert.match((await post(bench, { documentId: 'sha256:wrong' })).body.errors[0].message, /Cannot query/);
  }
});

test('fetch asks for a login before a named document too', async () => {
  const bench = await openKnowing();
  const request = graphqlRequest({ documentId: 'sha256:b' }, { bearer: null });
  assert.equal((await bench.api.fetch(request, LOOPBACK)).status, 401);
});

test('fetch follows a named subscription', async () => {
  const bench = await openKnowing();
  const stream = await send(bench, { documentId: 'sha256:l', query: '' });
  while (!bench.live.has('request')) await Promise.resolve();
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  assert.deepEqual((await stream.next()).data, { data: { requestLogged: { requestId: 'req-r1' } } });
  await stream.cancel();
});

test('fetch answers a named document by GET, but not to a link of another site', async () => {
  const bench = await openKnowing();
  const ask = (query: string, headers: Record<string, string>) =>
    bench.api.fetch(new Request(`${ORIGIN}/graphql?${query}`, { headers }), LOOPBACK);
  const byExtensions = `extensions=${encodeURIComponent(JSON.stringify(apollo('b').extensions))}`;
  for (const query of ['documentId=sha256:b', byExtensions]) {
    assert.equal((await ask(query, {})).status, 403);
    const reply = await ask(query, { authorization: `Bearer ${ADMIN_TOKEN}` });
    assert.equal((await reply.json()).data.build.version, '0.1.0');
  }
});

test('PersistedDocuments parses a known document once and keeps no other', () => {
  const persisted = new PersistedDocuments(documents);
  let parsedCount = 0;
  const parseCounted = (text: string) => {
    parsedCount += 1;
    return { document: parse(text), cost: 1 };
  };
  const first = persisted.parse(BUILD, parseCounted);
  assert.equal(persisted.parse(BUILD, parseCounted), first);
  assert.equal(parsedCount, 1);
  const free = '{ build { commit } }';
  assert.notEqual(persisted.parse(free, parseCounted), persisted.parse(free, parseCounted));
  assert.equal(parsedCount, 3);
});

const SOURCES = join(import.meta.dirname, '../../ui/src');
const ofPanel = findDocuments(
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => ({
      path: name.replaceAll('\\', '/'),
      text: readFileSync(join(SOURCES, name), 'utf8'),
    })),
).filter(({ operation }) => operation !== null);

test('every document of the panel is within the limits', () => {
  assert.ok(ofPanel.length > 40);
  for (const { name, text } of ofPanel) {
    const { cost } = parseWithinLimits(text, schema);
    assert.ok(cost <= LIMITS.cost, `${name} costs ${cost}`);
  }
});
