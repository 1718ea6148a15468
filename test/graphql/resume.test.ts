// Subscriptions that go on where they stopped: no gap, nothing twice, and a word when that is not possible.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { writeCursor } from '../../server/graphql/page.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { type Stream, settle, subscribe } from './event-stream.ts';
import { sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

const LOGGED = (after: string, filter = '') =>
  `subscription { requestLogged(after: "${after}"${filter}) { requestId } }`;
const AFFINITY = 'kind reason cursor';

/** Logs and tells, as a finished exchange does. */
function finish(bench: Bench, row: RequestRow): void {
  bench.log.append(row);
  bench.live.publish({ kind: 'request', row });
}

/** The log of a bench whose rows are in the order they were written. */
async function openLogBench(): Promise<Bench & { reads: number[] }> {
  const bench = await openBench({ rows: sampleRows() });
  const reads: number[] = [];
  bench.log.writtenAfter = async (id, limit) => {
    const index = bench.log.rows.findIndex((row) => row.id === id);
    const rows = bench.log.rows.slice(index + 1, index + 1 + limit);
    reads.push(rows.length);
    return index < 0 ? null : rows;
  };
  return { ...bench, reads };
}

async function requestIds(stream: Stream, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await stream.next()).data.data.requestLogged.requestId);
  return ids;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test('requestLogged after a row gives what was logged since, then what comes', async () => {
  const bench = await openLogBench();
  for (const n of numbers(1, 5)) finish(bench, sampleRow(`r${n}`));
  const stream = await subscribe(bench, LOGGED(encodeGlobalId('RequestLog', 'r2')));
  await settle();
  finish(bench, sampleRow('r6'));
  assert.deepEqual(
    await requestIds(stream, 4),
    numbers(3, 6).map((n) => `req-r${n}`),
  );
  await stream.cancel();
});

test('requestLogged gives a row once that is written and told while the log is read', async () => {
  const bench = await openLogBench();
  finish(bench, sampleRow('r1'));
  const read = bench.log.writtenAfter.bind(bench.log);
  bench.log.writtenAfter = async (id, limit) => {
    finish(bench, sampleRow('r2'));
    const rows = await read(id, limit);
    finish(bench, sampleRow('r3'));
    return rows;
  };
  const stream = await subscribe(bench, LOGGED('r1'));
  assert.deepEqual(await requestIds(stream, 2), ['req-r2', 'req-r3']);
  finish(bench, sampleRow('r4'));
  assert.deepEqual(await requestIds(stream, 1), ['req-r4']);
  await stream.cancel();
});

test('requestLogged after a row gives only what matches, from a row that does not', async () => {
  const bench = await openLogBench();
  for (const n of numbers(1, 9)) finish(bench, sampleRow(`r${n}`, { status: n % 3 === 0 ? 429 : 200 }));
  const stream = await subscribe(bench, LOGGED('r4', ', filter: { minStatus: 400 }'));
  await settle();
  finish(bench, sampleRow('r10', { status: 500 }));
  assert.deepEqual(await requestIds(stream, 3), ['req-r6', 'req-r9', 'req-r10']);
  await stream.cancel();
});

test('requestLogged reads the log only as fast as it is read itself', async () => {
  const bench = await openLogBench();
  for (const n of numbers(1, 2000)) bench.log.append(sampleRow(`r${n}`));
  const stream = await subscribe(bench, LOGGED('r1'));
  assert.deepEqual(await requestIds(stream, 1), ['req-r2']);
  await settle();
  assert.deepEqual(bench.reads, [500]);
  assert.equal((await requestIds(stream, 1998)).at(-1), 'req-r2000');
  await settle();
  assert.deepEqual(bench.reads, [500, 500, 500, 499]);
  await stream.cancel();
});

test('requestLogged goes on over exactly 10,000 rows, and over no more', async () => {
  const bench = await openLogBench();
  for (const n of numbers(0, 10_001)) bench.log.append(sampleRow(`r${n}`));
  const enough = await subscribe(bench, LOGGED('r1'));
  assert.equal((await requestIds(enough, 10_000)).at(-1), 'req-r10001');
  await enough.cancel();
  const tooMuch = await subscribe(bench, LOGGED('r0'));
  let last = await tooMuch.next();
  while (last.data?.data) last = await tooMuch.next();
  assert.equal(last.data.errors[0].extensions.code, 'CURSOR_TOO_OLD');
  assert.deepEqual(await tooMuch.next(), { event: 'complete', data: null });
  await settle();
  assert.equal(bench.live.has('request'), false);
});

for (const [what, after] of [
  ['a row that is gone', encodeGlobalId('RequestLog', 'gone')],
  ['an id of another type', encodeGlobalId('Account', 'r1')],
  ['no id', '!'],
  ['nothing', ''],
] as const) {
  test(`requestLogged tells that it does not know ${what}`, async () => {
    const bench = await openLogBench();
    finish(bench, sampleRow('r1'));
    const stream = await subscribe(bench, LOGGED(after));
    const { event, data } = await stream.next();
    assert.equal(event, 'next');
    assert.equal(data.errors[0].extensions.code, 'CURSOR_UNKNOWN');
    assert.deepEqual(await stream.next(), { event: 'complete', data: null });
    assert.equal(bench.live.has('request'), false);
    assert.deepEqual(bench.logged, []);
  });
}

function publishAffinity(bench: Bench, reason: string, given: { userId?: string | null } = {}): void {
  const event: AffinityEvent = {
    kind: 'renewed',
    atMs: bench.clock.nowMs(),
    code: 'used',
    reason,
    accountIdBefore: 'a1',
    accountIdAfter: 'a1',
    binding: sampleBinding('b1', given),
  };
  bench.live.publish({ kind: 'affinity', event });
}

async function reasons(stream: Stream, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < count; n += 1) found.push((await stream.next()).data.data.affinityChanged.reason);
  return found;
}

async function firstCursor(bench: Bench): Promise<string> {
  const stream = await subscribe(bench, `subscription { affinityChanged { ${AFFINITY} } }`);
  await settle();
  publishAffinity(bench, 'seen');
  const { cursor } = (await stream.next()).data.data.affinityChanged;
  await stream.cancel();
  return cursor;
}

const CHANGED = (after: string, filter = '') =>
  `subscription { affinityChanged(after: "${after}"${filter}) { ${AFFINITY} } }`;

test('affinityChanged after a cursor gives what happened since, then what happens', async () => {
  const bench = await openBench({ rows: sampleRows() });
  publishAffinity(bench, 'before');
  const cursor = await firstCursor(bench);
  publishAffinity(bench, 'missed 1');
  publishAffinity(bench, 'of somebody else', { userId: 'u2' });
  publishAffinity(bench, 'missed 2');
  const stream = await subscribe(
    bench,
    CHANGED(cursor, `, filter: { userId: "${encodeGlobalId('User', 'u1')}" }`),
  );
  await settle();
  publishAffinity(bench, 'now');
  assert.deepEqual(await reasons(stream, 3), ['missed 1', 'missed 2', 'now']);
  await stream.cancel();
});

test('affinityChanged goes on over exactly the 1,000 events kept', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const cursor = await firstCursor(bench);
  for (const n of numbers(1, 1000)) publishAffinity(bench, `missed ${n}`);
  const stream = await subscribe(bench, CHANGED(cursor));
  const found = await reasons(stream, 1000);
  assert.deepEqual([found[0], found[999]], ['missed 1', 'missed 1000']);
  await stream.cancel();
  publishAffinity(bench, 'one too many');
  const late = await subscribe(bench, CHANGED(cursor));
  assert.equal((await late.next()).data.errors[0].extensions.code, 'CURSOR_TOO_OLD');
  await late.cancel();
});

test('a cursor of another process, another subscription or nobody is unknown and leaves nothing open', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const cursor = await firstCursor(bench);
  const cleared = `subscription { cleared(after: "${cursor}") { message } }`;
  const documents = [
    cleared,
    CHANGED(await firstCursor(await openBench({ rows: sampleRows() }))),
    CHANGED(writeCursor('affinity-events', [bench.live.epoch, 2])),
    CHANGED(writeCursor('affinity-events', [bench.live.epoch, -1])),
    CHANGED(writeCursor('affinity-events', [bench.live.epoch, 0.5])),
    CHANGED(writeCursor('affinity-events', [bench.live.epoch])),
    CHANGED('nonsense'),
  ];
  // More than the cap on subscriptions, were they counted on.
  for (const document of [...documents, ...documents, ...documents, ...documents, ...documents]) {
    const stream = await subscribe(bench, document);
    assert.equal((await stream.next()).data.errors[0].extensions.code, 'CURSOR_UNKNOWN', document);
    await stream.cancel();
  }
  assert.equal(bench.live.has('affinity'), false);
  assert.equal(bench.live.has('cleared'), false);
});

test('cleared after a cursor gives the clears since', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const clear = (message: string) =>
    bench.live.publish({
      kind: 'cleared',
      event: { subject: 'affinities', atMs: 0, actor: 'panel', clearedCount: 1, message },
    });
  const stream = await subscribe(bench, 'subscription { cleared { message cursor } }');
  await settle();
  clear('one');
  const { cursor } = (await stream.next()).data.data.cleared;
  await stream.cancel();
  clear('two');
  clear('three');
  const again = await subscribe(bench, `subscription { cleared(after: "${cursor}") { message } }`);
  for (const message of ['two', 'three'])
    assert.equal((await again.next()).data.data.cleared.message, message);
  await again.cancel();
});
