// Writes the outcome of a replay as a table. Pure.

import { textTable } from '../text-table.ts';
import type { HitCount } from './ceiling.ts';
import type { ReplayResult } from './policies.ts';

function hitShare({ inputTokens, readTokens }: HitCount): number {
  return inputTokens === 0 ? 0 : readTokens / inputTokens;
}

/** Why the clients' counts and the log's are not the same; null = they are. */
export function disagreement({
  policy,
  seen,
  logged,
  replies,
}: Pick<ReplayResult, 'policy' | 'seen' | 'logged' | 'replies'>): string | null {
  const faults = [
    ...(seen.inputTokens === logged.inputTokens
      ? []
      : [`input tokens ${seen.inputTokens} against ${logged.inputTokens}`]),
    ...(seen.readTokens === logged.readTokens
      ? []
      : [`cache reads ${seen.readTokens} against ${logged.readTokens}`]),
    ...(replies.length === logged.rows ? [] : [`requests ${replies.length} against ${logged.rows} rows`]),
  ];
  return faults.length === 0 ? null : `${policy}: clients and request log differ: ${faults.join('; ')}`;
}

const COLUMNS = [
  'policy',
  'hit %',
  '% of ceiling',
  'ok',
  '429',
  'other',
  'bound',
  'borrowed',
  'moved',
  'slots',
  'in use %',
  'mean s',
  'log diff',
  'wall s',
  'speed',
] as const;

export function resultTable(results: readonly ReplayResult[], ceiling: HitCount): string {
  const rows = results.map((result) => resultRow(result, hitShare(ceiling)));
  const ceilingRow = ['ceiling', percent(hitShare(ceiling)), percent(1), ...COLUMNS.slice(3).map(() => '')];
  return textTable([[...COLUMNS], ...rows, ceilingRow]);
}

function resultRow(result: ReplayResult, ceilingShare: number): string[] {
  const { policy, replies, seen, logged, outcomes, slotsPerAccount, accounts } = result;
  const share = hitShare(seen);
  const ok = replies.filter(({ status }) => status === 200);
  const limited = replies.filter(({ status }) => status === 429).length;
  const seconds = ok.reduce((sum, { sentAtMs, endedAtMs }) => sum + endedAtMs - sentAtMs, 0) / 1000;
  const inUse = slotsPerAccount === null ? '-' : percent(result.load / (slotsPerAccount * accounts));
  return [
    policy,
    percent(share),
    percent(ceilingShare === 0 ? 0 : share / ceilingShare),
    `${ok.length}`,
    `${limited}`,
    `${replies.length - ok.length - limited}`,
    `${outcomes.hit}`,
    `${outcomes.borrowed}`,
    `${outcomes.moved}`,
    slotsPerAccount === null ? 'no limit' : `${accounts} x ${slotsPerAccount}`,
    inUse,
    (seconds / Math.max(1, ok.length)).toFixed(1),
    `${seen.inputTokens - logged.inputTokens}/${seen.readTokens - logged.readTokens}`,
    (result.wallMs / 1000).toFixed(0),
    result.speed.toFixed(0),
  ];
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
