// Our own HTTP/1.1 client for upstreams. Not the runtime's fetch, because fetch looks names up again after our check of
// the address, cannot tell what failed before anything was sent, and keeps too few connections open.

import { setInterval } from 'node:timers';
import {
  type Upstream,
  UpstreamFault,
  type UpstreamReply,
  type UpstreamRequest,
} from '../gateway/upstream.ts';
import { dialOnBun } from './bun-socket.ts';
import type { Connect, ConnectParts } from './connect.ts';
import type { Outgoing } from './exchange.ts';
import { Pool, type PoolStats } from './pool.ts';
import { requestHead } from './request-head.ts';
import type { Lookup } from './resolve.ts';
import type { Dial } from './socket.ts';
import { type Target, targetOf } from './target.ts';

export interface UpstreamClient {
  send: Upstream;
  /** Closes idle connections now, and busy ones when their reply has ended. */
  close(): void;
  /** Of all origins together. */
  stats(): PoolStats;
}

export interface UpstreamOptions {
  /** PEM of the only authorities to trust, for tests and closed networks; default: the system's. */
  authorities?: string;
  lookup?: Lookup;
  dial?: Dial;
  /** Monotonic, in milliseconds. */
  now?: () => number;
}

/**
 * Public servers keep idle connections for a minute and more (nginx 75 s, AWS 60 s), and a new TLS connection costs
 * several round trips. Servers on private networks often keep them for 5 s (uvicorn, Node) and a new connection is
 * nothing there, so that it is not worth the race with their close.
 */
const PUBLIC_IDLE_MS = 30_000;
const PRIVATE_IDLE_MS = 4_000;
const SWEEP_MS = 1_000;

export function createUpstream(options: UpstreamOptions = {}): UpstreamClient {
  const now = options.now ?? (() => performance.now());
  /** By server and rule; one for each base URL that was ever configured. */
  const pools = new Map<string, Pool>();
  let dialing: Promise<Dialing> | null = null;
  let isClosed = false;
  const timer = setInterval(() => {
    for (const pool of pools.values()) pool.sweep();
  }, SWEEP_MS);
  timer.unref();

  const poolOf = ({ key, isTls }: Target): Pool => {
    const known = pools.get(key);
    if (known) return known;
    const pool = new Pool({ idleMs: isTls ? PUBLIC_IDLE_MS : PRIVATE_IDLE_MS, now });
    pools.set(key, pool);
    if (isClosed) pool.close();
    return pool;
  };

  const sendFresh = async (target: Target, request: UpstreamRequest, outgoing: Outgoing): Promise<void> => {
    try {
      const startedAtMs = performance.now();
      dialing ??= loadParts(options, now);
      const { connect, parts } = await dialing;
      const connection = await connect(target, request, { ...parts, keeper: poolOf(target) });
      connection.exchange(outgoing, performance.now() - startedAtMs);
    } catch (error) {
      outgoing.reject(faultOf(error));
    }
  };

  const send = (request: UpstreamRequest): Promise<UpstreamReply> =>
    new Promise((resolve, reject) => {
      const { body, signal } = request;
      const target = targetOf(request.url, request);
      const head = requestHead(request, target);
      const onStale = () => void sendFresh(target, request, outgoing);
      const outgoing = { head, body, signal, resolve, reject, onStale };
      const idle = signal.aborted ? null : poolOf(target).take();
      if (idle) idle.exchange(outgoing, 0);
      else void sendFresh(target, request, outgoing);
    });

  return {
    send,
    close: () => {
      isClosed = true;
      clearInterval(timer);
      for (const pool of pools.values()) pool.close();
    },
    stats: () => totals(pools),
  };
}

interface Dialing {
  connect: Connect;
  parts: Omit<ConnectParts, 'keeper'>;
}

function faultOf(error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  return new UpstreamFault('connect', 'no connection', { isSent: false, cause: error });
}

/** What only new connections need is loaded with the first one, off the way of the start. */
async function loadParts(options: UpstreamOptions, now: () => number): Promise<Dialing> {
  const [{ connect }, { Resolver }, dial] = await Promise.all([
    import('./connect.ts'),
    import('./resolve.ts'),
    options.dial ?? dialOnBun ?? import('./node-socket.ts').then((module) => module.dialOnNode),
  ]);
  const resolver = new Resolver({ lookup: options.lookup ?? null, now });
  return { connect, parts: { resolver, dial, authorities: options.authorities ?? null } };
}

function totals(pools: ReadonlyMap<string, Pool>): PoolStats {
  const all = [...pools.values()].map((pool) => pool.stats());
  const sum = (pick: (stats: PoolStats) => number) => all.reduce((total, stats) => total + pick(stats), 0);
  return {
    open: sum(({ open }) => open),
    idle: sum(({ idle }) => idle),
    dialed: sum(({ dialed }) => dialed),
  };
}
