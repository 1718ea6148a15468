// The request log: one row per request, with its attempts.

import { warmerTokensIn } from '../gateway/binding-reasons.ts';
import type { AttemptRow, RequestCursor } from '../gateway/ports.ts';
import { saidIn } from '../gateway/said.ts';
import { BY_OWN_KEY, badInput, builder, OWN, VIEWER } from './builder.ts';
import { ClearPayload, NOTHING_CLEARED, tellCleared } from './clear.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { maySee, ownFilter } from './own-rows.ts';
import { readCursor, writeCursor } from './page.ts';
import { AccountRef, ApiKeyRef, EndpointRef, ModelRef, ProviderRef, RequestLogRef, UserRef } from './refs.ts';
import {
  AffinityOutcomeRef,
  AttemptFaultRef,
  AttemptOutcomeRef,
  RequestOutcomeRef,
} from './request-enums.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';
import { SurfaceRef } from './surface.ts';
import { pageOfWay, type TwoWayArgs, twoWayArgs, wayOf } from './two-way-page.ts';
import { payload } from './user-error.ts';

const AttemptRef = builder.objectRef<AttemptRow>('Attempt').implement({
  description: 'One try at one account.',
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Null when it has been deleted since.',
      resolve: ({ accountId }, _args, { parts }) => parts.catalog.current.accounts.get(accountId) ?? null,
    }),
    accountName: t.exposeString('accountName', { description: 'Its name at that time.' }),
    providerName: t.exposeString('providerName', { description: 'Name of its provider at that time.' }),
    status: t.exposeInt('status', {
      nullable: true,
      description: 'HTTP status of the upstream; null when none arrived.',
    }),
    outcome: t.field({
      type: AttemptOutcomeRef,
      description: 'How it ended.',
      resolve: ({ outcome }) => outcome,
    }),
    fault: t.field({
      type: AttemptFaultRef,
      nullable: true,
      description: "What went wrong; null when nothing did, or it was the caller's own mistake.",
      resolve: ({ fault }) => fault,
    }),
    reason: t.exposeString('reason', { description: 'Why it ended like that, in English.' }),
    reasonDetail: t.string({
      nullable: true,
      description: 'What the provider or the network said, out of `reason`; null = nothing.',
      resolve: ({ reason }) => saidIn(reason),
    }),
    isPossibleDuplicate: t.exposeBoolean('isPossibleDuplicate', {
      description:
        'The request had been sent when the connection broke: the provider may have worked on it and may bill it.',
    }),
    connectMs: t.exposeInt('connectMs', {
      nullable: true,
      description: 'Milliseconds for name lookup, connection and handshake; null when none was made.',
    }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When it was sent.',
      resolve: ({ startedAtMs }) => startedAtMs,
    }),
    firstByteMs: t.exposeInt('firstByteMs', {
      nullable: true,
      description: 'Milliseconds until the first byte of the reply; null when none arrived.',
    }),
    durationMs: t.exposeInt('durationMs', { description: 'Milliseconds until it was over.' }),
  }),
});

builder.node(RequestLogRef, {
  description:
    'One client request and its reply, with all attempts. Token counts are null when the provider reported none.',
  authScopes: OWN,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => parts.log.get(id),
  fields: (t) => ({
    requestId: t.exposeString('requestId', { description: 'The `x-request-id` of the reply.' }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When it arrived.',
      resolve: ({ startedAtMs }) => startedAtMs,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      description: 'When its last byte was sent.',
      resolve: ({ finishedAtMs }) => finishedAtMs,
    }),
    path: t.exposeString('path', { description: 'The path that was called, without the query.' }),
    surface: t.field({
      type: SurfaceRef,
      description: 'The API dialect of the client.',
      resolve: ({ surface }) => surface,
    }),
    endpointSurface: t.field({
      type: SurfaceRef,
      nullable: true,
      description:
        'The API dialect of the endpoint; another one than `surface` when the request was translated, null when none was called.',
      resolve: ({ endpointSurface }) => endpointSurface,
    }),
    losses: t.stringList({
      description: 'What the translation had to leave out, such as `thinking-signature`.',
      resolve: ({ losses }) => losses,
    }),
    streamed: t.exposeBoolean('isStreamed', { description: 'The client asked for a stream.' }),
    requestedModel: t.exposeString('requestedModel', { description: 'As the client wrote it.' }),
    upstreamModel: t.exposeString('upstreamModel', {
      nullable: true,
      description: 'As it was sent to the provider.',
    }),
    status: t.exposeInt('status', { description: 'HTTP status of the reply; 499 = the client was gone.' }),
    outcome: t.field({
      type: RequestOutcomeRef,
      description: 'How it ended.',
      resolve: ({ outcome }) => outcome,
    }),
    errorCode: t.exposeString('errorCode', { nullable: true, description: 'For programs; null on success.' }),
    errorMessage: t.exposeString('errorMessage', {
      nullable: true,
      description: 'For people; null on success.',
    }),
    apiKeyName: t.exposeString('apiKeyName', {
      nullable: true,
      description: 'Name of the API key at that time.',
    }),
    sessionId: t.exposeString('sessionId', {
      nullable: true,
      description: "The client's session, when it named one.",
    }),
    traceId: t.exposeString('traceId', {
      nullable: true,
      description:
        'The W3C trace that it belongs to, 32 hex digits; null when the client stated none and the gateway began none.',
    }),
    queueMs: t.exposeInt('queueMs', { description: 'Milliseconds from arrival to the first attempt.' }),
    timeToFirstTokenMs: t.exposeInt('timeToFirstTokenMs', {
      nullable: true,
      description: 'Milliseconds from arrival to the first generated token; null when there was none.',
    }),
    latencyMs: t.exposeInt('latencyMs', { description: 'Milliseconds from arrival to the last byte.' }),
    affinity: t.field({
      type: AffinityOutcomeRef,
      description: 'What the routing did with the binding.',
      resolve: ({ affinity }) => affinity,
    }),
    affinityReason: t.exposeString('affinityReason', { description: 'Why it did that.' }),
    affinityReasonDetail: t.string({
      nullable: true,
      description: 'What the provider or the network said, out of `affinityReason`; null = nothing.',
      resolve: ({ affinityReason }) => saidIn(affinityReason),
    }),
    affinityWarmerTokens: t.field({
      type: 'Long',
      nullable: true,
      description:
        'How many tokens more were warm on the account than on the bound one; null unless that is the reason.',
      resolve: ({ affinityReason }) => warmerTokensIn(affinityReason),
    }),
    affinityCode: t.exposeString('affinityCode', {
      description: 'The same for programs, such as `bound-account` or `bound-account-full`.',
    }),
    keepWarm: t.exposeBoolean('isKeepWarm', {
      description: 'Sent by the gateway itself to keep a prompt cache warm; it counts in all sums.',
    }),
    attempts: t.field({
      type: [AttemptRef],
      description: 'In the order they were made.',
      resolve: ({ attempts }) => attempts,
    }),
  }),
});

const GONE = 'Null when there was none or it has been deleted since.';

builder.objectFields(RequestLogRef, (t) => ({
  model: t.field({
    type: ModelRef,
    nullable: true,
    description: GONE,
    resolve: ({ modelId }, _args, { parts }) => parts.catalog.current.models.get(modelId ?? '') ?? null,
  }),
  apiKey: t.field({
    type: ApiKeyRef,
    nullable: true,
    description: GONE,
    resolve: ({ apiKeyId }, _args, { parts }) => parts.catalog.current.apiKeys.get(apiKeyId ?? '') ?? null,
  }),
  user: t.field({
    type: UserRef,
    nullable: true,
    description: GONE,
    resolve: ({ userId }, _args, { parts }) => parts.catalog.current.users.get(userId ?? '') ?? null,
  }),
  provider: t.field({
    type: ProviderRef,
    nullable: true,
    description: GONE,
    resolve: ({ providerId }, _args, { parts }) =>
      parts.catalog.current.providers.get(providerId ?? '') ?? null,
  }),
  endpoint: t.field({
    type: EndpointRef,
    nullable: true,
    description: GONE,
    resolve: ({ endpointId }, _args, { parts }) =>
      parts.catalog.current.endpoints.get(endpointId ?? '') ?? null,
  }),
  account: t.field({
    type: AccountRef,
    nullable: true,
    description: GONE,
    resolve: ({ accountId }, _args, { parts }) => parts.catalog.current.accounts.get(accountId ?? '') ?? null,
  }),
}));

const RequestLogConnection = builder.connectionObject({ type: RequestLogRef, name: 'RequestLogConnection' });

builder.queryFields((t) => ({
  requestLogs: t.field({
    ...BY_OWN_KEY,
    type: RequestLogConnection,
    description:
      'Requests, newest first. While it looks through many rows for a few, as for a part of a text, a page may have fewer than asked for, or none: as long as there is a next page, go on at `endCursor`. `last` with `before` walks the other way, to newer requests: as long as there is a previous page, go on at `startCursor`. In the direction that was not asked for, `pageInfo` only says whether a cursor was given.',
    args: { filter: t.arg({ type: RequestLogFilter }), ...twoWayArgs(t) },
    resolve: (_root, { filter, ...page }, context) => pageOfLog(context, filter, page),
  }),
  requestLog: t.field({
    ...BY_OWN_KEY,
    type: RequestLogRef,
    nullable: true,
    description: 'One request by its global id; null when it is not (or no longer) in the log.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { parts, visitor }) => {
      const row = await parts.log.get(rawId('RequestLog', id));
      return row && maySee(visitor, row) ? row : null;
    },
  }),
}));

builder.mutationField('clearRequestLogs', (t) =>
  t.field({
    type: ClearPayload,
    description: 'Deletes the request logs that match; without a filter, all of them.',
    args: { filter: t.arg({ type: RequestLogFilter }) },
    resolve: (_root, { filter }, context) =>
      payload(NOTHING_CLEARED, async () => {
        const clearedCount = await context.parts.log.clear(requestFilter(filter));
        const message = `Deleted ${clearedCount} request ${clearedCount === 1 ? 'log' : 'logs'}`;
        tellCleared(context, { subject: 'request-logs', clearedCount, message });
        return { clearedCount, message, clearedKeys: [] };
      }),
  }),
);

const ORDER = 'started-at';

async function pageOfLog(
  { parts, visitor }: AdminContext,
  filterInput: typeof RequestLogFilter.$inferInput | null | undefined,
  args: TwoWayArgs,
) {
  const way = wayOf(args);
  const filter = ownFilter(visitor, requestFilter(filterInput));
  const { rows, reached } = await parts.log.page(filter, {
    limit: way.limit + 1,
    after: way.cursor === null ? null : logCursor(way.cursor),
    isOldestFirst: way.isBackward,
  });
  const edges = rows.slice(0, way.limit).map((node) => ({ cursor: cursorOf(node), node }));
  const page = pageOfWay(way.isBackward ? edges.toReversed() : edges, way, {
    hasMore: reached !== null,
    totalCount: () => parts.log.count(filter),
  });
  // With fewer rows than may be the page goes on where looking for them ended.
  if (rows.length <= way.limit && reached)
    page.pageInfo[way.isBackward ? 'startCursor' : 'endCursor'] = cursorOf(reached);
  return page;
}

function cursorOf({ startedAtMs, id }: RequestCursor): string {
  return writeCursor(ORDER, [startedAtMs, id]);
}

function logCursor(cursor: string): RequestCursor {
  const [startedAtMs, id] = readCursor(cursor, ORDER);
  if (typeof startedAtMs === 'number' && typeof id === 'string') return { startedAtMs, id };
  throw badInput('Cannot read the cursor: it is not one of this list');
}
