// The request log walked in both directions of time: pages, what they say of further ones, and what is refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { START_MS, sampleRow } from './sample-rows.ts';

const KEY_SECRET = 'wp_a-key-that-reads-its-own-rows';
const PAGE = 'nodes { requestId } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const QUERY = `query ($filter: RequestLogFilter, $first: Int, $after: String, $last: Int, $before: String) {
  requestLogs(filter: $filter, first: $first, after: $after, last: $last, before: $before) { ${PAGE} }
}`;

interface LogPage {
  ids: string[];
  hasNext: boolean;
  hasPrevious: boolean;
  start: string | null;
  end: string | null;
}

async function pageOf(
  bench: Bench,
  variables: Record<string, unknown>,
  as: { bearer?: string } = {},
): Promise<LogPage> {
  const { data, errors } = await bench.call(QUERY, variables, as);
  assert.deepEqual(errors ?? [], []);
  const { nodes, pageInfo } = data.requestLogs;
  return {
    ids: nodes.map(({ requestId }: { requestId: string }) => requestId.replace('req-', '')),
    hasNext: pageInfo.hasNextPage,
    hasPrevious: pageInfo.hasPreviousPage,
    start: pageInfo.startCursor,
    end: pageInfo.endCursor,
  };
}

/** r0 and r1 began at once, as did r2 and r3: r4 is the newest, alone. */
async function benchWithRows(): Promise<Bench> {
  const bench = await openBench();
  for (let n = 0; n < 5; n += 1)
    bench.log.append(sampleRow(`r${n}`, { startedAtMs: START_MS + (n >> 1), latencyMs: n * 100 }));
  return bench;
}

test('requestLogs walks back up by last and before, over equal times, each page newest first', async () => {
  const bench = await benchWithRows();
  const oldest = await pageOf(bench, { last: 2 });
  assert.deepEqual([oldest.ids, oldest.hasPrevious, oldest.hasNext], [['r1', 'r0'], true, false]);
  const middle = await pageOf(bench, { last: 2, before: oldest.start });
  assert.deepEqual([middle.ids, middle.hasPrevious, middle.hasNext], [['r3', 'r2'], true, true]);
  const newest = await pageOf(bench, { last: 2, before: middle.start });
  assert.deepEqual([newest.ids, newest.hasPrevious, newest.hasNext], [['r4'], false, true]);
  const beyond = await pageOf(bench, { last: 2, before: newest.start });
  assert.deepEqual([beyond.ids, beyond.hasPrevious, beyond.start], [[], false, null]);
});

test('requestLogs turns round at any cursor without losing or repeating a row', async () => {
  const bench = await benchWithRows();
  const top = await pageOf(bench, { first: 3 });
  assert.deepEqual([top.ids, top.hasNext, top.hasPrevious], [['r4', 'r3', 'r2'], true, false]);
  const below = await pageOf(bench, { first: 1, after: top.end });
  assert.deepEqual([below.ids, below.hasNext, below.hasPrevious], [['r1'], true, true]);
  assert.deepEqual((await pageOf(bench, { last: 200, before: below.start })).ids, top.ids);
  assert.deepEqual((await pageOf(bench, { last: 1, before: below.start })).ids, ['r2']);
});

test('requestLogs says of a page that is exactly full that nothing newer is there', async () => {
  const bench = await benchWithRows();
  const whole = await pageOf(bench, { last: 5 });
  assert.deepEqual([whole.ids.length, whole.hasPrevious, whole.hasNext], [5, false, false]);
  const { start } = await pageOf(bench, { last: 1 });
  const rest = await pageOf(bench, { last: 4, before: start });
  assert.deepEqual([rest.ids, rest.hasPrevious], [['r4', 'r3', 'r2', 'r1'], false]);
  bench.log.append(sampleRow('r5', { startedAtMs: START_MS + 9 }));
  assert.equal((await pageOf(bench, { last: 4, before: start })).hasPrevious, true);
  assert.deepEqual((await pageOf(bench, { last: 4, before: rest.start })).ids, ['r5']);
});

test('requestLogs walks up among the rows that match, also by what each row must be asked', async () => {
  const bench = await benchWithRows();
  const filter = { minLatencyMs: 200 };
  const first = await pageOf(bench, { filter, last: 2 });
  assert.deepEqual([first.ids, first.hasPrevious], [['r3', 'r2'], true]);
  const second = await pageOf(bench, { filter, last: 2, before: first.start });
  assert.deepEqual([second.ids, second.hasPrevious], [['r4'], false]);
  const until = { ...filter, to: new Date(START_MS + 2).toISOString() };
  const ended = await pageOf(bench, { filter: until, last: 2, before: first.start });
  assert.deepEqual([ended.ids, ended.hasPrevious], [[], false]);
});

test('requestLogs goes on upwards where the log looked through many rows and found few', async () => {
  const bench = await benchWithRows();
  const asked: unknown[] = [];
  bench.log.page = async (_filter, options) => {
    asked.push(options);
    if (options.after === null) return { rows: [], reached: { startedAtMs: START_MS + 9, id: '' } };
    return { rows: [sampleRow('r7')], reached: null };
  };
  const nothing = await pageOf(bench, { last: 3 });
  assert.deepEqual([nothing.ids, nothing.hasPrevious, nothing.hasNext], [[], true, false]);
  const found = await pageOf(bench, { last: 3, before: nothing.start });
  assert.deepEqual([found.ids, found.hasPrevious], [['r7'], false]);
  assert.deepEqual(asked, [
    { limit: 4, after: null, isOldestFirst: true },
    { limit: 4, after: { startedAtMs: START_MS + 9, id: '' }, isOldestFirst: true },
  ]);
});

test('requestLogs shows an API key its own rows only, whichever way it walks', async () => {
  const key = { ...UNRESTRICTED, masked: 'wp_a…self', isEnabled: true, createdAtMs: START_MS, userId: null };
  const bench = await openBench({
    rows: { apiKeys: [{ ...key, id: 'own', name: 'own', hash: hashSecret(KEY_SECRET) }] },
  });
  for (let n = 0; n < 6; n += 1)
    bench.log.append(
      sampleRow(`r${n}`, { startedAtMs: START_MS + n, apiKeyId: n % 2 === 0 ? 'own' : 'other' }),
    );
  const as = { bearer: KEY_SECRET };
  const oldest = await pageOf(bench, { last: 2 }, as);
  assert.deepEqual([oldest.ids, oldest.hasPrevious], [['r2', 'r0'], true]);
  const rest = await pageOf(bench, { last: 2, before: oldest.start }, as);
  assert.deepEqual([rest.ids, rest.hasPrevious], [['r4'], false]);
  // A cursor of somebody else's row only says where to begin.
  const { start } = await pageOf(bench, { filter: { apiKeyId: 'other' }, last: 1 });
  assert.deepEqual((await pageOf(bench, { last: 5, before: start }, as)).ids, ['r4', 'r2']);
});

for (const [variables, said] of [
  [{ first: 1, last: 1 }, 'Cannot page by first and last: give one of them'],
  [{ first: 1, after: 'x', before: 'y' }, 'Cannot page by after and before: give one of them'],
  [{ last: 1, after: 'x' }, 'Cannot page by last and after: last goes with before'],
  [{ before: 'x' }, 'Cannot page by before without last: say how many rows'],
  [{ first: 1, before: 'x' }, 'Cannot page by before without last: say how many rows'],
  [{ last: 0 }, 'Cannot page by 0 rows: last must be from 1 to 200'],
  [{ last: 201 }, 'Cannot page by 201 rows: last must be from 1 to 200'],
  [{ first: 0 }, 'Cannot page by 0 rows: first must be from 1 to 200'],
  [{ last: 1, before: 'x' }, 'Cannot read the cursor: it is not one of this list in this order'],
] as const) {
  test(`requestLogs refuses ${JSON.stringify(variables)}`, async () => {
    const { errors } = await (await benchWithRows()).call(QUERY, variables);
    assert.deepEqual(
      errors.map(({ message, extensions }: { message: string; extensions: { code?: string } }) => [
        message,
        extensions.code,
      ]),
      [[said, 'BAD_USER_INPUT']],
    );
  });
}

test('requestLogs begins with the newest fifty when it is asked for no number', async () => {
  const bench = await openBench();
  for (let n = 0; n < 51; n += 1) bench.log.append(sampleRow(`r${n}`, { startedAtMs: START_MS + n }));
  const page = await pageOf(bench, { first: null, last: null });
  assert.deepEqual([page.ids.length, page.ids[0], page.hasNext, page.hasPrevious], [50, 'r50', true, false]);
});
