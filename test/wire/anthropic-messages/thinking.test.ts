// How much Anthropic's models are asked to think, and what becomes of earlier thinking.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, Reasoning, Seal } from '../../../server/wire/chat.ts';
import { assistant, call, encode, LOOK, result, text, user } from './events.ts';

const ownSeal: Seal = { surface: 'anthropic-messages', value: 'sig', id: null };
const foreignSeal: Seal = { surface: 'openai-responses', value: 'gAAA', id: 'rs_1' };
const thought = (seal: Seal | null): Block => ({ kind: 'thinking', text: 'hm', seal });
const wish = (fields: Partial<Reasoning>): Reasoning => ({
  isEnabled: true,
  effort: null,
  budgetTokens: null,
  isVisible: true,
  ...fields,
});

for (const [model, reasoning, maxOutputTokens, expected, dropped] of [
  // Budgets, where the model takes them; the limit must leave room for an answer.
  ['claude-sonnet-4-5', wish({ effort: 'high' }), null, { type: 'enabled', budget_tokens: 24_576 }, []],
  ['claude-3-7-sonnet-20250219', wish({}), null, { type: 'enabled', budget_tokens: 8192 }, []],
  ['kimi-k2', wish({ effort: 'low' }), 9000, { type: 'enabled', budget_tokens: 2048 }, []],
  ['claude-haiku-4-5', wish({ budgetTokens: 100 }), null, { type: 'enabled', budget_tokens: 1024 }, []],
  [
    'claude-sonnet-4-5',
    wish({ effort: 'medium' }),
    1000,
    { type: 'enabled', budget_tokens: 8192 },
    ['reasoning-effort'],
  ],
  ['claude-sonnet-4-5', wish({ isEnabled: false }), null, { type: 'disabled' }, []],
  // Efforts, where budgets are refused.
  ['claude-opus-4-8', wish({ effort: 'high' }), null, { type: 'adaptive', display: 'summarized' }, []],
  ['anthropic/claude-opus-4.7', wish({}), null, { type: 'adaptive', display: 'summarized' }, []],
  [
    'claude-sonnet-5',
    wish({ budgetTokens: 2000, isVisible: false }),
    null,
    { type: 'adaptive', display: 'omitted' },
    [],
  ],
  [
    'claude-opus-5',
    wish({ effort: 'minimal' }),
    null,
    { type: 'adaptive', display: 'summarized' },
    ['reasoning-effort'],
  ],
  ['claude-opus-5', wish({ isEnabled: false }), null, { type: 'disabled' }, []],
  // Models that always think cannot be told not to.
  ['claude-opus-5-5', wish({ isEnabled: false }), null, undefined, ['reasoning-effort']],
  ['claude-mythos-preview', wish({ isEnabled: false }), null, undefined, ['reasoning-effort']],
] as const) {
  test(`encodeRequest() asks ${model} for ${JSON.stringify(reasoning)} within ${maxOutputTokens}`, () => {
    const encoded = encode({ model, reasoning, maxOutputTokens });
    assert.deepEqual(encoded.body.thinking, expected);
    assert.deepEqual(encoded.dropped, dropped);
    const budget = expected?.type === 'enabled' ? expected.budget_tokens : 0;
    assert.ok(Number(encoded.body.max_tokens) > budget);
  });
}

for (const [reasoning, effort] of [
  [wish({ effort: 'medium' }), 'medium'],
  [wish({ budgetTokens: 3000 }), 'low'],
  [wish({ budgetTokens: 60_000 }), 'high'],
] as const) {
  test(`encodeRequest() takes ${JSON.stringify(reasoning)} for effort ${effort}`, () => {
    assert.deepEqual(encode({ model: 'claude-opus-5', reasoning }).body.output_config, { effort });
  });
}

test('encodeRequest() leaves sampling out while the model thinks, and notes what is not the default', () => {
  const sampling = { temperature: 0.2, topP: 0.9, topK: 5 };
  const thinking = encode({ ...sampling, reasoning: wish({}) });
  assert.equal('temperature' in thinking.body || 'top_p' in thinking.body || 'top_k' in thinking.body, false);
  assert.deepEqual(thinking.dropped, ['reasoning-sampling']);
  assert.deepEqual(encode({ temperature: 1, topP: 1, reasoning: wish({}) }).dropped, []);
  assert.deepEqual(encode({ ...sampling, model: 'claude-opus-4-7' }).dropped, ['reasoning-sampling']);
  const older = encode({ ...sampling, model: 'claude-3-5-haiku-20241022' });
  assert.deepEqual(
    [older.body.temperature, older.body.top_p, older.body.top_k, older.dropped],
    [0.2, 0.9, 5, []],
  );
});

for (const [name, block, loss] of [
  ['unsigned thinking', thought(null), 'thinking-history'],
  ['thinking that another dialect sealed', thought(foreignSeal), 'thinking-signature'],
] as const) {
  test(`encodeRequest() leaves ${name} out`, () => {
    const { body, dropped } = encode({
      model: 'claude-opus-5',
      messages: [user(text('a')), assistant(block, text('b')), user(text('c'))],
    });
    assert.deepEqual(dropped, [loss]);
    assert.equal(JSON.stringify(body).includes('hm'), false);
  });
}

const loop = (seal: Seal | null) => [
  user(text('a')),
  assistant(thought(seal), call('x')),
  user(result('x')),
  assistant(call('y')),
  user(result('y')),
];

test('encodeRequest() thinks on within a turn that began with signed thinking', () => {
  const { body, dropped } = encode({
    tools: [LOOK],
    reasoning: wish({ effort: 'low' }),
    messages: loop(ownSeal),
  });
  assert.deepEqual(body.thinking, { type: 'enabled', budget_tokens: 2048 });
  assert.deepEqual(dropped, []);
});

test('encodeRequest() does not think within a turn that lacks signed thinking, where the API would refuse it', () => {
  const fields = { tools: [LOOK], reasoning: wish({ effort: 'low' }), messages: loop(foreignSeal) };
  const { body, dropped } = encode(fields);
  assert.deepEqual(body.thinking, { type: 'disabled' });
  assert.deepEqual(dropped.toSorted(), ['reasoning-effort', 'thinking-signature']);
  const adaptive = encode({ ...fields, model: 'claude-opus-4-6' });
  assert.deepEqual(adaptive.body.thinking, { type: 'adaptive', display: 'summarized' });
});

test('encodeRequest() thinks again in the turn after such a one', () => {
  const messages = [...loop(null), assistant(text('done')), user(text('next'))];
  const { body } = encode({ tools: [LOOK], reasoning: wish({ effort: 'low' }), messages });
  assert.deepEqual(body.thinking, { type: 'enabled', budget_tokens: 2048 });
});

test('encodeRequest() sends no thinking to a model that is told not to think', () => {
  const { body, dropped } = encode({ reasoning: wish({ isEnabled: false }), messages: loop(ownSeal) });
  assert.equal(JSON.stringify(body).includes('"thinking":"hm"'), false);
  assert.deepEqual(dropped, ['thinking-history']);
});

test('encodeRequest() prefers a forced tool to thinking, which exclude each other', () => {
  const { body, dropped } = encode({
    tools: [LOOK],
    toolChoice: { kind: 'required' },
    reasoning: wish({ effort: 'high' }),
  });
  assert.deepEqual(body.tool_choice, { type: 'any' });
  assert.deepEqual(body.thinking, { type: 'disabled' });
  assert.deepEqual(dropped, ['reasoning-effort']);
});

test('encodeRequest() looks at the call when the user adds words to its result', () => {
  const messages = [user(text('a')), assistant(call('x')), user(result('x'), text('and?'))];
  const { body } = encode({ tools: [LOOK], reasoning: wish({ effort: 'low' }), messages });
  assert.deepEqual(body.thinking, { type: 'disabled' });
});
