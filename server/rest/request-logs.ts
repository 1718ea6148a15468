// The request log as the admin API of Kiro-Go has it: an array with the newest last, numbers without null.

import * as v from 'valibot';
import { type Ask, cleared, type Route, refuseErrors, textOf, wholeNumber } from './route.ts';

/** What its ring buffer held. */
const MAX_ENTRIES = 1000;
const PAGE_ROWS = 200;

const LOGS = `query ($filter: RequestLogFilter, $first: Int, $after: String) {
  requestLogs(filter: $filter, first: $first, after: $after) {
    nodes {
      startedAt path requestedModel status inputTokens outputTokens cacheReadTokens cacheWriteTokens credits latencyMs
      apiKeyName errorMessage apiKey { id }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const count = v.nullable(v.number());
const entry = v.object({
  startedAt: v.string(),
  path: v.string(),
  requestedModel: v.string(),
  status: v.number(),
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  credits: count,
  latencyMs: v.number(),
  apiKeyName: v.nullable(v.string()),
  errorMessage: v.nullable(v.string()),
  apiKey: v.nullable(v.object({ id: v.string() })),
});
type Entry = v.InferOutput<typeof entry>;

const logs = v.object({
  requestLogs: v.object({
    nodes: v.array(entry),
    pageInfo: v.object({ hasNextPage: v.boolean(), endCursor: v.nullable(v.string()) }),
  }),
});

const STATS = `query ($filter: RequestLogFilter) {
  requestLogStats(filter: $filter) { total succeeded failed inputTokens outputTokens cacheReadTokens }
}`;

const stats = v.object({
  requestLogStats: v.object({
    total: v.number(),
    succeeded: v.number(),
    failed: v.number(),
    inputTokens: v.number(),
    outputTokens: v.number(),
    cacheReadTokens: v.number(),
  }),
});

const CLEAR = 'mutation { clearRequestLogs { clearedCount message clearedKeys errors { code message } } }';

export const REQUEST_LOG_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/admin/api/logs',
    answer: async ({ query, ask }) => {
      const limit = wholeNumber(query, 'limit', { least: 1, most: MAX_ENTRIES, otherwise: 100 });
      const newestFirst = await entriesOf(ask, { filter: await keyFilter(query, ask), limit });
      return newestFirst.reverse().map(logEntry);
    },
  },
  {
    method: 'GET',
    path: '/admin/api/logs/stats',
    answer: async ({ query, ask }) => {
      const { requestLogStats: sums } = await ask(STATS, stats, { filter: await keyFilter(query, ask) });
      return {
        total: sums.total,
        success: sums.succeeded,
        failed: sums.failed,
        totalInput: sums.inputTokens,
        totalOutput: sums.outputTokens,
        totalCacheRead: sums.cacheReadTokens,
      };
    },
  },
  {
    method: 'DELETE',
    path: '/admin/api/logs',
    answer: async ({ ask }) => {
      const { clearRequestLogs } = await ask(CLEAR, v.object({ clearRequestLogs: cleared }));
      refuseErrors(clearRequestLogs);
      return { success: true };
    },
  },
];

const KEYS = 'query ($search: String) { apiKeys(search: $search, first: 200) { nodes { id name } } }';
const keys = v.object({
  apiKeys: v.object({ nodes: v.array(v.object({ id: v.string(), name: v.string() })) }),
});

/** `apiKey` is the exact id or name of a key; what is neither matches nothing. */
async function keyFilter(query: URLSearchParams, ask: Ask): Promise<{ apiKeyId: string } | null> {
  const wanted = textOf(query, 'apiKey');
  if (wanted === null) return null;
  const { nodes } = (await ask(KEYS, keys, { search: wanted })).apiKeys;
  return { apiKeyId: nodes.find(({ name }) => name === wanted)?.id ?? wanted };
}

async function entriesOf(
  ask: Ask,
  { filter, limit }: { filter: { apiKeyId: string } | null; limit: number },
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let after: string | null = null; found.length < limit; ) {
    const first = Math.min(PAGE_ROWS, limit - found.length);
    const page: v.InferOutput<typeof logs> = await ask(LOGS, logs, { filter, first, after });
    const { nodes, pageInfo } = page.requestLogs;
    found.push(...nodes);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return found;
}

function logEntry(row: Entry) {
  return {
    timestamp: Date.parse(row.startedAt),
    path: row.path,
    model: row.requestedModel,
    status: row.status,
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
    cacheRead: row.cacheReadTokens ?? 0,
    cacheWrite: row.cacheWriteTokens ?? 0,
    credits: row.credits ?? 0,
    latencyMs: row.latencyMs,
    apiKeyId: row.apiKey?.id ?? '',
    apiKeyName: row.apiKeyName ?? '',
    ...(row.errorMessage === null ? {} : { error: row.errorMessage }),
  };
}
