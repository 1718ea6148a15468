// What each role of the admin API reaches: every root field as every role, and every path on from what an API key may ask.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  subscribe,
} from 'graphql';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { missFacts } from '../../server/gateway/miss-facts.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { AdminDesk } from '../../server/graphql/desk.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import type { Visitor } from '../../server/graphql/parts.ts';
import { schema } from '../../server/graphql/schema.ts';
import { type Bench, openBench } from '../graphql/admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from '../graphql/sample-rows.ts';

const KEY_SECRET = 'wp_the-key-that-reads-its-own-rows';

const ROLES = ['nobody', 'own', 'viewer', 'operator', 'admin'] as const;
type Caller = (typeof ROLES)[number];

/** Each role reaches its own line and those above it. A new root field belongs into exactly one of them. */
const REACH: Record<Caller, string> = {
  nobody: 'session login logout setup',
  own: 'cacheHitAnalysis requestLog requestLogStats requestLogs requestSeries',
  viewer: `accountHealthSeries accounts affinities affinityHistory affinityStats alerts apiKeys auditLog build cacheConfig cacheMissAnalysis defaultSettings explainRoute
    intervalTimeline liveCounts modelMappingCache models node providers providerCacheFacts replayPolicy reservationPreview requestGroups requestLogHealth settings
    ttlAnalysis userAffinity users
    subscription:accountChanged subscription:affinityChanged subscription:affinityStats subscription:alertChanged
    subscription:cleared subscription:requestLogged`,
  operator: `clearAccountAffinities clearAffinities clearAffinity clearAllAffinities clearModelAffinities
    clearModelMapping clearModelMappingCache clearProviderAffinities clearProviderModelMapping clearUserAffinities
    moveAffinity pinAffinity resetAccountHealth setAccountPaused setDemoFailure testAccount testAlertWebhook`,
  admin: `adminTokens exportConfig
    clearRequestLogs createAccount createAdminToken createApiKey createEndpoint createModel createModelMapping
    createProvider createUser deleteAccount deleteApiKey deleteEndpoint deleteModel deleteModelMapping deleteProvider
    deleteUser importConfig revokeAdminToken revokeApiKey updateAccount updateApiKey updateEndpoint updateModel
    updateModelMapping updateProvider updateSettings updateUser`,
};
/** What a row may have, so that what is behind each of its fields is asked for too. */
const WITH_EVERYTHING: Partial<RequestRow> = {
  missCause: 'ttl-expired',
  misses: [
    {
      cause: 'ttl-expired',
      tokens: 100,
      costNanoUsd: 1,
      detail: 'unused for 412 s',
      facts: missFacts('unused-for', { ms: 412_000 }),
    },
  ],
  prefixParentId: '1',
  prefixSharedTokens: 10,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  route: {
    policy: 'warm-cost',
    profile: 'balanced',
    promptTokens: 100,
    isUnpriced: false,
    waitedMs: 0,
    considered: [
      { accountId: 'a1', accountName: 'team-a', state: 'open', warmTokens: 10, waitMs: 0, cost: null },
    ],
  },
  cacheLevers: {
    ttl: '1h',
    ttlReason: 'because',
    ttlSums: { isOwn: true, savedUsd: 2, extraUsd: 1 },
    breakpointsPlaced: 1,
    promptCacheKeySet: false,
  },
  priceSheet: {
    input: 3,
    output: 15,
    cacheRead: 0.3,
    cacheWrite5m: 3.75,
    cacheWrite1h: 6,
    audioInput: 3,
    audioOutput: 15,
    aboveInputTokens: null,
    rateMultiplier: 1,
    usdPerCredit: null,
  },
};

async function benchOfRoles(): Promise<{ bench: Bench; bearers: Record<Caller, string | null> }> {
  const rows = sampleRows();
  const key = { ...UNRESTRICTED, masked: 'wp_t…rows', isEnabled: true, createdAtMs: START_MS };
  rows.apiKeys = [
    ...(rows.apiKeys ?? []),
    { ...key, id: 'own', name: 'own', hash: hashSecret(KEY_SECRET), userId: 'u1' },
  ];
  const bench = await openBench({ rows });
  bench.log.rows = [
    sampleRow('1', { apiKeyId: 'own', apiKeyName: 'own', ...WITH_EVERYTHING }),
    sampleRow('2', { apiKeyId: 'k2', requestId: 'of-another-key', sessionId: 'of-another-key' }),
  ];
  bench.bodies.set('1', {
    request: '{}',
    upstreamRequest: '{}',
    requestHeaders: '{}',
    reply: '{}',
    isCut: false,
  });
  const issue = async (role: 'viewer' | 'operator' | 'admin') =>
    (await bench.parts.adminTokens.issue({ id: role, name: role, role, expiresAtMs: null })).secret;
  const bearers = {
    nobody: null,
    own: KEY_SECRET,
    viewer: await issue('viewer'),
    operator: await issue('operator'),
    admin: await issue('admin'),
  };
  return { bench, bearers };
}

type Field = GraphQLField<unknown, unknown>;

function fieldsOf(type: GraphQLObjectType | null | undefined): Field[] {
  return Object.values(type?.getFields() ?? {});
}

/** The field with the least arguments and the least selection it can be asked with. */
function leastOf(field: Field): string {
  const args = field.args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${leastValue(type)}`);
  const call = args.length > 0 ? `${field.name}(${args.join(', ')})` : field.name;
  return isLeafType(getNamedType(field.type)) ? call : `${call} { __typename }`;
}

function leastValue(type: GraphQLInputType): string {
  if (isNonNullType(type)) return leastValue(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{ ${required.map((field) => `${field.name}: ${leastValue(field.type)}`).join(', ')} }`;
  }
  switch (type.name) {
    case 'Boolean':
      return 'false';
    case 'Int':
    case 'Float':
    case 'Long':
      return '60';
    case 'DateTime':
      return '"2026-11-21T22:00:00Z"';
    default:
      return '"x"';
  }
}

const DENIED = ['FORBIDDEN', 'UNAUTHENTICATED'];

async function allowedByCall(kind: 'query' | 'mutation', caller: Caller): Promise<string[]> {
  const { bench, bearers } = await benchOfRoles();
  const fields = fieldsOf(kind === 'query' ? schema.getQueryType() : schema.getMutationType());
  const allowed: string[] = [];
  for (const field of fields) {
    const { errors } = await bench.call(`${kind} { ${leastOf(field)} }`, {}, { bearer: bearers[caller] });
    for (const { message, extensions } of errors) {
      assert.notEqual(extensions.code, 'GRAPHQL_VALIDATION_FAILED', `${field.name}: ${message}`);
    }
    if (!errors.some(({ extensions }) => DENIED.includes(extensions.code ?? ''))) allowed.push(field.name);
  }
  return allowed;
}

async function allowedSubscriptions(caller: Caller): Promise<string[]> {
  const { bench } = await benchOfRoles();
  const actor: Visitor['actor'] =
    caller === 'nobody'
      ? null
      : { kind: 'api-key', name: 'x', role: caller, apiKeyId: caller === 'own' ? 'own' : null };
  const visitor = {
    actor,
    session: null,
    login: null,
    cookieToken: null,
    cookieRule: 'secure',
    setCookies: [],
  };
  const contextValue = { parts: bench.parts, desk: new AdminDesk(bench.parts), visitor };
  const allowed: string[] = [];
  for (const field of fieldsOf(schema.getSubscriptionType())) {
    const document = parse(`subscription { ${leastOf(field)} }`);
    const result = await subscribe({ schema, document, contextValue });
    if (Symbol.asyncIterator in result) {
      allowed.push(`subscription:${field.name}`);
      await result.return?.(undefined);
    } else assert.ok(DENIED.includes(String(result.errors?.[0]?.extensions.code)), field.name);
  }
  return allowed;
}

for (const [index, caller] of ROLES.entries()) {
  test(`${caller} reaches the root fields of its role and of those below it, and no others`, async () => {
    const expected = ROLES.slice(0, index + 1).flatMap((role) => REACH[role].split(/\s+/).filter(Boolean));
    const allowed = [
      ...(await allowedByCall('query', caller)),
      ...(await allowedSubscriptions(caller)),
      ...(await allowedByCall('mutation', caller)),
    ];
    assert.deepEqual(allowed.toSorted(), expected.toSorted());
  });
}

/** What an API key is told on from what it may ask: whole types, since a type has one scope. */
const OPEN_TO_KEYS = `CacheHitAnalysis CacheHitBucket CostLine Ledger Miss ModelCacheHits PageInfo PartCacheHits
  Percentiles RequestBucket RequestLog RequestLogConnection RequestLogEdge RequestLogStats Session`;
/** What they name and an API key may not look into. */
const SHUT_TO_KEYS = `Account AccountCacheHits ApiKey Attempt CacheLevers Endpoint Model PriceSheet Provider RequestBodies RouteRecord SessionNeighbours User`;

/** Follows every field from what an API key may ask: which types answered, which refused, and all that was told. */
async function followOwn() {
  const { bench } = await benchOfRoles();
  // The rows started now: an analysis looks at what was before.
  await bench.clock.advance(1_000);
  const seen = new Set<string>();
  const open = new Set<string>();
  const shut = new Set<string>();
  const texts: string[] = [];
  const isAnswered = async (path: readonly string[]) => {
    const query = `{ ${path.join(' { ')}${' }'.repeat(path.length)}`;
    const { data, errors } = await bench.call(query, {}, { bearer: KEY_SECRET });
    texts.push(JSON.stringify(data));
    const codes = errors.map(({ extensions }) => extensions.code ?? '');
    assert.ok(
      codes.every((code) => DENIED.includes(code)),
      `${query}: ${JSON.stringify(errors)}`,
    );
    return codes.length === 0;
  };
  const follow = async (field: Field, path: readonly string[], owner: string): Promise<void> => {
    const place = `${owner}.${field.name}`;
    if (seen.has(place)) return;
    seen.add(place);
    const type = getNamedType(field.type);
    const isLeaf = isLeafType(type);
    const here = [...path, callOf(field)];
    const isOpen = await isAnswered(isLeaf ? here : [...here, '__typename']);
    (isOpen ? open : shut).add(owner);
    if (!isOpen || !isObjectType(type)) return;
    for (const next of fieldsOf(type)) await follow(next, here, type.name);
  };
  for (const field of fieldsOf(schema.getQueryType())) await follow(field, [], 'Query');
  return { open, shut, texts };
}

function callOf(field: Field): string {
  if (field.name === 'requestLog') return `requestLog(id: "${encodeGlobalId('RequestLog', '1')}")`;
  return leastOf(field).replace(' { __typename }', '');
}

test('an API key gets from its own rows to nothing else: every path on is refused or about them', async () => {
  const { open, shut, texts } = await followOwn();
  assert.deepEqual([...open].toSorted(), ['Query', ...OPEN_TO_KEYS.split(/\s+/)].toSorted());
  assert.deepEqual([...shut].toSorted(), ['Query', ...SHUT_TO_KEYS.split(/\s+/)].toSorted());
  assert.ok(!texts.some((text) => text.includes('of-another-key')));
});
