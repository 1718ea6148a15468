// Bodies of generateContent as neutral requests, golden files first.

import assert from 'node:assert/strict';
import test from 'node:test';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import { type Loss, LossList } from '../../../server/wire/losses.ts';
import { WireError } from '../../../server/wire/scan.ts';
import { casesWith, decodeRequest, jsonOf, modelOf, noting } from './fixtures.ts';

const cases = casesWith('request.json');

test('the golden requests are all here', () => assert.ok(cases.length >= 7));

for (const name of cases) {
  test(`geminiCodec.decodeRequest() reads the golden request "${name}"`, () => {
    assert.deepEqual(
      decodeRequest(jsonOf(name, 'request.json'), modelOf(name)),
      jsonOf(name, 'request.neutral.json'),
    );
  });

  test(`geminiCodec.encodeRequest() gives back the golden request "${name}"`, () => {
    const { losses, lose } = noting();
    const request = decodeRequest(jsonOf(name, 'request.json'), modelOf(name));
    const encoded: unknown = JSON.parse(JSON.stringify(geminiCodec.encodeRequest(request, lose)));
    assert.deepEqual(losses, []);
    assert.deepEqual(decodeRequest(encoded, modelOf(name)), request);
  });
}

test('geminiCodec.decodeRequest() reads a level of thinking in either case', () => {
  for (const thinkingLevel of ['low', 'LOW']) {
    const request = decodeRequest({ contents: [], generationConfig: { thinkingConfig: { thinkingLevel } } });
    assert.deepEqual(request.reasoning, {
      isEnabled: true,
      effort: 'low',
      budgetTokens: null,
      isVisible: false,
    });
  }
});

const parts = (...list: object[]) => ({ contents: [{ parts: list }] });
const DECODING_LOSSES: [string, object, Loss[]][] = [
  ['a kept cache', { contents: [], cachedContent: 'cachedContents/1' }, ['kept-cache']],
  [
    'labels, tiers and storing',
    { contents: [], labels: { a: 'b' }, serviceTier: 'flex', store: true },
    ['metadata', 'service-tier', 'store'],
  ],
  ['several answers', { contents: [], generationConfig: { candidateCount: 2 } }, ['several-choices']],
  [
    'log probabilities',
    { contents: [], generationConfig: { responseLogprobs: true, logprobs: 3 } },
    ['logprobs'],
  ],
  [
    'pictures as answers',
    { contents: [], generationConfig: { responseModalities: ['TEXT', 'IMAGE'] } },
    ['output-modality'],
  ],
  [
    'tools that run at Google',
    { contents: [], tools: [{ googleSearch: {} }, { code_execution: {} }] },
    ['server-tool', 'server-tool'],
  ],
  [
    'traces of such tools',
    parts({ executableCode: { code: '1' } }, { codeExecutionResult: {} }),
    ['server-tool', 'server-tool'],
  ],
  [
    'validated calls',
    { contents: [], toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } } },
    ['tool-strictness'],
  ],
  ['videos', parts({ inlineData: { mimeType: 'video/mp4', data: 'AA==' } }), ['media-type']],
  ['buckets', parts({ fileData: { mimeType: 'image/png', fileUri: 'gs://bucket/x.png' } }), ['media-url']],
  [
    'sound behind a URL',
    parts({ fileData: { mimeType: 'audio/mp3', fileUri: 'https://example.com/x.mp3' } }),
    ['audio'],
  ],
  [
    'how media are sampled',
    parts({ inlineData: { mimeType: 'image/png', data: 'AA==' }, mediaResolution: { level: 'LOW' } }),
    ['image-detail'],
  ],
  ['parts of unknown kind', parts({ hologram: {} }), ['unknown-block']],
  [
    'unknown fields, but for null ones',
    { contents: [], wish: 1, nothing: null, generationConfig: { wish: 1 } },
    ['unknown-field', 'unknown-field'],
  ],
];

for (const [name, body, expected] of DECODING_LOSSES) {
  test(`geminiCodec.decodeRequest() notes ${name}`, () => {
    const { losses, lose } = noting();
    decodeRequest(body, 'x', lose);
    assert.deepEqual(losses, expected);
  });
}

test('geminiCodec.decodeRequest() refuses what would change the answer, naming where', () => {
  const { lose } = new LossList();
  assert.throws(
    () =>
      decodeRequest({ contents: [], tools: [{ functionDeclarations: [] }, { googleSearch: {} }] }, 'x', lose),
    (error) =>
      error instanceof WireError &&
      error.code === 'cannot-translate' &&
      error.path === 'tools[1].googleSearch',
  );
});

const INVALID: [unknown, string | null][] = [
  [[], null],
  [{}, 'contents'],
  [{ contents: 'Hi' }, 'contents'],
  [{ contents: [1] }, 'contents[0]'],
  [{ contents: [{ role: 'assistant', parts: [] }] }, 'contents[0].role'],
  [parts({ text: 1 }), 'contents[0].parts[0].text'],
  [{ contents: [{ parts: [null] }] }, 'contents[0].parts[0]'],
  [parts({ functionResponse: { response: {} } }), 'contents[0].parts[0].functionResponse.name'],
  [
    parts({ functionResponse: { name: 'f', response: 'text' } }),
    'contents[0].parts[0].functionResponse.response',
  ],
  [parts({ inlineData: { data: 'AA==' } }), 'contents[0].parts[0].inlineData.mimeType'],
  [{ contents: [], generationConfig: { temperature: 'hot' } }, 'generationConfig.temperature'],
  [{ contents: [], generationConfig: { stopSequences: [1] } }, 'generationConfig.stopSequences[0]'],
  [
    { contents: [], generationConfig: { responseMimeType: 'text/x.enum' } },
    'generationConfig.responseMimeType',
  ],
  [{ contents: [], systemInstruction: 'You are a cat.' }, 'systemInstruction'],
  [
    { contents: [], tools: [{ functionDeclarations: [{ description: 'x' }] }] },
    'tools[0].functionDeclarations[0].name',
  ],
  [
    { contents: [], toolConfig: { functionCallingConfig: { mode: 'SOMETIMES' } } },
    'toolConfig.functionCallingConfig.mode',
  ],
];

for (const [body, path] of INVALID) {
  test(`geminiCodec.decodeRequest() names what is wrong in ${JSON.stringify(body)}`, () => {
    assert.throws(
      () => decodeRequest(body),
      (error) =>
        error instanceof WireError &&
        error.code === 'invalid-field' &&
        error.path === path &&
        error.message.startsWith('Cannot read the request: '),
    );
  });
}

const RESPONSES: [object, string, boolean][] = [
  [{ output: 'x' }, 'x', false],
  [{ output: { a: 1 } }, '{"a":1}', false],
  [{ error: 'x' }, 'x', true],
  [{ output: 'x', error: 'y' }, '{"output":"x","error":"y"}', false],
  [{ content: 'x' }, '{"content":"x"}', false],
  [{ name: 'f', content: 'x' }, 'x', false],
  [{ name: 'f', error: 'x' }, 'x', true],
  [{ name: 'other', content: 'x' }, '{"name":"other","content":"x"}', false],
  [{ name: 'f' }, '{"name":"f"}', false],
];

for (const [response, expected, isError] of RESPONSES) {
  test(`geminiCodec.decodeRequest() reads the function response ${JSON.stringify(response)}`, () => {
    const [block] =
      decodeRequest(parts({ functionResponse: { name: 'f', response } })).messages[0]?.blocks ?? [];
    assert.ok(block?.kind === 'tool-result');
    assert.deepEqual(
      [block.blocks, block.isError],
      [[{ kind: 'text', text: expected, breakpoint: null }], isError],
    );
  });
}

test('geminiCodec.decodeRequest() narrows the tools down to the allowed ones', () => {
  const functionDeclarations = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  const toolConfig = { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['c', 'a'] } };
  const request = decodeRequest({ contents: [], tools: [{ functionDeclarations }], toolConfig });
  assert.deepEqual(request.toolChoice, { kind: 'required' });
  assert.deepEqual(
    request.tools.map(({ name }) => name),
    ['a', 'c'],
  );
});

test('geminiCodec.decodeRequest() matches results without ids to their calls by name, in order', () => {
  const functionCall = (name: string) => ({ functionCall: { name, args: {} } });
  const functionResponse = (name: string) => ({ functionResponse: { name, response: {} } });
  const { messages } = decodeRequest({
    contents: [
      { role: 'model', parts: [functionCall('a'), functionCall('b'), functionCall('a')] },
      { role: 'function', parts: [functionResponse('b'), functionResponse('a'), functionResponse('a')] },
      { role: 'user', parts: [functionResponse('lost')] },
    ],
  });
  const ids = messages.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'tool-result' ? [block.callId] : [])),
  );
  assert.deepEqual(ids, ['call_0_1', 'call_0_0', 'call_0_2', 'call_2_0']);
});

test('geminiCodec.decodeRequest() takes stand-in signatures for none', () => {
  const part = {
    functionCall: { name: 'f', args: {} },
    thought_signature: 'context_engineering_is_the_way_to_go',
  };
  const [block] = decodeRequest({ contents: [{ role: 'model', parts: [part] }] }).messages[0]?.blocks ?? [];
  assert.ok(block?.kind === 'tool-call');
  assert.equal(block.seal, null);
});
