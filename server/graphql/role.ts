// The roles of the admin API, as callers see them.

import { builder } from './builder.ts';

export const RoleRef = builder.enumType('Role', {
  description: 'What a caller of the admin API may do. Each may also do what the ones below it may.',
  values: {
    ADMIN: { value: 'admin', description: 'Changes what is configured.' },
    OPERATOR: { value: 'operator', description: 'Pauses, resets, clears, moves and tests.' },
    VIEWER: { value: 'viewer', description: 'Reads everything, changes nothing.' },
    OWN: { value: 'own', description: 'An API key: reads its own rows of the request log.' },
  } as const,
});
