// `explainRoute` over GraphQL, next to a gateway that shares its state: what it tells is what the gateway does.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import {
  accountsOf,
  type CachingOptions,
  createCachingBench,
  type PromptOptions,
  promptOf,
} from '../gateway/caching-accounts.ts';
import { rowsOf } from '../gateway/fixture.ts';
import { openBench } from './admin-bench.ts';

const QUERY = `query ($input: ExplainRouteInput!) {
  explainRoute(input: $input) {
    decision
    model { name }
    account { name }
    boundAccount { name }
    expectedWarmTokens
    reason
    reasonCode
    retryAfterSeconds
    route {
      policy profile promptTokens waitedMs isUnpriced
      considered {
        account { name }
        accountName state warmTokens waitMs
        cost { missUsd readUsd waitUsd totalUsd }
      }
    }
    errors { code message path }
  }
}`;

const ADA = encodeGlobalId('ApiKey', 'ada');

/** A gateway, and the admin API beside it. */
async function openBoth(options: CachingOptions) {
  const gateway = createCachingBench(options);
  const { routing, slots, health, affinity, live } = gateway.parts;
  const admin = await openBench({
    rows: rowsOf(options),
    parts: { routing, slots, health, affinity, live, clock: gateway.clock },
  });
  const explain = async (input: object) => {
    const given = { surface: 'ANTHROPIC_MESSAGES', model: 'sonnet', apiKeyId: ADA, ...input };
    return (await admin.ask(QUERY, { input: given })).explainRoute;
  };
  return { gateway, admin, explain };
}

test('explainRoute tells account, candidates and costs, as the gateway then finds them', async () => {
  const { gateway, explain } = await openBoth({ accounts: accountsOf('ab', 4) });
  await gateway.ask({ session: 's' });
  await gateway.clock.advance(2_000);
  const prompt: PromptOptions = { turns: 2 };
  const told = await explain({ sessionId: 's', body: promptOf(prompt) });
  const { row } = await gateway.ask({ session: 's', prompt });
  const { route } = row;
  assert.ok(route);
  assert.deepEqual(told, {
    decision: 'SEND',
    model: { name: 'claude-sonnet-4-5' },
    account: { name: 'a' },
    boundAccount: { name: 'a' },
    expectedWarmTokens: row.expectedWarmTokens,
    reason: 'the best place now',
    reasonCode: 'BEST_PLACE',
    retryAfterSeconds: null,
    route: {
      policy: 'WARM_COST',
      profile: 'BALANCED',
      promptTokens: route.promptTokens,
      waitedMs: 0,
      isUnpriced: false,
      considered: route.considered.map(({ accountName, state, warmTokens, waitMs, cost }) => ({
        account: { name: accountName },
        accountName,
        state: state.toUpperCase(),
        warmTokens,
        waitMs,
        cost: cost && {
          missUsd: cost.missUsd,
          readUsd: cost.readUsd,
          waitUsd: cost.waitUsd,
          totalUsd: cost.totalUsd,
        },
      })),
    },
    errors: [],
  });
  const [warm, cold] = route.considered;
  assert.ok((warm?.warmTokens ?? 0) > 6_000 && cold?.warmTokens === 0);
  assert.ok((warm?.cost?.totalUsd ?? 1) < (cold.cost?.totalUsd ?? 0));
});

test('explainRoute finds a conversation by the session of a logged request', async () => {
  const { gateway, explain } = await openBoth({ accounts: accountsOf('ab', 4) });
  const { row } = await gateway.ask({ session: 's' });
  assert.equal((await explain({ sessionId: row.sessionId })).boundAccount.name, 'a');
  assert.equal((await explain({ sessionId: 'another' })).boundAccount, null);
});

test('explainRoute says that the request would wait for its full warm account', async () => {
  const { gateway, explain } = await openBoth({ accounts: accountsOf('ab', 1) });
  await gateway.ask({ session: 's' });
  const held = await gateway.hold({ session: 's' });
  const told = await explain({ sessionId: 's', body: promptOf({ turns: 2 }) });
  assert.deepEqual(
    [told.decision, told.account.name, told.reasonCode, told.reason],
    ['WAIT', 'a', 'WAITING_PAYS', 'waiting costs less than going elsewhere'],
  );
  const [warm, cold] = told.route.considered;
  assert.deepEqual([warm.state, warm.waitMs > 0, warm.cost.waitUsd > 0], ['FULL', true, true]);
  assert.deepEqual([cold.state, cold.waitMs], ['OPEN', 0]);
  assert.equal(gateway.parts.routing.line.size, 0);
  await held.end();
});

test('explainRoute changes nothing', async () => {
  const { gateway, explain } = await openBoth({ accounts: accountsOf('abc', 4) });
  await gateway.ask({ session: 's' });
  const state = () =>
    structuredClone({
      ledger: gateway.parts.routing.ledger.stats(),
      reservations: gateway.parts.routing.reservations.stats(),
      bindings: gateway.parts.affinity.list(),
      lookups: gateway.parts.affinity.counters().hits + gateway.parts.affinity.counters().misses,
      slots: gateway.parts.slots.total(),
      rows: gateway.rows.length,
      calls: gateway.calls.length,
    });
  const before = state();
  for (const input of [
    {},
    { sessionId: 's', body: promptOf({ turns: 2 }) },
    { body: promptOf({ about: 'x' }) },
  ])
    assert.deepEqual(await explain(input), await explain(input));
  assert.deepEqual(state(), before);
});

const SECRET = 'sk-ant-canary-0123456789';

for (const { what, input, code, path } of [
  { what: 'an API key that is none', input: { apiKeyId: 'nobody' }, code: 'not-found', path: 'apiKeyId' },
  {
    what: 'the id of something else',
    input: { apiKeyId: encodeGlobalId('Account', 'a') },
    code: 'not-found',
    path: 'apiKeyId',
  },
  { what: 'an unknown model', input: { model: 'nobody-has-it' }, code: 'not-found', path: 'model' },
  { what: 'an empty model', input: { model: '' }, code: 'not-found', path: 'model' },
  {
    what: 'a surface that nobody serves',
    input: { surface: 'OPENAI_EMBEDDINGS' },
    code: 'not-found',
    path: 'model',
  },
  {
    what: 'a body that is no JSON',
    input: { body: `{"system":"${SECRET}"` },
    code: 'invalid-value',
    path: 'body',
  },
  { what: 'a body that is no object', input: { body: `"${SECRET}"` }, code: 'invalid-value', path: 'body' },
  { what: 'an empty body', input: { body: '' }, code: 'invalid-value', path: 'body' },
  {
    what: 'a field of another type',
    input: { body: `{"stream":"${SECRET}"}` },
    code: 'invalid-value',
    path: 'body',
  },
]) {
  test(`explainRoute answers ${what} with an error as data`, async () => {
    const { explain } = await openBoth({ accounts: accountsOf('a', 4) });
    const told = await explain(input);
    const { errors, reason, ...rest } = told;
    assert.deepEqual(rest, {
      decision: 'REFUSE',
      model: null,
      account: null,
      boundAccount: null,
      expectedWarmTokens: null,
      reasonCode: null,
      retryAfterSeconds: null,
      route: null,
    });
    assert.deepEqual(
      errors.map((error: { code: string; path: string[] }) => [error.code, error.path]),
      [[code, ['input', path]]],
    );
    assert.equal(reason, errors[0].message);
    assert.ok(!JSON.stringify(told).includes(SECRET) && reason.length < 300);
  });
}

test('explainRoute repeats nothing of what the body says', async () => {
  const { explain } = await openBoth({ accounts: accountsOf('a', 4) });
  const fields = { metadata: { user_id: SECRET }, prompt_cache_key: SECRET };
  const told = await explain({ body: promptOf({ about: SECRET, topic: SECRET, tools: [SECRET], fields }) });
  assert.equal(told.decision, 'SEND');
  assert.ok(!JSON.stringify(told).includes(SECRET));
});

test('explainRoute is for admins alone', async () => {
  const { admin } = await openBoth({ accounts: accountsOf('a', 4) });
  const input = { surface: 'ANTHROPIC_MESSAGES', model: 'sonnet' };
  const { data, errors } = await admin.call(QUERY, { input }, { bearer: null });
  assert.equal(data?.explainRoute ?? null, null);
  assert.equal(errors.length, 1);
});
