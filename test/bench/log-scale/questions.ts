// What the panel's pages ask of the request log, each as a whole document. Pure.

import type { GraphQLSchema } from 'graphql';
import { encodeGlobalId } from '../../../server/graphql/global-id.ts';
import { RARE_TEXT } from './failures.ts';
import type { LogFile } from './log-file.ts';
import { problemOf, wholeSelection } from './selection.ts';

export interface Question {
  name: string;
  /** In the words of GraphQL; `nowMs` is what the panel takes for now. */
  document(nowMs: number): string;
  /** Why it cannot be asked; null when it can. */
  problem: string | null;
}

type Facts = Pick<LogFile, 'world' | 'about'>;

const HOUR_MS = 3_600_000;
const PERIODS = { '24 h': 24, '7 d': 168, '30 d': 720 } as const;
/** As the panel's list. */
const PAGE = `nodes {
  id startedAt path requestedModel apiKeyName surface streamed status outcome errorCode affinity missCause keepWarm
  inputTokens outputTokens cacheReadTokens cacheWriteTokens usageSource costUsd savedUsd timeToFirstTokenMs latencyMs
  account { id name } provider { id name }
} pageInfo { hasNextPage endCursor }`;

/** A page's part of the questions, in its place. */
type Draft = [name: string, document: (nowMs: number) => string];

export function questionsOf(schema: GraphQLSchema, facts: Facts): Question[] {
  const whole = (field: string, args: string) =>
    `{ ${field}(${args})${wholeSelection(schema, field) ?? ''} }`;
  const drafts: Draft[] = [
    ...pages(facts),
    ...stats(facts, whole),
    ...series(facts, whole),
    ...groups(whole),
    ...analyses(facts, whole),
    ['affinityStats', () => `{ affinityStats${wholeSelection(schema, 'affinityStats') ?? ''} }`],
  ];
  return drafts.map(([name, document]) => ({
    name,
    document,
    problem: problemOf(schema, document(facts.about.lastMs)),
  }));
}

/** By what a person narrows a list or a chart. */
function filters({ world, about }: Facts): Record<string, string> {
  const busiestKey = world.keys[0]?.row;
  const quietKey = world.keys.at(-1)?.row;
  const id = (type: string, raw: string | undefined) => `"${encodeGlobalId(type, raw ?? '')}"`;
  return {
    'busiest key': `apiKeyId: ${id('ApiKey', busiestKey?.id)}`,
    'quiet key': `apiKeyId: ${id('ApiKey', quietKey?.id)}`,
    user: `userId: ${id('User', world.users[1]?.id)}`,
    model: `modelId: ${id('Model', world.models[0]?.id)}`,
    account: `accountId: ${id('Account', world.accounts[0]?.id)}`,
    'rare account': `accountId: ${id('Account', world.rareAccount.id)}`,
    provider: `providerId: ${id('Provider', world.providers[1]?.id)}`,
    'key name': `apiKeyName: "${quietKey?.name.toUpperCase()}"`,
    failed: 'outcome: FAILED',
    'status 429': 'status: 429',
    'status 413': 'status: 413',
    session: `sessionId: "${about.sessionId}"`,
    'miss cause': 'missCause: TTL_EXPIRED',
    'rare miss cause': 'missCause: BELOW_MINIMUM',
    'keep-warm': 'keepWarm: true',
    slow: 'minLatencyMs: 60000',
    expensive: 'minCostUsd: 1',
    'frequent text': 'search: "sonnet"',
    'rare text': `search: "${RARE_TEXT}"`,
    'request id': `search: "${about.requestId}"`,
  };
}

/** The panel does not ask how many rows match what only the rows themselves tell. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  'slow',
  'expensive',
  'frequent text',
  'rare text',
  'request id',
]);

function pages(facts: Facts): Draft[] {
  const page = (filter: string) => `{ requestLogs(first: 100${filter}) { ${PAGE} } }`;
  const count = (filter: string) => `{ requestLogs(first: 1${filter}) { totalCount } }`;
  const narrowed = Object.entries(filters(facts));
  return [
    ['page', () => page('')],
    ...narrowed.map(([name, filter]): Draft => [`page, ${name}`, () => page(`, filter: { ${filter} }`)]),
    ['page, 30 d back', (nowMs) => page(`, filter: { to: ${time(nowMs - 29 * 24 * HOUR_MS)} }`)],
    ['count', () => count('')],
    ['count, 7 d', (nowMs) => count(`, filter: { from: ${time(nowMs - 168 * HOUR_MS)} }`)],
    ...narrowed
      .filter(([name]) => !UNCOUNTED.has(name))
      .map(([name, filter]): Draft => [`count, ${name}`, () => count(`, filter: { ${filter} }`)]),
  ];
}

type Whole = (field: string, args: string) => string;

function stats(facts: Facts, whole: Whole): Draft[] {
  const drafts = periods().map(
    ([period, hours]): Draft => [
      `stats, ${period}`,
      (nowMs) => whole('requestLogStats', `filter: { from: ${time(nowMs - hours * HOUR_MS)} }`),
    ],
  );
  const narrowed = filters(facts);
  for (const name of [
    'busiest key',
    'quiet key',
    'user',
    'model',
    'account',
    'provider',
    'failed',
    'session',
  ]) {
    drafts.push([
      `stats, 30 d, ${name}`,
      (nowMs) =>
        whole('requestLogStats', `filter: { from: ${time(nowMs - 720 * HOUR_MS)}, ${narrowed[name]} }`),
    ]);
  }
  return drafts;
}

function series(facts: Facts, whole: Whole): Draft[] {
  const narrowed = filters(facts);
  const spans = [
    ['1 h by minute', 1, 60, ''],
    ['24 h by 15 min', 24, 900, ''],
    ['7 d by 6 h', 168, 21_600, ''],
    ['30 d by day', 720, 86_400, ''],
    ['30 d by day, busiest key', 720, 86_400, `, ${narrowed['busiest key']}`],
    ['30 d by day, model', 720, 86_400, `, ${narrowed.model}`],
    ['30 d by day, account', 720, 86_400, `, ${narrowed.account}`],
  ] as const;
  return [
    ...spans.map(
      ([name, hours, bucketSeconds, filter]): Draft => [
        `series, ${name}`,
        (nowMs) => {
          const from = time(nowMs - hours * HOUR_MS);
          return whole(
            'requestSeries',
            `filter: { from: ${from}${filter} }, bucketSeconds: ${bucketSeconds}`,
          );
        },
      ],
    ),
    ...health(narrowed.account ?? '', whole),
  ];
}

/** Of one account, as its timeline asks. */
function health(account: string, whole: Whole): Draft[] {
  return [
    ['24 h by 15 min', 24, 900],
    ['7 d by hour', 168, 3_600],
    ['30 d by hour', 720, 3_600],
  ].map(
    ([name, hours, bucketSeconds]): Draft => [
      `account health, ${name}`,
      (nowMs) => {
        const from = time(nowMs - Number(hours) * HOUR_MS);
        return whole('accountHealthSeries', `${account}, from: ${from}, bucketSeconds: ${bucketSeconds}`);
      },
    ],
  );
}

function groups(whole: Whole): Draft[] {
  return ['API_KEY', 'USER', 'MODEL', 'ACCOUNT', 'OUTCOME'].flatMap((by) =>
    periods().map(
      ([period, hours]): Draft => [
        `groups, ${by}, ${period}`,
        (nowMs) => whole('requestGroups', `filter: { from: ${time(nowMs - hours * HOUR_MS)} }, by: ${by}`),
      ],
    ),
  );
}

function analyses({ world }: Facts, whole: Whole): Draft[] {
  const user = `"${encodeGlobalId('User', world.users[1]?.id ?? '')}"`;
  return periods().flatMap(([period, hours]): Draft[] => [
    [`cache hits, ${period}`, () => whole('cacheHitAnalysis', `hours: ${hours}`)],
    [`cache hits, ${period}, user`, () => whole('cacheHitAnalysis', `hours: ${hours}, userId: ${user}`)],
    [
      `cache misses, ${period}`,
      (nowMs) => whole('cacheMissAnalysis', `filter: { from: ${time(nowMs - hours * HOUR_MS)} }`),
    ],
    ...['USER', 'API_KEY', 'MODEL', 'SESSION'].map(
      (by): Draft => [`TTL, ${by}, ${period}`, () => whole('ttlAnalysis', `hours: ${hours}, groupBy: ${by}`)],
    ),
    [`timeline, ${period}`, () => whole('intervalTimeline', `hours: ${hours}, limit: 10000`)],
    [
      `timeline, ${period}, by user`,
      () => whole('intervalTimeline', `hours: ${hours}, limit: 10000, includeUserInfo: true`),
    ],
  ]);
}

function periods(): [name: string, hours: number][] {
  return Object.entries(PERIODS);
}

function time(atMs: number): string {
  return `"${new Date(atMs).toISOString()}"`;
}
