// The choice of account: preference, smooth weights, load, and why nobody can be chosen.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Candidate } from '../../server/gateway/catalog.ts';
import type { AccountCondition } from '../../server/gateway/health.ts';
import { chooseAccount, RoundRobin, type RouteState } from '../../server/gateway/route.ts';
import { account } from './fixture.ts';

const candidate = (name: string, weight = 1): Candidate => ({
  account: account({ name, weight }),
  credential: '',
  endpoint: { id: 'e', providerId: 'p', name: 'e', surface: 'openai-chat', baseUrl: '' },
  provider: { id: 'p', name: 'p', allowPrivateNetwork: false },
  model: { id: 'm', name: 'm', displayName: null, price: null },
  upstreamModel: 'm',
});

const IDLE: RouteState = {
  condition: () => ({ state: 'available' }),
  inFlight: () => 0,
  isFull: () => false,
};

function choose(
  candidates: Candidate[],
  options: {
    state?: Partial<RouteState>;
    preferred?: string[];
    excluded?: string[];
    rotation?: RoundRobin;
  } = {},
) {
  return chooseAccount(
    { name: 'pool', candidates, rotation: options.rotation ?? new RoundRobin() },
    { ...IDLE, ...options.state },
    { excluded: new Set(options.excluded), preferred: options.preferred ?? [], nowMs: 0 },
  );
}

function sequence(candidates: Candidate[], count: number): string {
  const rotation = new RoundRobin();
  return Array.from({ length: count }, () => {
    const choice = choose(candidates, { rotation });
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

test('chooseAccount() takes the first preferred account that can take it', () => {
  const candidates = [candidate('a'), candidate('b'), candidate('c')];
  const pick = (options: Parameters<typeof choose>[1]) => {
    const choice = choose(candidates, options);
    return choice.kind === 'chosen' && choice.candidate.account.name;
  };
  assert.equal(pick({ preferred: ['b', 'c'] }), 'b');
  assert.equal(pick({ preferred: ['b', 'c'], excluded: ['b'] }), 'c');
  assert.equal(pick({ preferred: ['b', 'c'], state: { isFull: ({ name }) => name === 'b' } }), 'c');
  assert.equal(pick({ preferred: ['gone'] }), 'a');
});

test('chooseAccount() says why nobody can take it', () => {
  const cooling = (untilMs: number): AccountCondition => ({ state: 'cooling-down', untilMs, reason: '' });
  const two = [candidate('a'), candidate('b')];
  assert.deepEqual(choose(two, { state: { isFull: () => true } }), { kind: 'full', retryAfterMs: 1_000 });
  assert.deepEqual(choose(two, { state: { condition: ({ name }) => cooling(name === 'a' ? 500 : 300) } }), {
    kind: 'cooling-down',
    retryAfterMs: 300,
  });
  assert.deepEqual(choose(two, { state: { condition: () => ({ state: 'paused' }) } }), { kind: 'none' });
  assert.deepEqual(choose(two, { excluded: ['a', 'b'] }), { kind: 'none' });
});
