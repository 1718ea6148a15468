// What callers get wrong is refused in their own API shape, reaches no upstream, and is logged.

import assert from 'node:assert/strict';
import { type Bench, createBench, gatewayTest, message } from './fixture.ts';

interface BadInput {
  name: string;
  send: Parameters<Bench['send']>[0];
  status: number;
  code: string;
  text: RegExp;
}

const BAD_INPUT: BadInput[] = [
  { name: 'no key', send: { key: null }, status: 401, code: 'missing-api-key', text: /authentication_error/ },
  {
    name: 'a wrong key',
    send: { key: 'wp_nobody-000000000000' },
    status: 401,
    code: 'unknown-api-key',
    text: /authentication_error/,
  },
  {
    name: 'SQL in the key',
    send: { key: "'OR/**/1=1--" },
    status: 401,
    code: 'unknown-api-key',
    text: /authentication_error/,
  },
  { name: 'an empty body', send: { body: '' }, status: 400, code: 'invalid-json', text: /it is empty/ },
  {
    name: 'invalid JSON',
    send: { body: '{"model":' },
    status: 400,
    code: 'invalid-json',
    text: /not valid JSON/,
  },
  { name: 'a list', send: { body: '[]' }, status: 400, code: 'invalid-json', text: /expected an object/ },
  {
    name: 'two models',
    send: { body: '{"model":"a","model":"b"}' },
    status: 400,
    code: 'duplicate-field',
    text: /occurs twice/,
  },
  { name: 'no model', send: { body: '{}' }, status: 400, code: 'missing-model', text: /field \\"model\\"/ },
  {
    name: 'a model that is no text',
    send: { body: '{"model":7}' },
    status: 400,
    code: 'missing-model',
    text: /field \\"model\\"/,
  },
  {
    name: 'a stream flag that is no flag',
    send: { body: '{"model":"sonnet","stream":"yes"}' },
    status: 400,
    code: 'invalid-field',
    text: /field \\"stream\\"/,
  },
  {
    name: 'an unknown model',
    send: { model: 'nope' },
    status: 404,
    code: 'model-not-found',
    text: /Available here: claude-sonnet-4-5, other/,
  },
  {
    name: 'an unknown compression',
    send: { headers: { 'content-encoding': 'compress' } },
    status: 415,
    code: 'unsupported-encoding',
    text: /compress/,
  },
  {
    name: 'a surface that is not served',
    send: { path: '/v1/messages/batches' },
    status: 404,
    code: 'surface-unavailable',
    text: /not_found_error/,
  },
];

for (const { name, send, status, code, text } of BAD_INPUT) {
  gatewayTest(
    `handleExchange() refuses ${name} in the caller's shape, calls nobody and logs it`,
    async () => {
      const bench = createBench(() => message());
      const reply = await bench.send(send);
      assert.equal(reply.status, status);
      assert.match(reply.text, text);
      assert.equal(JSON.parse(reply.text).request_id, reply.headers.get('x-request-id'));
      assert.equal(reply.headers.get('request-id'), reply.headers.get('x-request-id'));
      assert.deepEqual(
        [bench.rows.length, reply.row.errorCode, reply.row.outcome, bench.calls.length],
        [1, code, 'rejected', 0],
      );
    },
  );
}

gatewayTest('handleExchange() refuses a body over the limit, declared or not', async () => {
  const bench = createBench(() => message());
  const declared = await bench.send({ headers: { 'content-length': '99999999999' } });
  assert.deepEqual([declared.status, declared.row.errorCode], [413, 'body-too-large']);
  const big = new Uint8Array(35 * 1024 * 1024).fill(0x20);
  const sent = await bench.send({ body: big });
  assert.deepEqual([sent.status, sent.row.errorCode, bench.calls.length], [413, 'body-too-large', 0]);
});

for (const [path, check] of Object.entries({
  '/v1/chat/completions': (body: { error: { code: string } }) =>
    assert.equal(body.error.code, 'invalid_api_key'),
  '/v1/responses': (body: { error: { code: string } }) => assert.equal(body.error.code, 'invalid_api_key'),
  '/v1beta/models/x:generateContent': (body: { error: { status: string } }) =>
    assert.equal(body.error.status, 'UNAUTHENTICATED'),
})) {
  gatewayTest(`handleExchange() refuses in the shape of ${path}`, async () => {
    const reply = await createBench(() => message()).send({ path, key: null });
    assert.equal(reply.status, 401);
    check(JSON.parse(reply.text));
  });
}
