// Where the Anthropic-shaped provider accepts `cache_control` marks, and how far it looks back from them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheCase, playSteps } from './cache-steps.ts';
import { block, callAnthropic, openDemo, prompt, textOf } from './demo-client.ts';

const A = textOf(1000, 'a');
const B = textOf(500, 'b');
const C = textOf(300, 'c');

const CASES: CacheCase[] = [
  {
    name: 'finds an entry nineteen blocks before the breakpoint',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      {
        body: prompt(block(A), block(B), ...fillers(18), block('end.', '5m')),
        expected: { read: 1500, w5m: 19 },
      },
    ],
  },
  {
    name: 'does not look back as far as the twentieth block before the breakpoint',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      {
        body: prompt(block(A), block(B), ...fillers(19), block('end.', '5m')),
        expected: { read: 0, w5m: 1520 },
      },
    ],
  },
  {
    name: 'looks back from every breakpoint',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      {
        body: prompt(block(A), block(B, '5m'), ...fillers(30), block('end.', '5m')),
        expected: { read: 1500, w5m: 31 },
      },
    ],
  },
  {
    name: 'lets a top-level mark stand for one on the last block',
    steps: [
      {
        body: { cache_control: { type: 'ephemeral' }, ...prompt(block(A), block(B)) },
        expected: { w5m: 1500, input: 0 },
      },
      {
        body: { cache_control: { type: 'ephemeral' }, ...prompt(block(A), block(B), block(C)) },
        expected: { read: 1500, w5m: 300 },
      },
    ],
  },
  {
    name: 'ignores a moved mark inside a tool result',
    steps: [
      { body: toolResult({ type: 'ephemeral' }), expected: { read: 0, input: 0 } },
      { body: toolResult(undefined), expected: { w5m: 0, read: 0 } },
      {
        body: { cache_control: { type: 'ephemeral' }, ...toolResult(undefined) },
        expected: { w5m: 0, input: 0 },
      },
    ],
  },
  {
    name: 'knows a block again when its mark has moved on',
    steps: [
      { body: prompt(block(A), block(B, '5m')), expected: { w5m: 1500 } },
      { body: prompt(block(A), block(B), block(C, '5m')), expected: { input: 0, read: 1500, w5m: 300 } },
    ],
  },
];

function fillers(count: number): object[] {
  return Array.from({ length: count }, (_, index) => block(textOf(1, String(index % 10))));
}

function toolResult(mark: object | undefined): object {
  const part = { ...block(textOf(1200)), ...(mark ? { cache_control: mark } : {}) };
  return prompt({ type: 'tool_result', tool_use_id: 'toolu_1', content: [part] });
}

for (const { name, steps } of CASES) {
  test(`Anthropic breakpoint ${name}`, () => playSteps(steps));
}

const REFUSED: { name: string; body: object; message: RegExp }[] = [
  {
    name: 'a fifth breakpoint',
    body: prompt(...[1, 2, 3, 4, 5].map((part) => block(`part ${part}`, '5m'))),
    message: /^A maximum of 4 blocks with cache_control may be provided\. Found 5\.$/,
  },
  {
    name: 'a top-level mark as the fifth',
    body: {
      cache_control: { type: 'ephemeral' },
      ...prompt(...[1, 2, 3, 4].map((part) => block(`part ${part}`, '5m')), block('end')),
    },
    message: /Found 5/,
  },
  {
    name: 'a longer lifetime after a shorter one',
    body: { system: [block(A, '5m')], ...prompt(block(B, '1h')) },
    message: /^messages\.0\.content\.0\.cache_control\.ttl: a ttl='1h' .* must not come after a ttl='5m'/,
  },
  {
    name: 'an unknown lifetime',
    body: prompt({ ...block(A), cache_control: { type: 'ephemeral', ttl: '2h' } }),
    message: /Input should be '5m' or '1h'/,
  },
  {
    name: 'an unknown kind of mark',
    body: prompt({ ...block(A), cache_control: { type: 'forever' } }),
    message: /Input should be 'ephemeral'/,
  },
];

for (const { name, body, message } of REFUSED) {
  test(`Anthropic breakpoint refuses ${name}`, async () => {
    const { upstream } = openDemo();
    const response = await callAnthropic(upstream, body);
    assert.equal(response.status, 400);
    const { error } = JSON.parse(await response.text());
    assert.equal(error.type, 'invalid_request_error');
    assert.match(error.message, message);
  });
}
