// Small traces for tests of the replay, and short ways to run them.

import { finish } from '../../server/analysis/replay/pauses.ts';
import type { PlanOptions } from '../../server/analysis/replay/plan.ts';
import type { ReplayPolicyName } from '../../server/analysis/replay/policies.ts';
import {
  RUN_DEFAULTS,
  type RunOptions,
  type RunResult,
  runPolicy,
  type Stage,
  setStage,
} from '../../server/analysis/replay/replay.ts';
import type { ReplayRequest, ReplayTrace } from '../../server/analysis/replay/trace.ts';

export const TTL_MS = 300_000;

/** Fields that a test does not care about. */
const ASIDE = { session: 0, key: 0, model: 0, outputTokens: 0, parent: -1, sharedTokens: 0 };

/** All of a prompt can be cached. */
export function traceOf(requests: readonly (Partial<ReplayRequest> & { atMs: number })[]): ReplayTrace {
  return {
    isRelative: false,
    models: ['first', 'second'],
    requests: requests.map((request) => {
      const inputTokens = request.inputTokens ?? 10_000;
      return { ...ASIDE, inputTokens, cacheableTokens: inputTokens, ...request };
    }),
  };
}

/** One session that sends the same prompt again and again. */
export function repeats(times: readonly number[], request: Partial<ReplayRequest> = {}): ReplayTrace {
  return traceOf(times.map((atMs, index) => ({ atMs, parent: index - 1, sharedTokens: 10_000, ...request })));
}

export function stageOf(trace: ReplayTrace, options: Partial<PlanOptions & { ttlMs: number }> = {}): Stage {
  const layout = { copies: 1, windowMs: 3_600_000, keyCount: 10, warmUpMs: 0, seed: 1, ttlMs: TTL_MS };
  return finish(setStage(trace, { ...layout, ...options }));
}

/** Without limits on tokens. */
export function run(
  policy: ReplayPolicyName,
  trace: ReplayTrace,
  options: Partial<RunOptions> & { accounts: number },
): RunResult {
  return finish(runPolicy(policy, stageOf(trace), { ...RUN_DEFAULTS, bucketRule: 'none', ...options }));
}

/** A made-up load of sessions that grow turn by turn; relative times. */
export function conversations({ sessions, turns }: { sessions: number; turns: number }): ReplayTrace {
  const requests: ReplayRequest[] = [];
  for (let session = 0; session < sessions; session += 1) {
    for (let turn = 0; turn < turns; turn += 1) {
      const inputTokens = 20_000 + turn * 1_000;
      requests.push({
        atMs: turn * (20_000 + (session % 7) * 1_000),
        session,
        key: null,
        model: 0,
        inputTokens,
        cacheableTokens: inputTokens,
        outputTokens: 300,
        parent: turn === 0 ? -1 : requests.length - 1,
        sharedTokens: turn === 0 ? 0 : inputTokens - 1_000,
      });
    }
  }
  return { isRelative: true, models: ['first'], requests };
}
