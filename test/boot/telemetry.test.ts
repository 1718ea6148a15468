// What watches the gateway, put together: counts, traces, and an alert that finds its way to a webhook.

import assert from 'node:assert/strict';
import { Vault } from '../../server/auth/vault.ts';
import { watchGateway } from '../../server/boot/telemetry.ts';
import { DEFAULT_ALERTS, WEBHOOK_PURPOSE } from '../../server/gateway/cache-alert.ts';
import type { Upstream } from '../../server/gateway/upstream.ts';
import { renderMetrics } from '../../server/telemetry/prometheus-text.ts';
import { upstreamOfFetch } from '../../server/upstream/fetch-upstream.ts';
import { type Bench, type BenchOptions, createBench, gatewayTest, message } from '../gateway/fixture.ts';

const WEBHOOK = 'https://hooks.example/T0KEN';
const MINUTE_MS = 60_000;
const BUILD = { version: '1.2.3', commit: null, runtime: 'test 1', nodeId: 'node-1' };

/** A reply of which such a share of 1,000 input tokens was read from the cache. */
function reply(share: number): Response {
  const read = share * 1_000;
  return message({ input_tokens: 1_000 - read, cache_read_input_tokens: read, output_tokens: 5 });
}

async function watched(
  upstream: () => Response,
  { env = {}, ...options }: BenchOptions & { env?: Record<string, string> } = {},
) {
  const bench = createBench(upstream, options);
  const vault = await Vault.fromMasterKey(new Uint8Array(32).fill(7));
  const posted: { url: string; body: string }[] = [];
  const network: Upstream = (request) => {
    posted.push({ url: request.url, body: new TextDecoder().decode(request.body ?? undefined) });
    return upstreamOfFetch(() => Promise.resolve(new Response('ok')))(request);
  };
  const telemetry = watchGateway(bench.parts, { vault }, { env, file: null, network, build: BUILD });
  return { bench, telemetry, posted, vault };
}

async function minutes(bench: Bench, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute += 1) {
    await bench.send();
    await bench.send();
    await bench.clock.advance(MINUTE_MS);
  }
}

gatewayTest('watchGateway() counts what the gateway does', async () => {
  const { bench, telemetry } = await watched(() => reply(0.5));
  await bench.send();
  await bench.send();
  const text = renderMetrics(telemetry.families(), 'prometheus');
  for (const line of [
    'warmpath_requests_total{surface="anthropic-messages",provider="one",outcome="ok"} 2',
    'warmpath_tokens_total{kind="cache_read",provider="one",model="claude-sonnet-4-5"} 1000',
    'warmpath_build_info{version="1.2.3",commit="",runtime="test 1"} 1',
  ])
    assert.ok(text.includes(`\n${line}\n`), line);
  assert.equal(bench.parts.beginTrace, undefined);
  telemetry.stop();
  await telemetry.close();
});

gatewayTest('watchGateway() leaves the gateway alone when it fails itself', async () => {
  const { bench, telemetry } = await watched(() => reply(0.5));
  const { catalog } = bench.parts;
  const { onSettled } = bench.parts;
  let calls = 0;
  bench.parts.onSettled = (exchange) => {
    calls += 1;
    onSettled?.({
      ...exchange,
      row: Object.create(null, { attempts: { get: () => assert.fail('broken') } }),
    });
  };
  assert.equal((await bench.send()).status, 200);
  assert.equal(calls, 1);
  assert.equal(bench.parts.catalog, catalog);
  telemetry.stop();
});

gatewayTest('watchGateway() begins traces only when they are sent somewhere', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_METRICS_EXPORTER: 'none' };
  const { bench, telemetry } = await watched(() => reply(0.5), { env });
  assert.match(bench.parts.beginTrace?.(null).traceId ?? '', /^[0-9a-f]{32}$/);
  telemetry.stop();
});

gatewayTest('watchGateway() sends an alert to the webhook, whose URL it opens for that only', async () => {
  let share = 0.9;
  const alerts = {
    ...DEFAULT_ALERTS,
    enabled: true,
    minRequests: 5,
    webhook: { sealedUrl: '', origin: 'https://hooks.example', fingerprint: '' },
  };
  const { bench, telemetry, posted, vault } = await watched(() => reply(share), { settings: { alerts } });
  alerts.webhook.sealedUrl = await vault.seal(WEBHOOK, WEBHOOK_PURPOSE);
  await minutes(bench, 40);
  assert.equal(posted.length, 0);
  share = 0.1;
  await minutes(bench, 20);
  assert.deepEqual(
    posted.map(({ url, body }) => [url, JSON.parse(body).event, JSON.parse(body).subject.kind]).sort(),
    ['account', 'api-key', 'model'].map((kind) => [WEBHOOK, 'cache-hit-rate.dropped', kind]),
  );
  assert.deepEqual(await telemetry.alerts.testWebhook(), { isDelivered: true });
  assert.equal(JSON.parse(posted.at(-1)?.body ?? '').event, 'test');
  telemetry.stop();
});
