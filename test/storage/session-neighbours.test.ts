// Contract of the log's neighbours: the nearest of a session on both sides, also among requests of the same millisecond.

import assert from 'node:assert/strict';
import test from 'node:test';
import { NOW_MS, requestRow, withStorage } from './scratch.ts';

const OF_ADA = { sessionId: 's', apiKeyId: 'ada' };

test('RequestLog.neighbours gives the nearest of the same session and API key, oldest first', () =>
  withStorage(async ({ log }) => {
    for (const id of ['e', 'a', 'c', 'b', 'd'])
      log.append(requestRow({ id, ...OF_ADA, startedAtMs: NOW_MS + id.charCodeAt(0) }));
    log.append(requestRow({ id: 'bob', sessionId: 's', apiKeyId: 'bob', startedAtMs: NOW_MS + 99 }));
    log.append(requestRow({ id: 'else', sessionId: 't', apiKeyId: 'ada', startedAtMs: NOW_MS + 99 }));
    const row = requestRow({ id: 'c', ...OF_ADA, startedAtMs: NOW_MS + 99 });
    assert.deepEqual(idsOf(await log.neighbours(row, 1)), { before: ['b'], after: ['d'] });
    assert.deepEqual(idsOf(await log.neighbours(row, 9)), { before: ['a', 'b'], after: ['d', 'e'] });
  }));

test('RequestLog.neighbours tells requests of one millisecond and of no API key apart', () =>
  withStorage(async ({ log }) => {
    const anonymous = { sessionId: 's', apiKeyId: null, startedAtMs: NOW_MS };
    for (const id of ['2', '1', '3']) log.append(requestRow({ id, ...anonymous }));
    const found = await log.neighbours(requestRow({ id: '2', ...anonymous }), 5);
    assert.deepEqual(idsOf(found), { before: ['1'], after: ['3'] });
  }));

test('RequestLog.neighbours finds none for a row without a session', () =>
  withStorage(async ({ log }) => {
    for (const id of ['1', '2']) log.append(requestRow({ id, sessionId: null }));
    const found = await log.neighbours(requestRow({ id: '1', sessionId: null }), 5);
    assert.deepEqual(idsOf(found), { before: [], after: [] });
  }));

function idsOf({ before, after }: { before: { id: string }[]; after: { id: string }[] }) {
  return { before: before.map(({ id }) => id), after: after.map(({ id }) => id) };
}
