// The request log as a file: who gets it, which rows, how each cell is written, and that millions of rows are no matter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphQLInputObjectType, isEnumType } from 'graphql';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import type { RequestLog } from '../../server/gateway/log-queries.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { csvLine } from '../../server/graphql/csv.ts';
import { EXPORT_PARAMETERS, readExportQuery } from '../../server/graphql/export-query.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { createLogExport, type LogExport } from '../../server/graphql/log-export.ts';
import { schema } from '../../server/graphql/schema.ts';
import { ADMIN_TOKEN, type Bench, ORIGIN, openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const OWN_SECRET = 'wp_a-key-that-reads-its-own-rows';

interface Asked {
  bearer?: string | null;
  headers?: Record<string, string>;
  method?: string;
  signal?: AbortSignal;
}

function ask(exporter: LogExport, path: string, asked: Asked = {}): Promise<Response> {
  const { bearer = ADMIN_TOKEN, headers = {}, method = 'GET', signal } = asked;
  const authorization: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  const request = new Request(`${ORIGIN}/admin/export/${path}`, {
    method,
    headers: { ...authorization, ...headers },
    ...(signal && { signal }),
  });
  return exporter.fetch(request, { isLoopback: true });
}

async function openExport(rows: RequestRow[] = []): Promise<{ bench: Bench; exporter: LogExport }> {
  const given = sampleRows();
  const own = {
    ...UNRESTRICTED,
    id: 'k9',
    name: 'own',
    hash: hashSecret(OWN_SECRET),
    masked: 'wp_a…rows',
    userId: null,
    isEnabled: true,
    createdAtMs: START_MS,
  };
  const bench = await openBench({ rows: { ...given, apiKeys: [...(given.apiKeys ?? []), own] } });
  bench.log.rows = rows;
  return { bench, exporter: createLogExport(bench.parts) };
}

const requestIds = async (reply: Response) =>
  (await reply.text())
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).requestId);

test('an export as CSV states every column, newest row first', async () => {
  const { exporter } = await openExport([
    sampleRow('r1', { errorMessage: 'a, "b"\r\nc', missCause: 'ttl-expired' }),
    sampleRow('r2', { startedAtMs: START_MS + 1, savedNanoUsd: -4_000, costNanoUsd: null, sessionId: null }),
  ]);
  const reply = await ask(exporter, 'requests.csv');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  assert.equal(
    reply.headers.get('content-disposition'),
    'attachment; filename="requests-2026-11-21T22-00-00.csv"',
  );
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  const row = (id: string, at: string, error: string, session: string, money: string, cause: string) =>
    `${encodeGlobalId('RequestLog', id)},req-${id},${at},2026-11-21T22:00:00.900Z,/v1/messages,anthropic-messages,anthropic-messages,true,sonnet,claude-sonnet-4-5,claude-sonnet-4-5-20250929,200,ok,,${error},ada-laptop,ada,${session},anthropic,main,team-a,1,1000,50,,800,100,100,0,upstream,${money},0.00024,0,,table-1,1,300,900,hit,went to the account it is bound to,900,${cause},false\r\n`;
  assert.equal(
    await reply.text(),
    'id,requestId,startedAt,finishedAt,path,surface,endpointSurface,streamed,requestedModel,model,upstreamModel,status,outcome,errorCode,errorMessage,apiKey,user,sessionId,provider,endpoint,account,attempts,inputTokens,outputTokens,reasoningTokens,cacheReadTokens,cacheWriteTokens,cacheWrite5mTokens,cacheWrite1hTokens,usageSource,costUsd,savedUsd,cacheReadUsd,cacheWriteUsd,credits,priceVersion,queueMs,timeToFirstTokenMs,latencyMs,affinity,affinityReason,expectedWarmTokens,missCause,keepWarm\r\n' +
      row('r2', '2026-11-21T22:00:00.001Z', '', '', ',-0.000004', '') +
      row('r1', '2026-11-21T22:00:00.000Z', '"a, ""b""\r\nc"', 'session-1', '0.0015,0.00216', 'ttl-expired'),
  );
});

test('an export as JSON lines has the same columns, nulls kept', async () => {
  const { exporter } = await openExport([sampleRow('r1', { costNanoUsd: null })]);
  const reply = await ask(exporter, 'requests.jsonl');
  assert.equal(reply.headers.get('content-type'), 'application/jsonl; charset=utf-8');
  const row = JSON.parse(await reply.text());
  const header = (await (await ask(exporter, 'requests.csv')).text()).split('\r\n')[0];
  assert.equal(Object.keys(row).join(','), header);
  assert.deepEqual(
    [row.costUsd, row.savedUsd, row.streamed, row.model],
    [null, 0.00216, true, 'claude-sonnet-4-5'],
  );
});

test('csvLine() writes no formula, and numbers as numbers', () => {
  const cases: [Parameters<typeof csvLine>[0][number], string][] = [
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['\n=1', '"\'\n=1"'],
    ['  =1', "'  =1"],
    ['＝1', "'＝1"],
    ['＠SUM(A1)', "'＠SUM(A1)"],
    ['a=1', 'a=1'],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['', ''],
    [null, ''],
    [-12.5, '-12.5'],
    [0, '0'],
    [1e-9, '0.000000001'],
    [-2.5e-7, '-0.00000025'],
    [1_234_567_890_123, '1234567890123'],
    [true, 'true'],
    ['中文', '中文'],
  ];
  for (const [cell, written] of cases) assert.equal(csvLine([cell, 'x']), `${written},x\r\n`);
});

test('an export begins with a byte order mark when it is asked to', async () => {
  const { exporter } = await openExport();
  const first = async (path: string) =>
    [...new Uint8Array(await (await ask(exporter, path)).arrayBuffer())].slice(0, 3);
  assert.deepEqual(await first('requests.csv?bom=1'), [0xef, 0xbb, 0xbf]);
  assert.deepEqual(await first('requests.csv?bom=0'), [...new TextEncoder().encode('id,')]);
});

test('an export is of the rows that match', async () => {
  const { exporter } = await openExport([
    sampleRow('r1'),
    sampleRow('r2', { outcome: 'client-gone', status: 499, apiKeyId: 'k2', startedAtMs: START_MS + 1_000 }),
    sampleRow('r3', { apiKeyId: 'k2', startedAtMs: START_MS + 2_000 }),
  ]);
  const cases: [string, string[]][] = [
    ['', ['req-r3', 'req-r2', 'req-r1']],
    ['outcome=CLIENT_GONE', ['req-r2']],
    [`apiKeyId=${encodeGlobalId('ApiKey', 'k2')}`, ['req-r3', 'req-r2']],
    ['apiKeyId=k1', ['req-r1']],
    ['from=2026-11-21T22:00:01Z&to=2026-11-21T22:00:02Z', ['req-r2']],
    ['minStatus=400&search=', ['req-r2']],
    ['minCostUsd=0.0015&minTimeToFirstTokenMs=300&minInputTokens=1000', ['req-r3', 'req-r2', 'req-r1']],
    ['minCostUsd=0.00150001', []],
  ];
  for (const [query, ids] of cases) {
    assert.deepEqual(await requestIds(await ask(exporter, `requests.jsonl?${query}`)), ids, query);
  }
});

test('readExportQuery() knows every field of RequestLogFilter and every value of its enums', () => {
  const input = schema.getType('RequestLogFilter');
  assert.ok(input instanceof GraphQLInputObjectType);
  const fields = Object.values(input.getFields());
  assert.deepEqual(fields.map(({ name }) => name).sort(), Object.keys(EXPORT_PARAMETERS).sort());
  for (const { name, type } of fields) {
    if (!isEnumType(type)) continue;
    for (const value of type.getValues()) {
      const query = readExportQuery(new URLSearchParams([[name, value.name]]));
      assert.deepEqual(query, { filter: { [name]: value.value }, hasBom: false });
    }
  }
});

test('an export names every parameter that it cannot use', async () => {
  const { exporter } = await openExport();
  const account = encodeGlobalId('Account', 'a1');
  const reply = await ask(
    exporter,
    `requests.csv?from=yesterday&outcome=FINE&status=2e2&keepWarm=yes&apiKeyId=${account}&nothing=1&bom=x&to=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`,
  );
  assert.equal(reply.status, 400);
  assert.deepEqual((await reply.json()).error.parameters, [
    'from',
    'outcome',
    'status',
    'keepWarm',
    'apiKeyId',
    'nothing',
    'bom',
    'to',
  ]);
});

test('an export is for those who may read the log, and from this site', async () => {
  const { exporter, bench } = await openExport();
  const status = async (path: string, asked: Asked = {}) => (await ask(exporter, path, asked)).status;
  assert.equal(await status('requests.csv', { bearer: null }), 401);
  assert.equal(await status('requests.csv', { bearer: 'wrong' }), 401);
  assert.equal(await status('requests.csv', { headers: { 'sec-fetch-site': 'cross-site' } }), 403);
  assert.equal(await status('requests.csv', { headers: { 'sec-fetch-site': 'same-origin' } }), 200);
  assert.equal(await status('requests.csv', { method: 'POST' }), 405);
  assert.equal(await status('requests.xlsx'), 404);
  assert.equal(await status('constructor'), 404);
  assert.deepEqual(bench.logged, []);
});

test('an API key exports its own rows, without the upstream that answered', async () => {
  const { exporter } = await openExport([sampleRow('mine', { apiKeyId: 'k9' }), sampleRow('other')]);
  const own = { bearer: OWN_SECRET };
  const reply = await ask(exporter, 'requests.jsonl', own);
  const row = JSON.parse(await reply.text());
  assert.deepEqual([row.requestId, row.account, row.provider, row.endpoint], ['req-mine', null, null, null]);
  assert.equal((await ask(exporter, 'requests.jsonl?apiKeyId=k9', own)).status, 200);
  assert.equal((await ask(exporter, 'requests.jsonl?apiKeyId=k1', own)).status, 403);
});

/** A log of so many rows, made as they are asked for; counts the pages. */
function endlessLog(bench: Bench, total: number) {
  const counts = { pages: 0, largest: 0 };
  const log: RequestLog = Object.create(bench.log);
  log.page = (_filter, { limit, after }) => {
    counts.pages += 1;
    counts.largest = Math.max(counts.largest, limit);
    const from = after === null ? 0 : Number(after.id) + 1;
    const rows = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, index) =>
      sampleRow(String(from + index), { startedAtMs: START_MS - from - index }),
    );
    const last = rows.at(-1);
    return Promise.resolve({ rows, reached: last ? { startedAtMs: last.startedAtMs, id: last.id } : null });
  };
  return { exporter: createLogExport({ ...bench.parts, log }), counts };
}

test('an export reads a page only when the one before has been taken, and stops when its reader leaves', async () => {
  const { bench } = await openExport();
  const { exporter, counts } = endlessLog(bench, 50_000_000);
  const reader = (await ask(exporter, 'requests.jsonl')).body?.getReader();
  assert.ok(reader);
  assert.equal(counts.pages, 0);
  for (let page = 1; page <= 3; page += 1) {
    await reader.read();
    assert.equal(counts.pages, page);
  }
  assert.ok(counts.largest <= 500);
  await reader.cancel();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(counts.pages, 3);
});

test('an export of many rows has each once', async () => {
  const { bench } = await openExport();
  const { exporter, counts } = endlessLog(bench, 20_000);
  const ids = await requestIds(await ask(exporter, 'requests.jsonl'));
  assert.equal(ids.length, 20_000);
  assert.equal(new Set(ids).size, 20_000);
  assert.deepEqual([ids[0], ids.at(-1), counts.pages], ['req-0', 'req-19999', 41]);
});

test('exports are few at a time, and each that ends or is left makes room', async () => {
  const { bench } = await openExport();
  const { exporter } = endlessLog(bench, 10_000);
  const abort = new AbortController();
  const first = await ask(exporter, 'requests.csv', { signal: abort.signal });
  const others = await Promise.all([1, 2, 3].map(() => ask(exporter, 'requests.csv')));
  const refused = await ask(exporter, 'requests.csv');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '10']);
  abort.abort();
  assert.equal((await ask(exporter, 'requests.csv')).status, 200);
  assert.equal((await ask(exporter, 'requests.csv')).status, 429);
  await others[0]?.text();
  await others[1]?.body?.cancel();
  assert.equal((await ask(exporter, 'requests.csv')).status, 200);
  assert.equal((await ask(exporter, 'requests.csv')).status, 200);
  assert.equal((await ask(exporter, 'requests.csv')).status, 429);
  await first.body?.cancel().catch(() => undefined);
});

test('an export that nobody reads ends after a minute and makes room', async () => {
  const { bench, exporter } = await openExport(
    Array.from({ length: 1200 }, (_, index) => sampleRow(String(index).padStart(4, '0'))),
  );
  const stuck = await Promise.all([1, 2, 3, 4].map(() => ask(exporter, 'requests.csv')));
  assert.equal((await ask(exporter, 'requests.csv')).status, 429);
  const reader = stuck[0]?.body?.getReader();
  await reader?.read();
  await bench.clock.advance(59_000);
  await reader?.read();
  await bench.clock.advance(2_000);
  const next = await Promise.all([1, 2, 3, 4].map(() => ask(exporter, 'requests.csv')));
  // The one that was read on has its place.
  assert.deepEqual(
    next.map(({ status }) => status),
    [200, 200, 200, 429],
  );
  await assert.rejects(stuck[1]?.body?.getReader().read() ?? Promise.resolve(), /not read for 60 s/);
  await Promise.all([reader?.cancel(), ...next.map((reply) => reply.body?.cancel())]);
  assert.equal(bench.clock.pendingTimers, 0);
});

test('an export that fails half-way breaks off and is told of', async () => {
  const { bench } = await openExport();
  const { exporter } = endlessLog(bench, 10_000);
  const log: RequestLog = Object.create(bench.log);
  log.page = () => Promise.reject(new Error('Cannot read the log: disk gone'));
  const broken = createLogExport({ ...bench.parts, log });
  await assert.rejects((await ask(broken, 'requests.csv')).text());
  assert.match(String(bench.logged[0]), /disk gone/);
  assert.equal((await ask(exporter, 'requests.csv')).status, 200);
});

test('an export ends with the login it was begun with', async () => {
  const { bench } = await openExport();
  const { exporter } = endlessLog(bench, 10_000);
  const reader = (await ask(exporter, 'requests.jsonl', { bearer: OWN_SECRET })).body?.getReader();
  await reader?.read();
  await bench.parts.catalog.apply([{ kind: 'delete', table: 'api-key', id: 'k9' }]);
  await assert.rejects(Promise.resolve(reader?.read()));
});

test('an export goes on where the log looked through many rows and found none', async () => {
  const { bench } = await openExport();
  const log: RequestLog = Object.create(bench.log);
  const rows = [sampleRow('found')];
  log.page = (_filter, { after }) =>
    Promise.resolve(
      after === null
        ? { rows: [], reached: { startedAtMs: 5, id: '' } }
        : {
            rows: after.startedAtMs === 5 ? rows : [],
            reached: after.startedAtMs === 5 ? { startedAtMs: 3, id: '' } : null,
          },
    );
  const exporter = createLogExport({ ...bench.parts, log });
  const text = await (await ask(exporter, 'requests.jsonl')).text();
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).requestId),
    ['req-found'],
  );
});
