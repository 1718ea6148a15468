// How a configuration file says by what accounts are chosen, what is held back and what is done for the prompt caches.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planConfig } from '../../server/config/apply.ts';
import { parseConfig } from '../../server/config/file.ts';
import { ConfigError, renderProblems } from '../../server/config/problems.ts';
import { type CatalogRows, DEFAULT_SETTINGS, type Model, type Settings } from '../../server/gateway/ports.ts';

const COMPLETE = `
routing: { policy: least-loaded, profile: latency-first, maxWaitSeconds: 2.5, warmthScope: everyone }
reservation:
  enabled: false
  probePhaseRequests: 0
  probeReservation: 0.2
  stableMinReservation: 0.25
  stableMaxReservation: 0.5
  lowLoadThreshold: 0.4
  highLoadThreshold: 0.9
  successCountForFullConfidence: 10
  cooldownHoursForFullConfidence: 0.5
cacheLevers:
  chooseTtl: true
  placeBreakpoints: true
  setPromptCacheKey: true
  keepWarm: { enabled: true, maxUsdPerDay: 0.5, maxPings: 2 }
`;
const STATED: Pick<Settings, 'routing' | 'reservation' | 'cacheLevers'> = {
  routing: {
    policy: 'least-loaded',
    profile: 'latency-first',
    maxWaitSeconds: 2.5,
    warmthScope: 'everyone',
  },
  reservation: {
    enabled: false,
    probePhaseRequests: 0,
    probeReservation: 0.2,
    stableMinReservation: 0.25,
    stableMaxReservation: 0.5,
    lowLoadThreshold: 0.4,
    highLoadThreshold: 0.9,
    successCountForFullConfidence: 10,
    cooldownHoursForFullConfidence: 0.5,
  },
  cacheLevers: {
    chooseTtl: true,
    placeBreakpoints: true,
    setPromptCacheKey: true,
    keepWarm: { enabled: true, maxUsdPerDay: 0.5, maxPings: 2 },
  },
};

function parse(text: string) {
  return parseConfig(text, { env: {}, readFile: () => Promise.reject() });
}

async function problemsOf(text: string): Promise<string[]> {
  const { problems } = await parse(text);
  const lines = renderProblems('f', problems).split('\n').slice(1);
  return lines.map((line) => line.trim());
}

async function planned(text: string, given: Partial<CatalogRows> = {}) {
  const { config } = await parse(text);
  assert.ok(config);
  const current: CatalogRows = {
    providers: [],
    endpoints: [],
    accounts: [],
    models: [],
    mappings: [],
    users: [],
    apiKeys: [],
    settings: DEFAULT_SETTINGS,
    ...given,
  };
  let lastId = 0;
  const tools = {
    newId: () => `id-${++lastId}`,
    seal: (plain: string) => Promise.resolve(plain),
    fingerprint: (plain: string) => plain,
    nowMs: 0,
  };
  return planConfig(config, current, tools);
}

test('planConfig takes over every key about routing', async () => {
  assert.deepEqual(await planned(COMPLETE), [
    { kind: 'put-settings', row: { ...DEFAULT_SETTINGS, ...STATED } },
  ]);
  const settings = { ...DEFAULT_SETTINGS, ...STATED };
  assert.deepEqual(await planned(COMPLETE, { settings }), []);
});

test('planConfig leaves what the file does not state as the database holds it', async () => {
  const settings = { ...DEFAULT_SETTINGS, ...STATED };
  assert.deepEqual(await planned('requireApiKey: true', { settings }), []);
  const text = `
routing: { profile: balanced }
reservation: { enabled: true }
cacheLevers: { keepWarm: { maxPings: 9 } }`;
  const row = {
    ...settings,
    routing: { ...STATED.routing, profile: 'balanced' },
    reservation: { ...STATED.reservation, enabled: true },
    cacheLevers: {
      ...STATED.cacheLevers,
      keepWarm: { ...STATED.cacheLevers.keepWarm, maxPings: 9 },
    },
  };
  assert.deepEqual(await planned(text, { settings }), [{ kind: 'put-settings', row }]);
});

test("planConfig takes a wait of null as the profile's", async () => {
  const settings = { ...DEFAULT_SETTINGS, ...STATED };
  const row = { ...settings, routing: { ...STATED.routing, maxWaitSeconds: null } };
  assert.deepEqual(await planned('routing: { maxWaitSeconds: null }', { settings }), [
    { kind: 'put-settings', row },
  ]);
});

test('planConfig gives models the policy and profile that the file states, or none', async () => {
  const models: Model[] = [
    {
      id: 'm1',
      name: 'sonnet',
      displayName: null,
      price: null,
      routePolicy: 'session',
      routeProfile: 'balanced',
    },
  ];
  const row = { id: 'm1', name: 'sonnet', displayName: null, price: null };
  assert.deepEqual(
    await planned('models: [{ name: sonnet, routePolicy: round-robin, routeProfile: latency-first }]', {
      models,
    }),
    [{ kind: 'put-model', row: { ...row, routePolicy: 'round-robin', routeProfile: 'latency-first' } }],
  );
  assert.deepEqual(await planned('models: [{ name: sonnet }]', { models }), [
    { kind: 'put-model', row: { ...row, routePolicy: null, routeProfile: null } },
  ]);
});

test('parseConfig judges policies, shares and amounts that make no sense', async () => {
  assert.deepEqual(
    await problemsOf(`
routing: { policy: warm-costs, profile: quick, maxWaitSeconds: -1, warmthScope: all, patience: 3 }
reservation:
  enabled: perhaps
  probePhaseRequests: 1.5
  probeReservation: 10
  stableMinReservation: -0.1
  successCountForFullConfidence: 0
  cooldownHoursForFullConfidence: 0
cacheLevers: { chooseTTL: true, keepWarm: { maxUsdPerDay: -1, maxPings: 0 } }
models: [{ name: m, routePolicy: warm, routeProfile: fast }]`),
    [
      'routing.policy (line 2): must be one of: warm-cost, session, api-key, round-robin, least-loaded, fixed-order. Did you mean "warm-cost"?',
      'routing.profile (line 2): must be one of: balanced, latency-first',
      'routing.maxWaitSeconds (line 2): must be a number from 0 to 3600',
      'routing.warmthScope (line 2): must be one of: tenant, strict, everyone',
      'routing.patience (line 2): is not a known key',
      'reservation.enabled (line 4): must be true or false',
      'reservation.probePhaseRequests (line 5): must be a whole number from 0 to 1000000',
      'reservation.probeReservation (line 6): must be a number from 0 to 1',
      'reservation.stableMinReservation (line 7): must be a number from 0 to 1',
      'reservation.successCountForFullConfidence (line 8): must be a whole number from 1 to 1000000',
      'reservation.cooldownHoursForFullConfidence (line 9): must be a number above 0, up to 8760',
      'cacheLevers.keepWarm.maxUsdPerDay (line 10): must be a number from 0 to 1000000',
      'cacheLevers.keepWarm.maxPings (line 10): must be a whole number from 1 to 100',
      'cacheLevers.chooseTTL (line 10): is not a known key. Did you mean "chooseTtl"?',
      'models[0].routePolicy (line 11): must be one of: warm-cost, session, api-key, round-robin, least-loaded, fixed-order. Did you mean "warm-cost"?',
      'models[0].routeProfile (line 11): must be one of: balanced, latency-first',
    ],
  );
});

const CONTRADICTIONS: [reservation: string, problem: string][] = [
  [
    '{ stableMinReservation: 0.4, stableMaxReservation: 0.3 }',
    'reservation.stableMinReservation (line 1): must not be above stableMaxReservation (0.3)',
  ],
  [
    '{ stableMinReservation: 0.4 }',
    'reservation.stableMinReservation (line 1): must not be above stableMaxReservation (0.35)',
  ],
  [
    '{ stableMaxReservation: "0.05" }',
    'reservation.stableMaxReservation (line 1): must not be below stableMinReservation (0.1)',
  ],
  [
    '{ lowLoadThreshold: 0.8 }',
    'reservation.lowLoadThreshold (line 1): must be below highLoadThreshold (0.8)',
  ],
  [
    '{ highLoadThreshold: 0.5 }',
    'reservation.highLoadThreshold (line 1): must be above lowLoadThreshold (0.5)',
  ],
];
for (const [reservation, problem] of CONTRADICTIONS) {
  test(`parseConfig refuses the reservation ${reservation}`, async () => {
    assert.deepEqual(await problemsOf(`reservation: ${reservation}`), [problem]);
  });
}

test('parseConfig accepts a reservation that is always the same', async () => {
  assert.deepEqual(
    await problemsOf('reservation: { stableMinReservation: 0.2, stableMaxReservation: 0.2 }'),
    [],
  );
});

test('planConfig refuses a reservation that contradicts what only the database holds', async () => {
  const settings = {
    ...DEFAULT_SETTINGS,
    reservation: { ...DEFAULT_SETTINGS.reservation, stableMinReservation: 0.3 },
  };
  await assert.rejects(planned('reservation: { stableMaxReservation: 0.2 }', { settings }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ path, message }) => [path, message]),
      [['reservation.stableMaxReservation', 'must not be below stableMinReservation (0.3)']],
    );
    return true;
  });
});
