// Trace files, the prefix tree made of them, caches on it, and the ceiling of small traces counted by hand.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finish } from '../../server/analysis/replay/pauses.ts';
import { PrefixCache } from '../../server/analysis/replay/prefix-cache.ts';
import { growPrefixTree } from '../../server/analysis/replay/prefix-tree.ts';
import { SeededRandom } from '../../server/analysis/replay/random.ts';
import type { ReplayTrace } from '../../server/analysis/replay/trace.ts';
import { parseTraceFile } from '../../server/analysis/replay/trace-file.ts';
import { repeats, stageOf, TTL_MS, traceOf } from './replay-bench.ts';

const HEADER = '{"format":"ptrace1","block":100,"tail":"floor","relative":true,"models":["a","b"]}';

describe('parseTraceFile', () => {
  it('turns blocks into tokens and cuts off what has no block', () => {
    const { requests, models, isRelative } = parseTraceFile(
      [HEADER, '[0,5,1,1050,7,-1,0,10]', '[2000,5,1,1290,8,0,9,12]', ''].join('\n'),
    );
    assert.deepEqual([models, isRelative], [['a', 'b'], true]);
    assert.deepEqual(requests, [
      {
        atMs: 0,
        session: 5,
        key: null,
        model: 1,
        inputTokens: 1050,
        cacheableTokens: 1000,
        outputTokens: 7,
        parent: -1,
        sharedTokens: 0,
      },
      {
        atMs: 2000,
        session: 5,
        key: null,
        model: 1,
        inputTokens: 1290,
        cacheableTokens: 1200,
        outputTokens: 8,
        parent: 0,
        sharedTokens: 900,
      },
    ]);
  });

  it('counts a partial last block for what it has', () => {
    const header = HEADER.replace('floor', 'ceil');
    const { requests } = parseTraceFile(
      [header, '[0,0,0,950,1,-1,0,10]', '[0,0,0,950,1,0,10,10]'].join('\n'),
    );
    assert.deepEqual(
      requests.map(({ cacheableTokens, sharedTokens }) => [cacheableTokens, sharedTokens]),
      [
        [950, 0],
        [950, 950],
      ],
    );
  });

  it('lets first requests of sessions share what their key says', () => {
    const shared = (session: number, key: string) => `{"session":${session},"shared":4,"sharedKey":"${key}"}`;
    const { requests } = parseTraceFile(
      [
        HEADER,
        ...[shared(0, 'x'), '[0,0,0,1000,1,-1,0,10]', '[0,0,0,1000,1,-1,0,10]'],
        ...[shared(1, 'y'), '[0,1,0,1000,1,-1,0,10]'],
        ...[shared(2, 'x'), '[0,2,0,1000,1,-1,0,10]'],
      ].join('\n'),
    );
    assert.deepEqual(
      requests.map(({ parent, sharedTokens }) => [parent, sharedTokens]),
      [
        [-1, 0],
        [-1, 0],
        [-1, 0],
        [0, 400],
      ],
    );
  });

  const faults: [string, string[], RegExp][] = [
    ['another format', ['{"format":"other"}'], /line 1: not the header/],
    ['a block of no size', [HEADER.replace('100', '0')], /line 1: "block"/],
    ['a line that is not JSON', [HEADER, '[0,'], /line 2: not JSON/],
    ['a line of another kind', [HEADER, '"x"'], /line 2: neither/],
    ['too few numbers', [HEADER, '[0,0,0,1,1,-1,0]'], /line 2: a request has eight/],
    ['a number that is not whole', [HEADER, '[0,0,0,1.5,1,-1,0,1]'], /line 2: a request has eight/],
    ['a time below 0', [HEADER, '[-5,0,0,1,1,-1,0,1]'], /line 2: a time or a count/],
    ['a parent that comes later', [HEADER, '[0,0,0,1,1,0,1,1]'], /line 2: its parent 0/],
    ['no requests', [HEADER], /no requests/],
  ];
  for (const [name, lines, message] of faults) {
    it(`refuses ${name}`, () => assert.throws(() => parseTraceFile(lines.join('\n')), message));
  }
});

/** Longest common prefix by the definition: follow parents until both come from the same request. */
function commonTokens({ requests }: ReplayTrace, a: number, b: number): number {
  const partsOf = (index: number): { owner: number; end: number }[] => {
    const request = requests[index];
    if (!request) return [];
    const kept = partsOf(request.parent)
      .map(({ owner, end }) => ({ owner, end: Math.min(end, request.sharedTokens, request.cacheableTokens) }))
      .filter(({ end }, place, parts) => end > (parts[place - 1]?.end ?? 0));
    if ((kept.at(-1)?.end ?? 0) >= request.cacheableTokens) return kept;
    return [...kept, { owner: index, end: request.cacheableTokens }];
  };
  if (requests[a]?.model !== requests[b]?.model) return 0;
  const [left, right] = [partsOf(a), partsOf(b)];
  let common = 0;
  for (const [place, part] of left.entries()) {
    const other = right[place];
    if (other?.owner !== part.owner) break;
    common = Math.min(part.end, other.end);
    if (part.end !== other.end) break;
  }
  return common;
}

function randomTrace(seed: number): ReplayTrace {
  const random = new SeededRandom(seed);
  const int = (below: number) => Math.floor(random.next() * below);
  return traceOf(
    Array.from({ length: 60 }, (_, index) => {
      const inputTokens = 1 + int(30);
      return { atMs: index, inputTokens, parent: int(index + 1) - 1, sharedTokens: int(25), model: int(2) };
    }),
  );
}

describe('growPrefixTree', () => {
  it('has the common prefix of any two prompts as the deepest node above both', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const trace = randomTrace(seed);
      const tree = finish(growPrefixTree(trace));
      const pathOf = (index: number) => {
        const path = [];
        for (let node = tree.tips[index] ?? 0; node !== 0; node = tree.parents[node] ?? 0) path.push(node);
        return path;
      };
      for (const a of trace.requests.keys()) {
        for (const b of trace.requests.keys()) {
          const above = new Set(pathOf(a));
          const meet = pathOf(b).find((node) => above.has(node)) ?? 0;
          assert.equal(tree.tokens[meet], commonTokens(trace, a, b), `seed ${seed}: ${a}, ${b}`);
        }
      }
    }
  });

  it('needs at most two nodes per request, however deep the prompts are', () => {
    const count = 5_000;
    const trace = traceOf(
      Array.from({ length: count }, (_, index) => ({
        atMs: index,
        inputTokens: index + 2,
        parent: index - 1,
        sharedTokens: index,
      })),
    );
    assert.ok(finish(growPrefixTree(trace)).nodeCount <= 2 * count + 1);
  });
});

describe('PrefixCache', () => {
  // Each prompt repeats all of the one before and adds to it.
  const trace = traceOf(
    Array.from({ length: 40 }, (_, index) => ({
      atMs: index,
      inputTokens: 100 * (index + 1),
      parent: index - 1,
      sharedTokens: 100 * index,
    })),
  );
  const tree = finish(growPrefixTree(trace));
  const tip = (index: number) => tree.tips[index] ?? 0;

  it('can be read before the last millisecond, not at it', () => {
    const cache = new PrefixCache(tree, 1);
    cache.touch(0, tip(3), 1_000);
    assert.equal(cache.deepest(0, tip(3), 999), tip(3));
    assert.equal(cache.deepest(0, tip(3), 1_000), 0);
  });

  it('finds the deepest readable node from every depth', () => {
    const cache = new PrefixCache(tree, 1);
    cache.touch(0, tip(39), 1_000);
    cache.touch(0, tip(17), 2_000);
    for (let index = 0; index < 40; index += 1) {
      assert.equal(cache.deepest(0, tip(index), 500), tip(index));
      assert.equal(cache.deepest(0, tip(index), 1_500), tip(Math.min(17, index)));
    }
  });

  it('keeps copies apart', () => {
    const cache = new PrefixCache(tree, 2);
    cache.touch(1, tip(3), 1_000);
    assert.deepEqual([cache.deepest(0, tip(3), 0), cache.deepest(1, tip(3), 0)], [0, tip(3)]);
  });
});

describe('measureCeiling', () => {
  const read = (trace: ReplayTrace) => stageOf(trace).ceiling.readTokens;

  it('reads what was used within the lifetime, and extends it by that', () => {
    assert.equal(read(repeats([0, TTL_MS - 1])), 10_000);
    assert.equal(read(repeats([0, TTL_MS])), 0);
    assert.equal(read(repeats([0, TTL_MS - 1, 2 * TTL_MS - 2])), 20_000);
  });

  it('reads and writes nothing below 1,024 tokens', () => {
    const twice = (inputTokens: number, sharedTokens: number) =>
      traceOf([
        { atMs: 0, inputTokens },
        { atMs: 1, inputTokens, parent: 0, sharedTokens },
      ]);
    assert.equal(read(twice(2_000, 1_024)), 1_024);
    assert.equal(read(twice(2_000, 1_023)), 0);
    assert.equal(read(twice(1_023, 1_023)), 0);
  });

  it('shares nothing between models and between copies', () => {
    const other = traceOf([{ atMs: 0 }, { atMs: 1, parent: 0, sharedTokens: 10_000, model: 1 }]);
    assert.equal(read(other), 0);
    assert.equal(stageOf(repeats([0, 1]), { copies: 3 }).ceiling.readTokens, 30_000);
  });

  it('counts the load that it leaves: requests in flight', () => {
    // 1,320 ms + 10,000 cold tokens at 0.017 ms + 100 tokens at 14.6 ms, twice, the second read at 0.0123 ms.
    const { ceiling } = stageOf(repeats([0, 10_000], { outputTokens: 100 }));
    const [first, second] = [1_320 + 170 + 1_460, 1_320 + 123 + 1_460];
    assert.equal(ceiling.meanInFlight, (first + second) / (10_000 + second));
  });
});

describe('makePlan', () => {
  it('spreads sessions evenly over the window and goes round', () => {
    const trace = {
      ...traceOf([
        { atMs: 0, session: 0 },
        { atMs: 3_500_000, session: 0 },
        { atMs: 0, session: 1 },
      ]),
      isRelative: true,
    };
    const { plan } = stageOf(trace, { copies: 2 });
    const starts = plan.requests.filter(({ index }) => index !== 1).map(({ atMs }) => atMs);
    assert.deepEqual(starts, [0, 900_000, 1_800_000, 2_700_000]);
    for (const later of plan.requests.filter(({ index }) => index === 1)) {
      const first = plan.requests.find(({ index, copy }) => index === 0 && copy === later.copy);
      assert.equal(later.atMs, ((first?.atMs ?? 0) + 3_500_000) % 3_600_000);
    }
  });

  it('does not count the warm-up', () => {
    const trace = { ...traceOf([{ atMs: 0 }, { atMs: 60_000 }]), isRelative: true };
    const { plan } = stageOf(trace, { warmUpMs: 30_000 });
    assert.deepEqual(
      plan.requests.map(({ isCounted }) => isCounted),
      [false, true],
    );
  });

  it('spreads requests that were noted at the same time until the next one, in their order', () => {
    const { plan } = stageOf(traceOf([{ atMs: 0 }, { atMs: 0 }, { atMs: 0 }, { atMs: 2_000 }]));
    const times = plan.requests.map(({ atMs }) => atMs);
    assert.deepEqual(
      plan.requests.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    assert.ok(times.every((atMs, place) => atMs <= 2_000 && atMs >= (times[place - 1] ?? 0)));
    assert.ok(new Set(times).size > 2);
  });

  it('gives the first keys to more sessions, one key to each', () => {
    const sessions = Array.from({ length: 400 }, (_, session) => ({ atMs: session, session, key: null }));
    const { plan } = stageOf(traceOf([...sessions, { atMs: 500, session: 7, key: null }]));
    const counts = Array.from(
      { length: 10 },
      (_, key) => plan.requests.filter((one) => one.key === key).length,
    );
    assert.ok((counts[0] ?? 0) > 2 * (counts[4] ?? 0), counts.join());
    assert.equal(plan.requests.at(-1)?.key, plan.requests[7]?.key);
  });
});
