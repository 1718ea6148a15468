// Which failures go to another account, how many, and what the client is told when none is left.

import assert from 'node:assert/strict';
import {
  anthropicError,
  createBench,
  gatewayTest,
  jsonAnswer,
  message,
  STREAM_END,
  STREAM_START,
  STREAM_TEXT,
  sse,
  stream,
} from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';
import { LiveReply } from './live-reply.ts';

const refusedConnection = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));

interface Failing {
  name: string;
  answer: () => Response | Promise<Response>;
  fault: string;
  status: number | null;
  isPossibleDuplicate?: boolean;
}

const FAILING: Failing[] = [
  {
    name: 'a server error',
    answer: () => anthropicError(500, 'api_error'),
    fault: 'server-error',
    status: 500,
  },
  {
    name: 'a timeout at its own front',
    answer: () => anthropicError(408, 'timeout_error'),
    fault: 'server-error',
    status: 408,
  },
  {
    name: 'overload',
    answer: () => anthropicError(503, 'overloaded_error'),
    fault: 'overloaded',
    status: 503,
  },
  {
    name: 'a rate limit',
    answer: () => anthropicError(429, 'rate_limit_error'),
    fault: 'rate-limited',
    status: 429,
  },
  {
    name: 'a spent budget (402)',
    answer: () => anthropicError(402, 'billing_error'),
    fault: 'quota',
    status: 402,
  },
  {
    name: 'a spent budget (by its name)',
    answer: () => anthropicError(400, 'billing_error'),
    fault: 'quota',
    status: 400,
  },
  {
    name: 'a refused credential',
    answer: () => anthropicError(401, 'authentication_error'),
    fault: 'refused',
    status: 401,
  },
  {
    name: 'a refused permission',
    answer: () => anthropicError(403, 'permission_error'),
    fault: 'refused',
    status: 403,
  },
  {
    name: 'a redirect',
    answer: () => new Response(null, { status: 307, headers: { location: 'https://evil.test' } }),
    fault: 'redirected',
    status: 307,
  },
  {
    name: 'a model it does not know',
    answer: () => jsonAnswer(404, { type: 'error', error: { type: 'not_found_error', message: 'model: x' } }),
    fault: 'model-missing',
    status: 404,
  },
  {
    name: 'a 200 with an error body',
    answer: () => jsonAnswer(200, { type: 'error', error: { type: 'api_error', message: 'full' } }),
    fault: 'server-error',
    status: 500,
  },
  { name: 'a refused connection', answer: refusedConnection, fault: 'unreachable', status: null },
  {
    name: 'a broken connection',
    answer: () => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
    fault: 'broken',
    status: null,
    isPossibleDuplicate: true,
  },
  {
    name: 'an error in a stream before its answer',
    answer: () => stream([STREAM_START, sse('error', { error: { type: 'overloaded_error', message: 'x' } })]),
    fault: 'overloaded',
    status: 529,
  },
  {
    name: 'a spent budget told in a stream',
    answer: () => stream([STREAM_START, sse('error', { error: { type: 'billing_error', message: 'x' } })]),
    fault: 'quota',
    status: 402,
  },
  {
    name: 'a stream that ends before its answer',
    answer: () => stream([STREAM_START]),
    fault: 'broken',
    status: null,
    isPossibleDuplicate: true,
  },
];

/** Accounts of two hosts, so that an unreachable one leaves somewhere to go. */
const TWO_HOSTS = { accounts: [{ name: 'a' }, { name: 'b', providerId: 'p2' }] };

for (const { name, answer, fault, status, isPossibleDuplicate = false } of FAILING) {
  gatewayTest(`handleExchange() goes to another account after ${name} and says why`, async () => {
    const bench = createBench(
      ({ account }) => (account === 'a' ? answer() : stream([STREAM_START, STREAM_TEXT, STREAM_END])),
      TWO_HOSTS,
    );
    const reply = await bench.send({ stream: true });
    assert.deepEqual([reply.status, reply.text], [200, STREAM_START + STREAM_TEXT + STREAM_END]);
    const [first, second] = reply.row.attempts;
    assert.deepEqual(
      [first?.accountName, first?.outcome, first?.fault, first?.status, first?.isPossibleDuplicate],
      ['a', 'retryable', fault, status, isPossibleDuplicate],
    );
    assert.deepEqual([second?.accountName, second?.outcome, second?.fault], ['b', 'ok', null]);
    assert.deepEqual([reply.row.accountId, reply.row.providerId, reply.row.outcome], ['b', 'p2', 'ok']);
  });
}

gatewayTest('handleExchange() tries no other account of a host it could not reach', async () => {
  const bench = createBench(
    ({ url }) => (url.startsWith('https://one.test') ? refusedConnection() : message()),
    {
      accounts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd', providerId: 'p2' }],
    },
  );
  const reply = await bench.send();
  assert.equal(reply.status, 200);
  assert.deepEqual(
    bench.calls.map(({ account }) => account),
    ['a', 'd'],
  );
});

gatewayTest('handleExchange() says so when no host can be reached', async () => {
  const bench = createBench(refusedConnection, { accounts: [{ name: 'a' }, { name: 'b' }] });
  const reply = await bench.send();
  assert.deepEqual(
    [
      reply.status,
      reply.row.errorCode,
      reply.row.outcome,
      bench.calls.length,
      reply.headers.get('retry-after'),
    ],
    [502, 'upstream-unreachable', 'failed', 1, '5'],
  );
  assert.doesNotMatch(reply.text, /one\.test/);
});

gatewayTest(
  'handleExchange() passes 404 on when every account says that it does not know the model',
  async () => {
    const error = { type: 'error', error: { type: 'not_found_error', message: 'model: x' } };
    const bench = createBench(() => jsonAnswer(404, error), { accounts: [{ name: 'a' }, { name: 'b' }] });
    const reply = await bench.send();
    assert.deepEqual([reply.status, JSON.parse(reply.text), bench.calls.length], [404, error, 2]);
    const condition = bench.catalog.accounts.get('a');
    assert.ok(condition);
    assert.equal(bench.parts.health.condition(condition).state, 'available');
  },
);

gatewayTest(
  'handleExchange() tells 429 and the wait when every budget is spent, and does not ask again',
  async () => {
    const bench = createBench(() => anthropicError(402, 'billing_error', { 'retry-after': '7200' }), {
      accounts: [{ name: 'a' }, { name: 'b' }],
    });
    for (const calls of [2, 2]) {
      const reply = await bench.send();
      assert.deepEqual(
        [reply.status, reply.row.errorCode, reply.headers.get('retry-after'), bench.calls.length],
        [429, 'rate-limited', '7200', calls],
      );
    }
  },
);

gatewayTest(
  'handleExchange() passes an error body of a 200 on as an error when no other account is left',
  async () => {
    const bench = createBench(
      () => jsonAnswer(200, { type: 'error', error: { type: 'api_error', message: 'oops' } }),
      { accounts: [{ name: 'a' }] },
    );
    const reply = await bench.send();
    assert.deepEqual([reply.status, reply.row.status, reply.row.outcome], [500, 500, 'failed']);
    assert.match(reply.text, /oops/);
  },
);

gatewayTest(
  'handleExchange() waits only before another account of the same overloaded provider',
  async () => {
    const bench = createBench(
      ({ account }) => (account === 'a' ? anthropicError(529, 'overloaded_error') : message()),
      TWO_HOSTS,
    );
    const pending = bench.open();
    await bench.clock.advance(0);
    const reply = await pending;
    await reply.text();
    assert.deepEqual([reply.status, bench.calls.length], [200, 2]);
  },
);

gatewayTest(
  'handleExchange() tells of one overloaded account what it said, with its own advice',
  async () => {
    const bench = createBench(() => anthropicError(529, 'overloaded_error', { 'retry-after': '3' }), {
      accounts: [{ name: 'a' }],
    });
    const reply = await bench.send();
    assert.deepEqual([reply.status, reply.headers.get('retry-after'), bench.calls.length], [529, '3', 1]);
  },
);

gatewayTest('handleExchange() retries no more than a share of what is under way', async () => {
  const held: LiveReply[] = [];
  const bench = createBench(({ body, signal }: UpstreamCall) => {
    if (!body.includes('"stream":true')) return anthropicError(500, 'api_error');
    const reply = new LiveReply({ signal });
    held.push(reply);
    return reply;
  });
  const first = Array.from({ length: 4 }, () => bench.parts.retries.tryTake());
  assert.deepEqual(
    first.map((take) => take !== null),
    [true, true, true, false],
  );
  const spent = await bench.send();
  assert.deepEqual([spent.status, bench.calls.length, spent.row.attempts.length], [500, 1, 1]);
  for (const give of first) give?.();
  const again = await bench.send();
  assert.equal(again.row.attempts.length, 3);
  const after = Array.from({ length: 3 }, () => bench.parts.retries.tryTake());
  assert.ok(after.every((take) => take !== null));
});

gatewayTest('handleExchange() gives the slot of a failed attempt back before the next', async () => {
  const seen: number[] = [];
  const bench = createBench(() => {
    seen.push(bench.parts.slots.total());
    return anthropicError(500, 'api_error');
  });
  await bench.send();
  assert.deepEqual(seen, [1, 1, 1]);
});
