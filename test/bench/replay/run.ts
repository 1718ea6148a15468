// Replays one scene through the gateway with one routing.

import type { RequestRow, Settings } from '../../../server/gateway/ports.ts';
import { type Rig, startRig } from '../rig.ts';
import type { HitCount } from './ceiling.ts';
import { EventClock } from './event-clock.ts';
import { credentialOf, gatewayConfig, keyOf, modelName } from './gateway-config.ts';
import { Journeys } from './journeys.ts';
import type { MockAccountOptions, Service } from './mock-account.ts';
import { createMockUpstream } from './mock-upstream.ts';
import { type Policy, partsOf, settingsOf } from './policies.ts';
import { DOWNTIME, MIN_TRACE_TOKENS, type Scene, TTL_MS } from './scene.ts';
import { type OutgoingRequest, type Reply, sendAll } from './send.ts';

export interface RunResult {
  policy: Policy;
  scene: Scene;
  /** Parallel to the slice; times count from its start. */
  replies: readonly Reply[];
  /** When an account took the request in; null = none did. Parallel to the slice. */
  reachedAtMs: readonly (number | null)[];
  /** Of each account. */
  services: readonly (readonly Service[])[];
  /** Refused by the accounts, over all of them. */
  refusals: { slots: number; bucket: number; down: number };
  /** What the gateway's request log holds. */
  logged: HitCount & { rows: number; droppedRows: number };
  /** Sum over the log's rows of the waits they tell of. */
  loggedWaitMs: number;
  wallMs: number;
  clockMs: number;
}

export async function runScene(policy: Policy, scene: Scene): Promise<RunResult> {
  const clock = new EventClock();
  const journeys = new Journeys(clock);
  const startMs = clock.nowMs();
  const isAlone = policy === 'one-account';
  const mock = createMockUpstream(isAlone ? [soleAccount(scene)] : mockAccounts(scene), { clock, journeys });
  const told = scene.slots.map((slots) => (scene.hasUnknownSlots ? null : slots));
  const rig = await startRig({
    config: gatewayConfig({
      slots: isAlone ? [NO_LIMIT] : told,
      modelCount: scene.load.trace.models.length,
      keyCount: scene.keyCount,
    }),
    clock,
    upstream: mock.call,
    settings: (configured) => sceneSettings(scene, settingsOf(policy, configured)),
    parts: (created) => partsOf(policy, created),
  });
  const waits = new WaitSum(rig);
  clock.start();
  try {
    const beganAtMs = performance.now();
    const replies = await sendAll(outgoing(scene), { port: rig.port, clock, journeys });
    const wallMs = performance.now() - beganAtMs;
    const clockMs = clock.nowMs() - startMs;
    await rig.log.flush();
    return {
      policy,
      scene,
      replies: replies.map((reply) => sinceStart(reply, startMs)),
      reachedAtMs: replies.map(({ name }) => since(journeys.reachedAtMs(name), startMs)),
      services: mock.accounts.map(({ services }) =>
        services.map(({ startedAtMs, endedAtMs }) => ({
          startedAtMs: startedAtMs - startMs,
          endedAtMs: endedAtMs - startMs,
        })),
      ),
      refusals: mock.accounts.reduce(
        (sum, { refusals }) => ({
          slots: sum.slots + refusals.slots,
          bucket: sum.bucket + refusals.bucket,
          down: sum.down + refusals.down,
        }),
        { slots: 0, bucket: 0, down: 0 },
      ),
      logged: await countLogged(rig.log),
      loggedWaitMs: await waits.stop(),
      wallMs,
      clockMs,
    };
  } finally {
    clock.stop();
    await rig.stop();
  }
}

function sceneSettings({ hasSharedWarmth }: Scene, settings: Settings): Settings {
  const warmthScope = hasSharedWarmth ? 'everyone' : settings.routing.warmthScope;
  return { ...settings, routing: { ...settings.routing, warmthScope } };
}

const NO_LIMIT = 100_000;

function mockAccounts(scene: Scene): MockAccountOptions[] {
  const { load, slots, uncachedTokensPerMinute, lostWrites, downtime } = scene;
  const { scale, seed } = load.options;
  return slots.map((count, index) => ({
    name: `mock-${index + 1}`,
    credential: credentialOf(index),
    slots: count,
    cache: { ttlMs: TTL_MS, minTokens: MIN_TRACE_TOKENS / scale },
    uncachedTokensPerMinute,
    scale,
    lostWrites,
    downtime: downtime && {
      ...DOWNTIME,
      status: downtime,
      firstMs: (index / slots.length) * DOWNTIME.everyMs,
    },
    seed: seed * 1000 + index,
  }));
}

function soleAccount(scene: Scene): MockAccountOptions {
  const [first] = mockAccounts({ ...scene, slots: [0], uncachedTokensPerMinute: null, downtime: null });
  if (!first) throw new Error('Cannot make an account: the scene has none');
  return { ...first, slots: null };
}

function outgoing({ load, keyOfSession }: Scene): OutgoingRequest[] {
  return load.slice.map((planned, index) => {
    const name = `r${index}`;
    return {
      name,
      atMs: planned.atMs,
      apiKey: keyOf(keyOfSession.get(planned.session) ?? 0),
      sessionId: `session-${planned.session}`,
      body: () => load.writer.body(planned, { model: modelName(planned.request.model), name }),
    };
  });
}

function since(atMs: number | null, startMs: number): number | null {
  return atMs === null ? null : atMs - startMs;
}

function sinceStart(reply: Reply, startMs: number): Reply {
  return {
    ...reply,
    dueAtMs: reply.dueAtMs - startMs,
    sentAtMs: reply.sentAtMs - startMs,
    firstByteAtMs: reply.firstByteAtMs - startMs,
    endedAtMs: reply.endedAtMs - startMs,
  };
}

async function countLogged(log: Rig['log']) {
  const { inputTokens, cacheReadTokens, total } = await log.totals({});
  return { inputTokens, readTokens: cacheReadTokens, rows: total, droppedRows: log.health().droppedRows };
}

/** Adds up what the gateway itself says of its waits. */
class WaitSum {
  readonly #stop = new AbortController();
  readonly #whole: Promise<void>;
  #ms = 0;

  constructor({ live }: Rig) {
    const events = live.subscribe('request', this.#stop.signal);
    this.#whole = this.#follow(events);
  }

  async stop(): Promise<number> {
    this.#stop.abort();
    await this.#whole;
    return this.#ms;
  }

  async #follow(events: AsyncIterable<{ row: RequestRow }>): Promise<void> {
    for await (const { row } of events) this.#ms += row.queueMs;
  }
}
