// Bun's bare sockets, as far as the bench's client and upstream use them. Bun only.

export interface TcpSocket<Data> {
  data: Data;
  /** How many bytes the kernel has taken; nothing is kept of the others. Negative = the connection is closed. */
  write(bytes: Uint8Array): number;
  pause(): void;
  /** Closes at once. */
  terminate(): void;
}

export interface TcpHandlers<Data> {
  open?(socket: TcpSocket<Data>): void;
  data(socket: TcpSocket<Data>, bytes: Buffer): void;
  drain?(socket: TcpSocket<Data>): void;
  close?(socket: TcpSocket<Data>): void;
  error?(socket: TcpSocket<Data>, error: unknown): void;
}

interface Place<Data> {
  hostname: string;
  port: number;
  socket: TcpHandlers<Data>;
}

/** Without its types: the program declares only what it uses of Bun. */
const BUN: object = Bun;
export const listenTcp: <Data>(options: Place<Data>) => { port: number } = Reflect.get(BUN, 'listen');
export const connectTcp: <Data>(options: Place<Data> & { data: Data }) => Promise<TcpSocket<Data>> =
  Reflect.get(BUN, 'connect');

/** Writes what the kernel takes; the rest, or null, is for the next drain. */
export function writeSome<Data>(socket: TcpSocket<Data>, bytes: Buffer): Buffer | null {
  const written = socket.write(bytes);
  if (written < 0 || written >= bytes.length) return null;
  // A copy: the caller may use its buffer again.
  return Buffer.from(bytes.subarray(written));
}
