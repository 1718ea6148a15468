// The words of each code of a miss, with its values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MISS_DETAIL_CODES,
  type MissDetailCode,
  missFacts,
  missWords,
} from '../../server/gateway/miss-facts.ts';

const WORDS: Record<MissDetailCode, [values: Parameters<typeof missFacts>[1], words: string]> = {
  'unused-for': [{ ms: 412_400 }, 'unused for 412 s'],
  'expired-ago': [{ ms: 3_600_000 }, 'expired 1 h 0 min ago'],
  'before-expiry': [{ ms: 280_000 }, '280 s before it would have expired'],
  'warm-on': [{ name: 'team-b' }, 'warm on team-b; the bound account was full'],
  'routed-away': [{}, 'the bound account was full'],
  tools: [{}, 'tools'],
  system: [{}, 'system'],
  message: [{ count: 0 }, 'message 0'],
  messages: [{ count: 14, upTo: 20 }, 'messages 14 to 20'],
  'model-was': [{ name: 'claude-opus' }, 'the model was claude-opus'],
  'setting-changed': [{}, 'a setting that the cache depends on'],
  'header-changed': [{}, 'a header that the cache depends on'],
  'prompt-too-short': [{ count: 4_096 }, 'the prompt is below 4096 tokens'],
  'beginning-too-short': [{ count: 1_024 }, 'what is the same is below 1024 tokens'],
  'too-many-blocks': [{ count: 20 }, 'more than 20 new blocks before a cache mark'],
  'nothing-cached': [{}, 'nothing was read or written'],
  'no-mark': [{}, 'no cache mark'],
  'beyond-mark': [{}, 'beyond the last cache mark'],
};

for (const code of MISS_DETAIL_CODES) {
  const [values, words] = WORDS[code];
  test(`missWords() says ${words}`, () =>
    assert.equal(missWords(missFacts(code, values), 'the bound account was full'), words));
}

test('missWords() says where it is warm when the binding is not why', () => {
  assert.equal(missWords(missFacts('warm-on', { name: 'team-b' }), null), 'warm on team-b');
});

test('missFacts() gives whole milliseconds, of a clock that was set back none', () => {
  assert.deepEqual(missFacts('unused-for', { ms: 412_000.6 }), {
    code: 'unused-for',
    ms: 412_001,
    count: null,
    upTo: null,
    name: null,
  });
  assert.equal(missFacts('expired-ago', { ms: -3 }).ms, 0);
});
