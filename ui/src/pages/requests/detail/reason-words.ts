// What the gateway knows of a miss and of a lifetime it chose, in the reader's language; its own English words for a row
// from before there were codes.

import { i18n, t, tOr } from '../../../lib/i18n.svelte.ts';
import type { Detail } from './detail-queries.ts';

type Miss = NonNullable<Detail['misses']>[number];
type Levers = NonNullable<Detail['cacheLevers']>;

/** Null = nothing to add to the cause. */
export function missText(miss: Miss, request: Pick<Detail, 'affinity' | 'affinityCode'>): string | null {
  const { detail, detailCode, detailMs, detailCount, detailUpTo, detailName } = miss;
  if (detailCode === null) return detail;
  const { format } = i18n;
  const text = t(`misses.detail.${detailCode}`, {
    time: format.duration(detailMs),
    count: format.count(detailCount),
    upTo: format.count(detailUpTo),
    name: detailName ?? '',
  });
  const isElsewhere = detailCode === 'WARM_ON' || detailCode === 'ROUTED_AWAY';
  return isElsewhere && request.affinity !== 'HIT' ? `${text} · ${affinityText(request)}` : text;
}

export function affinityText({ affinityCode }: Pick<Detail, 'affinityCode'>): string {
  return tOr(`code.${affinityCode}`, affinityCode);
}

/** Why the lifetime was chosen; null = it was not. */
export function ttlText({ ttlReason, ttlReasonCode, ttlSavedUsd, ttlExtraUsd }: Levers): string | null {
  if (ttlReasonCode === null) return ttlReason;
  const { usd } = i18n.format;
  return t(`levers.reason.${ttlReasonCode}`, { saved: usd(ttlSavedUsd), extra: usd(ttlExtraUsd) });
}
