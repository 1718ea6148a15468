// What the client asks of a connection, whatever the runtime: one small interface, one adapter per kind of socket.

/** Where a connection goes: an address that the guard has passed, never a name. */
export interface DialTarget {
  address: string;
  port: number;
  tls: TlsTarget | null;
}

export interface TlsTarget {
  /** The certificate must be valid for it: a host name, or an address without brackets. */
  host: string;
  /** PEM of the only authorities to trust; null = the system's. */
  authorities: string | null;
}

export interface Socket {
  /** Time from the start of the dial to the open TCP connection: at least one round trip of the network. */
  readonly roundTripMs: number;
  /** Nothing that was sent is waiting for room in the kernel's buffer. */
  readonly isFlushed: boolean;
  /** Sends `head` (one byte per character), then `body`, which stays in use until it has gone out. */
  send(head: string, body: Uint8Array | null): void;
  /** Leaves what the peer sends in the kernel, so that it slows down. */
  pause(): void;
  resume(): void;
  /** Closes at once, in both directions. No event follows. */
  destroy(): void;
}

/** A connection has one owner, who hears `onOpen` or `onFailed` first and only once. */
export interface SocketOwner {
  /** Connected, and the peer's certificate verified. */
  onOpen(socket: Socket): void;
  onFailed(kind: 'connect' | 'tls', code: string): void;
  /** The bytes are the owner's to keep and to change. */
  onData(bytes: Uint8Array<ArrayBuffer>): void;
  /** The last event. `isClean`: the peer ended its side; else the connection broke. */
  onClose(isClean: boolean, code: string): void;
}

/** Starts to connect. The result gives up the attempt, or closes the connection; no event follows. */
export type Dial = (target: DialTarget, owner: SocketOwner) => () => void;

/** Hears nothing: the owner of a connection that was given up. */
export const NOBODY: SocketOwner = {
  onOpen: (socket) => socket.destroy(),
  onFailed: () => undefined,
  onData: () => undefined,
  onClose: () => undefined,
};
