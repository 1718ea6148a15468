// Prices every account for one request and says which is cheapest, waiting included. Pure.
//
// Idea: a warm account that is full is worth waiting for as long as the wait costs less than processing the prompt anew
// elsewhere. All costs are in one unit, USD: input not read from the cache, input read, waiting, load, likely failure and
// nearly used-up rate limits. Waiting and load are priced as shares of the prompt's uncached price, so that one setting
// serves prompts of all sizes. Without a session table a session that had to leave once comes back by itself, and a
// prefix that many use spreads by itself as soon as one more write is cheaper than the load.

import type { CostTerms } from '../gateway/route-record.ts';
import type { Contender, CostProfile } from './contender.ts';
import { readyInMs } from './token-buckets.ts';

/** What one account would cost now, and when it could take the request. */
export interface Placing {
  contender: Contender;
  /** Place in the list that was ranked. */
  index: number;
  /** Expected wait; 0 = it can take the request now. */
  waitMs: number;
  /** What the wait is for; null = there is none. */
  waitsFor: 'slot' | 'bucket' | 'rest' | 'prefix' | null;
  /** Expected to be read from the cache after that wait. */
  warmTokens: number;
  cost: CostTerms;
}

/**
 * Cheapest first. `best` is the one to choose, mostly the first; null when nobody can take the request within `leftMs`.
 * `ties` are as good as the best but for a hair, and the best is among them.
 */
export interface Ranking {
  placings: readonly Placing[];
  best: Placing | null;
  ties: readonly Placing[];
}

/** Costs that differ by less than this share of the prompt's price are the same. */
const TIE_SHARE = 0.001;
/** What staying with the bound account is worth: keeps a session together when two accounts are about as warm. */
const HOME = { share: 0.03, leastTokens: 256 };
/** A nearly used-up rate-limit window costs up to so much of the prompt's price. */
const HEADROOM_SHARE = 0.5;
/** Slots assumed where no limit is known: only for the price of load. */
const ASSUMED_SLOTS = 50;
const MAX_LOAD = 1.5;

/** `leftMs` is what is left of the request's patience. */
export function rank(
  contenders: readonly Contender[],
  { leftMs, profile }: { leftMs: number; profile: CostProfile },
): Ranking {
  const unitUsd = unitPrice(contenders);
  const placings = contenders.map((contender, index) => place(contender, { index, unitUsd, profile }));
  placings.sort((a, b) => a.cost.totalUsd - b.cost.totalUsd);
  const best = placings.find(({ waitMs }) => waitMs <= leftMs) ?? null;
  if (!best) return { placings, best, ties: [] };
  const home = homeOf(best, { placings, unitUsd });
  const ties = home ? [home] : tiesOf(best, { placings, unitUsd });
  return { placings, best: ties.includes(best) ? best : (ties[0] ?? best), ties };
}

/** Time and load cost the same whoever's time it is: they are counted in the dearest contender's price. */
function unitPrice(contenders: readonly Contender[]): number {
  const dearest = contenders.reduce((most, { prices }) => Math.max(most, prices.inputUsd), 0);
  return dearest > 0 ? dearest : 1e-6;
}

function place(
  contender: Contender,
  { index, unitUsd, profile }: { index: number; unitUsd: number; profile: CostProfile },
): Placing {
  const now = placing(contender, { index, unitUsd, profile, warmTokens: contender.warmTokens, prefixMs: 0 });
  const { pending } = contender;
  if (!pending || pending.warmTokens <= contender.warmTokens) return now;
  const later = placing(contender, {
    index,
    unitUsd,
    profile,
    warmTokens: pending.warmTokens,
    prefixMs: pending.waitMs,
  });
  return later.cost.totalUsd < now.cost.totalUsd ? later : now;
}

function placing(
  contender: Contender,
  at: { index: number; unitUsd: number; profile: CostProfile; warmTokens: number; prefixMs: number },
): Placing {
  const { index, unitUsd, profile, warmTokens, prefixMs } = at;
  const { restMs } = contender;
  const bucketMs = bucketWaitMs(contender, warmTokens, profile);
  const slotMs = slotWaitMs(contender);
  const waitMs = Math.max(restMs, bucketMs, slotMs, prefixMs);
  const cost = costOfPlacing(contender, { unitUsd, profile, warmTokens, waitMs });
  return {
    contender,
    index,
    waitMs,
    waitsFor: longestOf(waitMs, { restMs, bucketMs, slotMs }),
    warmTokens,
    cost,
  };
}

function longestOf(
  waitMs: number,
  { restMs, bucketMs, slotMs }: { restMs: number; bucketMs: number; slotMs: number },
): Placing['waitsFor'] {
  if (waitMs === 0) return null;
  if (waitMs === restMs) return 'rest';
  if (waitMs === bucketMs) return 'bucket';
  return waitMs === slotMs ? 'slot' : 'prefix';
}

function costOfPlacing(
  contender: Contender,
  at: { unitUsd: number; profile: CostProfile; warmTokens: number; waitMs: number },
): CostTerms {
  const { promptTokens, prices, failureShare, headroom } = contender;
  const { unitUsd, profile, warmTokens, waitMs } = at;
  const promptUsd = promptTokens * unitUsd;
  const missUsd = (promptTokens - warmTokens) * prices.writeUsd;
  const readUsd = warmTokens * prices.readUsd;
  const othersTokens = othersWarm(contender, warmTokens);
  const othersUsd = othersTokens > 0 ? othersTokens * (prices.readUsd - prices.writeUsd) : 0;
  const waitUsd = promptUsd * profile.waitShare * (waitMs / 1000);
  const loadUsd = promptUsd * profile.loadShare * loadOf(contender) ** profile.loadPower;
  // A failed attempt is made again elsewhere, most likely cold.
  const failureUsd = failureShare * promptTokens * prices.writeUsd;
  const headroomUsd = promptUsd * HEADROOM_SHARE * (1 - headroom);
  const totalUsd = missUsd + readUsd + othersUsd + waitUsd + loadUsd + failureUsd + headroomUsd;
  return { missUsd, readUsd, othersUsd, waitUsd, loadUsd, failureUsd, headroomUsd, totalUsd };
}

/** What others have warm beyond what is warm for the caller after its wait. */
function othersWarm({ warmTokens: now, othersWarmTokens }: Contender, warmTokens: number): number {
  return Math.max(0, now + othersWarmTokens - warmTokens);
}

function loadOf({ allSlots, inFlight, waitersBefore, loadAverage }: Contender): number {
  const used = (inFlight + waitersBefore) / (allSlots ?? ASSUMED_SLOTS);
  return 0.5 * Math.min(MAX_LOAD, used) + 0.5 * loadAverage;
}

/**
 * Expected time until so many requests have ended that a slot is left for this one: the k-th of n exponentially
 * distributed ends, each with the same mean.
 */
function slotWaitMs({ slots, inFlight, waitersBefore, serviceMs }: Contender): number {
  if (slots === null) return 0;
  const missing = waitersBefore + 1 - (slots - inFlight);
  let waitMs = 0;
  for (let ended = 0; ended < missing; ended += 1) waitMs += serviceMs / Math.max(1, inFlight - ended);
  return waitMs;
}

/**
 * Where a limit counts only uncached tokens, misses eat capacity: cold prompts leave a share of the bucket to warm ones,
 * or one spill would empty it, its sessions would spill in turn, and nobody's cache would survive.
 */
export function bucketWaitMs(contender: Contender, warmTokens: number, profile: CostProfile): number {
  const { bucket, promptTokens } = contender;
  if (!bucket) return 0;
  const coldTokens = promptTokens - warmTokens - othersWarm(contender, warmTokens);
  if (!bucket.countsUncachedOnly) return readyInMs(bucket, { needTokens: promptTokens, reserveTokens: 0 });
  const coldShare = promptTokens > 0 ? coldTokens / promptTokens : 0;
  const reserveTokens = profile.bucketReserve * bucket.capTokens * coldShare;
  return readyInMs(bucket, { needTokens: coldTokens, reserveTokens });
}

/** The bound account when it can take the request as soon and costs hardly more: a spill does not move the session. */
function homeOf(
  best: Placing,
  { placings, unitUsd }: { placings: readonly Placing[]; unitUsd: number },
): Placing | null {
  const home = placings.find(({ contender }) => contender.isBound);
  if (!home || home.waitMs > best.waitMs) return null;
  const worthUsd = Math.max(HOME.share * home.contender.promptTokens, HOME.leastTokens) * unitUsd;
  return home.cost.totalUsd <= best.cost.totalUsd + worthUsd ? home : null;
}

function tiesOf(
  best: Placing,
  { placings, unitUsd }: { placings: readonly Placing[]; unitUsd: number },
): readonly Placing[] {
  if (best.waitMs > 0) return [best];
  const within = best.cost.totalUsd + TIE_SHARE * best.contender.promptTokens * unitUsd;
  const ties = placings.filter(({ cost, waitMs }) => waitMs === 0 && cost.totalUsd <= within);
  const mostStale = ties.reduce((most, { contender }) => Math.max(most, contender.staleTokens), 0);
  return ties.filter(({ contender }) => contender.staleTokens === mostStale);
}
