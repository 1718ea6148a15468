// Sends one job of load through a target and looks at the target meanwhile.

import type { Child } from '../child.ts';
import { cpuMsOf, residentMbOf } from '../process-stats.ts';
import { BEGIN_LINE, END_LINE, type LoadJob, type LoadResult } from './load-job.ts';
import { type RunningTarget, startHelper } from './targets.ts';
import type { ReplyMode, UpstreamStats } from './upstream.ts';

export interface Measured {
  result: LoadResult;
  /** Of the target with all its processes, while it counted; null for no process. */
  cpuMs: number | null;
  residentMb: Readings;
  upstream: UpstreamStats;
}

export interface Readings {
  before: number | null;
  /** Highest seen, from the start of the load to its end. */
  peak: number | null;
}

const SAMPLE_MS = 50;

/** The upstream's process, told what to answer. */
export class UpstreamProcess {
  readonly port: number;
  readonly #child: Child;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<UpstreamProcess> {
    const child = startHelper('upstream');
    return new UpstreamProcess(child, Number(await child.match(/^(\d+)$/)));
  }

  /** Begins a new period of counting. */
  async setMode(mode: ReplyMode): Promise<void> {
    this.#child.write(JSON.stringify(mode));
    await this.#child.line();
  }

  async stats(): Promise<UpstreamStats> {
    this.#child.write('');
    return JSON.parse(await this.#child.line());
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

export async function measure(
  job: LoadJob,
  { target, upstream, mode }: { target: RunningTarget; upstream: UpstreamProcess; mode: ReplyMode },
): Promise<Measured> {
  const pid = target.child?.pid ?? null;
  await upstream.setMode(mode);
  const before = pid === null ? null : residentMbOf(pid);
  let peak = before;
  const sample = () => {
    if (pid !== null) peak = Math.max(peak ?? 0, residentMbOf(pid));
  };
  const sampling = setInterval(sample, SAMPLE_MS);
  const load = startHelper('load', JSON.stringify(job));
  try {
    await load.match(new RegExp(`^(${BEGIN_LINE})$`));
    const cpuBeforeMs = pid === null ? 0 : cpuMsOf(pid);
    await load.match(new RegExp(`^(${END_LINE})$`));
    const cpuMs = pid === null ? null : cpuMsOf(pid) - cpuBeforeMs;
    sample();
    const result: LoadResult = JSON.parse(await load.line());
    return { result, cpuMs, residentMb: { before, peak }, upstream: await upstream.stats() };
  } finally {
    clearInterval(sampling);
    await load.stop();
  }
}
