// Path → data plane, admin API, health or panel. Knows no runtime; everything it needs is handed to it.

import { handleExchange } from './gateway/gateway.ts';
import type { GatewayParts } from './gateway/parts.ts';
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
    const target = plainTarget(request.url) ?? parsedTarget(request.url);
    if (!target) return notFound(400, 'Cannot read the request URL: not absolute');
    const { path } = target;
    const health = HEALTH_PATHS[path];
    if (health) return healthReply(health === 'live' || parts.isReady());
    if (path === '/graphql') {
      info.holdOpen();
      return parts.admin.fetch(request, info);
    }
    const operation = matchOperation(request.method, target, request.headers);
    if (operation) {
      return handleExchange(request, { path, operation, onBodyRead: info.holdOpen }, parts.gateway);
    }
    return parts.panel(request) ?? notFound(404, `Cannot find ${path}`);
  };
}

interface Target {
  path: string;
  query: string;
}

/** The paths that agents ask for all the time need no parsing: letters, digits and slashes after the host. */
function plainTarget(url: string): Target | null {
  const start = url.startsWith('http') ? url.indexOf('/', 'https://'.length) : -1;
  const path = start < 0 ? '' : url.slice(start);
  return /^(\/[a-z\d_]+)+$/.test(path) ? { path, query: '' } : null;
}

/** HTTP/1.0 without a Host header gives a relative URL, which cannot be routed. */
function parsedTarget(url: string): Target | null {
  const parsed = URL.parse(url);
  return parsed && { path: parsed.pathname, query: parsed.search };
}

function healthReply(isOk: boolean): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(isOk ? 'ok\n' : 'draining\n', { status: isOk ? 200 : 503, headers });
}

function notFound(status: number, message: string): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify({ error: { message } }), { status, headers });
}
