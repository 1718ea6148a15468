// Waiting for an account: for the warm one while that is cheaper, for any when all are full, and never longer than allowed.

import assert from 'node:assert/strict';
import {
  ADA_KEY,
  anthropicError,
  type Bench,
  createBench,
  gatewayTest,
  IMPATIENT,
  message,
  STREAM_START,
  STREAM_TEXT,
  sse,
  stream,
} from './fixture.ts';

const LONG_TEXT = 'the parser returns a stale handle and every test that reads it twice fails. '.repeat(400);

/** A conversation's n-th turn: a long marked system prompt, then what was said. */
function turn(n: number, { isStreamed = false, system = LONG_TEXT } = {}): string {
  const messages = Array.from({ length: 2 * n - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [
      {
        type: 'text',
        text: `message ${index} ${'so it goes on '.repeat(20)}`,
        ...(index === 2 * n - 2 && { cache_control: { type: 'ephemeral' } }),
      },
    ],
  }));
  return JSON.stringify({
    model: 'sonnet',
    max_tokens: 10,
    stream: isStreamed,
    system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
    messages,
  });
}

/** An answer of an account that reads `read` tokens from its cache and writes the rest. */
function cached(body: string, { read }: { read: number }): Response {
  const total = Math.round(body.length / 4);
  return message({
    input_tokens: 4,
    output_tokens: 2,
    cache_read_input_tokens: Math.min(read, total),
    cache_creation_input_tokens: Math.max(0, total - read),
  });
}

const two = (slots: number) => ({
  accounts: [
    { name: 'a', maxConcurrent: slots },
    { name: 'b', maxConcurrent: slots },
  ],
});

/** Sends a turn that holds its slot until its body is cancelled. */
const hold = (bench: Bench, body: string, session: string) => bench.open({ body, session, stream: true });

const hanging = () => stream([STREAM_START, STREAM_TEXT], 'hang');

/** A stream that has read all of its prompt from the cache. */
const hangingWarm = (body: string) => {
  const usage = { input_tokens: 4, cache_read_input_tokens: Math.round(body.length / 4), output_tokens: 1 };
  return stream([sse('message_start', { message: { usage } }), STREAM_TEXT], 'hang');
};

gatewayTest(
  'handleExchange() waits for the warm account while that is cheaper than a cold prompt',
  async () => {
    const bench = createBench(
      ({ body }) => (body.includes('"stream":true') ? hanging() : cached(body, { read: 0 })),
      two(1),
    );
    const first = await bench.send({ body: turn(1), session: 's' });
    assert.equal(first.row.accountId, 'a');
    const held = await hold(bench, turn(2, { isStreamed: true }), 's');
    const waiting = bench.send({ body: turn(2), session: 's' });
    await bench.clock.advance(2_000);
    assert.equal(bench.calls.length, 2);
    await held.body?.cancel();
    await bench.clock.advance(1);
    const { row } = await waiting;
    assert.deepEqual([row.accountId, row.affinity, row.affinityCode], ['a', 'hit', 'bound-account']);
    assert.deepEqual([row.queueMs, row.route?.waitedMs], [2_000, 2_000]);
    assert.deepEqual(
      row.route?.considered.map(({ accountName, warmTokens }) => [accountName, warmTokens > 1_000]),
      [
        ['a', true],
        ['b', false],
      ],
    );
  },
);

gatewayTest('handleExchange() spills a cold prompt at once and leaves the session where it was', async () => {
  const bench = createBench(({ body }) => (body.includes('"stream":true') ? hanging() : message()), two(1));
  await bench.send({ body: turn(1, { system: 'short' }), session: 's' });
  const held = await hold(bench, turn(1, { isStreamed: true, system: 'short' }), 's');
  const spilled = await bench.send({ body: turn(2, { system: 'short' }), session: 's' });
  assert.deepEqual(
    [spilled.row.accountId, spilled.row.affinity, spilled.row.affinityCode],
    ['b', 'borrowed', 'bound-account-full'],
  );
  await held.body?.cancel();
  const back = await bench.send({ body: turn(2, { system: 'short' }), session: 's' });
  assert.deepEqual([back.row.accountId, back.row.affinity], ['a', 'hit']);
});

gatewayTest('handleExchange() gives a freed slot to those who wait, in the order they came', async () => {
  const bench = createBench(({ body }) => (body.includes('"stream":true') ? hanging() : message()), {
    accounts: [{ name: 'a', maxConcurrent: 1 }],
  });
  const held = await bench.open({ stream: true });
  const waiting = [1, 2, 3].map((index) => bench.send({ body: turn(1, { system: `number ${index}.` }) }));
  await bench.clock.advance(100);
  assert.equal(bench.calls.length, 1);
  await held.body?.cancel();
  await bench.clock.advance(1);
  const replies = await Promise.all(waiting);
  assert.deepEqual(
    bench.calls.slice(1).map(({ body }) => /number (\d)/.exec(body)?.[1]),
    ['1', '2', '3'],
  );
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200],
  );
});

gatewayTest(
  'handleExchange() answers 429 when every account is full for longer than a request may wait',
  async () => {
    const bench = createBench(hanging, { accounts: [{ name: 'a', maxConcurrent: 1 }] });
    const held = await bench.open({ stream: true });
    const reply = bench.send();
    await bench.clock.advance(24_900);
    assert.equal(bench.rows.length, 0);
    await bench.clock.advance(200);
    const { status, row, headers } = await reply;
    assert.deepEqual([status, row.errorCode, headers.get('retry-after')], [429, 'accounts-full', '1']);
    await held.body?.cancel();
  },
);

gatewayTest('handleExchange() answers 429 at once where nobody may wait', async () => {
  for (const options of [{ settings: IMPATIENT }, { headers: { 'x-warmpath-max-wait': '0' } }]) {
    const { settings = {}, headers = {} } = { settings: {}, headers: {}, ...options };
    const bench = createBench(hanging, { accounts: [{ name: 'a', maxConcurrent: 1 }], settings });
    const held = await bench.open({ stream: true });
    const reply = await bench.send({ headers });
    assert.deepEqual([reply.status, reply.row.errorCode], [429, 'accounts-full']);
    await held.body?.cancel();
  }
});

gatewayTest('handleExchange() lets a client that hangs up leave the line', async () => {
  const bench = createBench(hanging, { accounts: [{ name: 'a', maxConcurrent: 1 }] });
  const held = await bench.open({ stream: true });
  const abort = new AbortController();
  const leaving = bench.send({ signal: abort.signal });
  await bench.clock.advance(10);
  abort.abort();
  assert.equal((await leaving).row.errorCode, 'client-gone');
  assert.equal(bench.parts.routing.line.size, 0);
  await held.body?.cancel();
});

gatewayTest(
  'handleExchange() keeps a stream open while it waits, and tells what went wrong in it',
  async () => {
    const bench = createBench(hanging, { accounts: [{ name: 'a', maxConcurrent: 1 }] });
    const held = await bench.open({ stream: true });
    const opening = bench.open({ stream: true });
    await bench.clock.advance(15_000);
    const reply = await opening;
    assert.equal(reply.status, 200);
    const reading = reply.text();
    await bench.clock.advance(15_000);
    assert.match(await reading, /^: .*\n\n[\s\S]*event: error[\s\S]*all are busy/);
    assert.equal(bench.rows.at(-1)?.status, 429);
    await held.body?.cancel();
  },
);

gatewayTest(
  'handleExchange() waits for a limited warm account rather than start cold elsewhere',
  async () => {
    let isLimited = false;
    const bench = createBench(({ body }) => {
      if (!isLimited) return cached(body, { read: 7_000 });
      isLimited = false;
      return anthropicError(429, 'rate_limit_error', { 'retry-after': '3' });
    }, two(4));
    await bench.send({ body: turn(1), session: 's' });
    isLimited = true;
    const reply = bench.send({ body: turn(2), session: 's' });
    await bench.clock.advance(3_600);
    const { status, row } = await reply;
    assert.deepEqual([status, row.accountId, row.affinity], [200, 'a', 'hit']);
    assert.deepEqual(
      row.attempts.map(({ fault }) => fault),
      ['rate-limited', null],
    );
  },
);

gatewayTest(
  'handleExchange() goes to a sibling of the cache domain when the warm account is limited',
  async () => {
    const bench = createBench(
      ({ account, body }) =>
        account === 'a' && bench.calls.length > 1
          ? anthropicError(429, 'rate_limit_error', { 'retry-after': '20' })
          : cached(body, { read: 7_000 }),
      {
        accounts: [{ name: 'a', cacheDomain: 'w' }, { name: 'b' }, { name: 'c', cacheDomain: 'w' }],
      },
    );
    await bench.send({ body: turn(1), session: 's' });
    const { row } = await bench.send({ body: turn(2), session: 's' });
    assert.deepEqual([row.accountId, row.affinity], ['c', 'borrowed']);
    assert.ok((row.expectedWarmTokens ?? 0) > 1_000);
  },
);

gatewayTest(
  'handleExchange() lets siblings of a cold burst wait for the first one that writes the prefix',
  async () => {
    const answers: (() => void)[] = [];
    const bench = createBench(
      ({ body }) =>
        new Promise((resolve) =>
          answers.push(() => resolve(cached(body, { read: answers.length > 1 ? 7_000 : 0 }))),
        ),
      two(4),
    );
    const burst = ['s1', 's2', 's3'].map((session) => bench.send({ body: turn(1), session }));
    await bench.clock.advance(100);
    assert.equal(bench.calls.length, 1);
    answers[0]?.();
    await bench.clock.advance(10);
    assert.deepEqual(
      bench.calls.map(({ account }) => account),
      ['a', 'a', 'a'],
    );
    for (const answer of answers) answer();
    await Promise.all(burst);
  },
);

gatewayTest('handleExchange() comes back by itself after a spill that was long ago', async () => {
  const bench = createBench(
    ({ body }) => (body.includes('"stream":true') ? hangingWarm(body) : cached(body, { read: 0 })),
    two(1),
  );
  await bench.send({ body: turn(1), session: 's' });
  const held = await hold(bench, turn(1, { isStreamed: true }), 's');
  const spilled = await bench.send({
    body: turn(2),
    session: 's',
    headers: { 'x-warmpath-max-wait': '0' },
  });
  assert.deepEqual([spilled.row.accountId, spilled.row.affinity], ['b', 'borrowed']);
  await held.body?.cancel();
  const back = await bench.send({ body: turn(3), session: 's', key: ADA_KEY });
  assert.deepEqual([back.row.accountId, back.row.affinity], ['a', 'hit']);
});

gatewayTest('handleExchange() names the cause of cold tokens with their price', async () => {
  const bench = createBench(
    ({ body }) => cached(body, { read: bench.calls.length === 1 ? 0 : 7_000 }),
    two(4),
  );
  const first = await bench.send({ body: turn(1), session: 's' });
  assert.equal(first.row.missCause, 'cold-start');
  const second = await bench.send({ body: turn(2), session: 's' });
  const { misses, inputTokens, cacheReadTokens, expectedWarmTokens, prefixParentId } = second.row;
  assert.equal(
    misses?.reduce((sum, { tokens }) => sum + tokens, 0),
    (inputTokens ?? 0) - (cacheReadTokens ?? 0),
  );
  assert.ok((expectedWarmTokens ?? 0) > 5_000);
  assert.equal(prefixParentId, first.row.id);
  await bench.clock.advance(400_000);
  const late = await bench.send({ body: turn(3), session: 's' });
  assert.equal(late.row.expectedWarmTokens, 0);
});
