// Makes a connection: looks the host up, checks the addresses, and dials exactly those, all within one time limit.

import { UpstreamFault, type UpstreamRequest } from '../gateway/upstream.ts';
import { Connection, type Keeper } from './connection.ts';
import { permittedAddresses } from './guard.ts';
import type { Resolver } from './resolve.ts';
import type { Dial, DialTarget, Socket } from './socket.ts';
import type { Target } from './target.ts';

export interface ConnectParts {
  resolver: Resolver;
  dial: Dial;
  keeper: Keeper;
  /** PEM; null = the system's. */
  authorities: string | null;
}

export type Connect = typeof connect;

/** Throws UpstreamFault, never with `isSent`. */
export async function connect(
  target: Target,
  request: UpstreamRequest,
  parts: ConnectParts,
): Promise<Connection> {
  const { signal, connectTimeoutMs } = request;
  const endsAtMs = performance.now() + connectTimeoutMs;
  const found = await limited<readonly string[]>({ signal, limitMs: connectTimeoutMs }, (resolve, reject) => {
    parts.resolver.addresses(target.hostname).then(resolve, reject);
    return () => undefined;
  });
  const addresses = permittedAddresses(found, request);
  let fault: unknown = null;
  for (const [index, address] of addresses.entries()) {
    // A host that swallows packets on its first address must leave time for the next.
    const limitMs = Math.max(1, (endsAtMs - performance.now()) / (addresses.length - index));
    try {
      return await limited({ signal, limitMs }, (resolve, reject) =>
        parts.dial(dialTarget(target, address, parts), new Newcomer(parts.keeper, { resolve, reject })),
      );
    } catch (error) {
      if (!(error instanceof UpstreamFault) || !/^connect/.test(error.kind)) throw error;
      fault = error;
    }
  }
  throw fault;
}

function dialTarget({ isTls, hostname, port }: Target, address: string, parts: ConnectParts): DialTarget {
  return { address, port, tls: isTls ? { host: hostname, authorities: parts.authorities } : null };
}

/** Owns a connection from the dial on, and passes on to the Connection it becomes. */
class Newcomer {
  readonly #keeper: Keeper;
  readonly #settle: { resolve(connection: Connection): void; reject(fault: UpstreamFault): void };
  #connection: Connection | null = null;

  constructor(
    keeper: Keeper,
    settle: { resolve(connection: Connection): void; reject(fault: UpstreamFault): void },
  ) {
    this.#keeper = keeper;
    this.#settle = settle;
  }

  onOpen(socket: Socket): void {
    this.#connection = new Connection(socket, this.#keeper);
    this.#settle.resolve(this.#connection);
  }

  onFailed(kind: 'connect' | 'tls', code: string): void {
    this.#settle.reject(new UpstreamFault(kind, code, { isSent: false }));
  }

  onData(bytes: Uint8Array<ArrayBuffer>): void {
    this.#connection?.onData(bytes);
  }

  onClose(isClean: boolean, code: string): void {
    this.#connection?.onClose(isClean, code);
  }
}

/** Runs `start` until it settles, the time is up or the signal fires; in the latter cases calls what `start` returned. */
function limited<T>(
  { signal, limitMs }: { signal: AbortSignal; limitMs: number },
  start: (resolve: (value: T) => void, reject: (fault: unknown) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw givenUp();
    let giveUp: () => void = () => undefined;
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const stop = (fault: UpstreamFault) => {
      settle();
      reject(fault);
      giveUp();
    };
    const onAbort = () => stop(givenUp());
    const onTimeout = () =>
      stop(new UpstreamFault('connect-timeout', 'no connection in time', { isSent: false }));
    const timer = setTimeout(onTimeout, limitMs);
    signal.addEventListener('abort', onAbort);
    giveUp = start(
      (value) => {
        settle();
        resolve(value);
      },
      (fault) => {
        settle();
        reject(fault);
      },
    );
  });
}

function givenUp(): UpstreamFault {
  return new UpstreamFault('aborted', 'the request was given up', { isSent: false });
}
