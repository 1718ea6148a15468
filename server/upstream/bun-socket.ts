// Connections on Bun, over its own sockets. The only file of the way out that names the runtime.

import { Buffer } from 'node:buffer';
import {
  type Dial,
  type DialTarget,
  NOBODY,
  type Socket,
  type SocketOwner,
  type TlsTarget,
} from './socket.ts';

/** Null on other runtimes. With node:net on Bun a request of 1 KB takes 1.4 times the CPU time, one of 50 KB twice. */
export const dialOnBun: Dial | null = 'Bun' in globalThis ? dial : null;

/**
 * Head and the start of the body leave in one system call through this buffer. One for all connections, because a
 * write copies what the kernel takes before it returns; a fresh one for every request would be garbage of 50 KB each.
 */
let outbox: Buffer<ArrayBuffer> | null = null;
const OUTBOX_BYTES = 128 * 1024;

/** ALPN's wire form: one length byte, then the name. */
const ALPN_HTTP_1_1 = '\x08http/1.1';

function dial(target: DialTarget, owner: SocketOwner): () => void {
  const link = new BunLink(target, owner);
  Bun.connect({
    hostname: target.address,
    port: target.port,
    data: link,
    socket: HANDLERS,
    ...(target.tls && { tls: tlsOptions(target.tls, target.address) }),
  }).catch((error: unknown) => link.failed('connect', codeOf(error)));
  return () => link.destroy();
}

function tlsOptions(tls: TlsTarget, address: string): BunTlsOptions {
  return {
    // SNI knows no addresses (RFC 6066); without a name the certificate is compared with the address.
    serverName: tls.host === address ? '' : tls.host,
    ALPNProtocols: ALPN_HTTP_1_1,
    rejectUnauthorized: true,
    ...(tls.authorities !== null && { ca: tls.authorities }),
  };
}

class BunLink implements Socket {
  roundTripMs = 0;
  readonly #isTls: boolean;
  readonly #startedAtMs = performance.now();
  #owner: SocketOwner;
  #socket: BunSocket<BunLink> | null = null;
  #isOpen = false;
  #hasEnded = false;
  /** What the kernel has not taken yet, in order. */
  #unsent: Uint8Array[] = [];

  constructor(target: DialTarget, owner: SocketOwner) {
    this.#isTls = target.tls !== null;
    this.#owner = owner;
  }

  get isFlushed(): boolean {
    return this.#unsent.length === 0;
  }

  send(head: string, body: Uint8Array | null): void {
    outbox ??= Buffer.allocUnsafeSlow(OUTBOX_BYTES);
    const headBytes = outbox.write(head, 0, 'latin1');
    const bodyStart = Math.min(body?.length ?? 0, OUTBOX_BYTES - headBytes);
    if (body) outbox.set(bodyStart < body.length ? body.subarray(0, bodyStart) : body, headBytes);
    const filled = headBytes + bodyStart;
    const taken = Math.max(0, this.#socket?.write(outbox, 0, filled) ?? 0);
    if (taken < filled) this.#unsent.push(new Uint8Array(outbox.subarray(taken, filled)));
    if (body && bodyStart < body.length) this.#unsent.push(body.subarray(bodyStart));
    this.flush();
  }

  flush(): void {
    for (let piece = this.#unsent[0]; piece; piece = this.#unsent[0]) {
      const taken = this.#socket?.write(piece) ?? 0;
      if (taken < piece.length) {
        if (taken > 0) this.#unsent[0] = piece.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  destroy(): void {
    this.#owner = NOBODY;
    this.#unsent = [];
    this.#socket?.terminate();
    this.#socket = null;
  }

  opened(socket: BunSocket<BunLink>): void {
    if (this.#owner === NOBODY) {
      socket.terminate();
      return;
    }
    this.roundTripMs = performance.now() - this.#startedAtMs;
    this.#socket = socket;
    if (!this.#isTls) this.#announce();
  }

  /** The runtime leaves it to us to refuse: `rejectUnauthorized` alone closes nothing. */
  shookHands(isDone: boolean, error: Error | null | undefined): void {
    if (this.#isOpen) return;
    if (isDone && !error && this.#socket?.authorized === true) this.#announce();
    else this.failed('tls', codeOf(error));
  }

  #announce(): void {
    this.#isOpen = true;
    this.#owner.onOpen(this);
  }

  failed(kind: 'connect' | 'tls', code: string): void {
    const owner = this.#owner;
    this.destroy();
    owner.onFailed(kind, code);
  }

  received(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isOpen) this.#owner.onData(bytes);
  }

  ended(): void {
    this.#hasEnded = true;
  }

  closed(error: unknown): void {
    if (!this.#isOpen) {
      this.failed(this.#socket ? 'tls' : 'connect', codeOf(error));
      return;
    }
    const owner = this.#owner;
    this.#owner = NOBODY;
    this.#socket = null;
    owner.onClose(this.#hasEnded && !error, codeOf(error));
  }
}

const HANDLERS: BunSocketHandlers<BunLink> = {
  open: (socket) => socket.data.opened(socket),
  handshake: (socket, isDone, error) => socket.data.shookHands(isDone, error),
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.flush(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.closed(error),
  /** Both a broken connection and a handler that threw. */
  error: (socket, error) => {
    socket.data.closed(error);
    socket.terminate();
  },
  connectError: (socket, error) => socket.data.failed('connect', codeOf(error)),
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'closed';
}
