// Prefixes that are just being written: who finds which, for how long, and who is told when they are there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ColdClaim, ColdClaims } from '../../server/routing/cold-claims.ts';
import type { PromptCut } from '../../server/wire/outline.ts';
import { ManualClock } from '../manual-clock.ts';

/** One cut per hash. */
function cutsOf(...hashes: number[]): PromptCut[] {
  return hashes.map((hash, index) => ({
    hash,
    bytes: 4_000 * (index + 1),
    part: 'message',
    index,
    block: index,
    isBlockEnd: true,
    mark: null,
  }));
}

function bench(options: { maxEntries?: number } = {}) {
  const clock = new ManualClock();
  const claims = new ColdClaims({ clock, ...options });
  return {
    clock,
    claims,
    claim: (space: string, hashes: number[], { fromCut = -1, expectedMs = 2_000, accountId = 'a' } = {}) =>
      claims.claim(space, cutsOf(...hashes), { fromCut, accountId, expectedMs }),
    /** Deepest cut and time by space. */
    find: (hashes: number[], ...spaces: string[]) =>
      claims.find(cutsOf(...hashes), spaces).map((found) => found && [found.cut, found.readyInMs]),
  };
}

test('ColdClaims.find gives the deepest common cut that is being written, and the time that is left', async () => {
  const { clock, claims, claim, find } = bench();
  const first = claim('s', [1, 2, 3, 4]);
  assert.deepEqual(find([1, 2, 3, 9, 8], 's'), [[2, 2_000]]);
  await clock.advance(500);
  assert.deepEqual(find([1, 2, 3, 4], 's'), [[3, 1_500]]);
  assert.deepEqual(find([7], 's'), [null]);
  assert.equal(claims.find(cutsOf(1), ['s'])[0]?.claim, first);
  assert.equal(first.accountId, 'a');
});

test('ColdClaims.find keeps spaces apart, in the order they are asked for', () => {
  const { claim, find } = bench();
  claim('s', [1, 2, 3]);
  claim('t', [1, 2], { expectedMs: 4_000 });
  assert.deepEqual(find([1, 2, 3], 'u', 't', 's', 't'), [null, [1, 4_000], [2, 2_000], [1, 4_000]]);
});

test('ColdClaims.claim claims nothing that is warm already', () => {
  const { claims, claim, find } = bench();
  claim('s', [1, 2, 3], { fromCut: 1 });
  assert.equal(claims.size, 1);
  assert.deepEqual(find([1, 2, 9], 's'), [null]);
  assert.deepEqual(find([1, 2, 3], 's'), [[2, 2_000]]);
});

test('ColdClaims.find counts the first of several claims, then the next', async () => {
  const { clock, claim, find } = bench();
  const first = claim('s', [1, 2]);
  await clock.advance(400);
  const second = claim('s', [1, 3]);
  assert.deepEqual(find([1, 9], 's'), [[0, 1_600]]);
  first.drop();
  assert.deepEqual(find([1, 9], 's'), [[0, 2_000]]);
  second.ready();
  assert.deepEqual(find([1, 3], 's'), [null]);
});

const LATE: [what: string, expectedMs: number, afterMs: number, readyInMs: number | null][] = [
  ['just due', 2_000, 2_000, 200],
  ['late', 2_000, 3_000, 700],
  ['nearly twice as late as expected', 2_000, 3_999, 1_199.5],
  ['twice as late as expected', 2_000, 4_000, null],
  ['late by nearly 15 s', 40_000, 54_999, 7_699.5],
  ['late by 15 s', 40_000, 55_000, null],
  ['expected at once', 0, 100, 150],
];
for (const [what, expectedMs, afterMs, readyInMs] of LATE) {
  test(`ColdClaims.find says ${readyInMs} of a claim that is ${what}`, async () => {
    const { clock, claim, find } = bench();
    claim('s', [1], { expectedMs });
    await clock.advance(afterMs);
    assert.deepEqual(find([1], 's'), [readyInMs === null ? null : [0, readyInMs]]);
  });
}

test('ColdClaims.find looks past a claim that is too late, at the same cut and before it', async () => {
  const { clock, claim, find } = bench();
  claim('s', [1, 2, 3]);
  await clock.advance(3_900);
  claim('s', [1, 2]);
  await clock.advance(100);
  assert.deepEqual(find([1, 2, 3], 's'), [[1, 1_900]]);
});

for (const how of ['ready', 'drop'] as const) {
  test(`ColdClaim.${how} tells each listener once, in order, when the claim cannot be found any more`, () => {
    const { claims, claim, find } = bench();
    const mine = claim('s', [1, 2]);
    const told: string[] = [];
    const stops = ['x', 'y', 'z'].map((name) =>
      mine.listen((end) => {
        told.push(`${name} ${end}`);
        assert.deepEqual(find([1, 2], 's'), [null]);
        if (name === 'x') stops[1]?.();
      }),
    );
    mine[how]();
    mine.ready();
    mine.drop();
    const end = how === 'ready' ? 'ready' : 'dropped';
    assert.deepEqual(told, [`x ${end}`, `z ${end}`]);
    assert.equal(claims.size, 0);
    mine.listen(() => assert.fail('told of a claim that is over'));
    mine.ready();
  });
}

test('ColdClaim.listen lets the same function listen twice and each be cancelled alone', () => {
  const { claim } = bench();
  const mine = claim('s', [1]);
  let told = 0;
  const count = () => {
    told += 1;
  };
  const stop = mine.listen(count);
  mine.listen(count);
  stop();
  stop();
  mine.ready();
  assert.equal(told, 1);
});

test('ColdClaims forgets the oldest claims beyond its bound, whose listeners are told in the end all the same', () => {
  const { claims, claim, find } = bench({ maxEntries: 5 });
  const oldest = claim('s', [1, 2, 3]);
  let told = 0;
  oldest.listen(() => {
    told += 1;
  });
  claim('s', [4, 5]);
  claim('s', [6]);
  assert.equal(claims.size, 3);
  assert.deepEqual([find([1, 2, 3], 's'), find([4], 's')], [[null], [[0, 2_000]]]);
  assert.equal(told, 0);
  oldest.ready();
  assert.equal(told, 1);
  assert.equal(claims.size, 3);
  claim('t', [11, 12, 13, 14, 15, 16, 17]);
  assert.equal(claims.size, 5);
  assert.deepEqual(find([11, 12], 't'), [null]);
  assert.deepEqual(find([11, 12, 13], 't'), [[2, 2_000]]);
});

interface Known {
  claim: ColdClaim;
  space: string;
  /** The claimed ones. */
  hashes: number[];
  atMs: number;
}

type Step =
  | { kind: 'claim' | 'find'; space: string; path: number[]; fromCut: number }
  | { kind: 'end'; pick: number; isReady: boolean }
  | { kind: 'wait'; ms: number };

const spaces = fc.constantFrom('s', 't', 'u');
/** Prompts as paths in a small tree, so that many share a prefix. */
const paths = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 6 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('claim' as const, 'find' as const),
    space: spaces,
    path: paths,
    fromCut: fc.integer({ min: -1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('end' as const), pick: fc.nat(100), isReady: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(1_500) }),
);

/** A hash for each prefix of the path. */
function hashesOf(path: readonly number[]): number[] {
  let hash = 1;
  return path.map((branch) => {
    hash = hash * 2 + branch;
    return hash;
  });
}

test('ColdClaims finds what a plain list of all claims finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 60, size: 'max' }), async (list) => {
      const { clock, claims, claim } = bench();
      const known: Known[] = [];
      for (const step of list) {
        const nowMs = clock.monotonicMs();
        if (step.kind === 'wait') {
          await clock.advance(step.ms);
        } else if (step.kind === 'end') {
          const [ended] = known.splice(step.pick % Math.max(1, known.length), 1);
          if (step.isReady) ended?.claim.ready();
          else ended?.claim.drop();
        } else if (step.kind === 'claim') {
          const hashes = hashesOf(step.path);
          const { space, fromCut } = step;
          known.push({
            claim: claim(space, hashes, { fromCut }),
            space,
            hashes: hashes.slice(fromCut + 1),
            atMs: nowMs,
          });
        } else {
          const hashes = hashesOf(step.path);
          const found = claims.find(cutsOf(...hashes), ['s', 't', 'u']);
          for (const [index, space] of ['s', 't', 'u'].entries()) {
            const live = known.filter((other) => other.space === space && nowMs - other.atMs < 4_000);
            const cut = hashes.findLastIndex((hash) => live.some((other) => other.hashes.includes(hash)));
            const first = live.find((other) => other.hashes.includes(hashes[cut] ?? -1));
            assert.equal(found[index]?.cut ?? -1, cut);
            assert.equal(found[index]?.claim, first?.claim);
          }
        }
        assert.equal(
          claims.size,
          known.reduce((sum, { hashes }) => sum + hashes.length, 0),
        );
      }
    }),
    { numRuns: 150 },
  );
});
