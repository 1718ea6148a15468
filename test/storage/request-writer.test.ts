// The request log's queue: when it writes, what it does when writing fails, what it drops.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Database, RowBatch, SqlEngine } from '../../server/storage/database.ts';
import { RequestWriter } from '../../server/storage/request-writer.ts';
import { StorageError } from '../../server/storage/storage-error.ts';
import { ManualClock } from '../manual-clock.ts';
import { requestRow } from './scratch.ts';

/** Keeps the ids of the written batches; `isFull` makes it refuse. */
class FakeEngine implements SqlEngine {
  readonly batches: string[][] = [];
  isFull = false;
  tries = 0;
  readonly db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });

  async writeGoodRows({ rows }: RowBatch): Promise<{ skippedRows: number; skipReason: string | null }> {
    this.tries += 1;
    if (this.isFull) throw new StorageError('disk-full', 'database or disk is full');
    this.batches.push(rows.map(([id]) => String(id)));
    return { skippedRows: 0, skipReason: null };
  }

  async writeRows(): Promise<void> {}
  async shrink(): Promise<void> {}
  async close(): Promise<void> {}
}

function newWriter() {
  const engine = new FakeEngine();
  const clock = new ManualClock();
  return { engine, clock, writer: new RequestWriter(engine, clock) };
}

function appendRows(writer: RequestWriter, count: number): void {
  for (let number = 0; number < count; number++) writer.append(requestRow({ id: `r${number}` }));
}

test('RequestWriter.append writes a few rows together after 200 ms', async () => {
  const { engine, clock, writer } = newWriter();
  appendRows(writer, 2);
  await clock.advance(100);
  appendRows(writer, 1);
  await clock.advance(99);
  assert.deepEqual(engine.batches, []);
  await clock.advance(1);
  assert.deepEqual(engine.batches, [['r0', 'r1', 'r0']]);
  assert.equal(clock.pendingTimers, 0);
});

test('RequestWriter.append writes 200 rows without waiting for the clock', async () => {
  const { engine, clock, writer } = newWriter();
  appendRows(writer, 199);
  await clock.advance(0);
  assert.equal(engine.tries, 0);
  appendRows(writer, 1);
  await clock.advance(0);
  assert.equal(engine.batches[0]?.length, 200);
  await clock.advance(1_000);
  assert.equal(engine.tries, 1);
});

test('RequestWriter.flush writes what is queued, in transactions of at most 1,000 rows', async () => {
  const { engine, writer } = newWriter();
  appendRows(writer, 2_500);
  await writer.flush();
  assert.equal(engine.batches.flat().length, 2_500);
  assert.ok(engine.batches.every((batch) => batch.length <= 1_000));
  assert.equal(writer.health().queuedRows, 0);
});

test('RequestWriter.flush of an empty queue writes nothing', async () => {
  const { engine, writer } = newWriter();
  await writer.flush();
  assert.equal(engine.tries, 0);
});

test('RequestWriter keeps a refused batch and writes it once the disk works again', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 3);
  await clock.advance(200);
  assert.deepEqual(writer.health(), {
    queuedRows: 3,
    droppedRows: 0,
    lastError: 'Cannot write 3 rows: database or disk is full',
  });
  engine.isFull = false;
  await clock.advance(200);
  assert.deepEqual(engine.batches, [['r0', 'r1', 'r2']]);
  assert.deepEqual(writer.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
});

test('RequestWriter tries a batch five times, ever further apart, then drops and counts it', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 3);
  const triesAfter: number[] = [];
  for (const ms of [200, 200, 400, 800, 1_600]) {
    await clock.advance(ms - 1);
    triesAfter.push(engine.tries);
    await clock.advance(1);
  }
  assert.deepEqual(triesAfter, [0, 1, 2, 3, 4]);
  assert.equal(engine.tries, 5);
  assert.deepEqual(writer.health(), {
    queuedRows: 0,
    droppedRows: 3,
    lastError: 'Cannot write 3 rows: database or disk is full',
  });
  assert.equal(clock.pendingTimers, 0);
});

test('RequestWriter keeps the count of dropped rows and forgets the error once it writes again', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 3);
  await clock.advance(10_000);
  engine.isFull = false;
  appendRows(writer, 1);
  await clock.advance(10_000);
  assert.deepEqual(writer.health(), { queuedRows: 0, droppedRows: 3, lastError: null });
});

test('RequestWriter while failing is tried by its timer only, not by appends or reads', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 200);
  await clock.advance(0);
  appendRows(writer, 500);
  await writer.flush();
  await writer.flush();
  assert.equal(engine.tries, 1);
});

test('RequestWriter.append drops what does not fit into 10,000 rows', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 10_050);
  assert.equal(writer.health().queuedRows, 10_000);
  assert.equal(writer.health().droppedRows, 50);
  assert.notEqual(writer.health().lastError, null);
  engine.isFull = false;
  await clock.advance(10_000);
  assert.equal(engine.batches.flat().length, 10_000);
});

test('RequestWriter.append never throws, whatever is in a row', async () => {
  const { clock, writer } = newWriter();
  const attempts: [] = [];
  Object.assign(attempts, { toJSON: () => assert.fail('no JSON of this') });
  writer.append(requestRow({ attempts }));
  await clock.advance(60_000);
  assert.equal(writer.health().droppedRows, 1);
});

test('RequestWriter.close writes what is queued and drops what comes after', async () => {
  const { engine, clock, writer } = newWriter();
  appendRows(writer, 3);
  await writer.close();
  assert.deepEqual(engine.batches, [['r0', 'r1', 'r2']]);
  writer.append(requestRow());
  await clock.advance(1_000);
  assert.equal(engine.tries, 1);
  assert.equal(writer.health().droppedRows, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('RequestWriter.close tries a failing disk once more, then counts the rest as dropped', async () => {
  const { engine, clock, writer } = newWriter();
  engine.isFull = true;
  appendRows(writer, 3);
  await clock.advance(200);
  await writer.close();
  assert.equal(engine.tries, 2);
  assert.equal(writer.health().droppedRows, 3);
  assert.equal(writer.health().queuedRows, 0);
  assert.equal(clock.pendingTimers, 0);
});
