// The choice of account: preference, smooth weights, load, and why nobody can be chosen.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Candidate } from '../../server/gateway/catalog.ts';
import type { AccountCondition } from '../../server/gateway/health.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { chooseRoute, ROUTE_POLICY_FUNCTIONS } from '../../server/gateway/route.ts';
import type { RoutePolicy } from '../../server/gateway/routing-settings.ts';
import { createRoutingState, type RoutingState } from '../../server/gateway/routing-state.ts';
import type { RouteParts } from '../../server/gateway/standing.ts';
import { ManualClock } from '../manual-clock.ts';
import { account } from './fixture.ts';

const candidate = (name: string, weight = 1, at: Partial<Candidate['endpoint']> = {}): Candidate => ({
  account: account({ name, weight }),
  credential: '',
  endpoint: {
    id: 'e',
    providerId: 'p',
    name: 'e',
    surface: 'openai-chat',
    baseUrl: 'https://p.test',
    ...at,
  },
  provider: { id: 'p', name: 'p', allowPrivateNetwork: false },
  model: { id: 'm', name: 'm', displayName: null, price: null, routePolicy: null, routeProfile: null },
  upstreamModel: 'm',
  host: new URL(at.baseUrl ?? 'https://p.test').host,
});

interface State {
  condition: (candidate: Candidate) => AccountCondition;
  isStrained: (candidate: Candidate) => boolean;
  weightFactor: (accountId: string) => number;
  inFlight: (accountId: string) => number;
  isFull: (accountId: string) => boolean;
}

const IDLE: State = {
  condition: () => ({ state: 'available' }),
  isStrained: () => false,
  weightFactor: () => 1,
  inFlight: () => 0,
  isFull: () => false,
};

interface Options {
  policy?: RoutePolicy;
  state?: Partial<State>;
  /** The bound account, then where it was borrowed last. */
  preferred?: string[];
  excluded?: string[];
  excludedHosts?: string[];
  routing?: RoutingState;
  leftMs?: number;
}

const clock = new ManualClock();

function choose(candidates: Candidate[], options: Options = {}) {
  const { policy = 'session', preferred = [], leftMs = 0 } = options;
  const state = { ...IDLE, ...options.state };
  const parts: RouteParts = {
    clock,
    health: {
      condition: (_account, way) => state.condition(candidates.find((other) => other === way) ?? raise()),
      isStrained: (_account, way) => state.isStrained(candidates.find((other) => other === way) ?? raise()),
      weightFactor: ({ id }) => state.weightFactor(id),
      failureShare: () => 0,
    },
    slots: {
      inFlight: state.inFlight,
      limitOf: ({ id }) => (state.isFull(id) ? state.inFlight(id) : null),
      learned: () => null,
    },
    routing: options.routing ?? createRoutingState(clock),
  };
  const choice = chooseRoute(
    {
      candidates,
      policy: { policy, profile: 'balanced', scope: 'session', isAffinityOff: false },
      settings: { ...DEFAULT_SETTINGS, reservation: { ...DEFAULT_SETTINGS.reservation, enabled: false } },
      prompt: { outline: null, tenant: 'key:ada', seesOthers: true, betas: '' },
      boundAccountId: preferred[0] ?? null,
      borrowedAccountId: preferred[1] ?? null,
      excluded: new Set(options.excluded),
      excludedHosts: new Set(options.excludedHosts),
      leftMs,
      place: null,
    },
    { surface: 'openai-chat', policies: ROUTE_POLICY_FUNCTIONS },
    parts,
  );
  return choice.kind === 'chosen' ? { ...choice, candidate: choice.standing.candidate } : choice;
}

function raise(): never {
  throw new Error('Cannot find the candidate: not one of the pool');
}

function sequence(candidates: Candidate[], count: number): string {
  const routing = createRoutingState(clock);
  return Array.from({ length: count }, () => {
    const choice = choose(candidates, { routing });
    return choice.kind === 'chosen' ? choice.candidate.account.name : '-';
  }).join('');
}

test('RoundRobin shares an idle pool out by weight without bursts', () => {
  assert.equal(sequence([candidate('a', 5), candidate('b'), candidate('c')], 14), 'aabacaaaabacaa');
  assert.equal(sequence([candidate('a'), candidate('b'), candidate('c')], 6), 'abcabc');
});

test('RoundRobin goes to the account with the least load per weight', () => {
  const load: Record<string, number> = { a: 2, b: 1, c: 6 };
  const state = { inFlight: (id: string) => load[id] ?? 0 };
  const choice = choose([candidate('a'), candidate('b'), candidate('c', 10)], { state });
  assert.equal(choice.kind === 'chosen' && choice.candidate.account.name, 'c');
});

test('chooseRoute() takes the first preferred account that can take it', () => {
  const candidates = [candidate('a'), candidate('b'), candidate('c')];
  const pick = (options: Parameters<typeof choose>[1]) => {
    const choice = choose(candidates, options);
    return choice.kind === 'chosen' && choice.candidate.account.name;
  };
  assert.equal(pick({ preferred: ['b', 'c'] }), 'b');
  assert.equal(pick({ preferred: ['b', 'c'], excluded: ['b'] }), 'c');
  assert.equal(pick({ preferred: ['b', 'c'], state: { isFull: (id) => id === 'b' } }), 'c');
  assert.equal(pick({ preferred: ['gone'] }), 'a');
});

test('chooseRoute() says why nobody can take it', () => {
  const cooling = (untilMs: number): AccountCondition => ({
    state: 'cooling-down',
    untilMs,
    code: 'rate-limited',
    reason: '',
  });
  const two = [candidate('a'), candidate('b')];
  assert.deepEqual(choose(two, { state: { isFull: () => true } }), { kind: 'full', retryAfterMs: 1_000 });
  assert.deepEqual(
    choose(two, {
      state: { condition: ({ account }) => cooling(clock.nowMs() + (account.name === 'a' ? 500 : 300)) },
    }),
    {
      kind: 'cooling-down',
      retryAfterMs: 300,
    },
  );
  assert.deepEqual(choose(two, { state: { condition: () => ({ state: 'paused' }) } }), { kind: 'none' });
  assert.deepEqual(choose(two, { excluded: ['a', 'b'] }), { kind: 'none' });
});

const EJECTED: AccountCondition = { state: 'ejected', untilMs: 1_000, code: 'failing', reason: '' };

/** Names of the accounts chosen in six choices, in order of the alphabet. */
function chosen(candidates: Candidate[], options: Parameters<typeof choose>[1]): string {
  const routing = createRoutingState(clock);
  const names = Array.from({ length: 6 }, () => {
    const choice = choose(candidates, { ...options, routing });
    return choice.kind === 'chosen' ? choice.candidate.account.name : '-';
  });
  return [...new Set(names)].sort().join('');
}

const abcd = () => ['a', 'b', 'c', 'd'].map((name) => candidate(name));
const ejecting = (...names: string[]) => ({
  condition: ({ account: { name } }: Candidate): AccountCondition =>
    names.includes(name) ? EJECTED : { state: 'available' },
});

test('chooseRoute() passes over ejected accounts up to half of the pool, and tries all beyond it', () => {
  assert.equal(chosen(abcd(), { state: ejecting('a') }), 'bcd');
  assert.equal(chosen(abcd(), { state: ejecting('a', 'b') }), 'cd');
  assert.equal(chosen(abcd(), { state: ejecting('a', 'b', 'c') }), 'abcd');
  assert.equal(chosen([candidate('a')], { state: ejecting('a') }), 'a');
});

test('chooseRoute() never overrides a cooldown that the provider has stated', () => {
  const condition = ({ account: { name } }: Candidate): AccountCondition =>
    name === 'a'
      ? { state: 'cooling-down', untilMs: clock.nowMs() + 700, code: 'quota', reason: '' }
      : EJECTED;
  assert.equal(chosen([candidate('a'), candidate('b')], { state: { condition } }), 'b');
  assert.deepEqual(choose([candidate('a'), candidate('b')], { state: { condition }, excluded: ['b'] }), {
    kind: 'cooling-down',
    retryAfterMs: 700,
  });
});

test('chooseRoute() gives a half-open account no more than its probes', () => {
  const condition = (freeProbes: number) => ({
    condition: ({ account: { name } }: Candidate): AccountCondition =>
      name === 'a'
        ? { state: 'half-open', freeProbes, code: 'on-trial', reason: '' }
        : { state: 'available' },
  });
  assert.equal(chosen([candidate('a'), candidate('b')], { state: condition(1) }), 'ab');
  assert.equal(chosen([candidate('a'), candidate('b')], { state: condition(0) }), 'b');
});

test('chooseRoute() skips hosts that could not be reached', () => {
  const two = [candidate('a'), candidate('b', 1, { baseUrl: 'https://other.test' })];
  assert.equal(chosen(two, { excludedHosts: ['p.test'] }), 'b');
});

test("chooseRoute() prefers the caller's surface, then providers with room, and the bound account to both", () => {
  const candidates = [candidate('a', 1, { surface: 'gemini' }), candidate('b'), candidate('c')];
  assert.equal(chosen(candidates, {}), 'bc');
  assert.equal(chosen(candidates, { excluded: ['b', 'c'] }), 'a');
  assert.equal(chosen(candidates, { state: { isStrained: ({ account }) => account.name === 'b' } }), 'c');
  assert.equal(chosen(candidates, { state: { isStrained: () => true } }), 'bc');
  assert.equal(chosen(candidates, { preferred: ['a'] }), 'a');
});

test('RoundRobin gives an account less while one of its windows is nearly used up', () => {
  const routing = createRoutingState(clock);
  const state = { weightFactor: (id: string) => (id === 'a' ? 0.25 : 1) };
  const names = Array.from({ length: 10 }, () => {
    const choice = choose([candidate('a'), candidate('b')], { routing, state });
    return choice.kind === 'chosen' ? choice.candidate.account.name : '-';
  });
  assert.deepEqual([names.filter((name) => name === 'a').length, names.length], [2, 10]);
});
