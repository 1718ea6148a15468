// The traffic generator against a fake gateway: repeatable, bounded, unbreakable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTraffic } from '../../server/demo/traffic.ts';
import { ManualClock } from '../manual-clock.ts';
import { openDemo } from './demo-client.ts';

const MINUTE_MS = 60_000;
const API_KEYS = ['wp-ada', 'wp-bo', 'wp-cy', 'wp-dee'];

interface Seen {
  atMs: number;
  path: string;
  apiKey: string;
  sessionId: string | null;
  body: {
    model: string;
    stream?: boolean;
    max_tokens?: number;
    prompt_cache_key?: string;
    metadata?: { user_id: string };
    messages: unknown[];
  };
  text: string;
  signal: AbortSignal;
}

/** Plays traffic into `answer` and returns what was sent. */
async function play(
  minutes: number,
  options: {
    seed?: number;
    ratePerMinute?: number;
    answer?: (seen: Seen, clock: ManualClock) => Promise<Response>;
  } = {},
): Promise<{ seen: Seen[]; clock: ManualClock; stop: () => void }> {
  const clock = new ManualClock();
  const { seed = 1, answer = async () => new Response('ok'), ...rest } = options;
  const seen: Seen[] = [];
  const { stop } = startTraffic({
    clock,
    seed,
    apiKeys: API_KEYS,
    ...rest,
    send: async (request) => {
      const text = await request.text();
      const { headers, signal } = request;
      const apiKey = headers.get('x-api-key') ?? headers.get('authorization')?.slice('Bearer '.length) ?? '';
      const sessionId = headers.get('x-claude-code-session-id');
      const { pathname: path } = new URL(request.url);
      const call = { atMs: clock.nowMs(), path, apiKey, sessionId, body: JSON.parse(text), text, signal };
      seen.push(call);
      return answer(call, clock);
    },
  });
  await clock.advance(minutes * MINUTE_MS);
  return { seen, clock, stop };
}

test('startTraffic() plays the same requests at the same times for the same seed', async () => {
  const trace = async (seed: number) => {
    const { seen, stop } = await play(5, { seed });
    stop();
    return seen.map(({ atMs, text }) => `${atMs} ${text}`);
  };
  const first = await trace(1);
  assert.ok(first.length > 20);
  assert.deepEqual(await trace(1), first);
  assert.notDeepEqual(await trace(2), first);
});

test('startTraffic() is what its users look like', async () => {
  const { seen, stop } = await play(60);
  stop();
  const share = (matches: (call: Seen) => boolean) => seen.filter(matches).length / seen.length;
  assert.deepEqual(new Set(seen.map((call) => call.apiKey)), new Set(API_KEYS));
  assert.ok(share((call) => call.body.stream === true) > 0.6);
  assert.ok(share((call) => call.body.stream !== true) > 0.05);
  assert.ok(share((call) => call.path === '/v1/messages') > 0.3);
  assert.ok(share((call) => call.path === '/v1/chat/completions') > 0.2);
  assert.ok(share((call) => call.body.prompt_cache_key !== undefined) > 0.1);
  assert.ok(seen.some((call) => call.body.model === 'claude-sonnet-9'));
  assert.ok(seen.some((call) => call.path === '/v1/messages' && call.body.max_tokens === undefined));
  const named = seen.filter((call) => call.sessionId !== null);
  assert.ok(named.every((call) => call.body.metadata?.user_id.endsWith(`_session_${call.sessionId}`)));
  assert.ok(named.every((call) => call.text.split('"cache_control"').length - 1 === 2));
});

test('startTraffic() grows its conversations and pauses longer than a cache lives', async () => {
  const { seen, stop } = await play(120);
  stop();
  const main = seen.filter((call) => call.body.prompt_cache_key !== undefined);
  const bySession = Map.groupBy(main, (call) => call.body.prompt_cache_key);
  const gapsMs = [...bySession.values()].flatMap((calls) =>
    calls.slice(1).map((call, index) => call.atMs - (calls[index]?.atMs ?? 0)),
  );
  for (const calls of bySession.values()) {
    const sizes = calls.map((call) => call.body.messages.length);
    assert.deepEqual(
      sizes,
      [...new Set(sizes)].toSorted((a, b) => a - b),
    );
  }
  assert.ok(gapsMs.some((gapMs) => gapMs > 5 * MINUTE_MS));
  assert.ok(gapsMs.filter((gapMs) => gapMs < MINUTE_MS).length > gapsMs.length / 2);
});

test('startTraffic() lets sub-agents of one session start together', async () => {
  const { seen, stop } = await play(60);
  stop();
  const together = Map.groupBy(
    seen.filter((call) => call.sessionId !== null),
    (call) => `${call.sessionId} ${call.atMs}`,
  );
  assert.ok([...together.values()].some((calls) => calls.length >= 3));
});

test('startTraffic() keeps to its rate, bursts included', async () => {
  const { seen, stop } = await play(240, { ratePerMinute: 2 });
  stop();
  assert.ok(seen.length <= 480 * 1.02, String(seen.length));
  assert.ok(seen.length > 400, String(seen.length));
});

test('startTraffic() sends no request above 1 MB, however long it runs', async () => {
  const { seen, stop } = await play(240);
  stop();
  assert.ok(Math.max(...seen.map((call) => call.text.length)) < 1_000_000);
});

test('startTraffic() has a bounded number of calls in flight when nothing answers, and gives up on them', async () => {
  let gone = 0;
  const { seen, clock, stop } = await play(1.9, {
    ratePerMinute: 600,
    answer: (call) => {
      call.signal.addEventListener('abort', () => gone++);
      return new Promise(() => {});
    },
  });
  assert.ok(seen.length - gone <= 12);
  assert.ok(seen.length >= 12);
  await clock.advance(5 * MINUTE_MS);
  assert.ok(seen.length > 24);
  stop();
  await clock.advance(0);
  assert.equal(gone, seen.length);
  assert.equal(clock.pendingTimers, 0);
});

test('startTraffic() hangs up on some replies and reads the others to the end', async () => {
  let ended = 0;
  let cancelled = 0;
  const { seen, clock, stop } = await play(60, {
    answer: async (_call, ownClock) => {
      let pieces = 0;
      let wake = () => {};
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              ownClock.setTimer(resolve, 500);
            });
            pieces += 1;
            if (pieces <= 10) controller.enqueue(new Uint8Array(10));
            if (pieces !== 10) return;
            ended += 1;
            controller.close();
          },
          cancel() {
            cancelled += 1;
            pieces = 100;
            wake();
          },
        }),
      );
    },
  });
  stop();
  await clock.advance(MINUTE_MS);
  assert.ok(cancelled > 0);
  assert.ok(ended > seen.length * 0.9);
  assert.equal(ended + cancelled, seen.length);
});

for (const [name, answer] of [
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  [
    'breaks its body off',
    async () =>
      new Response(new ReadableStream({ start: (controller) => controller.error(new Error('no')) })),
  ],
  ['answers 500', async () => new Response('', { status: 500 })],
] as const) {
  test(`startTraffic() goes on when the gateway ${name}`, async () => {
    const { seen, stop } = await play(10, { answer });
    stop();
    assert.ok(seen.length > 30);
  });
}

test('startTraffic() sends nothing after stop()', async () => {
  const { seen, clock, stop } = await play(2);
  stop();
  const before = seen.length;
  assert.equal(clock.pendingTimers, 0);
  await clock.advance(10 * MINUTE_MS);
  assert.equal(seen.length, before);
});

test('startTraffic() suits the demo upstream: what is not meant to fail succeeds and much of it is read from cache', async () => {
  const { clock, upstream } = openDemo({ latency: 0 });
  const statuses = new Map<number, number>();
  const { stop } = startTraffic({
    clock,
    seed: 1,
    apiKeys: API_KEYS,
    send: async (request) => {
      const path = new URL(request.url).pathname;
      const isAnthropic = path === '/v1/messages';
      const response = await upstream.fetch(
        `https://${isAnthropic ? 'anthropic' : 'openai'}.demo.invalid${path}`,
        {
          method: 'POST',
          headers: { authorization: `Bearer demo-${isAnthropic ? 'anthropic' : 'openai'}-a` },
          body: await request.text(),
          signal: request.signal,
        },
      );
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      return response;
    },
  });
  await clock.advance(60 * MINUTE_MS);
  stop();
  assert.deepEqual(new Set(statuses.keys()), new Set([200, 400, 404]));
  const stats = upstream.stats().filter((row) => row.requests > 0);
  const total = (field: 'inputTokens' | 'cacheReadTokens') => stats.reduce((sum, row) => sum + row[field], 0);
  assert.ok(total('cacheReadTokens') / total('inputTokens') > 0.6);
  assert.ok(stats.every((row) => row.inFlight === 0));
});
