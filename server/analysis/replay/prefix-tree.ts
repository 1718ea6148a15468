// The prompts of a trace as one tree: equal prefixes are equal paths, edges are cut only where prompts part or end.
//
// A prompt that repeats `sharedTokens` of its parent branches off there and brings its rest as a run of its own. Cutting
// each run wherever another prompt leaves it or ends on it gives the nodes, at most two per request, however many
// blocks the prompts have. A node stands for "everything from the start to here", per model: caches are never shared
// between models. Node 0 is the empty prompt. `jumps` (skew-binary jump pointers) make the walk from a node to the
// deepest ancestor with some property, which all nodes above it have too, logarithmic in the depth.

import type { ReplayTrace } from './trace.ts';

export interface PrefixTree {
  nodeCount: number;
  parents: Int32Array;
  jumps: Int32Array;
  /** Tokens from the start of the prompt to the node's end. */
  tokens: Int32Array;
  /** By request: the node where its cacheable part ends. */
  tips: Int32Array;
}

/** Requests handled between two pauses. */
const STRIDE = 256;

/** Where requests branch off: `owner` is the request that brought the tokens, -1 = the very start. */
interface Runs {
  /** By request: where its own run begins, and whose run that point lies in. */
  starts: Int32Array;
  bases: Int32Array;
  /** By request: whose run its prompt ends in, and where. */
  tipOwners: Int32Array;
  tipEnds: Int32Array;
  /** By request: where its run is cut. */
  cuts: number[][];
}

/** Pauses now and then: a long trace takes a while. */
export function* growPrefixTree(trace: ReplayTrace): Generator<undefined, PrefixTree> {
  const runs = yield* findRuns(trace);
  const segments = yield* cutRuns(runs);
  return yield* splitByModel(trace, segments);
}

function* findRuns({ requests }: ReplayTrace): Generator<undefined, Runs> {
  const count = requests.length;
  const runs: Runs = {
    starts: new Int32Array(count),
    bases: new Int32Array(count).fill(-1),
    tipOwners: new Int32Array(count).fill(-1),
    tipEnds: new Int32Array(count),
    cuts: Array.from({ length: count }, () => []),
  };
  const lineage = new Lineage(count);
  for (const [index, { parent, sharedTokens, cacheableTokens }] of requests.entries()) {
    if (index % STRIDE === STRIDE - 1) yield;
    const shared = parent < 0 ? 0 : Math.min(sharedTokens, cacheableTokens, runs.tipEnds[parent] ?? 0);
    const base =
      shared === 0 ? -1 : lineage.ownerOf(runs.tipOwners[parent] ?? -1, { at: shared, starts: runs.starts });
    if (base >= 0) runs.cuts[base]?.push(shared);
    const bringsNew = cacheableTokens > shared;
    runs.starts[index] = shared;
    runs.bases[index] = base;
    runs.tipOwners[index] = bringsNew ? index : base;
    runs.tipEnds[index] = bringsNew ? cacheableTokens : shared;
    if (bringsNew) runs.cuts[index]?.push(cacheableTokens);
    lineage.add(index, base);
  }
  return runs;
}

/** Which run hangs on which. */
class Lineage {
  readonly #parents: Int32Array;
  readonly #jumps: Int32Array;
  readonly #depths: Int32Array;

  constructor(count: number) {
    this.#parents = new Int32Array(count);
    this.#jumps = new Int32Array(count);
    this.#depths = new Int32Array(count);
  }

  add(run: number, parent: number): void {
    this.#parents[run] = parent;
    this.#depths[run] = parent < 0 ? 1 : (this.#depths[parent] ?? 0) + 1;
    this.#jumps[run] = parent < 0 ? -1 : jumpOf(parent, { jumps: this.#jumps, depths: this.#depths });
  }

  /** The run that the point `at` lies in, on the way from `run` to the start. */
  ownerOf(run: number, { at, starts }: { at: number; starts: Int32Array }): number {
    let owner = run;
    while (owner >= 0 && (starts[owner] ?? 0) >= at) {
      const jump = this.#jumps[owner] ?? -1;
      owner = jump >= 0 && (starts[jump] ?? 0) >= at ? jump : (this.#parents[owner] ?? -1);
    }
    return owner;
  }
}

/** Where a node with this parent jumps to: twice as far as its parent's jump when the two before were equally long. */
function jumpOf(parent: number, { jumps, depths }: { jumps: Int32Array; depths: Int32Array }): number {
  const far = jumps[parent] ?? -1;
  const farther = far < 0 ? -1 : (jumps[far] ?? -1);
  const depthOf = (node: number) => (node < 0 ? 0 : (depths[node] ?? 0));
  return depthOf(parent) - depthOf(far) === depthOf(far) - depthOf(farther) ? farther : parent;
}

interface Segments {
  parents: Int32Array;
  ends: Int32Array;
  /** By request: the segment where its prompt ends; -1 = it is empty. */
  tips: Int32Array;
}

function* cutRuns({ cuts, starts, bases, tipOwners, tipEnds }: Runs): Generator<undefined, Segments> {
  const firsts = new Int32Array(cuts.length);
  let count = 0;
  for (const [owner, places] of cuts.entries()) {
    if (owner % STRIDE === STRIDE - 1) yield;
    const sorted = [...new Set(places)].sort((a, b) => a - b);
    cuts[owner] = sorted;
    firsts[owner] = count;
    count += sorted.length;
  }
  const segmentAt = (owner: number, end: number) =>
    owner < 0 ? -1 : (firsts[owner] ?? 0) + placeOf(end, cuts[owner] ?? []);
  const segments = {
    parents: new Int32Array(count),
    ends: new Int32Array(count),
    tips: new Int32Array(cuts.length),
  };
  for (const [owner, places] of cuts.entries()) {
    if (owner % STRIDE === STRIDE - 1) yield;
    const first = firsts[owner] ?? 0;
    for (const [place, end] of places.entries()) {
      segments.ends[first + place] = end;
      segments.parents[first + place] =
        place > 0 ? first + place - 1 : segmentAt(bases[owner] ?? -1, starts[owner] ?? 0);
    }
    segments.tips[owner] = segmentAt(tipOwners[owner] ?? -1, tipEnds[owner] ?? 0);
  }
  return segments;
}

/** Index of a value in a sorted list that has it. */
function placeOf(value: number, sorted: readonly number[]): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* splitByModel(
  { requests, models }: ReplayTrace,
  segments: Segments,
): Generator<undefined, PrefixTree> {
  const parents = [0];
  const jumps = [0];
  const depths = [0];
  const tokens = [0];
  const tips = new Int32Array(requests.length);
  const nodes = new Map<number, number>();
  const path: number[] = [];
  for (const [index, { model }] of requests.entries()) {
    if (index % STRIDE === STRIDE - 1) yield;
    let segment = segments.tips[index] ?? -1;
    for (
      ;
      segment >= 0 && !nodes.has(segment * models.length + model);
      segment = segments.parents[segment] ?? -1
    ) {
      path.push(segment);
    }
    let node = segment < 0 ? 0 : (nodes.get(segment * models.length + model) ?? 0);
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      const child = parents.length;
      const far = jumps[node] ?? 0;
      const isEven =
        (depths[node] ?? 0) - (depths[far] ?? 0) === (depths[far] ?? 0) - (depths[jumps[far] ?? 0] ?? 0);
      parents.push(node);
      jumps.push(isEven ? (jumps[far] ?? 0) : node);
      depths.push((depths[node] ?? 0) + 1);
      tokens.push(segments.ends[next] ?? 0);
      nodes.set(next * models.length + model, child);
      node = child;
    }
    tips[index] = node;
  }
  return {
    nodeCount: parents.length,
    parents: Int32Array.from(parents),
    jumps: Int32Array.from(jumps),
    tokens: Int32Array.from(tokens),
    tips,
  };
}
