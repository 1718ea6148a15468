// The mock accounts of the replay: cache, token bucket, slots, service times and bad times, by hand-computed cases.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Job, MockAccount, type MockAccountOptions } from './replay/mock-account.ts';
import { type ChainBlock, MockCache } from './replay/mock-cache.ts';
import { readMockPrompt } from './replay/mock-prompt.ts';
import { firstPiece, lastPiece } from './replay/mock-reply.ts';
import { dealEvenly, firstTokenMs, serviceMs, slotsFor } from './replay/service-time.ts';
import { TokenBucket } from './replay/token-bucket.ts';

/** 100 tokens a block; `abd` shares two blocks with `abc`. */
function chain(text: string): ChainBlock[] {
  return [...text].map((_, index) => ({
    key: [...text.slice(0, index + 1)].reduce((hash, letter) => hash * 31 + letter.charCodeAt(0), 7),
    endTokens: (index + 1) * 100,
  }));
}

function cache() {
  return new MockCache({ ttlMs: 1_000, minTokens: 150 });
}

test('MockCache can be read from the reply on, not before', () => {
  const own = cache();
  const first = own.use(chain('abc'), 0);
  assert.deepEqual([first.readTokens, first.writeTokens], [0, 300]);
  assert.equal(own.use(chain('abc'), 10).readTokens, 0);
  first.publish();
  const second = own.use(chain('abde'), 20);
  assert.deepEqual([second.readTokens, second.writeTokens], [200, 200]);
});

test('MockCache refreshes what is read, and only that', () => {
  const own = cache();
  own.use(chain('abc'), 0).publish();
  assert.equal(own.use(chain('abx'), 900).readTokens, 200);
  assert.equal(own.use(chain('abc'), 1_000).readTokens, 200, 'the third block has expired');
  assert.equal(own.use(chain('ab'), 2_000).readTokens, 0);
});

test('MockCache neither reads nor writes below the minimum', () => {
  const own = cache();
  const short = own.use(chain('a'), 0);
  short.publish();
  assert.deepEqual([short.writeTokens, own.size], [0, 0]);
  own.use(chain('ab'), 0).publish();
  assert.equal(own.use(chain('ax'), 1).readTokens, 0, 'only 100 tokens are the same');
});

test('TokenBucket refills evenly, holds one minute and may owe once', () => {
  const bucket = new TokenBucket({ tokensPerMinute: 6_000, nowMs: 0 });
  assert.equal(bucket.take(9_000, 0), true);
  assert.equal(bucket.level(10_000), -2_000);
  assert.equal(bucket.take(1, 10_000), false);
  assert.equal(bucket.msUntil(1_000, 10_000), 30_000);
  assert.equal(bucket.take(1, 40_000), true);
  assert.equal(bucket.level(1_000_000), 6_000);
});

test('service times follow the fitted formula', () => {
  const work = { inputTokens: 100_000, readTokens: 90_000, outputTokens: 500 };
  assert.ok(Math.abs(firstTokenMs(work) - (1_320 + 170 + 1_107)) < 1e-6);
  assert.ok(Math.abs(serviceMs(work) - (1_320 + 170 + 1_107 + 7_300)) < 1e-6);
  // Twice 9.897 s of work in 10 s fill 70 % of 3 slots.
  assert.equal(slotsFor([work, work], { spanMs: 10_000, utilisation: 0.7 }), 3);
});

test('dealEvenly gives away all, and one at least to everybody', () => {
  assert.deepEqual(dealEvenly(11, 4), [2, 3, 3, 3]);
  assert.deepEqual(dealEvenly(2, 4), [1, 1, 1, 1]);
});

const OPTIONS: MockAccountOptions = {
  name: 'mock',
  credential: 'secret',
  slots: 2,
  cache: { ttlMs: 300_000, minTokens: 150 },
  uncachedTokensPerMinute: null,
  scale: 10,
  lostWrites: 0,
  downtime: null,
  seed: 1,
};

function take(account: MockAccount, text: string, nowMs: number) {
  const blocks = chain(text);
  const totalTokens = (blocks.at(-1)?.endTokens ?? 0) + 3;
  return account.take({ chain: blocks, totalTokens, maxTokens: 100, name: 'r1' }, nowMs);
}

function jobOf(taken: ReturnType<MockAccount['take']>): Job {
  assert.ok('usage' in taken, 'refused');
  return taken;
}

test('MockAccount works on traced tokens and tells sent ones', () => {
  const account = new MockAccount(OPTIONS, 0);
  const first = jobOf(take(account, 'abc', 0));
  assert.deepEqual(first.usage, { inputTokens: 3, readTokens: 0, writeTokens: 300, outputTokens: 100 });
  assert.ok(Math.abs(first.firstTokenAtMs - (1_320 + 3_030 * 0.017)) < 1e-6);
  first.begin();
  const second = jobOf(take(account, 'abc', 5_000));
  assert.equal(second.usage.readTokens, 300);
  assert.ok(Math.abs(second.endsAtMs - (5_000 + 1_320 + 30 * 0.017 + 3_000 * 0.0123 + 1_460)) < 1e-6);
});

test('MockAccount refuses more requests than it has slots, until one ends', () => {
  const account = new MockAccount(OPTIONS, 0);
  const first = jobOf(take(account, 'abc', 0));
  jobOf(take(account, 'abc', 0));
  const refused = take(account, 'abc', 0);
  assert.ok('status' in refused && refused.status === 429);
  assert.ok(Math.abs((refused.retryAfterMs ?? 0) - first.endsAtMs) < 1e-6);
  first.end();
  jobOf(take(account, 'abc', 1));
});

test('MockAccount counts only uncached tokens against its limit', () => {
  const account = new MockAccount({ ...OPTIONS, slots: null, uncachedTokensPerMinute: 600 }, 0);
  jobOf(take(account, 'abc', 0)).begin();
  assert.equal(account.bucketState(0)?.remaining, 297);
  jobOf(take(account, 'abc', 0));
  assert.deepEqual(account.bucketState(0), { limit: 600, remaining: 294, resetAtMs: 30_600 });
  jobOf(take(account, 'xyz', 0));
  const refused = take(account, 'abc', 0);
  assert.ok('status' in refused && refused.status === 429);
  // 9 tokens are owed, 1 must be there: 10 tokens at 10 a second.
  assert.equal(refused.retryAfterMs, 1_000);
});

test('MockAccount is down when it is said to be, and loses all writes when told so', () => {
  const downtime = { firstMs: 1_000, ms: 500, everyMs: 2_000, status: 529 } as const;
  const account = new MockAccount({ ...OPTIONS, slots: null, lostWrites: 1, downtime }, 0);
  const isDown = (atMs: number) => 'status' in take(account, 'abc', atMs);
  assert.deepEqual([0, 999, 1_000, 1_499, 1_500, 3_100].map(isDown), [false, false, true, true, false, true]);
  jobOf(take(account, 'abc', 4_000)).begin();
  assert.equal(jobOf(take(account, 'abc', 4_001)).usage.readTokens, 0);
});

function body(texts: readonly string[], markedIndex: number): string {
  const content = texts.map((text, index) => ({
    type: 'text',
    text,
    ...(index === markedIndex ? { cache_control: { type: 'ephemeral' } } : {}),
  }));
  const messages = [
    { role: 'user', content },
    { role: 'user', content: 'r12 ....' },
  ];
  return JSON.stringify({ model: 'm', max_tokens: 7, messages });
}

test('readMockPrompt chains the blocks up to the last mark and finds the name', () => {
  const prompt = readMockPrompt(body(['a'.repeat(400), 'b'.repeat(400), 'c'.repeat(400)], 1));
  assert.deepEqual(
    prompt?.chain.map(({ endTokens }) => endTokens),
    [100, 200],
  );
  assert.equal(prompt?.totalTokens, 302);
  assert.deepEqual([prompt?.name, prompt?.maxTokens], ['r12', 7]);
  const other = readMockPrompt(body(['a'.repeat(400), 'x', 'c'], 2));
  assert.equal(other?.chain[0]?.key, prompt?.chain[0]?.key);
  assert.notEqual(other?.chain[1]?.key, prompt?.chain[1]?.key);
  assert.equal(readMockPrompt('[]'), null);
});

test('replies tell their usage at the beginning and at the end', () => {
  const usage = { inputTokens: 3, readTokens: 200, writeTokens: 100, outputTokens: 9 };
  const first = new TextDecoder().decode(firstPiece(usage, { id: 'msg_1', model: 'm' }));
  const last = new TextDecoder().decode(lastPiece(usage));
  assert.match(first, /^event: message_start\ndata: .*"cache_read_input_tokens":200/);
  assert.match(last, /"cache_creation_input_tokens":100.*"output_tokens":9/);
  assert.ok(last.endsWith('data: {"type":"message_stop"}\n\n'));
});
