// A streamed reply that begins early because its request waits for an account.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stop } from '../../server/gateway/stop.ts';
import { type WaitingExchange, withKeepAlive } from '../../server/gateway/waiting-reply.ts';
import { matchOperation } from '../../server/wire/surface.ts';
import { ManualClock } from '../manual-clock.ts';
import { anthropicError, jsonAnswer, message } from './fixture.ts';
import { readerOf } from './live-reply.ts';

const KEEP_ALIVE_MS = 15_000;
const COMMENT = ': waiting for a warm account\n\n';

/** A request on its way, whose real reply the test gives. */
function onItsWay({ path = '/v1/messages', isStreamed = true } = {}) {
  const clock = new ManualClock();
  const operation = matchOperation('POST', { path, query: '' }, new Headers());
  assert.ok(operation);
  const exchange: WaitingExchange = {
    operation,
    surface: operation.surface,
    requestId: 'req-1',
    stop: new Stop(),
    row: { isStreamed, errorCode: null, errorMessage: null },
    isWaiting: false,
    onWait: null,
  };
  const { promise, resolve: answer } = Promise.withResolvers<Response>();
  let isHere = false;
  const reply = withKeepAlive(exchange, promise, { clock, keepAliveMs: KEEP_ALIVE_MS }).then((response) => {
    isHere = true;
    return response;
  });
  const wait = () => {
    exchange.isWaiting = true;
    exchange.onWait?.();
  };
  return { clock, exchange, answer, reply, wait, isHere: () => isHere };
}

function events(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void, cancel = () => {}) {
  const body = new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

function eventsOf(...pieces: string[]) {
  return events((controller) => {
    const piece = pieces.shift();
    if (piece === undefined) controller.close();
    else controller.enqueue(new TextEncoder().encode(piece));
  });
}

test('withKeepAlive() sets no timer for a request that never waits, and passes its reply on', async () => {
  const { clock, answer, reply } = onItsWay();
  assert.equal(clock.pendingTimers, 0);
  const real = eventsOf('data: 1\n\n');
  answer(real);
  assert.equal(await reply, real);
  assert.equal(clock.pendingTimers, 0);
});

test('withKeepAlive() passes the reply on when the wait was short', async () => {
  const { clock, exchange, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS - 1);
  exchange.isWaiting = false;
  const real = message();
  answer(real);
  assert.equal(await reply, real);
  assert.equal(clock.pendingTimers, 0);
});

test('withKeepAlive() rejects as the reply does', async () => {
  const clock = new ManualClock();
  const { exchange } = onItsWay();
  const broken = Promise.reject(new Error('broken'));
  await assert.rejects(withKeepAlive(exchange, broken, { clock, keepAliveMs: 1 }), /broken/);
});

test('withKeepAlive() begins the reply with a comment, repeats it, and goes on with the real one', async () => {
  const { clock, exchange, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS);
  const response = await reply;
  assert.deepEqual(
    [
      response.status,
      ...['content-type', 'x-request-id', 'request-id'].map((name) => response.headers.get(name)),
    ],
    [200, 'text/event-stream', 'req-1', 'req-1'],
  );
  const reader = readerOf(response);
  assert.equal(await reader.next(), COMMENT);
  const second = reader.next();
  await clock.advance(KEEP_ALIVE_MS);
  assert.equal(await second, COMMENT);
  // An attempt is under way: the client has seen nothing of it yet.
  exchange.isWaiting = false;
  const third = reader.next();
  await clock.advance(KEEP_ALIVE_MS);
  assert.equal(await third, COMMENT);
  answer(eventsOf('data: 1\n\n', 'data: 2\n\n'));
  assert.equal(await reader.next(), 'data: 1\n\n');
  assert.equal(clock.pendingTimers, 0);
  assert.equal(await reader.rest(), 'data: 2\n\n');
});

test('withKeepAlive() does not begin the reply while an attempt runs', async () => {
  const { clock, exchange, answer, reply, wait, isHere } = onItsWay();
  wait();
  await clock.advance(5_000);
  exchange.isWaiting = false;
  await clock.advance(60_000);
  assert.equal(isHere(), false);
  wait();
  await clock.advance(KEEP_ALIVE_MS - 1);
  assert.equal(isHere(), false);
  await clock.advance(1);
  assert.equal(isHere(), true);
  answer(eventsOf('data: 1\n\n'));
  assert.equal(await (await reply).text(), `${COMMENT}data: 1\n\n`);
});

test('withKeepAlive() lets no comments pile up for a client that does not read', async () => {
  const { clock, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS * 20);
  answer(eventsOf('data: 1\n\n'));
  assert.equal(await (await reply).text(), `${COMMENT}data: 1\n\n`);
});

test('withKeepAlive() reads the real reply at the pace of the client', async () => {
  const { clock, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS);
  let pulls = 0;
  answer(
    events((controller) => {
      pulls += 1;
      controller.enqueue(new TextEncoder().encode(`data: ${pulls}\n\n`));
    }),
  );
  const reader = readerOf(await reply);
  await clock.advance(0);
  assert.equal(pulls, 0);
  assert.equal(await reader.next(), COMMENT);
  assert.equal(await reader.next(), 'data: 1\n\n');
  await clock.advance(0);
  assert.equal(pulls, 1);
  await reader.leave();
});

test('withKeepAlive() ends the exchange when the client leaves while it waits, and lets go of a late reply', async () => {
  const { clock, exchange, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS);
  const reader = readerOf(await reply);
  await reader.next();
  await reader.leave();
  assert.deepEqual([exchange.stop.hasEnded, clock.pendingTimers], [true, 0]);
  let isLetGo = false;
  answer(
    events(
      () => undefined,
      () => {
        isLetGo = true;
      },
    ),
  );
  await clock.advance(0);
  assert.equal(isLetGo, true);
});

test('withKeepAlive() lets go of the real reply when the client leaves it', async () => {
  const { clock, exchange, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS);
  let isLetGo = false;
  const pieces = ['data: 1\n\n'];
  answer(
    events(
      (controller) => {
        const piece = pieces.shift();
        if (piece === undefined) return;
        controller.enqueue(new TextEncoder().encode(piece));
      },
      () => {
        isLetGo = true;
      },
    ),
  );
  const reader = readerOf(await reply);
  await reader.next();
  await reader.next();
  await reader.leave();
  assert.deepEqual([isLetGo, exchange.stop.hasEnded], [true, false]);
});

test('withKeepAlive() breaks off when the real reply does', async () => {
  const { clock, answer, reply, wait } = onItsWay();
  wait();
  await clock.advance(KEEP_ALIVE_MS);
  answer(events((controller) => controller.error(new Error('connection reset'))));
  const reader = readerOf(await reply);
  assert.equal(await reader.next(), COMMENT);
  await assert.rejects(reader.next(), /connection reset/);
});

for (const { path, answer: error, expected } of [
  {
    path: '/v1/messages',
    answer: () => anthropicError(529, 'overloaded_error'),
    expected: {
      event: 'error',
      data: {
        type: 'error',
        error: { type: 'overloaded_error', message: 'overloaded_error!' },
        request_id: 'req-1',
      },
    },
  },
  {
    path: '/v1/chat/completions',
    answer: () => jsonAnswer(429, { error: { message: 'too many', type: 'x', code: 'rate_limit_exceeded' } }),
    expected: {
      event: null,
      data: {
        error: { message: 'too many', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
      },
    },
  },
  {
    path: '/v1/responses',
    answer: () => new Response('<html>', { status: 503 }),
    expected: {
      event: 'error',
      data: {
        type: 'error',
        code: 'rate_limit_exceeded',
        message: 'from the row',
        param: null,
        sequence_number: 0,
      },
    },
  },
  {
    path: '/v1/messages',
    answer: () => message(),
    expected: {
      event: 'error',
      data: { type: 'error', error: { type: 'api_error', message: 'from the row' }, request_id: 'req-1' },
    },
  },
]) {
  test(`withKeepAlive() tells a ${error().status} on ${path} as an event of the stream`, async () => {
    const { clock, exchange, answer, reply, wait } = onItsWay({ path });
    exchange.row.errorCode = 'rate-limited';
    exchange.row.errorMessage = 'from the row';
    wait();
    await clock.advance(KEEP_ALIVE_MS);
    answer(error());
    const response = await reply;
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.ok(text.startsWith(COMMENT));
    const [, name = null, json] =
      /^(?:event: (\w+)\n)?data: (.*)\n\n$/.exec(text.slice(COMMENT.length)) ?? [];
    const data: unknown = JSON.parse(json ?? '');
    assert.deepEqual({ event: name, data }, expected);
  });
}

for (const options of [
  { isStreamed: false },
  { path: '/v1/messages/count_tokens' },
  { path: '/v1beta/models/gemini:streamGenerateContent' },
]) {
  test(`withKeepAlive() never begins early: ${JSON.stringify(options)}`, async () => {
    const { clock, answer, reply, wait, isHere } = onItsWay(options);
    wait();
    await clock.advance(KEEP_ALIVE_MS * 3);
    assert.deepEqual([isHere(), clock.pendingTimers], [false, 0]);
    const real = message();
    answer(real);
    assert.equal(await reply, real);
  });
}
