// Any neutral stream, written and read again, gives the same blocks and the same end.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ChatEvent, StopReason } from '../../../server/wire/chat.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { blocksOf } from './blocks.ts';
import { contextOf, emptyRequest } from './requests.ts';

const pieces = fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1, maxLength: 4 });
const words = (kind: 'text' | 'thinking' | 'refusal') => fc.record({ kind: fc.constant(kind), pieces });
const calls = fc.record({
  kind: fc.constant('tool-call' as const),
  pieces: fc.jsonValue().map((value) => {
    const json = JSON.stringify({ value });
    return [json.slice(0, 3), json.slice(3)];
  }),
});
const written = fc.array(fc.oneof(words('text'), words('thinking'), words('refusal'), calls), {
  maxLength: 6,
});
const order = fc.array(fc.nat(), { minLength: 40, maxLength: 40 });
const seals = fc.option(fc.string({ minLength: 1 }));

type Written = typeof written extends fc.Arbitrary<infer T> ? T : never;

/** The events of every block, mixed with those of its neighbours as `picks` say; blocks start in order. */
function mixed(blocks: Written, { picks, seal }: { picks: number[]; seal: string | null }): ChatEvent[] {
  const waiting = blocks.map((block, index) => eventsOf(block, { index, seal }));
  const events: ChatEvent[] = [];
  let started = 0;
  for (let turn = 0; waiting.some((queue) => queue.length > 0); turn += 1) {
    const ready = waiting.filter((queue, index) => queue.length > 0 && index <= started);
    const queue = ready[(picks[turn % picks.length] ?? 0) % ready.length];
    const event = queue?.shift();
    if (!event) break;
    if (event.kind === 'block-start') started += 1;
    events.push(event);
  }
  return events;
}

function eventsOf(
  block: Written[number],
  { index, seal }: { index: number; seal: string | null },
): ChatEvent[] {
  const { kind } = block;
  const isSealed = kind === 'thinking' && seal !== null;
  return [
    {
      kind: 'block-start',
      index,
      block: kind === 'tool-call' ? { kind, id: `call_${index}`, name: 'f' } : { kind },
    },
    ...block.pieces.map(
      (piece): ChatEvent =>
        kind === 'tool-call'
          ? { kind: 'arguments-delta', index, json: piece }
          : { kind: 'text-delta', index, text: piece },
    ),
    ...(isSealed
      ? [
          {
            kind: 'seal',
            index,
            seal: { surface: 'openai-responses', value: seal, id: null },
          } satisfies ChatEvent,
        ]
      : []),
    { kind: 'block-end', index },
  ];
}

test('streamDecoder() reads every stream that streamEncoder() writes', () => {
  fc.assert(
    fc.property(
      written,
      order,
      seals,
      fc.constantFrom<StopReason>('end', 'max-tokens'),
      (blocks, picks, seal, wished) => {
        const usage = {
          ...NO_USAGE,
          inputTokens: 9,
          outputTokens: 3,
          cacheReadTokens: 2,
          reasoningTokens: 1,
        };
        const kinds = new Set(blocks.map((block) => block.kind));
        const natural = kinds.has('tool-call') ? 'tool-calls' : kinds.has('refusal') ? 'refusal' : 'end';
        const stop = wished === 'max-tokens' ? wished : natural;
        const events: ChatEvent[] = [
          { kind: 'start', id: 'resp_1', usage: NO_USAGE },
          ...mixed(blocks, { picks, seal }),
          { kind: 'finish', stop, stopSequence: null, usage },
        ];
        const encoder = codec.streamEncoder(contextOf(emptyRequest('gpt-4.1')));
        const decoder = codec.streamDecoder();
        const again = events
          .flatMap((event) => encoder.encode(event))
          .flatMap((event) => decoder.decode(event));
        assert.deepEqual(sortedBlocks(again), sortedBlocks(events));
        assert.deepEqual(again.at(-1), events.at(-1));
      },
    ),
    { numRuns: 150 },
  );
});

/** Thinking is told when its first words are, which may be after a later block has started: blocks are compared as a set. */
function sortedBlocks(events: ChatEvent[]): string[] {
  return blocksOf(events)
    .map((block) =>
      JSON.stringify(block.kind === 'thinking' && block.seal ? { ...block, seal: block.seal.value } : block),
    )
    .sort();
}
