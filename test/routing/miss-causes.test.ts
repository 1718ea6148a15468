// Every cause of cold tokens, told from what was known, with its price.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MissFacts, missFacts } from '../../server/gateway/miss-facts.ts';
import type { Miss } from '../../server/gateway/route-record.ts';
import { type MissInput, missesOf, primaryCause } from '../../server/routing/miss-causes.ts';
import {
  BEFORE,
  FAMILY,
  input,
  KNOWN,
  LIVE,
  last,
  MARKED,
  NOTHING,
  NOW_MS,
  OTHER_SPACE,
  PRICES,
  RULE,
  usage,
  WARM,
} from './miss-input.ts';
import { promptOf } from './prompt.ts';

const REWRITTEN = promptOf('t:read s:you one TWO three');

const CASES: [name: string, given: MissInput, expected: string[]][] = [
  ['all was read', input({ usage: usage(6_000, 0) }), []],
  ['a first request', input(), ['cold-start 6000']],
  [
    'a first request with tools known to be warm, and read',
    input({ parent: { bytes: 8_000 }, here: { ...LIVE, cut: 1 }, usage: usage(2_000, 4_000) }),
    ['cold-start 4000'],
  ],
  [
    'a lone message whose tools and system expired',
    input(
      {
        parent: { bytes: 8_000 },
        here: { ...NOTHING, staleCut: 1, staleSinceMs: NOW_MS - 50_000 },
      },
      promptOf('t:read s:you one'),
    ),
    ['ttl-expired 2000: expired 50 s ago', 'cold-start 1000'],
  ],
  [
    'the next turn',
    input({ last: last(BEFORE), parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(4_000, 2_000) }),
    ['new-content 2000'],
  ],
  [
    'the next turn of a conversation known from before a restart',
    input({ parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(4_000, 2_000) }),
    ['new-content 2000'],
  ],
  [
    'a read a little short of the prediction',
    input({ last: last(BEFORE), parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(3_900, 2_100) }),
    ['new-content 2100'],
  ],
  [
    'a read short of the prediction by less than a step',
    input({
      last: last(BEFORE),
      parent: KNOWN,
      here: LIVE,
      predicted: WARM,
      usage: usage(3_750, null),
      rule: { ...RULE, stepTokens: 256 },
    }),
    ['new-content 2250'],
  ],
  [
    'a pause',
    input({
      last: last(BEFORE, { atMs: NOW_MS - 412_000 }),
      parent: KNOWN,
      here: { ...NOTHING, staleCut: 3, staleSinceMs: NOW_MS - 112_000 },
    }),
    ['ttl-expired 4000: unused for 412 s', 'new-content 2000'],
  ],
  [
    'a long pause, after which the ledger knows nothing more',
    input({ last: last(BEFORE, { atMs: NOW_MS - 7_500_000 }), parent: KNOWN }),
    ['ttl-expired 4000: unused for 2 h 5 min', 'new-content 2000'],
  ],
  [
    'another account',
    input({
      last: last(BEFORE, { spaceKey: OTHER_SPACE, accountId: 'a2' }),
      parent: KNOWN,
      elsewhere: { cut: 3, accountName: 'spare' },
      whyMoved: 'the bound account was full',
    }),
    ['account-moved 4000: warm on spare; the bound account was full', 'new-content 2000'],
  ],
  [
    'another account that has an older part of it',
    input({
      last: last(BEFORE, { spaceKey: OTHER_SPACE, accountId: 'a2' }),
      parent: KNOWN,
      here: { ...LIVE, cut: 1 },
      predicted: { ...WARM, warmTokens: 2_000 },
      elsewhere: { cut: 3, accountName: 'spare' },
      usage: usage(2_000, 4_000),
    }),
    ['account-moved 2000: warm on spare', 'new-content 2000'],
  ],
  [
    'another provider with its own name for the model',
    input({
      last: last(BEFORE, { spaceKey: 'b|p2|anthropic-messages|eu.claude|0||k1', family: 'p2|x|eu.claude' }),
      parent: KNOWN,
      whyMoved: 'the bound account is cooling down',
    }),
    ['account-moved 4000: the bound account is cooling down', 'new-content 2000'],
  ],
  [
    'another system prompt',
    input({ last: last(promptOf('t:read s:old one two')), parent: { bytes: 4_000 } }),
    ['prefix-changed 4000: system', 'new-content 2000'],
  ],
  [
    'other tools',
    input({ last: last(promptOf('t:write s:you one two')) }),
    ['prefix-changed 4000: tools', 'new-content 2000'],
  ],
  [
    'no tools any more',
    input({ last: last(promptOf('t:read s:you one two')) }, promptOf('s:you one two three')),
    ['prefix-changed 4000: tools'],
  ],
  [
    'a message rewritten',
    input({
      last: last(promptOf('t:read s:you one TWO three')),
      parent: { bytes: 12_000 },
      here: { ...LIVE, cut: 2 },
      predicted: { ...WARM, warmTokens: 3_000 },
      usage: usage(3_000, 3_000),
    }),
    ['prefix-changed 2000: message 1', 'new-content 1000'],
  ],
  [
    'a message rewritten after one whose cut is not remembered',
    input({
      last: last(REWRITTEN, { cuts: REWRITTEN.cuts.toSpliced(2, 1) }),
      parent: { bytes: 8_000 },
    }),
    ['prefix-changed 5000: messages 0 to 1', 'new-content 1000'],
  ],
  [
    'a system prompt changed where only the tools are warm, and they alone are too short',
    input({
      last: last(promptOf('t:read s:old one two')),
      parent: { bytes: 4_000 },
      here: { ...LIVE, cut: 0 },
      predicted: { ...WARM, warmTokens: 0, reason: 'below-minimum' },
      rule: { ...RULE, minTokens: 2_048 },
    }),
    ['prefix-changed 4000: system', 'new-content 2000'],
  ],
  [
    'a step back in the conversation',
    input({ last: last(promptOf('t:read s:you one two three four five')), parent: { bytes: 24_000 } }),
    ['evicted-upstream 6000'],
  ],
  [
    'another model',
    input({
      modelId: 'm2',
      spaceKey: 'a1|p1|anthropic-messages|claude-haiku|0||k1',
      family: 'p1|anthropic-messages|claude-haiku',
      last: last(BEFORE),
      parent: KNOWN,
    }),
    ['model-changed 4000: the model was claude-opus', 'new-content 2000'],
  ],
  [
    'another reasoning effort',
    input({ flags: 7, last: last(BEFORE), parent: KNOWN }),
    ['model-changed 4000: a setting that the cache depends on', 'new-content 2000'],
  ],
  [
    'another beta header',
    input({ spaceKey: `a1|${FAMILY}|0|context-1m|k1`, last: last(BEFORE), parent: KNOWN }),
    ['model-changed 4000: a header that the cache depends on', 'new-content 2000'],
  ],
  [
    'a prompt too short to be cached',
    input(
      {
        last: last(promptOf('s:a one')),
        parent: { bytes: 8_000 },
        rule: { ...RULE, minTokens: 4_096 },
      },
      promptOf('s:a one two'),
    ),
    ['below-minimum 2000: the prompt is below 4096 tokens', 'new-content 1000'],
  ],
  [
    'more new blocks than the provider looks back over',
    input({
      last: last(BEFORE),
      parent: KNOWN,
      here: LIVE,
      predicted: { promptTokens: 6_000, warmTokens: 0, reason: 'lookback-exceeded' },
      usage: usage(0, 6_000),
    }),
    ['lookback-exceeded 4000: more than 20 new blocks before a cache mark', 'new-content 2000'],
  ],
  [
    'a provider that states writes and made none',
    input({ last: last(BEFORE), parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(0, 0) }),
    ['not-cacheable 4000: nothing was read or written', 'new-content 2000'],
  ],
  [
    'messages after the last mark',
    input({
      cuts: MARKED,
      last: last(BEFORE, { warmTokens: 2_000 }),
      parent: KNOWN,
      here: { ...LIVE, cut: 1 },
      predicted: { ...WARM, warmTokens: 2_000 },
      usage: usage(2_000, null),
    }),
    ['not-cacheable 2000: beyond the last cache mark', 'new-content 2000'],
  ],
  [
    'an account that does not cache',
    input({
      last: last(BEFORE),
      parent: KNOWN,
      predicted: { ...WARM, warmTokens: 0, reason: 'not-cacheable' },
    }),
    ['not-cacheable 4000: no cache mark', 'new-content 2000'],
  ],
  [
    'a provider that dropped it',
    input({ last: last(BEFORE), parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(0, 6_000) }),
    ['evicted-upstream 4000: 280 s before it would have expired', 'new-content 2000'],
  ],
  [
    'a provider that dropped the end of it',
    input({ last: last(BEFORE), parent: KNOWN, here: LIVE, predicted: WARM, usage: usage(2_000, 4_000) }),
    ['evicted-upstream 2000: 280 s before it would have expired', 'new-content 2000'],
  ],
];

for (const [name, given, expected] of CASES) {
  test(`missesOf explains ${name}`, () => {
    assert.deepEqual((missesOf(given) ?? []).map(words), expected);
  });
}

/** By the words of each detail of the cases above. */
const FACTS: Record<string, MissFacts> = {
  'expired 50 s ago': missFacts('expired-ago', { ms: 50_000 }),
  'unused for 412 s': missFacts('unused-for', { ms: 412_000 }),
  'unused for 2 h 5 min': missFacts('unused-for', { ms: 7_500_000 }),
  'warm on spare; the bound account was full': missFacts('warm-on', { name: 'spare' }),
  'warm on spare': missFacts('warm-on', { name: 'spare' }),
  'the bound account is cooling down': missFacts('routed-away'),
  tools: missFacts('tools'),
  system: missFacts('system'),
  'message 1': missFacts('message', { count: 1 }),
  'messages 0 to 1': missFacts('messages', { count: 0, upTo: 1 }),
  'the model was claude-opus': missFacts('model-was', { name: 'claude-opus' }),
  'a setting that the cache depends on': missFacts('setting-changed'),
  'a header that the cache depends on': missFacts('header-changed'),
  'the prompt is below 4096 tokens': missFacts('prompt-too-short', { count: 4_096 }),
  'more than 20 new blocks before a cache mark': missFacts('too-many-blocks', { count: 20 }),
  'nothing was read or written': missFacts('nothing-cached'),
  'no cache mark': missFacts('no-mark'),
  'beyond the last cache mark': missFacts('beyond-mark'),
  '280 s before it would have expired': missFacts('before-expiry', { ms: 280_000 }),
};

test('missesOf gives each detail as a code with its values too', () => {
  const misses = CASES.flatMap(([, given]) => missesOf(given) ?? []);
  for (const { detail, facts } of misses)
    assert.deepEqual(facts, detail === null ? null : FACTS[detail], detail ?? '');
  assert.deepEqual(new Set(misses.flatMap(({ detail }) => detail ?? [])), new Set(Object.keys(FACTS)));
});

function words({ cause, tokens, detail }: Miss): string {
  return `${cause} ${tokens}${detail === null ? '' : `: ${detail}`}`;
}

test('missesOf knows nothing when the provider reported no input or no cache reads', () => {
  assert.equal(missesOf(input({ usage: { ...usage(0, 0), cacheReadTokens: null } })), null);
  assert.equal(missesOf(input({ usage: { ...usage(0, 0), inputTokens: null } })), null);
});

test('missesOf prices written tokens as writes and the others as plain input, each less a read', () => {
  const misses = missesOf(
    input({
      last: last(BEFORE),
      parent: KNOWN,
      here: LIVE,
      predicted: WARM,
      prices: PRICES,
      usage: { ...usage(1_000, 4_000), cacheWrite5mTokens: 3_000, cacheWrite1hTokens: 1_000 },
    }),
  );
  // Writes of 4,000 tokens cost (3 × 6.25 + 10) / 4 = 7.1875 each; 3,000 of them had been warm.
  const cost = (tokens: number, usdPerMillion: number) => Math.round(tokens * usdPerMillion * 1_000);
  assert.deepEqual(
    misses?.map(({ cause, costNanoUsd }) => [cause, costNanoUsd]),
    [
      ['evicted-upstream', cost(3_000, 6.6875)],
      ['new-content', cost(1_000, 6.6875) + cost(1_000, 4.5)],
    ],
  );
});

const PRIMARY: [name: string, misses: Miss[] | null, inputTokens: number, expected: string | null][] = [
  ['nothing was reported', null, 10_000, null],
  ['all was new', [miss('new-content', 9_000)], 10_000, null],
  [
    'two causes',
    [miss('new-content', 9_000), miss('ttl-expired', 400), miss('account-moved', 500)],
    10_000,
    'account-moved',
  ],
  [
    'the smaller one cost more',
    [miss('ttl-expired', 900, 5), miss('prefix-changed', 800, 6)],
    10_000,
    'prefix-changed',
  ],
  ['hardly anything was cold', [miss('ttl-expired', 199)], 10_000, null],
  ['it was a little, of a short prompt', [miss('cold-start', 40)], 40, 'cold-start'],
  ['it was a small part of a long prompt', [miss('ttl-expired', 256)], 1_000_000, 'ttl-expired'],
];

function miss(cause: Miss['cause'], tokens: number, costNanoUsd: number | null = null): Miss {
  return { cause, tokens, costNanoUsd, detail: null, facts: null };
}

for (const [name, misses, inputTokens, expected] of PRIMARY) {
  test(`primaryCause when ${name}`, () => assert.equal(primaryCause(misses, inputTokens), expected));
}
