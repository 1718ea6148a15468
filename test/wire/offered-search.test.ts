// The provider's own web search in requests that another provider answers: an offer that can be missed, or the point of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { codecOf } from '../../server/wire/dialects.ts';
import { LossList } from '../../server/wire/losses.ts';
import type { ChatSurface } from '../../server/wire/surface.ts';

interface Case {
  surface: ChatSurface;
  /** The request with nothing but the search, then what adds a tool, then what makes the model call one. */
  alone: Record<string, unknown>;
  beside: Record<string, unknown>;
  forced: Record<string, unknown>;
}

const chatTool = { type: 'function', function: { name: 'look' } };
const look = { type: 'function', name: 'look', parameters: {} };
const CASES: readonly Case[] = [
  {
    surface: 'anthropic-messages',
    alone: { messages: [], tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    beside: {
      tools: [
        { type: 'web_search_20260209', name: 'web_search' },
        { name: 'look', input_schema: {} },
      ],
    },
    forced: { tool_choice: { type: 'any' } },
  },
  {
    surface: 'openai-chat',
    alone: { messages: [{ role: 'user', content: 'Hi' }], web_search_options: {} },
    beside: { tools: [chatTool] },
    forced: { tool_choice: 'required' },
  },
  {
    surface: 'openai-responses',
    alone: { input: 'Hi', tools: [{ type: 'web_search', external_web_access: false }] },
    beside: { tools: [{ type: 'web_search_preview_2025_03_11' }, look] },
    forced: { tool_choice: 'required' },
  },
  {
    surface: 'gemini',
    alone: { contents: [], tools: [{ googleSearch: {} }] },
    beside: { tools: [{ google_search: {} }, { functionDeclarations: [{ name: 'look' }] }] },
    forced: { toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
  },
];

function decode(surface: ChatSurface, body: unknown) {
  const losses = new LossList();
  const request = codecOf(surface).decodeRequest(body, { model: 'm', isStreamed: false, lose: losses.lose });
  return { tools: request.tools.map(({ name }) => name), dropped: losses.dropped };
}

for (const { surface, alone, beside, forced } of CASES) {
  test(`decodeRequest() of ${surface} leaves out a web search that is one offer among others`, () => {
    assert.deepEqual(decode(surface, { ...alone, ...beside }), {
      tools: ['look'],
      dropped: ['offered-search'],
    });
  });

  test(`decodeRequest() of ${surface} refuses a web search that is all there is`, () => {
    assert.throws(() => decode(surface, alone), { code: 'cannot-translate' });
  });

  test(`decodeRequest() of ${surface} refuses a web search where the model has to call something`, () => {
    assert.throws(() => decode(surface, { ...alone, ...beside, ...forced }), { code: 'cannot-translate' });
  });
}

test('decodeRequest() of openai-responses knows a web search among the allowed tools', () => {
  const tools = [{ type: 'web_search' }, look, { ...look, name: 'other' }];
  const choice = (mode: string) => ({
    type: 'allowed_tools',
    mode,
    tools: [{ type: 'web_search' }, { type: 'function', name: 'look' }],
  });
  const body = { input: 'Hi', tools };
  assert.deepEqual(decode('openai-responses', { ...body, tool_choice: choice('auto') }), {
    tools: ['look'],
    dropped: ['offered-search'],
  });
  assert.throws(() => decode('openai-responses', { ...body, tool_choice: choice('required') }), {
    code: 'cannot-translate',
  });
  assert.throws(() => decode('openai-responses', { ...body, tool_choice: { type: 'web_search' } }), {
    code: 'cannot-translate',
  });
});
