// Embeddings on the straight path: where they go and what they say of usage.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openaiEmbeddings } from '../../../server/wire/openai-embeddings/dialect.ts';
import { NO_USAGE, UsageTally } from '../../../server/wire/usage.ts';

for (const [raw, inputTokens, flags] of [
  [{ prompt_tokens: 8, total_tokens: 8 }, 8, []],
  [{ total_tokens: 8 }, 8, []],
  [{ prompt_tokens: 8, total_tokens: 9 }, 8, ['total-mismatch']],
  [{ prompt_tokens: -8 }, null, ['absurd-count']],
] as const) {
  test(`readUsage() takes all tokens of ${JSON.stringify(raw)} for input`, () => {
    const tally = new UsageTally(openaiEmbeddings.readUsage);
    tally.see(raw);
    assert.deepEqual(tally.usage, { ...NO_USAGE, inputTokens });
    assert.deepEqual(tally.flags, flags);
  });
}

test('upstreamPath() is the one of embeddings', () => {
  const call = { kind: 'embed', upstreamModel: 'text-embedding-3-small', isBatch: false } as const;
  assert.equal(openaiEmbeddings.upstreamPath(call), '/v1/embeddings');
});

test('readReply() and readError() read whole replies', () => {
  const usage = { prompt_tokens: 8, total_tokens: 8 };
  assert.deepEqual(openaiEmbeddings.readReply({ object: 'list', data: [], usage }), { usage, pins: [] });
  assert.equal(
    openaiEmbeddings.readError({ error: { type: 'invalid_request_error', message: 'x' } }, 400)?.status,
    400,
  );
});

test('watchStream() sees nothing and is never cut off', () => {
  const watch = openaiEmbeddings.watchStream();
  watch.see({ event: '', data: '{' });
  assert.deepEqual([watch.isComplete, watch.error, watch.parseErrors], [true, null, 0]);
});
