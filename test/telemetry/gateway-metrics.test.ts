// What is counted of finished requests, and what is looked up of the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewayMetrics } from '../../server/telemetry/gateway-metrics.ts';
import { renderMetrics } from '../../server/telemetry/prometheus-text.ts';
import { stateFamilies } from '../../server/telemetry/state-metrics.ts';
import { ADA_KEY, createBench, gatewayTest, message } from '../gateway/fixture.ts';
import { attempt, sampleCatalog, settled } from './samples.ts';

/** Lines of samples that hold a value, without buckets. */
function samples(metrics: GatewayMetrics): string[] {
  return renderMetrics(metrics.families(), 'prometheus')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'));
}

function observed(...rows: Parameters<typeof settled>[0][]): string[] {
  const catalog = sampleCatalog();
  const metrics = new GatewayMetrics(() => catalog);
  for (const row of rows) metrics.observe(settled(row).row);
  return samples(metrics);
}

test('GatewayMetrics.observe() counts a request, its tokens, money, attempts and cold tokens', () => {
  assert.deepEqual(observed({}), [
    'warmpath_requests_total{surface="anthropic-messages",provider="one",outcome="ok"} 1',
    'warmpath_request_duration_seconds_sum{surface="anthropic-messages",provider="one"} 2.5',
    'warmpath_request_duration_seconds_count{surface="anthropic-messages",provider="one"} 1',
    'warmpath_time_to_first_token_seconds_sum{surface="anthropic-messages",provider="one"} 0.4',
    'warmpath_time_to_first_token_seconds_count{surface="anthropic-messages",provider="one"} 1',
    'warmpath_tokens_total{kind="input",provider="one",model="claude-sonnet-4-5"} 1000',
    'warmpath_tokens_total{kind="output",provider="one",model="claude-sonnet-4-5"} 50',
    'warmpath_tokens_total{kind="cache_read",provider="one",model="claude-sonnet-4-5"} 800',
    'warmpath_tokens_total{kind="cache_write",provider="one",model="claude-sonnet-4-5"} 100',
    'warmpath_cost_usd_total{provider="one",model="claude-sonnet-4-5"} 0.0015',
    'warmpath_cache_saved_usd_total{provider="one",model="claude-sonnet-4-5"} 0.00216',
    'warmpath_upstream_attempts_total{provider="one",outcome="ok"} 1',
    'warmpath_affinity_total{result="hit"} 1',
    'warmpath_cold_tokens_total{cause="prefix-changed"} 150',
    'warmpath_cold_tokens_total{cause="new-content"} 50',
  ]);
});

test('GatewayMetrics.observe() counts each attempt that another one followed by its fault', () => {
  const failed = attempt({ outcome: 'retryable', fault: 'overloaded', status: 529 });
  const lines = observed({ attempts: [failed, attempt({ accountName: 'b' })] }, { attempts: [failed] });
  assert.deepEqual(
    lines.filter((line) => /attempts|failovers/.test(line)),
    [
      'warmpath_upstream_attempts_total{provider="one",outcome="retryable"} 2',
      'warmpath_upstream_attempts_total{provider="one",outcome="ok"} 1',
      'warmpath_failovers_total{reason="overloaded"} 1',
    ],
  );
});

test('GatewayMetrics.observe() counts the money of a ping, but not as a request of a client', () => {
  const lines = observed({ isKeepWarm: true, affinity: 'none' });
  assert.ok(lines.includes('warmpath_keep_warm_pings_total{provider="one",outcome="ok"} 1'));
  assert.ok(lines.some((line) => line.startsWith('warmpath_cost_usd_total')));
  assert.deepEqual(
    lines.filter((line) => /requests_total|duration|affinity|cold_tokens/.test(line)),
    [],
  );
});

test('GatewayMetrics.observe() keeps what cost more with the cache apart from what was saved', () => {
  const lines = observed({ savedNanoUsd: -250_000_000 }, { savedNanoUsd: 1_000_000_000 });
  assert.deepEqual(
    lines.filter((line) => line.includes('warmpath_cache_')),
    [
      'warmpath_cache_saved_usd_total{provider="one",model="claude-sonnet-4-5"} 1',
      'warmpath_cache_premium_usd_total{provider="one",model="claude-sonnet-4-5"} 0.25',
    ],
  );
});

test('GatewayMetrics.observe() never has a name that a client made up', () => {
  const forged = 'made-up-by-a-client';
  const lines = observed({
    requestedModel: forged,
    modelId: null,
    providerId: null,
    sessionId: forged,
    requestId: forged,
    apiKeyName: forged,
    path: `/v1/${forged}`,
    attempts: [],
  });
  assert.deepEqual(
    lines.filter((line) => line.includes(forged)),
    [],
  );
  assert.ok(lines.includes('warmpath_tokens_total{kind="input",provider="none",model="none"} 1000'));
});

gatewayTest('GatewayParts.onSettled() is told of every exchange once, with its finished row', async () => {
  const bench = createBench(() => message());
  const told: string[] = [];
  bench.parts.onSettled = ({ row }) => told.push(`${row.outcome} ${row.status} ${row.inputTokens}`);
  await bench.send();
  await bench.send({ key: 'nobody' });
  await bench.send({ path: '/v1/models', method: 'GET' });
  assert.deepEqual(told, ['ok 200 10', 'rejected 401 null', 'ok 200 null']);
});

gatewayTest('stateFamilies() shows each account in one state, and what is under way', async () => {
  let answer: (response: Response) => void = () => undefined;
  const bench = createBench(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    { accounts: [{ name: 'a' }, { name: 'b', isPaused: true }] },
  );
  const render = () =>
    renderMetrics(
      stateFamilies({
        ...bench.parts,
        build: { version: '1.2.3', commit: null, runtime: 'test 1' },
        program: { startedAtMs: 1_500, residentBytes: () => 42, cpuSeconds: () => 1.5 },
      }),
      'prometheus',
    );
  const reply = bench.open({ key: ADA_KEY, session: 's' });
  await bench.clock.advance(0);
  const during = render();
  answer(message());
  await (await reply).text();
  for (const line of [
    'warmpath_account_state{provider="one",account="a",state="available"} 1',
    'warmpath_account_state{provider="one",account="b",state="paused"} 1',
    'warmpath_account_state{provider="one",account="b",state="available"} 0',
    'warmpath_account_requests_in_flight{provider="one",account="a"} 1',
    'warmpath_requests_in_flight 1',
    'warmpath_streams_in_flight 0',
    'warmpath_build_info{version="1.2.3",commit="",runtime="test 1"} 1',
    'process_start_time_seconds 1.5',
    'process_resident_memory_bytes 42',
    'process_cpu_seconds_total 1.5',
    'warmpath_log_dropped_total 0',
  ])
    assert.ok(during.includes(`\n${line}\n`), `${line}\n${during}`);
  assert.ok(render().includes('\nwarmpath_requests_in_flight 0\n'));
  assert.ok(render().includes('\nwarmpath_bindings 1\n'));
});
