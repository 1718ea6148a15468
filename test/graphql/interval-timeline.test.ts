// The points of the interval chart, by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const SECOND_MS = 1_000;

async function openWithPoints() {
  const bench = await openBench({ rows: sampleRows() });
  const at = (secondsAgo: number, over: Parameters<typeof sampleRow>[1] = {}) =>
    bench.log.append(
      sampleRow(`r${bench.log.rows.length}`, { startedAtMs: START_MS - secondsAgo * SECOND_MS, ...over }),
    );
  at(20_000);
  // 20,000 - 12,000 s are more than two hours: no point.
  at(12_000);
  at(12_000 - 100, { cacheReadTokens: 0 });
  at(50, { userId: 'u2', apiKeyId: null });
  at(40, { userId: 'u2', apiKeyId: null, modelId: 'm2', cacheReadTokens: null });
  return bench;
}

test('intervalTimeline tells when and after how many minutes', async () => {
  const bench = await openWithPoints();
  const { intervalTimeline } = await bench.ask(`{ intervalTimeline {
    analysisPeriodHours totalPoints availablePoints models users { userId } points { x y userId model cacheRead }
  } }`);
  assert.deepEqual(intervalTimeline, {
    analysisPeriodHours: 24,
    totalPoints: 2,
    availablePoints: 2,
    models: ['claude-sonnet-4-5', 'llama'],
    users: [],
    points: [
      { x: '2026-11-21T18:41:40.000Z', y: 1.67, userId: null, model: 'claude-sonnet-4-5', cacheRead: false },
      { x: '2026-11-21T21:59:20.000Z', y: 0.17, userId: null, model: 'llama', cacheRead: null },
    ],
  });
});

test('intervalTimeline names users when asked to', async () => {
  const bench = await openWithPoints();
  const ask = async (args: string) =>
    (await bench.ask(`{ intervalTimeline(${args}) { users { userId username } points { userId } } }`))
      .intervalTimeline;
  const [ada, bob] = ['u1', 'u2'].map((id) => encodeGlobalId('User', id));
  assert.deepEqual(await ask('includeUserInfo: true'), {
    users: [
      { userId: ada, username: 'ada' },
      { userId: bob, username: 'bob' },
    ],
    points: [{ userId: ada }, { userId: bob }],
  });
  // One user needs no list.
  assert.deepEqual(await ask('includeUserInfo: true, userId: "u2"'), {
    users: [],
    points: [{ userId: bob }],
  });
});

test('intervalTimeline tells the points as columns, too', async () => {
  const bench = await openWithPoints();
  const ask = async (args: string) =>
    (
      await bench.ask(
        `{ intervalTimeline(${args}) { columns { from startedAfterSeconds minutes userIds user models model cacheRead } } }`,
      )
    ).intervalTimeline.columns;
  const columns = {
    from: '2026-11-20T22:00:00.000Z',
    // 20 h 41 min 40 s and 23 h 59 min 20 s after it.
    startedAfterSeconds: [74_500, 86_360],
    minutes: [1.67, 0.17],
    userIds: [],
    user: [null, null],
    models: ['claude-sonnet-4-5', 'llama'],
    model: [0, 1],
    cacheRead: [false, null],
  };
  assert.deepEqual(await ask('hours: 24'), columns);
  assert.deepEqual(await ask('hours: 24, includeUserInfo: true'), {
    ...columns,
    userIds: ['u1', 'u2'].map((id) => encodeGlobalId('User', id)),
    user: [0, 1],
  });
});

test('intervalTimeline of one API key or session has its points alone', async () => {
  const bench = await openBench();
  const at = (minutesAgo: number, over: Parameters<typeof sampleRow>[1]) =>
    bench.log.append(
      sampleRow(`r${minutesAgo}`, { startedAtMs: START_MS - minutesAgo * 60 * SECOND_MS, ...over }),
    );
  at(9, { userId: 'u1', apiKeyId: 'k1', sessionId: 's1' });
  at(8, { userId: 'u1', apiKeyId: 'k2', sessionId: 's2' });
  at(7, { userId: 'u2', apiKeyId: 'k1', sessionId: 's2' });
  at(4, { userId: 'u1', apiKeyId: 'k1', sessionId: 's1' });
  const minutes = async (args: string) => {
    const { intervalTimeline } = await bench.ask(`{ intervalTimeline(${args}) { points { y } } }`);
    return intervalTimeline.points.map(({ y }: { y: number }) => y);
  };
  assert.deepEqual(await minutes('sessionId: "s1"'), [5]);
  // A session that two users share is one.
  assert.deepEqual(await minutes('sessionId: "s2"'), [1]);
  assert.deepEqual(await minutes(`apiKeyId: "${encodeGlobalId('ApiKey', 'k1')}", userId: "u1"`), [5]);
  assert.deepEqual(await minutes('sessionId: "s3"'), []);
});

test('intervalTimeline draws evenly from too many points, the newest included', async () => {
  const bench = await openBench({ rows: sampleRows() });
  for (let ago = 400; ago > 0; ago -= 1) {
    bench.log.append(sampleRow(`r${ago}`, { startedAtMs: START_MS - ago * 60 * SECOND_MS }));
  }
  const { intervalTimeline } = await bench.ask(
    '{ intervalTimeline(limit: 100) { totalPoints availablePoints points { x } } }',
  );
  assert.equal(intervalTimeline.totalPoints, 100);
  assert.equal(intervalTimeline.availablePoints, 399);
  assert.equal(intervalTimeline.points.at(-1).x, '2026-11-21T21:59:00.000Z');
});

test('intervalTimeline refuses limits and hours that make no sense', async () => {
  const bench = await openBench();
  for (const args of ['limit: 99', 'limit: 50001', 'hours: 0', 'hours: 721']) {
    const { errors } = await bench.call(`{ intervalTimeline(${args}) { totalPoints } }`);
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', args);
  }
});
