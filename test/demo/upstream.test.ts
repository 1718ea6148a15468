// The demo upstream's manners: how much at once, how fast, how it fails, and that nothing is left behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DemoFailure } from '../../server/demo/accounts.ts';
import { DEMO_ANTHROPIC_BASE_URL } from '../../server/demo/upstream.ts';
import { block, callAnthropic, callOpenAi, eventsOf, openDemo, prompt, textOf } from './demo-client.ts';

const HELLO = { messages: [{ role: 'user', content: 'Hello' }] };

const CALLS = [
  { surface: 'anthropic', account: 'anthropic-a', call: callAnthropic, requestIdHeader: 'request-id' },
  { surface: 'openai', account: 'openai-a', call: callOpenAi, requestIdHeader: 'x-request-id' },
] as const;

test('DemoUpstream takes an Anthropic credential as bearer token too', async () => {
  const { upstream } = openDemo();
  const headers = { authorization: 'Bearer demo-anthropic-b' };
  const body = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 4, ...HELLO });
  const url = `${DEMO_ANTHROPIC_BASE_URL}/v1/messages`;
  const response = await upstream.fetch(url, {
    method: 'POST',
    headers,
    body: new TextEncoder().encode(body),
  });
  assert.equal(response.status, 200);
  assert.equal(upstream.stats().find((row) => row.account === 'anthropic-b')?.requests, 1);
});

for (const { surface, account, call, requestIdHeader } of CALLS) {
  const inFlight = (demo: ReturnType<typeof openDemo>) =>
    demo.upstream.stats().find((row) => row.account === account)?.inFlight;

  test(`DemoUpstream ${surface} names each reply and tells the rate limit`, async () => {
    const { upstream } = openDemo();
    const first = await call(upstream, HELLO);
    const second = await call(upstream, HELLO);
    assert.notEqual(first.headers.get(requestIdHeader), null);
    assert.notEqual(first.headers.get(requestIdHeader), second.headers.get(requestIdHeader));
    const name =
      surface === 'anthropic' ? 'anthropic-ratelimit-requests-remaining' : 'x-ratelimit-remaining-requests';
    assert.equal(Number(first.headers.get(name)) - Number(second.headers.get(name)), 1);
  });

  test(`DemoUpstream ${surface} answers 429 beyond the account's concurrency`, async () => {
    const demo = openDemo({ latency: 1, maxConcurrent: 2 });
    const running = [call(demo.upstream, HELLO), call(demo.upstream, HELLO)];
    await demo.clock.advance(10);
    const refused = await call(demo.upstream, HELLO);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    const { error } = JSON.parse(await refused.text());
    assert.equal(error.type, surface === 'anthropic' ? 'rate_limit_error' : 'requests');
    const other = call(demo.upstream, HELLO, { account: account.replace(/a$/, 'b') });
    await demo.clock.advance(10_000);
    assert.equal((await other).status, 200);
    assert.deepEqual(
      (await Promise.all(running)).map((response) => response.status),
      [200, 200],
    );
    assert.equal(inFlight(demo), 0);
    const after = call(demo.upstream, HELLO);
    await demo.clock.advance(10_000);
    assert.equal((await after).status, 200);
  });

  test(`DemoUpstream ${surface} gives the slot back when the call is aborted before its headers`, async () => {
    const demo = openDemo({ latency: 1 });
    const caller = new AbortController();
    const pending = call(demo.upstream, HELLO, { signal: caller.signal });
    await demo.clock.advance(100);
    assert.equal(inFlight(demo), 1);
    caller.abort();
    await assert.rejects(pending, { name: 'AbortError' });
    assert.equal(inFlight(demo), 0);
    assert.equal(demo.clock.pendingTimers, 0);
  });

  test(`DemoUpstream ${surface} breaks a stream off when its call is aborted`, async () => {
    const demo = openDemo({ latency: 1 });
    const caller = new AbortController();
    const pending = call(demo.upstream, { ...HELLO, stream: true }, { signal: caller.signal });
    await demo.clock.advance(1400);
    const { body } = await pending;
    assert.ok(body);
    const reading = new Response(body).text();
    reading.catch(() => {});
    await demo.clock.advance(50);
    assert.equal(inFlight(demo), 1);
    caller.abort();
    await assert.rejects(reading);
    assert.equal(inFlight(demo), 0);
    assert.equal(demo.clock.pendingTimers, 0);
  });

  test(`DemoUpstream ${surface} gives the slot back when the reader cancels`, async () => {
    const demo = openDemo({ latency: 1 });
    const pending = call(demo.upstream, { ...HELLO, stream: true });
    await demo.clock.advance(1400);
    const reader = (await pending).body?.getReader();
    assert.ok(reader);
    await reader.read();
    assert.equal(inFlight(demo), 1);
    await reader.cancel();
    assert.equal(inFlight(demo), 0);
    await demo.clock.advance(0);
    assert.equal(demo.clock.pendingTimers, 0);
  });

  test(`DemoUpstream ${surface} gives the slot back with the last event`, async () => {
    const demo = openDemo();
    const reader = (await call(demo.upstream, { ...HELLO, stream: true })).body?.getReader();
    assert.ok(reader);
    let seen = '';
    while (!/message_stop|\[DONE\]/.test(seen)) {
      const { value } = await reader.read();
      seen += new TextDecoder().decode(value);
    }
    assert.equal(inFlight(demo), 0);
  });

  test(`DemoUpstream ${surface} rejects a call that was aborted before it began`, async () => {
    const demo = openDemo();
    await assert.rejects(call(demo.upstream, HELLO, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(inFlight(demo), 0);
  });

  test(`DemoUpstream ${surface} paces its stream on the clock`, async () => {
    const demo = openDemo({ latency: 1, replyTokens: [100, 100] });
    const startMs = demo.clock.nowMs();
    const done = call(demo.upstream, { ...HELLO, max_tokens: 100, max_completion_tokens: 100, stream: true })
      .then((response) => response.text())
      .then(() => demo.clock.nowMs() - startMs);
    await demo.clock.advance(10_000);
    // 1,300 ms to the first token, a fraction for the two tokens of "Hello", 15 ms for each of 100 tokens.
    assert.ok(Math.abs((await done) - 2800) < 1);
  });

  test(`DemoUpstream ${surface} halves every delay at latency 0.5`, async () => {
    const demo = openDemo({ latency: 0.5 });
    const pending = call(demo.upstream, { ...HELLO, max_tokens: 1, max_completion_tokens: 1 });
    let status = 0;
    pending.then((response) => {
      status = response.status;
    });
    await demo.clock.advance(656);
    assert.equal(status, 0);
    await demo.clock.advance(3);
    assert.equal(status, 200);
  });

  const failures: { failure: DemoFailure; status: number }[] = [
    { failure: 'rate-limited', status: 429 },
    { failure: 'unauthorized', status: 401 },
    { failure: 'server-error', status: 500 },
    { failure: 'overloaded-in-stream', status: surface === 'anthropic' ? 529 : 503 },
  ];
  for (const { failure, status } of failures) {
    test(`DemoUpstream ${surface} fails as ${failure} until the switch is put back`, async () => {
      const demo = openDemo();
      demo.upstream.setFailure(`demo-${account}`, failure);
      assert.equal(demo.upstream.failure(account), failure);
      assert.equal((await call(demo.upstream, HELLO)).status, status);
      assert.equal((await call(demo.upstream, HELLO, { account: account.replace(/a$/, 'b') })).status, 200);
      demo.upstream.setFailure(account, 'none');
      assert.equal((await call(demo.upstream, HELLO)).status, 200);
      assert.equal(inFlight(demo), 0);
      assert.equal(demo.upstream.stats().find((row) => row.account === account)?.refused, 1);
    });
  }

  test(`DemoUpstream ${surface} can begin a stream and fail before anything was generated`, async () => {
    const demo = openDemo();
    demo.upstream.setFailure(account, 'overloaded-in-stream');
    const response = await call(demo.upstream, { ...HELLO, stream: true });
    assert.equal(response.status, 200);
    const events = eventsOf(await response.text());
    assert.equal(events.length, 2);
    assert.ok(events[1]?.data.error);
    assert.ok(surface === 'openai' || events[1]?.name === 'error');
    assert.equal(inFlight(demo), 0);
  });
}

test('DemoUpstream.setFailure refuses an unknown account', () => {
  const { upstream } = openDemo();
  assert.throws(() => upstream.setFailure('anthropic-z', 'none'), /Cannot find demo account "anthropic-z"/);
});

test('DemoUpstream is faster when warm', async () => {
  const demo = openDemo({ latency: 1 });
  const body = { ...prompt(block(textOf(100_000), '5m')), max_tokens: 1 };
  const timeOf = async () => {
    const startMs = demo.clock.nowMs();
    const done = callAnthropic(demo.upstream, body).then(() => demo.clock.nowMs() - startMs);
    await demo.clock.advance(10_000);
    return Math.round(await done);
  };
  assert.equal(await timeOf(), 1300 + 1700 + 15);
  assert.equal(await timeOf(), 1300 + 1200 + 15);
});

test('DemoUpstream says the same to the same request and seed', async () => {
  const text = async (seed: number, content: string) => {
    const { upstream } = openDemo({ seed });
    const response = await callOpenAi(upstream, { messages: [{ role: 'user', content }] });
    return JSON.parse(await response.text()).choices[0].message.content;
  };
  assert.equal(await text(1, 'Hello'), await text(1, 'Hello'));
  assert.notEqual(await text(1, 'Hello'), await text(2, 'Hello'));
  assert.notEqual(await text(1, 'Hello'), await text(1, 'Hello!'));
});

test('DemoUpstream.stats counts per account', async () => {
  const { upstream } = openDemo();
  const body = prompt(block(textOf(2000), '5m'), block(textOf(10)));
  await callAnthropic(upstream, body, { account: 'anthropic-b' });
  await callAnthropic(upstream, body, { account: 'anthropic-b' });
  await callAnthropic(upstream, {}, { account: 'anthropic-b' });
  const stats = upstream.stats();
  assert.deepEqual(
    stats.map((row) => row.account),
    ['a', 'b', 'c', 'd']
      .flatMap((letter) => `anthropic-${letter}`)
      .concat(['a', 'b', 'c', 'd'].map((letter) => `openai-${letter}`)),
  );
  assert.deepEqual(stats[1], {
    provider: 'demo-anthropic',
    account: 'anthropic-b',
    requests: 3,
    refused: 1,
    inFlight: 0,
    inputTokens: 4020,
    cacheReadTokens: 2000,
    cacheWriteTokens: 2000,
    outputTokens: 32,
  });
  assert.equal(stats[0]?.requests, 0);
});

test('createDemoUpstream opens as many accounts as asked for', async () => {
  const { upstream } = openDemo({ accounts: 30 });
  assert.equal(upstream.stats().length, 60);
  assert.equal((await callAnthropic(upstream, HELLO, { account: 'anthropic-ad' })).status, 200);
});

test('DemoUpstream counts a prompt as it would be billed, and caches nothing by it', async () => {
  const { upstream } = openDemo();
  const marked = { type: 'text', text: textOf(2_000), cache_control: { type: 'ephemeral' } };
  const messages = [{ role: 'user', content: [marked] }];
  const counted = await upstream.fetch(`${DEMO_ANTHROPIC_BASE_URL}/v1/messages/count_tokens`, {
    method: 'POST',
    headers: { 'x-api-key': 'demo-anthropic-a' },
    body: JSON.stringify({ model: 'claude-sonnet-4-5', messages }),
  });
  assert.equal(counted.status, 200);
  const { input_tokens: tokens }: { input_tokens: number } = await counted.json();
  const { usage } = await (await callAnthropic(upstream, { messages })).json();
  assert.equal(usage.cache_read_input_tokens, 0);
  assert.equal(usage.input_tokens + usage.cache_creation_input_tokens, tokens);
  assert.ok(tokens >= 2_000);
});
