// The choices among the settings, as the schema names them.

import { builder } from './builder.ts';

export const AffinityScopeRef = builder.enumType('AffinityScope', {
  description: 'What a binding belongs to.',
  values: {
    SESSION: { value: 'session', description: "Each of a client's sessions." },
    API_KEY: { value: 'api-key', description: 'All requests of an API key.' },
  } as const,
});

export const ClientGonePolicyRef = builder.enumType('ClientGonePolicy', {
  description: 'What becomes of a reply whose client has hung up.',
  values: {
    CANCEL: {
      value: 'cancel',
      description: 'The upstream is stopped at once; what it generated may be billed, the usage is partial.',
    },
    DRAIN: { value: 'drain', description: 'It is read on for a while, to learn the exact usage.' },
  } as const,
});

export const RoutePolicyRef = builder.enumType('RoutePolicy', {
  description: 'By what an account is chosen.',
  values: {
    WARM_COST: {
      value: 'warm-cost',
      description: 'Where the request costs least, the wait for a warm account counted in.',
    },
    SESSION: { value: 'session', description: 'Where its session is bound.' },
    API_KEY: { value: 'api-key', description: 'Where its API key is bound.' },
    ROUND_ROBIN: { value: 'round-robin', description: 'In turn, by weight.' },
    LEAST_LOADED: { value: 'least-loaded', description: 'The fewest requests under way per weight.' },
    FIXED_ORDER: {
      value: 'fixed-order',
      description: 'The first account in the order of their creation that can take it.',
    },
  } as const,
});

export const RouteProfileRef = builder.enumType('RouteProfile', {
  description: 'What a second of waiting is worth.',
  values: {
    BALANCED: { value: 'balanced', description: 'Waits for a warm account while that is cheaper.' },
    LATENCY_FIRST: { value: 'latency-first', description: 'Rather pays for a cold account than waits long.' },
  } as const,
});

export const WarmthScopeRef = builder.enumType('WarmthScope', {
  description: 'Who shares what is known of warm prefixes.',
  values: {
    TENANT: {
      value: 'tenant',
      description:
        'Each API key has its own; what is cold for it goes where others have the same prompt warm, by hashes without an owner.',
    },
    STRICT: { value: 'strict', description: 'The requests of one API key, and nothing of others.' },
    EVERYONE: { value: 'everyone', description: 'All callers of this gateway.' },
  } as const,
});
