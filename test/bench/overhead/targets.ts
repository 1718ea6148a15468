// What requests are sent through: nothing, a plain proxy when there is one, two pass-throughs of ours, the gateway.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import { benchConfig, type GatewayProgram, startGateway } from '../gateway-program.ts';
import { API_KEY, MODEL } from './calls.ts';

const TARGETS = ['direct', 'haproxy', 'nginx', 'pump', 'lean', 'gateway'] as const;
export type Target = (typeof TARGETS)[number];

export interface RunningTarget {
  port: number;
  /** Null = the upstream itself is the target. */
  child: Child | null;
  stop(): Promise<void>;
}

const SERVERS = fileURLToPath(new URL('./servers.ts', import.meta.url));
const ACCOUNTS = 4;
/** Bun's own limit of requests in flight would make the pass-throughs look worse than they need be. */
const NO_REQUEST_CAP = { BUN_CONFIG_MAX_HTTP_REQUESTS: '65535' };

/** The target has a processor for itself where there are two; everything else shares the other. */
export const CPUS: { target: number | null; others: number | null } =
  availableParallelism() >= 2 && programInPath('taskset') !== null
    ? { target: 1, others: 0 }
    : { target: null, others: null };

/** Those that can be measured here. */
export function presentTargets(): Target[] {
  return TARGETS.filter(
    (target) => (target !== 'haproxy' && target !== 'nginx') || programInPath(target) !== null,
  );
}

export function startHelper(role: string, argument = ''): Child {
  const args = [SERVERS, role, ...(argument === '' ? [] : [argument])];
  return new Child({ command: process.execPath, args, cpu: CPUS.others });
}

/** `folder` is empty and for this target alone. */
export async function startTarget(
  target: Target,
  { upstreamPort, folder, program }: { upstreamPort: number; folder: string; program: GatewayProgram },
): Promise<RunningTarget> {
  if (target === 'direct') return { port: upstreamPort, child: null, stop: async () => undefined };
  if (target === 'gateway') return startBenchGateway({ folder, program, upstreamPort });
  if (target === 'haproxy' || target === 'nginx') return startProxy(target, { upstreamPort, folder });
  const args = [SERVERS, target, `http://127.0.0.1:${upstreamPort}`];
  const child = new Child({ command: process.execPath, args, cpu: CPUS.target, env: NO_REQUEST_CAP });
  return { child, port: Number(await child.match(/^(\d+)$/)), stop: () => child.stop() };
}

/** With every part of the request path switched on. */
export function startBenchGateway(options: {
  folder: string;
  program: GatewayProgram;
  upstreamPort: number;
}): Promise<RunningTarget> {
  const { folder, program, upstreamPort } = options;
  const config = benchConfig({ upstreamPort, model: MODEL, apiKey: API_KEY, accounts: ACCOUNTS });
  return startGateway({ folder, program, config, cpu: CPUS.target });
}

/** One worker, connections kept on both sides, nothing held back. */
async function startProxy(
  target: 'haproxy' | 'nginx',
  { upstreamPort, folder }: { upstreamPort: number; folder: string },
): Promise<RunningTarget> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, `${target}.conf`);
  writeFileSync(
    file,
    target === 'haproxy' ? haproxyConfig(port, upstreamPort) : nginxConfig(port, upstreamPort, folder),
  );
  const args = target === 'haproxy' ? ['-f', file] : ['-c', file, '-p', folder];
  const child = new Child({ command: target, args, cpu: CPUS.target });
  await untilItListens(port);
  return { child, port, stop: () => child.stop() };
}

function haproxyConfig(port: number, upstreamPort: number): string {
  return `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 120s
frontend bench
  bind 127.0.0.1:${port}
  default_backend upstream
backend upstream
  server upstream 127.0.0.1:${upstreamPort} maxconn 8000
`;
}

function nginxConfig(port: number, upstreamPort: number, folder: string): string {
  return `daemon off;
worker_processes 1;
error_log stderr;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 8192; }
http {
  access_log off;
  client_max_body_size 64m;
  client_body_buffer_size 4m;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  keepalive_requests 1000000;
  upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilItListens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`Cannot start the proxy: nothing listens on ${port}`);
}

function programInPath(name: string): string | null {
  const places = (process.env.PATH ?? '').split(delimiter);
  return places.map((place) => join(place, name)).find((file) => existsSync(file)) ?? null;
}
