// Runs a document of the reader's own: an answer at once, or one after another for a subscription.

import { createClient } from 'graphql-sse';
import { ApiError, REQUEST_HEADERS } from '../../lib/graphql.ts';

export interface Answer {
  /** Pretty JSON, or what came in its place. */
  text: string;
  hasErrors: boolean;
  /** Of the first error; null when it has none. */
  errorCode: string | null;
  durationMs: number | null;
  requestId: string | null;
  /** Points of the API's limit; null when it was not told. */
  cost: { cost: number; limit: number } | null;
}

export interface Asked {
  query: string;
  variables: Record<string, unknown>;
  operationName?: string;
}

/** Beside what is asked, never in it: texts are copied, kept and put into addresses. */
export interface Asking {
  /** Asks in place of the session, whose cookie then stays at home; null = the session asks. */
  token: string | null;
  signal: AbortSignal;
}

const COST_HEADER = { 'x-warmpath-cost': '1' };

/** Sends a query or mutation. Rejects only when no answer came. */
export async function ask(asked: Asked, { token, signal }: Asking): Promise<Answer> {
  const startedAtMs = performance.now();
  const { credentials, headers } = identityOf(token);
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials,
    headers: {
      ...headers,
      ...COST_HEADER,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(asked),
    signal,
  }).catch(refuseUnreached);
  const text = await response.text();
  const durationMs = performance.now() - startedAtMs;
  return { ...readAnswer(text), durationMs, requestId: response.headers.get('x-request-id') };
}

/** Follows a subscription until the signal; each event is an answer. Resolves when it ends. */
export function follow(
  asked: Asked,
  { token, signal }: Asking,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  let requestId: string | null = null;
  const client = createClient({
    url: '/graphql',
    retryAttempts: 0,
    ...identityOf(token),
    fetchFn: async (url: string, init: RequestInit) => {
      const response = await fetch(url, init).catch(refuseUnreached);
      requestId = response.headers.get('x-request-id');
      return readable(response);
    },
  });
  return new Promise((resolve, reject) => {
    const stop = client.subscribe(asked, {
      next: (event) => onAnswer({ ...readAnswer(JSON.stringify(event)), durationMs: null, requestId }),
      error: (error) => reject(asRefusal(error)),
      complete: resolve,
    });
    signal.addEventListener('abort', () => {
      stop();
      client.dispose();
      resolve();
    });
  });
}

function identityOf(token: string | null): {
  credentials: RequestCredentials;
  headers: Record<string, string>;
} {
  return token === null
    ? { credentials: 'same-origin', headers: REQUEST_HEADERS }
    : { credentials: 'omit', headers: { ...REQUEST_HEADERS, authorization: `Bearer ${token}` } };
}

function refuseUnreached(failure: unknown): never {
  if (failure instanceof DOMException && failure.name === 'AbortError') throw failure;
  throw new ApiError('', { code: 'NETWORK' });
}

/** The client reads no refusal, though the API says why in an event. */
function readable(response: Response): Response {
  const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  return response.ok || !isEvents ? response : new Response(response.body, { headers: response.headers });
}

/** The client wraps what went wrong: an answer that holds no events, or none at all. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'NetworkError') return error;
  const response = 'response' in error ? error.response : undefined;
  if (!(response instanceof Response)) return new ApiError('', { code: 'NETWORK' });
  const requestId = response.headers.get('x-request-id');
  return new ApiError(error.message, { code: `HTTP_${response.status}`, requestId });
}

/** The token in what was pasted, also with the word that goes before it in a header; null when it cannot be one. */
export function readToken(text: string): string | null {
  return /^(?:bearer\s+)?([\x21-\x7e]+)$/i.exec(text.trim())?.[1] ?? null;
}

/** Variables as they were typed; null when they are no JSON object. */
export function readVariables(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

const API_KEY_PREFIX = 'wp_';

interface CurlOptions {
  origin: string;
  isSubscription: boolean;
  /** Stays out of the command: it only tells which variable stands for it. */
  token: string | null;
}

/** The command line that asks the same; the token is to be put in. */
export function curlOf(asked: Asked, { origin, isSubscription, token }: CurlOptions): string {
  const variable = token?.startsWith(API_KEY_PREFIX) ? 'WARMPATH_API_KEY' : 'WARMPATH_ADMIN_TOKEN';
  const body = JSON.stringify(asked).replaceAll("'", `'\\''`);
  return [
    `curl ${isSubscription ? '--no-buffer ' : ''}${origin}/graphql`,
    `  -H "authorization: Bearer $${variable}"`,
    `  -H 'content-type: application/json'`,
    ...(isSubscription ? [`  -H 'accept: text/event-stream'`] : []),
    `  -d '${body}'`,
  ].join(' \\\n');
}

function readAnswer(text: string): Pick<Answer, 'text' | 'hasErrors' | 'errorCode' | 'cost'> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { text, hasErrors: true, errorCode: null, cost: null };
  }
  const { extensions, errors } = isRecord(value) ? value : {};
  return {
    text: JSON.stringify(value, null, 2),
    hasErrors: Array.isArray(errors),
    errorCode: Array.isArray(errors) ? codeOf(errors[0]) : null,
    cost: costOf(isRecord(extensions) ? extensions.cost : null),
  };
}

function codeOf(error: unknown): string | null {
  const extensions = isRecord(error) ? error.extensions : null;
  return isRecord(extensions) && typeof extensions.code === 'string' ? extensions.code : null;
}

function costOf(value: unknown): Answer['cost'] {
  if (!isRecord(value) || typeof value.cost !== 'number' || typeof value.limit !== 'number') return null;
  return { cost: value.cost, limit: value.limit };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
