// The schema builder: scalars, the admin scope and the Relay conventions that every concept file shares.

import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { GraphQLError } from 'graphql';
import type { AdminContext } from './context.ts';
import { decodeGlobalId, encodeGlobalId } from './global-id.ts';

/** What every root field and type asks for, except those of the login. */
export const ADMIN = { admin: true } as const;

export const builder = new SchemaBuilder<{
  Context: AdminContext;
  AuthScopes: { admin: boolean };
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
    authScopes: ({ visitor }) => ({ admin: visitor.actor !== null }),
    authorizeOnSubscribe: true,
    unauthorizedError: () => unauthenticated(),
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
    pageInfoTypeOptions: { description: 'Where a page lies in its list.', authScopes: ADMIN },
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
    defaultConnectionTypeOptions: { authScopes: ADMIN, description: 'One page of a list.' },
    defaultEdgeTypeOptions: { authScopes: ADMIN, description: 'One row of a page and its position.' },
  },
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description: 'Rows on all pages together. Counted only when asked for.',
    resolve: ({ totalCount }) => totalCount(),
  }),
);

builder.queryType({ authScopes: ADMIN, description: 'What can be read.' });
builder.mutationType({
  authScopes: ADMIN,
  description:
    'What can be changed. Expected failures are data: `errors` of the payload is empty on success.',
});
builder.subscriptionType({
  authScopes: ADMIN,
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

/** The top-level error of a field that needs a login. */
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
