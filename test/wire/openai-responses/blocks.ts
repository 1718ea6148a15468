// Puts neutral stream events together into blocks, and holds them to what every stream must keep.

import assert from 'node:assert/strict';
import type { Block, ChatEvent, StartedBlock } from '../../../server/wire/chat.ts';

/** Fails unless the events start once, end once, and open and close every block in order. */
export function blocksOf(events: readonly ChatEvent[]): Block[] {
  const blocks: Block[] = [];
  const open = new Set<number>();
  for (const [at, event] of events.entries()) {
    assert.equal(event.kind === 'start', at === 0);
    assert.equal(event.kind === 'finish' || event.kind === 'error', at === events.length - 1);
    if (event.kind === 'block-start') {
      assert.equal(event.index, blocks.length);
      open.add(event.index);
      blocks.push(blockOf(event.block));
      continue;
    }
    if (!('index' in event)) continue;
    assert.ok(open.has(event.index), `block ${event.index} is not open`);
    if (event.kind === 'block-end') open.delete(event.index);
    else add(blocks[event.index], event);
  }
  if (events.at(-1)?.kind === 'finish') assert.equal(open.size, 0);
  return blocks;
}

function blockOf(started: StartedBlock): Block {
  switch (started.kind) {
    case 'text':
      return { kind: 'text', text: '', breakpoint: null };
    case 'thinking':
      return { kind: 'thinking', text: '', seal: null };
    case 'refusal':
      return { kind: 'refusal', text: '' };
    default:
      return { ...started, arguments: '', seal: null, breakpoint: null };
  }
}

function add(block: Block | undefined, event: ChatEvent): void {
  if (event.kind === 'text-delta' && block && 'text' in block) block.text += event.text;
  else if (event.kind === 'arguments-delta' && block?.kind === 'tool-call') block.arguments += event.json;
  else if (event.kind === 'seal' && block?.kind === 'thinking') block.seal = event.seal;
  else assert.fail(`${event.kind} does not fit ${block?.kind}`);
}
