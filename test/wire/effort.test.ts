// Efforts of reasoning against budgets of tokens.

import assert from 'node:assert/strict';
import test from 'node:test';
import { budgetOf, wishedEffort } from '../../server/wire/effort.ts';

test('wishedEffort() finds the effort whose budget is nearest, and the very effort of every budget', () => {
  const wished = (effort: 'low' | null, budgetTokens: number | null) =>
    wishedEffort({ isEnabled: true, isVisible: false, effort, budgetTokens });
  assert.deepEqual(
    [1, 1024, 1600, 2048, 5000, 6000, 16_000, 17_000, 100_000].map((tokens) => wished(null, tokens)),
    ['minimal', 'minimal', 'low', 'low', 'low', 'medium', 'medium', 'high', 'high'],
  );
  for (const effort of ['minimal', 'low', 'medium', 'high'] as const)
    assert.equal(wished(null, budgetOf(effort)), effort);
  assert.equal(wished('low', 100_000), 'low');
  assert.equal(wished(null, null), null);
});
