// The gateway's own decision, made with a belief about each account's cache that may differ from what is really there.

import type { Contender, CostProfile, InputPrices } from '../../routing/contender.ts';
import { rank } from '../../routing/warm-cost.ts';
import type { ReplayAccount } from './account.ts';
import type { Ask } from './ask.ts';
import { readable } from './ceiling.ts';
import { choiceOf } from './plain-policies.ts';
import type { PlannedRequest } from './plan.ts';
import { type Choice, type Pool, type ReplayPolicy, waitFor } from './policy.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { PrefixTree } from './prefix-tree.ts';

export interface WarmCostOptions {
  tree: PrefixTree;
  copies: number;
  accounts: number;
  /** How long prefixes are believed to live. */
  believedTtlMs: number;
  profile: CostProfile;
  pricesOf: (request: PlannedRequest) => InputPrices;
}

/** The mirror learns from replies alone: what a reply has read or written is warm from its first byte. */
export function warmCost({ tree, copies, accounts, ...options }: WarmCostOptions): ReplayPolicy {
  const mirror = Array.from({ length: accounts }, () => new PrefixCache(tree, copies));
  const contenders = Array.from({ length: accounts }, (_, index) => blankContender(index));
  const pick = inTurnOf();
  return {
    choose(ask, pool) {
      const prices = options.pricesOf(ask.request);
      const up = pool.accounts.filter((account) => Number.isFinite(account.announcedRestMs(pool.nowMs)));
      const list = up.map((account) => {
        const contender = contenders[account.index] ?? blankContender(account.index);
        contender.prices = prices;
        lookAtCache(contender, {
          request: ask.request,
          cache: mirror[account.index],
          tree,
          nowMs: pool.nowMs,
        });
        lookAtLoad(contender, { account, ask, pool });
        return contender;
      });
      const leftMs = options.profile.maxWaitMs - (pool.nowMs - ask.arrivedMs);
      const { best, ties } = rank(list, { leftMs, profile: options.profile });
      if (!best) return withoutPatience(list, up, pool);
      if (best.waitMs === 0) return choiceOf(up[pick(ties.map(({ index }) => index)) ?? best.index] ?? null);
      return waitFor(up[best.index]?.index ?? null);
    },
    firstByte({ request: { copy, tip } }, account, { nowMs }) {
      mirror[account]?.touch(copy, tip, nowMs + options.believedTtlMs);
    },
  };
}

function lookAtCache(
  contender: Contender,
  at: { request: PlannedRequest; cache: PrefixCache | undefined; tree: PrefixTree; nowMs: number },
): void {
  const { request, cache, tree, nowMs } = at;
  const { copy, tip, inputTokens } = request;
  contender.promptTokens = inputTokens;
  contender.warmTokens = readable(tree.tokens[cache?.deepest(copy, tip, nowMs) ?? 0] ?? 0);
  contender.staleTokens = readable(tree.tokens[cache?.deepest(copy, tip, 0) ?? 0] ?? 0);
}

function lookAtLoad(
  contender: Contender,
  { account, ask, pool }: { account: ReplayAccount; ask: Ask; pool: Pool },
): void {
  contender.restMs = account.announcedRestMs(pool.nowMs);
  contender.slots = account.slots;
  contender.allSlots = account.slots;
  contender.inFlight = account.inFlight;
  contender.waitersBefore = olderIn(account.line, ask.order);
  contender.loadAverage = account.loadAverage(pool.nowMs);
  contender.serviceMs = pool.serviceMs;
  contender.bucket = account.bucket?.level(pool.nowMs) ?? null;
}

/** Lines are in the order of arrival. */
function olderIn(line: readonly Ask[], order: number): number {
  const last = line.at(-1);
  if (!last || last.order < order) return line.length;
  const place = line.findIndex((other) => other.order >= order);
  return place < 0 ? line.length : place;
}

/** Where a limit counts misses, a request that nobody can take soon waits to the end; else the warmest open account has it. */
function withoutPatience(contenders: readonly Contender[], up: readonly ReplayAccount[], pool: Pool): Choice {
  if (contenders.some(({ bucket }) => bucket?.countsUncachedOnly)) return waitFor(null);
  let best: { account: ReplayAccount; warmTokens: number } | null = null;
  for (const [place, account] of up.entries()) {
    const warmTokens = contenders[place]?.warmTokens ?? 0;
    if (account.isOpen(pool.nowMs) && (!best || warmTokens > best.warmTokens)) best = { account, warmTokens };
  }
  return choiceOf(best?.account ?? null);
}

/** Of equally good places, the one that comes next after the last choice. */
function inTurnOf(): (places: readonly number[]) => number | undefined {
  let last = -1;
  return (places) => {
    if (places.length <= 1) return places[0];
    const later = places.filter((place) => place > last);
    last = Math.min(...(later.length > 0 ? later : places));
    return last;
  };
}

function blankContender(index: number): Contender {
  return {
    accountId: String(index),
    promptTokens: 0,
    warmTokens: 0,
    othersWarmTokens: 0,
    staleTokens: 0,
    pending: null,
    prices: { inputUsd: 1, readUsd: 1, writeUsd: 1 },
    slots: null,
    allSlots: null,
    inFlight: 0,
    waitersBefore: 0,
    loadAverage: 0,
    serviceMs: 0,
    bucket: null,
    restMs: 0,
    failureShare: 0,
    headroom: 1,
    isBound: false,
  };
}
