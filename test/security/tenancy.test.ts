// What one caller makes steers no other: bindings, pins and stored replies answer to the API key that made them.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ADA_KEY,
  type Bench,
  BOB_KEY,
  createBench,
  jsonAnswer,
  type SendOptions,
} from '../gateway/fixture.ts';

const SIGNATURE = `EuYBCkQYAiJA${'signature'.repeat(12)}`;
const FILE_ID = 'file_011CNha8iCJcU1wXNR6q4V8w';

function openBench(): Bench {
  return createBench(() =>
    jsonAnswer(200, {
      type: 'message',
      content: [{ type: 'thinking', thinking: 'hm', signature: SIGNATURE }],
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
  );
}

function withThinking(key: string): SendOptions {
  const content = [{ type: 'thinking', thinking: 'hm', signature: SIGNATURE }];
  return {
    key,
    body: bodyOf([
      { role: 'assistant', content },
      { role: 'user', content: 'go on' },
    ]),
  };
}

function withFile(key: string): SendOptions {
  const content = [{ type: 'document', source: { type: 'file', file_id: FILE_ID } }];
  return { key, body: bodyOf([{ role: 'user', content }]) };
}

function bodyOf(messages: object[]): string {
  return JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 1, messages });
}

/** Accounts that took a request sent so many times. */
async function accountsOf(bench: Bench, sent: SendOptions, times = 6): Promise<Set<string>> {
  const from = bench.calls.length;
  for (let count = 0; count < times; count += 1) await bench.send(sent);
  return new Set(bench.calls.slice(from).map(({ account }) => account));
}

test("handleExchange binds a session to its API key, so that nobody is steered by another's session id", async () => {
  const bench = openBench();
  const session = 'the-same-session-id';
  const ada = await accountsOf(bench, { key: ADA_KEY, session });
  const bob = await accountsOf(bench, { key: BOB_KEY, session });
  assert.deepEqual([ada.size, bob.size], [1, 1]);
  assert.notDeepEqual(ada, bob);
  assert.deepEqual(await accountsOf(bench, { key: ADA_KEY, session }), ada);
  const sessionIds = new Set(bench.rows.map(({ sessionId }) => sessionId));
  assert.equal(sessionIds.size, 2, 'the same session id of two callers is stored as two');
});

test('handleExchange sends reasoning back to its maker for the caller it was given to, and for nobody else', async () => {
  const bench = openBench();
  const [maker] = await accountsOf(bench, { key: ADA_KEY }, 1);
  for (let count = 0; count < 4; count += 1) {
    // Another session each time, so that no binding does it.
    const sent = { ...withThinking(ADA_KEY), session: `ada ${count}` };
    assert.deepEqual(await accountsOf(bench, sent, 1), new Set([maker]));
  }
  // He is next in turn, whoever made the reasoning that he has got hold of.
  const bobs = await accountsOf(bench, withThinking(BOB_KEY), 1);
  assert.ok(maker !== undefined && !bobs.has(maker), [...bobs].join());
});

test('handleExchange finds a file for the caller whose account keeps it, and for nobody else', async () => {
  const bench = openBench();
  bench.parts.pins.remember('key:ada', FILE_ID, 'c');
  assert.deepEqual(await accountsOf(bench, withFile(ADA_KEY)), new Set(['c']));
  const from = bench.calls.length;
  const { status, text } = await bench.send(withFile(BOB_KEY));
  assert.equal(status, 400, text);
  assert.equal(bench.calls.length, from);
});

for (const method of ['GET', 'DELETE']) {
  test(`handleExchange answers ${method} of another caller's stored response as if there were none`, async () => {
    const bench = openBench();
    const path = '/v1/responses/resp_0123456789abcdef';
    bench.parts.pins.remember('key:ada', 'resp_0123456789abcdef', 'a');
    const known = await bench.send({ key: BOB_KEY, method, path });
    const unknown = await bench.send({ key: BOB_KEY, method, path: '/v1/responses/resp_ffffffffffffffff' });
    assert.equal(known.status, 404);
    assert.equal(
      known.text.replaceAll('resp_0123456789abcdef', 'ID'),
      unknown.text.replaceAll('resp_ffffffffffffffff', 'ID'),
    );
    assert.equal(bench.calls.length, 0);
  });
}

test('handleExchange gives anonymous callers with different credentials different tenants', async () => {
  const bench = createBench(() => jsonAnswer(200, { type: 'message', content: [] }), {
    settings: { requireApiKey: false },
  });
  const session = 'shared';
  const first = await accountsOf(bench, { key: 'unknown-key-1', session });
  const second = await accountsOf(bench, { key: 'unknown-key-2', session });
  assert.deepEqual([first.size, second.size], [1, 1]);
  assert.notDeepEqual(first, second);
});
