// The pure parts of the panel bench: what is made of what the browser noted, and how it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interactiveMs, motionOf, type ScreenLoad, screenFigures, worstShift } from './panel/figures.ts';
import { PARTS, parseOptions } from './panel/options.ts';
import { motionTable, screenTable } from './panel/report.ts';

const task = (startMs: number, durationMs: number) => ({ startMs, durationMs });

test('interactiveMs() is the end of the last long task before half a second of quiet', () => {
  const cases: [number | null, [number, number][], number | null][] = [
    [null, [[10, 100]], null],
    [800, [], 800],
    [800, [[100, 300]], 800],
    [800, [[750, 200]], 950],
    [
      800,
      [
        [1250, 100],
        [900, 60],
      ],
      1350,
    ],
    [800, [[1300, 100]], 800],
    [
      800,
      [
        [1299, 100],
        [1899, 70],
        [2500, 90],
      ],
      1399,
    ],
  ];
  for (const [contentMs, tasks, expected] of cases) {
    const longTasks = tasks.map(([startMs, durationMs]) => task(startMs, durationMs));
    assert.equal(interactiveMs({ contentMs, longTasks }), expected, JSON.stringify(tasks));
  }
});

test('worstShift() sums up groups of shifts and takes the worst', () => {
  const shifts = (...all: [number, number][]) => all.map(([atMs, score]) => ({ atMs, score }));
  assert.equal(worstShift([]), 0);
  assert.equal(worstShift(shifts([0, 0.25], [1000, 0.25])), 0.5);
  assert.equal(worstShift(shifts([0, 0.25], [1001, 0.125])), 0.25);
  assert.equal(
    worstShift(shifts(...[0, 900, 1800, 2700, 3600, 4500, 5400].map((at): [number, number] => [at, 1]))),
    6,
  );
});

test('screenFigures() tells what a screen needs alone, and medians of its rounds', () => {
  const load = (own: number, contentMs: number | null): ScreenLoad => ({
    scripts: [
      { path: '/main.js', bytes: 1000 },
      { path: `/own-${own}.js`, bytes: own },
    ],
    styleBytes: 70,
    contentMs,
    longTasks: [task(0, 50), task(100, 60)],
    shifts: [{ atMs: 1, score: 0.5 }],
  });
  const [first, second] = screenFigures(
    new Map([
      ['/', [load(10, 300), load(10, 100), load(10, 200)]],
      ['/other', [load(25, null)]],
    ]),
  );
  assert.deepEqual(first, {
    path: '/',
    scriptBytes: 1010,
    ownBytes: 10,
    styleBytes: 70,
    contentMs: 200,
    interactiveMs: 200,
    longTasks: 2,
    longTaskMs: 110,
    layoutShift: 0.5,
  });
  assert.deepEqual([second?.ownBytes, second?.contentMs, second?.interactiveMs], [25, null, null]);
  assert.equal(screenFigures(new Map([['/', [load(10, 1)]]]))[0]?.ownBytes, null);
});

test('motionOf() measures from frame to frame', () => {
  assert.deepEqual(motionOf([0, 10, 20, 60], [task(20, 55), task(0, 51)]), {
    frames: 3,
    p50Ms: 10,
    p95Ms: 40,
    longestTaskMs: 55,
  });
  assert.deepEqual(motionOf([], []), { frames: 0, p50Ms: null, p95Ms: null, longestTaskMs: 0 });
});

test('screenTable() and motionTable() mark what is beyond a goal, and what is missing', () => {
  const good = { scriptBytes: 150_000, ownBytes: 60_000, styleBytes: 8_640, layoutShift: 0.1 };
  const quick = { contentMs: 400.4, interactiveMs: 512.6, longTasks: 2, longTaskMs: 120 };
  const bad = { scriptBytes: 150_100, ownBytes: null, styleBytes: 0, layoutShift: 0.101 };
  const none = { contentMs: null, interactiveMs: null, longTasks: 0, longTaskMs: 0 };
  const [, first, second] = screenTable([
    { path: '/', ...good, ...quick },
    { path: '/x', ...bad, ...none },
  ]).split('\n');
  assert.deepEqual(first?.split(/ +/), ['/', '150.0', '60.0', '8.6', '400', '513', '2', '120', '0.100']);
  assert.deepEqual(second?.split(/ +/), ['/x', '150.1!', '–', '0.0', '–', '–', '0', '0', '0.101!']);
  const motion = { frames: 9, p50Ms: 16.7, p95Ms: 51, longestTaskMs: 100 };
  const stretch = { ...motion, rowsHeld: 7, rowsInPage: 3, heapBytes: 12_400_000 };
  const scroll = { stretches: [stretch, { ...stretch, rowsHeld: 70, p95Ms: 50 }], seconds: 2.4 };
  const [, scrolled, further, pointed, , told] = motionTable({ scroll, pointer: null }).split('\n');
  assert.match(scrolled ?? '', /^scrolling \/requests +7 +9 +16\.7 +51\.0! +100 +3 +12$/);
  assert.match(further ?? '', /^scrolling \/requests +70 +9 +16\.7 +50\.0 +100 +3 +12$/);
  assert.match(pointed ?? '', /^pointer over \/ttl( +–){7}$/);
  assert.equal(told, '70 rows of /requests were read and scrolled to in 2 s.');
  const [, missing, ...others] = motionTable({ scroll: null, pointer: motion }).split('\n');
  assert.match(missing ?? '', /^scrolling \/requests( +–){7}$/);
  assert.match(others.join(), /^pointer over \/ttl +– +9 +16\.7 +51\.0! +100 +– +–$/);
});

test('parseOptions() refuses parts and numbers that do not exist', () => {
  assert.equal(parseOptions(['--help']), null);
  assert.deepEqual([...(parseOptions([])?.only ?? [])], [...PARTS]);
  assert.deepEqual([parseOptions([])?.rows, parseOptions(['--quick'])?.rounds], [100_000, 1]);
  assert.throws(() => parseOptions(['--only', 'none']), /Cannot measure "none"/);
  assert.throws(() => parseOptions(['--slowdown', '0']), /Cannot use --slowdown 0/);
});
