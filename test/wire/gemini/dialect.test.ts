// Gemini on the straight path: paths, usage, errors, pins and the watch over a stream.

import assert from 'node:assert/strict';
import test from 'node:test';
import { gemini } from '../../../server/wire/gemini/dialect.ts';
import { JsonArrayReader } from '../../../server/wire/json-array.ts';
import { SseReader } from '../../../server/wire/sse.ts';
import { NO_USAGE, type Usage, UsageTally } from '../../../server/wire/usage.ts';
import { bytesOf, jsonEvent, jsonOf } from './fixtures.ts';

const generate = {
  kind: 'generate',
  upstreamModel: 'gemini-2.5-flash',
  isStreamed: false,
  framing: 'sse',
} as const;

const PATHS: [string, Parameters<typeof gemini.upstreamPath>[0], string][] = [
  ['a whole reply', generate, '/v1beta/models/gemini-2.5-flash:generateContent'],
  [
    'events',
    { ...generate, isStreamed: true },
    '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
  ],
  [
    'an array',
    { ...generate, isStreamed: true, framing: 'json-array' },
    '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
  ],
  ['a resource name', { ...generate, upstreamModel: 'models/x' }, '/v1beta/models/x:generateContent'],
  ['a tuned model', { ...generate, upstreamModel: 'tunedModels/x' }, '/v1beta/tunedModels/x:generateContent'],
  [
    'a hostile name',
    { ...generate, upstreamModel: 'a/../b?c#d e' },
    '/v1beta/models/a%2F..%2Fb%3Fc%23d%20e:generateContent',
  ],
  ['a count', { kind: 'count-tokens', upstreamModel: 'x' }, '/v1beta/models/x:countTokens'],
  ['an embedding', { kind: 'embed', upstreamModel: 'x', isBatch: false }, '/v1beta/models/x:embedContent'],
  ['embeddings', { kind: 'embed', upstreamModel: 'x', isBatch: true }, '/v1beta/models/x:batchEmbedContents'],
];

for (const [name, call, path] of PATHS) {
  test(`gemini upstreamPath() leads to ${name}`, () => assert.equal(gemini.upstreamPath(call), path));
}

test('gemini credentialHeaders() sends keys and access tokens each in their own header', () => {
  assert.deepEqual(gemini.credentialHeaders('AIza-test'), { 'x-goog-api-key': 'AIza-test' });
  assert.deepEqual(gemini.credentialHeaders('ya29.test'), { authorization: 'Bearer ya29.test' });
});

const USAGES: [string, object, Partial<Usage>, number | null][] = [
  ['nothing', {}, {}, null],
  [
    'the cache as a part of the prompt, thoughts beside the answer',
    {
      promptTokenCount: 120,
      cachedContentTokenCount: 100,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 12,
      totalTokenCount: 162,
    },
    { inputTokens: 120, cacheReadTokens: 100, outputTokens: 42, reasoningTokens: 12 },
    162,
  ],
  [
    'results of tools that ran at Google as more input',
    { promptTokenCount: 10, toolUsePromptTokenCount: 90, candidatesTokenCount: 5, totalTokenCount: 105 },
    { inputTokens: 100, outputTokens: 5 },
    105,
  ],
  [
    'sound, without the part that was cached',
    {
      promptTokenCount: 100,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 40 },
        { modality: 'AUDIO', tokenCount: 60 },
      ],
      cachedContentTokenCount: 50,
      cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 50 }],
      candidatesTokenCount: 8,
      candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: 8 }],
      totalTokenCount: 108,
    },
    { inputTokens: 100, cacheReadTokens: 50, audioInputTokens: 10, outputTokens: 8, audioOutputTokens: 8 },
    108,
  ],
  [
    'thoughts of a reply that never got to its answer',
    { promptTokenCount: 9, thoughtsTokenCount: 64 },
    { inputTokens: 9, outputTokens: 64, reasoningTokens: 64 },
    null,
  ],
  [
    'no figure below zero or beyond belief',
    { promptTokenCount: -1, candidatesTokenCount: 1e18, totalTokenCount: '7' },
    {},
    null,
  ],
  [
    'the statistics of embeddings',
    { statistics: [{ tokenCount: 3 }, { tokenCount: 4 }] },
    { inputTokens: 7 },
    null,
  ],
];

for (const [name, raw, usage, total] of USAGES) {
  test(`gemini readUsage() counts ${name}`, () => {
    assert.deepEqual(gemini.readUsage(raw), {
      usage: { ...NO_USAGE, ...usage },
      totals: { input: null, output: null, total },
    });
  });
}

test('gemini readUsage() gives parts that re-sum to the stated total', () => {
  const sound = USAGES.filter(([, , , total]) => total !== null);
  const flags = sound.map(([, raw]) => {
    const tally = new UsageTally(gemini.readUsage);
    tally.see(raw);
    return tally.flags;
  });
  assert.deepEqual(
    flags,
    sound.map(() => []),
  );
  const tally = new UsageTally(gemini.readUsage);
  tally.see({ promptTokenCount: 5, candidatesTokenCount: 5, totalTokenCount: 11 });
  assert.deepEqual(tally.flags, ['total-mismatch']);
});

test('gemini readReply() finds usage and signatures, but no stand-ins', () => {
  assert.deepEqual(gemini.readReply(jsonOf('tools', 'reply.json')).pins, ['c2lnbmF0dXJlLUE=']);
  const parts = [{ functionCall: { name: 'f' }, thoughtSignature: 'skip_thought_signature_validator' }];
  assert.deepEqual(gemini.readReply({ candidates: [{ content: { parts } }] }), {
    usage: undefined,
    pins: [],
  });
  assert.deepEqual(
    gemini.readReply({ usageMetadata: { promptTokenCount: 3 }, embedding: { values: [1] } }).usage,
    { promptTokenCount: 3 },
  );
  assert.deepEqual(gemini.readReply({ embedding: { statistics: { tokenCount: 3 } } }).usage, {
    statistics: [{ tokenCount: 3 }],
  });
  assert.deepEqual(gemini.readReply({ totalTokens: 31 }), { usage: undefined, pins: [] });
  assert.deepEqual(gemini.readReply([]), { usage: undefined, pins: [] });
});

const rateLimit = (quotaId: string, message = 'You exceeded your current quota.') => ({
  error: {
    code: 429,
    message,
    status: 'RESOURCE_EXHAUSTED',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [
          { quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests', quotaId },
        ],
      },
      { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.074824224s' },
    ],
  },
});
const perMinute = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';
const perDay = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';

const ERRORS: [string, unknown, object | null][] = [
  [
    'a quota per minute and the wait',
    rateLimit(perMinute),
    { status: 429, retryAfterMs: 34_075, isQuota: false },
  ],
  ['a quota per day', rateLimit(perDay), { status: 429, retryAfterMs: 34_075, isQuota: true }],
  [
    'a limit of nothing',
    rateLimit(perMinute, 'Quota exceeded for metric: x, limit: 0, model: y'),
    { isQuota: true },
  ],
  [
    'no spent quota in a limit that begins with 0',
    rateLimit(perMinute, 'Quota exceeded, limit: 0.5'),
    { isQuota: false },
  ],
  ['the only element of an array', [rateLimit(perDay)], { type: 'RESOURCE_EXHAUSTED', isQuota: true }],
  [
    'a spent quota by its reason',
    {
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        details: [{ reason: 'QUOTA_EXHAUSTED' }, { retryDelay: '0.5s' }],
      },
    },
    { isQuota: true, retryAfterMs: 500 },
  ],
  [
    'a lack of capacity that is no spent quota',
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'MODEL_CAPACITY_EXHAUSTED' }] } },
    { isQuota: false, retryAfterMs: null },
  ],
  [
    'a status by its name',
    { error: { status: 'UNAVAILABLE', message: 'overloaded' } },
    { type: 'UNAVAILABLE', message: 'overloaded', status: 503 },
  ],
  ['an error that says nothing', { error: {} }, { type: 'UNKNOWN', status: 500 }],
  ['none in an answer', jsonOf('text', 'reply.json'), null],
  ['none in nonsense', 'error', null],
];

for (const [name, reply, expected] of ERRORS) {
  test(`gemini readError() sees ${name}`, () => {
    const seen = gemini.watchStream();
    seen.see(jsonEvent(reply));
    if (expected === null) assert.equal(seen.error, null);
    else assert.deepEqual({ ...seen.error, ...expected }, seen.error);
  });
}

test('gemini readError() keeps the HTTP status there was', () => {
  assert.equal(gemini.readError(rateLimit(perDay), 418)?.status, 418);
});

function watch(bytes: Uint8Array) {
  const seen = gemini.watchStream();
  for (const event of new SseReader().feed(bytes)) seen.see(event);
  return seen;
}

test('gemini watchStream() takes the last snapshot of usage, adding nothing', () => {
  const seen = watch(bytesOf('text', 'reply.sse'));
  assert.deepEqual(seen.tally.usage, { ...NO_USAGE, inputTokens: 8, outputTokens: 28, reasoningTokens: 22 });
  assert.deepEqual(seen.tally.flags, []);
  assert.deepEqual([seen.hasGenerated, seen.isComplete, seen.error, seen.parseErrors], [true, true, null, 0]);
});

test('gemini watchStream() knows the usage of a stream that was cut off', () => {
  const bytes = bytesOf('thinking', 'reply.sse');
  const text = new TextDecoder().decode(bytes);
  const cut = watch(new TextEncoder().encode(text.slice(0, text.indexOf('"thoughtSignature"'))));
  assert.deepEqual(
    [cut.isComplete, cut.tally.usage.outputTokens, cut.tally.usage.reasoningTokens],
    [false, 43, 40],
  );
  assert.deepEqual(cut.pins, []);
  assert.deepEqual(watch(bytes).pins, ['c2lnbmF0dXJlLUQ=']);
});

test('gemini watchStream() follows a stream that is an array', () => {
  const seen = gemini.watchStream();
  for (const event of new JsonArrayReader().feed(bytesOf('text', 'reply.array.json'))) seen.see(event);
  assert.deepEqual([seen.isComplete, seen.parseErrors, seen.tally.usage.outputTokens], [true, 0, 28]);
});

test('gemini watchStream() takes a blocked prompt for a complete answer', () => {
  const seen = watch(bytesOf('blocked-prompt', 'reply.sse'));
  assert.deepEqual([seen.hasGenerated, seen.isComplete, seen.tally.usage.inputTokens], [true, true, 5]);
});

test('gemini watchStream() sees an error after some text', () => {
  const seen = watch(bytesOf('error-in-stream', 'reply.sse'));
  assert.deepEqual(
    [seen.hasGenerated, seen.isComplete, seen.error?.type, seen.error?.status],
    [true, false, 'UNAVAILABLE', 503],
  );
});

const chunk = (...parts: object[]) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0 }],
  usageMetadata: { promptTokenCount: 4 },
});

const FIRST_CHUNKS: [string, object, boolean][] = [
  ['nothing in it', { usageMetadata: { promptTokenCount: 4 } }, false],
  ['an empty text', chunk({ text: '' }), false],
  ['an empty thought', chunk({ text: '', thought: true }), false],
  ['a thought', chunk({ text: 'Hm', thought: true }), true],
  ['a text', chunk({ text: 'Hi' }), true],
  ['a call', chunk({ functionCall: { name: 'f', args: {} } }), true],
  ['a picture', chunk({ inlineData: { mimeType: 'image/png', data: 'AA==' } }), true],
];

for (const [name, first, hasGenerated] of FIRST_CHUNKS) {
  test(`gemini watchStream() ${hasGenerated ? 'commits' : 'does not commit'} to a first chunk with ${name}`, () => {
    const seen = gemini.watchStream();
    seen.see(jsonEvent(first));
    assert.equal(seen.hasGenerated, hasGenerated);
    assert.equal(seen.tally.usage.inputTokens, 4);
  });
}

test('gemini watchStream() is not misled by its field names inside texts', () => {
  const seen = gemini.watchStream();
  seen.see(jsonEvent(chunk({ text: 'Hi' })));
  seen.see(jsonEvent(chunk({ text: '{"finishReason":"STOP","error":{"code":500},"thoughtSignature":"x"}' })));
  assert.deepEqual([seen.isComplete, seen.error, seen.pins, seen.parseErrors], [false, null, [], 0]);
});

test('gemini watchStream() counts data that is not JSON, before the answer and in it', () => {
  const seen = gemini.watchStream();
  for (const data of [
    '{',
    'null',
    '[1]',
    JSON.stringify(chunk({ text: 'Hi' })),
    '{"candidates":[',
    'nonsense',
  ])
    seen.see({ event: '', data });
  assert.equal(seen.parseErrors, 3);
  assert.deepEqual(seen.tally.usage, { ...NO_USAGE, inputTokens: 4 });
});

test('gemini watchStream() remembers the latest signatures only', () => {
  const seen = gemini.watchStream();
  for (let count = 0; count < 100; count++)
    seen.see(jsonEvent(chunk({ text: '', thoughtSignature: `signature-${count}` })));
  assert.equal(seen.pins.length, 64);
  assert.equal(seen.pins.at(-1), 'signature-99');
});
