// What the routing lab asks for and how it ranks what comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenBeforeTies, costShares, explainInput, withPasted } from '../../ui/src/pages/lab/explain.ts';
import type { Considered, ReplayedPolicy } from '../../ui/src/pages/lab/queries.ts';
import { areAlike, metricOf, ranked, replayInput } from '../../ui/src/pages/lab/replay.ts';

const FORM = { model: '', surface: 'GEMINI', apiKeyId: '', sessionId: '', body: '', betas: '' };

test('explainInput() needs a model and leaves out what is empty', () => {
  assert.equal(explainInput(FORM), null);
  assert.deepEqual(explainInput({ ...FORM, model: ' m ' }), { model: 'm', surface: 'GEMINI' });
  const body = '{"model":"b"}';
  assert.deepEqual(explainInput({ ...FORM, model: 'b', body, sessionId: ' s ', apiKeyId: 'k', betas: 'x' }), {
    model: 'b',
    surface: 'GEMINI',
    apiKeyId: 'k',
    sessionId: 's',
    body,
    betas: 'x',
  });
  assert.equal(explainInput({ ...FORM, model: 'm', surface: 'NONE' }), null);
});

test('withPasted() fills in what the request names, and leaves a model that was typed over', () => {
  const pasted = {
    kind: 'curl' as const,
    body: '{}',
    surface: 'OPENAI_CHAT' as const,
    model: 'm',
    sessionId: 's',
    betas: 'x',
  };
  const filled = { ...FORM, ...pasted };
  const { kind: _kind, ...fields } = filled;
  assert.deepEqual(withPasted(FORM, pasted, null), fields);
  const typed = { ...fields, model: 'mine' };
  const edited = { ...pasted, kind: 'json' as const, surface: null, sessionId: null, betas: null };
  assert.deepEqual(withPasted(typed, edited, 'm'), typed);
  assert.equal(withPasted(typed, { ...edited, model: 'other' }, 'm').model, 'other');
});

function candidate(cost: Partial<NonNullable<Considered['cost']>> | null): Considered {
  const zero = {
    missUsd: 0,
    readUsd: 0,
    waitUsd: 0,
    loadUsd: 0,
    failureUsd: 0,
    othersUsd: 0,
    headroomUsd: 0,
    totalUsd: 0,
  };
  return {
    accountName: 'a',
    state: 'OPEN',
    warmTokens: 0,
    waitMs: 0,
    account: null,
    cost: cost && { ...zero, ...cost },
  };
}

test('costShares() measures every part against the costliest candidate', () => {
  const shares = costShares([
    candidate({ missUsd: 3, readUsd: 1, othersUsd: -2 }),
    candidate({ readUsd: 2 }),
    candidate(null),
  ]);
  assert.deepEqual(
    shares.map((parts) => parts.map(({ term, share }) => [term, share])),
    [
      [
        ['missUsd', 0.75],
        ['readUsd', 0.25],
      ],
      [['readUsd', 0.5]],
      [],
    ],
  );
  assert.deepEqual(costShares([candidate({})]), [[]]);
});

test('chosenBeforeTies() puts the chosen one before what costs as good as the same, and no further', () => {
  const of = (id: string, totalUsd: number | null) => ({
    ...candidate(totalUsd === null ? null : { totalUsd }),
    account: { id },
  });
  const order = (chosenId: string | null, ...considered: ReturnType<typeof of>[]) =>
    chosenBeforeTies(considered, chosenId)
      .map(({ account }) => account.id)
      .join('');
  const cheap = of('a', 1);
  const ties = [of('b', 5), of('c', 5.000001), of('d', 5.000002)];
  assert.equal(order('d', cheap, ...ties, of('e', 6)), 'adbce');
  assert.equal(order('b', cheap, ...ties), 'abcd');
  assert.equal(order('e', cheap, ...ties, of('e', 6)), 'abcde');
  assert.equal(order('c', of('n', null), of('b', 0), of('c', 0)), 'ncb');
  assert.equal(order('n', cheap, of('n', null)), 'an');
  assert.equal(order(null, ...ties), 'bcd');
});

test('replayInput() takes from the address what it means and leaves nonsense out', () => {
  assert.deepEqual(replayInput(new URLSearchParams('')), { hours: 24 });
  assert.deepEqual(
    replayInput(new URLSearchParams('hours=720&policies=SESSION,NONE,WARM_COST&accounts=8&slots=4&ttl=3600')),
    {
      hours: 720,
      policies: ['SESSION', 'WARM_COST'],
      accounts: 8,
      slotsPerAccount: 4,
      ttlSeconds: 3600,
    },
  );
  assert.deepEqual(replayInput(new URLSearchParams('hours=721&accounts=65&slots=-1&ttl=x&policies=NONE')), {
    hours: 24,
  });
});

function replayed(policy: ReplayedPolicy['policy'], figures: Partial<ReplayedPolicy>): ReplayedPolicy {
  return {
    policy,
    hitRate: 0,
    shareOfCeiling: 0,
    costUsd: null,
    savedUsd: null,
    meanTimeToFirstTokenMs: 0,
    p95TimeToFirstTokenMs: 0,
    p95WaitMs: 0,
    movedRequests: 0,
    borrowedRequests: 0,
    rejectedShare: 0,
    imbalance: 1,
    slots: 1,
    ...figures,
  };
}

test('ranked() puts the best first whichever way the figure counts, and the unknown last', () => {
  const policies = [
    replayed('ROUND_ROBIN', { costUsd: 9, hitRate: 0.2 }),
    replayed('FIXED_ORDER', { costUsd: null, hitRate: 0.5 }),
    replayed('WARM_COST', { costUsd: 2, hitRate: 0.9 }),
  ];
  const names = (metric: 'cost' | 'hitRate') => ranked(policies, metric).map(({ policy }) => policy);
  assert.deepEqual(names('cost'), ['WARM_COST', 'ROUND_ROBIN', 'FIXED_ORDER']);
  assert.deepEqual(names('hitRate'), ['WARM_COST', 'FIXED_ORDER', 'ROUND_ROBIN']);
  assert.equal(metricOf(replayed('SESSION', { movedRequests: 7 }), 'moves'), 7);
});

test('areAlike() holds when two policies have every figure in common', () => {
  const figures = { costUsd: 9.25, hitRate: 0.4, movedRequests: 12, imbalance: 1.1019 };
  const [one, other] = [replayed('ROUND_ROBIN', figures), replayed('LEAST_LOADED', figures)];
  const isAlike = (...policies: ReplayedPolicy[]) => areAlike(policies, 'ROUND_ROBIN', 'LEAST_LOADED');
  assert.equal(isAlike(other, replayed('SESSION', figures), one), true);
  assert.equal(isAlike(one, { ...other, imbalance: 1.102 }), false);
  assert.equal(isAlike(one), false);
  assert.equal(isAlike(), false);
});
