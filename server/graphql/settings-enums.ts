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
