// An API key that may not be used for models may not read the admin API either: from where it may not come, once it has ended.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { type KeyRestrictions, UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { createLogExport } from '../../server/graphql/log-export.ts';
import { maySee, ownFilter } from '../../server/graphql/own-rows.ts';
import type { Visitor } from '../../server/graphql/parts.ts';
import { createRestApi } from '../../server/rest/rest.ts';
import { type Bench, graphqlRequest, ORIGIN, openBench } from '../graphql/admin-bench.ts';
import { START_MS, sampleRow } from '../graphql/sample-rows.ts';

const SECRET = 'wp_a-key-that-may-come-from-some-places';
const QUERY = '{ requestLogs { nodes { requestId } } }';

async function benchWithKey(given: Partial<KeyRestrictions & { isEnabled: boolean }>): Promise<Bench> {
  const key = { ...UNRESTRICTED, masked: 'wp_a…aces', isEnabled: true, createdAtMs: START_MS, userId: null };
  const bench = await openBench({
    rows: {
      apiKeys: [{ ...key, id: 'own', name: 'own', hash: hashSecret(SECRET), ...given }],
      settings: { ...DEFAULT_SETTINGS, trustedProxies: ['192.0.2.1'] },
    },
  });
  bench.log.rows = [sampleRow('1', { requestId: 'mine', apiKeyId: 'own' })];
  return bench;
}

interface From {
  remoteAddress?: string | null;
  forwardedFor?: string;
}

/** Statuses of the same question by GraphQL, as an export, as a stream and by the compatibility routes. */
async function statusesOf(bench: Bench, { remoteAddress, forwardedFor }: From): Promise<number[]> {
  const headers: Record<string, string> = forwardedFor ? { 'x-forwarded-for': forwardedFor } : {};
  const connection = {
    isLoopback: remoteAddress === '127.0.0.1',
    ...(remoteAddress !== undefined && { remoteAddress }),
  };
  const as = { ...headers, authorization: `Bearer ${SECRET}` };
  const get = (path: string, init = {}) => new Request(ORIGIN + path, { headers: as, ...init });
  const replies = [
    await bench.api.fetch(graphqlRequest({ query: QUERY }, { bearer: SECRET, headers }), connection),
    await createLogExport(bench.parts).fetch(get('/admin/export/requests.csv'), connection),
    await bench.api.fetch(get('/graphql/stream', { method: 'PUT' }), connection),
    await createRestApi(bench.api).fetch(get('/admin/api/logs/stats'), connection),
    await createRestApi(bench.api).fetch(
      new Request(`${ORIGIN}/admin/api/logs/stats`, { headers: { ...headers, 'x-admin-password': SECRET } }),
      connection,
    ),
  ];
  await Promise.all(replies.map((reply) => reply?.body?.cancel()));
  return replies.map((reply) => reply?.status ?? 0);
}

const READS = [200, 200, 201, 200, 200];
const READS_NOTHING = [401, 401, 401, 401, 401];
const ALLOWED = { allowedIps: ['203.0.113.0/24'] };

const CASES: readonly (readonly [string, Parameters<typeof benchWithKey>[0], From, number[]])[] = [
  ['no list, from an address that is not known', {}, {}, READS],
  ['from its list', ALLOWED, { remoteAddress: '203.0.113.9' }, READS],
  ['from elsewhere', ALLOWED, { remoteAddress: '198.51.100.9' }, READS_NOTHING],
  ['from an address that is not known', ALLOWED, {}, READS_NOTHING],
  [
    'from its list through a trusted proxy',
    ALLOWED,
    { remoteAddress: '192.0.2.1', forwardedFor: '203.0.113.9' },
    READS,
  ],
  [
    'from its list through a proxy here',
    ALLOWED,
    { remoteAddress: '127.0.0.1', forwardedFor: '203.0.113.9' },
    READS,
  ],
  [
    'from elsewhere through a trusted proxy',
    ALLOWED,
    { remoteAddress: '192.0.2.1', forwardedFor: '198.51.100.9' },
    READS_NOTHING,
  ],
  [
    'with a list of its own making',
    ALLOWED,
    { remoteAddress: '198.51.100.9', forwardedFor: '203.0.113.9' },
    READS_NOTHING,
  ],
  [
    'with a list that a proxy has added to',
    ALLOWED,
    { remoteAddress: '192.0.2.1', forwardedFor: '203.0.113.9, 198.51.100.9' },
    READS_NOTHING,
  ],
  ['from nowhere, with an empty list', { allowedIps: [] }, { remoteAddress: '203.0.113.9' }, READS_NOTHING],
  ['expired', { expiresAtMs: START_MS }, {}, READS_NOTHING],
  ['switched off', { isEnabled: false }, {}, READS_NOTHING],
  ['revoked, with a time to come', { revokedAtMs: START_MS + 1000 }, {}, READS_NOTHING],
];

for (const [name, key, from, expected] of CASES) {
  test(`an API key asks about its own rows: ${name}`, async () => {
    assert.deepEqual(await statusesOf(await benchWithKey(key), from), expected);
  });
}

function visitorOf(actor: Visitor['actor']): Visitor {
  return { actor, session: null, login: null, cookieToken: null, cookieRule: 'secure', setCookies: [] };
}

test('ownFilter() and maySee() show no rows to a visitor who has none', () => {
  for (const actor of [null, { kind: 'admin-token', name: 'x', role: 'own', apiKeyId: null } as const]) {
    const visitor = visitorOf(actor);
    assert.throws(() => ownFilter(visitor, {}), /own rows only/);
    assert.equal(maySee(visitor, { apiKeyId: null }), false);
    assert.equal(maySee(visitor, { apiKeyId: 'k1' }), false);
  }
});
