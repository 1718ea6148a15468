// What the load generator is asked for and what it answers.

import type { CallShape } from './calls.ts';

/** What every job has. */
export interface JobBase {
  port: number;
  shape: CallShape;
  warmUpMs: number;
  measureMs: number;
}

export type LoadJob =
  /** Clients that send the next request as soon as the last reply is whole. */
  | ({ kind: 'closed'; clients: number } & JobBase)
  /** Requests at fixed times, whatever became of the ones before. */
  | ({ kind: 'open'; perSecond: number } & JobBase)
  /** Streams that stay open. */
  | ({ kind: 'held'; streams: number; chunksPerSecond: number } & JobBase)
  /** Streams whose client hangs up after `measureMs`. */
  | ({ kind: 'hang-up'; streams: number } & JobBase)
  /** Streams that nobody reads on, for `measureMs`. */
  | ({ kind: 'stalled'; streams: number } & JobBase)
  /** Streams, some at a time, each left by its client after the first chunk. */
  | ({ kind: 'abandoned'; streams: number } & JobBase);

export interface LoadResult {
  elapsedMs: number;
  requests: number;
  errors: number;
  chunks: number;
  latencyMs: Spread;
  /** From the request to the first event of its stream. */
  firstChunkMs: Spread;
  /** From the upstream's write to the client's read. */
  chunkMs: Spread;
  /** Streams that got 95 % or more of their chunks; null where that is not asked. */
  fed: number | null;
  /** When the last client hung up; null where none does. */
  hungUpAtMs: number | null;
}

export interface Spread {
  p50: number | null;
  p99: number | null;
}

/** Printed on lines of their own around the time that counts, so that the bench can look at the target meanwhile. */
export const BEGIN_LINE = 'begin';
export const END_LINE = 'end';
