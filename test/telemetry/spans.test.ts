// Spans and metrics in the JSON of the OpenTelemetry protocol, compared whole.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { TraceContext } from '../../server/gateway/trace.ts';
import { providerName } from '../../server/telemetry/gen-ai.ts';
import { GenAiMetrics } from '../../server/telemetry/gen-ai-metrics.ts';
import { readFamily, readValue } from '../../server/telemetry/metric-family.ts';
import { otlpMetrics } from '../../server/telemetry/otlp-metrics.ts';
import { spansOf } from '../../server/telemetry/spans.ts';
import { attempt, START_MS, sampleCatalog, settled } from './samples.ts';

const TRACE: TraceContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: 'a1a1a1a1a1a1a1a1',
  isSampled: true,
};
const names = sampleCatalog();

/** Attributes as one object: `{ key: 'text' | ['int', '1'] | … }`. */
function flat(attributes: { key: string; value: object }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.entries(value)[0]]));
}

test('spansOf() makes a span of the exchange and one of each attempt', () => {
  const failed = attempt({
    outcome: 'retryable',
    fault: 'overloaded',
    status: 529,
    accountName: 'b',
    durationMs: 100,
    firstByteMs: null,
  });
  const { row, operation } = settled({ attempts: [failed, attempt({ startedAtMs: START_MS + 101 })] });
  const [whole, first, second, ...others] = spansOf(
    { row, operation, trace: TRACE },
    { trace: TRACE, names },
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...whole, attributes: flat(whole?.attributes ?? []) },
    {
      traceId: TRACE.traceId,
      spanId: TRACE.spanId,
      parentSpanId: 'a1a1a1a1a1a1a1a1',
      name: 'chat claude-sonnet-4-5',
      kind: 3,
      startTimeUnixNano: '1795298400000000000',
      endTimeUnixNano: '1795298402500000000',
      attributes: {
        'gen_ai.operation.name': ['stringValue', 'chat'],
        'gen_ai.provider.name': ['stringValue', 'anthropic'],
        'gen_ai.request.model': ['stringValue', 'claude-sonnet-4-5'],
        'gen_ai.request.stream': ['boolValue', true],
        // SHA-256 of "ada", a zero byte and "session-1".
        'gen_ai.conversation.id': ['stringValue', '1de944c27e58f24b77b38f2d7bdfd936'],
        'gen_ai.usage.input_tokens': ['intValue', '1000'],
        'gen_ai.usage.output_tokens': ['intValue', '50'],
        'gen_ai.usage.cache_read.input_tokens': ['intValue', '800'],
        'gen_ai.usage.cache_creation.input_tokens': ['intValue', '100'],
        'gen_ai.response.time_to_first_chunk': ['doubleValue', 0.4],
        'server.address': ['stringValue', 'one.test'],
        'server.port': ['intValue', '443'],
        'http.response.status_code': ['intValue', '200'],
        'warmpath.request_id': ['stringValue', 'req-1'],
        'warmpath.surface': ['stringValue', 'anthropic-messages'],
        'warmpath.outcome': ['stringValue', 'ok'],
        'warmpath.provider': ['stringValue', 'one'],
        'warmpath.account': ['stringValue', 'a'],
        'warmpath.upstream_model': ['stringValue', 'claude-sonnet-4-5-20250929'],
        'warmpath.affinity': ['stringValue', 'hit'],
        'warmpath.affinity_code': ['stringValue', 'bound-account'],
        'warmpath.miss_cause': ['stringValue', 'prefix-changed'],
        'warmpath.cost_usd': ['doubleValue', 0.0015],
        'warmpath.saved_usd': ['doubleValue', 0.00216],
        'warmpath.queue_ms': ['intValue', '0'],
        'warmpath.attempts': ['intValue', '2'],
        'warmpath.keep_warm': ['boolValue', false],
      },
      status: { code: 0 },
    },
  );
  assert.deepEqual(
    { ...first, spanId: '', attributes: flat(first?.attributes ?? []) },
    {
      traceId: TRACE.traceId,
      spanId: '',
      parentSpanId: TRACE.spanId,
      name: 'attempt one',
      kind: 3,
      startTimeUnixNano: '1795298400001000000',
      endTimeUnixNano: '1795298400101000000',
      attributes: {
        'warmpath.attempt': ['intValue', '1'],
        'warmpath.attempt.outcome': ['stringValue', 'retryable'],
        'warmpath.provider': ['stringValue', 'one'],
        'warmpath.account': ['stringValue', 'b'],
        'warmpath.connect_ms': ['intValue', '12'],
        'http.response.status_code': ['intValue', '529'],
        'error.type': ['stringValue', 'overloaded'],
      },
      status: { code: 2, message: 'overloaded' },
    },
  );
  assert.equal(second?.parentSpanId, TRACE.spanId);
  assert.deepEqual(second?.status, { code: 0 });
  assert.equal(new Set([whole?.spanId, first?.spanId, second?.spanId]).size, 3);
});

for (const { outcome, errorCode, status, expected } of [
  {
    outcome: 'failed',
    errorCode: 'upstream-timeout',
    status: 504,
    expected: { code: 2, message: 'upstream-timeout' },
  },
  { outcome: 'rejected', errorCode: null, status: 400, expected: { code: 2, message: '400' } },
  { outcome: 'client-gone', errorCode: 'client-gone', status: 499, expected: { code: 0 } },
] as const) {
  test(`spansOf() gives the outcome ${outcome} the status ${expected.code}`, () => {
    const [span] = spansOf(settled({ outcome, errorCode, status }), { trace: TRACE, names });
    assert.deepEqual(span?.status, expected);
    assert.deepEqual(flat(span?.attributes ?? [])['error.type'], [
      'stringValue',
      errorCode ?? String(status),
    ]);
  });
}

test('spansOf() has no name that nobody configured, and nothing of a session but its hash', () => {
  const part = {
    modelId: null,
    requestedModel: 'made-up',
    sessionId: 'my-session',
    errorMessage: 'my words',
  };
  const text = JSON.stringify(spansOf(settled(part), { trace: TRACE, names }));
  assert.doesNotMatch(text, /made-up|my-session|my words/);
  assert.match(text, /"name":"chat"/);
});

test('spansOf() makes none of a list of models', () => {
  const operation = { kind: 'list-models', surface: 'openai-chat', model: null } as const;
  assert.deepEqual(spansOf(settled({}, { operation }), { trace: TRACE, names }), []);
});

for (const [address, expected] of [
  ['api.anthropic.com', 'anthropic'],
  ['api.openai.com', 'openai'],
  ['my.openai.azure.com', 'azure.ai.openai'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['europe-west4-aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['bedrock-runtime.eu-central-1.amazonaws.com', 'aws.bedrock'],
  ['api.x.ai', 'x_ai'],
  ['api.notx.ai.example', 'openai'],
  ['10.0.0.7', 'openai'],
] as const) {
  test(`providerName() takes ${address} for ${expected}`, () => {
    const row = { surface: 'anthropic-messages', endpointSurface: 'openai-chat' } as const;
    assert.equal(providerName(row, { address, port: 443 }), expected);
  });
}

test('otlpMetrics() has the histograms of the conventions, with their bounds', () => {
  const genAi = new GenAiMetrics(() => names);
  genAi.observe(settled());
  const metrics = otlpMetrics(genAi.families(), { startedAtMs: START_MS, nowMs: START_MS + 60_000 });
  const text = JSON.stringify(metrics);
  const common = [
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
    { key: 'gen_ai.provider.name', value: { stringValue: 'anthropic' } },
    { key: 'gen_ai.request.model', value: { stringValue: 'claude-sonnet-4-5' } },
    { key: 'server.address', value: { stringValue: 'one.test' } },
    { key: 'server.port', value: { intValue: '443' } },
  ];
  assert.deepEqual(metrics[0], {
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    description: 'GenAI operation duration.',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          attributes: common,
          startTimeUnixNano: '1795298400000000000',
          timeUnixNano: '1795298460000000000',
          count: '1',
          sum: 2.5,
          // 2.5 s: above 1.28, at most 2.56.
          bucketCounts: ['0', '0', '0', '0', '0', '0', '0', '0', '1', '0', '0', '0', '0', '0', '0'],
          explicitBounds: [
            0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
          ],
        },
      ],
    },
  });
  assert.match(text, /"gen_ai.client.operation.time_to_first_chunk","unit":"s"/);
  assert.match(text, /"gen_ai.client.token.usage","unit":"\{token\}"/);
  assert.match(text, /\[1,4,16,64,256,1024,4096,16384,65536,262144,1048576,4194304,16777216,67108864\]/);
});

test('otlpMetrics() names counters and gauges as OpenTelemetry does, and leaves out what is empty', () => {
  const at = { startedAtMs: 1_000, nowMs: 2_000 };
  const point = { labels: ['one', ''], value: 1.5 };
  const families = [
    readFamily('counter', { name: 'warmpath_cost_usd', help: 'C.', labels: ['provider', 'model'] }, () => [
      point,
    ]),
    readValue('gauge', { name: 'process_resident_memory_bytes', help: 'M.' }, () => 42),
    readFamily('counter', { name: 'warmpath_failovers', help: 'F.', labels: ['reason'] }, () => []),
  ];
  const times = { startTimeUnixNano: '1000000000', timeUnixNano: '2000000000' };
  assert.deepEqual(otlpMetrics(families, at), [
    {
      name: 'warmpath.cost_usd',
      unit: '{USD}',
      description: 'C.',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          { attributes: [{ key: 'provider', value: { stringValue: 'one' } }], ...times, asDouble: 1.5 },
        ],
      },
    },
    {
      name: 'process.resident_memory',
      unit: 'By',
      description: 'M.',
      gauge: { dataPoints: [{ attributes: [], ...times, asDouble: 42 }] },
    },
  ]);
});
