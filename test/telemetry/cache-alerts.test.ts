// Hit rates of keys, models and accounts over time, the alerts that come of them, and the webhook that is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type AlertSettings, type CacheAlert, DEFAULT_ALERTS } from '../../server/gateway/cache-alert.ts';
import type { RequestDimension, RequestGroup } from '../../server/gateway/log-queries.ts';
import type { RequestFilter } from '../../server/gateway/ports.ts';
import { UpstreamFault, type UpstreamRequest } from '../../server/gateway/upstream.ts';
import { AlertSender, alertMessage } from '../../server/telemetry/alert-webhook.ts';
import { CacheWatch, MAX_SUBJECTS } from '../../server/telemetry/cache-alerts.ts';
import { upstreamOfFetch } from '../../server/upstream/fetch-upstream.ts';
import { ManualClock } from '../manual-clock.ts';
import { START_MS, sampleCatalog, settled } from './samples.ts';

const MINUTE_MS = 60_000;

function watch(
  given: Partial<AlertSettings> = {},
  groups: Partial<Record<RequestDimension, RequestGroup[]>> = {},
) {
  const clock = new ManualClock(START_MS);
  const catalog = sampleCatalog();
  let settings: AlertSettings = { ...DEFAULT_ALERTS, enabled: true, ...given };
  const told: string[] = [];
  const asked: RequestFilter[] = [];
  let ids = 0;
  const alerts = new CacheWatch({
    clock,
    catalog: () => ({ ...catalog, settings: { ...catalog.settings, alerts: settings } }),
    log: {
      groups(filter, by) {
        asked.push(filter);
        return Promise.resolve(groups[by] ?? []);
      },
    },
    newId: () => {
      ids += 1;
      return `alert-${ids}`;
    },
    onAlert: ({ subject, subjectName, end, hitRate }) =>
      told.push(`${subject} ${subjectName} ${end ?? 'began'} ${hitRate.toFixed(2)}`),
    testWebhook: () => Promise.resolve({ isDelivered: true }),
  });
  return {
    clock,
    alerts,
    told,
    asked,
    change: (changed: Partial<AlertSettings>) => {
      settings = { ...settings, ...changed };
    },
    /** So many minutes with ten requests each, of which such a share was read. */
    async minutes(count: number, share: number, part: Parameters<typeof settled>[0] = {}) {
      for (let minute = 0; minute < count; minute += 1) {
        for (let request = 0; request < 10; request += 1)
          alerts.observe(settled({ cacheReadTokens: 1_000 * share, ...part }).row);
        await clock.advance(MINUTE_MS);
        await alerts.tick();
      }
    },
  };
}

test('CacheWatch tells once that the rate of a key, a model and an account fell, and that it is back', async () => {
  const { minutes, told, alerts } = watch();
  await minutes(60, 0.8);
  assert.equal(told.length, 0);
  await minutes(30, 0.2);
  assert.deepEqual(told.map((line) => line.replace(/ [\d.]+$/, '')).sort(), [
    'account a began',
    'api-key ada began',
    'model claude-sonnet-4-5 began',
  ]);
  await minutes(30, 0.8);
  assert.deepEqual(
    told
      .slice(3)
      .map((line) => line.replace(/ [\d.]+$/, ''))
      .sort(),
    ['account a recovered', 'api-key ada recovered', 'model claude-sonnet-4-5 recovered'],
  );
  const [latest] = alerts.list();
  assert.equal(alerts.list().length, 3);
  assert.equal(latest?.end, 'recovered');
  assert.ok(latest && latest.baselineHitRate > 0.75 && latest.baselineHitRate < 0.81);
});

test('CacheWatch begins with what the log knows', async () => {
  const group = {
    id: 'ada',
    total: 1_000,
    reportedRequests: 1_000,
    inputTokens: 1_000_000,
    cacheReadTokens: 900_000,
    savedNanoUsd: 0,
  };
  const { minutes, told, alerts, asked } = watch({}, { 'api-key': [group as RequestGroup] });
  await alerts.tick();
  assert.deepEqual(asked[0], { fromMs: START_MS - 24 * 60 * MINUTE_MS, toMs: START_MS, isKeepWarm: false });
  await minutes(15, 0.1);
  assert.deepEqual(told, ['api-key ada began 0.10']);
});

test('CacheWatch counts neither pings nor requests without a count of input', async () => {
  const { minutes, told } = watch();
  await minutes(60, 0.8);
  await minutes(20, 0, { isKeepWarm: true });
  await minutes(20, 0, { inputTokens: null });
  assert.deepEqual(told, []);
});

test('CacheWatch watches nothing while it is off, and ends what was active', async () => {
  const { minutes, told, change } = watch();
  await minutes(60, 0.8);
  await minutes(20, 0.1);
  assert.equal(told.length, 3);
  change({ enabled: false });
  await minutes(1, 0.1);
  assert.ok(told.slice(3).every((line) => line.includes('no-traffic')));
  assert.equal(told.length, 6);
  await minutes(60, 0.1);
  assert.equal(told.length, 6);
});

test('CacheWatch keeps no more subjects than it may', async () => {
  const { alerts, clock } = watch({ minRequests: 1 });
  const { row } = settled();
  for (let index = 0; index < MAX_SUBJECTS + 10; index += 1)
    alerts.observe({ ...row, apiKeyId: `key-${index}` });
  await clock.advance(MINUTE_MS);
  await alerts.tick();
  assert.deepEqual(alerts.list(), []);
});

const ALERT: CacheAlert = {
  id: 'alert-1',
  subject: 'api-key',
  subjectId: 'ada',
  subjectName: 'ada-laptop',
  startedAtMs: START_MS,
  endedAtMs: null,
  end: null,
  hitRate: 0.123_456_78,
  baselineHitRate: 0.8,
  windowMinutes: 15,
  requests: 120,
  lostUsd: 1.25,
};

test('alertMessage() says what fell, from where, and what it costs', () => {
  const message = {
    event: 'cache-hit-rate.dropped',
    id: 'alert-1',
    subject: { kind: 'api-key', name: 'ada-laptop' },
    hitRate: 0.123457,
    baselineHitRate: 0.8,
    windowMinutes: 15,
    requests: 120,
    lostUsd: 1.25,
    at: '2026-11-21T22:00:00.000Z',
    startedAt: '2026-11-21T22:00:00.000Z',
  };
  assert.deepEqual(alertMessage(ALERT), message);
  assert.deepEqual(
    alertMessage({ ...ALERT, endedAtMs: START_MS + MINUTE_MS, end: 'recovered', lostUsd: null }),
    {
      ...message,
      event: 'cache-hit-rate.resolved',
      lostUsd: null,
      at: '2026-11-21T22:01:00.000Z',
      reason: 'recovered',
    },
  );
});

const SECRET_URL = 'https://hooks.example/services/T0KEN?key=T0KEN';

/** Answers in their order; the last one again and again. */
function webhook(answers: readonly (() => Response | Promise<Response>)[], url: string | null = SECRET_URL) {
  const clock = new ManualClock(START_MS);
  const requests: (UpstreamRequest & { atMs: number })[] = [];
  const sender = new AlertSender({
    clock,
    target: () => Promise.resolve(url === null ? null : { url, allowPrivateNetwork: false }),
    upstream(request) {
      requests.push({ ...request, atMs: clock.nowMs() - START_MS });
      const answer = answers[Math.min(requests.length, answers.length) - 1];
      assert.ok(answer);
      const aborted = new Promise<never>((_, reject) =>
        request.signal.addEventListener('abort', () => reject(new Error('aborted'))),
      );
      return upstreamOfFetch(() => Promise.race([Promise.resolve().then(answer), aborted]))(request);
    },
  });
  const send = async () => {
    const result = sender.send({ event: 'test' });
    await clock.advance(60_000);
    return result;
  };
  return { requests, send };
}

test('AlertSender posts JSON by the rule of the settings', async () => {
  const { requests, send } = webhook([() => new Response(null, { status: 204 })]);
  assert.deepEqual(await send(), { isDelivered: true });
  const [request] = requests;
  assert.deepEqual(
    {
      method: request?.method,
      url: request?.url,
      type: request?.headers['content-type'],
      body: new TextDecoder().decode(request?.body ?? undefined),
      allowPrivateNetwork: request?.allowPrivateNetwork,
    },
    {
      method: 'POST',
      url: SECRET_URL,
      type: 'application/json',
      body: '{"event":"test"}',
      allowPrivateNetwork: false,
    },
  );
});

for (const { name, answers, times, result } of [
  {
    name: 'tries again after a server error',
    answers: [() => new Response(null, { status: 500 }), () => new Response('ok')],
    times: [0, 2_000],
    result: { isDelivered: true },
  },
  {
    name: 'gives up after three tries',
    answers: [() => new Response(null, { status: 503 })],
    times: [0, 2_000, 6_000],
    result: { isDelivered: false, code: 'refused', reason: 'it answered HTTP 503', status: 503 },
  },
  {
    name: 'does not repeat what is refused',
    answers: [() => new Response(null, { status: 404 })],
    times: [0],
    result: { isDelivered: false, code: 'refused', reason: 'it answered HTTP 404', status: 404 },
  },
  {
    name: 'does not repeat what the guard refuses',
    answers: [
      () => {
        throw new UpstreamFault('blocked', 'a loopback, private or special address', { isSent: false });
      },
    ],
    times: [0],
    result: {
      isDelivered: false,
      code: 'blocked',
      reason: 'Cannot reach the upstream: a loopback, private or special address',
      status: null,
    },
  },
  {
    name: 'waits 5 s for an answer',
    answers: [() => new Promise<Response>(() => undefined)],
    times: [0, 7_000, 16_000],
    result: { isDelivered: false, code: 'timeout', reason: 'no reply within 5 s', status: null },
  },
]) {
  test(`AlertSender ${name}`, async () => {
    const { requests, send } = webhook(answers);
    assert.deepEqual(await send(), result);
    assert.deepEqual(
      requests.map(({ atMs }) => atMs),
      times,
    );
  });
}

test('AlertSender sends nothing without a webhook, and never says the URL', async () => {
  assert.deepEqual(await webhook([() => new Response()], null).send(), {
    isDelivered: false,
    code: 'not-configured',
    reason: 'no webhook is configured',
    status: null,
  });
  const result = await webhook([() => Promise.reject(new TypeError(`fetch failed: ${SECRET_URL}`))]).send();
  assert.doesNotMatch(JSON.stringify(result), /T0KEN/);
  assert.deepEqual([result.isDelivered || result.code], ['broken']);
});
