// Path → data plane, admin API, health or panel. Knows no runtime; everything it needs is handed to it.

import { type GatewayParts, handleExchange } from './gateway/gateway.ts';
import { matchOperation } from './wire/surface.ts';

/** What the runtime knows of one connection. */
export interface ConnectionInfo {
  /** The peer is this very machine. Looked up when asked, which only the admin API does. */
  readonly isLoopback: boolean;
  /** Lifts the idle limit once the body has come in: a reply may think for minutes. */
  holdOpen(): void;
}

export interface AppParts {
  gateway: GatewayParts;
  admin: { fetch(request: Request, info: { isLoopback: boolean }): Promise<Response> };
  /** Null when the path is not of the panel. */
  panel(request: Request): Response | null;
  /** False while draining: load balancers then look elsewhere. */
  isReady(): boolean;
}

export type App = (request: Request, info: ConnectionInfo) => Promise<Response>;

const HEALTH_PATHS: Readonly<Record<string, 'live' | 'ready'>> = {
  '/livez': 'live',
  '/healthz': 'live',
  '/health/liveness': 'live',
  '/readyz': 'ready',
  '/health/readiness': 'ready',
};

export function createApp(parts: AppParts): App {
  return async (request, info) => {
    const path = pathOf(request.url);
    if (path === null) return notFound(400, 'Cannot read the request URL: not absolute');
    const health = HEALTH_PATHS[path];
    if (health) return healthReply(health === 'live' || parts.isReady());
    if (path === '/graphql') {
      info.holdOpen();
      return parts.admin.fetch(request, info);
    }
    const operation = matchOperation(request.method, path, request.headers);
    if (operation) {
      return handleExchange(request, { path, operation, onBodyRead: info.holdOpen }, parts.gateway);
    }
    return parts.panel(request) ?? notFound(404, `Cannot find ${path}`);
  };
}

/** HTTP/1.0 without a Host header gives a relative URL, which cannot be routed. */
function pathOf(url: string): string | null {
  return URL.parse(url)?.pathname ?? null;
}

function healthReply(isOk: boolean): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(isOk ? 'ok\n' : 'draining\n', { status: isOk ? 200 : 503, headers });
}

function notFound(status: number, message: string): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify({ error: { message } }), { status, headers });
}
