// `GET /metrics`: who may read it, and in which format.

import type { Family } from './metric-family.ts';
import { CONTENT_TYPES, metricsFormat, renderMetrics } from './prometheus-text.ts';

export interface ScrapeParts {
  families(): readonly Family[];
  /** Anybody may read them. */
  isOpen: boolean;
  /** Whether the caller has shown that it may read what the panel shows. */
  authorize(request: Request, info: { isLoopback: boolean }): Promise<boolean>;
}

/** Names of accounts and models are nobody else's business, so a caller from elsewhere must show a token. */
export async function answerScrape(
  request: Request,
  info: { isLoopback: boolean },
  parts: ScrapeParts,
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return text('Only GET and HEAD\n', { status: 405, headers: { allow: 'GET, HEAD' } });
  }
  const mayRead =
    parts.isOpen || (info.isLoopback && isDirect(request)) || (await parts.authorize(request, info));
  if (!mayRead) {
    const message =
      'Cannot show metrics: send "Authorization: Bearer TOKEN" with the admin or a viewer token\n';
    return text(message, { status: 401, headers: { 'www-authenticate': 'Bearer realm="warmpath"' } });
  }
  const format = metricsFormat(request.headers.get('accept'));
  const body = request.method === 'HEAD' ? null : renderMetrics(parts.families(), format);
  return new Response(body, {
    headers: { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store', vary: 'accept' },
  });
}

const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** A proxy on this machine, or a web page that had its name resolved to it, also comes from loopback. */
function isDirect(request: Request): boolean {
  const hostname = URL.parse(request.url)?.hostname ?? '';
  const isLocalName =
    hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  return isLocalName && !FORWARDING.some((name) => request.headers.has(name));
}

function text(body: string, init: { status: number; headers: Record<string, string> }): Response {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...init.headers,
  };
  return new Response(body, { status: init.status, headers });
}
