// Plain HTTP requests to a gateway, as any client would send them.

import { API_KEY, type Family, MODELS } from './config.ts';
import { promptFor, type Scenario } from './replies.ts';

export interface Asked {
  family?: Family;
  scenario?: Scenario;
  model?: string;
  stream?: boolean;
  session?: string;
  /** Part of the prompt and the request id: found again in the upstream's calls and in the request log. */
  marker?: string;
  /** Null = none is sent. */
  apiKey?: string | null;
  body?: string;
  signal?: AbortSignal;
}

const PATHS: Record<Family, string> = { anthropic: '/v1/messages', openai: '/v1/chat/completions' };

/** Resolves with the reply's head. */
export function ask(origin: string, asked: Asked = {}): Promise<Response> {
  const { family = 'anthropic', apiKey = API_KEY, session, marker, signal } = asked;
  const headers = new Headers({ 'content-type': 'application/json' });
  if (apiKey !== null) headers.set('authorization', `Bearer ${apiKey}`);
  if (marker !== undefined) headers.set('x-request-id', marker);
  if (session !== undefined) headers.set('x-session-id', session);
  return fetch(origin + PATHS[family], {
    method: 'POST',
    headers,
    body: asked.body ?? bodyOf(asked),
    ...(signal ? { signal } : {}),
  });
}

export function bodyOf({
  family = 'anthropic',
  scenario = 'text',
  model,
  stream = false,
  marker,
}: Asked): string {
  return JSON.stringify({
    model: model ?? MODELS[family],
    max_tokens: 100,
    stream,
    messages: [{ role: 'user', content: promptFor(scenario, marker) }],
  });
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** The port takes no more connections. */
export async function isClosed(origin: string): Promise<boolean> {
  try {
    await fetch(`${origin}/livez`, { headers: { connection: 'close' } });
    return false;
  } catch {
    return true;
  }
}
