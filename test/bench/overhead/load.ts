// The load generator, a process of its own: does one job and prints what it saw as one line of JSON.

import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '../raw-client.ts';
import { percentile } from '../statistics.ts';
import { nowMs } from '../wall-clock.ts';
import { requestBytes } from './calls.ts';
import {
  BEGIN_LINE,
  END_LINE,
  type JobBase,
  type LoadJob,
  type LoadResult,
  type Spread,
} from './load-job.ts';
import { STAMP_MARK, stampAt } from './replies.ts';

const ABANDONED_AT_ONCE = 50;
const FED_SHARE = 0.95;
/** So that opening many streams is not itself the load. */
const OPENED_PER_TURN = 25;

export async function runLoad(job: LoadJob): Promise<LoadResult> {
  if (job.kind === 'closed') return closedLoop(job);
  if (job.kind === 'open') return openLoop(job);
  if (job.kind === 'abandoned') return abandoned(job);
  return openStreams(job);
}

/** Everything that is counted while it counts. */
class Tally {
  readonly latencies: number[] = [];
  readonly firstChunks: number[] = [];
  readonly chunkTimes: number[] = [];
  requests = 0;
  errors = 0;
  chunks = 0;
  isCounting = false;
  #beganAtMs = 0;
  #elapsedMs = 0;

  begin(): void {
    this.isCounting = true;
    this.#beganAtMs = performance.now();
    console.log(BEGIN_LINE);
  }

  end(): void {
    this.#elapsedMs = performance.now() - this.#beganAtMs;
    this.isCounting = false;
    console.log(END_LINE);
  }

  async during({ warmUpMs, measureMs }: JobBase): Promise<void> {
    await sleep(warmUpMs);
    this.begin();
    await sleep(measureMs);
    this.end();
  }

  /** Counts the events in the bytes and how long each was under way. */
  countStamps(bytes: Buffer, from: number): number {
    let found = 0;
    for (let at = bytes.indexOf(STAMP_MARK, from); at >= 0; at = bytes.indexOf(STAMP_MARK, at + 1)) {
      found += 1;
      if (!this.isCounting) continue;
      this.chunks += 1;
      const underWayMs = nowMs() - stampAt(bytes, at);
      if (underWayMs >= 0 || underWayMs < 0) this.chunkTimes.push(underWayMs);
    }
    return found;
  }

  result(more: Partial<LoadResult> = {}): LoadResult {
    return {
      elapsedMs: this.#elapsedMs,
      requests: this.requests,
      errors: this.errors,
      chunks: this.chunks,
      latencyMs: spread(this.latencies),
      firstChunkMs: spread(this.firstChunks),
      chunkMs: spread(this.chunkTimes),
      fed: null,
      hungUpAtMs: null,
      ...more,
    };
  }
}

function spread(values: readonly number[]): Spread {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}

async function closedLoop(job: Extract<LoadJob, { kind: 'closed' }>): Promise<LoadResult> {
  const tally = new Tally();
  let isOver = false;
  const run = async (number: number) => {
    const request = requestBytes(job.shape, number);
    let client = await RawClient.open(job.port);
    const again = async () => {
      if (!client.isOpen) client = await RawClient.open(job.port);
      next();
    };
    const listener = {
      done(status: number) {
        if (tally.isCounting && status === 200) tally.requests += 1;
        else if (tally.isCounting) tally.errors += 1;
        if (!isOver) next();
      },
      failed() {
        if (tally.isCounting) tally.errors += 1;
        if (!isOver) setTimeout(() => void again(), 1);
      },
    };
    const next = () => client.send(request, listener);
    next();
  };
  for (let number = 0; number < job.clients; number += 1) await run(number);
  await tally.during(job);
  isOver = true;
  return tally.result();
}

async function openLoop(job: Extract<LoadJob, { kind: 'open' }>): Promise<LoadResult> {
  const tally = new Tally();
  const idle: RawClient[] = [];
  const requests = Array.from({ length: 64 }, (_, number) => requestBytes(job.shape, number));
  let sent = 0;
  const send = async () => {
    sent += 1;
    const request = requests[sent % requests.length];
    const client = idle.pop() ?? (await RawClient.open(job.port));
    const isCounted = tally.isCounting;
    const sentAtMs = performance.now();
    let hasBegun = false;
    const body = (bytes: Buffer, from: number) => {
      if (isCounted && !hasBegun) tally.firstChunks.push(performance.now() - sentAtMs);
      // The first chunk has a figure of its own.
      if (hasBegun) tally.countStamps(bytes, from);
      hasBegun = true;
    };
    const failed = () => {
      if (isCounted) tally.errors += 1;
    };
    const done = (status: number) => {
      if (client.isOpen) idle.push(client);
      if (!isCounted) return;
      if (status !== 200) tally.errors += 1;
      tally.requests += 1;
      tally.latencies.push(performance.now() - sentAtMs);
    };
    if (request) client.send(request, { ...(job.shape.isStreamed ? { body } : {}), done, failed });
  };
  const stop = onSchedule(job.perSecond, () => void send().catch(() => (tally.errors += 1)));
  await tally.during(job);
  stop();
  return tally.result();
}

/** Never early, and never more than the timer's millisecond late unless the machine is. */
function onSchedule(perSecond: number, run: () => void): () => void {
  const startedAtMs = performance.now();
  let due = 0;
  let timer: ReturnType<typeof setTimeout>;
  const turn = () => {
    while (startedAtMs + (due * 1000) / perSecond <= performance.now()) {
      due += 1;
      run();
    }
    timer = setTimeout(turn, Math.max(0, startedAtMs + (due * 1000) / perSecond - performance.now()));
  };
  turn();
  return () => clearTimeout(timer);
}

async function openStreams(
  job: Extract<LoadJob, { kind: 'held' | 'hang-up' | 'stalled' }>,
): Promise<LoadResult> {
  const tally = new Tally();
  const clients: RawClient[] = [];
  const chunksOf = new Array<number>(job.streams).fill(0);
  for (let number = 0; number < job.streams; number += 1) {
    const client = await RawClient.open(job.port);
    clients.push(client);
    const begun = Promise.withResolvers<void>();
    client.send(requestBytes(job.shape, number), {
      body(bytes, from) {
        begun.resolve();
        const found = tally.countStamps(bytes, from);
        if (tally.isCounting) chunksOf[number] = (chunksOf[number] ?? 0) + found;
      },
      done: () => (tally.errors += 1),
      failed: () => (tally.errors += 1),
    });
    if (job.kind === 'stalled') await begun.promise.then(() => client.stall());
    if (number % OPENED_PER_TURN === 0) await sleep(5);
  }
  await tally.during(job);
  const hungUpAtMs = nowMs();
  for (const client of clients) client.close();
  if (job.kind !== 'held') return tally.result({ hungUpAtMs });
  const due = (job.chunksPerSecond * job.measureMs) / 1000;
  const fed = chunksOf.filter((chunks) => chunks >= due * FED_SHARE - 1).length;
  return tally.result({ fed, requests: job.streams });
}

async function abandoned(job: Extract<LoadJob, { kind: 'abandoned' }>): Promise<LoadResult> {
  const tally = new Tally();
  let started = 0;
  const worker = async (number: number) => {
    const request = requestBytes(job.shape, number);
    while (started < job.streams) {
      started += 1;
      const client = await RawClient.open(job.port);
      await new Promise<void>((resolve) => {
        const failed = () => {
          tally.errors += 1;
          resolve();
        };
        client.send(request, { body: () => resolve(), done: failed, failed });
      });
      client.close();
      tally.requests += 1;
    }
  };
  tally.begin();
  await Promise.all(Array.from({ length: ABANDONED_AT_ONCE }, (_, number) => worker(number)));
  tally.end();
  return tally.result({ hungUpAtMs: nowMs() });
}
