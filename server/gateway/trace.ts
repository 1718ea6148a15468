// W3C trace context (https://www.w3.org/TR/trace-context/): which trace a request belongs to, and how to say so.

import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** Of the span of this exchange: 16 hex digits. */
  spanId: string;
  /** The client's span; null = the trace begins here. */
  parentSpanId: string | null;
  isSampled: boolean;
}

export interface ParentSpan {
  traceId: string;
  spanId: string;
  isSampled: boolean;
}

/** Which traces are recorded. */
export interface Sampler {
  /** Share of the traces that begin here, 0 to 1. */
  ratio: number;
  /** Whether a client that states it decides for its own traces. */
  followsParent: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** Hex digits of a trace id that decide: 52 bits are exact in a number. */
const DECIDING_DIGITS = 13;

/** What a `traceparent` header says; null = there is none, or it is not valid. */
export function parseTraceparent(value: string | null): ParentSpan | null {
  const match = value === null || value.length > 512 ? null : TRACEPARENT.exec(value.trim());
  if (!match) return null;
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match;
  // Later versions may add parts; this one has four.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Continues the client's trace, or begins one. */
export function beginTrace(traceparent: string | null, sampler: Sampler): TraceContext {
  const parent = parseTraceparent(traceparent);
  const traceId = parent?.traceId ?? newTraceId();
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId: parent?.spanId ?? null,
    isSampled: parent && sampler.followsParent ? parent.isSampled : isDrawn(traceId, sampler.ratio),
  };
}

/** The header that makes what the receiver does a part of this exchange. */
export function traceparentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

export function newSpanId(): string {
  return randomHex(8);
}

function newTraceId(): string {
  return randomHex(16);
}

/** Asking the system for a few bytes takes as long as for many. */
const pool = Buffer.alloc(4_096);
let poolUsed = pool.length;

function randomHex(bytes: number): string {
  if (poolUsed + bytes > pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += bytes;
  return pool.toString('hex', poolUsed - bytes, poolUsed);
}

/** The same for every program that sees the trace, so that it is recorded whole or not at all. */
function isDrawn(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-DECIDING_DIGITS), 16) < ratio * 16 ** DECIDING_DIGITS;
}
