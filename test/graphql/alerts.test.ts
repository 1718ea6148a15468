// Alerts over the API: the list, its changes, the settings, and a webhook whose URL is never shown.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CacheAlert } from '../../server/gateway/cache-alert.ts';
import { openBench } from './admin-bench.ts';
import { subscribe } from './event-stream.ts';
import { START_MS, sampleRows } from './sample-rows.ts';

const ALERT: CacheAlert = {
  id: 'alert-1',
  subject: 'api-key',
  subjectId: 'k1',
  subjectName: 'ada-laptop',
  startedAtMs: START_MS,
  endedAtMs: null,
  end: null,
  hitRate: 0.25,
  baselineHitRate: 0.8,
  windowMinutes: 15,
  requests: 120,
  lostUsd: 1.25,
};
const OVER: CacheAlert = {
  ...ALERT,
  id: 'alert-0',
  subject: 'model',
  subjectId: 'm1',
  subjectName: 'claude-sonnet-4-5',
  endedAtMs: START_MS + 60_000,
  end: 'recovered',
  lostUsd: null,
};
const FIELDS =
  'id subject subjectId subjectName startedAt endedAt end hitRate baselineHitRate windowMinutes requests lostUsd';
const WEBHOOK = 'https://hooks.example/services/T0KEN';

function openAlerts() {
  const refused = {
    isDelivered: false,
    code: 'refused',
    reason: 'it answered HTTP 404',
    status: 404,
  } as const;
  const testWebhook = () => Promise.resolve(refused);
  return openBench({
    rows: sampleRows(),
    parts: { alerts: { list: () => [ALERT, OVER], testWebhook } },
  });
}

test('alerts lists active and past alerts', async () => {
  const bench = await openAlerts();
  const { alerts } = await bench.ask(`{ alerts { ${FIELDS} } }`);
  const { apiKeys } = await bench.ask('{ apiKeys(first: 10) { nodes { id name } } }');
  assert.deepEqual(alerts[0], {
    id: 'alert-1',
    subject: 'API_KEY',
    subjectId: apiKeys.nodes.find(({ name }: { name: string }) => name === 'ada-laptop').id,
    subjectName: 'ada-laptop',
    startedAt: '2026-11-21T22:00:00.000Z',
    endedAt: null,
    end: null,
    hitRate: 0.25,
    baselineHitRate: 0.8,
    windowMinutes: 15,
    requests: 120,
    lostUsd: 1.25,
  });
  assert.deepEqual(
    [alerts[1].subject, alerts[1].end, alerts[1].endedAt, alerts[1].lostUsd],
    ['MODEL', 'RECOVERED', '2026-11-21T22:01:00.000Z', null],
  );
  const active = await bench.ask('{ alerts(activeOnly: true) { id } }');
  assert.deepEqual(active, { alerts: [{ id: 'alert-1' }] });
});

test('testAlertWebhook says what came of it', async () => {
  const bench = await openAlerts();
  const { testAlertWebhook } = await bench.ask(
    'mutation { testAlertWebhook { delivered reason reasonCode status errors { code } } }',
  );
  assert.deepEqual(testAlertWebhook, {
    delivered: false,
    reason: 'it answered HTTP 404',
    reasonCode: 'REFUSED',
    status: 404,
    errors: [],
  });
});

const UPDATE = `mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  settings { alerts { enabled webhookOrigin allowPrivateNetwork minRequests dropShare windowMinutes baselineHours cooldownMinutes } }
  errors { code path } } }`;

test('updateSettings keeps the URL of a webhook sealed and shows its origin', async () => {
  const bench = await openAlerts();
  const set = await bench.ask(UPDATE, {
    input: { alerts: { enabled: true, webhookUrl: WEBHOOK, dropShare: 0.5 } },
  });
  assert.deepEqual(set.updateSettings, {
    settings: {
      alerts: {
        enabled: true,
        webhookOrigin: 'https://hooks.example',
        allowPrivateNetwork: false,
        minRequests: 20,
        dropShare: 0.5,
        windowMinutes: 15,
        baselineHours: 24,
        cooldownMinutes: 60,
      },
    },
    errors: [],
  });
  const stored = bench.store.rows.settings.alerts.webhook;
  assert.ok(stored);
  assert.doesNotMatch(JSON.stringify(stored), /T0KEN/);
  assert.equal(await bench.vault.open(stored.sealedUrl, 'alert-webhook'), WEBHOOK);
  await bench.ask(UPDATE, { input: { alerts: { windowMinutes: 30 } } });
  assert.deepEqual(bench.store.rows.settings.alerts.webhook, stored);
  const cleared = await bench.ask(UPDATE, { input: { alerts: { webhookUrl: '' } } });
  assert.equal(cleared.updateSettings.settings.alerts.webhookOrigin, null);
  assert.equal(cleared.updateSettings.settings.alerts.windowMinutes, 30);
});

for (const { alerts, code, field } of [
  { alerts: { webhookUrl: 'ftp://hooks.example' }, code: 'invalid-value', field: 'webhookUrl' },
  { alerts: { webhookUrl: 'https://user:T0KEN@hooks.example' }, code: 'invalid-value', field: 'webhookUrl' },
  { alerts: { webhookUrl: 'http://10.0.0.7/hook' }, code: 'invalid-url', field: 'webhookUrl' },
  { alerts: { dropShare: 0 }, code: 'invalid-value', field: 'dropShare' },
  { alerts: { windowMinutes: 0 }, code: 'invalid-value', field: 'windowMinutes' },
]) {
  test(`updateSettings refuses ${JSON.stringify(alerts)}`, async () => {
    const bench = await openAlerts();
    const { updateSettings } = await bench.ask(UPDATE, { input: { alerts } });
    assert.deepEqual(updateSettings, {
      settings: null,
      errors: [{ code, path: ['input', 'alerts', field] }],
    });
    assert.equal(bench.store.rows.settings.alerts.webhook, null);
  });
}

test('updateSettings takes plain http when private networks are allowed', async () => {
  const bench = await openAlerts();
  const alerts = { webhookUrl: 'http://10.0.0.7:9000/hook', allowPrivateNetwork: true };
  const { updateSettings } = await bench.ask(UPDATE, { input: { alerts } });
  assert.equal(updateSettings.settings.alerts.webhookOrigin, 'http://10.0.0.7:9000');
});

test('alertChanged tells of an alert that began and of its end', async () => {
  const bench = await openAlerts();
  const stream = await subscribe(bench, 'subscription { alertChanged { id end } }');
  bench.live.publish({ kind: 'alert', alert: ALERT });
  bench.live.publish({ kind: 'alert', alert: OVER });
  const told = [await stream.next(), await stream.next()].map(({ data }) => data.data.alertChanged);
  assert.deepEqual(told, [
    { id: 'alert-1', end: null },
    { id: 'alert-0', end: 'RECOVERED' },
  ]);
  await stream.cancel();
});
