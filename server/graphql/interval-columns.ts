// The points of the interval chart as columns: a seventh of the bytes, and quick to write.

import type { Catalog } from '../gateway/catalog.ts';
import type { IntervalPoint } from '../gateway/log-queries.ts';
import { builder, VIEWER } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';

export interface ColumnsShape {
  fromMs: number;
  startedAfterSeconds: number[];
  minutes: number[];
  userIds: string[];
  user: (number | null)[];
  models: string[];
  model: (number | null)[];
  cacheRead: (boolean | null)[];
}

const PLACE = 'null where `points` has null';

export const IntervalColumnsRef = builder.objectRef<ColumnsShape>('IntervalColumns').implement({
  description: 'The points, one value of each column per point, in order of time.',
  authScopes: VIEWER,
  runScopesOnType: true,
  fields: (t) => ({
    from: t.expose('fromMs', { type: 'DateTime', description: 'Start of the period.' }),
    startedAfterSeconds: t.exposeIntList('startedAfterSeconds', {
      description: 'When the later request started: whole seconds after `from`.',
    }),
    minutes: t.exposeFloatList('minutes', { description: 'Minutes from start to start, two decimals.' }),
    userIds: t.exposeIDList('userIds', {
      description: 'Global ids of the users of the points, each once; empty unless includeUserInfo is set.',
    }),
    user: t.exposeIntList('user', {
      nullable: { list: false, items: true },
      description: `The user, by place in \`userIds\`; ${PLACE}.`,
    }),
    models: t.exposeStringList('models', {
      description: 'Names of the models of the points, each once.',
    }),
    model: t.exposeIntList('model', {
      nullable: { list: false, items: true },
      description: `The model of the later request, by place in \`models\`; ${PLACE}.`,
    }),
    cacheRead: t.exposeBooleanList('cacheRead', {
      nullable: { list: false, items: true },
      description: 'As in `points`.',
    }),
  }),
});

/** Minutes with two decimals. */
export function minutesOf({ intervalMs }: IntervalPoint): number {
  return Math.round(intervalMs / 600) / 100;
}

export function columnsOf(
  points: readonly IntervalPoint[],
  { fromMs, namesUsers, catalog }: { fromMs: number; namesUsers: boolean; catalog: Catalog },
): ColumnsShape {
  const users = numbered();
  const models = numbered();
  return {
    fromMs,
    startedAfterSeconds: points.map(({ atMs }) => Math.floor((atMs - fromMs) / 1000)),
    minutes: points.map(minutesOf),
    user: points.map(({ userId }) => (namesUsers ? users.placeOf(userId) : null)),
    userIds: users.names().map((id) => encodeGlobalId('User', id)),
    model: points.map(({ modelId }) => models.placeOf(catalog.models.get(modelId ?? '')?.name ?? null)),
    models: models.names(),
    cacheRead: points.map(cacheReadOf),
  };
}

export function cacheReadOf({ cacheReadTokens }: IntervalPoint): boolean | null {
  return cacheReadTokens === null ? null : cacheReadTokens > 0;
}

/** Names in the order in which they were met. */
function numbered() {
  const places = new Map<string, number>();
  return {
    placeOf: (name: string | null): number | null => {
      if (name === null) return null;
      const place = places.get(name) ?? places.size;
      places.set(name, place);
      return place;
    },
    names: () => [...places.keys()],
  };
}
