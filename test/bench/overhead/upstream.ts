// The upstream of the overhead bench: bare sockets and replies serialised beforehand, so that it costs the least.

import { MessageReader } from '../message-reader.ts';
import { listenTcp, type TcpHandlers, type TcpSocket, writeSome } from '../raw-tcp.ts';
import { nowMs } from '../wall-clock.ts';
import { PLAIN_REPLY, STREAM_END, STREAM_HEAD, STREAM_START, stampedChunk, textChunks } from './replies.ts';

/** How requests are answered, whatever they ask for: looking into the bodies would cost too much. */
export type ReplyMode =
  /** Always the same message. */
  | { kind: 'plain' }
  /** Everything at once, in this many writes. */
  | { kind: 'burst'; chunks: number; writes: number }
  /** The first chunk at once, then one per interval; null = without end. */
  | { kind: 'paced'; chunks: number | null; intervalMs: number }
  /** As fast as it is taken, without end. */
  | { kind: 'flood' };

/** Since the mode was set. */
export interface UpstreamStats {
  requests: number;
  /** Connections that carried a request. */
  connections: number;
  streamsBegun: number;
  streamsOpen: number;
  /** When the last connection with an unfinished stream was closed; null = none was. */
  lastCutAtMs: number | null;
}

export interface Upstream {
  port: number;
  setMode(mode: ReplyMode): void;
  readonly stats: UpstreamStats;
}

const FLOOD_WRITE = textChunks(200);
const TICK_MS = 1;

interface Connection {
  reader: MessageReader;
  unsent: Buffer | null;
  stream: Stream | null;
  /** The period of counting in which it was seen last. */
  period: number;
}

interface Stream {
  socket: TcpSocket<Connection>;
  /** Null = without end. */
  chunksLeft: number | null;
}

export function startUpstream(): Upstream {
  let mode: ReplyMode = { kind: 'plain' };
  let stats = emptyStats();
  let period = 0;
  const pacer = new Pacer();

  const setMode = (next: ReplyMode) => {
    mode = next;
    stats = emptyStats();
    period += 1;
    if (next.kind === 'paced') pacer.setInterval(next.intervalMs);
  };
  const respond = (socket: TcpSocket<Connection>) => {
    const connection = socket.data;
    stats.requests += 1;
    if (connection.period !== period) stats.connections += 1;
    connection.period = period;
    if (mode.kind === 'plain') return put(socket, PLAIN_REPLY);
    stats.streamsBegun += 1;
    put(socket, BEGINNING);
    if (mode.kind === 'burst') return burst(socket, mode);
    stats.streamsOpen += 1;
    const stream: Stream = { socket, chunksLeft: mode.kind === 'paced' ? mode.chunks : null };
    connection.stream = stream;
    if (mode.kind === 'flood') return flood(socket);
    pacer.begin(stream, () => {
      stats.streamsOpen -= 1;
    });
  };
  const handlers: TcpHandlers<Connection> = {
    open(socket) {
      socket.data = { reader: new MessageReader(), unsent: null, stream: null, period: -1 };
    },
    data(socket, bytes) {
      if (socket.data.reader.feed(bytes)) respond(socket);
    },
    drain(socket) {
      const { unsent } = socket.data;
      if (unsent) socket.data.unsent = writeSome(socket, unsent);
      if (socket.data.stream && mode.kind === 'flood') flood(socket);
    },
    close(socket) {
      const { stream } = socket.data;
      if (!stream) return;
      socket.data.stream = null;
      pacer.end(stream);
      stats.streamsOpen -= 1;
      stats.lastCutAtMs = nowMs();
    },
    error() {},
  };
  const { port } = listenTcp<Connection>({ hostname: '127.0.0.1', port: 0, socket: handlers });
  return {
    port,
    setMode,
    get stats() {
      return stats;
    },
  };
}

const BEGINNING = Buffer.concat([STREAM_HEAD, STREAM_START]);

function emptyStats(): UpstreamStats {
  return { requests: 0, connections: 0, streamsBegun: 0, streamsOpen: 0, lastCutAtMs: null };
}

function put(socket: TcpSocket<Connection>, bytes: Buffer): void {
  const { unsent } = socket.data;
  socket.data.unsent = unsent ? Buffer.concat([unsent, bytes]) : writeSome(socket, bytes);
}

function burst(socket: TcpSocket<Connection>, { chunks, writes }: { chunks: number; writes: number }): void {
  const part = textChunks(Math.ceil(chunks / writes));
  // Writes in one turn would leave as one segment.
  const next = (left: number) => {
    put(socket, left === 0 ? STREAM_END : part);
    if (left > 0) setImmediate(next, left - 1);
  };
  next(writes);
}

function flood(socket: TcpSocket<Connection>): void {
  let written = FLOOD_WRITE.length;
  while (written === FLOOD_WRITE.length && !socket.data.unsent) written = socket.write(FLOOD_WRITE);
  if (written >= 0 && written < FLOOD_WRITE.length) socket.data.unsent = FLOOD_WRITE.subarray(written);
}

/** Gives every stream a chunk per interval; the streams are spread over the interval as they began. */
class Pacer {
  #slots: Set<Stream>[] = [];
  #slotOf = new Map<Stream, Set<Stream>>();
  #onEnd = new Map<Stream, () => void>();
  #tick = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  setInterval(intervalMs: number): void {
    this.#slots = Array.from({ length: intervalMs / TICK_MS }, () => new Set<Stream>());
    this.#tick = Math.floor(nowMs() / TICK_MS);
  }

  begin(stream: Stream, onEnd: () => void): void {
    const slot = this.#slots[this.#tick % this.#slots.length];
    if (!slot) return;
    this.#slotOf.set(stream, slot.add(stream));
    this.#onEnd.set(stream, onEnd);
    this.#feed(stream);
    this.#timer ??= setInterval(() => this.#turn(), TICK_MS);
  }

  end(stream: Stream): void {
    this.#slotOf.get(stream)?.delete(stream);
    this.#slotOf.delete(stream);
    this.#onEnd.delete(stream);
    if (this.#slotOf.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #turn(): void {
    const now = Math.floor(nowMs() / TICK_MS);
    // A late timer makes up for what it missed, though not for more than one whole round.
    for (this.#tick = Math.max(this.#tick, now - this.#slots.length); this.#tick < now; ) {
      this.#tick += 1;
      for (const stream of this.#slots[this.#tick % this.#slots.length] ?? []) this.#feed(stream);
    }
  }

  #feed(stream: Stream): void {
    put(stream.socket, stampedChunk(nowMs()));
    if (stream.chunksLeft === null) return;
    stream.chunksLeft -= 1;
    if (stream.chunksLeft > 0) return;
    stream.socket.data.stream = null;
    this.#onEnd.get(stream)?.();
    this.end(stream);
    put(stream.socket, STREAM_END);
  }
}
