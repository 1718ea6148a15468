// Which sums of the request log are kept, and which of them can answer a question. Pure.

import type { RequestDimension } from '../gateway/log-queries.ts';
import type { RequestFilter } from '../gateway/ports.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** What rows of the log are told apart by in sums. `cause`: of a miss; a request may have several. */
export type Dimension =
  | 'modelId'
  | 'requestedModel'
  | 'accountId'
  | 'providerId'
  | 'apiKeyId'
  | 'apiKeyName'
  | 'userId'
  | 'surface'
  | 'isStreamed'
  | 'status'
  | 'outcome'
  | 'affinity'
  | 'missCause'
  | 'isKeepWarm'
  | 'cause';

/** One table of sums: for each bucket of time a row for each combination of dimensions that occurs. */
export interface Tally {
  table: string;
  dimensions: readonly Dimension[];
  /** Also per minute, for as long as minutes are kept. */
  hasMinutes: boolean;
}

/**
 * Few dimensions make few rows, so there are several tables: the first that knows every dimension of a question answers
 * it. A table for every pair would be as large as the log itself; what is in none is read from the log.
 */
export const REQUEST_TALLIES: readonly Tally[] = [
  { table: 'tallyPlain', dimensions: ['isKeepWarm', 'outcome'], hasMinutes: true },
  { table: 'tallyModel', dimensions: ['modelId', 'isKeepWarm', 'outcome'], hasMinutes: true },
  {
    table: 'tallyReply',
    dimensions: ['surface', 'isStreamed', 'status', 'isKeepWarm', 'outcome'],
    hasMinutes: true,
  },
  {
    table: 'tallyAffinity',
    dimensions: ['affinity', 'missCause', 'isKeepWarm', 'outcome'],
    hasMinutes: true,
  },
  {
    table: 'tallyAccount',
    dimensions: ['accountId', 'providerId', 'isKeepWarm', 'outcome'],
    hasMinutes: true,
  },
  {
    table: 'tallyRequestedModel',
    dimensions: ['requestedModel', 'modelId', 'isKeepWarm', 'outcome'],
    hasMinutes: false,
  },
  {
    table: 'tallyCaller',
    dimensions: ['apiKeyId', 'apiKeyName', 'userId', 'isKeepWarm', 'outcome'],
    hasMinutes: false,
  },
  {
    table: 'tallyCallerRoute',
    dimensions: [
      'apiKeyId',
      'apiKeyName',
      'userId',
      'modelId',
      'accountId',
      'providerId',
      'affinity',
      'isKeepWarm',
      'outcome',
    ],
    hasMinutes: false,
  },
  {
    table: 'tallyRoute',
    dimensions: [
      'accountId',
      'providerId',
      'modelId',
      'surface',
      'isStreamed',
      'status',
      'affinity',
      'missCause',
      'isKeepWarm',
      'outcome',
    ],
    hasMinutes: false,
  },
];

/** The same for cold tokens by cause. */
export const MISS_TALLIES: readonly Tally[] = [
  { table: 'missTallyModel', dimensions: ['cause', 'modelId', 'isKeepWarm'], hasMinutes: false },
  {
    table: 'missTallyAccount',
    dimensions: ['cause', 'modelId', 'accountId', 'providerId', 'isKeepWarm'],
    hasMinutes: false,
  },
  {
    table: 'missTallyCaller',
    dimensions: ['cause', 'modelId', 'apiKeyId', 'apiKeyName', 'userId', 'isKeepWarm'],
    hasMinutes: false,
  },
];

/** Where the `tail` of a row holds the misses: the list of request-records.ts, counted from 0. */
export const MISSES_PATH = '$[20]';

/** Sums of a row of REQUEST_TALLIES; `total` counts its requests. */
export const REQUEST_SUMS = [
  'total',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'credits',
  'costNanoUsd',
  'savedNanoUsd',
  'cacheReadNanoUsd',
  'cacheWriteNanoUsd',
  'reportedRequests',
  'requestsWithCacheRead',
  'unpricedRequests',
] as const;
/** Sums of a row of MISS_TALLIES; `total` counts its misses. */
export const MISS_SUMS = ['total', 'tokens', 'costNanoUsd', 'unpricedTokens'] as const;
/** The rows of REQUEST_TALLIES also tell between which `seq` their requests are. */
export const SEQ_BOUNDS = ['minSeq', 'maxSeq'] as const;
/** Durations of REQUEST_TALLIES that percentiles are taken of; see histogram.ts. */
export const HISTOGRAMS = ['latencyMs', 'timeToFirstTokenMs'] as const;

export const DIMENSION_COLUMNS: Record<RequestDimension, Dimension> = {
  'api-key': 'apiKeyId',
  user: 'userId',
  model: 'modelId',
  account: 'accountId',
  provider: 'providerId',
  surface: 'surface',
  outcome: 'outcome',
  affinity: 'affinity',
};

/** Fields of a filter that sums can be told apart by, and those that leave only the log. */
const FILTER_DIMENSIONS: { [Field in keyof Required<RequestFilter>]: Dimension | 'time' | null } = {
  fromMs: 'time',
  toMs: 'time',
  apiKeyId: 'apiKeyId',
  apiKeyName: 'apiKeyName',
  userId: 'userId',
  modelId: 'modelId',
  requestedModel: 'requestedModel',
  providerId: 'providerId',
  accountId: 'accountId',
  sessionId: null,
  surface: 'surface',
  outcome: 'outcome',
  affinity: 'affinity',
  missCause: 'missCause',
  isStreamed: 'isStreamed',
  isKeepWarm: 'isKeepWarm',
  status: 'status',
  minStatus: 'status',
  maxStatus: 'status',
  minLatencyMs: null,
  minTimeToFirstTokenMs: null,
  minInputTokens: null,
  minCostNanoUsd: null,
  search: null,
};

const PART_FIELDS: ReadonlySet<keyof RequestFilter> = new Set(['apiKeyName', 'requestedModel', 'search']);

/** The dimensions that a filter asks for; null when only the log itself knows what it asks for. */
export function dimensionsOf(filter: RequestFilter): Dimension[] | null {
  const dimensions: Dimension[] = [];
  for (const [field, dimension] of fieldsOf(FILTER_DIMENSIONS)) {
    const value = filter[field];
    if (value === undefined || dimension === 'time') continue;
    // An empty text is no condition on a part of a text, and stands for "none" in a sum.
    if (value === '' && PART_FIELDS.has(field)) continue;
    if (value === '' || dimension === null) return null;
    dimensions.push(dimension);
  }
  return dimensions;
}

function fieldsOf<Fields extends object>(fields: Fields): [keyof Fields, Fields[keyof Fields]][] {
  return Object.entries(fields) as [keyof Fields, Fields[keyof Fields]][];
}

/** The smallest table that knows all of them. */
export function tallyOf(tallies: readonly Tally[], dimensions: readonly Dimension[]): Tally | null {
  return tallies.find((tally) => dimensions.every((one) => tally.dimensions.includes(one))) ?? null;
}
