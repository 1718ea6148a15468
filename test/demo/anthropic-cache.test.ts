// The Anthropic-shaped provider's prompt cache, rule by rule, as a client sees it in the usage fields.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheCase, playSteps } from './cache-steps.ts';
import { block, countAnthropic, openDemo, prompt, textOf } from './demo-client.ts';

const MINUTE_MS = 60_000;
const A = textOf(1000, 'a');
const B = textOf(500, 'b');
const C = textOf(300, 'c');
const TOOL = { name: 'Read', description: textOf(1200, 't'), input_schema: { type: 'object' } };

const CASES: CacheCase[] = [
  {
    name: 'writes and reads nothing without a breakpoint',
    steps: [
      { body: prompt(block(A), block(B)), expected: { input: 1500, read: 0, w5m: 0, w1h: 0 } },
      { body: prompt(block(A), block(B)), expected: { input: 1500, read: 0, w5m: 0, w1h: 0 } },
    ],
  },
  {
    name: 'writes up to the breakpoint, then reads it',
    steps: [
      {
        body: prompt(block(A), block(B, '5m'), block(C)),
        expected: { input: 300, read: 0, w5m: 1500, w1h: 0 },
      },
      { body: prompt(block(A), block(B, '5m'), block(C)), expected: { input: 300, read: 1500, w5m: 0 } },
    ],
  },
  {
    name: 'misses when a block before the breakpoint changes',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(`${A}!`), block(B, '5m')), expected: { read: 0, w5m: 1501 } },
    ],
  },
  {
    name: 'matches whole blocks, not characters',
    steps: [
      { body: prompt(block(A + B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A + B + C, '5m')), expected: { read: 0, w5m: 1800 } },
      { body: prompt(block(A), block(B, '5m')), expected: { read: 0, w5m: 1500 } },
    ],
  },
  {
    name: 'takes a bare string for one text block',
    steps: [
      {
        body: { system: [block(A), block(B, '5m')], messages: [{ role: 'user', content: 'hi!!' }] },
        expected: { w5m: 1500, input: 1 },
      },
      {
        body: {
          system: [block(A), block(B, '5m')],
          messages: [{ role: 'user', content: [block('hi!!', '5m')] }],
        },
        expected: { read: 1500, w5m: 1 },
      },
    ],
  },
  {
    name: 'tells the same text of another role apart',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      {
        body: { system: [block(A), block(B, '5m')], ...prompt(block('x')) },
        expected: { read: 0, w5m: 1500 },
      },
    ],
  },
  {
    name: "tells a user's text from an assistant's",
    steps: [
      {
        body: { messages: [{ role: 'user', content: [block(A), block(B, '5m')] }] },
        expected: { w5m: 1500 },
      },
      {
        body: { messages: [{ role: 'assistant', content: [block(A), block(B, '5m')] }] },
        expected: { read: 0, w5m: 1500 },
      },
    ],
  },
  {
    name: 'orders tools before system before messages',
    steps: [
      {
        body: { ...prompt(block('q', '5m')), system: [block(A, '5m')], tools: [TOOL] },
        expected: { read: 0 },
      },
      {
        body: { tools: [TOOL], system: [block(A, '5m')], ...prompt(block('r')) },
        expected: { w5m: 0, input: 1 },
      },
      {
        body: { tools: [{ ...TOOL, name: 'Grep' }], system: [block(A, '5m')], ...prompt(block('q')) },
        expected: { read: 0 },
      },
    ],
  },
  {
    name: 'keeps tools and system when only the tool choice changes',
    steps: [
      { body: { system: [block(A), block(B, '5m')], ...prompt(block(C, '5m')) }, expected: { w5m: 1800 } },
      {
        body: {
          system: [block(A), block(B, '5m')],
          ...prompt(block(C, '5m')),
          tool_choice: { type: 'none' },
        },
        expected: { read: 1500, w5m: 300 },
      },
      {
        body: {
          system: [block(A), block(B, '5m')],
          ...prompt(block(C, '5m')),
          tool_choice: { type: 'auto' },
        },
        expected: { read: 1800, w5m: 0 },
      },
    ],
  },
  {
    name: 'forgets after five minutes',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A), block(B, '5m')), waitMs: 5 * MINUTE_MS, expected: { read: 0, w5m: 1500 } },
    ],
  },
  {
    name: 'starts the five minutes anew at each read',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A), block(B, '5m')), waitMs: 5 * MINUTE_MS - 1, expected: { read: 1500 } },
      { body: prompt(block(A), block(B, '5m')), waitMs: 5 * MINUTE_MS - 1, expected: { read: 1500 } },
      { body: prompt(block(A), block(B, '5m')), waitMs: 5 * MINUTE_MS, expected: { read: 0 } },
    ],
  },
  {
    name: 'keeps the shorter prefixes of what is read alive',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A), block(B), block(C, '5m')), waitMs: 4 * MINUTE_MS, expected: { read: 1500 } },
      { body: prompt(block(A), block(B), block(C, '5m')), waitMs: 4 * MINUTE_MS, expected: { read: 1800 } },
      { body: prompt(block(A), block(B, '5m')), waitMs: 4 * MINUTE_MS, expected: { read: 1500 } },
    ],
  },
  {
    name: 'keeps a one-hour entry for an hour after each read',
    steps: [
      { body: prompt(block(A), block(B, '1h')), expected: { w1h: 1500, w5m: 0 } },
      { body: prompt(block(A), block(B, '1h')), waitMs: 60 * MINUTE_MS - 1, expected: { read: 1500 } },
      { body: prompt(block(A), block(B, '1h')), waitMs: 60 * MINUTE_MS - 1, expected: { read: 1500 } },
      { body: prompt(block(A), block(B, '1h')), waitMs: 60 * MINUTE_MS, expected: { read: 0, w1h: 1500 } },
    ],
  },
  {
    name: 'counts the two lifetimes apart',
    steps: [
      {
        body: prompt(block(A), block(B, '1h'), block(C, '5m'), block('tail')),
        expected: { input: 1, read: 0, w1h: 1500, w5m: 300 },
      },
      {
        body: prompt(block(A), block(B, '1h'), block(C, '5m'), block('tail')),
        waitMs: 10 * MINUTE_MS,
        expected: { input: 1, read: 1500, w1h: 0, w5m: 300 },
      },
    ],
  },
  {
    name: 'silently caches nothing below the minimum of 1,024 tokens',
    steps: [
      { body: prompt(block(textOf(1023), '5m')), expected: { input: 1023, w5m: 0 } },
      { body: prompt(block(textOf(1023), '5m')), expected: { input: 1023, read: 0 } },
      { body: prompt(block(textOf(1024), '5m')), expected: { w5m: 1024 } },
      { body: prompt(block(textOf(1024), '5m')), expected: { read: 1024 } },
    ],
  },
  {
    name: 'has a minimum of 4,096 tokens for a small model',
    steps: [
      {
        body: { model: 'claude-haiku-4-5', ...prompt(block(textOf(4095), '5m')) },
        expected: { input: 4095, w5m: 0 },
      },
      { body: { model: 'claude-haiku-4-5', ...prompt(block(textOf(4096), '5m')) }, expected: { w5m: 4096 } },
    ],
  },
  {
    name: 'has a minimum of 512 tokens for a large model',
    steps: [
      {
        body: { model: 'claude-opus-5', ...prompt(block(textOf(511), '5m')) },
        expected: { input: 511, w5m: 0 },
      },
      { body: { model: 'claude-opus-5', ...prompt(block(textOf(512), '5m')) }, expected: { w5m: 512 } },
    ],
  },
  {
    name: 'counts a one-hour mark below the minimum with the five-minute write after it',
    steps: [{ body: prompt(block(B, '1h'), block(A, '5m')), expected: { w1h: 0, w5m: 1500 } }],
  },
  {
    name: 'is kept apart for each model',
    steps: [
      { body: prompt(block(textOf(5000), '5m')), expected: { w5m: 5000 } },
      {
        body: { model: 'claude-opus-5', ...prompt(block(textOf(5000), '5m')) },
        expected: { read: 0, w5m: 5000 },
      },
      {
        body: { model: 'claude-sonnet-4-5-20250929', ...prompt(block(textOf(5000), '5m')) },
        expected: { read: 5000 },
      },
    ],
  },
  {
    name: 'is kept apart for each account',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A), block(B, '5m')), account: 'anthropic-b', expected: { read: 0, w5m: 1500 } },
      { body: prompt(block(A), block(B, '5m')), expected: { read: 1500 } },
    ],
  },
];

for (const { name, steps } of CASES) {
  test(`Anthropic prompt cache ${name}`, () => playSteps(steps));
}

test('Anthropic prompt cache is readable only once the first response has begun', async () => {
  const { clock, upstream } = openDemo({ latency: 1 });
  const body = { ...prompt(block(A), block(B, '5m')), max_tokens: 100 };
  // Time to first token: 1,300 ms and 17 ms for each 1,000 cold tokens.
  const first = countAnthropic(upstream, body);
  await clock.advance(1000);
  const tooEarly = countAnthropic(upstream, body);
  await clock.advance(326);
  const afterBeginning = countAnthropic(upstream, body);
  await clock.advance(10_000);
  assert.equal((await first).w5m, 1500);
  assert.deepEqual(await tooEarly, { input: 0, read: 0, w5m: 1500, w1h: 0 });
  assert.equal((await afterBeginning).read, 1500);
});

test('Anthropic prompt cache counts the lifetime from the start of the request', async () => {
  const { clock, upstream } = openDemo({ latency: 1 });
  const body = { ...prompt(block(A), block(B, '5m')), max_tokens: 1 };
  const first = countAnthropic(upstream, body);
  await clock.advance(5 * MINUTE_MS);
  await first;
  const second = countAnthropic(upstream, body);
  await clock.advance(5000);
  assert.equal((await second).read, 0);
});

test('Anthropic prompt cache gains nothing from a request that is given up before its response', async () => {
  const { clock, upstream } = openDemo({ latency: 1 });
  const body = { ...prompt(block(A), block(B, '5m')), max_tokens: 1 };
  const call = new AbortController();
  const first = countAnthropic(upstream, body, { signal: call.signal });
  await clock.advance(1000);
  call.abort();
  await assert.rejects(first, { name: 'AbortError' });
  await clock.advance(1000);
  const second = countAnthropic(upstream, body);
  await clock.advance(5000);
  assert.equal((await second).read, 0);
});
