// The sample of whole sessions, from rows and from what is kept of sessions.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cacheUses } from '../../server/storage/cache-uses.ts';
import { drawOf } from '../../server/storage/interval-draw.ts';
import * as plain from '../graphql/memory-queries.ts';
import { FROM_MS, RANGE, row, withFolded } from './folded-log.ts';
import { NOW_MS } from './scratch.ts';

const HOUR_MS = 3_600_000;

test('cacheUses() draws whole sessions with their chances, about as many requests as wanted', () =>
  withFolded(async ({ db, rows }) => {
    const all = plain.cacheUses(rows, RANGE);
    for (const maxExactRows of [0, 1e9]) {
      const { uses, sample } = await cacheUses(db, RANGE, 800, maxExactRows);
      assert.ok(uses.length >= 400 && uses.length <= 1_100, `${uses.length}`);
      assert.deepEqual(new Set(uses.map(({ sessionId }) => sessionId)), new Set(sample.drawn.keys()));
      assert.ok(Math.abs(sample.sessions - all.sample.sessions) <= 8, `${sample.sessions}`);
      assert.ok(Math.abs(sample.requests / all.sample.requests - 1) <= 0.05, `${sample.requests}`);
      assert.equal(uses.length, all.uses.filter(({ sessionId }) => sample.drawn.has(sessionId)).length);
      for (const [id, { chance }] of sample.drawn) {
        assert.ok(chance > 0 && chance < 1 && drawOf(id) < chance * 65_536, `${id} ${chance}`);
      }
    }
  }));

test('cacheUses() of a closed period stays the same while traffic goes on', () =>
  withFolded(async ({ db, log, fold }) => {
    const closed = { fromMs: FROM_MS, toMs: NOW_MS - 24 * HOUR_MS };
    const questions = () =>
      Promise.all([0, 1e9].map((maxExactRows) => cacheUses(db, closed, 400, maxExactRows)));
    const before = await questions();
    for (let index = 0; index < 200; index += 1) {
      log.append(row(`later-${index}`, NOW_MS - 2 * HOUR_MS + index, { sessionId: `later-${index % 20}` }));
    }
    await log.flush();
    await fold();
    assert.deepEqual(await questions(), before);
  }));

test('cacheUses() draws one session where none would be drawn', () =>
  withFolded(async ({ db }) => {
    for (const maxExactRows of [0, 1e9]) {
      const { uses, sample } = await cacheUses(db, RANGE, 1, maxExactRows);
      assert.ok(sample.drawn.size >= 1 && sample.drawn.size < sample.sessions && uses.length > 0);
    }
  }));
