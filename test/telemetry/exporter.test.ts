// Spans and metrics against a collector in memory: batches, bounds, retries, and the end.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Exporter } from '../../server/telemetry/exporter.ts';
import { readValue } from '../../server/telemetry/metric-family.ts';
import { type OtlpOptions, otlpOptions } from '../../server/telemetry/otlp-options.ts';
import { OtlpSender } from '../../server/telemetry/otlp-sender.ts';
import { ManualClock } from '../manual-clock.ts';
import { START_MS, sampleCatalog, settled } from './samples.ts';

interface Message {
  atMs: number;
  url: string;
  headers: Headers;
  spans: number;
  body: string;
}

type Answer = () => Response | Promise<Response>;
const OK: Answer = () => new Response('{}');

/** Answers in their order; the last one again and again. */
function collector(answers: readonly Answer[] = [OK], env: Record<string, string> = {}) {
  const clock = new ManualClock(START_MS);
  const messages: Message[] = [];
  const troubles: string[] = [];
  const { options } = otlpOptions(
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_METRICS_EXPORTER: 'none', ...env },
    null,
  );
  assert.ok(options);
  const sender = new OtlpSender({
    clock,
    timeoutMs: options.timeoutMs,
    random: () => 1,
    async fetch(url, init) {
      const body = String(init.body);
      messages.push({
        atMs: clock.nowMs() - START_MS,
        url,
        headers: new Headers(init.headers),
        spans: body.split('"spanId"').length - 1,
        body,
      });
      const answer = answers[Math.min(messages.length, answers.length) - 1] ?? OK;
      const aborted = new Promise<never>((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
      return Promise.race([answer(), aborted]);
    },
  });
  const names = sampleCatalog();
  const exporter = new Exporter({
    options: options satisfies OtlpOptions,
    sender,
    clock,
    source: { resource: options.resource, version: '1.2.3' },
    startedAtMs: START_MS,
    names: () => names,
    families: () => [readValue('gauge', { name: 'warmpath_bindings', help: 'B.' }, () => 7)],
    onTrouble: (signal, reason) => troubles.push(`${signal}: ${reason}`),
  });
  const add = (count: number) => {
    for (let index = 0; index < count; index += 1) exporter.add(settled());
  };
  return { clock, messages, troubles, exporter, add };
}

test('Exporter sends the spans of a few seconds in one message', async () => {
  const { clock, messages, exporter, add } = collector();
  add(3);
  await clock.advance(4_999);
  assert.equal(messages.length, 0);
  await clock.advance(1);
  assert.deepEqual(
    messages.map(({ url, spans }) => ({ url, spans })),
    [{ url: 'http://c:4318/v1/traces', spans: 6 }],
  );
  assert.equal(messages[0]?.headers.get('content-type'), 'application/json');
  assert.match(
    messages[0]?.body ?? '',
    /^\{"resourceSpans":\[\{"resource":\{"attributes":\[\{"key":"service.name","value":\{"stringValue":"warmpath"\}\}\]\},"scopeSpans":\[\{"scope":\{"name":"warmpath","version":"1.2.3"\},"spans":\[\{"traceId":"[0-9a-f]{32}"/,
  );
  assert.deepEqual(exporter.dropped, { traces: 0, metrics: 0 });
  assert.equal(clock.pendingTimers, 0);
});

test('Exporter sends a full batch at once', async () => {
  const { clock, messages, add } = collector();
  add(512);
  await clock.advance(0);
  assert.deepEqual(
    messages.map(({ atMs, spans }) => ({ atMs, spans })),
    [{ atMs: 0, spans: 1_024 }],
  );
});

test('Exporter drops what its queue cannot hold, and counts it', async () => {
  const { clock, messages, exporter, add } = collector([() => new Promise<Response>(() => undefined)]);
  add(512);
  await clock.advance(0);
  assert.equal(messages.length, 1);
  add(2_048 + 5);
  assert.equal(exporter.dropped.traces, 5);
});

test('Exporter records nothing of a trace that was not drawn', async () => {
  const { clock, messages, exporter, add } = collector([OK], { OTEL_TRACES_SAMPLER: 'always_off' });
  add(10);
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, isSampled: true };
  exporter.add(settled({}, { trace }));
  await clock.advance(5_000);
  assert.deepEqual(
    messages.map(({ spans }) => spans),
    [2],
  );
  assert.match(
    messages[0]?.body ?? '',
    new RegExp(`"traceId":"${trace.traceId}","spanId":"${trace.spanId}"`),
  );
});

test('OtlpSender tries again after the time that the collector states, else after a growing one', async () => {
  const busy = new Response(null, { status: 429, headers: { 'retry-after': '7' } });
  const { clock, messages, exporter, add, troubles } = collector([
    () => busy,
    () => new Response(null, { status: 503 }),
    () => Promise.reject(new Error('no route to http://c:4318')),
    OK,
  ]);
  add(1);
  await clock.advance(60_000);
  // 5 s for the batch, 7 s as stated, then 2 s and 4 s.
  assert.deepEqual(
    messages.map(({ atMs }) => atMs),
    [5_000, 12_000, 14_000, 18_000],
  );
  assert.deepEqual([exporter.dropped.traces, troubles], [0, []]);
});

test('OtlpSender gives up after five tries, and the trouble is told once', async () => {
  const { clock, messages, exporter, add, troubles } = collector([() => new Response(null, { status: 503 })]);
  add(2);
  await clock.advance(60_000);
  assert.equal(messages.length, 5);
  add(1);
  await clock.advance(60_000);
  assert.equal(messages.length, 10);
  assert.deepEqual([exporter.dropped.traces, troubles], [3, ['traces: HTTP 503']]);
});

test('OtlpSender does not try again what the collector refuses', async () => {
  const { clock, messages, exporter, add } = collector([() => new Response('no', { status: 400 })]);
  add(1);
  await clock.advance(60_000);
  assert.deepEqual([messages.length, exporter.dropped.traces], [1, 1]);
});

test('OtlpSender ends a try that takes too long', async () => {
  const { clock, messages, troubles, add } = collector([() => new Promise<Response>(() => undefined)]);
  add(1);
  await clock.advance(200_000);
  assert.equal(messages.length, 5);
  assert.deepEqual(troubles, ['traces: no reply within 10000 ms']);
});

test('Exporter counts what the collector took without', async () => {
  const { clock, exporter, add } = collector([
    () => new Response('{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}'),
  ]);
  add(3);
  await clock.advance(5_000);
  assert.equal(exporter.dropped.traces, 2);
});

test('Exporter sends metrics every so often, and a last time at the end', async () => {
  const env = {
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRIC_EXPORT_INTERVAL: '20000',
  };
  const { clock, messages, exporter, add } = collector([OK], env);
  add(3);
  await clock.advance(45_000);
  await exporter.close(1_000);
  assert.deepEqual(
    messages.map(({ atMs, url }) => ({ atMs, url })),
    [20_000, 40_000, 45_000].map((atMs) => ({ atMs, url: 'http://c:4318/v1/metrics' })),
  );
  assert.match(messages[2]?.body ?? '', /"name":"warmpath.bindings".*"asDouble":7/);
  assert.equal(clock.pendingTimers, 0);
});

test('Exporter.close() sends what is left', async () => {
  const { messages, exporter, add } = collector();
  add(600);
  await exporter.close(1_000);
  assert.deepEqual(
    messages.map(({ spans }) => spans),
    [1_024, 176],
  );
  add(1);
  assert.deepEqual([messages.length, exporter.dropped.traces], [2, 0]);
});

test('Exporter.close() does not wait longer than it may', async () => {
  const { clock, exporter, add } = collector([() => new Promise<Response>(() => undefined)]);
  add(1);
  let isClosed = false;
  const closed = exporter.close(3_000).then(() => {
    isClosed = true;
  });
  await clock.advance(2_999);
  assert.equal(isClosed, false);
  await clock.advance(1);
  await closed;
});
