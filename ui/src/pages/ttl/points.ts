// Turns the points of the API into those of the scatter chart, coloured by user, model or what the cache did. Pure.

import type { ScatterGroup, ScatterPoints } from '../../charts/scatter-points.ts';
import { type ChartTone, seriesTone } from '../../charts/tones.ts';
import type { Columns } from './queries.ts';

export const COLOURINGS = ['user', 'model', 'cache'] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** All pauses of most gateways, so that shares are exact: some 400 KB. Of more the API draws so many evenly. */
export const MOST_POINTS = 20_000;

/** What groups without a name of their own are called. */
export interface Words {
  noUser: string;
  deletedUser: string;
  noModel: string;
  read: string;
  notRead: string;
  notReported: string;
}

interface Naming {
  users: ReadonlyMap<string, string>;
  words: Words;
}

export interface Coloured {
  points: ScatterPoints;
  /** Most points first; the points name them by index. */
  groups: ScatterGroup[];
}

const CACHE_TONES: Readonly<Record<string, ChartTone>> = { read: 'good', notRead: 'bad', notReported: 's8' };

export function coloured(columns: Columns, colouring: Colouring, naming: Naming): Coloured {
  const fromMs = Date.parse(columns.from);
  const keys = columns.minutes.map((_minutes, index) => keyAt(columns, index, colouring));
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const ranked = [...counts].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  const indexes = new Map(ranked.map(([key], index) => [key, index]));
  return {
    points: {
      atMs: Float64Array.from(columns.startedAfterSeconds, (seconds) => fromMs + seconds * 1000),
      gapMinutes: Float64Array.from(columns.minutes),
      group: Uint16Array.from(keys, (key) => indexes.get(key) ?? 0),
    },
    groups: ranked.map(([key, count], index) => ({
      key,
      label: labelOf(key, colouring, naming),
      tone: colouring === 'cache' ? (CACHE_TONES[key] ?? 'plain') : seriesTone(index),
      count,
    })),
  };
}

/** Who paused, before which model, and what its cache did. */
export function labelsAt(columns: Columns, index: number, naming: Naming): Record<Colouring, string> {
  const label = (colouring: Colouring) => labelOf(keyAt(columns, index, colouring), colouring, naming);
  return { user: label('user'), model: label('model'), cache: label('cache') };
}

/** Those before requests to one model. */
export function ofModel(columns: Columns, name: string | null): Columns {
  const isOwn = (_value: unknown, index: number) => modelAt(columns, index) === name;
  return {
    ...columns,
    startedAfterSeconds: columns.startedAfterSeconds.filter(isOwn),
    minutes: columns.minutes.filter(isOwn),
    user: columns.user.filter(isOwn),
    model: columns.model.filter(isOwn),
    cacheRead: columns.cacheRead.filter(isOwn),
  };
}

function modelAt({ model, models }: Columns, index: number): string | null {
  return models[model[index] ?? -1] ?? null;
}

function keyAt(columns: Columns, index: number, colouring: Colouring): string {
  switch (colouring) {
    case 'user':
      return columns.userIds[columns.user[index] ?? -1] ?? '';
    case 'model':
      return modelAt(columns, index) ?? '';
    case 'cache': {
      const isRead = columns.cacheRead[index] ?? null;
      return isRead === null ? 'notReported' : isRead ? 'read' : 'notRead';
    }
  }
}

function labelOf(key: string, colouring: Colouring, { users, words }: Naming): string {
  switch (colouring) {
    case 'user':
      return key === '' ? words.noUser : (users.get(key) ?? words.deletedUser);
    case 'model':
      return key === '' ? words.noModel : key;
    case 'cache':
      return key === 'read' ? words.read : key === 'notRead' ? words.notRead : words.notReported;
  }
}
