// The few names of Bun and Deno that we use. Their own type packages would change the global types of every file.

declare const Bun: {
  version: string;
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    maxRequestBodySize: number;
    fetch(request: Request, server: BunServer): Promise<Response>;
  }): BunServer;
  connect<Data>(options: {
    hostname: string;
    port: number;
    data: Data;
    socket: BunSocketHandlers<Data>;
    tls?: BunTlsOptions;
  }): Promise<BunSocket<Data>>;
};

interface BunTlsOptions {
  serverName: string;
  rejectUnauthorized: boolean;
  /** Wire form: each name after a byte with its length. */
  ALPNProtocols: string;
  ca?: string;
}

interface BunSocket<Data> {
  data: Data;
  /** After the handshake: the certificate is trusted and made out to `serverName`. */
  readonly authorized: boolean;
  /** How many bytes the kernel has taken; nothing is kept of the others. Negative = the connection is closed. */
  write(bytes: Uint8Array, byteOffset?: number, byteLength?: number): number;
  pause(): void;
  resume(): void;
  /** Closes at once. */
  terminate(): void;
}

interface BunSocketHandlers<Data> {
  open(socket: BunSocket<Data>): void;
  handshake(socket: BunSocket<Data>, isDone: boolean, error: Error | null | undefined): void;
  /** The bytes are a copy of their own. */
  data(socket: BunSocket<Data>, bytes: Uint8Array<ArrayBuffer>): void;
  drain(socket: BunSocket<Data>): void;
  /** The peer has ended its side; `close` follows. */
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, error: unknown): void;
  error(socket: BunSocket<Data>, error: unknown): void;
  connectError(socket: BunSocket<Data>, error: unknown): void;
}

interface BunServer {
  readonly port: number | undefined;
  requestIP(request: Request): { address: string } | null;
  /** Idle limit of one request in seconds; 0 lifts it. */
  timeout(request: Request, seconds: number): void;
  /** Resolves when the running requests have ended; `true` cuts them. */
  stop(closeActiveConnections?: boolean): Promise<void>;
}

declare namespace Deno {
  const version: { deno: string };
  interface Address {
    hostname?: string;
    port?: number;
  }
  function serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen: () => void },
    handler: (request: Request, info: { remoteAddr: Address }) => Promise<Response>,
  ): { addr: Address; shutdown(): Promise<void> };
}
