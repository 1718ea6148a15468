// When each user came back, and after how long: the points of a scatter chart.

import type { Catalog } from '../gateway/catalog.ts';
import type { IntervalSample } from '../gateway/log-queries.ts';
import { analysisWindow, HOURS_DESCRIPTION } from './analysis-window.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';
import { cacheReadOf, columnsOf, IntervalColumnsRef, minutesOf } from './interval-columns.ts';

/** Longer ones say that somebody was away, not how fast a conversation goes. */
const MAX_INTERVAL_MS = 7_200_000;
const MIN_POINTS = 100;
const MAX_POINTS = 50_000;

interface Timeline extends IntervalSample {
  hours: number;
  fromMs: number;
  /** Whether points name their users, and whether the users are listed. */
  namesUsers: boolean;
  listsUsers: boolean;
}

/** As the schema has it: there are thousands, so each costs as little as can be. */
interface PointShape {
  atMs: number;
  minutes: number;
  userId: string | null;
  model: string | null;
  cacheRead: boolean | null;
}

const PointRef = builder.objectRef<PointShape>('IntervalPoint').implement({
  description: 'One request and the time since the one before it of the same user.',
  authScopes: VIEWER,
  runScopesOnType: true,
  fields: (t) => ({
    x: t.expose('atMs', { type: 'DateTime', description: 'When the later request started.' }),
    y: t.exposeFloat('minutes', { description: 'Minutes from start to start, two decimals.' }),
    userId: t.exposeID('userId', {
      nullable: true,
      description: 'Global id of the user; null unless asked for, or when the API key belongs to nobody.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'Name of the model of the later request; null when unknown or deleted since.',
    }),
    cacheRead: t.exposeBoolean('cacheRead', {
      nullable: true,
      description:
        'Whether the later request read anything from a prompt cache; null when its provider did not say.',
    }),
  }),
});

function pointShapes({ points, namesUsers }: Timeline, { models }: Catalog): PointShape[] {
  const ids = new Map<string, string>();
  const globalId = (userId: string) => {
    const known = ids.get(userId) ?? encodeGlobalId('User', userId);
    ids.set(userId, known);
    return known;
  };
  return points.map((point) => ({
    atMs: point.atMs,
    minutes: minutesOf(point),
    userId: namesUsers && point.userId !== null ? globalId(point.userId) : null,
    model: models.get(point.modelId ?? '')?.name ?? null,
    cacheRead: cacheReadOf(point),
  }));
}

const TimelineUserRef = builder
  .objectRef<{ userId: string; username: string }>('IntervalTimelineUser')
  .implement({
    description: 'A user of the points.',
    authScopes: VIEWER,
    fields: (t) => ({
      userId: t.id({
        description: 'Global id, as in the points.',
        resolve: ({ userId }) => encodeGlobalId('User', userId),
      }),
      username: t.exposeString('username', { description: 'For people.' }),
    }),
  });

const TimelineRef = builder.objectRef<Timeline>('IntervalTimeline').implement({
  description:
    'The times between requests of one user each, up to 120 minutes; keys that belong to nobody count as users, and all requests without a key as one.',
  authScopes: VIEWER,
  fields: (t) => ({
    analysisPeriodHours: t.int({
      description: 'The period in hours, as asked for.',
      resolve: ({ hours }) => hours,
    }),
    totalPoints: t.int({ description: 'Points in this answer.', resolve: ({ points }) => points.length }),
    availablePoints: t.int({
      description: 'Points that there are; of more than `limit` a part is drawn.',
      resolve: ({ total }) => total,
    }),
    points: t.field({
      type: [PointRef],
      description:
        'In order of time. Drawn evenly when there are too many; the newest point and those with the shortest and the longest interval are always among them.',
      resolve: (timeline, _args, { parts }) => pointShapes(timeline, parts.catalog.current),
    }),
    columns: t.field({
      type: IntervalColumnsRef,
      description: 'The same points as `points`, in about a seventh of the bytes.',
      resolve: ({ points, fromMs, namesUsers }, _args, { parts }) =>
        columnsOf(points, { fromMs, namesUsers, catalog: parts.catalog.current }),
    }),
    users: t.field({
      type: [TimelineUserRef],
      description:
        'The users of the points, by name; empty unless includeUserInfo is set and no userId is given.',
      resolve: ({ points, listsUsers }, _args, { parts }) => {
        const { users } = parts.catalog.current;
        const ids = listsUsers ? new Set(points.map(({ userId }) => userId)) : [];
        return [...ids]
          .flatMap((id) => users.get(id ?? '') ?? [])
          .map(({ id, username }) => ({ userId: id, username }))
          .toSorted((a, b) => (a.username < b.username ? -1 : 1));
      },
    }),
    models: t.stringList({
      description: 'Names of the models of the points, each once, sorted.',
      resolve: ({ points }, _args, { parts }) => {
        const ids = new Set(points.map(({ modelId }) => modelId ?? ''));
        return [...ids].flatMap((id) => parts.catalog.current.models.get(id)?.name ?? []).toSorted();
      },
    }),
  }),
});

builder.queryField('intervalTimeline', (t) =>
  t.field({
    type: TimelineRef,
    description: 'When users came back and after how long, from successful requests without keep-warm pings.',
    args: {
      hours: t.arg.int({ defaultValue: 24, description: HOURS_DESCRIPTION }),
      limit: t.arg.int({
        defaultValue: 10_000,
        description: `At most so many points, ${MIN_POINTS} to ${MAX_POINTS}.`,
      }),
      userId: t.arg.id({ description: 'Of this user only.' }),
      apiKeyId: t.arg.id({ description: 'Of this API key only, and of its newest 50,000 requests.' }),
      sessionId: t.arg.string({
        description: 'Of this session only, whoever sent its requests, and of the newest 50,000.',
      }),
      includeUserInfo: t.arg.boolean({
        defaultValue: false,
        description: 'Points name their users, and each user gets a part of the limit by their number.',
      }),
    },
    resolve: async (_root, { hours, limit, userId, apiKeyId, sessionId, includeUserInfo }, { parts }) => {
      const period = hours ?? 24;
      const most = limit ?? 10_000;
      if (most < MIN_POINTS || most > MAX_POINTS) {
        throw badInput(`Cannot draw points: limit must be ${MIN_POINTS} to ${MAX_POINTS}`);
      }
      const filter = {
        ...analysisWindow(parts.clock.nowMs(), { hours: period, userId, apiKeyId }),
        ...(sessionId != null && { sessionId }),
      };
      const namesUsers = includeUserInfo ?? false;
      const listsUsers = namesUsers && userId == null;
      const options = { limit: most, maxIntervalMs: MAX_INTERVAL_MS, perUser: listsUsers };
      const sample = await parts.log.intervalSample(filter, options);
      return { ...sample, hours: period, fromMs: filter.fromMs, namesUsers, listsUsers };
    },
  }),
);
