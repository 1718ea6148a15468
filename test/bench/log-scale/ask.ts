// Asks each question several times through the admin API, and tells how long the answers took.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Workspace } from '../../../server/boot/workspace.ts';
import { openBench } from '../../graphql/admin-bench.ts';
import { percentile } from '../statistics.ts';
import type { Question } from './questions.ts';

export interface Timing {
  /** Null = it could not be asked, or the answer was an error. */
  times: readonly number[] | null;
  /** Why. */
  problem: string | null;
}

export interface Spread {
  p50: number | null;
  p90: number | null;
  max: number | null;
}

export interface Desk {
  ask(question: Question, options: AskOptions): Promise<Timing>;
  /** Milliseconds; throws when the answer is an error. */
  askOnce(question: Question): Promise<number>;
}

export interface AskOptions {
  times: number;
  /** No further one is begun after so much time for the question. */
  maxMs: number;
  /** Between them. */
  pauseMs: number;
}

const WARM_UPS = 2;
/** Even of those that take too long. */
const MIN_TIMES = 2;

/** The admin API of the program over that storage, without a network in between. */
export async function openDesk({ storage, catalog, clock }: Workspace): Promise<Desk> {
  const bench = await openBench({ parts: { log: storage.log, bodies: storage.bodies, catalog, clock } });
  const askOnce = async (question: Question) => {
    const startedAtMs = performance.now();
    const { errors } = await bench.call(question.document(clock.nowMs()));
    const [error] = errors;
    const cause = bench.logged.at(-1);
    if (error) throw new Error(cause instanceof Error ? cause.message : error.message);
    return performance.now() - startedAtMs;
  };
  return {
    askOnce,
    async ask(question, options) {
      if (question.problem !== null) return { times: null, problem: question.problem };
      try {
        return { times: await several(() => askOnce(question), options), problem: null };
      } catch (error) {
        return { times: null, problem: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

export function spreadOf({ times }: Timing): Spread {
  const values = times ?? [];
  return { p50: percentile(values, 0.5), p90: percentile(values, 0.9), max: percentile(values, 1) };
}

async function several(
  once: () => Promise<number>,
  { times, maxMs, pauseMs }: AskOptions,
): Promise<number[]> {
  const untilMs = performance.now() + maxMs;
  const taken: number[] = [];
  for (let number = -WARM_UPS; number < times; number += 1) {
    if (taken.length >= MIN_TIMES && performance.now() > untilMs) break;
    const tookMs = await once();
    if (number >= 0 || tookMs > maxMs / 4) taken.push(tookMs);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return taken;
}
