// An account's past as the health timeline shows it. Pure.

import type { StripCell } from '../../charts/strip.ts';
import type { Format } from '../../lib/format.ts';
import { hitRateOf } from '../../lib/group-use.ts';
import { requestsLink } from '../../lib/request-filter.ts';

export interface PastBucket {
  from: string;
  to: string;
  total: number;
  reportedRequests: number;
  tokenCacheHitRate: number;
  timeToFirstTokenMs: { p50: number | null };
}

/** Failures are counted apart: a request that its caller gave up is not the account's fault. */
export function cellsOf(
  { all, failed }: { all: readonly PastBucket[]; failed: readonly { from: string; total: number }[] },
  options: { accountId: string; format: Format; labels: { ttft: string; hitRate: string } },
): StripCell[] {
  const { accountId, format, labels } = options;
  const failures = new Map(failed.map(({ from, total }) => [from, total]));
  return all.map((bucket) => ({
    fromMs: Date.parse(bucket.from),
    toMs: Date.parse(bucket.to),
    total: bucket.total,
    failed: failures.get(bucket.from) ?? 0,
    href: requestsLink({ account: accountId, from: bucket.from, to: bucket.to }),
    facts: [
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
