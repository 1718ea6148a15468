// What a large log and a busy panel add to requests: the same load on an empty log, on the large one, and with a panel.

import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProgram, type RunningGateway, startGateway } from '../gateway-program.ts';
import type { LoadResult } from '../overhead/load-job.ts';
import { measure, type UpstreamProcess } from '../overhead/measure.ts';
import { difference, median, ratio } from '../statistics.ts';
import type { LogFile } from './log-file.ts';
import type { Question } from './questions.ts';

/** `empty`: a log without rows; `large`: this one; `panel`: this one while questions are asked all the time. */
const SCENES = ['direct', 'empty', 'large', 'panel'] as const;
type Scene = (typeof SCENES)[number];

export interface ProxyReport {
  scenes: readonly SceneReport[];
  /** p99 added with log and panel, of that with an empty log. */
  p99Ratio: number | null;
  errors: number;
  questionsAsked: number;
  questionsFailed: number;
}

interface SceneReport {
  scene: Exclude<Scene, 'direct'>;
  addedP50Ms: number | null;
  addedP99Ms: number | null;
}

export interface ProxyOptions {
  program: GatewayProgram;
  config: unknown;
  upstream: UpstreamProcess;
  /** Of an empty data directory. */
  emptyFolder: string;
  questions: readonly Question[];
  perSecond: number;
  rounds: number;
  measureMs: number;
}

const WARM_UP_MS = 1_000;
const SHAPE = { dialect: 'anthropic', bytes: 4_000, isStreamed: false } as const;
/** Between the panel's questions: ten a second are several open panels. */
const PANEL_PAUSE_MS = 100;

export async function measureProxy(log: LogFile, options: ProxyOptions): Promise<ProxyReport> {
  const { program, config } = options;
  const empty = await startGateway({ program, config, folder: options.emptyFolder, cpu: null });
  const large = await startGateway({ program, config, folder: log.folder, cpu: null }).catch(
    async (error) => {
      await empty.stop();
      throw error;
    },
  );
  const results: Record<Scene, LoadResult[]> = { direct: [], empty: [], large: [], panel: [] };
  const panel = new PanelLoop(large, options.questions);
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      // Every other round the other way round.
      for (const scene of round % 2 === 0 ? SCENES : SCENES.toReversed()) {
        const stopPanel = scene === 'panel' ? panel.start() : null;
        results[scene].push(await load({ direct: null, empty, large, panel: large }[scene], options));
        await stopPanel?.();
      }
    }
  } finally {
    await empty.stop();
    await large.stop();
  }
  return { ...reportOf(results), questionsAsked: panel.asked, questionsFailed: panel.failed };
}

/** Null = straight to the upstream. */
async function load(gateway: RunningGateway | null, options: ProxyOptions): Promise<LoadResult> {
  const { upstream, perSecond, measureMs } = options;
  const port = gateway?.port ?? upstream.port;
  const target = { port, child: gateway?.child ?? null, stop: async () => undefined };
  const job = { kind: 'open', port, shape: SHAPE, perSecond, warmUpMs: WARM_UP_MS, measureMs } as const;
  const { result } = await measure(job, { target, upstream, mode: { kind: 'plain' } });
  return result;
}

function reportOf(results: Record<Scene, LoadResult[]>): Pick<ProxyReport, 'scenes' | 'p99Ratio' | 'errors'> {
  const added = (scene: Scene, which: 'p50' | 'p99') =>
    median(
      results[scene].flatMap(({ latencyMs }, round) => {
        const value = difference(latencyMs[which], results.direct[round]?.latencyMs[which] ?? null);
        return value ?? [];
      }),
    );
  const scenes = (['empty', 'large', 'panel'] as const).map((scene) => ({
    scene,
    addedP50Ms: added(scene, 'p50'),
    addedP99Ms: added(scene, 'p99'),
  }));
  const errors = Object.values(results)
    .flat()
    .reduce((sum, result) => sum + result.errors, 0);
  return { scenes, errors, p99Ratio: ratio(added('panel', 'p99'), added('empty', 'p99')) };
}

/** Asks one question after the other until stopped. */
class PanelLoop {
  readonly #gateway: RunningGateway;
  readonly #questions: readonly Question[];
  asked = 0;
  failed = 0;

  constructor(gateway: RunningGateway, questions: readonly Question[]) {
    this.#gateway = gateway;
    this.#questions = questions.filter(({ problem }) => problem === null);
  }

  start(): () => Promise<void> {
    let isOver = false;
    const run = async () => {
      while (!isOver) {
        const question = this.#questions[this.asked % this.#questions.length];
        if (!question) return;
        this.asked += 1;
        await this.#gateway.query(question.document(Date.now())).catch(() => {
          this.failed += 1;
        });
        await sleep(PANEL_PAUSE_MS);
      }
    };
    const running = run();
    return () => {
      isOver = true;
      return running;
    };
  }
}
