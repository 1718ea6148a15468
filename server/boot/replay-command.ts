// `warmpath replay FILE`: reads a trace, runs it through every policy and pool that was asked for, prints the figures.

import { readFile } from 'node:fs/promises';
import { finish } from '../analysis/replay/pauses.ts';
import { ceilingCostShare, RUN_DEFAULTS, runPolicy, setStage } from '../analysis/replay/replay.ts';
import { parseTraceFile } from '../analysis/replay/trace-file.ts';
import type { ReplayCommand } from '../cli/replay-arguments.ts';
import { type ReplayRow, replayJson, replayTable } from '../cli/replay-report.ts';

const WARM_UP_MS = 15 * 60_000;

/** Needs no data directory and leaves nothing behind. */
export async function replayTrace(command: ReplayCommand): Promise<number> {
  const { file, ttlMs, copies, windowMs, keyCount, seed, isJson } = command;
  const trace = parseTraceFile(await readTrace(file));
  const stage = finish(setStage(trace, { ttlMs, copies, windowMs, keyCount, seed, warmUpMs: WARM_UP_MS }));
  const report = {
    file,
    requests: trace.requests.length * copies,
    sessions: new Set(trace.requests.map(({ session }) => session)).size * copies,
    copies,
    ttlSeconds: ttlMs / 1000,
    ceilingHitRate: stage.ceiling.hitRate,
    ceilingCostShare: ceilingCostShare(stage),
    rows: runsOf(command).map(({ policy, accounts, utilisation }): ReplayRow => {
      const { slots, bucketRule } = command;
      const options = { ...RUN_DEFAULTS, accounts, utilisation, slots, bucketRule, seed };
      return { ...finish(runPolicy(policy, stage, options)), utilisation };
    }),
  };
  process.stdout.write(`${isJson ? replayJson(report) : replayTable(report)}\n`);
  return 0;
}

/** With fixed slots the utilisation changes nothing. */
function runsOf({ accounts, utilisations, policies, slots }: ReplayCommand) {
  return accounts.flatMap((count) =>
    (slots === null ? utilisations : utilisations.slice(0, 1)).flatMap((utilisation) =>
      policies.map((policy) => ({ policy, accounts: count, utilisation })),
    ),
  );
}

async function readTrace(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const state = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`Cannot read the trace "${file}": ${state}`, { cause });
  }
}
