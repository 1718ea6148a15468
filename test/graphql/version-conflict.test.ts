// Two who edit the same thing: the second is told, and what a version says and does not say.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isInputObjectType, isObjectType } from 'graphql';
import { Vault } from '../../server/auth/vault.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { schema } from '../../server/graphql/schema.ts';
import { accountVersion, apiKeyVersion, settingsVersion } from '../../server/graphql/version.ts';
import { type Bench, coolDown, openBench, sampleAccount } from './admin-bench.ts';
import { mutate, open } from './mutate.ts';
import { sampleBinding, sampleRow } from './sample-rows.ts';

type Values = Record<string, unknown>;

interface Kind {
  /** Null = the settings, of which there is one. */
  id: string | null;
  entity: string;
  what: string;
  /** Two edits at once; where something is sealed, that is awaited in the middle of the edit. */
  edits: readonly [Values, Values];
  /** Tells the two edits apart. */
  shown: string;
  /** For each field of the update input a value that the sample does not have. */
  changes: Values;
}

const CREDENTIALS = ['sk-the-first-new-credential', 'sk-the-second-new-credential'] as const;
const WEBHOOK = 'https://hooks.example.com/secret-path';
const price = (inputUsdPerMillion: number) => ({ price: { inputUsdPerMillion } });

const KINDS: Readonly<Record<string, Kind>> = {
  Account: {
    id: 'a1',
    entity: 'account',
    what: 'the account "team-a"',
    edits: [{ credential: CREDENTIALS[0] }, { credential: CREDENTIALS[1] }],
    shown: 'credentialFingerprint',
    changes: {
      name: 'renamed',
      credential: CREDENTIALS[0],
      weight: 9,
      maxConcurrent: null,
      cacheTtlMinutes: 0,
      rateMultiplier: 0.5,
      usdPerCredit: 0.01,
      cacheDomain: 'rack-9',
    },
  },
  ApiKey: {
    id: 'k1',
    entity: 'apiKey',
    what: 'the API key "ada-laptop"',
    edits: [{ budgetUsdPerDay: 1 }, { budgetUsdPerDay: 2 }],
    shown: 'budgetUsdPerDay',
    changes: {
      name: 'renamed',
      userId: null,
      enabled: false,
      expiresAt: '2027-01-01T00:00:00Z',
      allowedModelIds: [],
      allowedProviderIds: [encodeGlobalId('Provider', 'p1')],
      allowedSurfaces: ['GEMINI'],
      allowedIps: ['10.0.0.0/8'],
      requestsPerMinute: 1,
      tokensPerMinute: 1,
      maxConcurrent: 1,
      budgetUsdPerDay: 1,
      budgetUsdPerMonth: 1,
    },
  },
  Endpoint: {
    id: 'e1',
    entity: 'endpoint',
    what: 'the endpoint "main"',
    edits: [{ baseUrl: 'https://one.example.com' }, { baseUrl: 'https://two.example.com' }],
    shown: 'baseUrl',
    changes: { name: 'renamed', surface: 'GEMINI', baseUrl: 'https://one.example.com' },
  },
  Model: {
    id: 'm1',
    entity: 'model',
    what: 'the model "claude-sonnet-4-5"',
    edits: [price(1), price(2)],
    shown: 'price { inputUsdPerMillion }',
    changes: {
      name: 'renamed',
      displayName: null,
      ...price(0),
      routePolicy: 'SESSION',
      routeProfile: 'LATENCY_FIRST',
    },
  },
  ModelMapping: {
    id: 'mm1',
    entity: 'modelMapping',
    what: 'the mapping to "claude-sonnet-4-5-20250929"',
    edits: [{ aliases: ['one'] }, { aliases: ['two'] }],
    shown: 'aliases',
    changes: { upstreamModel: 'renamed', aliases: [] },
  },
  Provider: {
    id: 'p1',
    entity: 'provider',
    what: 'the provider "anthropic"',
    edits: [{ allowPrivateNetwork: true }, { name: 'two' }],
    shown: 'name allowPrivateNetwork',
    changes: { name: 'renamed', allowPrivateNetwork: true },
  },
  Settings: {
    id: null,
    entity: 'settings',
    what: 'the settings',
    edits: [{ alerts: { webhookUrl: WEBHOOK } }, { alerts: { webhookUrl: 'https://two.example.com' } }],
    shown: 'alerts { webhookOrigin }',
    changes: {
      requireApiKey: false,
      trustedProxies: ['10.0.0.0/8'],
      routingHeaders: false,
      translation: false,
      affinity: { ttlSeconds: 1 },
      routing: { maxWaitSeconds: 1 },
      reservation: { enabled: false },
      cacheLevers: { keepWarm: { maxPings: 99 } },
      retention: { maxRows: 1 },
      timeouts: { queueSeconds: 1 },
      limits: { maxInFlight: 1 },
      clientGone: { drainSeconds: 1 },
      bodyLog: { maxKb: 1 },
      alerts: { webhookUrl: WEBHOOK },
    },
  },
  User: {
    id: 'u1',
    entity: 'user',
    what: 'the user "ada"',
    edits: [{ email: 'one@example.com' }, { email: 'two@example.com' }],
    shown: 'email',
    changes: { username: 'renamed', email: null },
  },
};

const LOOK = `{
  accounts { nodes { id version } } apiKeys { nodes { id version } } models { nodes { id version mappings { id version } } }
  providers { nodes { id version endpoints { id version } } } users { nodes { id version } } settings { version }
}`;

/** The version of everything, by global id. */
async function versions(bench: Bench): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  JSON.stringify(await bench.ask(LOOK), (_key, value) => {
    if (typeof value?.version === 'string') found[value.id ?? 'settings'] = value.version;
    return value;
  });
  return found;
}

async function versionOf(bench: Bench, name: string): Promise<string> {
  const { id } = kind(name);
  const version = (await versions(bench))[id === null ? 'settings' : encodeGlobalId(name, id)];
  assert.match(version ?? '', /^[0-9a-f]{16}$/);
  return version ?? '';
}

function kind(name: string): Kind {
  const found = KINDS[name];
  assert.ok(found);
  return found;
}

function update(bench: Bench, name: string, input: Values) {
  const { id, entity, shown } = kind(name);
  return mutate(bench, `update${name}`, `${entity} { version ${shown} }`, {
    ...(id !== null && { id }),
    input,
  });
}

test('the table has every type with an update mutation, and every field that it takes', () => {
  const inputs = Object.values(schema.getTypeMap()).filter(
    (type) => isInputObjectType(type) && /^Update\w+Input$/.test(type.name),
  );
  assert.deepEqual(
    inputs.map(({ name }) => name).sort(),
    Object.keys(KINDS).map((name) => `Update${name}Input`),
  );
  for (const [name, { changes }] of Object.entries(KINDS)) {
    const input = schema.getType(`Update${name}Input`);
    assert.ok(isInputObjectType(input));
    assert.deepEqual(Object.keys(input.getFields()).sort(), [...Object.keys(changes), 'version'].sort());
    assert.equal(String(input.getFields().version?.type), 'String');
    const type = schema.getType(name);
    assert.ok(isObjectType(type));
    assert.equal(String(type.getFields().version?.type), 'String!');
  }
});

for (const [name, { entity, what, edits, changes }] of Object.entries(KINDS)) {
  test(`update${name} refuses the same version a second time, changes nothing and shows what is there`, async () => {
    const bench = await open();
    const version = await versionOf(bench, name);
    const first = await update(bench, name, { ...edits[0], version });
    assert.deepEqual(first.errors, []);
    assert.notEqual(first[entity].version, version);
    const before = JSON.stringify(bench.store.rows);
    assert.deepEqual(await update(bench, name, { ...edits[1], version }), {
      [entity]: first[entity],
      errors: [
        {
          code: 'version-conflict',
          message: `Cannot update ${what}: changed since this version of it was read`,
          path: ['input', 'version'],
        },
      ],
    });
    assert.equal(JSON.stringify(bench.store.rows), before);
    const third = await update(bench, name, { ...edits[1], version: first[entity].version });
    assert.deepEqual(third.errors, []);
    assert.notDeepEqual(third[entity], first[entity]);
    assert.equal(third[entity].version, await versionOf(bench, name), 'as answered, so read again');
  });

  test(`update${name} without a version, or with null, takes whatever there is`, async () => {
    const bench = await open();
    for (const input of [edits[0], edits[1], { ...edits[0], version: null }]) {
      assert.deepEqual((await update(bench, name, input)).errors, []);
    }
  });

  test(`update${name} lets one of two pass that come at the same time`, async () => {
    const bench = await open();
    const version = await versionOf(bench, name);
    const answers = await Promise.all(edits.map((edit) => update(bench, name, { ...edit, version })));
    assert.deepEqual(
      answers.map(({ errors }) => errors.map(({ code }: { code: string }) => code)),
      [[], ['version-conflict']],
    );
    assert.deepEqual(answers[1][entity], answers[0][entity]);
    assert.equal(await versionOf(bench, name), answers[0][entity].version);
  });

  for (const [field, value] of Object.entries(changes)) {
    test(`the version of ${name} changes with ${field}, and with nothing that stays the same`, async () => {
      const bench = await open();
      const before = await versions(bench);
      const { [entity]: changed, errors } = await update(bench, name, { [field]: value });
      assert.deepEqual(errors, []);
      const after = await versions(bench);
      const differing = Object.keys(before).filter((id) => before[id] !== after[id]);
      const { id } = kind(name);
      assert.deepEqual(differing, [id === null ? 'settings' : encodeGlobalId(name, id)]);
      const again = await update(bench, name, { [field]: value });
      assert.equal(again[entity].version, changed.version);
    });
  }
}

test('a version comes back with the content it stands for', async () => {
  const bench = await open();
  const before = await versionOf(bench, 'User');
  await update(bench, 'User', { email: null });
  await update(bench, 'User', { email: 'ada@example.com' });
  assert.equal(await versionOf(bench, 'User'), before);
});

/** What goes on while somebody looks at a form, none of it by an update mutation. */
const RUNTIME: Readonly<Record<string, (bench: Bench) => unknown>> = {
  'a request under way': (bench) => bench.slots.take(sampleAccount(bench, 'a1')),
  'a rate limit': (bench) => coolDown(bench, 'a1', 60_000),
  'a host in trouble': (bench) =>
    bench.health.failed(
      sampleAccount(bench, 'a1'),
      { upstreamModel: 'x', host: 'api.anthropic.com' },
      { fault: 'unreachable', retryAfterMs: null, reason: 'no route' },
    ),
  'a refused credential': async ({ parts: { catalog } }) => {
    const row = catalog.current.accounts.get('a1');
    assert.ok(row);
    await catalog.apply([{ kind: 'put-account', row: { ...row, disabledReason: 'refused (401)' } }]);
  },
  'a pause': (bench) =>
    bench.ask('mutation { setAccountPaused(id: "a1", paused: true) { account { paused } } }'),
  'a binding': (bench) => bench.affinity.restore([sampleBinding('b1')]),
  'money spent': (bench) => bench.keyUsage.settled(sampleRow('r1')),
  'a revoked API key': (bench) => bench.ask('mutation { revokeApiKey(id: "k1") { apiKey { state } } }'),
  'a new account': (bench) =>
    bench.ask(
      'mutation { createAccount(input: { providerId: "p1", name: "new", credential: "sk-some-credential" }) { account { id } } }',
    ),
};

const STATE = `{ accounts { nodes { state paused inFlight bindingCount } } endpoint: node(id: "${encodeGlobalId('Endpoint', 'e1')}")
  { ... on Endpoint { troubleReason } } apiKeys { nodes { state usage { spentTodayUsd } } } }`;

for (const [name, happens] of Object.entries(RUNTIME)) {
  test(`${name} leaves every version alone`, async () => {
    const bench = await open();
    const [state, before] = [await bench.ask(STATE), await versions(bench)];
    await happens(bench);
    assert.notDeepEqual(await bench.ask(STATE), state, 'it did happen');
    const after = await versions(bench);
    for (const id in before) assert.equal(after[id], before[id], id);
  });
}

/** A version made from a secret itself would be the same everywhere, so that secrets could be tried against it. */
test('versions tell secrets apart by keyed fingerprints only: under another master key they are others', async () => {
  const secrets: readonly [string, Values][] = [
    ['Account', { credential: CREDENTIALS[0] }],
    ['Settings', { alerts: { webhookUrl: WEBHOOK } }],
  ];
  const benches = await Promise.all([7, 8, 7].map(benchWithMasterKey));
  for (const [name, input] of secrets) {
    const made: string[] = [];
    for (const bench of benches) {
      made.push((await update(bench, name, input))[kind(name).entity].version);
    }
    const [one, other, same] = made;
    assert.notEqual(one, other, name);
    assert.equal(one, same, name);
  }
});

async function benchWithMasterKey(filledWith: number): Promise<Bench> {
  const { rows } = (await open()).store;
  return openBench({
    rows,
    parts: { vault: await Vault.fromMasterKey(new Uint8Array(32).fill(filledWith)) },
  });
}

test('accountVersion() and apiKeyVersion() know nothing else of secrets', async () => {
  const { accounts, apiKeys } = (await open()).parts.catalog.current;
  const [account, apiKey] = [accounts.get('a1'), apiKeys.get('k1')];
  assert.ok(account && apiKey);
  const otherAccount = { ...account, sealedCredential: 'other', credentialLast4: 'wxyz' };
  assert.equal(accountVersion(otherAccount), accountVersion(account));
  const otherKey = { ...apiKey, hash: 'ff', masked: 'wp_b…0002' };
  assert.equal(apiKeyVersion(otherKey), apiKeyVersion(apiKey));
});

test('settingsVersion() does not depend on how a text was sealed, or on the order of members', () => {
  const webhook = { origin: 'https://hooks.example.com', fingerprint: 'f00d', sealedUrl: 'sealed once' };
  const withWebhook = (sealedUrl: string) => ({
    ...DEFAULT_SETTINGS,
    alerts: { ...DEFAULT_SETTINGS.alerts, webhook: { ...webhook, sealedUrl } },
  });
  assert.equal(settingsVersion(withWebhook('sealed once')), settingsVersion(withWebhook('sealed twice')));
  assert.notEqual(settingsVersion(withWebhook('sealed once')), settingsVersion(DEFAULT_SETTINGS));
  const { limits, ...others } = DEFAULT_SETTINGS;
  const { maxBodyMb, ...otherLimits } = limits;
  const turned = { ...others, limits: { ...otherLimits, maxBodyMb } };
  assert.notEqual(JSON.stringify(turned), JSON.stringify(DEFAULT_SETTINGS));
  assert.equal(settingsVersion(turned), settingsVersion(DEFAULT_SETTINGS));
});

test('auditLog has a version-conflict as refused', async () => {
  const bench = await open();
  await update(bench, 'User', { email: null, version: 'of long ago' });
  const { auditLog } = await bench.ask('{ auditLog(first: 1) { nodes { action outcome errorCodes } } }');
  assert.deepEqual(auditLog.nodes, [
    { action: 'updateUser', outcome: 'REFUSED', errorCodes: 'version-conflict' },
  ]);
});

for (const role of ['VIEWER', 'OPERATOR']) {
  test(`an update by the role ${role} is FORBIDDEN, whatever the version`, async () => {
    const bench = await open();
    const { createAdminToken } = await bench.ask(
      `mutation { createAdminToken(input: { name: "x", role: ${role} }) { secret } }`,
    );
    const version = await versionOf(bench, 'User');
    const { status, data, errors } = await bench.call(
      `mutation { updateUser(id: "u1", input: { email: null, version: "${version}" }) { errors { code } } }`,
      {},
      { bearer: createAdminToken.secret },
    );
    assert.deepEqual([status, data, errors[0]?.extensions.code], [403, null, 'FORBIDDEN']);
  });
}
