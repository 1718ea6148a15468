// A prompt cache over the nodes of a prefix tree: each node with the time until which it can be read. Exact to the ms.
//
// Every use touches a whole path from the start with a time no earlier than before, so no node outlives one above it:
// the deepest readable node of a path is found by jumps. Whole milliseconds below 2^32 (49 days).

import type { PrefixTree } from './prefix-tree.ts';

const LATEST_MS = 0xffff_ffff;

export class PrefixCache {
  readonly #tree: PrefixTree;
  /** By copy and node; 0 = never used. A node can be read before this time, not at it. */
  readonly #untilMs: Uint32Array;

  /** `copies`: how many separate sets of the tree's prompts there are. */
  constructor(tree: PrefixTree, copies: number) {
    this.#tree = tree;
    this.#untilMs = new Uint32Array(tree.nodeCount * copies);
  }

  /** The node and everything above it can be read until then. */
  touch(copy: number, node: number, untilMs: number): void {
    const { parents, nodeCount } = this.#tree;
    const base = copy * nodeCount;
    const until = Math.min(untilMs, LATEST_MS);
    for (let at = node; at !== 0; at = parents[at] ?? 0) this.#untilMs[base + at] = until;
  }

  /** The deepest node at or above this one that can be read now; 0 = none. */
  deepest(copy: number, node: number, nowMs: number): number {
    const { parents, jumps, nodeCount } = this.#tree;
    const base = copy * nodeCount;
    let at = node;
    while (at !== 0 && !((this.#untilMs[base + at] ?? 0) > nowMs)) {
      const jump = jumps[at] ?? 0;
      at = jump !== 0 && !((this.#untilMs[base + jump] ?? 0) > nowMs) ? jump : (parents[at] ?? 0);
    }
    return at;
  }

  /** Until when the node can be read; 0 = it was never used. */
  untilOf(copy: number, node: number): number {
    return this.#untilMs[copy * this.#tree.nodeCount + node] ?? 0;
  }
}
