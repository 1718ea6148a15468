// Streams of tool calls and other traps, and any neutral stream there and back.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Block, ChatEvent, ReplyContext } from '../../../server/wire/chat.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';
import type { ServerSentEvent } from '../../../server/wire/sse.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';

const USAGE = { ...NO_USAGE, inputTokens: 20, outputTokens: 5, cacheReadTokens: 16, reasoningTokens: 2 };

function context(wantsStreamUsage: boolean): ReplyContext {
  const request = codec.decodeRequest(
    { messages: [{ role: 'user', content: 'Hi' }], stream_options: { include_usage: wantsStreamUsage } },
    { model: 'm', isStreamed: true, lose: () => undefined },
  );
  return { model: 'asked-for', createdAtMs: 1_700_000_000_000, request };
}

function decode(chunks: readonly unknown[], isDone = true): ChatEvent[] {
  const decoder = codec.streamDecoder();
  const sent: ServerSentEvent[] = chunks.map((chunk) => ({ event: '', data: JSON.stringify(chunk) }));
  if (isDone) sent.push({ event: '', data: '[DONE]' });
  return [...sent.flatMap((event) => decoder.decode(event)), ...decoder.end()];
}

const piece = (delta: object, finish: string | null = null) => ({
  id: 'chatcmpl-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const calls = (...entries: object[]) => piece({ tool_calls: entries });

/** The blocks that a stream amounts to. */
function blocksOf(events: readonly ChatEvent[]): object[] {
  const blocks: { kind: string; text: string; id?: string; name?: string }[] = [];
  for (const event of events) {
    if (event.kind === 'block-start') blocks[event.index] = { ...event.block, text: '' };
    const block =
      event.kind === 'text-delta' || event.kind === 'arguments-delta' ? blocks[event.index] : undefined;
    if (block && event.kind === 'text-delta') block.text += event.text;
    if (block && event.kind === 'arguments-delta') block.text += event.json;
  }
  return blocks;
}

const call = (id: string, args: string) => ({ kind: 'tool-call', id, name: 'f', text: args });

for (const [name, chunks, expected] of [
  [
    'a number used again with a new id',
    [
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } }),
      calls({ index: 0, id: 'b', function: { name: 'f', arguments: '{"x":2}' } }),
    ],
    [call('a', '{"x":1}'), call('b', '{"x":2}')],
  ],
  [
    'pieces of parallel calls in turn',
    [
      calls(
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } },
        { index: 1, id: 'b', function: { name: 'f', arguments: '' } },
      ),
      calls({ index: 1, function: { arguments: '{"y"' } }, { index: 0, function: { arguments: ':1}' } }),
      calls({ index: 1, function: { arguments: ':2}' } }),
    ],
    [call('a', '{"x":1}'), call('b', '{"y":2}')],
  ],
  [
    'no numbers at all',
    [
      calls({ id: 'a', function: { name: 'f', arguments: '{' } }),
      calls({ function: { arguments: '}' } }),
      calls({ id: 'b', function: { name: 'f', arguments: '{"x":2}' } }),
      calls({ id: 'a', function: { arguments: ' ' } }),
    ],
    [call('a', '{} '), call('b', '{"x":2}')],
  ],
  [
    'the same id and name in every piece',
    [
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '}' } }),
    ],
    [call('a', '{}')],
  ],
  [
    'a made-up id in every piece',
    [
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
      calls({ index: 0, id: 'z', function: { name: null, arguments: '}' } }),
    ],
    [call('a', '{}')],
  ],
  [
    'the whole arguments once more',
    [
      calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }),
      calls({ index: 0, function: { arguments: ':1}' } }),
      calls({ index: 0, function: { arguments: '{"x":1}' } }),
    ],
    [call('a', '{"x":1}')],
  ],
  [
    'a name that comes late, arguments as an object',
    [
      calls({ index: 0, id: 'a', function: { arguments: '' } }),
      calls({ index: 0, function: { name: 'f', arguments: { x: 1 } } }),
    ],
    [call('a', '{"x":1}')],
  ],
  [
    'no id',
    [calls({ index: 0, function: { name: 'f', arguments: '{}' } })],
    [call('call_chatcmpl-1_0', '{}')],
  ],
  [
    'an id that others refuse',
    [calls({ index: 0, id: 'functions.f:0', function: { name: 'f' } })],
    [call('functions_f_0_465b9878dac5be45', '')],
  ],
] as const) {
  test(`streamDecoder() puts tool calls together: ${name}`, () => {
    const events = decode([...chunks, piece({}, 'tool_calls')]);
    assert.deepEqual(blocksOf(events), expected);
    assert.equal(events.filter((event) => event.kind === 'block-end').length, expected.length);
    assert.equal(events.at(-1)?.kind, 'finish');
  });
}

for (const delta of [
  { reasoning_content: 'Hm.' },
  { reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] },
  { reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm.' }] },
  { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }] },
]) {
  test(`streamDecoder() reads reasoning from ${JSON.stringify(delta)}`, () => {
    const events = decode([piece(delta), piece({ content: 'Yes.' }), piece({}, 'stop')]);
    assert.deepEqual(blocksOf(events), [
      { kind: 'thinking', text: 'Hm.' },
      { kind: 'text', text: 'Yes.' },
    ]);
  });
}

for (const [reason, delta, stop] of [
  ['stop', { content: 'x' }, 'end'],
  ['length', { content: 'x' }, 'max-tokens'],
  ['content_filter', { content: 'x' }, 'content-filter'],
  ['eos', { content: 'x' }, 'end'],
  ['stop', { refusal: 'x' }, 'refusal'],
  ['stop', { tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }, 'tool-calls'],
  ['tool_calls', { content: 'x' }, 'end'],
] as const) {
  test(`streamDecoder() takes ${reason} after ${Object.keys(delta)[0]} for ${stop}`, () => {
    const last = decode([piece(delta), piece({}, reason)]).at(-1);
    assert.equal(last?.kind === 'finish' && last.stop, stop);
  });
}

test('streamDecoder() reads the stop sequence that vLLM names', () => {
  const choice = { index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' };
  const last = decode([piece({ content: 'x' }), { id: 'a', choices: [choice] }]).at(-1);
  assert.deepEqual(last, { kind: 'finish', stop: 'stop-sequence', stopSequence: 'END', usage: NO_USAGE });
});

test('streamDecoder() finishes without [DONE] once there was a finish reason', () => {
  const events = decode([piece({ content: 'x' }), piece({}, 'stop')], false);
  assert.equal(events.at(-1)?.kind, 'finish');
});

test('streamDecoder() gives start first and one error last, and then nothing', () => {
  const decoder = codec.streamDecoder();
  const data = JSON.stringify({
    error: { message: 'busy', type: 'server_error', code: 'rate_limit_exceeded' },
  });
  const events = decoder.decode({ event: '', data });
  assert.deepEqual(
    events.map((event) => event.kind),
    ['start', 'error'],
  );
  assert.deepEqual([...decoder.decode({ event: '', data: '[DONE]' }), ...decoder.end()], []);
});

for (const data of [
  '',
  '{',
  'null',
  '[]',
  '{"choices":[null,{"delta":{"tool_calls":[null,{}]}}]}',
  '{"choices":{}}',
  '[DONE]',
]) {
  test(`streamDecoder() does not throw on ${data || 'empty data'}`, () => {
    const decoder = codec.streamDecoder();
    decoder.decode({ event: '', data });
    decoder.end();
  });
}

test('streamEncoder() sends usage only to those who asked, and [DONE] last', () => {
  const events: ChatEvent[] = [
    { kind: 'start', id: 'a', usage: NO_USAGE },
    { kind: 'finish', stop: 'end', stopSequence: null, usage: USAGE },
  ];
  const sent = (wants: boolean) => {
    const encoder = codec.streamEncoder(context(wants));
    return events.flatMap((event) => encoder.encode(event)).map(({ data }) => data);
  };
  assert.equal(sent(true).at(-1), '[DONE]');
  assert.match(sent(true).at(-2) ?? '', /"choices":\[\],"usage":\{"prompt_tokens":20,/);
  assert.doesNotMatch(sent(false).join(''), /usage/);
});

const textBlock = fc.record({
  kind: fc.constantFrom('text', 'thinking', 'refusal'),
  pieces: fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 4 }),
});
const callBlock = fc.record({ kind: fc.constant('tool-call'), json: fc.json(), cut: fc.nat(20) });

test('streamEncoder() and streamDecoder() keep any answer', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(textBlock, callBlock), { maxLength: 8 }),
      fc.boolean(),
      (blocks, wantsUsage) => {
        const events: ChatEvent[] = [{ kind: 'start', id: 'chatcmpl-x', usage: NO_USAGE }];
        for (const [index, block] of blocks.entries()) {
          if ('json' in block) {
            events.push({
              kind: 'block-start',
              index,
              block: { kind: 'tool-call', id: `c${index}`, name: 'f' },
            });
            for (const json of [block.json.slice(0, block.cut), block.json.slice(block.cut)]) {
              events.push({ kind: 'arguments-delta', index, json });
            }
          } else {
            const kind = block.kind === 'thinking' || block.kind === 'refusal' ? block.kind : 'text';
            events.push({ kind: 'block-start', index, block: { kind } });
            for (const text of block.pieces) events.push({ kind: 'text-delta', index, text });
          }
          events.push({ kind: 'block-end', index });
        }
        events.push({ kind: 'finish', stop: 'max-tokens', stopSequence: null, usage: USAGE });
        const encoder = codec.streamEncoder(context(wantsUsage));
        const decoder = codec.streamDecoder();
        const again = events
          .flatMap((event) => encoder.encode(event))
          .flatMap((event) => decoder.decode(event));
        assert.deepEqual(merged(blocksOf(again)), merged(blocksOf(events)));
        const last = again.at(-1);
        assert.deepEqual(last, {
          kind: 'finish',
          stop: 'max-tokens',
          stopSequence: null,
          usage: wantsUsage ? USAGE : NO_USAGE,
        });
        assert.deepEqual(decoder.end(), []);
      },
    ),
    { numRuns: 150 },
  );
});

/** Neighbouring texts of one kind run together: chunks have no place to say where one ends. */
function merged(blocks: readonly object[]): object[] {
  const out: { kind?: string; text?: string; id?: string }[] = [];
  for (const block of blocks) {
    const last = out.at(-1);
    const next: { kind?: string; text?: string; id?: string } = { ...block };
    if (last && last.id === undefined && last.kind === next.kind) last.text = `${last.text}${next.text}`;
    else out.push(next);
  }
  return out;
}

test('encodeReply() gives reasoning, text and calls their own fields', () => {
  const blocks: Block[] = [
    { kind: 'thinking', text: 'Hm.', seal: null },
    { kind: 'text', text: 'a', breakpoint: null },
    { kind: 'text', text: 'b', breakpoint: null },
    { kind: 'tool-call', id: 'a', name: 'f', arguments: '', seal: null, breakpoint: null },
  ];
  const reply = { id: 'msg_1', blocks, stop: 'tool-calls', stopSequence: null, usage: NO_USAGE } as const;
  assert.deepEqual(codec.encodeReply(reply, context(false)), {
    id: 'msg_1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'asked-for',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'ab',
          reasoning_content: 'Hm.',
          refusal: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
  });
});

for (const reply of [null, {}, { choices: [] }, { choices: [{ index: 0 }] }]) {
  test(`decodeReply() refuses ${JSON.stringify(reply)}`, () => {
    assert.throws(() => codec.decodeReply(reply), { name: 'WireError', code: 'invalid-field' });
  });
}
