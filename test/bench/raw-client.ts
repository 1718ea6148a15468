// A client connection on a bare socket that costs little: one request at a time, kept alive between them.

import { MessageReader } from './message-reader.ts';
import { connectTcp, type TcpHandlers, type TcpSocket, writeSome } from './raw-tcp.ts';

export interface ReplyListener {
  /** Bytes of the body as they come in; `bytes` from `from` on. */
  body?(bytes: Buffer, from: number): void;
  done(status: number): void;
  /** The connection ended before the reply did. */
  failed(): void;
}

export class RawClient {
  readonly #reader = new MessageReader();
  #socket: TcpSocket<RawClient> | null = null;
  #unsent: Buffer | null = null;
  #listener: ReplyListener | null = null;

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await connectTcp({ hostname: '127.0.0.1', port, data: client, socket: HANDLERS });
    return client;
  }

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  send(request: Buffer, listener: ReplyListener): void {
    this.#listener = listener;
    if (this.#socket) this.#unsent = writeSome(this.#socket, request);
    else this.lost();
  }

  /** Takes nothing more from the socket, as a reader that has fallen asleep. */
  stall(): void {
    this.#socket?.pause();
  }

  close(): void {
    this.#listener = null;
    this.#socket?.terminate();
    this.#socket = null;
  }

  drained(): void {
    if (this.#unsent && this.#socket) this.#unsent = writeSome(this.#socket, this.#unsent);
  }

  received(bytes: Buffer): void {
    const isWhole = this.#reader.feed(bytes);
    const listener = this.#listener;
    if (!listener) return;
    if (listener.body && this.#reader.bodyFrom < bytes.length) listener.body(bytes, this.#reader.bodyFrom);
    if (!isWhole) return;
    this.#listener = null;
    listener.done(this.#reader.status);
  }

  lost(): void {
    this.#socket = null;
    const listener = this.#listener;
    this.#listener = null;
    listener?.failed();
  }
}

const HANDLERS: TcpHandlers<RawClient> = {
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  close: (socket) => socket.data.lost(),
  error() {},
};
