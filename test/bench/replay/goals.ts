// The goals of the routing, each with the scenes that decide it.

import { textTable } from '../text-table.ts';
import { hitShare } from './ceiling.ts';
import { type Measures, READ_PRICE, WRITE_PRICE } from './measures.ts';
import type { Policy } from './policies.ts';
import { percent, seconds } from './report.ts';
import { ceilingOf, type Load, type SceneOptions } from './scene.ts';

export interface Verdict {
  goal: string;
  what: string;
  gate: string;
  value: string;
  isMet: boolean;
}

/** Runs a scene, or gives what it gave before. */
export type Runner = (policy: Policy, changed?: Partial<SceneOptions>) => Promise<Measures>;

/** From this share of hits on a trace is of agents with long contexts, below it of chats. */
const AGENT_HITS = 0.6;

export const GOAL_SCENE: SceneOptions = {
  accounts: 8,
  utilisation: 0.7,
  keyCount: 10,
  hasSharedWarmth: false,
  hasUnknownSlots: false,
  hasTokenLimit: false,
  lostWrites: 0,
  downtime: null,
};

export async function judgeGoals(load: Load, run: Runner): Promise<Verdict[]> {
  const isAgent = hitShare(ceilingOf(load)) >= AGENT_HITS;
  return [
    ...(await hitGoals(run)),
    ...(isAgent ? [await costGoal(load, run)] : []),
    ...(await waitGoals(run)),
    await keyGoal(run),
    ...(isAgent ? await tokenLimitGoals(run) : []),
    ...(await faultGoals(isAgent, run)),
    balanceGoal(await run('warm-cost')),
  ];
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ goal, what, gate, value, isMet }) => [
    `${goal}  ${what}`,
    gate,
    value,
    isMet ? 'met' : 'missed',
  ]);
  return textTable([['goal', 'gate', 'value', ''], ...rows]);
}

async function hitGoals(run: Runner): Promise<Verdict[]> {
  const scenes = [
    { goal: 'G1', gate: 0.99, changed: {} },
    { goal: 'G2', gate: 0.985, changed: { utilisation: 0.9 } },
    { goal: 'G2', gate: 0.97, changed: { utilisation: 0.9, accounts: 16 } },
  ];
  const verdicts: Verdict[] = [];
  for (const { goal, gate, changed } of scenes) {
    const { accounts, utilisation } = { ...GOAL_SCENE, ...changed };
    const what = `% of the ceiling, ${accounts} accounts, ${utilisation * 100} %`;
    verdicts.push(atLeast(gate, (await run('warm-cost', changed)).shareOfCeiling, { goal, what }));
  }
  return verdicts;
}

/** Stated as 0.195 where the ceiling costs 0.189; slices have ceilings of their own. */
const COST_FACTOR = 0.195 / 0.189;

async function costGoal(load: Load, run: Runner): Promise<Verdict> {
  const { costShare } = await run('warm-cost');
  const share = hitShare(ceilingOf(load));
  const gate = COST_FACTOR * ((1 - share) * WRITE_PRICE + share * READ_PRICE);
  return {
    goal: 'G3',
    what: 'input cost next to no caching, 5 min lifetimes',
    gate: `<= ${gate.toFixed(3)}`,
    value: costShare.toFixed(3),
    isMet: costShare <= gate,
  };
}

async function waitGoals(run: Runner): Promise<Verdict[]> {
  const own = await run('warm-cost');
  const other = await run('least-loaded');
  const busyOwn = await run('warm-cost', { utilisation: 0.9 });
  const busyOther = await run('least-loaded', { utilisation: 0.9 });
  return [
    atMost(300, own.meanWaitMs, 'mean wait s at 70 %'),
    atMost(1.05 * other.p95TtftMs, own.p95TtftMs, "p95 TTFT s at 70 %, 1.05 x least loaded's"),
    atMost(busyOther.meanWaitMs, busyOwn.meanWaitMs, "mean wait s at 90 %, least loaded's"),
  ];
}

function atMost(gateMs: number, ms: number, what: string): Verdict {
  return { goal: 'G4', what, gate: `<= ${seconds(gateMs)}`, value: seconds(ms), isMet: ms <= gateMs };
}

async function keyGoal(run: Runner): Promise<Verdict> {
  const shares: number[] = [];
  for (const keyCount of [1, 10, 1000]) shares.push((await run('warm-cost', { keyCount })).shareOfCeiling);
  const spread = Math.max(...shares) - Math.min(...shares);
  return {
    goal: 'G5',
    what: `points between 1, 10 and 1000 API keys (${shares.map(percent).join(', ')})`,
    gate: '<= 0.5',
    value: percent(spread),
    isMet: spread <= 0.005,
  };
}

async function tokenLimitGoals(run: Runner): Promise<Verdict[]> {
  const { shareOfCeiling, limitedShare } = await run('warm-cost', { hasTokenLimit: true });
  return [
    atLeast(0.99, shareOfCeiling, { goal: 'G6', what: '% of the ceiling, uncached tokens limited' }),
    {
      goal: 'G6',
      what: '429 %, uncached tokens limited',
      gate: '0.0',
      value: percent(limitedShare),
      isMet: limitedShare < 0.0005,
    },
  ];
}

async function faultGoals(isAgent: boolean, run: Runner): Promise<Verdict[]> {
  const lost = await run('warm-cost', { lostWrites: 0.05 });
  const down = await run('warm-cost', { downtime: 529 });
  return [
    atLeast(0.96, lost.shareOfCeiling, { goal: 'G7', what: '% of the ceiling, 5 % of writes lost' }),
    atLeast(isAgent ? 0.96 : 0.92, down.shareOfCeiling, {
      goal: 'G7',
      what: `% of the ceiling, accounts down 9 % of the time (${percent(failedShare(down))} % of requests failed)`,
    }),
  ];
}

function failedShare({ ok, other, limitedShare }: Measures): number {
  return limitedShare + other / Math.max(1, ok + other);
}

function balanceGoal({ imbalance }: Measures): Verdict {
  return {
    goal: 'G8',
    what: 'service seconds of the busiest account, of the mean',
    gate: '<= 1.10',
    value: imbalance.toFixed(2),
    isMet: imbalance <= 1.1,
  };
}

function atLeast(gate: number, share: number, about: { goal: string; what: string }): Verdict {
  return { ...about, gate: `>= ${percent(gate)}`, value: percent(share), isMet: share >= gate };
}
