// Turns the points of the API into the columns of the scatter chart, coloured by user, model or what the cache did. Pure.

import type { ScatterGroup, ScatterPoints } from '../../charts/scatter-points.ts';
import { type ChartTone, seriesTone } from '../../charts/tones.ts';
import type { Timeline } from './queries.ts';

export const COLOURINGS = ['user', 'model', 'cache'] as const;
export type Colouring = (typeof COLOURINGS)[number];

type Point = Timeline['points'][number];

/** What groups without a name of their own are called. */
export interface Words {
  noUser: string;
  deletedUser: string;
  noModel: string;
  read: string;
  notRead: string;
  notReported: string;
}

export interface Coloured {
  points: ScatterPoints;
  /** Most points first; the points name them by index. */
  groups: ScatterGroup[];
}

const CACHE_TONES: Readonly<Record<string, ChartTone>> = { read: 'good', notRead: 'bad', notReported: 's8' };

export function coloured(
  points: readonly Point[],
  colouring: Colouring,
  { users, words }: { users: ReadonlyMap<string, string>; words: Words },
): Coloured {
  const keys = points.map((point) => keyOf(point, colouring));
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const ranked = [...counts].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  const indexes = new Map(ranked.map(([key], index) => [key, index]));
  return {
    points: {
      atMs: Float64Array.from(points, ({ x }) => Date.parse(x)),
      gapMinutes: Float64Array.from(points, ({ y }) => y),
      group: Uint16Array.from(keys, (key) => indexes.get(key) ?? 0),
    },
    groups: ranked.map(([key, count], index) => ({
      key,
      label: labelOf(key, colouring, { users, words }),
      tone: colouring === 'cache' ? (CACHE_TONES[key] ?? 'plain') : seriesTone(index),
      count,
    })),
  };
}

function keyOf({ userId, model, cacheRead }: Point, colouring: Colouring): string {
  switch (colouring) {
    case 'user':
      return userId ?? '';
    case 'model':
      return model ?? '';
    case 'cache':
      return cacheRead === null ? 'notReported' : cacheRead ? 'read' : 'notRead';
  }
}

function labelOf(
  key: string,
  colouring: Colouring,
  { users, words }: { users: ReadonlyMap<string, string>; words: Words },
): string {
  switch (colouring) {
    case 'user':
      return key === '' ? words.noUser : (users.get(key) ?? words.deletedUser);
    case 'model':
      return key === '' ? words.noModel : key;
    case 'cache':
      return key === 'read' ? words.read : key === 'notRead' ? words.notRead : words.notReported;
  }
}
