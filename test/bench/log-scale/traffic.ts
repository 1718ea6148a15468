// The rows of a whole period in the order in which they were written, from many conversations at a time; by seed.

import type { RequestRow } from '../../../server/gateway/ports.ts';
import { Chance } from './chance.ts';
import { Conversation, type Odds } from './conversation.ts';
import { requestRowOf } from './request-rows.ts';
import { rhythm } from './rhythm.ts';
import type { World } from './world.ts';

export interface Period {
  seed: number;
  rows: number;
  fromMs: number;
  /** The last ones may begin a little later. */
  toMs: number;
}

/** However many rows there are. */
const RARE_ACCOUNT_ROWS = 100;
const RARE_FAILURE_ROWS = 20;
/** Of the provider that the rare account belongs to. */
const RARE_PROVIDER_SHARE = 0.25;

interface UnderWay {
  /** When the request is over, or the pause before the next. */
  atMs: number;
  /** Null = pausing. */
  row: RequestRow | null;
  conversation: Conversation;
}

/**
 * A conversation begins whenever fewer requests have begun than should have by the time of day, and then goes on by
 * itself, so that nights and weekends see the ends of long ones.
 */
export function* trafficOf(world: World, period: Period): Generator<RequestRow> {
  const { rows, fromMs, toMs } = period;
  const chance = new Chance(period.seed);
  const odds = oddsOf(world, rows);
  const momentOf = rhythm(fromMs, toMs);
  const underWay = new TimeHeap();
  let begun = 0;
  let dueMs = momentOf(0);
  const ask = (conversation: Conversation, atMs: number) => {
    const row = requestRowOf(conversation.ask(atMs));
    underWay.add({ atMs: row.finishedAtMs, row, conversation });
    begun += 1;
    dueMs = begun < rows ? momentOf(begun / rows) : Number.POSITIVE_INFINITY;
  };
  for (let written = 0; written < rows; ) {
    const nextMs = underWay.first?.atMs ?? Number.POSITIVE_INFINITY;
    if (dueMs < nextMs) {
      ask(beginConversation(world, { chance, odds }), Math.floor(dueMs));
      continue;
    }
    const next = underWay.takeFirst();
    if (!next) return;
    const { row, conversation, atMs } = next;
    if (row === null) {
      if (begun < rows) ask(conversation, atMs);
      continue;
    }
    written += 1;
    yield row;
    if (!conversation.isOver) underWay.add({ atMs: atMs + conversation.pauseMs(), row: null, conversation });
  }
}

function oddsOf({ rareAccount }: World, rows: number): Odds {
  return {
    rareAccount,
    rareAccountShare: Math.min(0.1, RARE_ACCOUNT_ROWS / rows / RARE_PROVIDER_SHARE),
    rareFailureShare: Math.min(0.01, RARE_FAILURE_ROWS / rows),
  };
}

function beginConversation(world: World, { chance, odds }: { chance: Chance; odds: Odds }): Conversation {
  const key = pick(world.keys, world.keyShares, chance);
  return new Conversation({ chance, odds, key, model: pick(world.models, key.modelShares, chance) });
}

function pick<Item>(items: readonly Item[], shares: readonly number[], chance: Chance): Item {
  const item = items[chance.index(shares)];
  if (item === undefined) throw new Error('Cannot choose: there is nothing to choose from');
  return item;
}

/** A binary heap of what is under way, what happens first in front. */
class TimeHeap {
  readonly #heap: UnderWay[] = [];

  get first(): UnderWay | undefined {
    return this.#heap[0];
  }

  add(item: UnderWay): void {
    const heap = this.#heap;
    let index = heap.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent];
      if (!above || above.atMs <= item.atMs) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = item;
  }

  takeFirst(): UnderWay | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (!left) break;
      const isRight = right !== undefined && right.atMs < left.atMs;
      const least = isRight ? right : left;
      if (least.atMs >= last.atMs) break;
      heap[index] = least;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = last;
    return first;
  }
}
