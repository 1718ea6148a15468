// Path → data plane, admin API, health or panel. Knows no runtime; everything it needs is handed to it.

import type { Peer } from './gateway/client-address.ts';
import { handleExchange } from './gateway/gateway.ts';
import type { GatewayParts } from './gateway/parts.ts';
import { matchOperation } from './wire/surface.ts';

/** What the runtime knows of one connection. */
export interface ConnectionInfo extends Peer {
  /** The peer is this very machine. Looked up when asked, which only the admin API does. */
  readonly isLoopback: boolean;
  /** Lifts the idle limit once the body has come in: a reply may think for minutes. */
  holdOpen(): void;
}

type Connection = Pick<ConnectionInfo, 'isLoopback' | 'remoteAddress'>;

export interface AppParts {
  gateway: GatewayParts;
  admin: { fetch(request: Request, connection: Connection): Promise<Response> };
  /** The same API under other products' paths; null when the path is not one of these. */
  rest: { fetch(request: Request, connection: Connection): Promise<Response> | null };
  /** Null when the path is not of the panel. */
  panel(request: Request): Response | null;
  /** Answers `/metrics`. */
  metrics(request: Request, connection: Connection): Promise<Response>;
  /** Why load balancers should look elsewhere, in a few words; null = they should not. */
  whyNotReady(): string | null;
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
    if (health) return healthReply(request, health === 'live' ? null : parts.whyNotReady());
    if (path === '/graphql' || path === '/graphql/stream' || path.startsWith('/admin/export/')) {
      info.holdOpen();
      return parts.admin.fetch(request, info);
    }
    const operation = matchOperation(request.method, target, request.headers);
    if (operation) {
      return handleExchange(
        request,
        { path, operation, onBodyRead: info.holdOpen, peer: info },
        parts.gateway,
      );
    }
    if (path === '/metrics') return parts.metrics(request, info);
    const reply = parts.rest.fetch(request, info);
    if (reply) return reply;
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

function healthReply({ method }: Request, problem: string | null): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  const body = method === 'HEAD' ? null : `${problem ?? 'ok'}\n`;
  return new Response(body, { status: problem === null ? 200 : 503, headers });
}

function notFound(status: number, message: string): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify({ error: { message } }), { status, headers });
}
