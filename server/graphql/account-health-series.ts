// What an account did over time: how the attempts at it ended, whoever answered in the end.

import { MAX_BUCKETS } from '../analysis/time-buckets.ts';
import { FAILURE_KINDS, type FailureKind } from '../gateway/faults.ts';
import type { AttemptCount } from '../gateway/log-queries.ts';
import { builder, VIEWER } from './builder.ts';
import { rawId } from './global-id.ts';
import { BUCKET_SECONDS_HINT, edgesOf, TIME_ZONE_HINT } from './series-edges.ts';

interface HealthBucket {
  fromMs: number;
  toMs: number;
  attempts: number;
  succeeded: number;
  failed: Record<FailureKind, number>;
}

const AccountHealthBucketRef = builder.objectRef<HealthBucket>('AccountHealthBucket').implement({
  description:
    "Attempts at one account for the requests that started in one bucket of time, `[from, to)`. Neither succeeded nor failed: the caller's own mistakes, and what the caller or a shutdown broke off.",
  authScopes: VIEWER,
  fields: (t) => {
    const failures = (kind: FailureKind, description: string) =>
      t.int({ description, resolve: ({ failed }) => failed[kind] });
    return {
      from: t.field({ type: 'DateTime', description: 'Where it begins.', resolve: ({ fromMs }) => fromMs }),
      to: t.field({
        type: 'DateTime',
        description: 'Where the next one begins.',
        resolve: ({ toMs }) => toMs,
      }),
      attempts: t.exposeInt('attempts', { description: 'Tries at the account, however they ended.' }),
      succeeded: t.exposeInt('succeeded', { description: 'Attempts that were answered.' }),
      failed: t.int({
        description: 'Attempts that failed for whatever reason; the sum of the five that follow.',
        resolve: ({ failed }) => Object.values(failed).reduce((sum, count) => sum + count, 0),
      }),
      rateLimited: failures('rate-limited', 'Failed attempts: 429, or the budget of the account was spent.'),
      refused: failures('refused', 'Failed attempts: its credential or permission was refused.'),
      serverErrors: failures('server', 'Failed attempts: the provider failed or had no room.'),
      networkErrors: failures(
        'network',
        'Failed attempts: no connection, none that held, or no reply in time.',
      ),
      otherFailures: failures('other', 'Failed attempts: a redirect, or a model it does not know.'),
    };
  },
});

builder.queryField('accountHealthSeries', (t) =>
  t.field({
    type: [AccountHealthBucketRef],
    description: `What an account did over time, oldest bucket first, empty ones included; at most ${MAX_BUCKETS}. Each attempt at it counts, also when another account answered afterwards, and those of keep-warm pings; the bucket is that of its request. Buckets are those of \`requestSeries\`. The past of a deleted account is told as long as the log has it.`,
    args: {
      accountId: t.arg.id({ required: true, description: 'Id of the account.' }),
      from: t.arg({ type: 'DateTime', description: 'Requests that started then or later.' }),
      to: t.arg({ type: 'DateTime', description: 'Requests that started before. Default now.' }),
      bucketSeconds: t.arg.int({ required: true, description: BUCKET_SECONDS_HINT }),
      timeZone: t.arg.string({ description: TIME_ZONE_HINT }),
    },
    resolve: async (_root, { accountId, from, to, bucketSeconds, timeZone }, { parts }) => {
      const range = { ...(from != null && { fromMs: from }), ...(to != null && { toMs: to }) };
      const nowMs = parts.clock.nowMs();
      const edges = edgesOf(range, { nowMs, bucketSeconds, timeZone: timeZone ?? null });
      const asked = edges.map((ms) => Math.min(Math.max(ms, from ?? ms), to ?? ms));
      const series = await parts.log.attemptSeries(rawId('Account', accountId), asked);
      return series.map((counts, index) => bucketOf(counts, edges[index] ?? 0, edges[index + 1] ?? 0));
    },
  }),
);

function bucketOf(counts: readonly AttemptCount[], fromMs: number, toMs: number): HealthBucket {
  const bucket: HealthBucket = {
    fromMs,
    toMs,
    attempts: 0,
    succeeded: 0,
    failed: { 'rate-limited': 0, refused: 0, server: 0, network: 0, other: 0 },
  };
  for (const { outcome, fault, attempts } of counts) {
    bucket.attempts += attempts;
    if (fault !== null) bucket.failed[FAILURE_KINDS[fault] ?? 'other'] += attempts;
    // Older rows do not tell why another account was tried.
    else if (outcome === 'retryable') bucket.failed.other += attempts;
    else if (outcome === 'ok') bucket.succeeded += attempts;
  }
  return bucket;
}
