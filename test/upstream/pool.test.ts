// Idle connections: which is used next, and when they are closed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../server/upstream/connection.ts';
import { Pool } from '../../server/upstream/pool.ts';
import type { Socket } from '../../server/upstream/socket.ts';

interface Scene {
  pool: Pool;
  at(ms: number): void;
  /** A connection that is free. */
  free(keepAliveMs?: number): Connection;
  closed: Connection[];
}

function scene(): Scene {
  let nowMs = 0;
  const closed: Connection[] = [];
  const pool = new Pool({ idleMs: 30_000, now: () => nowMs });
  return {
    pool,
    closed,
    at: (ms) => {
      nowMs = ms;
    },
    free: (keepAliveMs) => {
      const connection: Connection = new Connection(
        socketOf(() => closed.push(connection)),
        pool,
      );
      pool.onFree(connection, keepAliveMs ?? null);
      return connection;
    },
  };
}

function socketOf(destroy: () => void): Socket {
  const nothing = () => undefined;
  return { roundTripMs: 5, isFlushed: true, send: nothing, pause: nothing, resume: nothing, destroy };
}

test('Pool.take gives the connection that was used last', () => {
  const { pool, free } = scene();
  const first = free();
  const second = free();
  assert.equal(pool.take(), second);
  assert.equal(pool.take(), first);
  assert.equal(pool.take(), null);
  assert.deepEqual(pool.stats(), { open: 2, idle: 0, dialed: 2 });
});

test('Pool.take does not give what has been idle too long', () => {
  const { pool, free, at, closed } = scene();
  const first = free();
  at(29_999);
  assert.equal(pool.take(), first);
  pool.onFree(first, null);
  at(59_999);
  assert.equal(pool.take(), null);
  assert.deepEqual(closed, [first]);
});

test('Pool.sweep closes what has been idle too long', () => {
  const { pool, free, at, closed } = scene();
  const old = free();
  at(20_000);
  free();
  at(30_000);
  pool.sweep();
  assert.deepEqual(closed, [old]);
  assert.deepEqual(pool.stats(), { open: 1, idle: 1, dialed: 2 });
});

test('Pool.onFree heeds the patience that the peer announces', () => {
  const { pool, free, at, closed } = scene();
  const short = free(5_000);
  free(1_000);
  assert.equal(closed.length, 1);
  at(3_999);
  assert.equal(pool.take(), short);
  pool.onFree(short, 5_000);
  at(7_999);
  assert.equal(pool.take(), null);
});

test('Pool.onFree keeps at most 1,024 connections', () => {
  const { pool, free, closed } = scene();
  for (let count = 0; count < 1_030; count++) free();
  assert.equal(pool.stats().idle, 1_024);
  assert.equal(closed.length, 6);
});

test('Pool.close closes idle connections now and busy ones when they are free', () => {
  const { pool, free, closed } = scene();
  const busy = free();
  assert.equal(pool.take(), busy);
  const idle = free();
  pool.close();
  assert.deepEqual(closed, [idle]);
  pool.onFree(busy, null);
  assert.deepEqual(closed, [idle, busy]);
  assert.equal(pool.stats().open, 0);
});
