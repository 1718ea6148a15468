// The queue in front of a table: when it writes, what it does when writing fails, what it drops.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RowText, SkippedRows } from '../../server/storage/database.ts';
import { RowWriter, type RowWriterOptions } from '../../server/storage/row-writer.ts';
import { StorageError, type StorageErrorCode } from '../../server/storage/storage-error.ts';
import { ManualClock } from '../manual-clock.ts';

/** Keeps the written batches; `refusal` makes it refuse. */
class FakeTable {
  readonly batches: string[][] = [];
  refusal: StorageErrorCode | null = null;
  tries = 0;

  async write(rows: readonly RowText[]): Promise<SkippedRows> {
    this.tries += 1;
    if (this.refusal) throw new StorageError(this.refusal, 'database or disk is full');
    this.batches.push(rows.map(({ head }) => head));
    return { skippedRows: 0, skipReason: null };
  }
}

function newWriter(over: Partial<RowWriterOptions<string>> = {}) {
  const table = new FakeTable();
  const clock = new ManualClock();
  const write = (rows: readonly RowText[]) => table.write(rows);
  const writer = new RowWriter<string>({
    clock,
    maxRows: 50_000,
    maxCharacters: 1_000_000,
    rowsPerTurn: 10,
    toText: (head) => ({ head, tail: null }),
    write,
    ...over,
  });
  return { table, clock, writer };
}

function appendRows(writer: RowWriter<string>, count: number): void {
  for (let number = 0; number < count; number++) writer.append(`r${number}`);
}

test('RowWriter.append writes a few rows together after 200 ms', async () => {
  const { table, clock, writer } = newWriter();
  appendRows(writer, 2);
  await clock.advance(100);
  appendRows(writer, 1);
  await clock.advance(99);
  assert.deepEqual(table.batches, []);
  await clock.advance(1);
  assert.deepEqual(table.batches, [['r0', 'r1', 'r0']]);
  assert.equal(clock.pendingTimers, 0);
});

test('RowWriter.append writes 2,000 rows without waiting for the clock', async () => {
  const { table, clock, writer } = newWriter();
  appendRows(writer, 1_999);
  await clock.advance(0);
  assert.equal(table.tries, 0);
  appendRows(writer, 1);
  await clock.advance(0);
  assert.equal(table.batches[0]?.length, 2_000);
  await clock.advance(1_000);
  assert.equal(table.tries, 1);
});

test('RowWriter.flush writes what is queued, in transactions of at most 10,000 rows', async () => {
  const { table, writer } = newWriter();
  appendRows(writer, 25_000);
  await writer.flush();
  assert.equal(table.batches.flat().length, 25_000);
  assert.ok(table.batches.every((batch) => batch.length <= 10_000));
  assert.equal(writer.health().queuedRows, 0);
});

test('RowWriter.flush of an empty queue writes nothing', async () => {
  const { table, writer } = newWriter();
  await writer.flush();
  assert.equal(table.tries, 0);
});

test('RowWriter keeps a refused batch and writes it once the disk works again', async () => {
  const { table, clock, writer } = newWriter();
  table.refusal = 'disk-full';
  appendRows(writer, 3);
  await clock.advance(200);
  assert.deepEqual(writer.health(), {
    queuedRows: 3,
    droppedRows: 0,
    lastError: 'Cannot write 3 rows: database or disk is full',
  });
  table.refusal = null;
  await clock.advance(200);
  assert.deepEqual(table.batches, [['r0', 'r1', 'r2']]);
  assert.deepEqual(writer.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
});

for (const code of ['disk-full', 'locked', 'read-only', 'broken'] as const) {
  test(`RowWriter keeps every row while the table is ${code}, tries ever more seldom, and recovers`, async () => {
    const { table, clock, writer } = newWriter();
    table.refusal = code;
    appendRows(writer, 3);
    const triesAfter: number[] = [];
    for (const ms of [200, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      await clock.advance(ms - 1);
      triesAfter.push(table.tries);
      await clock.advance(1);
    }
    assert.deepEqual(triesAfter, [0, 1, 2, 3, 4, 5, 6, 7]);
    appendRows(writer, 2);
    assert.equal(writer.health().queuedRows, 5);
    table.refusal = null;
    await clock.advance(5_000);
    assert.deepEqual(table.batches, [['r0', 'r1', 'r2', 'r0', 'r1']]);
    assert.deepEqual(writer.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
  });
}

test('RowWriter drops a batch that is refused five times for a reason that does not pass', async () => {
  const { table, clock, writer } = newWriter();
  table.refusal = 'failed';
  appendRows(writer, 3);
  await clock.advance(60_000);
  assert.equal(table.tries, 5);
  assert.deepEqual(writer.health(), {
    queuedRows: 0,
    droppedRows: 3,
    lastError: 'Cannot write 3 rows: database or disk is full',
  });
  assert.equal(clock.pendingTimers, 0);
  table.refusal = null;
  appendRows(writer, 1);
  await clock.advance(10_000);
  assert.deepEqual(writer.health(), { queuedRows: 0, droppedRows: 3, lastError: null });
});

test('RowWriter while failing is tried by its timer only, not by appends or reads', async () => {
  const { table, clock, writer } = newWriter();
  table.refusal = 'disk-full';
  appendRows(writer, 2_000);
  await clock.advance(0);
  appendRows(writer, 500);
  await writer.flush();
  await writer.flush();
  assert.equal(table.tries, 1);
});

const BOUNDS = [
  { name: 'rows', bounds: { maxRows: 100 } },
  { name: 'characters', bounds: { maxCharacters: 290 } },
];
for (const { name, bounds } of BOUNDS) {
  test(`RowWriter.append drops and counts what is beyond its bound of ${name}`, async () => {
    const { table, clock, writer } = newWriter(bounds);
    table.refusal = 'disk-full';
    appendRows(writer, 150);
    const { queuedRows, droppedRows, lastError } = writer.health();
    assert.equal(queuedRows, 100);
    assert.equal(droppedRows, 50);
    assert.notEqual(lastError, null);
    table.refusal = null;
    await clock.advance(10_000);
    assert.equal(table.batches.flat().length, 100);
    appendRows(writer, 1);
    assert.equal(writer.health().queuedRows, 1);
  });
}

test('RowWriter.append turns rows into text only when there are as many as one turn takes', () => {
  const turned: string[] = [];
  const toText = (head: string): RowText => {
    turned.push(head);
    return { head, tail: null };
  };
  const { writer } = newWriter({ rowsPerTurn: 3, toText });
  const turnedAfter = ['a', 'b', 'c', 'd'].map((head) => {
    writer.append(head);
    return turned.join('');
  });
  assert.deepEqual(turnedAfter, ['', '', 'abc', 'abc']);
  assert.equal(writer.health().queuedRows, 4);
});

for (const rowsPerTurn of [1, 10]) {
  test(`RowWriter.append with ${rowsPerTurn} rows a turn drops a row without a text, not its neighbours`, async () => {
    const toText = (head: string): RowText =>
      head === 'bad' ? assert.fail('no text of this') : { head, tail: null };
    const { table, clock, writer } = newWriter({ rowsPerTurn, toText });
    for (const head of ['before', 'bad', 'after']) writer.append(head);
    await writer.flush();
    assert.deepEqual(table.batches, [['before', 'after']]);
    assert.equal(writer.health().droppedRows, 1);
    writer.append('bad');
    await clock.advance(60_000);
    assert.deepEqual(table.batches, [['before', 'after']]);
    assert.equal(writer.health().droppedRows, 2);
    assert.equal(writer.health().queuedRows, 0);
    assert.equal(clock.pendingTimers, 0);
  });
}

test('RowWriter.close writes what is queued and drops what comes after', async () => {
  const { table, clock, writer } = newWriter();
  appendRows(writer, 3);
  await writer.close();
  assert.deepEqual(table.batches, [['r0', 'r1', 'r2']]);
  writer.append('late');
  await clock.advance(1_000);
  assert.equal(table.tries, 1);
  assert.equal(writer.health().droppedRows, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('RowWriter.close tries a failing disk once more, then counts the rest as dropped', async () => {
  const { table, clock, writer } = newWriter();
  table.refusal = 'disk-full';
  appendRows(writer, 3);
  await clock.advance(200);
  await writer.close();
  assert.equal(table.tries, 2);
  assert.equal(writer.health().droppedRows, 3);
  assert.equal(writer.health().queuedRows, 0);
  assert.equal(clock.pendingTimers, 0);
});
