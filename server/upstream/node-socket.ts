// Connections on Node and Deno, over node:net and node:tls.

import net from 'node:net';
import tls from 'node:tls';
import { type Dial, type DialTarget, NOBODY, type Socket, type SocketOwner } from './socket.ts';

export const dialOnNode: Dial = (target, owner) => {
  const link = new NodeLink(target, owner);
  return () => link.destroy();
};

class NodeLink implements Socket {
  roundTripMs = 0;
  isFlushed = true;
  readonly #startedAtMs = performance.now();
  readonly #socket: net.Socket;
  #owner: SocketOwner;
  #isConnected = false;
  #isOpen = false;
  #hasEnded = false;
  #code = 'closed';
  /** Called in the order of the writes, and for the last of them once all is out. */
  readonly #onWritten = (error: Error | null | undefined) => {
    if (!error) this.isFlushed = this.#socket.writableLength === 0;
  };

  constructor(target: DialTarget, owner: SocketOwner) {
    this.#owner = owner;
    this.#socket = target.tls ? secureSocket(target, target.tls) : plainSocket(target);
    this.#socket.setNoDelay(true);
    this.#socket.once('connect', () => this.#connected());
    if (target.tls) this.#socket.once('secureConnect', () => this.#announce());
    else this.#socket.once('connect', () => this.#announce());
    this.#socket.on('data', (bytes: Buffer<ArrayBuffer>) => this.#owner.onData(bytes));
    this.#socket.on('end', () => {
      this.#hasEnded = true;
      // Nothing more comes. To wait until all that was sent is taken could be for ever.
      this.#socket.destroy();
    });
    this.#socket.on('error', (error) => {
      this.#code = codeOf(error);
    });
    this.#socket.on('close', (isBroken) => this.#closed(isBroken));
  }

  send(head: string, body: Uint8Array | null): void {
    this.isFlushed = false;
    this.#socket.cork();
    this.#socket.write(head, 'latin1', this.#onWritten);
    if (body) this.#socket.write(body, this.#onWritten);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#owner = NOBODY;
    this.#socket.destroy();
  }

  #connected(): void {
    this.#isConnected = true;
    this.roundTripMs = performance.now() - this.#startedAtMs;
  }

  #announce(): void {
    this.#isOpen = true;
    this.#owner.onOpen(this);
  }

  #closed(isBroken: boolean): void {
    const owner = this.#owner;
    this.#owner = NOBODY;
    if (this.#isOpen) owner.onClose(this.#hasEnded && !isBroken, this.#code);
    else owner.onFailed(this.#isConnected ? 'tls' : 'connect', this.#code);
  }
}

function plainSocket({ address, port }: DialTarget): net.Socket {
  return net.connect({ host: address, port });
}

function secureSocket(
  target: DialTarget,
  { host, authorities }: { host: string; authorities: string | null },
) {
  return tls.connect({
    host: target.address,
    port: target.port,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    // A name only: SNI knows no addresses, and an address is what is verified when there is no name.
    ...(net.isIP(host) === 0 && { servername: host }),
    ...(authorities !== null && { ca: authorities }),
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'closed';
}
