// What is kept of bodies for those who asked for it: cut, redacted, and only then.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BodyCopy, type KeptBodies } from '../../server/gateway/body-copy.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../server/gateway/ports.ts';
import { ANTHROPIC, CHAT, OMNI } from './dialogues.ts';
import {
  anthropicError,
  type BenchOptions,
  createBench,
  gatewayTest,
  jsonAnswer,
  message,
  type Upstream,
} from './fixture.ts';
import { LiveReply } from './live-reply.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function keeping(upstream: Upstream, options: BenchOptions = {}, bodyLog: Partial<Settings['bodyLog']> = {}) {
  const kept: KeptBodies[] = [];
  const bench = createBench(upstream, {
    ...options,
    settings: { bodyLog: { ...DEFAULT_SETTINGS.bodyLog, enabled: true, ...bodyLog } },
  });
  bench.parts.bodies = { append: (bodies) => kept.push(bodies) };
  return { bench, kept };
}

gatewayTest('handleExchange() keeps both bodies after the reply, under the id of the row', async () => {
  const { bench, kept } = keeping(() => message());
  const body = '{"model":"sonnet","max_tokens":9,"messages":[]}';
  const { text, row } = await bench.send({ body });
  await bench.clock.advance(0);
  assert.deepEqual(kept, [{ id: row.id, atMs: row.finishedAtMs, request: body, reply: text, isCut: false }]);
});

gatewayTest(
  'handleExchange() keeps a stream as the client got it, with the error that ended it, without comments',
  async () => {
    const reply = new LiveReply();
    const { bench, kept } = keeping(() => reply, OMNI);
    reply.say(ANTHROPIC.start + ANTHROPIC.text);
    const text = (await bench.open({ path: ANTHROPIC.path, body: ANTHROPIC.body })).text();
    await bench.clock.advance(15_000);
    reply.breakOff();
    const sent = await text;
    assert.match(sent, /: ping/);
    await bench.clock.advance(0);
    assert.equal(kept[0]?.reply, sent.replace(': ping\n\n', ''));
  },
);

gatewayTest('handleExchange() keeps a translated reply in the words of the client', async () => {
  const reply = {
    id: 'm',
    type: 'message',
    content: [{ type: 'text', text: 'hi' }],
    stop_reason: 'end_turn',
    usage: {},
  };
  const { bench, kept } = keeping(() => jsonAnswer(200, reply), {
    accounts: [{ name: 'a', providerId: 'far' }],
    providers: { far: ['anthropic-messages'] },
  });
  const { text } = await bench.send({ path: CHAT.path, body: CHAT.body.replace('"stream":true,', '') });
  await bench.clock.advance(0);
  assert.equal(kept[0]?.reply, text);
  assert.match(text, /chat\.completion/);
});

gatewayTest('handleExchange() keeps errors too, its own and those passed on', async () => {
  const { bench, kept } = keeping(() => anthropicError(400, 'invalid_request_error'));
  const passed = await bench.send();
  const own = await bench.send({ model: 'nope' });
  await bench.clock.advance(0);
  assert.deepEqual(
    kept.map(({ reply }) => reply),
    [passed.text, own.text],
  );
});

gatewayTest('handleExchange() cuts what it keeps and takes secrets out', async () => {
  const secret = `sk-ant-api03-${'k'.repeat(80)}`;
  const { bench, kept } = keeping(() => message({ note: 'y'.repeat(2_000) }), {}, { maxKb: 1 });
  await bench.send({ body: JSON.stringify({ model: 'sonnet', key: secret, padding: 'x'.repeat(2_000) }) });
  await bench.clock.advance(0);
  const [bodies] = kept;
  assert.equal(bodies?.isCut, true);
  assert.ok((bodies?.request.length ?? 9_999) <= 1_024 && (bodies?.reply.length ?? 9_999) <= 1_024);
  assert.match(bodies?.request ?? '', /^\{"model":"sonnet"/);
  assert.doesNotMatch(bodies?.request ?? '', /kkkkkkkk/);
});

for (const [name, bodyLog, hasStore] of [
  ['switched off', { enabled: false }, true],
  ['there is no store', {}, false],
] as const) {
  gatewayTest(`handleExchange() keeps nothing where ${name}`, async () => {
    const { bench, kept } = keeping(() => message(), {}, bodyLog);
    if (!hasStore) bench.parts.bodies = null;
    await bench.send();
    await bench.clock.advance(0);
    assert.equal(kept.length, 0);
  });
}

for (const { name, request, reply, texts } of [
  { name: 'short', request: 'ab', reply: ['cd'], texts: { request: 'ab', reply: 'cd', isCut: false } },
  {
    name: 'just full',
    request: 'abcd',
    reply: ['ab', 'cd'],
    texts: { request: 'abcd', reply: 'abcd', isCut: false },
  },
  { name: 'a long request', request: 'abcde', reply: [], texts: { request: 'abcd', reply: '', isCut: true } },
  {
    name: 'a long reply',
    request: '',
    reply: ['abc', 'def', 'ghi'],
    texts: { request: '', reply: 'abcd', isCut: true },
  },
]) {
  test(`BodyCopy keeps 4 bytes of each side: ${name}`, () => {
    const copy = new BodyCopy(4);
    copy.sawRequest(bytes(request));
    for (const piece of reply) copy.sawReply(bytes(piece));
    assert.deepEqual(copy.texts(), texts);
  });
}

test('BodyCopy puts a letter together that came in two pieces, and holds no memory of the pieces it saw', () => {
  const copy = new BodyCopy(100);
  const letter = bytes('é');
  copy.sawReply(letter.subarray(0, 1));
  copy.sawReply(letter.subarray(1));
  const request = bytes('abc');
  copy.sawRequest(request);
  request.fill(0);
  letter.fill(0);
  assert.deepEqual(copy.texts(), { request: 'abc', reply: 'é', isCut: false });
});
