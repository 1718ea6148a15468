// Requests that name or carry what one account made go there, to its cache domain, or nowhere.

import assert from 'node:assert/strict';
import test from 'node:test';
import { lastTexts } from '../../server/gateway/pinning.ts';
import type { Surface } from '../../server/wire/surface.ts';
import { RESPONSES } from './dialogues.ts';
import {
  anthropicError,
  type BenchOptions,
  BOB_KEY,
  createBench,
  gatewayTest,
  jsonAnswer,
  stream,
} from './fixture.ts';

const EVERY: readonly Surface[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'];

/** Accounts a and b share a cache domain; c stands alone, d at another provider under the same domain's name. */
const POOL: BenchOptions = {
  accounts: [
    { name: 'a', providerId: 'omni', cacheDomain: 'org' },
    { name: 'b', providerId: 'omni', cacheDomain: 'org' },
    { name: 'c', providerId: 'omni' },
    { name: 'd', providerId: 'duo', cacheDomain: 'org' },
  ],
  providers: { omni: EVERY, duo: EVERY },
};
const PATHS = {
  anthropic: '/v1/messages',
  responses: '/v1/responses',
  gemini: '/v1beta/models/claude-sonnet-4-5:generateContent',
} as const;
const SIGNATURE = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h';
const FILE = 'https://generativelanguage.googleapis.com/v1beta/files/abc';

interface Pinned {
  what: string;
  surface: keyof typeof PATHS;
  value: string;
  body: (value: string) => object;
}
const PINNED: readonly Pinned[] = [
  {
    what: 'an earlier response',
    surface: 'responses',
    value: 'resp_1',
    body: (id) => ({ input: 'go on', previous_response_id: id }),
  },
  {
    what: 'a conversation',
    surface: 'responses',
    value: 'conv_1',
    body: (id) => ({ input: 'go on', conversation: id }),
  },
  {
    what: 'a conversation as an object',
    surface: 'responses',
    value: 'conv_1',
    body: (id) => ({ input: 'go on', conversation: { id } }),
  },
  {
    what: 'a file',
    surface: 'responses',
    value: 'file-0123456789abc',
    body: (id) => ({ input: [{ role: 'user', content: [{ type: 'input_file', file_id: id }] }] }),
  },
  {
    what: 'a file of Anthropic',
    surface: 'anthropic',
    value: 'file_0123456789abc',
    body: (id) => ({
      max_tokens: 9,
      messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: id } }] }],
    }),
  },
  {
    what: 'a cached content',
    surface: 'gemini',
    value: 'cachedContents/x',
    body: (id) => ({ contents: [], cachedContent: id }),
  },
  {
    what: 'a file of Gemini',
    surface: 'gemini',
    value: FILE,
    body: (fileUri) => ({ contents: [{ role: 'user', parts: [{ fileData: { fileUri } }] }] }),
  },
];
const REASONING: readonly Pinned[] = [
  {
    what: 'a signature',
    surface: 'anthropic',
    value: SIGNATURE,
    body: (signature) => ({
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'h"m', signature }] },
      ],
    }),
  },
  {
    what: 'encrypted reasoning',
    surface: 'responses',
    value: 'gAAAAABo',
    body: (text) => ({ input: [{ type: 'reasoning', summary: [], encrypted_content: text }] }),
  },
  {
    what: 'a thought signature',
    surface: 'gemini',
    value: 'CsQBAVKh',
    body: (thoughtSignature) => ({ contents: [{ role: 'model', parts: [{ text: 'x', thoughtSignature }] }] }),
  },
];

const sent = ({ surface, value, body }: Pinned) => ({
  path: PATHS[surface],
  body: JSON.stringify({ model: 'claude-sonnet-4-5', ...body(value) }),
});
const accountsOf = (bench: { calls: readonly { account: string }[] }) =>
  [...new Set(bench.calls.map(({ account }) => account))].sort().join('');

for (const pinned of [...PINNED, ...REASONING]) {
  gatewayTest(`handleExchange() sends ${pinned.what} to who made it (${pinned.surface})`, async () => {
    const bench = createBench(() => jsonAnswer(200, {}), POOL);
    bench.parts.pins.remember('key:ada', pinned.value, 'c');
    // Its conversation is bound to another account: what is named goes before what is warm.
    const unpinned = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 9, contents: [], input: 'hi' });
    await bench.send({ path: PATHS[pinned.surface], body: unpinned });
    assert.equal(accountsOf(bench), 'a');
    for (const session of [undefined, '1', '2', '3']) {
      const reply = await bench.send({ ...sent(pinned), ...(session === undefined ? {} : { session }) });
      assert.equal(reply.status, 200);
    }
    assert.equal(bench.calls.map(({ account }) => account).join(''), 'acccc');
  });

  gatewayTest(
    `handleExchange() sends ${pinned.what} to its maker's cache domain and nowhere else (${pinned.surface})`,
    async () => {
      const bench = createBench(() => anthropicError(500, 'api_error'), POOL);
      bench.parts.pins.remember('key:ada', pinned.value, 'a');
      await bench.send(sent(pinned));
      assert.equal(accountsOf(bench), 'ab');
    },
  );

  gatewayTest(
    `handleExchange() refuses ${pinned.what} whose maker serves the model no more (${pinned.surface})`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, {}), POOL);
      bench.parts.pins.remember('key:ada', pinned.value, 'gone');
      const reply = await bench.send(sent(pinned));
      assert.deepEqual(
        [reply.status, reply.row.errorCode, reply.row.outcome, bench.calls.length],
        [400, 'pinned-elsewhere', 'rejected', 0],
      );
    },
  );
}

for (const pinned of PINNED) {
  gatewayTest(
    `handleExchange() refuses ${pinned.what} that it does not know, in words (${pinned.surface})`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, {}), POOL);
      const reply = await bench.send(sent(pinned));
      assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [400, 'pinned-elsewhere', 0]);
      assert.ok(reply.row.errorMessage?.includes(`"${pinned.value}" was not made through this gateway`));
    },
  );

  gatewayTest(
    `handleExchange() never lets one tenant use ${pinned.what} of another (${pinned.surface})`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, {}), POOL);
      bench.parts.pins.remember('key:ada', pinned.value, 'c');
      const reply = await bench.send({ ...sent(pinned), key: BOB_KEY });
      assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [400, 'pinned-elsewhere', 0]);
    },
  );

  gatewayTest(
    `handleExchange() leaves ${pinned.what} to the only account that could know it (${pinned.surface})`,
    async () => {
      const others: Surface[] = EVERY.filter((surface) => !surface.includes(pinned.surface));
      const bench = createBench(() => jsonAnswer(200, {}), {
        accounts: [
          { name: 'c', providerId: 'omni' },
          { name: 'd', providerId: 'duo' },
        ],
        providers: { omni: EVERY, duo: others },
      });
      for (let round = 0; round < 3; round += 1) assert.equal((await bench.send(sent(pinned))).status, 200);
      assert.equal(accountsOf(bench), 'c');
    },
  );
}

for (const pinned of REASONING) {
  gatewayTest(
    `handleExchange() leaves ${pinned.what} of unknown origin to the provider (${pinned.surface})`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, {}), POOL);
      bench.parts.pins.remember('key:bob', pinned.value, 'c');
      for (const session of ['1', '2', '3', '4']) {
        assert.equal((await bench.send({ ...sent(pinned), session })).status, 200);
      }
      assert.equal(accountsOf(bench), 'abcd');
    },
  );
}

gatewayTest("handleExchange() takes a tool's own file name for no file", async () => {
  const bench = createBench(() => jsonAnswer(200, {}), POOL);
  const body = JSON.stringify({
    model: 'claude-sonnet-4-5',
    max_tokens: 9,
    messages: [
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 't', name: 'open', input: { file_id: 'notes.txt' } }],
      },
      { role: 'user', content: 'the text "file_id":"file_0123456789abc" is no field' },
    ],
  });
  assert.equal((await bench.send({ body })).status, 200);
});

gatewayTest(
  'handleExchange() remembers who made a stored response, streamed or not, for its tenant',
  async () => {
    const response = { id: 'resp_9', object: 'response', status: 'completed', output: [] };
    const bench = createBench(({ body }) => {
      if (body.includes('previous')) return jsonAnswer(200, response);
      return body.includes('"stream":true')
        ? stream([RESPONSES.start + RESPONSES.text + RESPONSES.end])
        : jsonAnswer(200, response);
    }, POOL);
    const { path } = RESPONSES;
    await bench.send({ path, body: JSON.stringify({ model: 'claude-sonnet-4-5', input: 'hi' }) });
    await bench.send({ path, body: RESPONSES.body });
    const makers = bench.calls.map(({ account }) => account);
    for (const [at, id] of ['resp_9', 'resp_1'].entries()) {
      const body = JSON.stringify({ model: 'claude-sonnet-4-5', input: 'x', previous_response_id: id });
      const reply = await bench.send({ path, body });
      assert.equal(reply.status, 200);
      const maker = makers[at] ?? '';
      const went = bench.calls.at(-1)?.account ?? '';
      assert.ok(
        ['a', 'b'].includes(maker) ? ['a', 'b'].includes(went) : went === maker,
        `${maker} → ${went}`,
      );
      assert.equal((await bench.send({ path, body, key: BOB_KEY })).status, 400);
    }
  },
);

gatewayTest('handleExchange() remembers nothing of a response that is not kept', async () => {
  const bench = createBench(
    () => jsonAnswer(200, { id: 'resp_9', object: 'response', store: false, output: [] }),
    POOL,
  );
  await bench.send({
    path: RESPONSES.path,
    body: JSON.stringify({ model: 'claude-sonnet-4-5', input: 'hi' }),
  });
  assert.equal(bench.parts.pins.size, 0);
});

const TEXTS: readonly [json: string, texts: readonly string[]][] = [
  ['{"a":1}', []],
  ['{"signature":"x"}', ['x']],
  ['{ "signature" \n:\t"x" }', ['x']],
  ['[{"signature":"first"},{"signature":"last"}]', ['last', 'first']],
  ['{"signature":"with \\"quotes\\" and \\\\"}', ['with "quotes" and \\']],
  ['{"signature":"h\\u00e9"}', ['hé']],
  ['{"signature":"é漢"}', ['é漢']],
  ['{"signature":7,"x":"signature"}', []],
  ['{"text":"\\"signature\\":\\"no\\""}', []],
  ['{"signature":"unfinished', []],
  ['{"signature":""}', ['']],
  [
    JSON.stringify(Array.from({ length: 12 }, (_, at) => ({ signature: `${at}` }))),
    ['11', '10', '9', '8', '7', '6', '5', '4'],
  ],
];
for (const [json, texts] of TEXTS) {
  test(`lastTexts() finds ${JSON.stringify(texts)} in ${JSON.stringify(json.slice(0, 60))}`, () => {
    assert.deepEqual(lastTexts(new TextEncoder().encode(json), 'signature'), texts);
  });
}
