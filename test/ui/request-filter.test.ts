// Query string → what the API is asked. An address can be edited by hand, so anything may come in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExportQuery } from '../../server/graphql/export-query.ts';
import {
  activeFilters,
  apiFilterOf,
  exportAddress,
  isCountable,
  isLiveFilter,
  jumpOf,
  noFilters,
  requestsLink,
} from '../../ui/src/lib/request-filter.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00.000Z');
const filterOf = (query: string) => apiFilterOf(new URLSearchParams(query), NOW_MS);

test('apiFilterOf carries every filter', () => {
  assert.deepEqual(
    filterOf(
      'q=abc&apiKey=k1&key=ci&model=m1&name=son&account=a1&provider=p1&user=u1&session=s1&status=4xx&outcome=FAILED&affinity=HIT&miss=TTL_EXPIRED' +
        '&surface=OPENAI_CHAT&streamed=no&warm=yes&slow=250&ttft=40&input=9000&cost=0.05&from=2026-11-21T10:00:00Z&to=2026-11-21T11:00:00Z',
    ),
    {
      search: 'abc',
      apiKeyId: 'k1',
      apiKeyName: 'ci',
      modelId: 'm1',
      requestedModel: 'son',
      accountId: 'a1',
      providerId: 'p1',
      userId: 'u1',
      sessionId: 's1',
      minStatus: 400,
      maxStatus: 499,
      outcome: 'FAILED',
      affinity: 'HIT',
      missCause: 'TTL_EXPIRED',
      surface: 'OPENAI_CHAT',
      streamed: false,
      keepWarm: true,
      minLatencyMs: 250,
      minTimeToFirstTokenMs: 40,
      minInputTokens: 9_000,
      minCostUsd: 0.05,
      from: '2026-11-21T10:00:00.000Z',
      to: '2026-11-21T11:00:00.000Z',
    },
  );
});

test('apiFilterOf asks nothing when nothing is set', () => {
  assert.deepEqual(filterOf(''), {});
  assert.deepEqual(filterOf('q=&model=&open=x'), {});
});

test('apiFilterOf leaves out values that mean nothing', () => {
  assert.deepEqual(
    filterOf(
      'status=9xx&outcome=ok&affinity=maybe&miss=NEW_CONTENT&surface=x&streamed=1&slow=-1&ttft=1.5&input=1e9&cost=.5&from=yesterday&period=2y',
    ),
    {},
  );
});

test('apiFilterOf counts a period back from now, and it wins over a range', () => {
  assert.deepEqual(filterOf('period=15m&from=2020-01-01T00:00:00Z'), { from: '2026-11-21T11:45:00.000Z' });
});

test('apiFilterOf reads an exact status', () => {
  assert.deepEqual(filterOf('status=429'), { status: 429 });
});

test('isLiveFilter is false once the range has ended', () => {
  assert.equal(isLiveFilter({}, NOW_MS), true);
  assert.equal(isLiveFilter({ from: '2020-01-01T00:00:00.000Z' }, NOW_MS), true);
  assert.equal(isLiveFilter({ to: '2026-11-21T11:59:59.000Z' }, NOW_MS), false);
  assert.equal(isLiveFilter({ to: '2026-11-21T12:00:01.000Z' }, NOW_MS), true);
});

test('requestsLink and activeFilters are inverse', () => {
  const link = requestsLink({ outcome: 'FAILED', key: 'a&b', model: null });
  assert.equal(link, '/requests?key=a%26b&outcome=FAILED');
  assert.deepEqual(activeFilters(new URL(link, 'http://panel.test').searchParams), ['key', 'outcome']);
  assert.equal(requestsLink({}), '/requests');
});

test('noFilters names every filter', () => {
  const changes = noFilters();
  assert.ok('q' in changes && 'to' in changes);
  assert.ok(Object.values(changes).every((value) => value === null));
});

test('isCountable is false for what only the rows themselves tell', () => {
  for (const [query, isExpected] of [
    ['', true],
    ['key=ci&model=m1&status=4xx', true],
    ['q=abc', false],
    ['slow=250', false],
    ['ttft=40', false],
    ['input=9000', false],
    ['cost=0.05', false],
    ['name=son', false],
  ] as const)
    assert.equal(isCountable(filterOf(query)), isExpected, query);
});

test('apiFilterOf knows today and yesterday in the zone that is shown', () => {
  const of = (query: string) => apiFilterOf(new URLSearchParams(query), NOW_MS, 'Asia/Shanghai');
  assert.deepEqual(of('period=today'), { from: '2026-11-20T16:00:00.000Z' });
  assert.deepEqual(of('period=yesterday'), {
    from: '2026-11-19T16:00:00.000Z',
    to: '2026-11-20T16:00:00.000Z',
  });
  assert.deepEqual(filterOf('period=today'), { from: '2026-11-21T00:00:00.000Z' });
  assert.deepEqual(filterOf('period=30d'), { from: '2026-10-22T12:00:00.000Z' });
});

test('exportAddress() asks the export for the rows of the list', () => {
  assert.equal(exportAddress('csv', {}), '/admin/export/requests.csv');
  assert.equal(exportAddress('jsonl', { outcome: 'OK' }), '/admin/export/requests.jsonl?outcome=OK');
  const everything =
    'q=a%26b&apiKey=k1&key=ci&model=m1&name=son&account=a1&provider=p1&user=u1&session=s1&status=4xx&outcome=CLIENT_GONE' +
    '&affinity=HIT&miss=TTL_EXPIRED&surface=OPENAI_CHAT&streamed=no&warm=yes&slow=250&ttft=40&input=9000&cost=0.05&from=2026-11-21T10:00:00Z&to=2026-11-21T11:00:00Z';
  const address = new URL(exportAddress('csv', filterOf(everything), true), 'http://panel');
  assert.deepEqual(readExportQuery(address.searchParams), {
    hasBom: true,
    filter: {
      search: 'a&b',
      apiKeyId: 'k1',
      apiKeyName: 'ci',
      modelId: 'm1',
      requestedModel: 'son',
      accountId: 'a1',
      providerId: 'p1',
      userId: 'u1',
      sessionId: 's1',
      minStatus: 400,
      maxStatus: 499,
      outcome: 'client-gone',
      affinity: 'hit',
      missCause: 'ttl-expired',
      surface: 'openai-chat',
      isStreamed: false,
      isKeepWarm: true,
      minLatencyMs: 250,
      minTimeToFirstTokenMs: 40,
      minInputTokens: 9_000,
      minCostNanoUsd: 50_000_000,
      fromMs: Date.parse('2026-11-21T10:00:00Z'),
      toMs: Date.parse('2026-11-21T11:00:00Z'),
    },
  });
});

test('jumpOf() reads the moment the list opens at, unless there is a range or it means nothing', () => {
  const read = (query: string) => jumpOf(new URLSearchParams(query));
  assert.equal(read('at=2026-11-19T10:00:00Z&status=429'), '2026-11-19T10:00:00.000Z');
  assert.equal(read('at=2026-11-19T10:00:00Z&period=&to='), '2026-11-19T10:00:00.000Z');
  for (const query of [
    '',
    'at=',
    'at=soon',
    'at=2026-11-19T10:00:00Z&period=7d',
    'at=2026-11-19T10:00:00Z&to=2026-11-20',
  ])
    assert.equal(read(query), null, query);
});

test('apiFilterOf leaves the moment the list opens at to the list', () => {
  assert.deepEqual(apiFilterOf(new URLSearchParams('at=2026-11-19T10:00:00Z'), 0), {});
});
