// What is remembered of conversations: which request a prompt goes on from, and how much is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LastRequest, MAX_KEPT_CUTS, SessionMemory } from '../../server/routing/session-memory.ts';
import { ManualClock } from '../manual-clock.ts';
import { type Prompt, promptOf } from './prompt.ts';

const NOW_MS = 1_800_000_000_000;

function open(maxSessions?: number) {
  const clock = new ManualClock(NOW_MS);
  return { clock, memory: new SessionMemory({ clock, ...(maxSessions !== undefined && { maxSessions }) }) };
}

function last({ cuts }: Prompt, over: Partial<LastRequest> = {}): LastRequest {
  return {
    cuts,
    modelId: 'm1',
    spaceKey: 'a1|p1|anthropic-messages|claude|0||k1',
    family: 'p1|anthropic-messages|claude',
    flags: 0,
    accountId: 'a1',
    atMs: NOW_MS,
    inputTokens: 1_000,
    warmTokens: 900,
    ...over,
  };
}

const SESSION = { sessionId: 's1', parentId: null };
const bare = (request: LastRequest | null) => request?.cuts.map(({ hash }) => hash);
const hashes = ({ cuts }: Prompt) => cuts.map(({ hash }) => hash);

test('SessionMemory.recall gives back what was remembered', () => {
  const { memory } = open();
  const prompt = promptOf('t:read s:you hello hi');
  memory.remember({ ...SESSION, requestId: 'r1' }, last(prompt));
  assert.deepEqual(memory.recall(SESSION, promptOf('t:read s:you hello hi more').cuts), {
    ...last(prompt),
    cuts: prompt.cuts.map(({ hash, bytes, part, index }) => ({ hash, bytes, part, index })),
  });
  assert.equal(memory.recall({ sessionId: 's2', parentId: 'r1' }, prompt.cuts), null);
});

test('SessionMemory tells the conversations of one session apart', () => {
  const { memory } = open();
  const main = promptOf('t:read s:main hello hi');
  const helper = promptOf('t:find s:help look found');
  memory.remember({ ...SESSION, requestId: 'r1' }, last(main));
  assert.equal(memory.recall(SESSION, promptOf('t:find s:help look').cuts), null, 'a lone message is new');
  memory.remember({ ...SESSION, requestId: 'r2' }, last(helper));
  assert.deepEqual(bare(memory.recall(SESSION, promptOf('t:read s:main hello hi on').cuts)), hashes(main));
  assert.deepEqual(
    bare(memory.recall(SESSION, promptOf('t:find s:help look found ok').cuts)),
    hashes(helper),
  );
  assert.equal(memory.size, 2);
});

test('SessionMemory takes the next turn in place of the one before', () => {
  const { memory } = open();
  memory.remember({ ...SESSION, requestId: 'r1' }, last(promptOf('s:you one two')));
  memory.remember({ ...SESSION, requestId: 'r2' }, last(promptOf('s:you one two three four')));
  assert.equal(memory.size, 1);
});

test('SessionMemory keeps no more conversations of one session than can be told apart', () => {
  const { memory } = open();
  for (let helper = 0; helper < 40; helper++)
    memory.remember({ ...SESSION, requestId: `r${helper}` }, last(promptOf(`s:help task${helper}`)));
  assert.equal(memory.size, 4);
});

test('SessionMemory.recall goes on from the session when tools or system were changed under it', () => {
  const { memory } = open();
  const before = promptOf('t:read s:monday one two');
  memory.remember({ ...SESSION, requestId: 'r1' }, last(before));
  assert.deepEqual(
    bare(memory.recall(SESSION, promptOf('t:read s:tuesday one two three').cuts)),
    hashes(before),
  );
});

test('SessionMemory finds a conversation without a session by the request that has its beginning', () => {
  const { memory } = open();
  const none = { sessionId: null, parentId: null };
  const first = promptOf('s:you hello hi');
  memory.remember({ ...none, requestId: 'r1' }, last(first));
  assert.equal(memory.recall(none, first.cuts), null);
  const clue = { sessionId: null, parentId: 'r1' };
  assert.equal(memory.recall(clue, promptOf('s:you other talk').cuts), null, 'only the system is the same');
  assert.deepEqual(bare(memory.recall(clue, promptOf('s:you hello hi on').cuts)), hashes(first));
  memory.remember({ ...clue, requestId: 'r2' }, last(promptOf('s:you hello hi on')));
  assert.equal(memory.size, 1);
  assert.equal(memory.recall(clue, first.cuts), null);
  memory.remember({ sessionId: null, parentId: 'r2', requestId: 'r3' }, last(promptOf('s:you other talk')));
  assert.equal(memory.size, 2, 'another conversation does not take its place');
});

test('SessionMemory keeps a bounded part of a long prompt, the same in every turn', () => {
  const { memory } = open();
  const words = ['t:a', 't:b', 's:c', ...Array.from({ length: 250 }, (_none, at) => `word${at}`)];
  memory.remember({ ...SESSION, requestId: 'r1' }, last(promptOf(words.join(' '))));
  const whole = promptOf([...words, 'one', 'two'].join(' '));
  const recalled = memory.recall(SESSION, whole.cuts);
  const kept = bare(recalled) ?? [];
  assert.ok(kept.length <= MAX_KEPT_CUTS && kept.length >= 35, `${kept.length}`);
  assert.ok(kept.every((hash) => hashes(whole).includes(hash)));
  assert.deepEqual(
    recalled?.cuts.slice(0, 2).map(({ part, index }) => `${part} ${index}`),
    ['tools 1', 'system 0'],
  );
  assert.deepEqual(kept.slice(-32), hashes(whole).slice(-34, -2));
});

test('SessionMemory forgets the conversation unused longest beyond its bound, and every one after a day', async () => {
  const { memory, clock } = open(3);
  const put = (sessionId: string) =>
    memory.remember(
      { sessionId, parentId: null, requestId: sessionId },
      last(promptOf(`${sessionId} x`), { atMs: clock.nowMs() }),
    );
  const knows = (sessionId: string) =>
    memory.recall({ sessionId, parentId: null }, promptOf(`${sessionId} x y`).cuts) !== null;
  for (const session of ['a', 'b', 'c', 'a', 'd']) put(session);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(knows), [true, false, true, true]);
  assert.equal(memory.size, 3);
  await clock.advance(86_400_001);
  put('e');
  assert.equal(memory.size, 1);
});
