// How far a prompt is in the cache, told from its usage.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CacheRule } from '../../server/routing/cache-rules.ts';
import {
  type CachedExtent,
  cachedExtentOf,
  cacheReportOf,
  type KnownCut,
  placeTokens,
} from '../../server/routing/cached-extent.ts';
import type { PromptCut } from '../../server/wire/outline.ts';
import { NO_USAGE, type Usage } from '../../server/wire/usage.ts';
import { cutsOf, marked, OPENAI, OPUS } from './sent-prompts.ts';

const REPORTS: { name: string; usage: Usage | null; oneHour?: boolean; expected: unknown }[] = [
  { name: 'no usage', usage: null, expected: null },
  { name: 'no input', usage: { ...NO_USAGE, cacheReadTokens: 5 }, expected: null },
  { name: 'nothing of the cache', usage: { ...NO_USAGE, inputTokens: 5 }, expected: null },
  {
    name: 'reads alone',
    usage: { ...NO_USAGE, inputTokens: 50, cacheReadTokens: 20 },
    expected: { input: 50, read: 20, write: 0, writeOneHour: 0 },
  },
  {
    name: 'writes without a read',
    usage: { ...NO_USAGE, inputTokens: 50, cacheWriteTokens: 20 },
    expected: { input: 50, read: 0, write: 20, writeOneHour: 0 },
  },
  {
    name: 'writes by lifetime',
    usage: {
      ...NO_USAGE,
      inputTokens: 50,
      cacheReadTokens: 0,
      cacheWriteTokens: 30,
      cacheWrite5mTokens: 10,
      cacheWrite1hTokens: 20,
    },
    expected: { input: 50, read: 0, write: 30, writeOneHour: 20 },
  },
  {
    name: 'writes in one number of a request for one hour',
    usage: { ...NO_USAGE, inputTokens: 50, cacheReadTokens: 0, cacheWriteTokens: 30 },
    oneHour: true,
    expected: { input: 50, read: 0, write: 30, writeOneHour: 30 },
  },
];

for (const { name, usage, oneHour, expected } of REPORTS)
  test(`cacheReportOf ${name}`, () => assert.deepEqual(cacheReportOf(usage, oneHour ?? false), expected));

function placed(cuts: PromptCut[], known: (KnownCut | null)[], inputTokens: number): number[] {
  const into = new Float64Array(cuts.length);
  placeTokens(cuts, { known, bytes: cuts.at(-1)?.bytes ?? 0, inputTokens, into });
  return [...into];
}

test('placeTokens draws a straight line through what was counted', () => {
  const cuts = cutsOf('abcd');
  const counted = (tokens: number) => ({ tokens, isEnd: true });
  assert.deepEqual(placed(cuts, [], 400), [100, 200, 300, 400]);
  assert.deepEqual(placed(cuts, [null, counted(300)], 400), [150, 300, 350, 400]);
  assert.deepEqual(placed(cuts, [counted(10), null, counted(30)], 400), [10, 20, 30, 400]);
});

test('placeTokens leaves out counts that cannot be: sinking, or beyond the prompt', () => {
  const cuts = cutsOf('abcd');
  const counted = (tokens: number) => ({ tokens, isEnd: true });
  assert.deepEqual(placed(cuts, [counted(300), counted(200)], 600), [300, 400, 500, 600]);
  assert.deepEqual(placed(cuts, [null, counted(900)], 400), [100, 200, 300, 400]);
  assert.deepEqual(placed([], [], 400), []);
});

interface ExtentCase {
  name: string;
  cuts: PromptCut[];
  rule?: CacheRule;
  known?: (KnownCut | null)[];
  read: number;
  write?: number;
  oneHour?: number;
  expected: CachedExtent;
}

/** Ten blocks of 1,000 tokens each. */
const TEN = 'abcdefghij';
const end = (tokens = 0) => ({ tokens, isEnd: true });

const EXTENTS: ExtentCase[] = [
  { name: 'nothing', cuts: marked(TEN), read: 0, expected: { read: -1, written: -1, writtenOneHour: -1 } },
  {
    name: 'all written',
    cuts: marked(TEN),
    read: 0,
    write: 10_000,
    expected: { read: -1, written: 9, writtenOneHour: -1 },
  },
  {
    name: 'written up to the last mark, although the bytes say a little less',
    cuts: cutsOf(TEN, { marks: { 2: '5m', 7: '5m' } }),
    read: 0,
    write: 7_000,
    expected: { read: -1, written: 7, writtenOneHour: -1 },
  },
  {
    name: 'written beyond all marks of the outline',
    cuts: cutsOf(TEN, { marks: { 2: '5m' } }),
    read: 0,
    write: 10_000,
    expected: { read: -1, written: 9, writtenOneHour: -1 },
  },
  {
    name: 'written without marks',
    cuts: cutsOf(TEN),
    read: 0,
    write: 6_000,
    expected: { read: -1, written: 5, writtenOneHour: -1 },
  },
  {
    name: 'read and the rest written',
    cuts: marked(TEN),
    read: 4_000,
    write: 6_000,
    expected: { read: 3, written: 9, writtenOneHour: -1 },
  },
  {
    name: 'read only',
    cuts: marked(TEN),
    read: 4_000,
    expected: { read: 3, written: 3, writtenOneHour: -1 },
  },
  {
    name: 'all read',
    cuts: marked(TEN),
    read: 10_000,
    expected: { read: 9, written: 9, writtenOneHour: -1 },
  },
  {
    name: 'read up to the cut that was counted so, however far off',
    cuts: marked(TEN),
    known: [null, null, null, null, null, null, end(4_000)],
    read: 4_000,
    expected: { read: 6, written: 6, writtenOneHour: -1 },
  },
  {
    name: 'read up to the nearest known end within tolerance',
    cuts: marked(TEN),
    known: [null, null, null, null, end()],
    read: 4_850,
    expected: { read: 4, written: 4, writtenOneHour: -1 },
  },
  {
    name: 'an hour for what the one-hour marks cover',
    cuts: cutsOf(TEN, { marks: { 3: '1h', 9: '5m' } }),
    read: 0,
    write: 10_000,
    oneHour: 4_000,
    expected: { read: -1, written: 9, writtenOneHour: 3 },
  },
  {
    name: 'an hour for everything written',
    cuts: marked(TEN, '1h'),
    read: 2_000,
    write: 8_000,
    oneHour: 8_000,
    expected: { read: 1, written: 9, writtenOneHour: 9 },
  },
  {
    name: 'all is assumed written where writes are not stated',
    cuts: cutsOf(TEN),
    rule: OPENAI,
    read: 3_968,
    expected: { read: 3, written: 9, writtenOneHour: -1 },
  },
];

for (const { name, cuts, rule = OPUS, known = [], read, write = 0, oneHour = 0, expected } of EXTENTS)
  test(`cachedExtentOf ${name}`, () => {
    const tokensAt = new Float64Array(cuts.length);
    placeTokens(cuts, { known, bytes: cuts.at(-1)?.bytes ?? 0, inputTokens: 10_000, into: tokensAt });
    const report = { input: 10_000, read, write, writeOneHour: oneHour };
    assert.deepEqual(cachedExtentOf(cuts, { report, rule, known, tokensAt }), expected);
  });
