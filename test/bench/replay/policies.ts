// The routings that are compared, and one replay of a slice with each.

import { DEMO_MODELS } from '../../../server/demo/models.ts';
import { createDemoUpstream } from '../../../server/demo/upstream.ts';
import { type AffinityOutcome, DEFAULT_SETTINGS, type Settings } from '../../../server/gateway/ports.ts';
import { type Rig, startRig } from '../rig.ts';
import { AcceleratedClock } from './accelerated-clock.ts';
import type { HitCount } from './ceiling.ts';
import { demoConfig } from './demo-config.ts';
import { busiestLoad } from './load.ts';
import type { PromptWriter } from './prompt.ts';
import { type OutgoingRequest, type Reply, sendAll } from './send.ts';
import type { PlannedRequest } from './slice.ts';
import type { Trace } from './trace.ts';

/** `one-account`: everything to a single account without limits, the most this upstream can give. */
export const POLICIES = ['one-account', 'session', 'api-key', 'round-robin'] as const;
export type Policy = (typeof POLICIES)[number];

/** The demo model with the smallest cacheable prefix; every traced model is served by it. */
export const UPSTREAM_MODEL = DEMO_MODELS.reduce((least, model) =>
  model.provider === 'demo-anthropic' && model.minCacheTokens < least.minCacheTokens ? model : least,
);
/** Lifetime of the demo's cache entries, and of bindings. */
export const TTL_MS = 300_000;
/** Replies are written this much shorter than traced, and … */
const OUTPUT_SCALE = 8;
/** … all delays are this much longer, so that a request takes about as long as its original did. */
const LATENCY = 3;
const NO_LIMIT = 100_000;

export interface ReplaySetup {
  trace: Trace;
  slice: readonly PlannedRequest[];
  writer: PromptWriter;
  keyOfSession: ReadonlyMap<number, number>;
  keyCount: number;
  accounts: number;
  speed: number;
}

export interface ReplayResult {
  policy: Policy;
  accounts: number;
  slotsPerAccount: number | null;
  replies: readonly Reply[];
  /** From the usage of the replies, as clients saw it. */
  seen: HitCount;
  /** The same from the gateway's request log. */
  logged: HitCount & { rows: number; droppedRows: number };
  outcomes: Record<AffinityOutcome, number>;
  /** Mean requests in flight in the busiest quarter. */
  load: number;
  wallMs: number;
  /** Clock time per real time that was reached. */
  speed: number;
}

const AFFINITY: Record<Policy, Settings['affinity']> = {
  'one-account': { ...DEFAULT_SETTINGS.affinity, enabled: false },
  session: { ...DEFAULT_SETTINGS.affinity, scope: 'session' },
  'api-key': { ...DEFAULT_SETTINGS.affinity, scope: 'api-key' },
  'round-robin': { ...DEFAULT_SETTINGS.affinity, enabled: false },
};

/** `slotsPerAccount`: null = no limit. */
export async function replay(
  policy: Policy,
  setup: ReplaySetup,
  slotsPerAccount: number | null,
): Promise<ReplayResult> {
  const accounts = policy === 'one-account' ? 1 : setup.accounts;
  const slots = policy === 'one-account' ? null : slotsPerAccount;
  const limits = { accounts, maxConcurrent: slots ?? NO_LIMIT };
  const clock = new AcceleratedClock({ speed: setup.speed });
  const replyTokens = [NO_LIMIT, NO_LIMIT] as const;
  const demo = createDemoUpstream({ clock, ...limits, latency: LATENCY, replyTokens });
  const keys = Array.from({ length: setup.keyCount }, (_, key) => `wp_replay_key_number_${key}`);
  const config = demoConfig({
    accounts,
    slotsPerAccount: limits.maxConcurrent,
    models: setup.trace.models,
    upstreamModel: UPSTREAM_MODEL.upstreamModel,
    keys,
    affinity: AFFINITY[policy],
  });
  const rig = await startRig({ config, clock, fetch: demo.fetch });
  clock.start();
  try {
    const startedAt = { realMs: performance.now(), clockMs: clock.nowMs() };
    const replies = await sendAll(outgoing(setup, keys), { url: rig.url, clock });
    const wallMs = performance.now() - startedAt.realMs;
    await rig.log.flush();
    return {
      policy,
      accounts,
      slotsPerAccount: slots,
      replies,
      seen: countSeen(replies),
      logged: await countLogged(rig.log),
      outcomes: await countOutcomes(rig.log),
      load: busiestLoad(replies),
      wallMs,
      speed: (clock.nowMs() - startedAt.clockMs) / wallMs,
    };
  } finally {
    clock.stop();
    await rig.stop();
  }
}

function outgoing(
  { trace, slice, writer, keyOfSession }: ReplaySetup,
  keys: readonly string[],
): OutgoingRequest[] {
  return slice.map(({ request, atMs }) => ({
    atMs,
    apiKey: keys[keyOfSession.get(request.session) ?? 0] ?? '',
    sessionId: `session-${request.session}`,
    body: () =>
      writer.body(request, {
        model: trace.models[request.model] ?? trace.models[0] ?? '',
        maxTokens: Math.max(1, Math.round(request.outputTokens / OUTPUT_SCALE)),
      }),
  }));
}

function countSeen(replies: readonly Reply[]): HitCount {
  const count = { inputTokens: 0, readTokens: 0 };
  for (const { inputTokens, readTokens } of replies) {
    count.inputTokens += inputTokens ?? 0;
    count.readTokens += readTokens;
  }
  return count;
}

async function countLogged(log: Rig['log']) {
  const { inputTokens, cacheReadTokens, total } = await log.totals({});
  return { inputTokens, readTokens: cacheReadTokens, rows: total, droppedRows: log.health().droppedRows };
}

async function countOutcomes(log: Rig['log']): Promise<Record<AffinityOutcome, number>> {
  const count = (affinity: AffinityOutcome) => log.count({ affinity });
  return {
    hit: await count('hit'),
    new: await count('new'),
    moved: await count('moved'),
    borrowed: await count('borrowed'),
    none: await count('none'),
    off: await count('off'),
  };
}
