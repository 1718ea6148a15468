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

const asItIs = (text: string) => text;
const REPLY = {
  id: 'm',
  type: 'message',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  usage: {},
};
/** Its only account speaks another dialect than OpenAI Chat. */
const FAR: BenchOptions = {
  accounts: [{ name: 'a', providerId: 'far' }],
  providers: { far: ['anthropic-messages'] },
};

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
  const [{ requestHeaders, ...bodies } = fail()] = kept;
  assert.deepEqual(bodies, {
    id: row.id,
    atMs: row.finishedAtMs,
    request: body,
    upstreamRequest: body.replace('sonnet', 'claude-sonnet-4-5-20250929'),
    reply: text,
    isCut: false,
  });
  assert.equal(JSON.parse(requestHeaders ?? '')['content-type'], 'application/json');
});

function fail(): never {
  throw new Error('nothing was kept');
}

gatewayTest(
  'handleExchange() keeps what the provider got where that is not what the client sent',
  async () => {
    const { bench, kept } = keeping(() => jsonAnswer(200, REPLY), FAR);
    await bench.send({ path: CHAT.path, body: CHAT.body.replace('"stream":true,', '') });
    await bench.clock.advance(0);
    assert.equal(kept[0]?.upstreamRequest, bench.calls[0]?.body);
    assert.match(kept[0]?.upstreamRequest ?? '', /"model":"far-model"/);
  },
);

gatewayTest('handleExchange() keeps what the last account got, cut and without secrets', async () => {
  const { bench, kept } = keeping(() => jsonAnswer(200, REPLY), FAR, { maxKb: 1 });
  const text = `sk-ant-api03-${'k'.repeat(80)} ${'x'.repeat(2_000)}`;
  await bench.send({
    path: CHAT.path,
    body: JSON.stringify({ model: 'sonnet', max_tokens: 9, messages: [{ role: 'user', content: text }] }),
  });
  await bench.clock.advance(0);
  const { upstreamRequest, isCut } = kept[0] ?? fail();
  assert.equal(isCut, true);
  assert.ok((upstreamRequest?.length ?? 9_999) <= 1_024);
  assert.doesNotMatch(upstreamRequest ?? '', /kkkkkkkk/);
});

gatewayTest(
  "handleExchange() keeps the names of the client's headers, and no secret among them",
  async () => {
    const { bench, kept } = keeping(() => message());
    await bench.send({
      headers: {
        'x-own': 'hunter2hunter2',
        cookie: 'a=hunter2hunter2',
        'user-agent': 'sk-hunter2hunter2 v1',
      },
    });
    await bench.clock.advance(0);
    const text = kept[0]?.requestHeaders ?? '';
    const headers = JSON.parse(text);
    assert.doesNotMatch(text, /hunter2/);
    assert.doesNotMatch(text, /ada-0123456789/);
    assert.deepEqual(
      [headers['x-own'], headers.cookie, headers['user-agent']],
      ['•••', '•••', '[redacted] v1'],
    );
  },
);

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
  const { bench, kept } = keeping(() => jsonAnswer(200, REPLY), FAR);
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

const NOTHING_ELSE = { upstreamRequest: null, requestHeaders: '{}' };

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
    assert.deepEqual(copy.texts(asItIs), { ...NOTHING_ELSE, ...texts });
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
  assert.deepEqual(copy.texts(asItIs), { ...NOTHING_ELSE, request: 'abc', reply: 'é', isCut: false });
});

test('BodyCopy keeps what was sent only while it is something else, at most 4 bytes of it', () => {
  const copy = new BodyCopy(4);
  const request = bytes('abc');
  copy.sawRequest(request);
  copy.sawUpstream(bytes('other'));
  assert.equal(copy.texts(asItIs).upstreamRequest, 'othe');
  assert.equal(copy.texts(asItIs).isCut, true);
  copy.sawUpstream(request);
  assert.equal(copy.texts(asItIs).upstreamRequest, null);
});
