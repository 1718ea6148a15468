// The figures of one period: all together, and told apart by model, account, key or user. Reads again as requests arrive.

import { onDestroy } from 'svelte';
import { WITHOUT_PINGS } from '../../lib/ceiling.ts';
import { run } from '../../lib/graphql.ts';
import { openFeed } from '../../lib/live.svelte.ts';
import { LookBack } from '../../lib/look-back.svelte.ts';
import { type PeriodName, type Range, rangeOf } from '../../lib/period.ts';
import { fetchOnce, Resource } from '../../lib/resource.svelte.ts';
import { route } from '../../lib/route.svelte.ts';
import { zone } from '../../lib/zone.svelte.ts';
import { API_DIMENSIONS, type Dimension, type GroupRow, groupRows, topGroups } from './figures.ts';
import { FIGURES, GROUPS, LOGGED, SERIES, type SeriesBucket } from './queries.ts';

const FALLBACK_PERIOD: PeriodName = '24h';
/** Groups with a line of their own; the rest are one. */
const TOP_GROUPS = 6;
/** The longer the period, the less one request changes, and the more reading it costs. */
const REFRESH_MS: Partial<Record<NonNullable<Range['name']>, number>> = {
  '1h': 5_000,
  '24h': 15_000,
  '7d': 60_000,
  '30d': 300_000,
};

export interface Split {
  by: Dimension;
  /** When the groups were read; the rest came after. */
  requestsLogged: number;
  rows: GroupRow[];
  whole: SeriesBucket[];
  tops: { groupId: string; name: string | null; points: SeriesBucket[] }[];
}

function filterOf({ fromMs, toMs }: Range) {
  return {
    from: new Date(fromMs).toISOString(),
    ...(toMs !== null && { to: new Date(toMs).toISOString() }),
    ...WITHOUT_PINGS,
  };
}

export function rangeNow(): Range {
  return rangeOf(route.params, FALLBACK_PERIOD, Date.now());
}

/** `dimension` is asked at every reading; call `split.reload()` when it changes. */
export function followUse(dimension: () => Dimension) {
  const figures = fetchOnce(() => run(FIGURES, { filter: filterOf(rangeNow()) }));
  const split = new Resource(() => fetchSplit(dimension(), rangeNow()));
  onDestroy(() => split.dispose());
  const { name, toMs } = rangeNow();
  const refreshMs = name === null ? undefined : REFRESH_MS[name];
  if (toMs === null && refreshMs !== undefined) {
    const refresh = () => {
      figures.reloadSoon(refreshMs);
      split.reloadSoon(refreshMs);
    };
    const missed = new LookBack('requestsLogged');
    missed.watch(
      () => (figures.isLoading ? null : (figures.value?.liveCounts.requestsLogged ?? null)),
      () => figures.reloadSoon(refreshMs),
    );
    missed.watch(
      () => (split.isLoading ? null : (split.value?.requestsLogged ?? null)),
      () => split.reloadSoon(refreshMs),
    );
    const onOpen = (isAgain: boolean) => void (isAgain ? refresh() : missed.opened());
    const feed = openFeed(LOGGED, {}, { onData: refresh, onOpen });
    onDestroy(() => feed.close());
  }
  return { figures, split };
}

async function fetchSplit(by: Dimension, range: Range): Promise<Split> {
  const filter = filterOf(range);
  const bound = { ...filter, affinity: 'HIT' as const };
  const groups = await run(GROUPS, { filter, bound, by: API_DIMENSIONS[by] });
  const top = topGroups(groups.requestGroups, TOP_GROUPS);
  const series = (ofGroup: object) =>
    run(SERIES, {
      filter: { ...filter, ...ofGroup },
      bucketSeconds: Math.max(60, range.bucketSeconds),
      timeZone: zone.name,
    });
  const [whole, ...parts] = await Promise.all([
    series({}),
    ...top.map(({ groupId }) => series({ [FILTERS[by]]: groupId })),
  ]);
  return {
    by,
    requestsLogged: groups.liveCounts.requestsLogged,
    rows: groupRows(groups.requestGroups, groups.bound),
    whole: whole?.requestSeries ?? [],
    tops: top.map(({ groupId, name }, index) => ({
      groupId,
      name,
      points: parts[index]?.requestSeries ?? [],
    })),
  };
}

const FILTERS = {
  model: 'modelId',
  account: 'accountId',
  key: 'apiKeyId',
  user: 'userId',
} as const satisfies Record<Dimension, string>;
