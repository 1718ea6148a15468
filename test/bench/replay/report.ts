// Writes what runs showed as tables. Pure.

import { textTable } from '../text-table.ts';
import { hitShare } from './ceiling.ts';
import { MAX_LAG_MS, type Measures, READ_PRICE, WRITE_PRICE } from './measures.ts';
import { ceilingOf, type Load, type Scene } from './scene.ts';

/** Why the clients' counts and the log's are not the same; null = they are. */
export function disagreement({ policy, logDiff }: Pick<Measures, 'policy' | 'logDiff'>): string | null {
  const faults = [
    ...(logDiff.inputTokens === 0 ? [] : [`input tokens by ${logDiff.inputTokens}`]),
    ...(logDiff.readTokens === 0 ? [] : [`cache reads by ${logDiff.readTokens}`]),
    ...(logDiff.rows === 0 ? [] : [`requests by ${logDiff.rows}`]),
  ];
  return faults.length === 0 ? null : `${policy}: clients and request log differ: ${faults.join('; ')}`;
}

const COLUMNS = [
  'policy',
  'hit %',
  '% of ceiling',
  'simulated',
  'cost',
  'wait s',
  'TTFT s',
  'p95',
  '429 %',
  'imbal.',
  'ok',
  'other',
  'refused',
  'log diff',
  'lag ms',
  'speed',
  'wall s',
] as const;

export interface ReportRow {
  measures: Measures;
  /** Share of the ceiling that the simulator gets; null = it was not asked. */
  simulatedShare: number | null;
}

export function sceneTable(rows: readonly ReportRow[], load: Load): string {
  const hasSimulated = rows.some(({ simulatedShare }) => simulatedShare !== null);
  const table = [[...COLUMNS], ...rows.map(tableRow), ceilingRow(load)];
  return textTable(hasSimulated ? table : table.map((cells) => cells.filter((_, column) => column !== 3)));
}

function tableRow({ measures, simulatedShare }: ReportRow): string[] {
  const { logDiff, lagMs } = measures;
  return [
    measures.policy,
    percent(measures.hitShare),
    percent(measures.shareOfCeiling),
    simulatedShare === null ? '-' : percent(simulatedShare),
    measures.costShare.toFixed(3),
    seconds(measures.meanWaitMs),
    seconds(measures.meanTtftMs),
    seconds(measures.p95TtftMs),
    percent(measures.limitedShare),
    measures.imbalance.toFixed(2),
    `${measures.ok}`,
    `${measures.other}`,
    `${measures.refused}`,
    `${logDiff.inputTokens}/${logDiff.readTokens}`,
    `${lagMs.toFixed(0)}${lagMs > MAX_LAG_MS ? '!' : ''}`,
    measures.speed.toFixed(0),
    (measures.wallMs / 1000).toFixed(0),
  ];
}

function ceilingRow(load: Load): string[] {
  const share = hitShare(ceilingOf(load));
  const cost = (1 - share) * WRITE_PRICE + share * READ_PRICE;
  const cells = ['ceiling', percent(share), percent(1), '', cost.toFixed(3)];
  return [...cells, ...COLUMNS.slice(cells.length).map(() => '')];
}

/** % of the ceiling by scene and policy. */
export function summaryTable(runs: readonly { scene: string; measures: Measures }[]): string {
  const scenes = [...new Set(runs.map(({ scene }) => scene))];
  const policies = [...new Set(runs.map(({ measures }) => measures.policy))];
  const cell = (policy: string, scene: string) => {
    const run = runs.find((row) => row.scene === scene && row.measures.policy === policy);
    return run ? `${percent(run.measures.shareOfCeiling)} (${seconds(run.measures.meanWaitMs)})` : '';
  };
  const head = ['% of ceiling (wait s)', ...scenes];
  return textTable([
    head,
    ...policies.map((policy) => [policy, ...scenes.map((scene) => cell(policy, scene))]),
  ]);
}

export function describeLoad({ slice, options, trace, countedMs }: Load): string {
  const sessions = new Set(slice.map(({ session }) => session)).size;
  const rate = (slice.length / (countedMs + options.warmupMs)) * 1000;
  const minutes = (ms: number) => (ms / 60_000).toFixed(0);
  return [
    `${slice.length} requests of ${sessions} sessions (${options.copies} copies of ${trace.requests.length} requests), ${rate.toFixed(1)} per second, seed ${options.seed}`,
    `${minutes(options.warmupMs + countedMs)} min, the first ${minutes(options.warmupMs)} not counted; 1 sent token = ${options.scale} trace tokens`,
  ].join('\n');
}

export function describeScene(scene: Scene): string {
  const { slots, accounts, utilisation, keyCount, uncachedTokensPerMinute } = scene;
  const total = slots.reduce((sum, count) => sum + count, 0);
  return [
    `${accounts} accounts, ${total} slots (${utilisation * 100} % in use at the ceiling's hits)`,
    `${keyCount} API keys`,
    ...(scene.hasSharedWarmth ? ['warmth shared'] : []),
    ...(scene.hasUnknownSlots ? ['slots not told'] : []),
    ...(uncachedTokensPerMinute === null
      ? []
      : [`${uncachedTokensPerMinute} uncached tokens a minute and account`]),
    ...(scene.lostWrites > 0 ? [`${scene.lostWrites * 100} % of writes lost`] : []),
    ...(scene.downtime === null ? [] : [`each account down 60 s of 11 min (${scene.downtime})`]),
  ].join(', ');
}

export function percent(share: number): string {
  return (share * 100).toFixed(1);
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
