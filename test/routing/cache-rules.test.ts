// Which row of the table of cache rules a model gets.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cacheRuleOf, lastMarkOf } from '../../server/routing/cache-rules.ts';
import type { Surface } from '../../server/wire/surface.ts';
import { cutsOf } from './sent-prompts.ts';

const RULES: {
  surface: Surface;
  model: string;
  host?: string;
  name: string;
  minTokens: number;
  lifetimeMinutes: number;
}[] = [
  {
    surface: 'anthropic-messages',
    model: 'claude-opus-5',
    name: 'anthropic',
    minTokens: 512,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'claude-opus-4-6',
    name: 'anthropic',
    minTokens: 4_096,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'claude-opus-4-1-20250805',
    name: 'anthropic',
    minTokens: 1_024,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    host: 'bedrock.test',
    name: 'anthropic',
    minTokens: 4_096,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'anthropic/claude-haiku-4.5',
    name: 'anthropic',
    minTokens: 4_096,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'claude-3-5-haiku-20241022',
    name: 'anthropic',
    minTokens: 2_048,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'Claude-Sonnet-5',
    name: 'anthropic',
    minTokens: 1_024,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'next',
    host: 'api.anthropic.com',
    name: 'anthropic',
    minTokens: 1_024,
    lifetimeMinutes: 5,
  },
  {
    surface: 'anthropic-messages',
    model: 'next',
    host: 'notanthropic.com',
    name: 'compatible',
    minTokens: 256,
    lifetimeMinutes: 10,
  },
  {
    surface: 'anthropic-messages',
    model: 'kimi-k2.5',
    host: 'api.moonshot.ai',
    name: 'compatible',
    minTokens: 256,
    lifetimeMinutes: 10,
  },
  {
    surface: 'anthropic-messages',
    model: 'deepseek-chat',
    host: 'api.deepseek.com',
    name: 'deepseek',
    minTokens: 64,
    lifetimeMinutes: 360,
  },
  {
    surface: 'openai-chat',
    model: 'deepseek-chat',
    host: 'API.DeepSeek.com',
    name: 'deepseek',
    minTokens: 64,
    lifetimeMinutes: 360,
  },
  { surface: 'openai-chat', model: 'gpt-5.2', name: 'openai', minTokens: 1_024, lifetimeMinutes: 10 },
  {
    surface: 'openai-responses',
    model: 'gpt-5.6-codex',
    name: 'openai',
    minTokens: 1_024,
    lifetimeMinutes: 30,
  },
  {
    surface: 'openai-responses',
    model: 'openai/gpt-6',
    name: 'openai',
    minTokens: 1_024,
    lifetimeMinutes: 30,
  },
  {
    surface: 'openai-chat',
    model: 'my-deployment',
    host: 'x.openai.azure.com',
    name: 'openai',
    minTokens: 1_024,
    lifetimeMinutes: 10,
  },
  { surface: 'openai-chat', model: 'o4-mini', name: 'openai', minTokens: 1_024, lifetimeMinutes: 10 },
  { surface: 'openai-chat', model: 'glm-4.7', name: 'compatible', minTokens: 256, lifetimeMinutes: 10 },
  { surface: 'gemini', model: 'gemini-2.5-flash', name: 'gemini', minTokens: 2_048, lifetimeMinutes: 10 },
  {
    surface: 'gemini',
    model: 'gemini-3.1-pro-preview',
    name: 'gemini',
    minTokens: 4_096,
    lifetimeMinutes: 10,
  },
  {
    surface: 'openai-embeddings',
    model: 'text-embedding-3-small',
    name: 'none',
    minTokens: 256,
    lifetimeMinutes: 10,
  },
];

for (const { surface, model, host, name, minTokens, lifetimeMinutes } of RULES)
  test(`cacheRuleOf ${surface} ${model} at ${host ?? 'an unknown host'} is ${name}`, () => {
    const rule = cacheRuleOf(surface, model, host ?? null);
    assert.deepEqual(
      { name: rule.name, minTokens: rule.minTokens, lifetimeMinutes: rule.lifetimeMs / 60_000 },
      { name, minTokens, lifetimeMinutes },
    );
  });

test('cacheRuleOf tells what differs between providers', () => {
  const anthropic = cacheRuleOf('anthropic-messages', 'claude-sonnet-5');
  assert.deepEqual(
    [anthropic.needsMarks, anthropic.statesWrites, anthropic.lifetime, anthropic.countsUncachedOnly],
    [true, true, 'stated', true],
  );
  assert.deepEqual(
    [anthropic.lookbackBlocks, anthropic.maxBreakpoints, anthropic.readableAt],
    [20, 4, 'marks'],
  );
  assert.equal(cacheRuleOf('anthropic-messages', 'claude-3-haiku-20240307').countsUncachedOnly, false);
  const openai = cacheRuleOf('openai-chat', 'gpt-5.2');
  assert.deepEqual(
    [openai.needsMarks, openai.statesWrites, openai.lifetime, openai.countsUncachedOnly, openai.stepTokens],
    [false, false, 'learned', false, 128],
  );
  assert.equal(openai.pricesWrites, false);
  assert.equal(cacheRuleOf('openai-chat', 'gpt-5.6').pricesWrites, true);
  assert.equal(cacheRuleOf('openai-chat', 'deepseek-chat', 'api.deepseek.com').readableAt, 'request-end');
  assert.equal(cacheRuleOf('openai-embeddings', 'text-embedding-3-small').caches, false);
});

test('lastMarkOf gives the deepest mark, or -1', () => {
  assert.equal(lastMarkOf(cutsOf('abcd', { marks: { 0: '1h', 2: '5m' } })), 2);
  assert.equal(lastMarkOf(cutsOf('abcd')), -1);
  assert.equal(lastMarkOf([]), -1);
});
