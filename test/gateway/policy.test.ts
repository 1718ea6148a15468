// Which policy a request is routed by: the model's own, the settings', and what affinity makes of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { policyOf } from '../../server/gateway/policy.ts';
import { type AffinityScope, DEFAULT_SETTINGS, type Model } from '../../server/gateway/ports.ts';
import {
  ROUTE_POLICIES,
  type RoutePolicy,
  type RouteProfile,
} from '../../server/gateway/routing-settings.ts';

interface Given {
  policy?: RoutePolicy;
  profile?: RouteProfile;
  scope?: AffinityScope;
  isOff?: boolean;
  model?: Pick<Model, 'routePolicy' | 'routeProfile'> | null;
}

function found({ policy, profile, scope, isOff = false, model = null }: Given) {
  const { affinity, routing } = DEFAULT_SETTINGS;
  return policyOf(
    {
      affinity: { ...affinity, enabled: !isOff, ...(scope && { scope }) },
      routing: { ...routing, ...(policy && { policy }), ...(profile && { profile }) },
    },
    model,
  );
}

test('policyOf() begins with the balanced warm-cost policy and a binding per session', () => {
  assert.deepEqual(policyOf(DEFAULT_SETTINGS, null), {
    policy: 'warm-cost',
    profile: 'balanced',
    scope: 'session',
    isAffinityOff: false,
  });
});

test('policyOf() binds what each policy is about', () => {
  assert.deepEqual(
    ROUTE_POLICIES.map((policy) => [policy, found({ policy }).scope]),
    [
      ['warm-cost', 'session'],
      ['session', 'session'],
      ['api-key', 'api-key'],
      ['round-robin', null],
      ['least-loaded', null],
      ['fixed-order', null],
    ],
  );
});

test('policyOf() makes a policy with bindings per session one per API key where the scope says so', () => {
  assert.deepEqual(
    ROUTE_POLICIES.map((policy) => found({ policy, scope: 'api-key' }).policy),
    ['api-key', 'api-key', 'api-key', 'round-robin', 'least-loaded', 'fixed-order'],
  );
});

test('policyOf() takes turns instead of binding while affinity is switched off, and only then', () => {
  assert.deepEqual(
    ROUTE_POLICIES.map((policy) => {
      const effective = found({ policy, isOff: true });
      return [effective.policy, effective.scope, effective.isAffinityOff];
    }),
    [
      ['round-robin', null, true],
      ['round-robin', null, true],
      ['round-robin', null, true],
      ['round-robin', null, true],
      ['least-loaded', null, true],
      ['fixed-order', null, true],
    ],
  );
});

for (const { given, expected } of [
  { given: { model: { routePolicy: 'fixed-order', routeProfile: null } }, expected: 'fixed-order balanced' },
  {
    given: { policy: 'fixed-order', model: { routePolicy: 'session', routeProfile: 'latency-first' } },
    expected: 'session latency-first',
  },
  {
    given: {
      policy: 'least-loaded',
      profile: 'latency-first',
      model: { routePolicy: null, routeProfile: 'balanced' },
    },
    expected: 'least-loaded balanced',
  },
  {
    given: { scope: 'api-key', model: { routePolicy: 'warm-cost', routeProfile: null } },
    expected: 'warm-cost balanced',
  },
  {
    given: { isOff: true, model: { routePolicy: 'session', routeProfile: null } },
    expected: 'round-robin balanced',
  },
] satisfies { given: Given; expected: string }[]) {
  test(`policyOf() lets the model go before the settings: ${expected}`, () => {
    const { policy, profile } = found(given);
    assert.equal(`${policy} ${profile}`, expected);
  });
}
