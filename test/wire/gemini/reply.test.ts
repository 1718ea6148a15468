// Whole replies of Gemini into the neutral model and out of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatReply, StopReason } from '../../../server/wire/chat.ts';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import { listAt, objectAt } from '../../../server/wire/json.ts';
import { WireError } from '../../../server/wire/scan.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { casesWith, jsonOf, replyContext } from './fixtures.ts';

const cases = casesWith('reply.json');

test('the golden replies are all here', () => assert.ok(cases.length >= 6));

for (const name of cases) {
  test(`geminiCodec.decodeReply() reads the golden reply "${name}"`, () => {
    assert.deepEqual(geminiCodec.decodeReply(jsonOf(name, 'reply.json')), jsonOf(name, 'reply.neutral.json'));
  });

  test(`geminiCodec.encodeReply() gives back the golden reply "${name}"`, () => {
    const reply = geminiCodec.decodeReply(jsonOf(name, 'reply.json'));
    const encoded: unknown = JSON.parse(JSON.stringify(geminiCodec.encodeReply(reply, replyContext())));
    assert.deepEqual(geminiCodec.decodeReply(encoded), reply);
  });
}

const REASONS: [string, StopReason][] = [
  ['STOP', 'end'],
  ['FINISH_REASON_UNSPECIFIED', 'end'],
  ['MAX_TOKENS', 'max-tokens'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['LANGUAGE', 'content-filter'],
  ['OTHER', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'end'],
];

for (const [finishReason, stop] of REASONS) {
  test(`geminiCodec.decodeReply() takes ${finishReason} for ${stop}`, () => {
    assert.equal(geminiCodec.decodeReply({ candidates: [{ finishReason }] }).stop, stop);
  });
}

const reply = (blocks: Block[], stop: StopReason): ChatReply => ({
  id: 'r1',
  blocks,
  stop,
  stopSequence: null,
  usage: NO_USAGE,
});
const call = (text: string): Block => ({
  kind: 'tool-call',
  id: 'c1',
  name: 'f',
  arguments: text,
  seal: null,
  breakpoint: null,
});

const STOPS: [StopReason, Block[], string][] = [
  ['end', [], 'STOP'],
  ['stop-sequence', [], 'STOP'],
  ['tool-calls', [call('{}')], 'STOP'],
  ['tool-calls', [call('{"a":')], 'MALFORMED_FUNCTION_CALL'],
  ['max-tokens', [call('{"a":')], 'MAX_TOKENS'],
  ['refusal', [], 'SAFETY'],
  ['content-filter', [], 'SAFETY'],
];

for (const [stop, blocks, finishReason] of STOPS) {
  test(`geminiCodec.encodeReply() ends ${stop} after ${JSON.stringify(blocks.map((block) => (block.kind === 'tool-call' ? block.arguments : '')))} by ${finishReason}`, () => {
    const parts =
      finishReason === 'STOP' && blocks.length > 0
        ? [{ functionCall: { id: 'c1', name: 'f', args: {} } }]
        : [{ text: '' }];
    assert.deepEqual(geminiCodec.encodeReply(reply(blocks, stop), replyContext()), {
      candidates: [{ content: { parts, role: 'model' }, finishReason, index: 0 }],
      usageMetadata: {},
      modelVersion: 'my-model',
      responseId: 'r1',
    });
  });
}

test('geminiCodec.encodeReply() shows thoughts only to who asked for them, and no signature of others', () => {
  const seal = { surface: 'anthropic-messages', value: 'x', id: null } as const;
  const thinking = reply(
    [
      { kind: 'thinking', text: 'Hm', seal },
      { kind: 'refusal', text: 'No.' },
    ],
    'refusal',
  );
  const partsFor = (request: object) => {
    const [candidate] = listAt(geminiCodec.encodeReply(thinking, replyContext(request)), 'candidates');
    return listAt(objectAt(candidate, 'content'), 'parts');
  };
  assert.deepEqual(partsFor({}), [{ text: 'No.' }]);
  assert.deepEqual(partsFor({ generationConfig: { thinkingConfig: { includeThoughts: true } } }), [
    { text: 'Hm', thought: true },
    { text: 'No.' },
  ]);
});

test('geminiCodec.encodeReply() states usage the way Gemini counts', () => {
  const usage = {
    ...NO_USAGE,
    inputTokens: 120,
    cacheReadTokens: 100,
    outputTokens: 42,
    reasoningTokens: 12,
    audioInputTokens: 7,
  };
  const encoded = geminiCodec.encodeReply({ ...reply([], 'end'), usage }, replyContext());
  assert.deepEqual(objectAt(encoded, 'usageMetadata'), {
    promptTokenCount: 120,
    candidatesTokenCount: 30,
    totalTokenCount: 162,
    cachedContentTokenCount: 100,
    promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 7 }],
    thoughtsTokenCount: 12,
  });
});

test('geminiCodec.decodeReply() makes ids that no two turns share', () => {
  const parts = [{ functionCall: { name: 'f' } }, { functionCall: { name: 'f' } }];
  const ids = ['r1', 'r2'].flatMap((responseId) =>
    geminiCodec
      .decodeReply({ responseId, candidates: [{ content: { parts } }] })
      .blocks.map((block) => (block.kind === 'tool-call' ? block.id : '')),
  );
  assert.deepEqual(ids, ['call_r1_0', 'call_r1_1', 'call_r2_0', 'call_r2_1']);
});

for (const body of [{}, [], null, { candidates: {} }, { error: { code: 500 } }]) {
  test(`geminiCodec.decodeReply() refuses ${JSON.stringify(body)}`, () => {
    assert.throws(() => geminiCodec.decodeReply(body), WireError);
  });
}

test('geminiCodec.decodeReply() says where a picture is missing, as its stream does', () => {
  const picture = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  const parts = [{ text: 'Here: ' }, picture, { executableCode: {} }];
  const reply = { candidates: [{ content: { parts }, finishReason: 'STOP' }] };
  const texts = geminiCodec
    .decodeReply(reply)
    .blocks.map((block) => (block.kind === 'text' ? block.text : null));
  assert.deepEqual(texts, [
    'Here: ',
    '[The model gave a file (image/png) here, which this API cannot carry.]',
  ]);
  const events = geminiCodec.streamDecoder().decode({ event: '', data: JSON.stringify(reply) });
  const told = events.flatMap((event) => (event.kind === 'text-delta' ? [event.text] : []));
  assert.deepEqual(told, texts);
});
