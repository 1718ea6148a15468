// Contract of the store of bodies: queued, bounded, gone with its row or after its time.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { StoredBody } from '../../server/storage/body-store.ts';
import { NOW_MS, requestRow, withStorage } from './scratch.ts';

function body(over: Partial<StoredBody> = {}): StoredBody {
  return {
    id: 'r1',
    atMs: NOW_MS,
    request: '{"a":"é\\n"}\n',
    upstreamRequest: null,
    requestHeaders: null,
    reply: 'data: {}\n\n',
    isCut: false,
    ...over,
  };
}

test('BodyStore.get gives back what was appended, queued or written', () =>
  withStorage(async ({ bodies }) => {
    bodies.append(body());
    const other = body({
      id: 'r2',
      isCut: true,
      reply: '',
      upstreamRequest: '{"a":1}',
      requestHeaders: '{"x":"•••"}',
    });
    bodies.append(other);
    assert.deepEqual(await bodies.get('r1'), body());
    assert.deepEqual(await bodies.get('r2'), other);
    assert.equal(await bodies.get('unknown'), null);
  }));

test('BodyStore.append writes by itself', () =>
  withStorage(async ({ bodies }, clock) => {
    bodies.append(body());
    assert.equal(bodies.health().queuedRows, 1);
    await clock.advance(200);
    await bodies.get('r1');
    assert.deepEqual(bodies.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
  }));

test('BodyStore.append drops and counts what is beyond its bound of characters', () =>
  withStorage(async ({ bodies }) => {
    const request = 'x'.repeat(1_000_000);
    for (let number = 0; number < 40; number++) bodies.append(body({ id: `r${number}`, request }));
    const { queuedRows, droppedRows } = bodies.health();
    assert.equal(queuedRows + droppedRows, 40);
    assert.ok(queuedRows >= 30 && queuedRows <= 33, `${queuedRows} queued`);
  }));

test('BodyStore.sweep deletes what is older than asked, however much it is', () =>
  withStorage(async ({ bodies }) => {
    for (let number = 0; number < 450; number++)
      bodies.append(body({ id: `r${number}`, atMs: NOW_MS + number }));
    assert.equal(await bodies.sweep(NOW_MS + 449), 449);
    assert.equal(await bodies.get('r448'), null);
    assert.deepEqual(await bodies.get('r449'), body({ id: 'r449', atMs: NOW_MS + 449 }));
    assert.equal(await bodies.sweep(NOW_MS), 0);
  }));

test('RequestLog.clear and sweep take the bodies of their rows with them', () =>
  withStorage(async ({ log, bodies }) => {
    const ids = ['cleared', 'swept', 'kept'];
    for (const id of ids) {
      const startedAtMs = id === 'swept' ? NOW_MS - 10 * 86_400_000 : NOW_MS;
      log.append(requestRow({ id, startedAtMs, status: id === 'cleared' ? 500 : 200 }));
      bodies.append(body({ id }));
    }
    assert.ok(await bodies.get('kept'));
    assert.equal(await log.clear({ status: 500 }), 1);
    assert.equal(await log.sweep({ maxAgeDays: 5, maxRows: 10 }, NOW_MS), 1);
    const left = await Promise.all(ids.map(async (id) => (await bodies.get(id)) !== null));
    assert.deepEqual(left, [false, false, true]);
  }));
