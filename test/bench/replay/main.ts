// Replays a trace file through the gateway with several routings and prints their cache hit rates side by side.

import { readFile } from 'node:fs/promises';
import { computeCeiling } from './ceiling.ts';
import { busiestLoad } from './load.ts';
import { HELP, parseOptions, type ReplayOptions } from './options.ts';
import { type ReplayResult, type ReplaySetup, replay, TTL_MS, UPSTREAM_MODEL } from './policies.ts';
import { maxScale, PromptWriter } from './prompt.ts';
import { disagreement, resultTable } from './report.ts';
import { assignKeys, planSlice } from './slice.ts';
import { parseTrace, type Trace } from './trace.ts';

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) process.exitCode = await run(options);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function run(options: ReplayOptions): Promise<number> {
  const trace = parseTrace(await readTrace(options.file));
  const slice = planSlice(trace, options);
  const scale = options.scale ?? defaultScale(trace);
  const writer = new PromptWriter(trace, slice, scale);
  const sessions = slice.map(({ request }) => request.session);
  const setup: ReplaySetup = {
    trace,
    slice,
    writer,
    keyOfSession: assignKeys(sessions, options),
    keyCount: options.keyCount,
    accounts: options.accounts,
    speed: options.speed,
  };
  const prompts = slice.map(({ request, atMs }) => ({
    prompt: writer.prompt(request),
    model: request.model,
    atMs,
  }));
  const minTokens = UPSTREAM_MODEL.minCacheTokens;
  const ceiling = computeCeiling(prompts, { ttlMs: TTL_MS, minTokens });
  console.log(describe(setup, { options, scale }));

  // Measured first, because its load says how many slots the others get.
  const free = await progress('one-account', () => replay('one-account', setup, null));
  const slots = slotsPerAccount(free, options);
  const results: ReplayResult[] = options.policies.includes('one-account') ? [free] : [];
  for (const policy of options.policies.filter((name) => name !== 'one-account')) {
    results.push(await progress(policy, () => replay(policy, setup, slots)));
  }
  console.log(`\n${resultTable(results, ceiling)}\n`);
  const faults = results.flatMap((result) => disagreement(result) ?? []);
  console.log(faults.length === 0 ? 'Clients and request log agree on every token.' : faults.join('\n'));
  return faults.length === 0 ? 0 : 1;
}

async function readTrace(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const state = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`Cannot read the trace "${file}": ${state}`, { cause });
  }
}

async function progress(name: string, run: () => Promise<ReplayResult>): Promise<ReplayResult> {
  const result = await run();
  console.error(`${name}: ${result.replies.length} requests in ${(result.wallMs / 1000).toFixed(0)} s`);
  return result;
}

function slotsPerAccount(free: ReplayResult, { slots, utilisation, accounts }: ReplayOptions): number | null {
  if (slots !== null) return slots === 0 ? null : slots;
  return Math.max(1, Math.ceil(busiestLoad(free.replies) / utilisation / accounts));
}

/** Makes the shortest cacheable prefix that of most models (1,024) or more, and keeps the mean body near 64 kB. */
function defaultScale({ requests, blockTokens }: Trace): number {
  const sum = requests.reduce((total, { inputTokens }) => total + inputTokens, 0);
  const mean = sum / Math.max(1, requests.length);
  const wanted = [2, 4].find((scale) => mean / scale <= 16_000) ?? 8;
  return Math.max(1, Math.min(wanted, maxScale(blockTokens)));
}

function describe(
  { slice, keyCount, speed, trace }: ReplaySetup,
  { options, scale }: { options: ReplayOptions; scale: number },
): string {
  const sessions = new Set(slice.map(({ request }) => request.session)).size;
  const minutes = ((slice.at(-1)?.atMs ?? 0) / 60_000).toFixed(1);
  const min = UPSTREAM_MODEL.minCacheTokens;
  return [
    `${slice.length} of ${trace.requests.length} requests, ${sessions} sessions, ${minutes} min, seed ${options.seed}`,
    `${options.accounts} accounts, ${keyCount} API keys, clock at most ${speed} times real time, cache TTL ${TTL_MS / 1000} s`,
    `1 sent token = ${scale} trace tokens, so the shortest cacheable prefix (${min} tokens) is ${min * scale} trace tokens`,
  ].join('\n');
}
