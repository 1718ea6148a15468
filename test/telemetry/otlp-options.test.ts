// Where telemetry is sent, by environment and file.

import assert from 'node:assert/strict';
import test from 'node:test';
import { otlpOptions } from '../../server/telemetry/otlp-options.ts';

const ENDPOINT = 'http://collector:4318';

test('otlpOptions() is nothing when nothing says where to', () => {
  assert.deepEqual(otlpOptions({}, null), { options: null, warnings: [] });
  assert.deepEqual(otlpOptions({ OTEL_SERVICE_NAME: 'x' }, { serviceName: 'y' }), {
    options: null,
    warnings: [],
  });
});

test('otlpOptions() takes the standard variables', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${ENDPOINT}/otlp/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20abc%3D, x-tenant = one',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=two',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://metrics.example/in',
    OTEL_SERVICE_NAME: 'gateway',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%201,service.name=ignored',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
    OTEL_METRIC_EXPORT_INTERVAL: '15000',
  };
  assert.deepEqual(otlpOptions(env, { otlpEndpoint: 'http://file', serviceName: 'file', sampleRatio: 1 }), {
    options: {
      traces: {
        url: `${ENDPOINT}/otlp/v1/traces`,
        headers: { authorization: 'Basic abc=', 'x-tenant': 'two' },
      },
      metrics: {
        url: 'https://metrics.example/in',
        headers: { authorization: 'Basic abc=', 'x-tenant': 'one' },
      },
      sampler: { ratio: 0.25, followsParent: false },
      resource: { 'deployment.environment.name': 'test 1', 'service.name': 'gateway' },
      timeoutMs: 3_000,
      metricsEveryMs: 15_000,
    },
    warnings: [],
  });
});

test('otlpOptions() takes the file where the environment says nothing', () => {
  const { options } = otlpOptions(
    {},
    { otlpEndpoint: ENDPOINT, otlpHeaders: { 'X-Key': 'k' }, serviceName: 'edge', sampleRatio: 0.1 },
  );
  assert.deepEqual(options, {
    traces: { url: `${ENDPOINT}/v1/traces`, headers: { 'x-key': 'k' } },
    metrics: { url: `${ENDPOINT}/v1/metrics`, headers: { 'x-key': 'k' } },
    sampler: { ratio: 0.1, followsParent: true },
    resource: { 'service.name': 'edge' },
    timeoutMs: 10_000,
    metricsEveryMs: 60_000,
  });
});

for (const { name, env, expected } of [
  { name: 'OTEL_SDK_DISABLED', env: { OTEL_SDK_DISABLED: 'true' }, expected: [] },
  { name: 'OTEL_TRACES_EXPORTER=none', env: { OTEL_TRACES_EXPORTER: 'none' }, expected: ['metrics'] },
  { name: 'OTEL_METRICS_EXPORTER=none', env: { OTEL_METRICS_EXPORTER: 'none' }, expected: ['traces'] },
]) {
  test(`otlpOptions() obeys ${name}`, () => {
    const { options } = otlpOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, ...env }, null);
    const sent = (['traces', 'metrics'] as const).filter((signal) => options?.[signal]);
    assert.deepEqual(sent, expected);
  });
}

test('otlpOptions() warns of what it cannot use, without quoting it', () => {
  const { options, warnings } = otlpOptions(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'secret-is-no-url',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER_ARG: '7',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
    },
    null,
  );
  assert.equal(options?.metrics, null);
  assert.deepEqual(options?.sampler, { ratio: 1, followsParent: true });
  assert.equal(options?.timeoutMs, 10_000);
  assert.equal(warnings.length, 4);
  assert.doesNotMatch(warnings.join(), /secret/);
});
