// The streams of graphql-sse's single connection mode: reserved, read, gone. Each belongs to the login that reserved it.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../gateway/ports.ts';
import { StreamConnection } from './stream-connection.ts';

/** A stream that nobody has begun to read is forgotten. */
export const RESERVED_FOR_MS = 60_000;
export const MAX_STREAMS_OF_OWNER = 16;
const MAX_STREAMS = 1000;

export interface ReservedStream {
  token: string;
  connection: StreamConnection;
  /** Ends its operations and forgets it. */
  end(): void;
  /** It is read from now on, so it does not expire. */
  keep(): void;
}

/** Owns the streams by token. */
export class StreamDesk {
  readonly #clock: Clock;
  readonly #streams = new Map<string, { owner: string; stream: ReservedStream }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null when the owner, or all together, have as many as are allowed. */
  reserve(owner: string): ReservedStream | null {
    const owned = [...this.#streams.values()].filter((one) => one.owner === owner).length;
    if (owned >= MAX_STREAMS_OF_OWNER || this.#streams.size >= MAX_STREAMS) return null;
    const token = randomUUID();
    const connection = new StreamConnection(this.#clock);
    const keep = this.#clock.setTimer(() => stream.end(), RESERVED_FOR_MS);
    const end = () => {
      keep();
      this.#streams.delete(token);
      connection.close();
    };
    const stream = { token, connection, end, keep };
    this.#streams.set(token, { owner, stream });
    return stream;
  }

  /** The stream behind the token; null when there is none of this owner. */
  find(token: string | null, owner: string): ReservedStream | null {
    const found = token === null ? undefined : this.#streams.get(token);
    return found?.owner === owner ? found.stream : null;
  }
}
