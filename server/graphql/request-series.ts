// The request log over time: the same figures for each bucket.

import { MAX_BUCKETS } from '../analysis/time-buckets.ts';
import type { RequestTotals } from '../gateway/log-queries.ts';
import { BY_OWN_KEY, builder, OWN } from './builder.ts';
import { ownFilter } from './own-rows.ts';
import { RequestFiguresRef } from './request-figures.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';
import { BUCKET_SECONDS_HINT, DEFAULT_BUCKETS, edgesOf, TIME_ZONE_HINT } from './series-edges.ts';

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
      bucketSeconds: t.arg.int({ required: true, description: BUCKET_SECONDS_HINT }),
      timeZone: t.arg.string({ description: TIME_ZONE_HINT }),
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
