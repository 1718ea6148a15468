// The parts of a run: which load, at which targets, and which figures come of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { residentMbOf } from '../process-stats.ts';
import { ratio } from '../statistics.ts';
import type { CallShape } from './calls.ts';
import type { Values } from './figures.ts';
import type { LoadJob } from './load-job.ts';
import { type Measured, measure, type UpstreamProcess } from './measure.ts';
import type { RunningTarget, Target } from './targets.ts';

/** How long and how much; `quick` is for a look, not for a judgement. */
export interface Scale {
  warmUpMs: number;
  measureMs: number;
  heldStreams: number;
  heldMs: number;
  hangUps: number;
  stalledMs: number;
  abandoned: readonly [number, number];
  logRows: number;
}

export const FULL: Scale = {
  warmUpMs: 700,
  measureMs: 2_000,
  heldStreams: 2_000,
  heldMs: 4_000,
  hangUps: 200,
  stalledMs: 3_000,
  abandoned: [600, 3_000],
  logRows: 500_000,
};
export const QUICK: Scale = {
  warmUpMs: 200,
  measureMs: 500,
  heldStreams: 500,
  heldMs: 1_200,
  hangUps: 200,
  stalledMs: 1_000,
  abandoned: [300, 900],
  logRows: 100_000,
};

export interface StepContext {
  target: RunningTarget;
  upstream: UpstreamProcess;
  scale: Scale;
}

export interface Step {
  /** For `--only`. */
  name: string;
  targets: readonly Target[];
  /** On a process that has done nothing yet, because its memory is looked at. */
  isFresh?: true;
  /** What it adds to the direct call is figured out too. */
  isAdded?: true;
  run(context: StepContext): Promise<Values>;
}

const ALL: readonly Target[] = ['direct', 'haproxy', 'nginx', 'pump', 'lean', 'gateway'];
const OURS: readonly Target[] = ['pump', 'lean', 'gateway'];

const CHUNKS_PER_SECOND = 20;
const BURST = { kind: 'burst', chunks: 100, writes: 10 } as const;
const HELD = { kind: 'paced', chunks: null, intervalMs: 1_000 / CHUNKS_PER_SECOND } as const;
const SETTLE_MS = 700;

export const STEPS: readonly Step[] = [
  { name: 'idle', targets: OURS, isFresh: true, run: idle },
  rate('1k', { label: '1 KB c64', shape: anthropic(1_000), clients: 64 }),
  rate('1k-c512', { label: '1 KB c512', shape: anthropic(1_000), clients: 512 }),
  rate('50k', { label: '50 KB c64', shape: anthropic(50_000), clients: 64 }),
  rate('300k', { label: '300 KB c64', shape: anthropic(300_000), clients: 64 }),
  rate('2m', { label: '2 MB c8', shape: anthropic(2_000_000), clients: 8 }),
  {
    ...rate('translated', {
      label: 'translated 50 KB c64',
      shape: { dialect: 'openai-chat', bytes: 50_000, isStreamed: false },
      clients: 64,
    }),
    targets: ['gateway'],
  },
  { name: 'sse', targets: ALL, run: burstStreams },
  latency('latency-1k', { label: '1 KB 500/s', bytes: 1_000, perSecond: 500 }),
  latency('latency-50k', { label: '50 KB 300/s', bytes: 50_000, perSecond: 300 }),
  { name: 'chunks', targets: ALL, isAdded: true, run: pacedStreams },
  { name: 'held', targets: ALL, isFresh: true, run: heldStreams },
  { name: 'hang-up', targets: OURS, isFresh: true, run: hangUps },
  { name: 'stalled', targets: OURS, isFresh: true, run: stalledReaders },
  { name: 'abandoned', targets: OURS, isFresh: true, run: abandonedStreams },
];

function anthropic(bytes: number, isStreamed = false): CallShape {
  return { dialect: 'anthropic', bytes, isStreamed };
}

function common({ target, scale }: StepContext, shape: CallShape) {
  return { port: target.port, shape, warmUpMs: scale.warmUpMs, measureMs: scale.measureMs };
}

async function idle({ target }: StepContext): Promise<Values> {
  await sleep(SETTLE_MS);
  return { 'RSS idle, MB': target.child && residentMbOf(target.child.pid) };
}

function rate(name: string, what: { label: string; shape: CallShape; clients: number }): Step {
  const { label, shape, clients } = what;
  const run = async (context: StepContext) => {
    const job: LoadJob = { kind: 'closed', clients, ...common(context, shape) };
    const measured = await measure(job, { ...context, mode: { kind: 'plain' } });
    return {
      ...rateValues(measured, label),
      [`peak RSS, ${label}, MB`]: measured.residentMb.peak,
      [`requests per upstream connection, ${label}`]: ratio(
        measured.upstream.requests,
        measured.upstream.connections,
      ),
    };
  };
  return { name, targets: ALL, run };
}

function rateValues({ result, cpuMs }: Measured, label: string): Values {
  return {
    [`requests/s, ${label}`]: (result.requests / result.elapsedMs) * 1000,
    [`CPU ms/request, ${label}`]: ratio(cpuMs, result.requests),
    [`errors, ${label}`]: result.errors,
  };
}

async function burstStreams(context: StepContext): Promise<Values> {
  const job: LoadJob = { kind: 'closed', clients: 64, ...common(context, anthropic(50_000, true)) };
  const measured = await measure(job, { ...context, mode: BURST });
  return rateValues(measured, 'SSE 50 KB c64');
}

function latency(name: string, what: { label: string; bytes: number; perSecond: number }): Step {
  const { label, bytes, perSecond } = what;
  const run = async (context: StepContext) => {
    const job: LoadJob = { kind: 'open', perSecond, ...common(context, anthropic(bytes)) };
    const { result } = await measure(job, { ...context, mode: { kind: 'plain' } });
    return { [`p50 ms, ${label}`]: result.latencyMs.p50, [`p99 ms, ${label}`]: result.latencyMs.p99 };
  };
  return { name, targets: ALL, isAdded: true, run };
}

async function pacedStreams(context: StepContext): Promise<Values> {
  const job: LoadJob = { kind: 'open', perSecond: 40, ...common(context, anthropic(50_000, true)) };
  const mode = { kind: 'paced', chunks: 20, intervalMs: 20 } as const;
  const { result } = await measure(job, { ...context, mode });
  return {
    'first chunk p50 ms': result.firstChunkMs.p50,
    'first chunk p99 ms': result.firstChunkMs.p99,
    'chunk p50 ms': result.chunkMs.p50,
    'chunk p99 ms': result.chunkMs.p99,
  };
}

/** What a process takes for its first streams is not what a stream takes. */
async function warmUp(context: StepContext): Promise<void> {
  const job: LoadJob = { kind: 'closed', clients: 16, ...common(context, anthropic(1_000, true)) };
  await measure(job, { ...context, mode: BURST });
}

async function heldStreams(context: StepContext): Promise<Values> {
  await warmUp(context);
  const { heldStreams: streams, heldMs: measureMs } = context.scale;
  const job: LoadJob = {
    kind: 'held',
    streams,
    chunksPerSecond: CHUNKS_PER_SECOND,
    ...common(context, anthropic(1_000, true)),
    measureMs,
  };
  const { result, cpuMs, residentMb } = await measure(job, { ...context, mode: HELD });
  const grownMb =
    residentMb.peak === null || residentMb.before === null ? null : residentMb.peak - residentMb.before;
  return {
    'held streams fed, share': ratio(result.fed, streams),
    'CPU µs/chunk, held': ratio(cpuMs === null ? null : cpuMs * 1000, result.chunks),
    'KB/stream, held': ratio(grownMb === null ? null : grownMb * 1024, streams),
    'chunk p50 ms, held': result.chunkMs.p50,
    'chunk p99 ms, held': result.chunkMs.p99,
    'peak RSS, held, MB': residentMb.peak,
  };
}

async function hangUps(context: StepContext): Promise<Values> {
  const job: LoadJob = {
    kind: 'hang-up',
    streams: context.scale.hangUps,
    ...common(context, anthropic(1_000, true)),
    measureMs: 500,
  };
  const { result } = await measure(job, { ...context, mode: HELD });
  const deadlineMs = performance.now() + 6_000;
  let stats = await context.upstream.stats();
  while (stats.streamsOpen > 0 && performance.now() < deadlineMs) {
    await sleep(20);
    stats = await context.upstream.stats();
  }
  const { hungUpAtMs } = result;
  const isAllCut = stats.streamsOpen === 0 && stats.lastCutAtMs !== null && hungUpAtMs !== null;
  return {
    'upstream streams left open after hang-up': stats.streamsOpen,
    'upstream closed after hang-up, ms': isAllCut ? (stats.lastCutAtMs ?? 0) - (hungUpAtMs ?? 0) : null,
  };
}

async function stalledReaders(context: StepContext): Promise<Values> {
  await warmUp(context);
  const streams = 8;
  const job: LoadJob = {
    kind: 'stalled',
    streams,
    ...common(context, anthropic(1_000, true)),
    warmUpMs: 0,
    measureMs: context.scale.stalledMs,
  };
  const { residentMb } = await measure(job, { ...context, mode: { kind: 'flood' } });
  const grownMb =
    residentMb.peak === null || residentMb.before === null ? null : residentMb.peak - residentMb.before;
  return { 'RSS growth, MB/stalled reader': ratio(grownMb, streams) };
}

async function abandonedStreams(context: StepContext): Promise<Values> {
  const residentMb: number[] = [];
  let done = 0;
  for (const streams of context.scale.abandoned) {
    const job: LoadJob = {
      kind: 'abandoned',
      streams: streams - done,
      ...common(context, anthropic(1_000, true)),
    };
    await measure(job, { ...context, mode: HELD });
    await sleep(SETTLE_MS);
    done = streams;
    if (context.target.child) residentMb.push(residentMbOf(context.target.child.pid));
  }
  const [after = null, later = null] = residentMb;
  return {
    'RSS after the first abandoned streams, MB': after,
    'RSS after five times as many, MB': later,
    'RSS growth over abandoned streams, ratio': ratio(later, after),
  };
}
