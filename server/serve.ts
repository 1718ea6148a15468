// Listens on Bun, Deno or Node. The only file that names a runtime's server.

import type { IncomingMessage, Server as NodeServer } from 'node:http';
import type { Socket } from 'node:net';
import type { App, ConnectionInfo } from './app.ts';

export interface Listener {
  port: number;
  /** Takes no more connections and resolves when the running requests have ended, or after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface ListenOptions {
  host: string;
  /** 0 = any free port. */
  port: number;
}

/** A request whose bytes stop coming is cut after this; replies may take as long as they need. */
const IDLE_SECONDS = 15;
const QUIET_CHECK_MS = 100;
/**
 * Far above the gateway's own body limit, so that its error in the caller's shape is what the client sees and the
 * refusal has its row: a body that is declared too large is refused before any of it is read.
 */
const MAX_BODY_BYTES = 1024 * 1024 * 1024;

/** Throws `Cannot listen on <host>:<port>: <state>` when the port is taken or not allowed. */
export async function listen(app: App, options: ListenOptions): Promise<Listener> {
  try {
    if ('Bun' in globalThis) return listenOnBun(app, options);
    if ('Deno' in globalThis) return await listenOnDeno(app, options);
    return await listenOnNode(app, options);
  } catch (error) {
    throw new Error(`Cannot listen on ${options.host}:${options.port}: ${listenProblem(error)}`, {
      cause: error,
    });
  }
}

/** Name and version of the runtime, for people. */
export function runtimeName(): string {
  if ('Bun' in globalThis) return `bun ${Bun.version}`;
  if ('Deno' in globalThis) return `deno ${Deno.version.deno}`;
  return `node ${process.versions.node}`;
}

function listenOnBun(app: App, options: ListenOptions): Listener {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: (request, self) =>
      app(
        request,
        info(
          () => self.requestIP(request)?.address,
          () => self.timeout(request, 0),
        ),
      ),
  });
  return {
    port: server.port ?? options.port,
    stop: (graceMs) => within(graceMs, server.stop(), () => void server.stop(true)),
  };
}

async function listenOnDeno(app: App, options: ListenOptions): Promise<Listener> {
  const force = new AbortController();
  const server = Deno.serve(
    { hostname: options.host, port: options.port, signal: force.signal, onListen: () => undefined },
    (request, { remoteAddr }) =>
      app(
        request,
        info(
          () => remoteAddr.hostname,
          () => undefined,
        ),
      ),
  );
  return {
    port: server.addr.port ?? options.port,
    stop: (graceMs) => within(graceMs, server.shutdown(), () => force.abort()),
  };
}

async function listenOnNode(app: App, options: ListenOptions): Promise<Listener> {
  const { serve } = await import('srvx/node');
  const server = serve({
    hostname: options.host,
    port: options.port,
    silent: true,
    gracefulShutdown: false,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: (request) =>
      app(
        request,
        info(
          () => request.ip,
          () => undefined,
        ),
      ),
  });
  const http = server.node?.server;
  const closeQuiet = http && 'closeIdleConnections' in http ? quietConnections(http) : () => undefined;
  await server.ready();
  const { port } = new URL(server.url ?? `http://localhost:${options.port}`);
  return {
    port: Number(port),
    async stop(graceMs) {
      const done = server.close();
      const timer = setInterval(closeQuiet, QUIET_CHECK_MS);
      closeQuiet();
      await within(graceMs, done, () => void server.close(true));
      clearInterval(timer);
    },
  };
}

/**
 * Node waits on close for connections that have sent nothing yet (a browser's preconnect, a port check) until they
 * go away, and for ones that turn idle later until their keep-alive runs out. The result closes both kinds.
 */
function quietConnections(server: NodeServer): () => void {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => unused.delete(socket));
  return () => {
    for (const socket of unused) socket.destroy();
    server.closeIdleConnections();
  };
}

function info(address: () => string | undefined, holdOpen: () => void): ConnectionInfo {
  return {
    get isLoopback() {
      return isLoopbackAddress(address());
    },
    get remoteAddress() {
      return address() ?? null;
    },
    holdOpen,
  };
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '');
}

async function within(graceMs: number, done: Promise<void>, force: () => void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      force();
      resolve();
    }, graceMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}

function listenProblem(error: unknown): string {
  const text =
    error instanceof Error ? `${'code' in error ? error.code : ''} ${error.message}` : String(error);
  if (/EADDRINUSE|AddrInUse|in use/i.test(text)) return 'the port is in use. Choose another with --port';
  if (/EACCES|PermissionDenied|permission/i.test(text))
    return 'not allowed. Ports below 1024 need privileges';
  return text.trim();
}
