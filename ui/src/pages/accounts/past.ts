// An account's past as the health timeline shows it. Pure.

import type { StripCell } from '../../charts/strip.ts';
import type { Format } from '../../lib/format.ts';
import { hitRateOf } from '../../lib/group-use.ts';
import { requestsLink } from '../../lib/request-filter.ts';

export interface HealthBucket {
  from: string;
  attempts: number;
  failed: number;
  rateLimited: number;
  refused: number;
  serverErrors: number;
  networkErrors: number;
  otherFailures: number;
}

/** As the figures come in a cell and in the table. */
const FAILURE_KINDS = [
  'rateLimited',
  'refused',
  'serverErrors',
  'networkErrors',
  'otherFailures',
] as const satisfies readonly (keyof HealthBucket)[];
export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface PastBucket {
  from: string;
  to: string;
  reportedRequests: number;
  tokenCacheHitRate: number;
  timeToFirstTokenMs: { p50: number | null };
}

/** Every attempt at the account counts, whoever answered; the cache and the first token are of what it answered itself. */
export function cellsOf(
  { all, health }: { all: readonly PastBucket[]; health: readonly HealthBucket[] },
  options: { accountId: string; format: Format; labels: Record<FailureKind | 'ttft' | 'hitRate', string> },
): StripCell[] {
  const { accountId, format, labels } = options;
  const healthOf = new Map(health.map((bucket) => [bucket.from, bucket]));
  return all.map(({ from, to, ...bucket }) => ({
    fromMs: Date.parse(from),
    toMs: Date.parse(to),
    total: healthOf.get(from)?.attempts ?? 0,
    failed: healthOf.get(from)?.failed ?? 0,
    // What it failed another account may have answered: then it is not among the requests of this one.
    href: requestsLink({ ...((healthOf.get(from)?.failed ?? 0) === 0 && { account: accountId }), from, to }),
    facts: [
      ...FAILURE_KINDS.map((kind) => ({
        label: labels[kind],
        text: format.count(healthOf.get(from)?.[kind] ?? 0),
      })),
      { label: labels.ttft, text: format.ms(bucket.timeToFirstTokenMs.p50) },
      { label: labels.hitRate, text: format.percent(hitRateOf(bucket)) },
    ],
  }));
}

/** The newest of both lists. */
export function newestOf<Row extends { startedAt: string }>(
  one: readonly Row[],
  other: readonly Row[],
  count: number,
): Row[] {
  return [...one, ...other]
    .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
    .slice(0, count);
}
