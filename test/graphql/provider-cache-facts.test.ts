// What the API tells of providers' prompt caches: the rules that requests are routed by, prices, and models of the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cacheRuleOf, cacheRules } from '../../server/routing/cache-rules.ts';
import { openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const FIELDS = `rule provider modelFamilies surfaces caches minimumTokens stepTokens readableAt needsMarks maxBreakpoints
  lookbackBlocks lifetimesSeconds isLifetimeAssumed refreshedByReads statesWrites limitsCountReads pricedModel
  readPriceRatio writePriceRatio longWritePriceRatio invalidatedBy { field scope } modelNames sources`;

interface Facts {
  rule: string;
  provider: string;
  [field: string]: unknown;
}

async function facts(): Promise<Facts[]> {
  const bench = await openBench({ rows: sampleRows() });
  return (await bench.ask(`{ providerCacheFacts { ${FIELDS} } }`)).providerCacheFacts;
}

async function factsOf(key: string): Promise<Facts> {
  const found = (await facts()).find(({ rule }) => rule === key);
  assert.ok(found, key);
  return found;
}

test('providerCacheFacts tells all of a cache that needs marks', async () => {
  const { invalidatedBy, ...claude } = await factsOf('claude');
  assert.deepEqual(claude, {
    rule: 'claude',
    provider: 'Anthropic',
    modelFamilies: [],
    surfaces: ['ANTHROPIC_MESSAGES'],
    caches: true,
    minimumTokens: 1_024,
    stepTokens: 1,
    readableAt: 'MARKS',
    needsMarks: true,
    maxBreakpoints: 4,
    lookbackBlocks: 20,
    lifetimesSeconds: [300, 3_600],
    isLifetimeAssumed: false,
    refreshedByReads: true,
    statesWrites: true,
    limitsCountReads: false,
    pricedModel: 'claude-sonnet-5',
    readPriceRatio: 0.1,
    writePriceRatio: 1.25,
    longWritePriceRatio: 2,
    modelNames: ['claude-sonnet-4-5'],
    sources: [
      'https://platform.claude.com/docs/en/build-with-claude/prompt-caching',
      'https://platform.claude.com/docs/en/api/rate-limits',
    ],
  });
  assert.ok(Array.isArray(invalidatedBy));
  for (const expected of [
    { field: 'model', scope: 'ALL' },
    { field: 'tools', scope: 'ALL' },
    { field: 'anthropic-beta', scope: 'ALL' },
    { field: 'system', scope: 'SYSTEM' },
    { field: 'tool_choice', scope: 'MESSAGES' },
    { field: 'output_config.format', scope: 'SYSTEM' },
  ]) {
    assert.ok(
      invalidatedBy.some((each) => each.field === expected.field && each.scope === expected.scope),
      expected.field,
    );
  }
  // A message more leaves those before it warm.
  assert.ok(!invalidatedBy.some(({ field }) => field === 'messages' || field === 'cache_control'));
});

test('providerCacheFacts tells a cache without marks, whose lifetime nobody promises', async () => {
  const openai = await factsOf('openai');
  assert.deepEqual(
    [openai.needsMarks, openai.isLifetimeAssumed, openai.lifetimesSeconds, openai.stepTokens],
    [false, true, [600], 128],
  );
  assert.deepEqual(
    [openai.readPriceRatio, openai.writePriceRatio, openai.longWritePriceRatio, openai.lookbackBlocks],
    [0.1, 1, null, null],
  );
  const others = await factsOf('compatible');
  assert.deepEqual(
    [others.modelNames, others.sources, others.pricedModel, others.readPriceRatio],
    [['llama'], [], null, null],
  );
  const none = await factsOf('embeddings');
  assert.deepEqual([none.caches, none.invalidatedBy], [false, []]);
});

test('providerCacheFacts has one entry for each rule, with a price wherever a model is named for it', async () => {
  const found = await facts();
  assert.deepEqual(
    found.map(({ rule }) => rule),
    cacheRules().map(({ subject }) => subject.key),
  );
  assert.equal(new Set(found.map(({ rule }) => rule)).size, found.length);
  for (const each of found) {
    if (each.pricedModel === null) continue;
    assert.ok(Number(each.readPriceRatio) > 0 && Number(each.readPriceRatio) < 1, each.rule);
    assert.ok(Number(each.writePriceRatio) >= 1, each.rule);
  }
});

test('cacheRules: the model whose price is told falls under the rule it is told with', () => {
  for (const { subject, surfaces, rule } of cacheRules()) {
    if (!subject.priced) continue;
    const host = new URL(subject.priced.baseUrl).host;
    for (const surface of surfaces) {
      assert.deepEqual(cacheRuleOf(surface, subject.priced.model, host), rule, subject.key);
    }
  }
});
