// Streams between Anthropic's events and the neutral ones: the traps, and whatever order neutral blocks come in.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { anthropicMessagesCodec as codec } from '../../../server/wire/anthropic-messages/codec.ts';
import type { ChatEvent, ReplyContext, Seal, StartedBlock } from '../../../server/wire/chat.ts';
import { parseJson } from '../../../server/wire/json.ts';
import type { ServerSentEvent } from '../../../server/wire/sse.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { blocksOf, native, neutralRequest } from './events.ts';

const context: ReplyContext = { model: 'claude-opus-5', createdAtMs: 7, request: neutralRequest({}) };
const start = native('message_start', { message: { id: 'msg_1', usage: { input_tokens: 1 } } });
const begin = (index: number, content_block: object) =>
  native('content_block_start', { index, content_block });
const json = (index: number, partial_json: string) =>
  native('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } });
const end = (index: number) => native('content_block_stop', { index });
const stop = native('message_delta', { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: {} });
const over = native('message_stop');
const tool = (id: string) => ({ type: 'tool_use', id, name: 'look', input: {} });

function decode(...events: ServerSentEvent[]): ChatEvent[] {
  const decoder = codec.streamDecoder();
  return [...events.flatMap((event) => decoder.decode(event)), ...decoder.end()];
}

function encode(events: readonly ChatEvent[]): ServerSentEvent[] {
  const encoder = codec.streamEncoder(context);
  return events.flatMap((event) => encoder.encode(event));
}

test('streamDecoder() takes a number used again for a new call', () => {
  const events = decode(
    start,
    begin(0, tool('a')),
    json(0, '{"x":1}'),
    begin(0, tool('b')),
    json(0, '{}'),
    stop,
    over,
  );
  assert.deepEqual(blocksOf(events), [
    { started: { kind: 'tool-call', id: 'a', name: 'look' }, text: '', json: '{"x":1}', seal: null },
    { started: { kind: 'tool-call', id: 'b', name: 'look' }, text: '', json: '{}', seal: null },
  ]);
});

test('streamDecoder() keeps calls apart whose pieces are mixed', () => {
  const events = decode(
    start,
    begin(0, tool('a')),
    begin(1, tool('b')),
    json(1, '{"y"'),
    json(0, '{}'),
    json(1, ':2}'),
    stop,
    over,
  );
  assert.deepEqual(
    blocksOf(events).map((block) => JSON.stringify(block).includes('"{}"')),
    [true, false],
  );
});

test('streamDecoder() takes arguments given at the start only when no pieces follow', () => {
  const whole = { ...tool('a'), input: { x: 1 } };
  const argumentsOf = (...events: ServerSentEvent[]) =>
    decode(...events).flatMap((event) => (event.kind === 'arguments-delta' ? event.json : []));
  assert.deepEqual(argumentsOf(start, begin(0, whole), end(0), stop, over), ['{"x":1}']);
  assert.deepEqual(argumentsOf(start, begin(0, whole), json(0, '{"x":2}'), end(0), stop, over), ['{"x":2}']);
});

test('streamDecoder() leaves blocks of server tools out and numbers on without a gap', () => {
  const server = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
  const events = decode(
    start,
    begin(0, server),
    json(0, '{"q":1}'),
    end(0),
    begin(1, tool('a')),
    end(1),
    stop,
    over,
  );
  const indexes = events.flatMap((event) => ('index' in event ? event.index : []));
  assert.deepEqual(indexes, [0, 0]);
});

test('streamDecoder() finishes a stream that has told its stop reason, and no other', () => {
  assert.equal(decode(start, begin(0, tool('a')), stop).at(-1)?.kind, 'finish');
  assert.equal(decode(start, begin(0, tool('a'))).at(-1)?.kind, 'error');
  assert.equal(decode().at(-1)?.kind, 'error');
});

test('streamDecoder() says nothing after the end', () => {
  const events = decode(start, stop, over, start, native('error', { error: { type: 'api_error' } }));
  assert.deepEqual(
    events.map((event) => event.kind),
    ['start', 'finish'],
  );
});

test('streamDecoder() gives the explanation of a refusal as a block', () => {
  const stop_details = { type: 'refusal', category: 'bio', explanation: 'Not this.' };
  const events = decode(
    start,
    native('message_delta', { delta: { stop_reason: 'refusal', stop_details } }),
    over,
  );
  assert.deepEqual(blocksOf(events), [
    { started: { kind: 'refusal' }, text: 'Not this.', json: '', seal: null },
  ]);
  assert.equal(events.at(-1)?.kind === 'finish' && events.at(-1)?.kind, 'finish');
});

for (const [reason, expected] of [
  ['end_turn', 'end'],
  ['max_tokens', 'max-tokens'],
  ['model_context_window_exceeded', 'max-tokens'],
  ['stop_sequence', 'stop-sequence'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'paused'],
  ['refusal', 'refusal'],
  ['something_new', 'end'],
] as const) {
  test(`decodeReply() reads stop reason ${reason}`, () => {
    assert.equal(codec.decodeReply({ content: [], stop_reason: reason }).stop, expected);
  });
}

test('streamDecoder() never throws, keeps the order and ends once, whatever comes', () => {
  const index = fc.constantFrom(0, 1, undefined, 'x');
  const block = fc.constantFrom<unknown>(
    tool('a'),
    { type: 'text', text: 'x' },
    { type: 'thinking' },
    { type: 5 },
    null,
  );
  const delta = fc.constantFrom<unknown>(
    { type: 'text_delta', text: 'x' },
    { type: 'signature_delta', signature: 's' },
    { type: 'input_json_delta', partial_json: '{' },
    { type: 'input_json_delta', partial_json: 5 },
    'x',
  );
  const event = fc.oneof(
    fc.constantFrom(
      start,
      stop,
      over,
      native('ping'),
      { event: 'message_start', data: '{' },
      { event: '', data: 'null' },
    ),
    fc.record({ index, content_block: block }).map((fields) => native('content_block_start', fields)),
    fc.record({ index, delta }).map((fields) => native('content_block_delta', fields)),
    index.map((number) => native('content_block_stop', { index: number })),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const seen = decode(...events);
      const kinds = seen.map(({ kind }) => kind);
      assert.equal(kinds.filter((kind) => kind === 'finish' || kind === 'error').length, 1);
      assert.ok(kinds.at(-1) === 'finish' || kinds.at(-1) === 'error');
      assert.ok(kinds.length === 1 || kinds[0] === 'start');
      if (kinds.at(-1) === 'finish') {
        const count = (kind: string) => kinds.filter((other) => other === kind).length;
        assert.equal(count('block-start'), count('block-end'));
      }
    }),
    { numRuns: 200 },
  );
});

interface Plan {
  started: StartedBlock;
  pieces: string[];
  seal: Seal | null;
}

const words = fc.array(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
const ownSeal = fc
  .string({ minLength: 1 })
  .map((value): Seal => ({ surface: 'anthropic-messages', value, id: null }));
const plan: fc.Arbitrary<Plan> = fc.oneof(
  words.map((pieces) => ({ started: { kind: 'text' } as const, pieces, seal: null })),
  fc
    .tuple(words, fc.option(ownSeal))
    .map(([pieces, seal]) => ({ started: { kind: 'thinking' } as const, pieces, seal })),
  fc.string({ minLength: 1 }).map((value) => ({
    started: { kind: 'thinking' } as const,
    pieces: [],
    seal: { surface: 'anthropic-messages', value, id: 'redacted' } as const,
  })),
  fc.tuple(fc.uuid(), words).map(([id, pieces]) => ({
    started: { kind: 'tool-call', id, name: 'look' } as const,
    pieces,
    seal: null,
  })),
);

/** The events of each block in order, those of different blocks mixed as `picks` has it. */
function mixed(plans: readonly Plan[], picks: readonly number[]): ChatEvent[] {
  const started = new Set<number>();
  const queues = plans.map((block, index): ChatEvent[] => [
    { kind: 'block-start', index, block: block.started },
    ...block.pieces.map(
      (piece): ChatEvent =>
        block.started.kind === 'tool-call'
          ? { kind: 'arguments-delta', index, json: piece }
          : { kind: 'text-delta', index, text: piece },
    ),
    ...(block.seal ? [{ kind: 'seal', index, seal: block.seal } as const] : []),
    { kind: 'block-end', index },
  ]);
  const events: ChatEvent[] = [];
  for (let step = 0; queues.some((queue) => queue.length > 0); step += 1) {
    // Blocks are numbered in order of their start: a block may begin only after the one before it.
    const ready = queues.flatMap((queue, index) =>
      queue.length > 0 && (index === 0 || started.has(index - 1)) ? [index] : [],
    );
    const chosen = ready[(picks[step % Math.max(1, picks.length)] ?? 0) % ready.length] ?? 0;
    started.add(chosen);
    events.push(...(queues[chosen]?.splice(0, 1) ?? []));
  }
  return events;
}

test('streamEncoder() and streamDecoder() keep blocks, however they overlap', () => {
  fc.assert(
    fc.property(
      fc.array(plan, { maxLength: 5 }),
      fc.array(fc.nat(7), { minLength: 1, maxLength: 9 }),
      (plans, picks) => {
        const events: ChatEvent[] = [
          { kind: 'start', id: 'msg_1', usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 0 } },
          ...mixed(plans, picks),
          {
            kind: 'finish',
            stop: 'end',
            stopSequence: null,
            usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 9 },
          },
        ];
        const sent = encode(events);
        const back = decode(...sent);
        assert.deepEqual(blocksOf(back), blocksOf(events));
        assert.deepEqual(back.at(-1), events.at(-1));
        assert.ok(areInTurn(sent));
      },
    ),
    { numRuns: 150 },
  );
});

/** Does each block begin with the next number, and only after the one before has ended? */
function areInTurn(events: readonly ServerSentEvent[]): boolean {
  let open: number | null = null;
  let next = 0;
  for (const { event, data } of events) {
    const value = parseJson(data);
    const index =
      typeof value === 'object' && value !== null && 'index' in value ? Number(value.index) : null;
    if (event === 'content_block_start') {
      if (open !== null || index !== next) return false;
      open = next;
      next += 1;
    } else if (index !== null && index !== open) return false;
    if (event === 'content_block_stop') open = null;
  }
  return open === null;
}

test('streamEncoder() passes the pieces of the block whose turn it is on at once', () => {
  const encoder = codec.streamEncoder(context);
  encoder.encode({ kind: 'start', id: 'x', usage: NO_USAGE });
  encoder.encode({ kind: 'block-start', index: 0, block: { kind: 'text' } });
  assert.equal(encoder.encode({ kind: 'text-delta', index: 0, text: 'Hi' }).length, 1);
});

test('streamEncoder() ends blocks that nobody ended', () => {
  const open = (index: number): ChatEvent[] => [
    { kind: 'block-start', index, block: { kind: 'text' } },
    { kind: 'text-delta', index, text: 'x' },
  ];
  const sent = encode([
    ...open(0),
    ...open(1),
    { kind: 'block-end', index: 1 },
    ...open(2),
    { kind: 'finish', stop: 'end', stopSequence: null, usage: NO_USAGE },
  ]);
  assert.equal(sent.filter(({ event }) => event === 'content_block_stop').length, 3);
  assert.ok(areInTurn(sent));
});

test('streamEncoder() leaves seals of other dialects and empty thinking out', () => {
  const seal: Seal = { surface: 'gemini', value: 'x', id: null };
  const sent = encode([
    { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
    { kind: 'seal', index: 0, seal },
    { kind: 'block-end', index: 0 },
    { kind: 'block-start', index: 1, block: { kind: 'tool-call', id: 'a:1', name: 'look' } },
    { kind: 'seal', index: 1, seal },
    { kind: 'block-end', index: 1 },
  ]);
  assert.deepEqual(
    sent.map(({ data }) => parseJson(data)),
    [
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: 'a_1_dbbd3e69b1ebb062', name: 'look', input: {} },
      },
      { type: 'content_block_stop', index: 0 },
    ],
  );
});

for (const [error, type] of [
  [{ type: 'insufficient_quota', status: 429 }, 'rate_limit_error'],
  [{ type: 'overloaded_error', status: 529 }, 'overloaded_error'],
  [{ type: 'UNAVAILABLE', status: 503 }, 'overloaded_error'],
  [{ type: 'server_error', status: 502 }, 'api_error'],
] as const) {
  test(`streamEncoder() puts ${error.type} in Anthropic's words`, () => {
    const [sent] = encode([
      { kind: 'error', error: { ...error, message: 'No', retryAfterMs: null, isQuota: false } },
    ]);
    assert.deepEqual(sent, native('error', { error: { type, message: 'No' } }));
  });
}

test('encodeReply() gives what clients need of a reply that another dialect made', () => {
  const reply = codec.encodeReply(
    {
      id: 'chatcmpl-1',
      blocks: [
        { kind: 'thinking', text: 'hm', seal: { surface: 'openai-responses', value: 'x', id: 'rs_1' } },
        { kind: 'refusal', text: 'No.' },
        { kind: 'tool-call', id: 'call_1', name: 'look', arguments: '{"cut', seal: null, breakpoint: null },
      ],
      stop: 'content-filter',
      stopSequence: null,
      usage: NO_USAGE,
    },
    context,
  );
  assert.deepEqual(reply, {
    id: 'msg_chatcmpl-1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5',
    content: [
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'No.' },
      { type: 'tool_use', id: 'call_1', name: 'look', input: {} },
    ],
    stop_reason: 'refusal',
    stop_sequence: null,
    stop_details: { type: 'refusal', category: null, explanation: null },
    usage: { input_tokens: 0, output_tokens: 0 },
  });
});

test('decodeReply() throws on what is not a reply', () => {
  assert.throws(() => codec.decodeReply({ content: 'x' }), /Cannot read the reply/);
  assert.throws(() => codec.decodeReply(null), /Cannot read the reply/);
});
