// What the warmth ledger believes, case by case.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type CacheRule, cacheRuleOf } from '../../server/routing/cache-rules.ts';
import { WarmthLedger } from '../../server/routing/ledger.ts';
import { predict } from '../../server/routing/predict.ts';
import { type Correction, NO_WARMTH, type SentPrompt, type Warmth } from '../../server/routing/warmth.ts';
import type { PromptCut } from '../../server/wire/outline.ts';
import type { Usage } from '../../server/wire/usage.ts';
import { ManualClock } from '../manual-clock.ts';
import {
  BLOCK_TOKENS,
  cutsOf,
  DEEPSEEK,
  marked,
  OPENAI,
  OPUS,
  sent,
  space,
  usageOf,
} from './sent-prompts.ts';

const MINUTE_MS = 60_000;
const OPENAI_FAMILY = 'p2|openai-chat|gpt-5.2';
const OPENAI_SPACE = space('a1', OPENAI_FAMILY);

class Bench {
  readonly clock = new ManualClock();
  readonly ledger = new WarmthLedger({ clock: this.clock });

  at(cuts: readonly PromptCut[], where = space('a1'), scope = 'key-1'): Warmth {
    return this.ledger.find(cuts, { scope, spaces: [where.key] })[0] ?? NO_WARMTH;
  }

  /** A whole request: predicted, begun, ended with this usage. */
  serve(prompt: SentPrompt, usage: Usage | null): Correction {
    const believed = this.at(prompt.cuts, prompt.space, prompt.scope);
    const { rule, space: place } = prompt;
    const { warmTokens } = predict(prompt, believed, {
      family: place.family,
      rule,
      beliefs: this.ledger.beliefs,
    });
    const atMs = this.ledger.nowMs();
    this.ledger.touch(prompt, atMs);
    return this.ledger.learn({ sent: prompt, atMs, believed, predictedTokens: warmTokens, usage });
  }
}

test('WarmthLedger.find knows nothing of what was never sent', () => {
  const bench = new Bench();
  assert.deepEqual(bench.at(marked('abc')), NO_WARMTH);
  assert.equal(bench.ledger.parentOf(marked('abc'), 'key-1'), null);
});

test('WarmthLedger.touch makes a prompt warm up to its last mark before its usage is known', () => {
  const bench = new Bench();
  bench.ledger.touch(sent(cutsOf('abcde', { marks: { 1: '5m', 3: '5m' } })), bench.ledger.nowMs());
  assert.equal(bench.at(marked('abcde')).cut, 3);
  assert.equal(bench.at(marked('abXde')).cut, 1);
  assert.equal(bench.at(marked('abcde'), space('a2')).cut, -1);
});

test('WarmthLedger.touch of a prompt without the marks that its provider needs makes nothing warm', () => {
  const bench = new Bench();
  bench.ledger.touch(sent(cutsOf('abcde')), bench.ledger.nowMs());
  assert.equal(bench.at(marked('abcde')).cut, -1);
  assert.deepEqual(bench.ledger.parentOf(marked('abXYZ'), 'key-1'), { requestId: 'r1', bytes: 2_000 });
});

test('WarmthLedger.learn of a write ends to the millisecond after the lifetime that was written', async () => {
  for (const { ttl, oneHour, ms } of [
    { ttl: '5m' as const, oneHour: 0, ms: 5 * MINUTE_MS },
    { ttl: '1h' as const, oneHour: 4, ms: 60 * MINUTE_MS },
  ]) {
    const bench = new Bench();
    const prompt = sent(marked('abcd', ttl), { asksFor: ttl });
    bench.serve(prompt, usageOf({ input: 4, read: 0, write: 4, oneHour }));
    const startMs = bench.ledger.nowMs();
    assert.equal(bench.at(prompt.cuts).untilMs, startMs + ms);
    await bench.clock.advance(ms - 1);
    assert.equal(bench.at(prompt.cuts).cut, 3);
    await bench.clock.advance(1);
    const { cut, staleCut, staleSinceMs, staleTokens } = bench.at(prompt.cuts);
    assert.deepEqual([cut, staleCut, staleSinceMs, staleTokens], [-1, 3, startMs + ms, 1_000]);
  }
});

test('WarmthLedger.learn tells one-hour from five-minute writes of one request', async () => {
  const bench = new Bench();
  const cuts = cutsOf('abcdef', { marks: { 2: '1h', 5: '5m' } });
  bench.serve(sent(cuts, { asksFor: '1h' }), usageOf({ input: 6, read: 0, write: 6, oneHour: 3 }));
  await bench.clock.advance(6 * MINUTE_MS);
  const { cut, staleCut } = bench.at(cuts);
  assert.deepEqual([cut, staleCut], [2, 5]);
});

test('WarmthLedger.learn of a read starts the lifetime anew, each entry with its own', async () => {
  const bench = new Bench();
  bench.serve(
    sent(marked('abcd', '1h'), { asksFor: '1h' }),
    usageOf({ input: 4, read: 0, write: 4, oneHour: 4 }),
  );
  await bench.clock.advance(30 * MINUTE_MS);
  bench.serve(sent(marked('abcdef')), usageOf({ input: 6, read: 4, write: 2, oneHour: 0 }));
  await bench.clock.advance(59 * MINUTE_MS);
  const { cut, staleCut } = bench.at(marked('abcdef'));
  assert.deepEqual([cut, staleCut], [3, 5]);
});

test('WarmthLedger.learn of nothing read and nothing written takes back what was assumed, not what was proven', () => {
  const bench = new Bench();
  bench.serve(sent(marked('abcd')), usageOf({ input: 4, read: 0, write: 4 }));
  bench.serve(sent(marked('xyz')), usageOf({ input: 3, read: 0, write: 0 }));
  bench.serve(sent(cutsOf('abcdef')), usageOf({ input: 6, read: 0, write: 0 }));
  assert.equal(bench.at(marked('xyz')).cut, -1);
  assert.equal(bench.at(marked('abcd')).cut, 3);
});

test('WarmthLedger.learn keeps the assumption where the provider reports nothing', () => {
  for (const usage of [null, usageOf({ input: 4, read: null })]) {
    const bench = new Bench();
    assert.deepEqual(bench.serve(sent(marked('abcd')), usage), { missedTokens: 0, isEviction: false });
    assert.equal(bench.at(marked('abcd')).cut, 3);
  }
});

test('WarmthLedger.learn of an account that does not cache, or a surface without a cache, remembers no warmth', () => {
  for (const over of [
    { ttlMs: 0 },
    { rule: cacheRuleOf('openai-embeddings', 'text-embedding-3-small') },
  ] as const) {
    const bench = new Bench();
    bench.serve(sent(marked('abcd'), over), usageOf({ input: 4, read: 0, write: 4 }));
    assert.equal(bench.at(marked('abcd')).cut, -1);
    assert.equal(bench.ledger.stats().marks, 0);
  }
});

test('WarmthLedger.learn of a read shorter than believed drops the rest and calls it an eviction', () => {
  const bench = new Bench();
  bench.serve(
    sent(cutsOf('abcdefgh', { marks: { 3: '5m', 7: '5m' } })),
    usageOf({ input: 8, read: 0, write: 8 }),
  );
  const again = sent(cutsOf('abcdefgh', { marks: { 3: '5m', 7: '5m' } }));
  const correction = bench.serve(again, usageOf({ input: 8, read: 4, write: 0 }));
  assert.deepEqual(correction, { missedTokens: 4 * BLOCK_TOKENS, isEviction: true });
  assert.equal(bench.at(again.cuts).cut, 3);
  const { evictions, shortReads, missedTokens, readTokens, predictedTokens } = bench.ledger.stats();
  assert.deepEqual(
    { evictions, shortReads, missedTokens, readTokens, predictedTokens },
    { evictions: 1, shortReads: 1, missedTokens: 1_000, readTokens: 1_000, predictedTokens: 2_000 },
  );
});

test('WarmthLedger.learn of an eviction that is written anew leaves the prompt warm', () => {
  const bench = new Bench();
  bench.serve(sent(marked('abcd')), usageOf({ input: 4, read: 0, write: 4 }));
  const correction = bench.serve(sent(marked('abcdef')), usageOf({ input: 6, read: 0, write: 6 }));
  assert.deepEqual(correction, { missedTokens: 1_000, isEviction: true });
  const { cut, reachCut } = bench.at(marked('abcdef'));
  assert.deepEqual([cut, reachCut], [5, 5]);
});

test('WarmthLedger.learn of a late reply changes nothing that a later one has shown', async () => {
  const bench = new Bench();
  const early = sent(marked('abcd'));
  const earlyMs = bench.ledger.nowMs();
  bench.ledger.touch(early, earlyMs);
  await bench.clock.advance(1_000);
  bench.serve(sent(marked('abcd')), usageOf({ input: 4, read: 0, write: 4 }));
  const untilMs = bench.at(early.cuts).untilMs;
  bench.ledger.learn({
    sent: early,
    atMs: earlyMs,
    believed: null,
    predictedTokens: 0,
    usage: usageOf({ input: 4, read: 0, write: 0 }),
  });
  assert.equal(bench.at(early.cuts).untilMs, untilMs);
});

test('WarmthLedger.learn finds the place of a read by counts it has seen, whatever the bytes say', () => {
  const bench = new Bench();
  // The first half is dense in tokens, the second thin.
  const first = sent(marked('abcd'));
  const usage = (inputTokens: number, read: number, write: number) => ({
    ...usageOf({ input: 0, read: 0 }),
    inputTokens,
    cacheReadTokens: read,
    cacheWriteTokens: write,
  });
  bench.serve(first, usage(3_000, 0, 3_000));
  bench.serve(sent(marked('abcdefgh')), usage(3_400, 3_000, 400));
  const { cut, tokens } = bench.at(marked('abcdX'));
  assert.deepEqual([cut, tokens], [3, 3_000]);
  assert.equal(bench.at(marked('abcdefgh')).tokens, 3_400);
});

test('WarmthLedger.find looks back twenty blocks from a mark, and only to where something was marked', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGH';
  const bench = new Bench();
  bench.serve(sent(marked(letters.slice(0, 5))), usageOf({ input: 5, read: 0, write: 5 }));
  const reach = (count: number) => bench.at(marked(letters.slice(0, count)));
  assert.deepEqual([reach(24).cut, reach(24).reachCut, reach(24).isBeyondReach], [4, 4, false]);
  assert.deepEqual([reach(25).cut, reach(25).reachCut, reach(25).isBeyondReach], [4, -1, true]);
  const branch = bench.at(marked('abcX'));
  assert.deepEqual([branch.cut, branch.reachCut, branch.isBeyondReach], [2, -1, false]);
  const rolling = bench.at(cutsOf(letters.slice(0, 30), { marks: { 14: '5m', 29: '5m' } }));
  assert.equal(rolling.reachCut, 4);
});

test('WarmthLedger.find answers in parallel to what is asked, twice for one space too', () => {
  const bench = new Bench();
  bench.serve(sent(marked('abcd')), usageOf({ input: 4, read: 0, write: 4 }));
  bench.serve(sent(marked('ab'), { space: space('a2') }), usageOf({ input: 2, read: 0, write: 2 }));
  const keys = ['a1', 'none', 'a2', 'a1'].map((domain) => space(domain).key);
  const found = bench.ledger.find(marked('abcd'), { scope: 'key-1', spaces: keys });
  assert.deepEqual(
    found.map(({ cut }) => cut),
    [3, -1, 1, 3],
  );
  assert.deepEqual(
    bench.ledger.find(marked('abcd'), { scope: 'key-1', spaces: keys }).map(({ cut }) => cut),
    [3, -1, 1, 3],
  );
});

test('WarmthLedger keeps equal prompts of two scopes apart, in one space too', () => {
  const bench = new Bench();
  bench.serve(sent(marked('abcd'), { requestId: 'mine' }), usageOf({ input: 4, read: 0, write: 4 }));
  assert.equal(bench.at(marked('abcd'), space('a1'), 'key-2').cut, -1);
  assert.equal(bench.ledger.parentOf(marked('abcd'), 'key-2'), null);
  bench.serve(
    sent(marked('ab'), { scope: 'key-2', requestId: 'theirs' }),
    usageOf({ input: 2, read: 0, write: 2 }),
  );
  assert.deepEqual(bench.ledger.parentOf(marked('abcd'), 'key-2'), { requestId: 'theirs', bytes: 2_000 });
  assert.deepEqual(bench.ledger.parentOf(marked('abcd'), 'key-1'), { requestId: 'mine', bytes: 4_000 });
});

test('WarmthLedger.forget drops all spaces of a domain and of no other', () => {
  const bench = new Bench();
  for (const domain of ['a1', 'a11', 'a2'])
    bench.serve(sent(marked('abcd'), { space: space(domain) }), usageOf({ input: 4, read: 0, write: 4 }));
  assert.equal(bench.ledger.forget('a1'), 4);
  assert.equal(bench.ledger.forget('a1'), 0);
  const cuts = ['a1', 'a11', 'a2'].map((domain) => bench.at(marked('abcd'), space(domain)).cut);
  assert.deepEqual(cuts, [-1, 3, 3]);
  bench.serve(sent(marked('ab')), usageOf({ input: 2, read: 0, write: 2 }));
  assert.equal(bench.at(marked('abcd')).cut, 1);
});

test('WarmthLedger.learn believes an account empty after three different prefixes were gone within a minute', async () => {
  const bench = new Bench();
  for (const letters of ['abcd', 'efgh', 'ijkl', 'mnop', 'qrst'])
    bench.serve(sent(marked(letters)), usageOf({ input: 4, read: 0, write: 4 }));
  bench.serve(sent(marked('abcd'), { space: space('a2') }), usageOf({ input: 4, read: 0, write: 4 }));
  await bench.clock.advance(1_000);
  const miss = (letters: string) =>
    bench.serve(sent(marked(letters)), usageOf({ input: 4, read: 0, write: 4 }));
  miss('abcd');
  await bench.clock.advance(20_000);
  miss('efgh');
  assert.equal(bench.at(marked('mnop')).cut, 3);
  await bench.clock.advance(20_000);
  miss('ijkl');
  assert.deepEqual([bench.at(marked('mnop')).cut, bench.at(marked('mnop')).staleCut], [-1, 3]);
  assert.equal(bench.at(marked('abcd')).cut, 3);
  assert.equal(bench.at(marked('abcd'), space('a2')).cut, 3);
  const { accountEvictions, lastAccountEviction } = bench.ledger.stats();
  assert.equal(accountEvictions, 1);
  assert.equal(lastAccountEviction?.domain, 'a1');
});

test('WarmthLedger.learn does not believe an account empty while others of its prefixes are found, or misses are rare', async () => {
  for (const { isFound, pauseMs } of [
    { isFound: true, pauseMs: 1_000 },
    { isFound: false, pauseMs: 61_000 },
  ]) {
    const bench = new Bench();
    for (const letters of ['abcd', 'efgh', 'ijkl', 'mnop'])
      bench.serve(sent(marked(letters)), usageOf({ input: 4, read: 0, write: 4 }));
    for (const letters of ['abcd', 'efgh', 'ijkl']) {
      await bench.clock.advance(pauseMs);
      bench.serve(sent(marked(letters)), usageOf({ input: 4, read: 0, write: 4 }));
      if (isFound) bench.serve(sent(marked('mnop')), usageOf({ input: 4, read: 4, write: 0 }));
    }
    assert.equal(bench.ledger.stats().accountEvictions, 0);
    assert.equal(bench.at(marked('mnop')).cut, 3);
  }
});

test('WarmthLedger.learn assumes all of a prompt warm where writes are not stated, from the smallest prompt on', () => {
  const bench = new Bench();
  const prompt = (letters: string) => sent(cutsOf(letters), { rule: OPENAI, space: OPENAI_SPACE });
  bench.serve(prompt('abcdef'), usageOf({ input: 6, read: 0 }));
  bench.serve(prompt('xy'), usageOf({ input: 2, read: 0 }));
  const { cut, tokens, untilMs } = bench.at(cutsOf('abcdefgh'), OPENAI_SPACE);
  assert.deepEqual([cut, tokens, untilMs], [5, 1_500, bench.ledger.nowMs() + 10 * MINUTE_MS]);
  assert.equal(bench.at(cutsOf('xy'), OPENAI_SPACE).cut, -1);
});

test('WarmthLedger.learn learns a lifetime that is not stated, and that an upstream ignores caching', async () => {
  const prompt = sent(cutsOf('abcdefgh'), { rule: OPENAI, space: OPENAI_SPACE });
  const lifetimeMs = (bench: Bench) => bench.ledger.beliefs.lifetimeMs(OPENAI_FAMILY, OPENAI);
  const longer = new Bench();
  longer.serve(prompt, usageOf({ input: 8, read: 0 }));
  for (let turn = 0; turn < 3; turn++) {
    await longer.clock.advance(14 * MINUTE_MS);
    longer.serve(prompt, usageOf({ input: 8, read: 8 }));
  }
  assert.equal(lifetimeMs(longer), 15 * MINUTE_MS);
  assert.equal(longer.at(prompt.cuts, OPENAI_SPACE).untilMs, longer.ledger.nowMs() + 15 * MINUTE_MS);

  const never = new Bench();
  for (let turn = 0; turn < 12; turn++) {
    never.serve(prompt, usageOf({ input: 8, read: 0 }));
    await never.clock.advance(20_000);
  }
  assert.equal(lifetimeMs(never), 0);
  const { cut, staleCut } = never.at(prompt.cuts, OPENAI_SPACE);
  assert.deepEqual([cut, staleCut], [-1, 7]);
  for (let turn = 0; turn < 12; turn++) {
    never.serve(prompt, usageOf({ input: 8, read: 8 }));
    await never.clock.advance(20_000);
  }
  assert.ok(lifetimeMs(never) >= 30_000);
});

test('WarmthLedger.learn lets the operator state a lifetime', () => {
  const bench = new Bench();
  const prompt = sent(cutsOf('abcdefgh'), { rule: OPENAI, space: OPENAI_SPACE, ttlMs: 7_000 });
  bench.serve(prompt, usageOf({ input: 8, read: 0 }));
  assert.equal(bench.at(prompt.cuts, OPENAI_SPACE).untilMs, bench.ledger.nowMs() + 7_000);
});

test('WarmthLedger.learn believes reads beyond the lookback when it sees one', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGH';
  const bench = new Bench();
  const family = space('a1').family;
  bench.serve(sent(marked(letters.slice(0, 8))), usageOf({ input: 8, read: 0, write: 8 }));
  const far = sent(marked(letters));
  assert.equal(bench.ledger.beliefs.usesLookback(family, OPUS), true);
  bench.serve(far, usageOf({ input: 34, read: 8, write: 26 }));
  assert.equal(bench.ledger.beliefs.usesLookback(family, OPUS), false);
});

test('WarmthLedger.find knows that DeepSeek reads up to the ends of requests only', () => {
  const bench = new Bench();
  const where = space('a1', 'p3|openai-chat|deepseek-chat');
  const rule: CacheRule = DEEPSEEK;
  bench.serve(sent(cutsOf('abcd'), { rule, space: where }), usageOf({ input: 4, read: 0 }));
  const branch = bench.at(cutsOf('abX'), where);
  assert.deepEqual([branch.cut, branch.reachCut], [1, -1]);
  assert.equal(bench.at(cutsOf('abcdX'), where).reachCut, 3);
});

test('WarmthLedger takes a wall clock set ahead for no time passed', () => {
  const bench = new Bench();
  bench.serve(sent(marked('abcd')), usageOf({ input: 4, read: 0, write: 4 }));
  bench.clock.stepWall(3_600_000);
  assert.equal(bench.at(marked('abcd')).cut, 3);
});

test('WarmthLedger.repeat fills the table of another scope and counts as no lesson', () => {
  const bench = new Bench();
  const prompt = sent(marked('abcd'));
  const usage = usageOf({ input: 4, read: 0, write: 4 });
  bench.serve(prompt, usage);
  const { lessons } = bench.ledger.stats();
  bench.ledger.repeat({ sent: { ...prompt, scope: 'key-2' }, atMs: bench.ledger.nowMs(), usage });
  assert.equal(bench.at(prompt.cuts, space('a1'), 'key-2').reachCut, 3);
  assert.equal(bench.ledger.stats().lessons, lessons);
});
