// When a binding is given up, when it is kept, and what is said about it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { anthropicError, createBench, followEvents, jsonAnswer, message, type Upstream } from './fixture.ts';

/** Everything goes well, except for what `faults` says per account. */
const upstreamWith =
  (faults: Record<string, () => Response>): Upstream =>
  ({ account }) =>
    faults[account]?.() ?? message();

interface UnbindCase {
  name: string;
  fault: () => Response;
  requests: number;
  expected: string[];
}

const UNBIND_TABLE: UnbindCase[] = [
  {
    name: 'client 4xx keeps',
    fault: () => anthropicError(400, 'invalid_request_error'),
    requests: 4,
    expected: ['none', 'none', 'none', 'none'],
  },
  {
    name: 'a 5xx borrows, the third in a row unbinds',
    fault: () => anthropicError(500, 'api_error'),
    requests: 4,
    expected: ['borrowed', 'borrowed', 'moved', 'hit'],
  },
  {
    name: '401 unbinds at once',
    fault: () => anthropicError(401, 'authentication_error'),
    requests: 2,
    expected: ['moved', 'hit'],
  },
  {
    name: '403 unbinds at once',
    fault: () => anthropicError(403, 'permission_error'),
    requests: 2,
    expected: ['moved', 'hit'],
  },
  {
    name: '402 unbinds at once',
    fault: () => anthropicError(402, 'billing_error'),
    requests: 2,
    expected: ['moved', 'hit'],
  },
  {
    name: '429 over a spent budget unbinds at once',
    fault: () =>
      jsonAnswer(429, {
        type: 'error',
        error: {
          type: 'rate_limit_error',
          message: 'x',
          details: { error_code: 'enforced_spend_limit_reached' },
        },
      }),
    requests: 2,
    expected: ['moved', 'hit'],
  },
];

for (const { name, fault, requests, expected } of UNBIND_TABLE) {
  test(`affinity unbind table: ${name}`, async () => {
    let isBroken = false;
    const bench = createBench(({ account }) => (isBroken && account === 'a' ? fault() : message()));
    await bench.send({ session: 's' });
    isBroken = true;
    for (let i = 0; i < requests; i++) await bench.send({ session: 's' });
    assert.deepEqual(
      bench.rows.slice(1).map(({ affinity }) => affinity),
      expected,
    );
  });
}

for (const [name, change] of Object.entries({
  paused: (bound: { isPaused: boolean }) => {
    bound.isPaused = true;
  },
  disabled: (bound: { disabledReason: string | null }) => {
    bound.disabledReason = 'by hand';
  },
})) {
  test(`affinity moves when its account is ${name}, with the reason`, async () => {
    const bench = createBench(() => message());
    const events = followEvents(bench);
    await bench.send({ session: 's' });
    const bound = bench.catalog.accounts.get('a');
    assert.ok(bound);
    change(bound);
    const moved = await bench.send({ session: 's' });
    assert.equal(moved.row.affinity, 'moved');
    assert.match(moved.row.affinityReason, new RegExp(name));
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['bound', 'cleared', 'moved'],
    );
    assert.deepEqual([events[2]?.accountIdBefore, events[2]?.accountIdAfter], ['a', 'b']);
    assert.equal(
      [...bench.parts.affinity.counters().invalidations.values()].reduce((sum, count) => sum + count, 0),
      1,
    );
  });
}

test('affinity counts a move to another provider apart', async () => {
  const bench = createBench(upstreamWith({}), { accounts: [{ name: 'a' }, { name: 'z', providerId: 'p2' }] });
  await bench.send({ session: 's' });
  const bound = bench.catalog.accounts.get('a');
  assert.ok(bound);
  bound.isPaused = true;
  await bench.send({ session: 's' });
  const { keySwitches, providerSwitches } = bench.parts.affinity.counters();
  assert.deepEqual([keySwitches, providerSwitches], [0, 1]);
});

test('affinity is not touched by the failure of an account it is not bound to', async () => {
  let isLimited = false;
  const bench = createBench(({ account }) => {
    if (account === 'a')
      return isLimited ? anthropicError(429, 'rate_limit_error', { 'retry-after': '1' }) : message();
    return account === 'b' ? anthropicError(401, 'authentication_error') : message();
  });
  await bench.send({ session: 's' });
  isLimited = true;
  const borrowed = await bench.send({ session: 's' });
  assert.deepEqual([borrowed.row.affinity, borrowed.row.accountId], ['borrowed', 'c']);
  assert.deepEqual(
    bench.parts.affinity.list().map(({ accountId }) => accountId),
    ['a'],
  );
});
