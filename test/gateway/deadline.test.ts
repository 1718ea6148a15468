// How long a request may take: each attempt, all attempts together, and the wait for a place.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS, type TimeoutSettings } from '../../server/gateway/ports.ts';
import { ANTHROPIC } from './dialogues.ts';
import { createBench, gatewayTest, message } from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';
import { LiveReply } from './live-reply.ts';

const { path, body, start } = ANTHROPIC;

function limited(timeouts: Partial<TimeoutSettings>) {
  return { settings: { timeouts: { ...DEFAULT_SETTINGS.timeouts, ...timeouts } } };
}

const silent = ({ signal }: UpstreamCall) =>
  new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

gatewayTest('handleExchange() tries another account when one gives no reply in time', async () => {
  const bench = createBench(
    (call) => (call.account === 'a' ? silent(call) : message()),
    limited({ firstByteSeconds: 20 }),
  );
  const pending = bench.open();
  await bench.clock.advance(19_999);
  assert.equal(bench.calls.length, 1);
  await bench.clock.advance(1);
  const reply = await pending;
  await reply.text();
  assert.deepEqual(
    bench.rows[0]?.attempts.map(({ outcome, fault, durationMs, isPossibleDuplicate }) => [
      outcome,
      fault,
      durationMs,
      isPossibleDuplicate,
    ]),
    [
      ['retryable', 'timeout', 20_000, true],
      ['ok', null, 0, false],
    ],
  );
});

for (const { isStreamed, endsMs } of [
  { isStreamed: false, endsMs: 20_000 },
  { isStreamed: true, endsMs: 5_000 },
]) {
  gatewayTest(
    `handleExchange() gives up a ${isStreamed ? 'streamed' : 'plain'} attempt after its own limit`,
    async () => {
      const bench = createBench(silent, {
        accounts: [{ name: 'a' }],
        ...limited({ firstByteSeconds: 20, streamFirstByteSeconds: 5 }),
      });
      const pending = bench.open({ stream: isStreamed });
      await bench.clock.advance(endsMs);
      const reply = await pending;
      assert.deepEqual(
        [reply.status, bench.rows[0]?.errorCode, bench.rows[0]?.latencyMs, bench.rows[0]?.outcome],
        [504, 'upstream-timeout', endsMs, 'failed'],
      );
    },
  );
}

gatewayTest('handleExchange() counts a stream that sends nothing of the answer as no reply', async () => {
  const bench = createBench(
    ({ signal }) => {
      const reply = new LiveReply({ signal });
      return reply;
    },
    { accounts: [{ name: 'a' }], ...limited({ streamFirstByteSeconds: 5 }) },
  );
  const pending = bench.open({ path, body });
  await bench.clock.advance(5_000);
  assert.equal((await pending).status, 504);
  assert.equal(bench.rows[0]?.attempts[0]?.fault, 'timeout');
});

gatewayTest('handleExchange() gives all attempts together one deadline', async () => {
  const bench = createBench(silent, limited({ firstByteSeconds: 20, deadlineSeconds: 30 }));
  const pending = bench.open();
  await bench.clock.advance(29_999);
  assert.equal(bench.rows.length, 0);
  await bench.clock.advance(1);
  const reply = await pending;
  const error: unknown = JSON.parse(await reply.text());
  assert.equal(reply.status, 504);
  assert.partialDeepStrictEqual(error, { type: 'error', error: { type: 'timeout_error' } });
  const [row] = bench.rows;
  assert.deepEqual([row?.errorCode, row?.latencyMs], ['upstream-timeout', 30_000]);
  assert.deepEqual(
    row?.attempts.map(({ accountName, durationMs }) => [accountName, durationMs]),
    [
      ['a', 20_000],
      ['b', 10_000],
    ],
  );
});

gatewayTest('handleExchange() has no deadline for a reply that has begun', async () => {
  const reply = new LiveReply();
  const bench = createBench(
    ({ signal }) => {
      signal.addEventListener('abort', () => reply.breakOff());
      return reply;
    },
    limited({ deadlineSeconds: 30 }),
  );
  const pending = bench.open({ path, body });
  reply.say(start + ANTHROPIC.text);
  const text = (await pending).text();
  for (let round = 0; round < 10; round += 1) {
    await bench.clock.advance(10_000);
    reply.say(ANTHROPIC.text);
  }
  reply.say(ANTHROPIC.end).end();
  assert.equal(await text, start + ANTHROPIC.text.repeat(11) + ANTHROPIC.end);
  assert.equal(bench.rows[0]?.outcome, 'ok');
});

gatewayTest(
  'handleExchange() refuses who waits too long for a place, and notes how long others waited',
  async () => {
    const { limits } = DEFAULT_SETTINGS;
    const answers: (() => void)[] = [];
    const bench = createBench(() => new Promise((resolve) => answers.push(() => resolve(message()))), {
      settings: {
        ...limited({ queueSeconds: 4 }).settings,
        limits: { ...limits, maxInFlight: 1 },
      },
    });
    const first = bench.open();
    await bench.clock.advance(0);
    const second = bench.open();
    await bench.clock.advance(1_500);
    const third = bench.open();
    assert.deepEqual([(await third).status, (await third).headers.get('retry-after')], [503, '1']);
    assert.equal(bench.rows[0]?.errorCode, 'gateway-full');
    answers[0]?.();
    await (await first).text();
    await bench.clock.advance(0);
    answers[1]?.();
    await (await second).text();
    assert.deepEqual(
      bench.rows.map(({ queueMs }) => queueMs),
      [0, 0, 1_500],
    );
    assert.equal(bench.calls.length, 2);
  },
);

gatewayTest('handleExchange() refuses who waited as long as anyone may', async () => {
  const { limits } = DEFAULT_SETTINGS;
  const reply = new LiveReply();
  const bench = createBench(() => reply, {
    settings: { ...limited({ queueSeconds: 4 }).settings, limits: { ...limits, maxInFlight: 1 } },
  });
  const first = bench.open({ path, body });
  await bench.clock.advance(0);
  const second = bench.open({ path, body });
  await bench.clock.advance(4_000);
  assert.equal((await second).status, 503);
  assert.equal(bench.calls.length, 1);
  reply.say(start + ANTHROPIC.text + ANTHROPIC.end).end();
  await (await first).text();
});
