// The one door to the API: typed documents, queries and mutations. Subscriptions are in live.svelte.ts.

import {
  type AnyVariables,
  Client,
  type CombinedError,
  fetchExchange,
  type TypedDocumentNode,
} from '@urql/core';
import { initGraphQLTada } from 'gql.tada';
import type { introspection } from '../graphql-env.d.ts';
import { reloadOutdated } from './outdated.ts';

// The build replaces every call of it by the id of the document, and it is then left out.
export const graphql = /* @__PURE__ */ initGraphQLTada<{
  introspection: introspection;
  scalars: { ID: string; DateTime: string; Long: number };
  disableMasking: true;
}>();

export type { ResultOf, VariablesOf } from 'gql.tada';

/** Both servers' and browsers' way of saying that a request came from a script of this origin. */
export const REQUEST_HEADERS = { 'x-graphql-yoga-csrf': 'panel', 'graphql-require-preflight': '1' };

/** What went wrong, in a form a page can show. `code` is the API's own; `network` and `http` are ours. */
export class ApiError extends Error {
  readonly code: string;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(
    message: string,
    details: { code: string; requestId?: string | null; retryAfterSeconds?: number | null },
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = details.code;
    this.requestId = details.requestId ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }

  get isLoggedOut(): boolean {
    return LOGGED_OUT_CODES.has(this.code);
  }
}

/** The server does not know the document by its id: it was built from other sources. */
export const UNKNOWN_DOCUMENT = 'PERSISTED_QUERY_NOT_FOUND';

const LOGGED_OUT_CODES = new Set(['UNAUTHENTICATED', 'HTTP_401']);

const client = new Client({
  url: '/graphql',
  exchanges: [fetchExchange],
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetchOptions: { credentials: 'same-origin', headers: REQUEST_HEADERS },
});

const logoutListeners = new Set<() => void>();

/** Calls `listener` whenever the API says that the session is over; returns how to stop. */
export function onLoggedOut(listener: () => void): () => void {
  logoutListeners.add(listener);
  return () => logoutListeners.delete(listener);
}

export function announceLoggedOut(): void {
  for (const listener of logoutListeners) listener();
}

/** Runs a query or mutation; throws ApiError. */
export async function run<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const result = isMutation(document)
    ? await client.mutation(document, variables).toPromise()
    : await client.query(document, variables).toPromise();
  if (result.error) throw settleError(result.error);
  if (result.data === undefined || result.data === null) throw new ApiError('', { code: 'EMPTY' });
  return result.data;
}

/** A document that the build has named has no definitions any more, but says what it is. */
function isMutation<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
): boolean {
  if ('operation' in document) return document.operation === 'mutation';
  return document.definitions.some(
    (definition) => definition.kind === 'OperationDefinition' && definition.operation === 'mutation',
  );
}

/** The first of a payload's expected errors as an exception, so that forms have one way to fail. */
export function refuseUserErrors(
  errors: readonly { code: string; message: string; retryAfterSeconds?: number | null }[],
): void {
  const [first] = errors;
  if (!first) return;
  const { code, message, retryAfterSeconds } = first;
  throw new ApiError(message, { code, retryAfterSeconds: retryAfterSeconds ?? null });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(error instanceof Error ? error.message : String(error), { code: 'CLIENT' });
}

function settleError(error: CombinedError): ApiError {
  const settled = toApiError(error);
  if (settled.isLoggedOut) announceLoggedOut();
  if (settled.code === UNKNOWN_DOCUMENT) reloadOutdated();
  return settled;
}

function toApiError(error: CombinedError): ApiError {
  const response: unknown = error.response;
  const headers = response instanceof Response ? response.headers : null;
  const requestId = headers?.get('x-request-id') ?? null;
  const retryAfterSeconds = wholeNumber(headers?.get('retry-after') ?? null);
  const [first] = error.graphQLErrors;
  if (first) {
    const code = first.extensions.code;
    const retry = wholeNumber(first.extensions.retryAfterSeconds);
    return new ApiError(first.message, {
      code: typeof code === 'string' ? code : 'GRAPHQL',
      requestId,
      retryAfterSeconds: retry ?? retryAfterSeconds,
    });
  }
  if (response instanceof Response && !response.ok) {
    return new ApiError(`HTTP ${response.status}`, {
      code: `HTTP_${response.status}`,
      requestId,
      retryAfterSeconds,
    });
  }
  return new ApiError(error.networkError?.message ?? error.message, { code: 'NETWORK', requestId });
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.ceil(number) : null;
}
