// graphql-sse over a real listener, in both of its modes; and what its single connection mode answers and refuses.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createClient } from 'graphql-sse';
import { MAX_STREAMS_OF_OWNER, RESERVED_FOR_MS } from '../../server/graphql/stream-desk.ts';
import { listen } from '../../server/serve.ts';
import { ADMIN_TOKEN, type Bench, ORIGIN, openBench } from './admin-bench.ts';
import { readEvents, type Stream, settle } from './event-stream.ts';
import { sampleRow, sampleRows } from './sample-rows.ts';

const STREAM = `${ORIGIN}/graphql/stream`;
const LOGGED = 'subscription { requestLogged { requestId } }';
const PASSWORD = 'correct horse battery';

type Headers = Record<string, string>;
const BEARER: Headers = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** Calls `/graphql/stream`; a body makes it JSON. */
function call(
  bench: Bench,
  method: string,
  options: { headers?: Headers; query?: string; body?: unknown } = {},
): Promise<Response> {
  const { headers = BEARER, query = '', body } = options;
  const init =
    body === undefined
      ? { method, headers }
      : { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  return bench.api.fetch(new Request(`${STREAM}${query}`, init), { isLoopback: true });
}

async function reserve(bench: Bench, headers = BEARER): Promise<Headers> {
  const response = await call(bench, 'PUT', { headers });
  assert.equal(response.status, 201);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  return { ...headers, 'x-graphql-event-stream-token': await response.text() };
}

async function open(bench: Bench, headers: Headers): Promise<Stream> {
  const response = await call(bench, 'GET', { headers: { ...headers, accept: 'text/event-stream' } });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  return readEvents(response);
}

async function operate(bench: Bench, headers: Headers, given: [operationId: string, query: string]) {
  const [operationId, query] = given;
  return (await call(bench, 'POST', { headers, body: { query, extensions: { operationId } } })).status;
}

async function codeOf(response: Response): Promise<unknown> {
  return (await response.json()).errors[0].extensions.code;
}

async function logIn(bench: Bench): Promise<Headers> {
  const result = await bench.parts.sessions.setup(await bench.parts.sessions.issueSetupToken(), PASSWORD);
  assert.ok(result.isGranted);
  return { cookie: `warmpath-session=${result.token}` };
}

for (const mode of ['distinct', 'single'] as const) {
  test(`graphql-sse follows subscriptions and asks queries over a real listener: ${mode} connections`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const listener = await listen((request, info) => bench.api.fetch(request, info), {
      host: '127.0.0.1',
      port: 0,
    });
    const path = mode === 'single' ? '/graphql/stream' : '/graphql';
    const client = createClient({
      url: `http://127.0.0.1:${listener.port}${path}`,
      singleConnection: mode === 'single',
      retryAttempts: 0,
      headers: { ...BEARER },
    });
    try {
      const rows = client.iterate<{ requestLogged: { requestId: string } }>({ query: LOGGED });
      const clears = client.iterate({ query: 'subscription { cleared { message } }' });
      const firstRow = rows.next();
      const firstClear = clears.next();
      while (!bench.live.has('request') || !bench.live.has('cleared')) await settle();
      for (const n of [1, 2, 3]) bench.live.publish({ kind: 'request', row: sampleRow(`r${n}`) });
      assert.deepEqual((await firstRow).value, { data: { requestLogged: { requestId: 'req-r1' } } });
      for (const n of [2, 3]) {
        assert.deepEqual((await rows.next()).value, { data: { requestLogged: { requestId: `req-r${n}` } } });
      }
      const query = client.iterate({ query: '{ build { version } }' });
      assert.deepEqual((await query.next()).value, { data: { build: { version: '0.1.0' } } });
      assert.equal((await query.next()).done, true);
      const wrong = client.iterate({ query: '{ buildd { version } }' });
      const refused = await wrong.next().then(
        ({ value }) => JSON.stringify(value),
        () => 'refused',
      );
      assert.doesNotMatch(refused, /did you mean/i);
      await rows.return?.();
      while (bench.live.has('request')) await settle();
      assert.equal(bench.live.has('cleared'), true);
      void firstClear.catch(() => undefined);
    } finally {
      client.dispose();
      while (bench.live.has('cleared')) await settle();
      await listener.stop(1000);
    }
    assert.equal(bench.clock.pendingTimers, 0);
  });
}

test('a stream carries the results of its operations under their ids, each in order', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const token = await reserve(bench);
  const stream = await open(bench, token);
  assert.equal(await operate(bench, token, ['one', LOGGED]), 202);
  assert.equal(await operate(bench, token, ['two', LOGGED]), 202);
  await settle();
  for (const n of [1, 2]) bench.live.publish({ kind: 'request', row: sampleRow(`r${n}`) });
  const seen: Record<string, string[]> = { one: [], two: [] };
  for (let n = 0; n < 4; n += 1) {
    const { event, data } = await stream.next();
    assert.equal(event, 'next');
    seen[data.id]?.push(data.payload.data.requestLogged.requestId);
  }
  assert.deepEqual(seen, { one: ['req-r1', 'req-r2'], two: ['req-r1', 'req-r2'] });
  await stream.cancel();
});

test('a stream gives what an operation answered before it was read', async () => {
  const bench = await openBench();
  const token = await reserve(bench);
  assert.equal(await operate(bench, token, ['q', '{ build { version } }']), 202);
  const stream = await open(bench, token);
  assert.deepEqual(await stream.next(), {
    event: 'next',
    data: { id: 'q', payload: { data: { build: { version: '0.1.0' } } } },
  });
  assert.deepEqual(await stream.next(), { event: 'complete', data: { id: 'q' } });
  await stream.cancel();
});

test('DELETE ends one operation, and its id may be used again', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const token = await reserve(bench);
  const stream = await open(bench, token);
  await operate(bench, token, ['one', LOGGED]);
  await operate(bench, token, ['two', 'subscription { cleared { message } }']);
  assert.equal(await operate(bench, token, ['one', LOGGED]), 409);
  const ended = await call(bench, 'DELETE', { headers: token, query: '?operationId=one' });
  assert.equal(ended.status, 200);
  await settle();
  assert.equal(bench.live.has('request'), false);
  assert.equal(bench.live.has('cleared'), true);
  assert.equal(await operate(bench, token, ['one', '{ build { version } }']), 202);
  assert.equal((await stream.next()).data.payload.data.build.version, '0.1.0');
  await stream.cancel();
});

test('a reader that does not read holds operations up, and one that is too slow is told so', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const token = await reserve(bench);
  const stream = await open(bench, token);
  await operate(bench, token, ['slow', LOGGED]);
  await settle();
  for (let n = 0; n < 10_020; n += 1) bench.live.publish({ kind: 'request', row: sampleRow(`r${n}`) });
  let last = await stream.next();
  let count = 0;
  for (; last.data.payload?.data; count += 1) last = await stream.next();
  assert.ok(count < 10, `${count} results were waiting`);
  assert.equal(last.data.payload.errors[0].extensions.code, 'SUBSCRIPTION_TOO_SLOW');
  assert.deepEqual(await stream.next(), { event: 'complete', data: { id: 'slow' } });
  await stream.cancel();
});

test('a stream that nobody reads expires; one that is read does not', async () => {
  const bench = await openBench();
  const unread = await reserve(bench);
  await operate(bench, unread, ['one', LOGGED]);
  const read = await reserve(bench);
  const stream = await open(bench, read);
  await bench.clock.advance(RESERVED_FOR_MS);
  assert.equal(await operate(bench, unread, ['two', LOGGED]), 404);
  assert.equal(bench.live.has('request'), false);
  assert.equal(await operate(bench, read, ['two', LOGGED]), 202);
  await stream.cancel();
  await settle();
  assert.equal(bench.clock.pendingTimers, 0);
});

test('a stream on which nothing happens is kept awake by comments', async () => {
  const bench = await openBench();
  const response = await call(bench, 'GET', { headers: await reserve(bench) });
  const reader = response.body?.getReader();
  const text = async () => new TextDecoder().decode((await reader?.read())?.value);
  assert.equal(await text(), ':\n\n');
  const next = text();
  await bench.clock.advance(12_000);
  assert.equal(await next, ':\n\n');
  await reader?.cancel();
  await settle();
  assert.equal(bench.clock.pendingTimers, 0);
});

test('a stream is read once, and gone with its reader', async () => {
  const bench = await openBench();
  const token = await reserve(bench);
  const stream = await open(bench, token);
  const again = await call(bench, 'GET', { headers: { ...token, accept: 'text/event-stream' } });
  assert.equal(again.status, 409);
  await operate(bench, token, ['one', LOGGED]);
  await stream.cancel();
  await settle();
  assert.equal(await operate(bench, token, ['two', LOGGED]), 404);
  assert.equal(bench.live.has('request'), false);
  assert.equal(bench.clock.pendingTimers, 0);
});

test('a stream and its operations end with the login', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const token = await reserve(bench, await logIn(bench));
  const stream = await open(bench, token);
  assert.equal(await operate(bench, token, ['one', LOGGED]), 202);
  const ending = stream.next();
  await bench.call(
    'mutation { logout { errors { code } } }',
    {},
    { bearer: null, cookie: token.cookie ?? '' },
  );
  bench.live.publish({ kind: 'request', row: sampleRow('r1') });
  assert.equal((await ending).event, 'closed');
  assert.equal(bench.live.has('request'), false);
  assert.equal(bench.clock.pendingTimers, 0);
});

test('a stream belongs to who reserved it', async () => {
  const bench = await openBench();
  const token = await reserve(bench);
  const other = {
    ...(await logIn(bench)),
    'x-graphql-event-stream-token': token['x-graphql-event-stream-token'] ?? '',
  };
  assert.equal((await call(bench, 'GET', { headers: other })).status, 404);
  assert.equal(await operate(bench, other, ['one', LOGGED]), 404);
  assert.equal((await call(bench, 'DELETE', { headers: other, query: '?operationId=x' })).status, 404);
  const byQuery = `?token=${token['x-graphql-event-stream-token']}`;
  const stream = readEvents(await call(bench, 'GET', { query: byQuery }));
  assert.equal(stream.response.status, 200);
  await stream.cancel();
});

test('somebody has so many streams and no more, until one ends', async () => {
  const bench = await openBench();
  const tokens: Headers[] = [];
  for (let n = 0; n < MAX_STREAMS_OF_OWNER; n += 1) tokens.push(await reserve(bench));
  const refused = await call(bench, 'PUT');
  assert.deepEqual([refused.status, await codeOf(refused)], [429, 'TOO_MANY_STREAMS']);
  await reserve(bench, await logIn(bench));
  await (await open(bench, tokens[0] ?? {})).cancel();
  await settle();
  await reserve(bench);
});

test('a stream runs no more than 64 operations at once', async () => {
  const bench = await openBench();
  const token = await reserve(bench);
  for (let n = 0; n < 64; n += 1) {
    assert.equal(await operate(bench, token, [`q${n}`, '{ build { version } }']), 202);
  }
  assert.equal(await operate(bench, token, ['one more', '{ build { version } }']), 429);
});

test('operations of a stream are under the limits of any other, and their errors are masked', async () => {
  const bench = await openBench();
  bench.log.page = () => Promise.reject(new Error('password=hunter2'));
  const token = await reserve(bench);
  const stream = await open(bench, token);
  const cases: [string, RegExp][] = [
    [`{ ${'build { version } '.repeat(21)} }`, /DOCUMENT_TOO_LARGE/],
    ['{ __schema { types { name } } }', /INTROSPECTION_DISABLED/],
    ['{ buildd { version } }', /Cannot query field/],
    ['{ requestLogs { nodes { id } } }', /INTERNAL_SERVER_ERROR/],
    ['{', /Syntax Error/],
  ];
  for (const [query, expected] of cases) {
    assert.equal(await operate(bench, token, ['q', query]), 202);
    const text = JSON.stringify((await stream.next()).data.payload.errors);
    assert.match(text, expected);
    assert.doesNotMatch(text, /did you mean|hunter2|"http"/i);
    assert.deepEqual(await stream.next(), { event: 'complete', data: { id: 'q' } });
  }
  await stream.cancel();
});

const refusals: [string, string, { headers?: Headers; query?: string; body?: unknown }, number][] = [
  ['nobody', 'PUT', { headers: {} }, 401],
  ['a wrong token', 'PUT', { headers: { authorization: 'Bearer x' } }, 401],
  ['another site', 'PUT', { headers: { ...BEARER, origin: 'https://evil.example' } }, 403],
  ['a cross-site read', 'GET', { headers: { ...BEARER, 'sec-fetch-site': 'cross-site' } }, 403],
  ['no stream', 'GET', {}, 404],
  ['another method', 'PATCH', {}, 405],
];
for (const [what, method, options, status] of refusals) {
  test(`/graphql/stream answers ${status} to ${what}`, async () => {
    assert.equal((await call(await openBench(), method, options)).status, status);
  });
}

test('/graphql/stream refuses bodies that are no operation with an id', async () => {
  const bench = await openBench();
  const token = await reserve(bench);
  const query = '{ build { version } }';
  const status = async (body: unknown) => (await call(bench, 'POST', { headers: token, body })).status;
  assert.equal(await status({ query }), 400);
  assert.equal(await status({ query, extensions: {} }), 400);
  assert.equal(await status({ query, extensions: { operationId: '' } }), 400);
  assert.equal(await status({ query, extensions: { operationId: 'x'.repeat(101) } }), 400);
  assert.equal(await status([]), 400);
  assert.equal(await status({ query: 1, extensions: { operationId: 'x' } }), 400);
  assert.equal(await status({ query, variables: null, extensions: { operationId: 'x' } }), 202);
  assert.equal(await status({ query: 'x'.repeat(1_000_000), extensions: { operationId: 'y' } }), 413);
  const form = { ...token, 'content-type': 'text/plain' };
  assert.equal((await call(bench, 'POST', { headers: form, body: {} })).status, 415);
});
