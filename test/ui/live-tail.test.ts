// The live list: no doubles, no gaps, bounded, still while someone reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byNewest, LiveTail, RateMeter } from '../../ui/src/lib/live-tail.ts';

const row = (second: number, id = `id-${String(second).padStart(4, '0')}`) => ({
  id,
  startedAt: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
});
const ids = (tail: LiveTail<ReturnType<typeof row>>) => tail.rows.map(({ id }) => id);

test('LiveTail shows pushed rows newest first, whatever order they end in', () => {
  const tail = new LiveTail({ cap: 10 });
  for (const second of [2, 5, 3]) tail.push(row(second));
  assert.deepEqual(ids(tail), ['id-0005', 'id-0003', 'id-0002']);
});

test('LiveTail shows a row once, however it comes', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(2), row(1)]);
  assert.equal(tail.push(row(2)), false);
  assert.equal(tail.push(row(3)), true);
  tail.mergeNewest([row(3), row(2)]);
  tail.appendOlder([row(1), row(0)]);
  assert.deepEqual(ids(tail), ['id-0003', 'id-0002', 'id-0001', 'id-0000']);
});

test('LiveTail holds new rows while paused and shows them afterwards', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(1)]);
  tail.pause();
  tail.push(row(3));
  tail.push(row(2));
  tail.push(row(3));
  assert.deepEqual(ids(tail), ['id-0001']);
  assert.equal(tail.waitingCount, 2);
  tail.resume();
  assert.deepEqual(ids(tail), ['id-0003', 'id-0002', 'id-0001']);
  assert.equal(tail.waitingCount, 0);
});

test('LiveTail closes the gap of a lost connection, below known rows too', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(10), row(4)]);
  // Row 5 began before row 10 but ended while the stream was down.
  tail.mergeNewest([row(12), row(11), row(10), row(5), row(4)]);
  assert.deepEqual(ids(tail), ['id-0012', 'id-0011', 'id-0010', 'id-0005', 'id-0004']);
});

test('LiveTail keeps the newest rows up to its cap and says that it trimmed', () => {
  const tail = new LiveTail({ cap: 3 });
  for (const second of [1, 2, 3]) tail.push(row(second));
  assert.equal(tail.isTrimmed, false);
  tail.push(row(4));
  assert.deepEqual(ids(tail), ['id-0004', 'id-0003', 'id-0002']);
  assert.equal(tail.isTrimmed, true);
  tail.appendOlder([row(1)]);
  assert.deepEqual(ids(tail).at(-1), 'id-0001');
  assert.equal(tail.isTrimmed, false);
});

test('LiveTail keeps history that was scrolled to while paused', () => {
  const tail = new LiveTail({ cap: 3 });
  tail.restart([row(9), row(8), row(7)]);
  tail.pause();
  tail.appendOlder([row(6), row(5)]);
  tail.push(row(10));
  assert.equal(tail.rows.length, 5);
  tail.resume();
  assert.deepEqual(ids(tail), ['id-0010', 'id-0009', 'id-0008']);
});

test('LiveTail reports a gap when more rows wait than it may hold, until it starts again', () => {
  const tail = new LiveTail({ cap: 2 });
  tail.pause();
  for (const second of [1, 2, 3]) tail.push(row(second));
  assert.equal(tail.hasGap, true);
  tail.restart([row(3), row(2)]);
  assert.equal(tail.hasGap, false);
  assert.equal(tail.waitingCount, 0);
});

test('LiveTail is always sorted, without doubles and within its cap', () => {
  const step = fc.oneof(
    fc.nat(30).map((second) => ({ kind: 'push' as const, second })),
    fc.constant({ kind: 'pause' as const, second: 0 }),
    fc.constant({ kind: 'resume' as const, second: 0 }),
    fc.nat(30).map((second) => ({ kind: 'merge' as const, second })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tail = new LiveTail<ReturnType<typeof row>>({ cap: 8 });
      for (const { kind, second } of steps) {
        if (kind === 'push') tail.push(row(second));
        else if (kind === 'merge') tail.mergeNewest([row(second + 1), row(second)]);
        else if (kind === 'pause') tail.pause();
        else tail.resume();
        assert.ok(tail.rows.length <= 8 && tail.waitingCount <= 8);
        assert.deepEqual([...tail.rows].sort(byNewest), tail.rows);
        assert.equal(new Set(ids(tail)).size, tail.rows.length);
      }
    }),
  );
});

test('LiveTail puts a page of history in its place where it overlaps what is there', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(9), row(5)]);
  tail.appendOlder([row(4), row(7), row(5)]);
  assert.deepEqual(ids(tail), ['id-0009', 'id-0007', 'id-0005', 'id-0004']);
});

test('RateMeter tells rows per second over the last ten seconds', () => {
  const meter = new RateMeter();
  assert.equal(meter.perSecond(50_000), 0);
  for (let count = 0; count < 5; count += 1) meter.add(100_000 + count);
  meter.add(103_000);
  assert.equal(meter.perSecond(103_500), 0.6);
  // Second 100 leaves the window at 110, second 103 at 113.
  assert.equal(meter.perSecond(109_999), 0.6);
  assert.equal(meter.perSecond(110_000), 0.1);
  assert.equal(meter.perSecond(113_000), 0);
  meter.add(500_000);
  assert.equal(meter.perSecond(500_000), 0.1);
});

test('LiveTail leaves to history what belongs below the last row while there is history', () => {
  const tail = new LiveTail({ cap: 3 });
  tail.restart([row(9), row(8)]);
  tail.hasOlder = true;
  tail.pause();
  // The window that a reconnection reads again reaches further back than the list.
  tail.mergeNewest([row(10), row(9), row(8), row(7), row(6)]);
  assert.equal(tail.waitingCount, 1);
  tail.appendOlder([row(7), row(6)]);
  tail.hasOlder = false;
  tail.push(row(5));
  tail.resume();
  assert.deepEqual(ids(tail), ['id-0010', 'id-0009', 'id-0008']);
  // Trimmed rows are history again.
  assert.equal(tail.hasOlder, true);
});

test('LiveTail adds history in place, without a copy of what it holds', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(99), row(98)]);
  const { rows } = tail;
  tail.pause();
  for (let second = 90; second > 0; second -= 10) {
    tail.appendOlder(Array.from({ length: 10 }, (_unused, index) => row(second - index)));
    assert.equal(tail.rows, rows);
  }
  assert.equal(rows.length, 92);
  // Out of order, it becomes another array.
  tail.appendOlder([row(95)]);
  assert.notEqual(tail.rows, rows);
  assert.deepEqual(ids(tail).slice(0, 4), ['id-0099', 'id-0098', 'id-0095', 'id-0090']);
});

test('LiveTail that lets go of a long history knows what it still has, and nothing else', () => {
  const tail = new LiveTail({ cap: 3 });
  tail.restart([row(50), row(49), row(48)]);
  tail.pause();
  tail.appendOlder(Array.from({ length: 20 }, (_unused, index) => row(40 - index)));
  tail.push(row(51));
  tail.resume();
  assert.deepEqual(ids(tail), ['id-0051', 'id-0050', 'id-0049']);
  assert.equal(tail.push(row(49)), false);
  tail.appendOlder([row(49), row(48), row(40)]);
  assert.deepEqual(ids(tail), ['id-0051', 'id-0050', 'id-0049', 'id-0048', 'id-0040']);
});

test('LiveTail puts newer pages on top, once each, and lets go of the oldest beyond its bound', () => {
  const tail = new LiveTail({ cap: 10 });
  tail.restart([row(3), row(2), row(1)]);
  const held = tail.rows;
  assert.equal(tail.prependNewer([row(5), row(4), row(3)], 6), 2);
  assert.deepEqual(
    tail.rows.map(({ id }) => id),
    [5, 4, 3, 2, 1].map((second) => row(second).id),
  );
  assert.equal(tail.rows, held);
  assert.deepEqual([tail.isTrimmed, tail.hasOlder], [false, false]);
  assert.equal(tail.prependNewer([row(8), row(7), row(6)], 6), 3);
  assert.deepEqual(
    tail.rows.map(({ id }) => id),
    [8, 7, 6, 5, 4, 3].map((second) => row(second).id),
  );
  assert.deepEqual([tail.isTrimmed, tail.hasOlder], [true, true]);
  // What was let go of comes again as history.
  tail.appendOlder([row(2), row(1)]);
  assert.equal(tail.rows.length, 8);
});
