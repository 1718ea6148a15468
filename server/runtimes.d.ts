// The few names of Bun and Deno that serve.ts uses. Their own type packages would change the global types of every file.

declare const Bun: {
  version: string;
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    maxRequestBodySize: number;
    fetch(request: Request, server: BunServer): Promise<Response>;
  }): BunServer;
};

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
