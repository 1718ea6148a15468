// The keys of a configuration file that say what the program tells of itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planConfig } from '../../server/config/apply.ts';
import { exportConfig } from '../../server/config/export.ts';
import { parseConfig } from '../../server/config/file.ts';
import { renderProblems } from '../../server/config/problems.ts';
import { type CatalogRows, DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';

const URL_WITH_TOKEN = 'https://hooks.example/services/T0KEN';

function parse(text: string) {
  return parseConfig(text, { env: { HOOK: URL_WITH_TOKEN }, readFile: () => Promise.reject() });
}

const COMPLETE = `
metrics: { open: true }
log: { level: warn, format: text, requests: true }
telemetry:
  otlpEndpoint: http://collector:4318
  otlpHeaders: { x-api-key: abc }
  serviceName: edge
  sampleRatio: 0.5
alerts:
  enabled: true
  webhookUrl: \${HOOK}
  allowPrivateNetwork: true
  minRequests: 5
  dropShare: 0.2
  windowMinutes: 30
  baselineHours: 48
  cooldownMinutes: 0
`;

test('parseConfig reads what is told of the program', async () => {
  assert.deepEqual(await parse(COMPLETE).then(({ config }) => config), {
    metrics: { open: true },
    log: { level: 'warn', format: 'text', requests: true },
    telemetry: {
      otlpEndpoint: 'http://collector:4318',
      otlpHeaders: { 'x-api-key': 'abc' },
      serviceName: 'edge',
      sampleRatio: 0.5,
    },
    alerts: {
      enabled: true,
      webhookUrl: URL_WITH_TOKEN,
      allowPrivateNetwork: true,
      minRequests: 5,
      dropShare: 0.2,
      windowMinutes: 30,
      baselineHours: 48,
      cooldownMinutes: 0,
    },
  });
});

test('parseConfig says what is wrong without quoting it', async () => {
  const { problems } = await parse(`
log: { level: loud }
telemetry: { otlpEndpoint: grpc-T0KEN, sampleRatio: 2 }
alerts: { webhookUrl: T0KEN, dropshare: 0.5 }
`);
  const text = renderProblems('warmpath.yaml', problems);
  for (const path of [
    'log.level',
    'telemetry.otlpEndpoint',
    'telemetry.sampleRatio',
    'alerts.webhookUrl',
    'alerts.dropshare',
  ])
    assert.ok(text.includes(path), `${path}\n${text}`);
  assert.doesNotMatch(text, /T0KEN/);
});

const EMPTY: CatalogRows = {
  providers: [],
  endpoints: [],
  accounts: [],
  models: [],
  mappings: [],
  users: [],
  apiKeys: [],
  settings: DEFAULT_SETTINGS,
};

async function planned(text: string, current: CatalogRows) {
  const { config } = await parse(text);
  assert.ok(config);
  let seals = 0;
  const changes = await planConfig(config, current, {
    newId: () => 'id',
    // Another text each time, as the vault does.
    seal: async (plain, purpose) => {
      seals += 1;
      return `sealed-${seals}-${purpose}-${plain.length}`;
    },
    fingerprint: (plain) => `print-${plain.length}`,
    nowMs: 0,
  });
  const put = changes.find((change) => change.kind === 'put-settings');
  return put?.kind === 'put-settings' ? put.row : null;
}

test('planConfig() seals the webhook, and changes nothing when applied again', async () => {
  const settings = await planned(COMPLETE, EMPTY);
  assert.deepEqual(settings?.alerts, {
    enabled: true,
    webhook: {
      sealedUrl: `sealed-1-alert-webhook-${URL_WITH_TOKEN.length}`,
      origin: 'https://hooks.example',
      fingerprint: `print-${URL_WITH_TOKEN.length}`,
    },
    allowPrivateNetwork: true,
    minRequests: 5,
    dropShare: 0.2,
    windowMinutes: 30,
    baselineHours: 48,
    cooldownMinutes: 0,
  });
  const after = { ...EMPTY, settings };
  assert.equal(await planned(COMPLETE, after), null);
  // A file that leaves it out leaves it as it is.
  assert.deepEqual(
    (await planned('alerts: { dropShare: 0.9 }', after))?.alerts.webhook,
    settings.alerts.webhook,
  );
  assert.doesNotMatch(exportConfig(after).text, /webhook:|sealed|T0KEN/);
});
