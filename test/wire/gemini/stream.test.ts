// Gemini's streams into neutral events and out of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Block, ChatEvent, StartedBlock } from '../../../server/wire/chat.ts';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import { listAt, objectAt, parseJson, textAt } from '../../../server/wire/json.ts';
import { JsonArrayReader } from '../../../server/wire/json-array.ts';
import { type ServerSentEvent, SseReader } from '../../../server/wire/sse.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { bytesOf, casesWith, jsonEvent, jsonOf, replyContext } from './fixtures.ts';

function decode(events: readonly ServerSentEvent[]): ChatEvent[] {
  const decoder = geminiCodec.streamDecoder();
  return [...events.flatMap((event) => decoder.decode(event)), ...decoder.end()];
}

function encode(events: readonly ChatEvent[], context = replyContext()): ServerSentEvent[] {
  const encoder = geminiCodec.streamEncoder(context);
  return events.flatMap((event) => encoder.encode(event));
}

/** The blocks a stream adds up to; fails when its events break a rule. */
function gather(events: readonly ChatEvent[]): Block[] {
  const blocks: Block[] = [];
  const open = new Set<number>();
  assert.equal(events[0]?.kind, 'start');
  assert.ok(['finish', 'error'].includes(events.at(-1)?.kind ?? ''));
  for (const event of events.slice(1, -1)) {
    if (event.kind === 'block-start') {
      assert.equal(event.index, blocks.length);
      blocks.push(begun(event.block));
      open.add(event.index);
      continue;
    }
    assert.ok('index' in event && open.has(event.index));
    if (event.kind === 'block-end') open.delete(event.index);
    const block = blocks[event.index];
    if (event.kind === 'text-delta' && (block?.kind === 'text' || block?.kind === 'thinking'))
      block.text += event.text;
    if (event.kind === 'arguments-delta' && block?.kind === 'tool-call') block.arguments += event.json;
    if (event.kind === 'seal' && (block?.kind === 'thinking' || block?.kind === 'tool-call'))
      block.seal = event.seal;
  }
  assert.equal(open.size, 0);
  return blocks;
}

function begun(block: StartedBlock): Block {
  if (block.kind === 'tool-call') return { ...block, arguments: '', seal: null, breakpoint: null };
  if (block.kind === 'thinking') return { kind: 'thinking', text: '', seal: null };
  return block.kind === 'text' ? { kind: 'text', text: '', breakpoint: null } : { kind: 'refusal', text: '' };
}

const cases = casesWith('reply.sse');

test('the golden streams are all here', () => assert.ok(cases.length >= 6));

for (const name of cases) {
  test(`geminiCodec.streamDecoder() reads the golden stream "${name}", whole and cut at every byte`, () => {
    const expected = jsonOf(name, 'events.neutral.json');
    const bytes = bytesOf(name, 'reply.sse');
    assert.deepEqual(decode(new SseReader().feed(bytes)), expected);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new SseReader();
      const events = [...reader.feed(bytes.subarray(0, cut)), ...reader.feed(bytes.subarray(cut))];
      assert.deepEqual(decode(events), expected, `cut at ${cut}`);
    }
  });

  test(`geminiCodec.streamEncoder() gives back the golden stream "${name}"`, () => {
    const events = decode(new SseReader().feed(bytesOf(name, 'reply.sse')));
    // A stream that fails is told by an error chunk of its own: a cut is not cut again.
    const again = decode(encode(events));
    assert.deepEqual(gather(again), gather(events));
    assert.deepEqual({ ...again.at(-1), error: null }, { ...events.at(-1), error: null });
  });
}

test('geminiCodec.streamDecoder() reads the same from an array as from events', () => {
  const events = new JsonArrayReader().feed(bytesOf('text', 'reply.array.json'));
  assert.deepEqual(decode(events), jsonOf('text', 'events.neutral.json'));
});

const chunk = (parts: object[], fields: object = {}) =>
  jsonEvent({ candidates: [{ content: { role: 'model', parts }, ...fields, index: 0 }], responseId: 'r1' });

test('geminiCodec.streamDecoder() goes on after a finish reason that comes in every chunk', () => {
  const events = decode([
    chunk([{ text: 'a' }], { finishReason: 'STOP' }),
    chunk([{ text: 'b' }], { finishReason: 'MAX_TOKENS' }),
  ]);
  assert.deepEqual(gather(events), [{ kind: 'text', text: 'ab', breakpoint: null }]);
  assert.deepEqual(events.at(-1), {
    kind: 'finish',
    stop: 'max-tokens',
    stopSequence: null,
    usage: NO_USAGE,
  });
});

test('geminiCodec.streamDecoder() keeps parallel calls apart, with ids or without, and drops a repeated one', () => {
  const call = (id: string | null, at: number) => ({
    functionCall: { ...(id === null ? {} : { id }), name: 'look', args: { at } },
  });
  const events = decode([
    chunk([call(null, 1), call(null, 1)]),
    chunk([call('x', 2), call('x', 2)]),
    chunk([call('x', 2)], { finishReason: 'STOP' }),
  ]);
  const ids = gather(events).map((block) =>
    block.kind === 'tool-call' ? [block.id, block.arguments] : null,
  );
  assert.deepEqual(ids, [
    ['call_r1_0', '{"at":1}'],
    ['call_r1_1', '{"at":1}'],
    ['x', '{"at":2}'],
  ]);
});

test('geminiCodec.streamDecoder() seals a thought and then begins another', () => {
  const events = decode([
    chunk([{ text: 'Hm', thought: true }]),
    chunk([{ text: '', thought: true, thoughtSignature: 's' }]),
    chunk(
      [
        { text: 'So', thought: true },
        { text: 'Yes', thoughtSignature: 't' },
      ],
      { finishReason: 'STOP' },
    ),
  ]);
  const seal = (value: string) => ({ surface: 'gemini', value, id: null });
  assert.deepEqual(gather(events), [
    { kind: 'thinking', text: 'Hm', seal: seal('s') },
    { kind: 'thinking', text: 'So', seal: null },
    { kind: 'text', text: 'Yes', breakpoint: null },
    { kind: 'thinking', text: '', seal: seal('t') },
  ]);
});

test('geminiCodec.streamDecoder() replaces usage snapshots and never adds them', () => {
  const usage = (candidatesTokenCount: number) => ({
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount, totalTokenCount: 10 + candidatesTokenCount },
  });
  const events = decode([
    jsonEvent(usage(2)),
    jsonEvent(usage(5)),
    jsonEvent({ ...usage(5), candidates: [{ finishReason: 'STOP' }] }),
  ]);
  assert.deepEqual(events.at(-1), {
    kind: 'finish',
    stop: 'end',
    stopSequence: null,
    usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 5 },
  });
});

test('geminiCodec.streamDecoder() leaves out what it cannot read and says nothing after an error', () => {
  const decoder = geminiCodec.streamDecoder();
  for (const data of ['{', 'null', '7', '[]']) assert.deepEqual(decoder.decode({ event: '', data }), []);
  const odd = jsonEvent({
    candidates: [
      { content: { parts: [1, null, { text: 2 }, { functionCall: 'x' }, { inlineData: {} }] } },
      'x',
    ],
    usageMetadata: [],
  });
  assert.deepEqual(
    decoder.decode(odd).map(({ kind }) => kind),
    ['start'],
  );
  assert.deepEqual(
    decoder.decode(jsonEvent([{ error: { code: 500 } }])).map(({ kind }) => kind),
    ['error'],
  );
  assert.deepEqual([...decoder.decode(chunk([{ text: 'late' }])), ...decoder.end()], []);
});

test('geminiCodec.streamDecoder() calls a stream without anything cut off', () => {
  assert.deepEqual(
    decode([]).map(({ kind }) => kind),
    ['start', 'error'],
  );
});

const started: ChatEvent[] = [{ kind: 'start', id: 'r1', usage: { ...NO_USAGE, inputTokens: 10 } }];
const finished = (stop: 'end' | 'tool-calls'): ChatEvent => ({
  kind: 'finish',
  stop,
  stopSequence: null,
  usage: { ...NO_USAGE, outputTokens: 5 },
});
const callStart = (index: number): ChatEvent => ({
  kind: 'block-start',
  index,
  block: { kind: 'tool-call', id: `c${index}`, name: 'f' },
});

test('geminiCodec.streamEncoder() gives every chunk a part, and the last one finish reason and usage', () => {
  const [only, ...others] = encode([...started, finished('end')]).map(({ data }) => parseJson(data));
  assert.deepEqual(others, []);
  assert.deepEqual(only, {
    candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: 'my-model',
    responseId: 'r1',
  });
});

test('geminiCodec.streamEncoder() gathers calls whose arguments arrive in turns', () => {
  const events: ChatEvent[] = [
    ...started,
    callStart(0),
    callStart(1),
    { kind: 'arguments-delta', index: 0, json: '{"a"' },
    { kind: 'arguments-delta', index: 1, json: '{"b"' },
    { kind: 'arguments-delta', index: 1, json: ':2}' },
    { kind: 'arguments-delta', index: 0, json: ':1}' },
    { kind: 'block-end', index: 0 },
    { kind: 'block-end', index: 1 },
    finished('tool-calls'),
  ];
  const parts = encode(events).flatMap(({ data }) => partsOf(data));
  assert.deepEqual(parts, [
    { functionCall: { id: 'c0', name: 'f', args: { a: 1 } } },
    { functionCall: { id: 'c1', name: 'f', args: { b: 2 } } },
    { text: '' },
  ]);
});

test('geminiCodec.streamEncoder() leaves out a call whose arguments are broken, and says so', () => {
  const events: ChatEvent[] = [
    ...started,
    callStart(0),
    { kind: 'arguments-delta', index: 0, json: '{"a"' },
    { kind: 'block-end', index: 0 },
    finished('tool-calls'),
  ];
  const [only, ...others] = encode(events).map(({ data }) => parseJson(data));
  assert.deepEqual(others, []);
  assert.equal(textAt(listAt(only, 'candidates')[0], 'finishReason'), 'MALFORMED_FUNCTION_CALL');
});

test('geminiCodec.streamEncoder() keeps thoughts from who did not ask for them', () => {
  const events: ChatEvent[] = [
    ...started,
    { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
    { kind: 'text-delta', index: 0, text: 'Hm' },
    { kind: 'block-end', index: 0 },
    finished('end'),
  ];
  assert.deepEqual(
    encode(events, replyContext({})).flatMap(({ data }) => partsOf(data)),
    [{ text: '' }],
  );
  assert.deepEqual(
    encode(events).flatMap(({ data }) => partsOf(data)),
    [{ text: 'Hm', thought: true }, { text: '' }],
  );
});

test('geminiCodec.streamEncoder() tells an error the way Gemini does', () => {
  const error = {
    type: 'overloaded_error',
    message: 'Overloaded',
    status: 503,
    retryAfterMs: null,
    isQuota: false,
  };
  const [only] = encode([...started, { kind: 'error', error }]);
  assert.deepEqual(parseJson(only?.data ?? ''), {
    error: { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' },
  });
});

function partsOf(data: string): readonly unknown[] {
  return listAt(objectAt(listAt(parseJson(data), 'candidates')[0], 'content'), 'parts');
}

const seal = fc.option(
  fc.base64String({ minLength: 4 }).map((value) => ({ surface: 'gemini' as const, value, id: null })),
  { nil: null },
);
const words = fc.string({ minLength: 1, unit: 'grapheme' });
const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  words.map((text): Block => ({ kind: 'text', text, breakpoint: null })),
  fc
    .record({ text: fc.option(words, { nil: '' }), seal })
    .filter((block) => block.text !== '' || block.seal !== null)
    .map((block): Block => ({ kind: 'thinking', ...block })),
  fc
    .record({ name: fc.constantFrom('look', 'hear'), args: fc.dictionary(fc.string(), fc.jsonValue()), seal })
    .map(
      ({ name, args, seal: own }): Block => ({
        kind: 'tool-call',
        id: '',
        name,
        arguments: JSON.stringify(args),
        seal: own,
        breakpoint: null,
      }),
    ),
);

/** Every block as its events, deltas cut in two, all calls open until the end. */
function eventsOf(blocks: readonly Block[]): ChatEvent[] {
  return blocks.flatMap((block, index): ChatEvent[] => {
    const end: ChatEvent = { kind: 'block-end', index };
    if (block.kind === 'tool-call') {
      const half = block.arguments.length >> 1;
      return [
        { kind: 'block-start', index, block: { kind: 'tool-call', id: `call_${index}`, name: block.name } },
        { kind: 'arguments-delta', index, json: block.arguments.slice(0, half) },
        { kind: 'arguments-delta', index, json: block.arguments.slice(half) },
        ...sealEvent(index, block.seal),
        end,
      ];
    }
    if (block.kind !== 'text' && block.kind !== 'thinking') return [];
    const text: ChatEvent[] = block.text === '' ? [] : [{ kind: 'text-delta', index, text: block.text }];
    return [
      { kind: 'block-start', index, block: { kind: block.kind } },
      ...text,
      ...sealEvent(index, block.kind === 'thinking' ? block.seal : null),
      end,
    ];
  });
}

function sealEvent(index: number, value: Extract<Block, { kind: 'thinking' }>['seal']): ChatEvent[] {
  return value === null ? [] : [{ kind: 'seal', index, seal: value }];
}

/** Gemini knows no borders between neighbouring texts of one kind. */
function joined(blocks: readonly Block[]): Block[] {
  const result: Block[] = [];
  for (const [index, block] of blocks.entries()) {
    const last = result.at(-1);
    if (block.kind === 'text' && last?.kind === 'text') last.text += block.text;
    else if (
      block.kind === 'thinking' &&
      block.text !== '' &&
      last?.kind === 'thinking' &&
      last.seal === null
    ) {
      last.text += block.text;
      last.seal = block.seal;
    } else result.push(block.kind === 'tool-call' ? { ...block, id: `call_${index}` } : { ...block });
  }
  return result;
}

test('geminiCodec.streamEncoder() loses no block of any stream', () => {
  fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 6 }), (blocks) => {
      const events = [...started, ...eventsOf(blocks), finished('end')];
      assert.deepEqual(gather(decode(encode(events))), joined(blocks));
    }),
    { numRuns: 300 },
  );
});
