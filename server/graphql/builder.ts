// The schema builder: scalars, the admin scope and the Relay conventions that every concept file shares.

import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { GraphQLError } from 'graphql';
import type { AdminContext } from './context.ts';
import { decodeGlobalId, encodeGlobalId } from './global-id.ts';
import type { Role, Visitor } from './parts.ts';

/** Changes what is configured: the default of mutations. */
export const ADMIN = { admin: true } as const;
/** Keeps the gateway running: pauses, resets, clears, tests. */
const OPERATOR = { operator: true } as const;
/** Reads everything: the default of queries, subscriptions and types. */
export const VIEWER = { viewer: true } as const;
/** Reads the rows of its own API key; what else answers to it is marked with this. Viewers may read it too. */
export const OWN = { own: true } as const;
/** For fields whose scope is not that of their type. */
export const BY_OPERATOR = { skipTypeScopes: true, authScopes: OPERATOR } as const;
export const BY_OWN_KEY = { skipTypeScopes: true, authScopes: OWN } as const;

export const builder = new SchemaBuilder<{
  Context: AdminContext;
  AuthScopes: { admin: boolean; operator: boolean; viewer: boolean; own: boolean };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Connection: { totalCount: () => number | Promise<number> };
  Scalars: {
    /** Milliseconds since the Unix epoch inside, ISO 8601 outside. */
    DateTime: { Input: number; Output: number };
    Long: { Input: number; Output: number };
    ID: { Input: string; Output: string };
  };
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: ({ visitor }) => scopesOf(visitor),
    authorizeOnSubscribe: true,
    unauthorizedError: (_root, { visitor }) => unauthorized(visitor),
  },
  relay: {
    cursorType: 'String',
    encodeGlobalID: (typename, id) => encodeGlobalId(typename, String(id)),
    decodeGlobalID: (id) => decodeGlobalId(id) ?? { typename: '', id },
    nodeTypeOptions: { description: 'Anything with a global id, which `node` finds again.' },
    nodeQueryOptions: {
      description: 'The object behind a global id; null when it does not exist (any more).',
      resolve: (_root, { id }, _context, _info, load) => (id.typename === '' ? null : load(id)),
    },
    nodesQueryOptions: false,
    pageInfoTypeOptions: { description: 'Where a page lies in its list.', authScopes: OWN },
    hasNextPageFieldOptions: { description: 'More rows follow `endCursor`.' },
    hasPreviousPageFieldOptions: { description: 'The page does not start at the beginning.' },
    startCursorFieldOptions: { description: 'Cursor of the first row of the page.' },
    endCursorFieldOptions: { description: 'Pass it as `after` to get the next page.' },
    nodesOnConnection: { description: 'The rows without their cursors.' },
    idFieldOptions: { description: 'Global id, opaque; `node` finds the object again.' },
    pageInfoFieldOptions: { description: 'Where the page lies in the list.' },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The rows with their cursors.',
    },
    nodeFieldOptions: { nullable: false, description: 'The row.' },
    cursorFieldOptions: { description: 'Opaque position of this row; valid for the same order only.' },
    defaultConnectionTypeOptions: { authScopes: OWN, description: 'One page of a list.' },
    defaultEdgeTypeOptions: { authScopes: OWN, description: 'One row of a page and its position.' },
  },
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description: 'Rows on all pages together. Counted only when asked for.',
    resolve: ({ totalCount }) => totalCount(),
  }),
);

builder.queryType({ authScopes: VIEWER, description: 'What can be read.' });
builder.mutationType({
  authScopes: ADMIN,
  description:
    'What can be changed. Expected failures are data: `errors` of the payload is empty on success.',
});
builder.subscriptionType({
  authScopes: VIEWER,
  description:
    'What can be watched, over server-sent events: POST with `accept: text/event-stream`. A subscription ends with its session.',
});

builder.scalarType('DateTime', {
  description: 'An instant as ISO 8601 / RFC 3339 text, such as 2026-11-21T22:00:00.000Z. Given out in UTC.',
  serialize: (ms) => new Date(ms).toISOString(),
  parseValue: readDateTime,
});

builder.scalarType('Long', {
  description: 'A whole number beyond 32 bits, below 2^53.',
  serialize: (value) => value,
  parseValue: readLong,
});

const RANKS: Record<Role, number> = { own: 1, viewer: 2, operator: 3, admin: 4 };

function scopesOf({ actor }: Visitor) {
  const rank = actor ? RANKS[actor.role] : 0;
  return { own: rank >= 1, viewer: rank >= 2, operator: rank >= 3, admin: rank >= 4 };
}

/** The top-level error of a field that the visitor may not use. */
function unauthorized({ actor }: Visitor): GraphQLError {
  return actor ? forbidden(actor.role) : unauthenticated();
}

function forbidden(role: Role): GraphQLError {
  return new GraphQLError(`Cannot answer: the role ${role} does not reach so far`, {
    extensions: { code: 'FORBIDDEN', http: { status: 403 } },
  });
}

function unauthenticated(): GraphQLError {
  return new GraphQLError('Cannot answer: log in or send an admin token first', {
    extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } },
  });
}

/** The top-level error of arguments that make no sense. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

function readDateTime(value: unknown): number {
  const ms = typeof value === 'string' && RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw badInput('Cannot read DateTime: expected a text like 2026-11-21T22:00:00Z');
  return ms;
}

function readLong(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw badInput('Cannot read Long: expected a whole number below 2^53');
}
