// What the product's simulator makes of the same requests and accounts, to set next to what the gateway did.

import { type Ceiling, measureCeiling } from '../../../server/analysis/replay/ceiling.ts';
import type { Plan } from '../../../server/analysis/replay/plan.ts';
import type { ReplayPolicyName } from '../../../server/analysis/replay/policies.ts';
import { growPrefixTree, type PrefixTree } from '../../../server/analysis/replay/prefix-tree.ts';
import { RUN_DEFAULTS, runPolicy } from '../../../server/analysis/replay/replay.ts';
import type { ReplayTrace } from '../../../server/analysis/replay/trace.ts';
import { parseTraceFile } from '../../../server/analysis/replay/trace-file.ts';
import type { Policy } from './policies.ts';
import { DOWNTIME, type Scene, TTL_MS } from './scene.ts';

const NAMES: Partial<Record<Policy, ReplayPolicyName>> = {
  'round-robin': 'round-robin',
  'least-loaded': 'least-loaded',
  'kiro-go': 'api-key',
  aether: 'aether',
  session: 'session',
  sglang: 'sglang',
  'warm-cost': 'warm-cost',
};

/** One trace in the simulator. */
export class Simulator {
  readonly #trace: ReplayTrace;
  readonly #tree: PrefixTree;

  constructor(traceText: string) {
    this.#trace = parseTraceFile(traceText);
    this.#tree = finish(growPrefixTree(this.#trace));
  }

  /** Share of the simulator's own ceiling; null = it does not know the policy. */
  shareOfCeiling(policy: Policy, scene: Scene): number | null {
    const name = NAMES[policy];
    if (!name) return null;
    const plan = this.#planOf(scene);
    const ceiling: Ceiling = finish(measureCeiling(plan, TTL_MS));
    const result = finish(
      runPolicy(
        name,
        { plan, ttlMs: TTL_MS, ceiling },
        {
          ...RUN_DEFAULTS,
          accounts: scene.accounts,
          utilisation: scene.utilisation,
          bucketRule: scene.uncachedTokensPerMinute === null ? 'none' : 'uncached',
          lostWriteShare: scene.lostWrites,
          downtime:
            scene.downtime !== null
              ? { everyMs: DOWNTIME.everyMs, forMs: DOWNTIME.ms, isAnnounced: scene.downtime === 429 }
              : null,
          seed: scene.load.options.seed,
        },
      ),
    );
    return result.shareOfCeiling;
  }

  #planOf({ load, keyOfSession }: Scene): Plan {
    const { slice, options, trace, countedMs } = load;
    const indexes = new Map(trace.requests.map((request, index) => [request, index]));
    const requests = slice.flatMap(({ request, copy, session, atMs }) => {
      const index = indexes.get(request) ?? -1;
      const known = this.#trace.requests[index];
      if (!known) return [];
      return {
        atMs: Math.floor(atMs),
        copy,
        tip: this.#tree.tips[index] ?? 0,
        session,
        key: keyOfSession.get(session) ?? 0,
        model: known.model,
        inputTokens: known.inputTokens,
        cacheableTokens: known.cacheableTokens,
        outputTokens: known.outputTokens,
        index,
        isCounted: atMs >= options.warmupMs,
      };
    });
    return { requests, copies: options.copies, isRound: true, countedMs, tree: this.#tree };
  }
}

/** The simulator pauses all the time for the sake of other requests; here there are none. */
function finish<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
