// The settings by GraphQL: read whole, changed in part, refused when they make no sense.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { mutate } from './mutate.ts';

const FIELDS = `requireApiKey trustedProxies routingHeaders translation affinity { enabled ttlSeconds scope } retention { maxAgeDays maxRows }
  routing { policy profile maxWaitSeconds warmthScope }
  reservation { enabled probePhaseRequests probeReservation stableMinReservation stableMaxReservation lowLoadThreshold
    highLoadThreshold successCountForFullConfidence cooldownHoursForFullConfidence }
  cacheLevers { chooseTtl placeBreakpoints setPromptCacheKey keepWarm { enabled maxUsdPerDay maxPings } }
  timeouts { connectSeconds firstByteSeconds streamFirstByteSeconds streamGapSeconds keepAliveSeconds deadlineSeconds
    queueSeconds shutdownSeconds }
  limits { maxBodyMb maxInFlight maxBufferedMb } clientGone { policy drainSeconds } bodyLog { enabled maxKb ttlHours }
  alerts { enabled webhookOrigin allowPrivateNetwork minRequests dropShare windowMinutes baselineHours cooldownMinutes }`;

/** Of a webhook only the origin is told. */
const { webhook: _, ...alerts } = DEFAULT_SETTINGS.alerts;
const DEFAULTS = {
  ...DEFAULT_SETTINGS,
  affinity: { ...DEFAULT_SETTINGS.affinity, scope: 'SESSION' },
  routing: { policy: 'WARM_COST', profile: 'BALANCED', maxWaitSeconds: null, warmthScope: 'TENANT' },
  clientGone: { ...DEFAULT_SETTINGS.clientGone, policy: 'CANCEL' },
  alerts: { ...alerts, webhookOrigin: null },
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
    routing: { policy: 'FIXED_ORDER', maxWaitSeconds: 0, warmthScope: 'EVERYONE' },
    reservation: { enabled: false, stableMaxReservation: 0.5, probeReservation: null },
    cacheLevers: { chooseTtl: true, keepWarm: { maxPings: 5 } },
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
    routing: { ...DEFAULTS.routing, policy: 'FIXED_ORDER', maxWaitSeconds: 0, warmthScope: 'EVERYONE' },
    reservation: { ...DEFAULTS.reservation, enabled: false, stableMaxReservation: 0.5 },
    cacheLevers: {
      ...DEFAULTS.cacheLevers,
      chooseTtl: true,
      keepWarm: { ...DEFAULTS.cacheLevers.keepWarm, maxPings: 5 },
    },
    timeouts: { ...DEFAULTS.timeouts, connectSeconds: 0.5 },
    limits: { ...DEFAULTS.limits, maxInFlight: 7 },
    clientGone: { ...DEFAULTS.clientGone, policy: 'DRAIN' },
    bodyLog: { ...DEFAULTS.bodyLog, enabled: true, ttlHours: 0.5 },
  });
  assert.equal(bench.parts.catalog.current.settings.timeouts.connectSeconds, 0.5);
  assert.equal(bench.store.rows.settings.clientGone.policy, 'drain');
  assert.equal(bench.store.rows.settings.routing.policy, 'fixed-order');
  assert.equal(bench.parts.catalog.current.settings.reservation.stableMaxReservation, 0.5);
});

test("updateSettings of a wait to null brings back the profile's", async () => {
  const bench = await openBench();
  await update(bench, { routing: { maxWaitSeconds: 2.5 } });
  assert.equal(bench.store.rows.settings.routing.maxWaitSeconds, 2.5);
  assert.equal((await update(bench, { routing: { profile: null } })).settings.routing.maxWaitSeconds, 2.5);
  assert.equal(
    (await update(bench, { routing: { maxWaitSeconds: null } })).settings.routing.maxWaitSeconds,
    null,
  );
});

test('updateSettings judges a changed reservation together with what stays', async () => {
  const bench = await openBench();
  const both = { stableMinReservation: 0.4, stableMaxReservation: 0.4 };
  assert.deepEqual((await update(bench, { reservation: both })).errors, []);
  const { errors } = await update(bench, {
    reservation: { stableMaxReservation: 0.35, lowLoadThreshold: 0.9 },
  });
  assert.deepEqual(errors, [
    {
      code: 'invalid-value',
      message:
        'Cannot accept reservation.stableMaxReservation: it must not be below stableMinReservation (0.4)',
      path: ['input', 'reservation', 'stableMaxReservation'],
    },
    {
      code: 'invalid-value',
      message: 'Cannot accept reservation.lowLoadThreshold: it must be below highLoadThreshold (0.8)',
      path: ['input', 'reservation', 'lowLoadThreshold'],
    },
  ]);
});

test('defaultSettings stays what it is, whatever the settings become', async () => {
  const bench = await openBench();
  await update(bench, { affinity: { ttlSeconds: 60 }, translation: false });
  const { defaultSettings, settings } = await bench.ask(
    `{ defaultSettings { ${FIELDS} } settings { translation } }`,
  );
  assert.deepEqual(defaultSettings, DEFAULTS);
  assert.deepEqual(settings, { translation: false });
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
  { input: { routing: { maxWaitSeconds: -1 } }, path: ['input', 'routing', 'maxWaitSeconds'] },
  {
    input: { reservation: { probePhaseRequests: -1 } },
    path: ['input', 'reservation', 'probePhaseRequests'],
  },
  { input: { reservation: { probeReservation: 1.1 } }, path: ['input', 'reservation', 'probeReservation'] },
  {
    input: { reservation: { stableMinReservation: 0.36 } },
    path: ['input', 'reservation', 'stableMinReservation'],
  },
  {
    input: { reservation: { stableMaxReservation: 0.09 } },
    path: ['input', 'reservation', 'stableMaxReservation'],
  },
  { input: { reservation: { lowLoadThreshold: 0.8 } }, path: ['input', 'reservation', 'lowLoadThreshold'] },
  {
    input: { reservation: { highLoadThreshold: 0.5 } },
    path: ['input', 'reservation', 'highLoadThreshold'],
  },
  {
    input: { reservation: { successCountForFullConfidence: 0 } },
    path: ['input', 'reservation', 'successCountForFullConfidence'],
  },
  {
    input: { reservation: { cooldownHoursForFullConfidence: 0 } },
    path: ['input', 'reservation', 'cooldownHoursForFullConfidence'],
  },
  {
    input: { cacheLevers: { keepWarm: { maxUsdPerDay: -1 } } },
    path: ['input', 'cacheLevers', 'keepWarm', 'maxUsdPerDay'],
  },
  {
    input: { cacheLevers: { keepWarm: { maxPings: 0 } } },
    path: ['input', 'cacheLevers', 'keepWarm', 'maxPings'],
  },
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
