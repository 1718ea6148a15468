// The settings by GraphQL: read whole, changed in part, refused when they make no sense.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { mutate } from './mutate.ts';

const FIELDS = `requireApiKey routingHeaders translation affinity { enabled ttlSeconds scope } retention { maxAgeDays maxRows }
  timeouts { connectSeconds firstByteSeconds streamFirstByteSeconds streamGapSeconds keepAliveSeconds deadlineSeconds
    queueSeconds shutdownSeconds }
  limits { maxBodyMb maxInFlight maxBufferedMb } clientGone { policy drainSeconds } bodyLog { enabled maxKb ttlHours }`;

const DEFAULTS = {
  ...DEFAULT_SETTINGS,
  affinity: { ...DEFAULT_SETTINGS.affinity, scope: 'SESSION' },
  clientGone: { ...DEFAULT_SETTINGS.clientGone, policy: 'CANCEL' },
};

test('settings tells every setting', async () => {
  const { settings } = await (await openBench()).ask(`{ settings { ${FIELDS} } }`);
  assert.deepEqual(settings, DEFAULTS);
});

function update(bench: Bench, input: unknown) {
  return mutate(bench, 'updateSettings', `settings { ${FIELDS} }`, { input });
}

test('updateSettings changes what is given, leaves the rest, and stores it', async () => {
  const bench = await openBench();
  const input = {
    translation: false,
    routingHeaders: null,
    affinity: { scope: 'API_KEY' },
    timeouts: { connectSeconds: 0.5, queueSeconds: null },
    limits: { maxInFlight: 7 },
    clientGone: { policy: 'DRAIN' },
    bodyLog: { enabled: true, ttlHours: 0.5 },
  };
  const { settings } = await update(bench, input);
  assert.deepEqual(settings, {
    ...DEFAULTS,
    translation: false,
    affinity: { ...DEFAULTS.affinity, scope: 'API_KEY' },
    timeouts: { ...DEFAULTS.timeouts, connectSeconds: 0.5 },
    limits: { ...DEFAULTS.limits, maxInFlight: 7 },
    clientGone: { ...DEFAULTS.clientGone, policy: 'DRAIN' },
    bodyLog: { ...DEFAULTS.bodyLog, enabled: true, ttlHours: 0.5 },
  });
  assert.equal(bench.parts.catalog.current.settings.timeouts.connectSeconds, 0.5);
  assert.equal(bench.store.rows.settings.clientGone.policy, 'drain');
});

test('updateSettings of nothing changes nothing', async () => {
  assert.deepEqual((await update(await openBench(), {})).settings, DEFAULTS);
});

const REFUSED: readonly { input: unknown; path: string[] }[] = [
  { input: { timeouts: { connectSeconds: 0 } }, path: ['input', 'timeouts', 'connectSeconds'] },
  { input: { timeouts: { streamGapSeconds: -1 } }, path: ['input', 'timeouts', 'streamGapSeconds'] },
  { input: { limits: { maxBodyMb: 0 } }, path: ['input', 'limits', 'maxBodyMb'] },
  { input: { limits: { maxInFlight: 0 } }, path: ['input', 'limits', 'maxInFlight'] },
  { input: { affinity: { ttlSeconds: 0 } }, path: ['input', 'affinity', 'ttlSeconds'] },
  { input: { retention: { maxRows: 0 } }, path: ['input', 'retention', 'maxRows'] },
  { input: { clientGone: { drainSeconds: 0 } }, path: ['input', 'clientGone', 'drainSeconds'] },
  { input: { bodyLog: { maxKb: 0 } }, path: ['input', 'bodyLog', 'maxKb'] },
];
for (const { input, path } of REFUSED) {
  test(`updateSettings refuses ${JSON.stringify(input)}`, async () => {
    const bench = await openBench();
    const { settings, errors } = await update(bench, input);
    assert.equal(settings, null);
    assert.deepEqual(
      errors.map((error: { code: string; path: string[] }) => [error.code, error.path]),
      [['invalid-value', path]],
    );
    assert.deepEqual(bench.store.rows.settings, DEFAULT_SETTINGS);
  });
}
