// What decided between accounts, and the figures of tokens, as the details of a request tell them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { costLineOf } from '../../ui/src/pages/requests/detail/cost-lines.ts';
import { type Candidate, COST_TERMS, decisionOf } from '../../ui/src/pages/requests/detail/decisive.ts';

type Cost = NonNullable<Candidate['cost']>;

function candidate(name: string, terms: Partial<Cost> | null): Candidate {
  const none = {
    missUsd: 0,
    readUsd: 0,
    othersUsd: 0,
    waitUsd: 0,
    loadUsd: 0,
    failureUsd: 0,
    headroomUsd: 0,
  };
  if (terms === null) return { accountName: name, account: { id: name }, cost: null };
  const cost = { ...none, ...terms };
  const totalUsd = COST_TERMS.reduce((sum, term) => sum + cost[term], 0);
  return { accountName: name, account: { id: name }, cost: { ...cost, totalUsd } };
}

const WARM = candidate('warm', { readUsd: 1, loadUsd: 0.5 });
const COLD = candidate('cold', { missUsd: 8, loadUsd: 0.25 });
const OUT = candidate('out', null);

for (const { name, considered, accountId, decision } of [
  { name: 'none of them', considered: [WARM], accountId: 'gone', decision: null },
  { name: 'no account', considered: [WARM], accountId: null, decision: null },
  { name: 'the only one', considered: [WARM], accountId: 'warm', decision: { kind: 'only', others: 0 } },
  {
    name: 'the only one that could',
    considered: [WARM, OUT, OUT],
    accountId: 'warm',
    decision: { kind: 'only', others: 2 },
  },
  {
    // 8.25 against 1.5: 8 of it because the prompt is cold there.
    name: 'the cheaper one',
    considered: [WARM, COLD, OUT],
    accountId: 'warm',
    decision: { kind: 'cheaper', byUsd: 6.75, than: 'cold', term: 'missUsd' },
  },
  {
    name: 'the dearer one',
    considered: [WARM, COLD],
    accountId: 'cold',
    decision: { kind: 'dearer', byUsd: 6.75, than: 'warm' },
  },
  {
    name: 'one of two alike',
    considered: [WARM, { ...WARM, accountName: 'twin', account: { id: 'twin' } }],
    accountId: 'warm',
    decision: { kind: 'equal', than: 'twin' },
  },
  {
    name: 'one by a policy without costs',
    considered: [OUT, candidate('other', null)],
    accountId: 'out',
    decision: { kind: 'policy' },
  },
]) {
  test(`decisionOf() tells ${name}`, () => assert.deepEqual(decisionOf(considered, accountId), decision));
}

test('costLineOf() finds the line of a kind', () => {
  const line = { part: 'OUTPUT', tokens: 5, usdPerMillion: 2, costUsd: 0.00001 } as const;
  assert.deepEqual(costLineOf([line], 'OUTPUT'), line);
  assert.equal(costLineOf([line], 'INPUT'), null);
  assert.equal(costLineOf(null, 'OUTPUT'), null);
});
