// Chooses the account for one attempt by the model's policy: take it now, wait for one, or say why there is none.

import type { ColdClaim } from '../routing/cold-claims.ts';
import { type Contender, PROFILES } from '../routing/contender.ts';
import { bucketWaitMs, type Placing, rank } from '../routing/warm-cost.ts';
import type { Surface } from '../wire/surface.ts';
import { BINDING_REASONS, type PassedOverCode, warmerReason } from './binding-reasons.ts';
import type { Candidate } from './catalog.ts';
import type { Account } from './ports.ts';
import type { RoundRobin } from './round-robin.ts';
import type { ConsideredCandidate, RouteRecord } from './route-record.ts';
import type { RoutePolicy } from './routing-settings.ts';
import { contenderOf, type RouteParts, type RouteQuestion, type Standing, standingsOf } from './standing.ts';
import type { Away } from './ticket.ts';

/** Where an attempt goes: an account at an endpoint. */
export type Destination = Pick<Candidate, 'account' | 'credential' | 'endpoint' | 'provider'>;

export type RouteChoice =
  | {
      kind: 'chosen';
      standing: Standing;
      /** All, the chosen one among them. */
      standings: readonly Standing[];
      record: RouteRecord;
      away: Away<PassedOverCode> | null;
    }
  /** Worth waiting for: look again when this account has room, but not before this (monotonic; 0 = any time). */
  | { kind: 'wait'; accountId: string; notBeforeMs: number; claim: ColdClaim | null; record: RouteRecord }
  /** Nobody can take it now; `retryAfterMs` when that will change by itself. */
  | { kind: 'full'; retryAfterMs: number }
  | { kind: 'cooling-down'; retryAfterMs: number }
  | { kind: 'none' };

/** A full account frees a slot when one of its requests ends; nobody knows when, so clients are told to try soon. */
const FULL_RETRY_MS = 1_000;
/** Candidates noted in a row of the request log. */
const MAX_CONSIDERED = 16;

/** What a policy picks from those that are in service; null = it would rather have nobody. */
interface Preference {
  standing: Standing;
  /** 0 = now. */
  waitMs: number;
  waitsFor: Placing['waitsFor'];
}

interface PolicyInput {
  question: RouteQuestion;
  parts: RouteParts;
  /** In service, speaking the caller's surface if any of them does; open, full or soon back. */
  group: readonly Standing[];
  /** Those of the group that can take the request now. */
  open: readonly Standing[];
}

interface PolicyOutput {
  pick: Preference | null;
  /** With their costs, where the policy counts them. */
  placings: readonly Placing[];
}

/** One way to choose; gateways under test may bring their own. */
export type RoutePolicyFunction = (input: PolicyInput) => PolicyOutput;

/** Picks one candidate, an account to wait for, or says why none can be picked. */
export function chooseRoute(
  question: RouteQuestion,
  { surface, policies }: { surface: Surface; policies: Readonly<Record<RoutePolicy, RoutePolicyFunction>> },
  parts: RouteParts,
): RouteChoice {
  const standings = standingsOf(question, parts);
  const group = bestGroup(standings, { question, surface }, parts);
  const open = group.filter(({ state }) => state === 'open');
  const { policy } = question.policy;
  const { pick: preferred, placings } = policies[policy]({ question, parts, group, open });
  const held = question.isHeldToBound ? open.find(({ isBound }) => isBound) : undefined;
  const pick = held ? now(held) : preferred;
  const record = recordOf(standings, { placings, question });
  if (!pick) return whyNone(standings, question, parts);
  if (pick.waitMs <= 0) {
    const { standing } = pick;
    return { kind: 'chosen', standing, standings, record, away: awayOf(standing, standings) };
  }
  const { candidate, pending } = pick.standing;
  const notBeforeMs = pick.waitsFor === 'slot' ? 0 : parts.clock.monotonicMs() + pick.waitMs;
  const claim = pick.waitsFor === 'prefix' ? (pending?.claim ?? null) : null;
  return { kind: 'wait', accountId: candidate.account.id, notBeforeMs, claim, record };
}

/** The policies that requests are routed by. */
export const ROUTE_POLICY_FUNCTIONS: Readonly<Record<RoutePolicy, RoutePolicyFunction>> = {
  'warm-cost': cheapest,
  session: boundFirst,
  'api-key': boundFirst,
  'round-robin': (input) => ({ pick: orWait(inTurn(input), input), placings: [] }),
  'least-loaded': (input) => ({ pick: orWait(idlest(input, input.open), input), placings: [] }),
  'fixed-order': (input) => ({ pick: orWait(input.open[0] ?? null, input), placings: [] }),
};

function cheapest(input: PolicyInput): PolicyOutput {
  const { group, question, parts } = input;
  const contenders: Contender[] = group.map((standing) => contenderOf(standing, question, parts));
  const profile = PROFILES[question.policy.profile];
  const { placings, best, ties } = rank(contenders, { leftMs: question.leftMs, profile });
  if (!best && question.leftMs > 0) return { pick: soonest(input, placings), placings };
  if (!best) {
    // What a rate limit keeps for warm prompts stays theirs: spent on cold ones it would empty everybody's cache.
    const isOpen = (_: Standing, index: number) => {
      const contender = contenders[index];
      return !contender || bucketWaitMs(contender, contender.warmTokens, profile) === 0;
    };
    return { pick: lastResort({ ...input, group: group.filter(isOpen) }), placings };
  }
  if (best.waitMs > 0 || ties.length === 1) {
    const standing = group[best.index];
    const { waitMs, waitsFor } = best;
    return { pick: standing ? { standing, waitMs, waitsFor } : null, placings };
  }
  const equals = ties.flatMap(({ index }) => group[index] ?? []);
  const { borrowedAccountId } = question;
  const borrowed = equals.find(({ candidate }) => candidate.account.id === borrowedAccountId);
  const standing = borrowed ?? idlest(input, equals);
  return { pick: standing && now(standing), placings };
}

/** Nobody is expected to have room in time: slots may be freed sooner than expected, and waiting costs only time. */
function soonest({ group, question }: PolicyInput, placings: readonly Placing[]): Preference | null {
  const [first] = placings.toSorted((a, b) => a.waitMs - b.waitMs);
  const standing = first && group[first.index];
  return standing ? { standing, waitMs: question.leftMs, waitsFor: 'slot' } : null;
}

/** At the end of its patience: what is kept for others is better than nothing. */
function lastResort(input: PolicyInput): Preference | null {
  const { group } = input;
  const roomy = group.filter(
    ({ state, condition, allSlots, inFlight, waitersBefore }) =>
      (state === 'open' || state === 'full') &&
      condition.state !== 'cooling-down' &&
      (allSlots === null || inFlight + waitersBefore < allSlots),
  );
  const standing = idlest(input, roomy);
  return standing && now(standing);
}

function now(standing: Standing): Preference {
  return { standing, waitMs: 0, waitsFor: null };
}

/** The bound account, then where it was borrowed last, then by load and in turn. */
function boundFirst(input: PolicyInput): PolicyOutput {
  const { question, open } = input;
  const preferred = [question.boundAccountId, question.borrowedAccountId];
  for (const accountId of preferred) {
    const standing = open.find(({ candidate }) => candidate.account.id === accountId);
    if (standing) return { pick: now(standing), placings: [] };
  }
  return { pick: orWait(idlest(input, open), input), placings: [] };
}

function inTurn({ question, parts, open }: PolicyInput): Standing | null {
  return byCandidate(
    open,
    rotationOf(question, parts).inTurn(poolName(question), candidatesOf(open), weightOf(parts)),
  );
}

function idlest({ question, parts }: PolicyInput, among: readonly Standing[]): Standing | null {
  if (among.length === 0) return null;
  const load = { inFlight: (id: string) => parts.slots.inFlight(id), weight: weightOf(parts) };
  return byCandidate(among, rotationOf(question, parts).next(poolName(question), candidatesOf(among), load));
}

function rotationOf({ isTrial }: RouteQuestion, { routing }: RouteParts): RoundRobin {
  return isTrial ? routing.rotation.copy() : routing.rotation;
}

/** Policies that count no costs wait for whoever has the fewest in line, but only when everybody is full. */
function orWait(standing: Standing | null, input: PolicyInput): Preference | null {
  const { group, question } = input;
  if (standing) return now(standing);
  if (question.leftMs <= 0) return lastResort(input);
  const full = group.filter(({ state }) => state === 'full');
  const bound = full.find(({ isBound }) => isBound);
  const least = full.toSorted((a, b) => a.waitersBefore - b.waitersBefore)[0];
  const target = bound ?? least;
  return target ? { standing: target, waitMs: question.leftMs, waitsFor: 'slot' } : null;
}

function candidatesOf(standings: readonly Standing[]): Candidate[] {
  return standings.map(({ candidate }) => candidate);
}

function byCandidate(standings: readonly Standing[], chosen: Candidate | null): Standing | null {
  return standings.find(({ candidate }) => candidate === chosen) ?? null;
}

/** One rotation per model and surface. */
function poolName({ candidates }: RouteQuestion): string {
  const [first] = candidates;
  return first ? `${first.model.id}|${first.endpoint.surface}` : '';
}

function weightOf({ health }: RouteParts): (account: Account) => number {
  return (account) => account.weight * health.weightFactor(account);
}

/**
 * Those that speak the caller's surface before those that need a translation, each with the strained ones last; the bound
 * account in any case. One that rests is in the group when it will be back within the request's patience.
 */
function bestGroup(
  standings: readonly Standing[],
  { question, surface }: { question: RouteQuestion; surface: Surface },
  parts: RouteParts,
): readonly Standing[] {
  const usable = standings.filter((standing) => isInReach(standing, question, parts));
  const native = usable.filter(({ candidate }) => candidate.endpoint.surface === surface);
  const group =
    native.some(({ state }) => state === 'open') || native.length === usable.length ? native : usable;
  const calm = group.filter(({ candidate }) => !parts.health.isStrained(candidate.account, candidate));
  const best = calm.some(({ state }) => state === 'open') ? calm : group;
  const bound = usable.find(({ isBound }) => isBound);
  return bound && !best.includes(bound) ? [...best, bound] : best;
}

function isInReach(
  { state, condition }: Standing,
  { leftMs, policy }: RouteQuestion,
  { clock }: RouteParts,
): boolean {
  if (state === 'open' || state === 'full') return true;
  if (state !== 'cooling-down' || condition.state !== 'cooling-down') return false;
  return policy.policy === 'warm-cost' && condition.untilMs - clock.nowMs() <= leftMs;
}

/** Why the bound account is not the one; null = it is, or nothing is bound. */
function awayOf(chosen: Standing, standings: readonly Standing[]): Away<PassedOverCode> | null {
  const bound = standings.find(({ isBound }) => isBound);
  if (!bound || bound === chosen) return null;
  switch (bound.state) {
    case 'full':
      return stays('bound-account-full');
    case 'tried':
      return stays('bound-account-failed');
    case 'open': {
      const isWarmer = chosen.prediction.warmTokens > bound.prediction.warmTokens;
      const more = chosen.prediction.warmTokens - bound.prediction.warmTokens;
      return isWarmer
        ? { code: 'warmer-elsewhere', reason: warmerReason(more), moves: true }
        : stays('cheaper-elsewhere');
    }
    default:
      return stays('bound-account-resting');
  }
}

function stays(code: PassedOverCode): Away<PassedOverCode> {
  return { code, reason: `${BINDING_REASONS[code]}; the binding stays`, moves: false };
}

function recordOf(
  standings: readonly Standing[],
  { placings, question }: { placings: readonly Placing[]; question: RouteQuestion },
): RouteRecord {
  const { policy, profile } = question.policy;
  const promptTokens = standings[0]?.prediction.promptTokens ?? 0;
  return {
    policy,
    profile,
    promptTokens: question.prompt.outline ? promptTokens : 0,
    isUnpriced: standings.some(({ isUnpriced }) => isUnpriced),
    waitedMs: 0,
    considered: consideredOf(standings, { placings, leftMs: question.leftMs }),
  };
}

/** Those with costs first, cheapest first; the rest in stored order. */
function consideredOf(
  standings: readonly Standing[],
  { placings, leftMs }: { placings: readonly Placing[]; leftMs: number },
): ConsideredCandidate[] {
  const priced = new Map(placings.map((placing) => [placing.contender.accountId, placing]));
  const order = placings.map(({ contender }) => contender.accountId);
  const rankOf = (standing: Standing) => {
    const place = order.indexOf(standing.candidate.account.id);
    return place === -1 ? order.length : place;
  };
  return standings
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .slice(0, MAX_CONSIDERED)
    .map((standing) => {
      const { account } = standing.candidate;
      const placing = priced.get(account.id);
      return {
        accountId: account.id,
        accountName: account.name,
        state: standing.state,
        warmTokens: placing?.warmTokens ?? standing.prediction.warmTokens,
        waitMs: placing && placing.waitMs <= leftMs ? Math.round(placing.waitMs) : null,
        cost: placing?.cost ?? null,
      };
    });
}

function whyNone(
  standings: readonly Standing[],
  { excluded }: RouteQuestion,
  { clock }: RouteParts,
): RouteChoice {
  if (standings.some(({ state }) => state === 'full')) return { kind: 'full', retryAfterMs: FULL_RETRY_MS };
  const nowMs = clock.nowMs();
  const waits = standings.flatMap(({ condition, candidate }) =>
    condition.state === 'cooling-down' && !excluded.has(candidate.account.id)
      ? [Math.max(0, condition.untilMs - nowMs)]
      : [],
  );
  return waits.length > 0 ? { kind: 'cooling-down', retryAfterMs: Math.min(...waits) } : { kind: 'none' };
}
