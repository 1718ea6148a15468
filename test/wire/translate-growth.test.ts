// A conversation that grows by a turn keeps the encoding of its earlier turns, so that prompt caches stay warm.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Block, ChatRequest, Message, Seal } from '../../server/wire/chat.ts';
import { codecOf } from '../../server/wire/dialects.ts';
import { isObject, listAt } from '../../server/wire/json.ts';
import { CHAT_SURFACES, type ChatSurface } from '../../server/wire/surface.ts';
import { emptyRequest } from './openai-responses/requests.ts';

const MODELS: Readonly<Record<ChatSurface, readonly string[]>> = {
  'anthropic-messages': ['claude-opus-4-8', 'claude-sonnet-4-5', 'kimi-k2'],
  'openai-chat': ['gpt-4.1', 'deepseek-v4-pro', 'mistral-large'],
  'openai-responses': ['gpt-5.6', 'gpt-4.1'],
  gemini: ['gemini-3-pro', 'gemini-2.5-flash'],
};
const CONVERSATION: Readonly<Record<ChatSurface, string>> = {
  'anthropic-messages': 'messages',
  'openai-chat': 'messages',
  'openai-responses': 'input',
  gemini: 'contents',
};

const words = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom(' ', 'Hi', '\n'));
const text = words.map((said): Block => ({ kind: 'text', text: said, breakpoint: null }));
const picture = fc.constant<Block>({
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
  detail: null,
  breakpoint: null,
});
/** Thoughts as clients of other dialects hold them: never sealed by the target itself. */
function thinkingFor(target: ChatSurface): fc.Arbitrary<Block> {
  const others = CHAT_SURFACES.filter((surface) => surface !== target);
  const seal = fc.constantFrom<Seal | null>(
    null,
    ...others.map((surface) => ({ surface, value: 'c2VhbA==', id: null })),
  );
  return fc
    .record({ said: words, seal })
    .map((thought) => ({ kind: 'thinking', text: thought.said, seal: thought.seal }));
}

/** What the model says, and what is said to it then: the results of its calls come first. */
interface Round {
  thoughts: Block[];
  said: Block[];
  calls: number;
  answer: Block[];
  note: string | null;
}

function roundFor(target: ChatSurface): fc.Arbitrary<Round> {
  return fc.record({
    thoughts: fc.array(thinkingFor(target), { maxLength: 2 }),
    said: fc.array(text, { maxLength: 2 }),
    calls: fc.nat({ max: 2 }),
    answer: fc.array(fc.oneof(text, picture), { maxLength: 2 }),
    note: fc.option(words),
  });
}

function messagesOf(rounds: readonly Round[]): Message[] {
  const hello: Message = { role: 'user', blocks: [{ kind: 'text', text: 'Hello', breakpoint: null }] };
  return [hello, ...rounds.flatMap((one, index) => messagesOfRound(one, index))];
}

function messagesOfRound({ thoughts, said, calls, answer, note }: Round, index: number): Message[] {
  const ids = Array.from({ length: calls }, (_none, call) => `call.${index}:${call}`);
  const made = ids.map(
    (id): Block => ({
      kind: 'tool-call',
      id,
      name: 'look',
      arguments: '{"at":1}',
      seal: null,
      breakpoint: null,
    }),
  );
  const results = ids.map(
    (callId): Block => ({
      kind: 'tool-result',
      callId,
      name: 'look',
      blocks: [{ kind: 'text', text: 'seen', breakpoint: null }],
      isError: false,
      breakpoint: null,
    }),
  );
  // The model never says nothing, and the client never answers with nothing.
  const spoken = calls === 0 ? [{ kind: 'text', text: 'Well', breakpoint: null } as const] : [];
  const asked = calls === 0 ? [{ kind: 'text', text: 'Go on', breakpoint: null } as const] : [];
  const turns: Message[] = [
    { role: 'assistant', blocks: [...thoughts, ...said, ...spoken, ...made] },
    { role: 'user', blocks: [...results, ...answer, ...asked] },
  ];
  if (note !== null)
    turns.push({ role: 'system', blocks: [{ kind: 'text', text: `Note ${note}`, breakpoint: null }] });
  return turns;
}

function encoded(surface: ChatSurface, request: ChatRequest): string[] {
  const wire = codecOf(surface).encodeRequest(request, () => undefined);
  return listAt(wire, CONVERSATION[surface]).map((turn) => JSON.stringify(withoutMarks(turn)));
}

/** Breakpoints move on with the conversation. */
function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === 'cache_control' ? [] : [[name, withoutMarks(inner)]],
    ),
  );
}

for (const surface of CHAT_SURFACES) {
  for (const model of MODELS[surface]) {
    for (const effort of [null, 'high'] as const) {
      test(`encodeRequest() of ${surface} keeps earlier turns of ${model} as they were: effort ${effort}`, () => {
        const tool = { name: 'look', description: null, parameters: null, isStrict: null, breakpoint: null };
        const reasoning = effort && { isEnabled: true, effort, budgetTokens: null, isVisible: true };
        const request = { ...emptyRequest(model), tools: [tool], reasoning };
        fc.assert(
          fc.property(fc.array(roundFor(surface), { minLength: 1, maxLength: 4 }), (rounds) => {
            const before = encoded(surface, { ...request, messages: messagesOf(rounds.slice(0, -1)) });
            const after = encoded(surface, { ...request, messages: messagesOf(rounds) });
            assert.deepEqual(after.slice(0, before.length), before);
            assert.ok(after.length > before.length);
          }),
          { numRuns: 150 },
        );
      });
    }
  }
}
