// The one door to the API: typed documents, queries and mutations. Subscriptions are in live.svelte.ts.

import { initGraphQLTada } from 'gql.tada';
import type { introspection } from '../graphql-env.d.ts';
import { type Document, namedDocument } from './document.ts';
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

/** What an expected error tells for programs. */
interface Fault {
  problem: string | null;
  min: number | null;
  max: number | null;
  detail: string | null;
  path: readonly string[] | null;
}

/** What went wrong, in a form a page can show. `code` is the API's own; `network` and `http` are ours. */
export class ApiError extends Error {
  readonly code: string;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  /** Of an expected error; null of any other. */
  readonly fault: Fault | null;

  constructor(
    message: string,
    details: {
      code: string;
      requestId?: string | null;
      retryAfterSeconds?: number | null;
      fault?: Fault | null;
    },
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = details.code;
    this.requestId = details.requestId ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.fault = details.fault ?? null;
  }

  get isLoggedOut(): boolean {
    return LOGGED_OUT_CODES.has(this.code);
  }
}

/** The server does not know the document by its id: it was built from other sources. */
export const UNKNOWN_DOCUMENT = 'PERSISTED_QUERY_NOT_FOUND';

const LOGGED_OUT_CODES = new Set(['UNAUTHENTICATED', 'HTTP_401']);

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
export async function run<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await post({ ...(await namedDocument(document)), variables });
  const result = await readResult(response);
  const error = errorOf(result, response);
  if (error) throw settled(error);
  // The types come from the schema that the server was built with; that it is that server, its documents' ids say.
  return result?.data as Data;
}

async function post(body: unknown): Promise<Response> {
  try {
    return await fetch('/graphql', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { ...REQUEST_HEADERS, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
  } catch (failure) {
    throw new ApiError(failure instanceof Error ? failure.message : '', { code: 'NETWORK' });
  }
}

interface Result {
  data?: unknown;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

/** Null when the body is no answer of the API, as one of a proxy in between. */
async function readResult(response: Response): Promise<Result | null> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? body : null;
  } catch {
    return null;
  }
}

/** The first of a payload's expected errors as an exception, so that forms have one way to fail. */
export function refuseUserErrors(
  errors: readonly ({
    code: string;
    message: string;
    retryAfterSeconds?: number | null;
  } & Partial<Fault>)[],
): void {
  const [first] = errors;
  if (!first) return;
  const { code, message, retryAfterSeconds } = first;
  const { problem = null, min = null, max = null, detail = null, path = null } = first;
  const fault = { problem, min, max, detail, path };
  throw new ApiError(message, { code, retryAfterSeconds: retryAfterSeconds ?? null, fault });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(error instanceof Error ? error.message : String(error), { code: 'CLIENT' });
}

function settled(error: ApiError): ApiError {
  if (error.isLoggedOut) announceLoggedOut();
  if (error.code === UNKNOWN_DOCUMENT) reloadOutdated();
  return error;
}

function errorOf(result: Result | null, response: Response): ApiError | null {
  const requestId = response.headers.get('x-request-id');
  const retryAfterSeconds = wholeNumber(response.headers.get('retry-after'));
  const [first] = result?.errors ?? [];
  if (first) {
    const { code, retryAfterSeconds: retry } = first.extensions ?? {};
    return new ApiError(first.message, {
      code: typeof code === 'string' ? code : 'GRAPHQL',
      requestId,
      retryAfterSeconds: wholeNumber(retry) ?? retryAfterSeconds,
    });
  }
  if (!response.ok) {
    const code = `HTTP_${response.status}`;
    return new ApiError(`HTTP ${response.status}`, { code, requestId, retryAfterSeconds });
  }
  const isEmpty = result?.data === undefined || result.data === null;
  return isEmpty ? new ApiError('', { code: 'EMPTY', requestId }) : null;
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.ceil(number) : null;
}
