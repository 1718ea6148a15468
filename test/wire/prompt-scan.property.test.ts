// The outline of the one pass against a plain one over JSON.parse, on generated requests.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isObject, type JsonObject } from '../../server/wire/json.ts';
import type { PromptOutline } from '../../server/wire/outline.ts';
import { scanRequest } from '../../server/wire/prompt-scan.ts';
import { scanObject, WireError } from '../../server/wire/scan.ts';
import { CHAT_SURFACES, type ChatSurface } from '../../server/wire/surface.ts';
import { naiveCuts } from './naive-outline.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function outlineOf(body: unknown, surface: ChatSurface, indent?: number): PromptOutline | null {
  return scanRequest(encode(JSON.stringify(body, null, indent)), surface).outline;
}

const word = fc.constantFrom('', 'a', 'b', 'née', 'a "quoted" \\ text\n', '😀', '{"role":"user"}', 'null');
const longText = fc
  .tuple(fc.constantFrom('lorem "ipsum" ', 'dolor\n'), fc.integer({ min: 200, max: 1_200 }))
  .map(([unit, times]) => unit.repeat(times));
const text = fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: longText });
const mark = fc.constantFrom(
  undefined,
  undefined,
  null,
  { type: 'ephemeral' },
  { type: 'ephemeral', ttl: '5m' },
  { ttl: '1h', type: 'ephemeral' },
);
/** The members in any order; those that are undefined are absent. */
function object(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> {
  const names = Object.keys(members);
  return fc
    .tuple(fc.record(members), fc.shuffledSubarray(names, { minLength: names.length }))
    .map(([values, order]) =>
      JSON.parse(JSON.stringify(Object.fromEntries(order.map((name) => [name, values[name]])))),
    );
}
const is = (value: string) => fc.constant(value);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const input = fc.dictionary(
  fc.constantFrom('path', 'cache_control', 'data', 'type'),
  fc.oneof(word, fc.integer(), fc.boolean()),
);
const file = fc.constantFrom('iVBOR'.repeat(1_200), `data:image/png;base64,${'A'.repeat(5_000)}`, 'short');

const textBlock = object({ type: is('text'), text, cache_control: mark });
const image = object({
  type: is('image'),
  source: object({ type: is('base64'), data: file }),
  cache_control: mark,
});
const toolResult = object({
  type: is('tool_result'),
  tool_use_id: word,
  content: fc.oneof(text, fc.array(fc.oneof(textBlock, image), { maxLength: 3 })),
  cache_control: mark,
});
const anthropicBlock = fc.oneof(
  textBlock,
  toolResult,
  image,
  object({ type: is('tool_use'), id: word, name: word, input, cache_control: mark }),
  object({ type: is('thinking'), thinking: text, signature: word }),
);
const tool = object({
  name: word,
  description: text,
  input_schema: input,
  cache_control: mark,
  defer_loading: fc.constantFrom(undefined, undefined, false, true),
});
const anthropic = object({
  model: word,
  tools: maybe(fc.array(tool, { maxLength: 3 })),
  system: maybe(fc.oneof(text, fc.array(textBlock, { maxLength: 3 }))),
  messages: fc.array(
    object({
      role: fc.constantFrom('user', 'assistant'),
      content: fc.oneof(text, fc.array(anthropicBlock, { maxLength: 4 })),
    }),
    { maxLength: 5 },
  ),
  tool_choice: fc.constantFrom(undefined, { type: 'auto' }, { type: 'any' }),
  speed: fc.constantFrom(undefined, 'fast'),
  max_tokens: fc.nat(),
});

const chatPart = fc.oneof(
  object({
    type: is('text'),
    text,
    prompt_cache_breakpoint: fc.constantFrom(undefined, { mode: 'explicit' }),
  }),
  object({ type: is('image_url'), image_url: object({ url: file, detail: word }) }),
);
const chat = object({
  tools: maybe(fc.array(object({ type: is('function'), function: input }), { maxLength: 3 })),
  messages: fc.array(
    object({
      role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
      content: fc.oneof(text, fc.constant(null), fc.array(chatPart, { maxLength: 3 })),
      tool_calls: maybe(fc.array(object({ id: word, function: input }), { maxLength: 2 })),
      tool_call_id: maybe(word),
      reasoning_content: maybe(text),
    }),
    { maxLength: 5 },
  ),
  temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
});
const responses = object({
  tools: maybe(fc.array(object({ type: is('function'), name: word, parameters: input }), { maxLength: 3 })),
  instructions: maybe(text),
  input: fc.oneof(
    text,
    fc.array(
      fc.oneof(
        object({
          role: is('user'),
          content: fc.oneof(text, fc.array(object({ type: is('input_text'), text }), { maxLength: 3 })),
        }),
        object({ type: is('function_call'), call_id: word, name: word, arguments: text }),
        object({ type: is('function_call_output'), call_id: word, output: text }),
        object({ type: is('reasoning'), id: word, encrypted_content: longText, summary: fc.constant([]) }),
      ),
      { maxLength: 5 },
    ),
  ),
  previous_response_id: maybe(is('resp_1')),
});
const part = fc.oneof(
  object({ text }),
  object({ inlineData: object({ mimeType: word, data: file }) }),
  object({ functionCall: input }),
);
const gemini = object({
  tools: maybe(
    fc.array(object({ functionDeclarations: fc.array(input, { maxLength: 2 }) }), { maxLength: 2 }),
  ),
  systemInstruction: maybe(object({ role: maybe(is('user')), parts: fc.array(part, { maxLength: 2 }) })),
  contents: fc.array(
    object({ role: fc.constantFrom('user', 'model'), parts: fc.array(part, { maxLength: 3 }) }),
    { maxLength: 4 },
  ),
});
const BODIES = {
  'anthropic-messages': anthropic,
  'openai-chat': chat,
  'openai-responses': responses,
  gemini,
};

for (const surface of CHAT_SURFACES) {
  const body: fc.Arbitrary<JsonObject> = BODIES[surface];

  test(`scanRequest() of ${surface} agrees with a plain outline, hashes being equal just where content is`, () => {
    const hashOf = new Map<string, number>();
    const contentOf = new Map<number, string>();
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, 1), (value, indent) => {
        const outline = outlineOf(value, surface, indent);
        const expected = naiveCuts(value, surface);
        const cuts = outline?.cuts ?? [];
        assert.deepEqual(
          cuts.map(({ hash: _, ...cut }) => cut),
          expected.map(({ identity: _, ...cut }) => cut),
        );
        assert.equal(outline?.bytes, expected.at(-1)?.bytes);
        for (const [at, { hash }] of cuts.entries()) {
          const identity = expected[at]?.identity ?? '';
          assert.ok(Number.isSafeInteger(hash) && hash >= 0);
          assert.equal(hashOf.get(identity) ?? hash, hash);
          assert.equal(contentOf.get(hash) ?? identity, identity);
          hashOf.set(identity, hash);
          contentOf.set(hash, identity);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`scanRequest() of ${surface} does not mind the order of fields, white space or cache marks`, () => {
    fc.assert(
      fc.property(body, mark, fc.constantFrom(undefined, 3), (value, other, indent) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        const hashes = outlineOf(value, surface)?.cuts.map(({ hash, bytes }) => [hash, bytes]);
        assert.deepEqual(
          outlineOf(turned, surface, indent)?.cuts.map(({ hash, bytes }) => [hash, bytes]),
          hashes,
        );
        if (surface !== 'anthropic-messages') return;
        const marked = withMark(value, other);
        assert.deepEqual(
          outlineOf(marked, surface)?.cuts.map(({ hash, bytes }) => [hash, bytes]),
          hashes,
        );
      }),
      { numRuns: 200 },
    );
  });

  test(`scanRequest() of ${surface} keeps the cuts of a prompt that another one continues`, () => {
    fc.assert(
      fc.property(body, body, (value, more) => {
        const name = { 'openai-responses': 'input', gemini: 'contents' }[String(surface)] ?? 'messages';
        const [before, after] = [value[name], more[name]];
        if (!Array.isArray(before) || !Array.isArray(after)) return;
        // An image that comes changes what was before it, by Anthropic's rules.
        if (JSON.stringify(after).includes('"image"')) return;
        const cuts = outlineOf(value, surface)?.cuts ?? [];
        const longer = outlineOf({ ...value, [name]: [...before, ...after] }, surface)?.cuts ?? [];
        assert.deepEqual(longer.slice(0, cuts.length), cuts);
      }),
      { numRuns: 200 },
    );
  });

  test(`scanRequest() of ${surface} refuses just what scanObject() refuses, in the same words`, () => {
    fc.assert(
      fc.property(
        body,
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', ',', '"', '}', ']', '{', '[', ':', '\\', '0', ' ', 'e'),
        (value, place, cut, insert) => {
          const whole = JSON.stringify(value);
          const at = place % whole.length;
          const bytes = encode(whole.slice(0, at) + insert + whole.slice(at + cut));
          assert.deepEqual(
            errorOf(() => scanRequest(bytes, surface).fields),
            errorOf(() => scanObject(bytes)),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });
}

/** The fields, or what was thrown. */
function errorOf(scan: () => Map<string, unknown>): unknown {
  try {
    return [...scan()];
  } catch (error) {
    assert.ok(error instanceof WireError);
    return [error.code, error.message, error.path];
  }
}

/** Another mark on every block that can have one. */
function withMark(value: unknown, cacheControl: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => withMark(inner, cacheControl));
  if (!isObject(value)) return value;
  const isBlock = typeof value.type === 'string' && !('data' in value) && !('path' in value);
  const members = Object.entries(value).map(([name, inner]) => [
    name,
    ['content', 'messages', 'system'].includes(name) ? withMark(inner, cacheControl) : inner,
  ]);
  return { ...Object.fromEntries(members), ...(isBlock && { cache_control: cacheControl }) };
}
