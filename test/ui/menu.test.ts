// Lists of actions, and what floats beside its button: where keys lead, and where there is room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatPlace } from '../../ui/src/parts/float-place.ts';
import { menuStep } from '../../ui/src/parts/menu-step.ts';

const LABELS = ['Edit account', 'Pause', 'Export', 'Delete'];

const STEPS: readonly { key: string; at: number; next: number | null }[] = [
  { key: 'ArrowDown', at: -1, next: 0 },
  { key: 'ArrowDown', at: 0, next: 1 },
  { key: 'ArrowDown', at: 3, next: 0 },
  { key: 'ArrowUp', at: -1, next: 3 },
  { key: 'ArrowUp', at: 0, next: 3 },
  { key: 'ArrowUp', at: 2, next: 1 },
  { key: 'Home', at: 2, next: 0 },
  { key: 'End', at: 0, next: 3 },
  { key: 'E', at: -1, next: 0 },
  { key: 'e', at: 0, next: 2 },
  { key: 'e', at: 2, next: 0 },
  { key: 'd', at: 3, next: 3 },
  { key: 'z', at: 0, next: null },
  { key: ' ', at: 0, next: null },
  { key: 'Enter', at: 0, next: null },
];

test('menuStep() leads up, down, to the ends and to first letters', () => {
  for (const { key, at, next } of STEPS) {
    assert.equal(menuStep(key, { at, labels: LABELS }), next, `${key} at ${at}`);
  }
});

const VIEW = { width: 400, height: 600 };
const boxAt = (left: number, top: number) => ({ left, right: left + 100, top, bottom: top + 30 });

test('floatPlace() stands below its button, at its side', () => {
  const size = { width: 180, height: 200 };
  assert.deepEqual(floatPlace(boxAt(50, 100), size, VIEW, 'start'), { left: 50, top: 134, room: 458 });
  assert.deepEqual(floatPlace(boxAt(250, 100), size, VIEW, 'end'), { left: 170, top: 134, room: 458 });
});

test('floatPlace() never leaves the window', () => {
  const size = { width: 180, height: 200 };
  assert.equal(floatPlace(boxAt(0, 100), size, VIEW, 'end').left, 8);
  assert.equal(floatPlace(boxAt(300, 100), size, VIEW, 'start').left, 212);
  assert.equal(floatPlace(boxAt(0, 100), { width: 900, height: 10 }, VIEW, 'start').left, 8);
});

test('floatPlace() goes above when there is more room, and scrolls when there is too little', () => {
  assert.deepEqual(floatPlace(boxAt(50, 500), { width: 180, height: 200 }, VIEW, 'start'), {
    left: 50,
    top: 296,
    room: 488,
  });
  assert.deepEqual(floatPlace(boxAt(50, 400), { width: 180, height: 800 }, VIEW, 'start'), {
    left: 50,
    top: 8,
    room: 388,
  });
  assert.equal(floatPlace(boxAt(50, 100), { width: 180, height: 800 }, VIEW, 'start').top, 134);
});
