// `replayPolicy`: what another routing policy, lifetime or pool would have made of the recorded requests. Sends nothing.

import { GraphQLError } from 'graphql';
import type { RequestFilter } from '../gateway/ports.ts';
import { ROUTE_POLICIES } from '../gateway/routing-settings.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import type { AdminDesk } from './desk.ts';
import {
  type PolicyReplay,
  type RecordedTotals,
  type ReplayedPolicy,
  type ReplayRequestOptions,
  replayRecorded,
} from './policy-replay-run.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';
import { RoutePolicyRef } from './settings-enums.ts';

const LIMITS = { requests: 50_000, accounts: 64, slots: 10_000, ttlSeconds: 86_400, hours: 720 };
const DEFAULTS = { requests: 20_000, ttlSeconds: 300, utilisation: 0.7 };
/** The whole replay, reading included. */
const MAX_RUN_MS = 60_000;
const HOUR_MS = 3_600_000;

const ReplayPolicyInput = builder.inputType('ReplayPolicyInput', {
  description: 'Which recorded requests to replay, with which policies, on which pool of accounts.',
  fields: (t) => ({
    filter: t.field({ type: RequestLogFilter, description: 'Which requests; none = all of them.' }),
    hours: t.int({ description: 'Only those of the last so many hours, 1 to 720.' }),
    policies: t.field({
      type: [RoutePolicyRef],
      description: 'The policies to compare; none = all of them.',
    }),
    ttlSeconds: t.int({ description: 'How long prompts stay cached after their last use. Default 300.' }),
    accounts: t.int({
      description:
        'How many equal accounts there are, 1 to 64; none = as many as answered the recorded requests.',
    }),
    slotsPerAccount: t.int({
      description:
        'Concurrent requests that each account takes; none = by `utilisation`. With one each, LEAST_LOADED does as ROUND_ROBIN: whoever is free is idle.',
    }),
    utilisation: t.float({
      description:
        'Without `slotsPerAccount`: share of all slots that would be in use if everything warm were read. Default 0.7.',
    }),
    maxRequests: t.int({ description: 'The newest so many, at most 50,000. Default 20,000.' }),
  }),
});

const RecordedTotalsRef = builder.objectRef<RecordedTotals>('RecordedRoutingTotals').implement({
  description: 'What really happened to the requests of a replay.',
  authScopes: VIEWER,
  fields: (t) => ({
    requests: t.exposeInt('requests', { description: 'How many there were.' }),
    accounts: t.exposeInt('accounts', { description: 'How many accounts answered them.' }),
    hitRate: t.exposeFloat('hitRate', {
      description: 'Share of their input that was read from prompt caches, 0 to 1.',
    }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description: 'USD they cost; null when none has a price.',
    }),
    savedUsd: t.exposeFloat('savedUsd', {
      nullable: true,
      description: 'USD that prompt caches saved; null when none has a price.',
    }),
  }),
});

const ReplayedPolicyRef = builder.objectRef<ReplayedPolicy>('ReplayedPolicy').implement({
  description: 'What one policy would have made of the requests, by simulation.',
  authScopes: VIEWER,
  fields: (t) => ({
    policy: t.field({
      type: RoutePolicyRef,
      description: 'By what accounts were chosen.',
      resolve: ({ policy }) => policy,
    }),
    requests: t.exposeInt('requests', { description: 'Replayed ones, refused ones included.' }),
    slots: t.exposeInt('slots', { description: 'Concurrent requests that all accounts together take.' }),
    hitRate: t.exposeFloat('hitRate', {
      description: 'Share of the input that would have been read from prompt caches, 0 to 1.',
    }),
    shareOfCeiling: t.exposeFloat('shareOfCeiling', {
      description: '`hitRate` as a share of what one account without limits would reach.',
    }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description: 'USD, output included; null when no request has a price.',
    }),
    savedUsd: t.exposeFloat('savedUsd', {
      nullable: true,
      description:
        'USD that prompt caches save against the same requests without them; negative when writing cost more.',
    }),
    meanWaitMs: t.exposeFloat('meanWaitMs', { description: 'Mean wait for an account.' }),
    p95WaitMs: t.exposeFloat('p95WaitMs', { description: '95 % wait at most this long.' }),
    meanTimeToFirstTokenMs: t.float({
      description: 'From arrival to the first token, by a fitted model of service times.',
      resolve: ({ meanFirstByteMs }) => meanFirstByteMs,
    }),
    p95TimeToFirstTokenMs: t.float({
      description: '95 % get their first token within this.',
      resolve: ({ p95FirstByteMs }) => p95FirstByteMs,
    }),
    rejectedShare: t.float({
      description: 'Share of the requests that nobody could take within 30 s, 0 to 1.',
      resolve: ({ refusedShare }) => refusedShare,
    }),
    imbalance: t.exposeFloat('imbalance', {
      description: 'Busy time of the busiest account over the mean; 1 = all are equally busy.',
    }),
    movedRequests: t.int({
      description: 'Times that a session went to another account than before and stayed away.',
      resolve: ({ moved }) => moved,
    }),
    borrowedRequests: t.int({
      description: 'Times that it went elsewhere for one request.',
      resolve: ({ borrowed }) => borrowed,
    }),
  }),
});

const PolicyReplayRef = builder.objectRef<PolicyReplay>('PolicyReplay').implement({
  description:
    'Recorded requests under other policies: who repeats whose prompt comes from the log, accounts are simulated and all alike.',
  authScopes: VIEWER,
  fields: (t) => ({
    requests: t.exposeInt('requests', { description: 'Recorded requests that were replayed.' }),
    truncated: t.exposeBoolean('isTruncated', { description: 'More requests match than were replayed.' }),
    from: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the first of them came; null when there is none.',
      resolve: ({ fromMs }) => fromMs,
    }),
    to: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last of them came.',
      resolve: ({ toMs }) => toMs,
    }),
    accounts: t.exposeInt('accounts', { description: 'Simulated accounts.' }),
    ttlSeconds: t.exposeInt('ttlSeconds', { description: 'Simulated lifetime of cached prompts.' }),
    unpricedRequests: t.exposeInt('unpricedRequests', {
      description: 'Requests whose model has no price: they count nothing in USD.',
    }),
    ceilingHitRate: t.exposeFloat('ceilingHitRate', {
      description: 'Hit rate of one account without limits: no routing can do better with this lifetime.',
    }),
    recorded: t.field({
      type: RecordedTotalsRef,
      description: 'What really happened.',
      resolve: ({ recorded }) => recorded,
    }),
    policies: t.field({
      type: [ReplayedPolicyRef],
      description: 'One for each policy that was asked for, in that order.',
      resolve: ({ policies }) => policies,
    }),
  }),
});

builder.queryField('replayPolicy', (t) =>
  t.field({
    type: PolicyReplayRef,
    description:
      'Runs recorded traffic metadata through another policy, lifetime or pool. One at a time; a second one fails with the code REPLAY_RUNNING.',
    args: { input: t.arg({ type: ReplayPolicyInput, required: true }) },
    resolve: (_root, { input }, context) => oneAtATime(optionsOf(input, context), context),
  }),
);

/** Desks at which a replay is running. */
const busyDesks = new WeakSet<AdminDesk>();

async function oneAtATime(options: ReplayRequestOptions, context: AdminContext): Promise<PolicyReplay> {
  const { desk, parts } = context;
  if (busyDesks.has(desk)) {
    throw new GraphQLError('Cannot replay: another replay is running', {
      extensions: { code: 'REPLAY_RUNNING', http: { status: 429 } },
    });
  }
  busyDesks.add(desk);
  const limit = new AbortController();
  const cancel = parts.clock.setTimer(() => limit.abort(tookTooLong()), MAX_RUN_MS);
  const client = clientSignal(context);
  try {
    return await replayRecorded(options, {
      parts,
      signal: client ? AbortSignal.any([client, limit.signal]) : limit.signal,
    });
  } finally {
    cancel();
    busyDesks.delete(desk);
  }
}

/** Aborts when the caller hangs up. The handler puts the request beside what it was given. */
function clientSignal(context: object): AbortSignal | null {
  return 'request' in context && context.request instanceof Request ? context.request.signal : null;
}

function tookTooLong(): GraphQLError {
  return new GraphQLError(
    `Cannot replay: it took longer than ${MAX_RUN_MS / 1000} s. Ask for fewer requests`,
    {
      extensions: { code: 'REPLAY_TOO_LONG' },
    },
  );
}

type Input = typeof ReplayPolicyInput.$inferInput;

function optionsOf(input: Input, { parts }: AdminContext): ReplayRequestOptions {
  const utilisation = input.utilisation ?? DEFAULTS.utilisation;
  if (!(utilisation >= 0.01 && utilisation <= 2))
    throw badInput('Cannot replay: utilisation is not 0.01 to 2');
  return {
    filter: within(requestFilter(input.filter), {
      hours: optional('hours', input.hours, LIMITS.hours),
      nowMs: parts.clock.nowMs(),
    }),
    policies: policiesOf(input.policies),
    ttlSeconds: optional('ttlSeconds', input.ttlSeconds, LIMITS.ttlSeconds) ?? DEFAULTS.ttlSeconds,
    accounts: optional('accounts', input.accounts, LIMITS.accounts),
    slotsPerAccount: optional('slotsPerAccount', input.slotsPerAccount, LIMITS.slots),
    utilisation,
    maxRequests: optional('maxRequests', input.maxRequests, LIMITS.requests) ?? DEFAULTS.requests,
  };
}

function policiesOf(given: Input['policies']): ReplayRequestOptions['policies'] {
  return given && given.length > 0 ? [...new Set(given)] : ROUTE_POLICIES;
}

function optional(name: string, value: number | null | undefined, most: number): number | null {
  if (value == null) return null;
  if (value >= 1 && value <= most) return value;
  throw badInput(`Cannot replay: ${name} is not 1 to ${most}`);
}

function within(
  filter: RequestFilter,
  { hours, nowMs }: { hours: number | null; nowMs: number },
): RequestFilter {
  if (hours === null) return filter;
  return { ...filter, fromMs: Math.max(filter.fromMs ?? 0, nowMs - hours * HOUR_MS) };
}
