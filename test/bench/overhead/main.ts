// Measures what the gateway adds to a call: against direct calls and pass-throughs, in one run, next to its goals.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryMib, type GatewayProgram, gatewayProgram } from '../gateway-program.ts';
import { added, Figures, type Values } from './figures.ts';
import { judgeAll } from './goals.ts';
import type { LogRate } from './log-rate.ts';
import { UpstreamProcess } from './measure.ts';
import { ALL_PARTS, HELP, type Options, parseOptions } from './options.ts';
import { asJson, figureTable, goalTable } from './report.ts';
import { measureStart } from './start-time.ts';
import { FULL, QUICK, type Scale, STEPS, type Step } from './steps.ts';
import {
  CPUS,
  presentTargets,
  type RunningTarget,
  startHelper,
  startTarget,
  type Target,
} from './targets.ts';

interface Bench {
  upstream: UpstreamProcess;
  program: GatewayProgram;
  scale: Scale;
  figures: Figures;
  folder: string;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) await run(options);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  const program = gatewayProgram(options.program);
  const targets = presentTargets();
  const proxy = targets.find((target) => target === 'haproxy' || target === 'nginx') ?? null;
  const cpus =
    CPUS.target === null ? 'not pinned' : `target on processor ${CPUS.target}, the rest on ${CPUS.others}`;
  const intro = `gateway: ${program.description}; ${options.rounds} round(s); ${cpus}; plain proxy: ${proxy ?? 'not present'}`;
  console.log(`${intro}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  const upstream = await UpstreamProcess.start();
  const figures = new Figures();
  const bench: Bench = { upstream, program, scale: options.isQuick ? QUICK : FULL, figures, folder };
  try {
    for (let round = 1; round <= options.rounds; round += 1) {
      await runRound(bench, { round, targets, only: options.only });
    }
  } finally {
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const isPart = options.only.size < ALL_PARTS.length;
  const goals = judgeAll(figures, proxy).filter(({ value }) => value !== null || !isPart);
  console.log(`${figureTable(figures, targets)}\n\n${goalTable(goals)}`);
  if (options.jsonFile) {
    const about = {
      program: program.description,
      rounds: options.rounds,
      isQuick: options.isQuick,
      cpus: CPUS,
    };
    writeFileSync(options.jsonFile, asJson(figures, { targets, goals, about }));
  }
}

interface Round {
  round: number;
  targets: readonly Target[];
  only: ReadonlySet<string>;
}

async function runRound(bench: Bench, { round, targets, only }: Round): Promise<void> {
  const steps = STEPS.filter(({ name }) => only.has(name));
  const running = new Map<Target, RunningTarget>();
  const start = (target: Target, purpose: string) =>
    startTarget(target, {
      upstreamPort: bench.upstream.port,
      program: bench.program,
      folder: join(bench.folder, `${round}-${purpose}-${target}`),
    });
  // Every other round the other way round, direct first: what is added is told from it.
  const [direct = 'direct', ...others] = targets;
  const order = [direct, ...(round % 2 === 0 ? others.toReversed() : others)];
  try {
    for (const step of steps) {
      const startedAtMs = performance.now();
      await runStep(step, {
        bench,
        order: order.filter((target) => step.targets.includes(target)),
        async open(target) {
          if (step.isFresh) return start(target, step.name);
          const kept = running.get(target) ?? (await start(target, 'kept'));
          running.set(target, kept);
          return kept;
        },
      });
      progress(round, step.name, startedAtMs);
    }
  } finally {
    for (const target of running.values()) await target.stop();
  }
  await runOthers(bench, { round, only });
}

async function runStep(
  step: Step,
  {
    bench,
    order,
    open,
  }: { bench: Bench; order: readonly Target[]; open(target: Target): Promise<RunningTarget> },
): Promise<void> {
  let direct: Values = {};
  for (const name of order) {
    const target = await open(name);
    try {
      const values = await step.run({ target, upstream: bench.upstream, scale: bench.scale });
      if (name === 'direct') direct = values;
      bench.figures.add(name, { ...values, ...(step.isAdded ? added(values, direct) : {}) });
    } catch (error) {
      console.error(`${step.name} at ${name}: ${error instanceof Error ? error.message : error}`);
    } finally {
      if (step.isFresh) await target.stop();
    }
  }
}

/** What needs no load. */
async function runOthers(bench: Bench, { round, only }: Pick<Round, 'round' | 'only'>): Promise<void> {
  const { figures, program, upstream, scale } = bench;
  const startedAtMs = performance.now();
  if (only.has('start')) {
    await upstream.setMode({ kind: 'plain' });
    figures.add('gateway', { 'start to first 200, ms': await measureStart(program, upstream.port) });
  }
  if (only.has('binary')) figures.add('gateway', { 'binary, MiB': binaryMib(program) });
  if (only.has('log')) {
    const child = startHelper('log-rate', `${scale.logRows}`);
    const rate: LogRate = JSON.parse(await child.match(/^(\{.*\})$/));
    figures.add('gateway', {
      'log rows/s': rate.rowsPerSecond,
      'log CPU µs/row': rate.cpuUsPerRow,
      'longest pause while logging, ms': rate.longestPauseMs,
      'log rows dropped': rate.droppedRows,
    });
  }
  progress(round, 'start, binary, log', startedAtMs);
}

function progress(round: number, name: string, startedAtMs: number): void {
  console.error(`round ${round}: ${name}, ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
}
