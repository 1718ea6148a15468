// How every candidate stands at the moment of choice: its condition, its room, and how warm the prompt is there.

import { type CacheRule, lastMarkOf } from '../routing/cache-rules.ts';
import type { PendingWrite } from '../routing/cold-claims.ts';
import type { Contender, InputPrices } from '../routing/contender.ts';
import { type Prediction, predict } from '../routing/predict.ts';
import { slotsForNewcomers, weightedNewcomerSlots } from '../routing/reservation.ts';
import { type CacheSpace, requestSpaceKey } from '../routing/space.ts';
import type { Place } from '../routing/waiting-line.ts';
import { NO_WARMTH, type Warmth } from '../routing/warmth.ts';
import type { PromptOutline } from '../wire/outline.ts';
import { type CandidatePrices, factsOf, pricesAt, spaceAt } from './candidate-facts.ts';
import type { Candidate } from './catalog.ts';
import type { AccountCondition, HealthTable } from './health.ts';
import type { Slots } from './limits.ts';
import type { EffectivePolicy } from './policy.ts';
import type { Clock, Settings } from './ports.ts';
import type { ConsideredState } from './route-record.ts';
import type { RoutingState } from './routing-state.ts';

/** What of a request the prompt caches see. */
export interface PromptView {
  /** Null = a request without a prompt, or one whose prompt is not understood. */
  outline: PromptOutline | null;
  /** Whose prefixes it may share; `EVERYONE` when all callers share them. */
  tenant: string;
  /** Beside those of its tenant it may go where others have the same prompt warm. */
  seesOthers: boolean;
  /** The `anthropic-beta` header, or an empty text. */
  betas: string;
}

/** One request's question for an account. */
export interface RouteQuestion {
  candidates: readonly Candidate[];
  policy: EffectivePolicy;
  settings: Settings;
  prompt: PromptView;
  boundAccountId: string | null;
  /** It goes there whenever there is room, whatever another account would cost. */
  isHeldToBound?: boolean;
  /** Where it was borrowed last. */
  borrowedAccountId: string | null;
  /** Accounts this request has tried already, and hosts it could not reach. */
  excluded: ReadonlySet<string>;
  excludedHosts: ReadonlySet<string>;
  /** Time it may still wait. */
  leftMs: number;
  /** Its place in the line, when it waits already. */
  place: Place | null;
  /** Nothing will be sent: no turn is taken, and nothing is counted. */
  isTrial?: true;
}

export interface RouteParts {
  clock: Clock;
  health: Pick<HealthTable, 'condition' | 'isStrained' | 'weightFactor' | 'failureShare'>;
  slots: Pick<Slots, 'limitOf' | 'inFlight' | 'learned'>;
  routing: RoutingState;
}

export interface Standing {
  candidate: Candidate;
  condition: AccountCondition;
  state: ConsideredState;
  space: CacheSpace;
  rule: CacheRule;
  warmth: Warmth | null;
  prediction: Prediction;
  /** Warm there through other callers, beyond what is predicted of its own. */
  othersWarmTokens: number;
  /** Slots that this request may use; null = no limit known. */
  slots: number | null;
  allSlots: number | null;
  inFlight: number;
  /** Requests that wait for it and came earlier. */
  waitersBefore: number;
  isBound: boolean;
  /** A request under way that is writing more of the prefix than is warm. */
  pending: PendingWrite | null;
  prices: InputPrices;
  isUnpriced: boolean;
}

/** The scope of prefixes that have no owner. */
export const EVERYONE = '';

/** A prompt that nothing is known of counts as one token, so that waiting and load still have a price. */
const NO_PREDICTION: Prediction = {
  promptTokens: 1,
  warmTokens: 0,
  staleTokens: 0,
  unreachableTokens: 0,
  reason: 'not-cacheable',
};

/** In the order of the candidates. */
export function standingsOf(question: RouteQuestion, parts: RouteParts): Standing[] {
  const { prompt, candidates } = question;
  const { outline, tenant, seesOthers } = prompt;
  const own = outline ? beliefsOf(outline, { ...question, scope: tenant }, parts) : null;
  const asksOthers = outline !== null && seesOthers && !isMostlyWarm(own);
  const others = asksOthers ? beliefsOf(outline, { ...question, scope: EVERYONE }, parts) : null;
  const requestKey = requestSpaceKey({ ...prompt, flags: outline?.flags ?? 0 });
  const views = candidates.map((candidate, index): View => {
    const known = own?.[index];
    const prediction = known?.prediction ?? { ...NO_PREDICTION };
    const othersTokens = others?.[index]?.prediction.warmTokens ?? 0;
    return {
      candidate,
      condition: parts.health.condition(candidate.account, candidate),
      space: known?.space ?? spaceAt(candidate, requestKey),
      rule: factsOf(candidate).rule,
      warmth: known?.warmth ?? null,
      prediction,
      othersWarmTokens: Math.max(0, othersTokens - prediction.warmTokens),
      pending: known?.pending ?? null,
    };
  });
  const isPanic = hasPanic(views);
  // Where a part of it was counted before, its size is known better than from its bytes; and it is the same everywhere.
  const promptTokens = views.reduce((most, { prediction }) => Math.max(most, prediction.promptTokens), 1);
  return views.map((view) => {
    // Made for this question alone, so that it can be written to.
    view.prediction.promptTokens = promptTokens;
    return standingOf(view, { question, isPanic }, parts);
  });
}

/** The caller's own prefix is there already: what others have warm would hardly add to it. */
const OWN_SHARE = 0.9;

function isMostlyWarm(own: readonly Believed[] | null): boolean {
  return (own ?? []).some(({ prediction }) => prediction.warmTokens >= OWN_SHARE * prediction.promptTokens);
}

type View = Pick<
  Standing,
  'candidate' | 'condition' | 'space' | 'rule' | 'warmth' | 'prediction' | 'othersWarmTokens' | 'pending'
>;

interface Believed {
  space: CacheSpace;
  warmth: Warmth;
  prediction: Prediction;
  pending: PendingWrite | null;
}

/** What the prefixes of one scope say of each candidate, in their order. */
function beliefsOf(
  outline: PromptOutline,
  { prompt, candidates, scope }: Pick<RouteQuestion, 'prompt' | 'candidates'> & { scope: string },
  { routing }: RouteParts,
): Believed[] {
  const requestKey = requestSpaceKey({ flags: outline.flags, betas: prompt.betas, tenant: scope });
  const spaces = candidates.map((candidate) => spaceAt(candidate, requestKey));
  const keys = spaces.map(({ key }) => key);
  const { ledger, claims } = routing;
  const warmths = ledger.find(outline.cuts, { scope, spaces: keys });
  const pendings = claims.size > 0 ? claims.find(outline.cuts, keys) : null;
  return candidates.flatMap((candidate, index): Believed[] => {
    const space = spaces[index];
    const warmth = warmths[index];
    if (!space || !warmth) return [];
    const { rule } = factsOf(candidate);
    const prediction = predict(outline, warmth, { family: space.family, rule, beliefs: ledger.beliefs });
    return [{ space, warmth, prediction, pending: pendings?.[index] ?? null }];
  });
}

function standingOf(
  view: View,
  { question, isPanic }: { question: RouteQuestion; isPanic: boolean },
  parts: RouteParts,
): Standing {
  const { candidate, condition, prediction } = view;
  const { account } = candidate;
  const isBound = account.id === question.boundAccountId;
  const allSlots = parts.slots.limitOf(account);
  const inFlight = parts.slots.inFlight(account.id);
  const inLine = parts.routing.line.before(question.place, account.id);
  const isNewcomer = !isBound && prediction.warmTokens + view.othersWarmTokens === 0;
  const mayBeKept = allSlots !== null && (isNewcomer || (inLine > 0 && inFlight < allSlots));
  const forNewcomers = mayBeKept
    ? newcomerSlots({ candidate, allSlots, inFlight, prediction }, question, parts)
    : allSlots;
  const slots = isNewcomer ? forNewcomers : allSlots;
  // Who waits beside free slots is a newcomer: what is kept from newcomers is not theirs to have first.
  const waitersBefore =
    isNewcomer || !mayBeKept ? inLine : Math.min(inLine, Math.max(0, (forNewcomers ?? 0) - inFlight));
  const isFull = slots !== null && inFlight + waitersBefore >= slots;
  const prices = pricesAt(candidate, prediction.promptTokens);
  return Object.assign(view, {
    state: stateOf(candidate, { condition, isPanic, isFull }, question),
    slots,
    allSlots,
    inFlight,
    waitersBefore,
    isBound,
    prices: pricesOf(view, question.prompt.outline ?? NO_MARKS, prices),
    isUnpriced: prices.isUnpriced,
  });
}

const NO_MARKS = { marks: [] };

function stateOf(
  { account, host }: Candidate,
  at: { condition: AccountCondition; isPanic: boolean; isFull: boolean },
  { excluded, excludedHosts }: RouteQuestion,
): ConsideredState {
  const { condition, isPanic, isFull } = at;
  if (excluded.has(account.id) || excludedHosts.has(host)) return 'tried';
  const room = isFull ? 'full' : 'open';
  switch (condition.state) {
    case 'available':
      return room;
    case 'half-open':
      return condition.freeProbes > 0 || isPanic ? room : 'half-open';
    case 'ejected':
      return isPanic ? room : 'ejected';
    default:
      return condition.state;
  }
}

/**
 * Ejected accounts are passed over, unless more than half of those that could be used are ejected: then the fault is
 * rather ours or the provider's than theirs, and all are tried again (Envoy's panic mode).
 */
function hasPanic(views: readonly View[]): boolean {
  const count = (...states: AccountCondition['state'][]) =>
    views.filter(({ condition }) => states.includes(condition.state)).length;
  const ejected = count('ejected');
  const usable = count('available', 'half-open');
  return ejected > usable;
}

/** Fewer warm callers than this, expected at once, are nobody: slots are whole, and the least of them would keep one idle. */
const LEAST_AWAITED = 0.5;

/** Slots left to a request that is not warm here: the rest is kept for those who come back. */
function newcomerSlots(
  at: { candidate: Candidate; allSlots: number; inFlight: number; prediction: Prediction },
  { policy, settings, isTrial }: RouteQuestion,
  { routing, slots }: RouteParts,
): number {
  const { candidate, allSlots, inFlight, prediction } = at;
  const { account } = candidate;
  if (!settings.reservation.enabled || policy.scope === null) return allSlots;
  const learned = slots.learned(account.id);
  const load = { slots: allSlots, inFlight, learned };
  const { reservations } = routing;
  const { ratio } = isTrial
    ? reservations.look(account.id, load, settings.reservation)
    : reservations.ratioFor(account.id, load, settings.reservation);
  if (policy.policy !== 'warm-cost') return slotsForNewcomers(allSlots, ratio);
  const { promptTokens } = prediction;
  const returns = routing.returns.expected(account.id, {
    serviceMs: routing.loads.serviceMs(account.id),
    promptTokens,
  });
  const isAnyAwaited = returns.expectedWarmInFlight - returns.warmInFlight >= LEAST_AWAITED;
  return isAnyAwaited ? weightedNewcomerSlots({ slots: allSlots, ratio, ...returns }) : allSlots;
}

/** The same as numbers, for the policy that counts costs. */
export function contenderOf(standing: Standing, question: RouteQuestion, parts: RouteParts): Contender {
  const {
    candidate,
    condition,
    prediction,
    othersWarmTokens,
    slots,
    allSlots,
    inFlight,
    waitersBefore,
    isBound,
  } = standing;
  const { account } = candidate;
  const { loads, buckets } = parts.routing;
  return {
    accountId: account.id,
    promptTokens: prediction.promptTokens,
    warmTokens: prediction.warmTokens,
    othersWarmTokens,
    staleTokens: prediction.staleTokens,
    pending: pendingOf(standing, question, parts),
    prices: standing.prices,
    slots,
    allSlots,
    inFlight,
    waitersBefore,
    loadAverage: loads.loadAverage(account.id, allSlots),
    serviceMs: loads.serviceMs(account.id),
    bucket: buckets.level(factsOf(candidate).bucketKey),
    restMs: condition.state === 'cooling-down' ? Math.max(0, condition.untilMs - parts.clock.nowMs()) : 0,
    failureShare: parts.health.failureShare(account.id),
    headroom: parts.health.weightFactor(account),
    isBound,
  };
}

/** What it will be able to read once the request under way that writes its prefix has begun its reply. */
function pendingOf(
  standing: Standing,
  { prompt: { outline } }: RouteQuestion,
  { routing: { ledger } }: RouteParts,
): Contender['pending'] {
  const { pending, space, rule, prediction, warmth } = standing;
  if (!pending || !outline || pending.cut <= (warmth?.cut ?? -1)) return null;
  if (!isSureToCache(standing, outline, ledger)) return null;
  const { cut } = pending;
  const untilMs = Number.POSITIVE_INFINITY;
  const whenReady: Warmth = { ...NO_WARMTH, cut, untilMs, reachCut: cut, reachUntilMs: untilMs };
  const { family } = space;
  const { beliefs } = ledger;
  const { warmTokens } = predict(outline, whenReady, { family, rule, beliefs });
  return warmTokens > prediction.warmTokens ? { warmTokens, waitMs: pending.readyInMs } : null;
}

/** Nobody waits for what may never be written. */
function isSureToCache(
  { candidate, rule, space }: Standing,
  { cuts }: PromptOutline,
  { beliefs }: RoutingState['ledger'],
): boolean {
  if (candidate.account.cacheTtlMinutes === 0) return false;
  return !rule.needsMarks || lastMarkOf(cuts) >= 0 || beliefs.cachesUnmarked(space.family) === true;
}

function pricesOf(
  { rule }: View,
  { marks }: Pick<PromptOutline, 'marks'>,
  prices: CandidatePrices,
): InputPrices {
  if (rule.needsMarks && marks.length === 0) return prices.unwritten;
  return marks.some(({ ttl }) => ttl === '1h') ? prices.written1h : prices.written5m;
}
