// What would become of a request: the same that becomes of it when it is sent right after, and nothing changes by asking.

import assert from 'node:assert/strict';
import { identifyCaller } from '../../server/auth/caller.ts';
import { readBody } from '../../server/gateway/body.ts';
import { explainRoute } from '../../server/gateway/explain-route.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../server/gateway/ports.ts';
import { ROUTE_POLICIES, type RoutePolicy } from '../../server/gateway/routing-settings.ts';
import {
  accountsOf,
  type CachingBench,
  createCachingBench,
  type PromptOptions,
  promptOf,
} from './caching-accounts.ts';
import { ADA_KEY, BOB_KEY, gatewayTest } from './fixture.ts';

interface Asked {
  key?: string | null;
  session?: string;
  prompt?: PromptOptions;
}

async function explain(bench: CachingBench, { key = ADA_KEY, session, prompt }: Asked = {}) {
  const catalog = bench.parts.catalog();
  const headers = new Headers({ ...(key !== null && { authorization: `Bearer ${key}` }) });
  if (session) headers.set('x-claude-code-session-id', session);
  const { apiKeyByHash, settings } = catalog;
  const { requireApiKey } = settings;
  const caller = identifyCaller(headers, { apiKeyByHash, requireApiKey, nowMs: bench.clock.nowMs() });
  assert.ok(caller.kind !== 'refused');
  const surface = 'anthropic-messages';
  const request = new Request('http://x.test/', { method: 'POST', body: promptOf(prompt) });
  const body = await readBody(request, { inPath: null, maxBytes: 1e7, surface, hasPrompt: true });
  return explainRoute({ catalog, caller, surface, headers, body, knownSessionId: null }, bench.parts);
}

/** Everything that asking must leave as it is. */
function stateOf({ parts, rows, calls, clock }: CachingBench) {
  const { routing, affinity, slots } = parts;
  return structuredClone({
    ledger: routing.ledger.stats(),
    reservations: routing.reservations.stats(),
    line: routing.line.size,
    claims: routing.claims.size,
    sessions: routing.sessions.size,
    beliefs: routing.ledger.beliefs.size,
    loads: ['a', 'b', 'c'].map((id) => [routing.loads.loadAverage(id, 4), routing.loads.serviceMs(id)]),
    bindings: affinity.list(),
    counters: { ...affinity.counters(), invalidations: [...affinity.counters().invalidations] },
    tickets: affinity.openTickets,
    slots: slots.total(),
    rows: rows.length,
    calls: calls.length,
    timers: clock.pendingTimers,
  });
}

/** Explains, checks that nothing changed, sends, and compares. */
async function assertForetold(bench: CachingBench, asked: Asked = {}): Promise<void> {
  const before = stateOf(bench);
  const told = await explain(bench, asked);
  assert.deepEqual(await explain(bench, asked), told);
  assert.deepEqual(stateOf(bench), before);
  const { row } = await bench.ask(asked);
  assert.equal(told.decision, 'send');
  assert.deepEqual(
    {
      model: told.model.id,
      account: told.account?.id,
      session: told.sessionId,
      warm: told.expectedWarmTokens,
      route: told.record,
    },
    {
      model: row.modelId,
      account: row.accountId,
      session: row.sessionId,
      warm: row.expectedWarmTokens,
      route: row.route,
    },
  );
}

const policy = (name: RoutePolicy): Partial<Settings> => ({
  routing: { ...DEFAULT_SETTINGS.routing, policy: name },
});

for (const name of ROUTE_POLICIES) {
  gatewayTest(`explainRoute() foretells what ${name} does next, and changes nothing`, async () => {
    const bench = createCachingBench({
      accounts: [
        { name: 'a', maxConcurrent: 4, weight: 2 },
        { name: 'b', maxConcurrent: 4 },
        { name: 'c', maxConcurrent: 4 },
      ],
      settings: policy(name),
    });
    for (const asked of [
      {},
      { session: 's' },
      { session: 's', prompt: { turns: 2 } },
      { session: 't', prompt: { about: 'lexers' } },
      { key: BOB_KEY, session: 's' },
      { key: BOB_KEY, session: 'u', prompt: { systemTokens: 0 } },
      { session: 't', prompt: { about: 'lexers', turns: 2 } },
      { session: 'v', prompt: { model: 'other' } },
    ]) {
      await assertForetold(bench, asked);
      await bench.clock.advance(1_000);
    }
  });
}

gatewayTest('explainRoute() knows where a session was borrowed while its account is full', async () => {
  const bench = createCachingBench({ accounts: accountsOf('abc', 1), settings: policy('session') });
  const asked = { session: 's', prompt: { systemTokens: 0 } };
  await bench.ask(asked);
  const held = await bench.hold(asked);
  for (let n = 0; n < 3; n += 1) await assertForetold(bench, asked);
  const told = await explain(bench, asked);
  assert.deepEqual(
    [told.boundAccountId, told.reason],
    ['a', 'the bound account was full; the binding stays'],
  );
  await held.end();
});

gatewayTest('explainRoute() knows a binding that would be given up', async () => {
  const bench = createCachingBench({ accounts: accountsOf('ab', 4) });
  await bench.ask({ session: 's' });
  bench.reconfigure({
    rows: ({ accounts }) => {
      for (const row of accounts) row.isPaused = row.name === 'a';
    },
  });
  const told = await explain(bench, { session: 's' });
  assert.deepEqual([told.boundAccountId, told.account?.id, told.reason], [null, 'b', 'the best place now']);
  await assertForetold(bench, { session: 's' });
});

gatewayTest('explainRoute() sees the cache marks that would be placed', async () => {
  const bench = createCachingBench({
    accounts: accountsOf('ab', 4),
    settings: { cacheLevers: { ...DEFAULT_SETTINGS.cacheLevers, placeBreakpoints: true } },
  });
  for (const turns of [1, 2, 3]) await assertForetold(bench, { session: 's', prompt: { turns, marks: [] } });
  assert.ok((bench.rows[2]?.expectedWarmTokens ?? 0) > 6_000);
});

gatewayTest(
  'explainRoute() says that it would wait for the warm account, and refuse when nobody may',
  async () => {
    const bench = createCachingBench({ accounts: accountsOf('ab', 1) });
    await bench.ask({ session: 's' });
    const held = await bench.hold({ session: 's' });
    const asked = { session: 's', prompt: { turns: 2 } };
    const told = await explain(bench, asked);
    assert.deepEqual(
      [told.decision, told.account?.id, told.boundAccountId, told.reason],
      ['wait', 'a', 'a', 'waiting costs less than going elsewhere'],
    );
    assert.ok((told.expectedWarmTokens ?? 0) > 6_000);
    const [first] = told.record?.considered ?? [];
    assert.deepEqual([first?.accountId, first?.state, (first?.waitMs ?? 0) > 0], ['a', 'full', true]);
    assert.equal(bench.parts.routing.line.size, 0);
    const other = await bench.hold({ session: 't', prompt: { about: 'lexers' } });
    assert.equal(
      (await explain(bench, { session: 'u', prompt: { about: 'lists' } })).reason,
      'every account is busy',
    );
    bench.reconfigure({ settings: { routing: { ...DEFAULT_SETTINGS.routing, maxWaitSeconds: 0 } } });
    const refused = await explain(bench, asked);
    assert.deepEqual(
      [refused.decision, refused.account, refused.record, refused.reason],
      ['refuse', null, null, 'every account is busy, for longer than a request may wait'],
    );
    await held.end();
    await other.end();
  },
);

gatewayTest('explainRoute() refuses when nobody is in service', async () => {
  const bench = createCachingBench({ accounts: [{ name: 'a', isPaused: true }] });
  const { decision, reason } = await explain(bench);
  assert.deepEqual([decision, reason], ['refuse', 'no account is in service']);
});

gatewayTest('explainRoute() knows no other caller’s bindings and prefixes', async () => {
  const bench = createCachingBench({ accounts: accountsOf('ab', 4) });
  await bench.ask({ session: 's' });
  const [own, other] = [
    await explain(bench, { session: 's' }),
    await explain(bench, { session: 's', key: BOB_KEY }),
  ];
  assert.deepEqual([own.boundAccountId, (own.expectedWarmTokens ?? 0) > 6_000], ['a', true]);
  assert.deepEqual([other.boundAccountId, other.expectedWarmTokens], [null, 0]);
});

gatewayTest('explainRoute() throws for a model that nobody serves', async () => {
  const bench = createCachingBench();
  await assert.rejects(explain(bench, { prompt: { model: 'nobody-has-it' } }), { code: 'model-not-found' });
});
