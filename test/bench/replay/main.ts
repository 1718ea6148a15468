// Replays trace files through the gateway with several routings and prints how warm each keeps the caches.

import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { GOAL_SCENE, judgeGoals, type Verdict, verdictTable } from './goals.ts';
import { MAX_LAG_MS, type Measures, measure } from './measures.ts';
import { HELP, parseOptions, type ReplayOptions } from './options.ts';
import { plotSvg } from './plot.ts';
import type { Policy } from './policies.ts';
import { describeLoad, describeScene, disagreement, sceneTable, summaryTable } from './report.ts';
import { runScene } from './run.ts';
import { type Load, loadOf, planScene, type Scene, type SceneOptions } from './scene.ts';
import { Simulator } from './simulated.ts';
import { parseTrace } from './trace.ts';

interface Run extends SceneOptions {
  file: string;
  /** What tells the scene from others of the same file. */
  scene: string;
  measures: Measures;
  simulatedShare: number | null;
}

interface TraceFile {
  /** Without folder and ending. */
  name: string;
  load: Load;
  simulator: Simulator | null;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) process.exitCode = await main(options);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main(options: ReplayOptions): Promise<number> {
  const runs: Run[] = [];
  const verdicts: Verdict[] = [];
  for (const file of options.files) {
    const trace = await openTrace(file, options);
    console.log(`${trace.name}: ${describeLoad(trace.load)}`);
    if (options.isGoals) verdicts.push(...(await runGoals(trace, { runs, options })));
    else runs.push(...(await runScenes(trace, options)));
  }
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(runs, null, 2)}\n`);
  if (options.plotFile) await writeFile(options.plotFile, plotSvg(runs.map(plotPoint)));
  const faults = runs.flatMap(({ measures }) => disagreement(measures) ?? []);
  console.log(faults.length === 0 ? 'Clients and request log agree on every token.' : faults.join('\n'));
  if (runs.some(({ measures }) => measures.lagMs > MAX_LAG_MS)) {
    console.log('Runs marked with "!" were disturbed by the bench itself: their waits are too long.');
  }
  return faults.length === 0 && verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

async function openTrace(file: string, options: ReplayOptions): Promise<TraceFile> {
  const text = await readText(file);
  return {
    name: basename(file).replace(/\.[^.]*$/, ''),
    load: loadOf(parseTrace(text), options),
    simulator: options.isSimulated ? new Simulator(text) : null,
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const state = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`Cannot read the trace "${file}": ${state}`, { cause });
  }
}

async function runScenes(trace: TraceFile, options: ReplayOptions): Promise<Run[]> {
  const runs: Run[] = [];
  for (const scene of scenesOf(trace.load, options)) {
    const rows: Run[] = [];
    for (const policy of options.policies) rows.push(await runPolicy(policy, scene, trace));
    console.log(`\n${describeScene(scene)}\n${sceneTable(rows, trace.load)}`);
    runs.push(...rows);
  }
  console.log(`\n${summaryTable(runs)}\n`);
  return runs;
}

function scenesOf(load: Load, options: ReplayOptions): Scene[] {
  return options.accounts.flatMap((accounts) =>
    options.utilisations.flatMap((utilisation) =>
      options.keyCounts.map((keyCount) =>
        planScene(load, sceneOptions(options, { accounts, utilisation, keyCount })),
      ),
    ),
  );
}

function sceneOptions(
  { hasSharedWarmth, hasUnknownSlots, hasTokenLimit, lostWrites, downtime }: ReplayOptions,
  size: Pick<SceneOptions, 'accounts' | 'utilisation' | 'keyCount'>,
): SceneOptions {
  return { ...size, hasSharedWarmth, hasUnknownSlots, hasTokenLimit, lostWrites, downtime };
}

async function runGoals(
  trace: TraceFile,
  { runs, options }: { runs: Run[]; options: ReplayOptions },
): Promise<Verdict[]> {
  const known = new Map<string, Measures>();
  const { hasSharedWarmth } = options;
  const verdicts = await judgeGoals(trace.load, async (policy, changed) => {
    const wanted = { ...GOAL_SCENE, hasSharedWarmth, ...changed };
    const name = JSON.stringify([policy, wanted]);
    const before = known.get(name);
    if (before) return before;
    const run = await runPolicy(policy, planScene(trace.load, wanted), trace);
    known.set(name, run.measures);
    runs.push(run);
    return run.measures;
  });
  console.log(`\n${verdictTable(verdicts)}\n`);
  return verdicts;
}

async function runPolicy(policy: Policy, scene: Scene, { name, simulator }: TraceFile): Promise<Run> {
  const measures = measure(await runScene(policy, scene));
  const { load: _load, slots: _slots, keyOfSession: _keys, ...options } = scene;
  const run = { ...options, file: name, scene: sceneName(scene), measures };
  console.error(`${name} ${run.scene} ${policy}: ${(measures.wallMs / 1000).toFixed(0)} s`);
  return { ...run, simulatedShare: simulator?.shareOfCeiling(policy, scene) ?? null };
}

function sceneName(scene: Scene): string {
  const { accounts, utilisation, keyCount } = scene;
  return [
    `N=${accounts} ${utilisation * 100} %`,
    ...(keyCount === 10 ? [] : [`K=${keyCount}`]),
    ...(scene.hasTokenLimit ? ['limited'] : []),
    ...(scene.lostWrites > 0 ? ['lost writes'] : []),
    ...(scene.downtime === null ? [] : [`down ${scene.downtime}`]),
  ].join(' ');
}

function plotPoint({ file, accounts, utilisation, measures }: Run) {
  return {
    panel: `${file}, ${accounts} accounts`,
    policy: measures.policy,
    utilisation,
    share: measures.shareOfCeiling,
  };
}
