// Measures the request log at millions of rows: the panel's questions, the proxy beside them, retention, and the start.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schema } from '../../../server/graphql/schema.ts';
import { benchConfig, type GatewayProgram, gatewayProgram } from '../gateway-program.ts';
import { API_KEY, MODEL } from '../overhead/calls.ts';
import { UpstreamProcess } from '../overhead/measure.ts';
import { median } from '../statistics.ts';
import { type AskOptions, type Desk, spreadOf, type Timing } from './ask.ts';
import { canEvict, measureColdStart } from './cold-start.ts';
import { withDesk } from './desk-on-log.ts';
import { startLiveRows } from './live-rows.ts';
import { type LogFile, logBytes, openLogFile } from './log-file.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { measureProxy } from './proxy.ts';
import { type Question, questionsOf } from './questions.ts';
import {
  type AskedQuestion,
  type Figure,
  figureTable,
  isFast,
  milliseconds,
  questionTable,
} from './report.ts';
import { measureRetention } from './retention.ts';

const CACHE_DIR = fileURLToPath(new URL('../../.out/log-scale', import.meta.url));
/** For one question, all its repetitions together. */
const MAX_QUESTION_MS = 8_000;
/** So that what is asked meets batches of rows being written. */
const WRITING_PAUSE_MS = 40;
const MAX_P99_RATIO = 1.25;
const MAX_STALL_MS = 100;
const MAX_START_MS = 1_000;
const ACCOUNTS = 4;
/** Of the rows: enough to see a stall. */
const LEAST_DELETED_SHARE = 0.02;
const SCENE_NAMES = { empty: 'empty log', large: 'this log', panel: 'this log and a busy panel' };
const NOT_ASKED: Timing = { times: null, problem: 'left out' };

try {
  const options = parseOptions(process.argv.slice(2), CACHE_DIR);
  if (options) process.exitCode = (await run(options)) ? 0 : 1;
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

/** What is found out on the way. */
interface Findings {
  asked: AskedQuestion[];
  figures: Figure[];
}

async function run(options: Options): Promise<boolean> {
  const program = gatewayProgram(options.program);
  const log = await openLogFile({
    ...options,
    cacheDir: options.dataDir,
    progress: (rows) => console.error(`${rows} rows`),
  });
  const questions = questionsOf(schema, log).filter(({ name }) => name.includes(options.find));
  const findings: Findings = { asked: [], figures: [] };
  if (options.only.has('questions')) await askAll(log, { options, questions, findings });
  await withUpstream(async (upstream) => {
    const config = benchConfig({
      upstreamPort: upstream.port,
      model: MODEL,
      apiKey: API_KEY,
      accounts: ACCOUNTS,
    });
    const parts = { options, questions, findings, program, config };
    if (options.only.has('start')) await timeStarts(log, parts);
    if (options.only.has('proxy')) await compareProxies(log, { ...parts, upstream });
  });
  // Last: it takes off what the other parts have added.
  if (options.only.has('retention')) await deleteOldest(log, { options, questions, findings });
  const text = reportText(log, { options, program, findings });
  console.log(text);
  writeFileSync(join(log.folder, 'report.md'), `${text}\n`);
  return findings.asked.every(isFast) && findings.figures.every(({ isMet }) => isMet !== false);
}

interface AskParts {
  options: Options;
  questions: readonly Question[];
  findings: Findings;
}

async function askAll(log: LogFile, { options, questions, findings }: AskParts): Promise<void> {
  const { times, perSecond } = options;
  await withDesk(log, async (desk, { storage, clock }) => {
    const idle = await askEach(desk, questions, { times, maxMs: MAX_QUESTION_MS, pauseMs: 0 });
    const live = startLiveRows({ log: storage.log, world: log.world, clock, perSecond });
    const writing = await askEach(desk, questions, {
      times,
      maxMs: MAX_QUESTION_MS,
      pauseMs: WRITING_PAUSE_MS,
    });
    const { droppedRows, longestPauseMs, mostQueuedRows, rowsPerSecond } = live.stop();
    for (const { name } of questions) {
      findings.asked.push({
        name,
        idle: idle.get(name) ?? NOT_ASKED,
        writing: writing.get(name) ?? NOT_ASKED,
      });
    }
    findings.figures.push(
      told('rows written/s meanwhile', `${rowsPerSecond.toFixed(0)}, at most ${mostQueuedRows} waiting`),
      atMost('rows dropped meanwhile', droppedRows, { goal: 0, unit: '' }),
      told('longest pause of the main thread meanwhile', `${milliseconds(longestPauseMs)} ms`),
    );
  });
}

async function askEach(
  desk: Desk,
  questions: readonly Question[],
  options: AskOptions,
): Promise<Map<string, Timing>> {
  const timings = new Map<string, Timing>();
  for (const question of questions) {
    const timing = await desk.ask(question, options);
    timings.set(question.name, timing);
    console.error(`${question.name}: ${timing.problem ?? `${milliseconds(spreadOf(timing).p50)} ms`}`);
  }
  return timings;
}

interface ProgramParts extends AskParts {
  program: GatewayProgram;
  config: unknown;
}

async function timeStarts(log: LogFile, parts: ProgramParts): Promise<void> {
  const { options, questions, findings } = parts;
  const document =
    questions.find(({ name }) => name === 'stats, 24 h')?.document(Date.now()) ?? '{ build { version } }';
  for (const isEvicted of canEvict() ? [false, true] : [false]) {
    const times = [];
    for (let round = 0; round < options.rounds; round += 1) {
      times.push(await measureColdStart(log, { ...parts, document, isEvicted }));
    }
    const where = isEvicted ? 'log not in memory' : 'log in memory';
    findings.figures.push(
      atMost(`start to the first 200, ${where}`, median(times.map(({ readyMs }) => readyMs)), {
        goal: MAX_START_MS,
        unit: ' ms',
      }),
      told(
        `start to the panel's first answer, ${where}`,
        `${milliseconds(median(times.map(({ firstAnswerMs }) => firstAnswerMs)))} ms`,
      ),
    );
  }
}

async function compareProxies(
  log: LogFile,
  parts: ProgramParts & { upstream: UpstreamProcess },
): Promise<void> {
  const { options, findings } = parts;
  const emptyFolder = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  const { rounds, perSecond } = options;
  const measureMs = options.isQuick ? 3_000 : 10_000;
  const report = await measureProxy(log, { ...parts, emptyFolder, rounds, perSecond, measureMs }).finally(
    () => rmSync(emptyFolder, { recursive: true, force: true }),
  );
  for (const { scene, addedP50Ms, addedP99Ms } of report.scenes) {
    const value = `${milliseconds(addedP50Ms)} / ${milliseconds(addedP99Ms)} ms`;
    findings.figures.push(told(`added at ${perSecond} requests/s, p50 / p99, ${SCENE_NAMES[scene]}`, value));
  }
  findings.figures.push(
    atMost('p99 added, log and panel to empty log', report.p99Ratio, { goal: MAX_P99_RATIO, unit: ' x' }),
    atMost('requests failed', report.errors, { goal: 0, unit: '' }),
    told('questions asked meanwhile', `${report.questionsAsked}, ${report.questionsFailed} failed`),
  );
}

async function deleteOldest(log: LogFile, { options, questions, findings }: AskParts): Promise<void> {
  const question = questions.find(({ name }) => name === 'page') ?? questions[0];
  if (!question) return;
  await withDesk(log, async (desk, workspace) => {
    const rows = await workspace.storage.log.count({});
    const least = Math.ceil(log.about.rows * LEAST_DELETED_SHARE);
    const keepRows = Math.min(log.about.rows, rows - least);
    const { world } = log;
    const { perSecond } = options;
    const report = await measureRetention(workspace, { desk, question, world, perSecond, keepRows });
    const stall = { goal: MAX_STALL_MS, unit: ' ms' };
    findings.figures.push(
      told('retention', `${report.deletedRows} rows at ${report.rowsPerSecond.toFixed(0)}/s`),
      atMost(`longest question meanwhile (${question.name})`, report.longestQueryMs, stall),
      atMost('longest wait for rows to be written meanwhile', report.longestWriteMs, stall),
      atMost('rows dropped meanwhile', report.droppedRows, { goal: 0, unit: '' }),
    );
  });
}

async function withUpstream(act: (upstream: UpstreamProcess) => Promise<void>): Promise<void> {
  const upstream = await UpstreamProcess.start();
  try {
    await act(upstream);
  } finally {
    await upstream.stop();
  }
}

function reportText(
  log: LogFile,
  { options, program, findings }: { options: Options; program: GatewayProgram; findings: Findings },
): string {
  const { about } = log;
  const bytes = logBytes(log.dataDir);
  const made = `${about.rows} rows over ${about.days} days (seed ${about.seed}), written at ${about.rowsPerSecond.toFixed(0)} rows/s`;
  const size = `${(bytes / 1e9).toFixed(1)} GB, ${(bytes / about.rows).toFixed(0)} bytes a row`;
  const machine = `${availableParallelism()} processors, bun ${process.versions.bun}`;
  const meanwhile = `"writing": while ${options.perSecond} rows/s are written; each question asked ${options.times} times`;
  const intro = `${made}; ${size}. ${machine}; gateway: ${program.description}. ${meanwhile}.`;
  const tables = [questionTable(findings.asked), figureTable(findings.figures)];
  return [intro, ...tables.filter((_, index) => index > 0 || findings.asked.length > 0)].join('\n\n');
}

function told(name: string, value: string): Figure {
  return { name, value, goal: '', isMet: null };
}

function atMost(name: string, value: number | null, { goal, unit }: { goal: number; unit: string }): Figure {
  const shown = value === null ? '-' : unit === ' x' ? value.toFixed(2) : milliseconds(value);
  return {
    name,
    value: `${shown}${unit}`,
    goal: `≤ ${goal}${unit}`,
    isMet: value === null ? null : value <= goal,
  };
}
