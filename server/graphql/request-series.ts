// The request log over time: the same figures for each bucket.

import { bucketEdges, isTimeZone, MAX_BUCKETS } from '../analysis/time-buckets.ts';
import type { RequestTotals } from '../gateway/log-queries.ts';
import { BY_OWN_KEY, badInput, builder, OWN } from './builder.ts';
import { ownFilter } from './own-rows.ts';
import { RequestFiguresRef } from './request-figures.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';

const MIN_BUCKET_SECONDS = 60;
const MAX_BUCKET_SECONDS = 2_592_000;
/** Buckets of a series that states no beginning. */
const DEFAULT_BUCKETS = 100;

export interface TimeBucket extends RequestTotals {
  fromMs: number;
  toMs: number;
}

const RequestBucketRef = builder.objectRef<TimeBucket>('RequestBucket').implement({
  description: 'Figures over the requests that started in one bucket of time, `[from, to)`.',
  authScopes: OWN,
  interfaces: [RequestFiguresRef],
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Where it begins.', resolve: ({ fromMs }) => fromMs }),
    to: t.field({
      type: 'DateTime',
      description: 'Where the next one begins.',
      resolve: ({ toMs }) => toMs,
    }),
  }),
});

builder.queryField('requestSeries', (t) =>
  t.field({
    type: [RequestBucketRef],
    ...BY_OWN_KEY,
    description: `Figures over time, oldest bucket first, empty ones included; at most ${MAX_BUCKETS}. Buckets are whole ones of the clock: the first begins at or before \`from\` of the filter, the last ends at or after \`to\`, but only requests of the filter count. Without \`to\` it ends now, without \`from\` it begins ${DEFAULT_BUCKETS} buckets before. Times are UTC unless a zone is given.`,
    args: {
      filter: t.arg({ type: RequestLogFilter }),
      bucketSeconds: t.arg.int({
        required: true,
        description: `Length of a bucket in seconds, ${MIN_BUCKET_SECONDS} to ${MAX_BUCKET_SECONDS}.`,
      }),
      timeZone: t.arg.string({
        description:
          'IANA name such as Europe/Berlin. Buckets of whole days or hours then begin when a day or hour begins there: a day has 23 or 25 hours when its clocks are changed. Default UTC.',
      }),
    },
    resolve: async (_root, args, { parts, visitor }) => {
      const filter = ownFilter(visitor, requestFilter(args.filter));
      const edges = edgesOf(filter, {
        nowMs: parts.clock.nowMs(),
        bucketSeconds: args.bucketSeconds,
        timeZone: args.timeZone ?? null,
      });
      return bucketsOf(edges, await parts.log.series(filter, edges));
    },
  }),
);

function bucketsOf(edges: readonly number[], totals: readonly RequestTotals[]): TimeBucket[] {
  return totals.map((figures, index) => ({
    ...figures,
    fromMs: edges[index] ?? 0,
    toMs: edges[index + 1] ?? 0,
  }));
}

function edgesOf(
  filter: { fromMs?: number; toMs?: number },
  options: { nowMs: number; bucketSeconds: number; timeZone: string | null },
): number[] {
  const { bucketSeconds, timeZone } = options;
  if (bucketSeconds < MIN_BUCKET_SECONDS || bucketSeconds > MAX_BUCKET_SECONDS) {
    throw badInput(
      `Cannot make buckets: bucketSeconds must be ${MIN_BUCKET_SECONDS} to ${MAX_BUCKET_SECONDS}`,
    );
  }
  if (timeZone !== null && !isTimeZone(timeZone)) {
    throw badInput('Cannot make buckets: timeZone must be an IANA name such as Europe/Berlin');
  }
  const toMs = filter.toMs ?? options.nowMs;
  const fromMs = filter.fromMs ?? toMs - (DEFAULT_BUCKETS - 1) * bucketSeconds * 1000;
  if (fromMs > toMs) throw badInput('Cannot make buckets: from must not be after to');
  const edges = bucketEdges({ fromMs, toMs, bucketSeconds, timeZone });
  if (!edges) throw badInput(`Cannot make buckets: there would be more than ${MAX_BUCKETS}`);
  return edges;
}
