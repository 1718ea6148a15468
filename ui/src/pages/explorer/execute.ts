// Runs a document of the reader's own: an answer at once, or one after another for a subscription.

import { createClient } from 'graphql-sse';
import { REQUEST_HEADERS } from '../../lib/graphql.ts';

export interface Answer {
  /** Pretty JSON, or what came in its place. */
  text: string;
  hasErrors: boolean;
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

const COST_HEADER = { 'x-warmpath-cost': '1' };

/** Sends a query or mutation. Rejects only when no answer came. */
export async function ask(asked: Asked, signal: AbortSignal): Promise<Answer> {
  const startedAtMs = performance.now();
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: {
      ...REQUEST_HEADERS,
      ...COST_HEADER,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(asked),
    signal,
  });
  const text = await response.text();
  const durationMs = performance.now() - startedAtMs;
  return { ...readAnswer(text), durationMs, requestId: response.headers.get('x-request-id') };
}

/** Follows a subscription until the signal; each event is an answer. Resolves when it ends. */
export function follow(asked: Asked, signal: AbortSignal, onAnswer: (answer: Answer) => void): Promise<void> {
  const client = createClient({
    url: '/graphql',
    retryAttempts: 0,
    credentials: 'same-origin',
    headers: REQUEST_HEADERS,
  });
  return new Promise((resolve, reject) => {
    const stop = client.subscribe(asked, {
      next: (event) => onAnswer({ ...readAnswer(JSON.stringify(event)), durationMs: null, requestId: null }),
      error: reject,
      complete: resolve,
    });
    signal.addEventListener('abort', () => {
      stop();
      client.dispose();
      resolve();
    });
  });
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

/** The command line that asks the same; the token is to be put in. */
export function curlOf(asked: Asked, origin: string, isSubscription = false): string {
  const body = JSON.stringify(asked).replaceAll("'", `'\\''`);
  return [
    `curl ${isSubscription ? '--no-buffer ' : ''}${origin}/graphql`,
    `  -H "authorization: Bearer $WARMPATH_ADMIN_TOKEN"`,
    `  -H 'content-type: application/json'`,
    ...(isSubscription ? [`  -H 'accept: text/event-stream'`] : []),
    `  -d '${body}'`,
  ].join(' \\\n');
}

function readAnswer(text: string): Pick<Answer, 'text' | 'hasErrors' | 'cost'> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { text, hasErrors: true, cost: null };
  }
  const extensions = isRecord(value) && isRecord(value.extensions) ? value.extensions : {};
  return {
    text: JSON.stringify(value, null, 2),
    hasErrors: isRecord(value) && Array.isArray(value.errors),
    cost: costOf(extensions.cost),
  };
}

function costOf(value: unknown): Answer['cost'] {
  if (!isRecord(value) || typeof value.cost !== 'number' || typeof value.limit !== 'number') return null;
  return { cost: value.cost, limit: value.limit };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
