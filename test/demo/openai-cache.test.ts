// The OpenAI-shaped provider's automatic prompt cache, as a client sees it in the usage fields.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callOpenAi, countOpenAi, openDemo, textOf } from './demo-client.ts';

const MINUTE_MS = 60_000;

interface Case {
  name: string;
  steps: { body: object; waitMs?: number; account?: string; expected: { prompt?: number; cached: number } }[];
}

function chat(...contents: string[]): object {
  return { messages: contents.map((content) => ({ role: 'user', content })) };
}

const CASES: Case[] = [
  {
    name: 'caches nothing below 1,024 tokens',
    steps: [
      { body: chat(textOf(1023)), expected: { prompt: 1023, cached: 0 } },
      { body: chat(textOf(1023)), expected: { cached: 0 } },
    ],
  },
  {
    name: 'caches from 1,024 tokens on, and prompt_tokens includes what was cached',
    steps: [
      { body: chat(textOf(1024)), expected: { prompt: 1024, cached: 0 } },
      { body: chat(textOf(1024)), expected: { prompt: 1024, cached: 1024 } },
    ],
  },
  {
    name: 'reports steps of 128 tokens',
    steps: [
      { body: chat(textOf(1151)), expected: { cached: 0 } },
      { body: chat(textOf(1151)), expected: { cached: 1024 } },
      { body: chat(textOf(1152)), expected: { cached: 0 } },
      { body: chat(textOf(1152)), expected: { cached: 1152 } },
    ],
  },
  {
    name: 'reads the longest known prefix of messages',
    steps: [
      { body: chat(textOf(2000, 'a')), expected: { cached: 0 } },
      { body: chat(textOf(2000, 'a'), textOf(400, 'b')), expected: { prompt: 2400, cached: 1920 } },
      { body: chat(textOf(2000, 'a'), textOf(400, 'b'), 'more'), expected: { cached: 2304 } },
      { body: chat(textOf(2000, 'a'), textOf(400, 'c')), expected: { cached: 1920 } },
    ],
  },
  {
    name: 'misses when the first message or a tool changes',
    steps: [
      { body: chat(textOf(2000, 'a'), textOf(400, 'b')), expected: { cached: 0 } },
      { body: chat(textOf(2000, 'z'), textOf(400, 'b')), expected: { cached: 0 } },
      {
        body: { tools: [{ type: 'function', function: { name: 'f' } }], ...chat(textOf(2000, 'a')) },
        expected: { cached: 0 },
      },
    ],
  },
  {
    name: 'accepts a prompt_cache_key',
    steps: [
      { body: { prompt_cache_key: 'k', ...chat(textOf(1024)) }, expected: { cached: 0 } },
      { body: { prompt_cache_key: 'k', ...chat(textOf(1024)) }, expected: { cached: 1024 } },
    ],
  },
  {
    name: 'is kept apart for each account and model',
    steps: [
      { body: chat(textOf(1024)), expected: { cached: 0 } },
      { body: chat(textOf(1024)), account: 'openai-b', expected: { cached: 0 } },
      { body: { model: 'gpt-5-mini', ...chat(textOf(1024)) }, expected: { cached: 0 } },
      { body: { model: 'gpt-5.2-2025-12-11', ...chat(textOf(1024)) }, expected: { cached: 1024 } },
    ],
  },
  {
    name: 'keeps a prefix while it is used at least every five minutes',
    steps: [
      { body: chat(textOf(1024)), expected: { cached: 0 } },
      { body: chat(textOf(1024)), waitMs: 5 * MINUTE_MS - 1, expected: { cached: 1024 } },
      { body: chat(textOf(1024)), waitMs: 5 * MINUTE_MS - 1, expected: { cached: 1024 } },
      { body: chat(textOf(1024)), waitMs: 5 * MINUTE_MS - 1, expected: { cached: 1024 } },
    ],
  },
  {
    name: 'forgets a prefix unused for ten minutes',
    steps: [
      { body: chat(textOf(1024)), expected: { cached: 0 } },
      { body: chat(textOf(1024)), waitMs: 10 * MINUTE_MS, expected: { cached: 0 } },
    ],
  },
];

for (const { name, steps } of CASES) {
  test(`OpenAI prompt cache ${name}`, async () => {
    const { clock, upstream } = openDemo();
    for (const [index, { body, waitMs = 0, account = 'openai-a', expected }] of steps.entries()) {
      await clock.advance(waitMs);
      const counts = await countOpenAi(upstream, body, { account });
      assert.deepEqual({ ...counts, ...expected }, counts, `step ${index + 1}`);
    }
  });
}

test('OpenAI prompt cache is readable only once the first response has begun', async () => {
  const { clock, upstream } = openDemo({ latency: 1 });
  const first = countOpenAi(upstream, chat(textOf(2048)));
  await clock.advance(1000);
  const tooEarly = countOpenAi(upstream, chat(textOf(2048)));
  await clock.advance(500);
  const afterBeginning = countOpenAi(upstream, chat(textOf(2048)));
  await clock.advance(10_000);
  assert.equal((await first).cached, 0);
  assert.equal((await tooEarly).cached, 0);
  assert.equal((await afterBeginning).cached, 2048);
});

test('OpenAI usage adds up and has every field of the real API', async () => {
  const { upstream } = openDemo();
  const { usage } = JSON.parse(await (await callOpenAi(upstream, chat(textOf(10)))).text());
  assert.deepEqual(usage, {
    prompt_tokens: 10,
    completion_tokens: 16,
    total_tokens: 26,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  });
});
