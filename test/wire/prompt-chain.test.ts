// Which cuts of a long conversation stay, turn after turn.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_CUTS, type PromptCut } from '../../server/wire/outline.ts';
import { scanRequest } from '../../server/wire/prompt-scan.ts';

const TURNS = 200;
const EPHEMERAL = { type: 'ephemeral' };

/** A conversation of agents: tools, a system prompt, and turns with marks on the last one. */
function turn(count: number, { tools = 20, textBytes = 3_000 } = {}): readonly PromptCut[] {
  const body = {
    tools: Array.from({ length: tools }, (_, at) => ({ name: `tool-${at}`, description: 'd'.repeat(500) })),
    system: [{ type: 'text', text: 's'.repeat(20_000), cache_control: EPHEMERAL }],
    messages: Array.from({ length: count }, (_, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: [
        { type: 'text', text: `turn ${at}` },
        {
          type: 'text',
          text: String(at).repeat(textBytes / 2),
          ...(at === count - 1 && { cache_control: EPHEMERAL }),
        },
      ],
    })),
  };
  const { outline } = scanRequest(new TextEncoder().encode(JSON.stringify(body)), 'anthropic-messages');
  assert.equal(outline?.cuts.at(-1)?.bytes, outline?.bytes);
  return outline?.cuts ?? [];
}

test('scanRequest() keeps cuts that the turns before have kept too, and the end of the last ones, for 200 turns', () => {
  const kept: Set<number>[] = [];
  const ends: number[] = [];
  for (let count = 1; count <= TURNS; count += 1) {
    const cuts = turn(count);
    assert.ok(cuts.length <= MAX_CUTS);
    assert.ok(cuts.length >= Math.min(MAX_CUTS / 3, 25 + 2 * count), `${cuts.length} at ${count}`);
    for (const [at, cut] of cuts.entries()) assert.ok(cut.bytes > (cuts[at - 1]?.bytes ?? 0));
    const hashes = new Set(cuts.map(({ hash }) => hash));
    const before = kept.at(-1);
    const endBefore = ends.at(-1) ?? 0;
    for (const { hash, bytes } of cuts)
      if (before && bytes <= endBefore) assert.ok(before.has(hash), `${bytes} at ${count}`);
    // The ends of the last 15 turns: two blocks each.
    const lastEnds = cuts.filter(({ bytes }) => ends.slice(-15).includes(bytes));
    assert.equal(lastEnds.length, Math.min(15, ends.length));
    kept.push(hashes);
    ends.push(cuts.at(-1)?.bytes ?? 0);
  }
});

test('scanRequest() always keeps the ends of tools and of system, marks and the last 32 blocks', () => {
  const cuts = turn(TURNS, { tools: 400, textBytes: 30_000 });
  assert.ok(cuts.length <= MAX_CUTS && cuts.length > MAX_CUTS / 3, String(cuts.length));
  assert.ok(cuts.some(({ part, index }) => part === 'tools' && index === 399));
  assert.deepEqual(
    cuts.filter(({ mark }) => mark !== null).map(({ part }) => part),
    ['system', 'message'],
  );
  const ends = cuts.filter(({ isBlockEnd }) => isBlockEnd).slice(-32);
  assert.deepEqual(
    ends.map(({ block }) => block),
    Array.from({ length: 32 }, (_, at) => 400 + 1 + 2 * TURNS - 32 + at),
  );
});

test('scanRequest() keeps to its number of cuts when every block is marked', () => {
  const content = Array.from({ length: 2_000 }, (_, at) => ({
    type: 'text',
    text: `${at}`,
    cache_control: EPHEMERAL,
  }));
  const body = JSON.stringify({ messages: [{ role: 'user', content }] });
  const { outline } = scanRequest(new TextEncoder().encode(body), 'anthropic-messages');
  assert.ok((outline?.cuts.length ?? 0) <= MAX_CUTS);
  assert.equal(outline?.marks.length, 64);
});

for (const [what, element] of [
  ['digits', '1'],
  ['texts', '""'],
  ['messages', '{"role":"user","content":[{}, 1]}'],
  ['marks', '{"role":"user","content":[{"type":"text","text":"","cache_control":{}}]}'],
] as const) {
  test(`scanRequest() takes a million bytes of ${what} to the last one`, () => {
    const list = Array(Math.ceil(1_000_000 / element.length)).fill(element);
    const hashOf = (end: string) => {
      const bytes = new TextEncoder().encode(`{"messages":[${[...list, end].join(' ,')}],"tools":[1]}`);
      return scanRequest(bytes, 'anthropic-messages').outline;
    };
    const [one, other] = [hashOf('1'), hashOf('2')];
    assert.ok((one?.cuts.length ?? 0) <= MAX_CUTS && (one?.blockCount ?? 0) < 20_000);
    assert.notEqual(one?.cuts.at(-1)?.hash, other?.cuts.at(-1)?.hash);
  });
}
