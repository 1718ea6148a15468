// What `warmpath replay` prints: one table for people, or the same figures as JSON. Pure.

import type { RunResult } from '../analysis/replay/replay.ts';

export interface ReplayReport {
  file: string;
  requests: number;
  sessions: number;
  copies: number;
  ttlSeconds: number;
  /** Share of the input that one account without limits would read from its cache. */
  ceilingHitRate: number;
  /** Input cost there as a share of the cost without caching, at Anthropic's prices. */
  ceilingCostShare: number;
  rows: readonly ReplayRow[];
}

export interface ReplayRow extends RunResult {
  utilisation: number;
}

const COLUMNS: readonly { title: string; of: (row: ReplayRow) => string }[] = [
  { title: 'accounts', of: ({ accounts }) => String(accounts) },
  { title: 'slots', of: ({ slots }) => String(slots) },
  { title: 'policy', of: ({ policy }) => policy },
  { title: 'hit %', of: ({ hitRate }) => percent(hitRate) },
  { title: 'of ceiling', of: ({ shareOfCeiling }) => percent(shareOfCeiling) },
  { title: 'cost', of: (row) => costShare(row).toFixed(3) },
  { title: 'wait s', of: ({ meanWaitMs }) => seconds(meanWaitMs) },
  { title: 'p95', of: ({ p95WaitMs }) => seconds(p95WaitMs) },
  { title: 'TTFT s', of: ({ meanFirstByteMs }) => seconds(meanFirstByteMs) },
  { title: 'p95', of: ({ p95FirstByteMs }) => seconds(p95FirstByteMs) },
  { title: '429 %', of: ({ refusedShare }) => percent(refusedShare) },
  { title: 'imbalance', of: ({ imbalance }) => imbalance.toFixed(2) },
  { title: 'moved', of: ({ moved }) => String(moved) },
  { title: 'borrowed', of: ({ borrowed }) => String(borrowed) },
];
/** Words stand at the left, numbers at the right. */
const LEFT = new Set(['policy']);

export function replayTable(report: ReplayReport): string {
  const lines = [
    COLUMNS.map(({ title }) => title),
    ...report.rows.map((row) => COLUMNS.map(({ of }) => of(row))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return LEFT.has(COLUMNS[column]?.title ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [...headOf(report), '', ...table].join('\n');
}

export function replayJson(report: ReplayReport): string {
  return JSON.stringify(
    { ...report, rows: report.rows.map((row) => ({ ...row, costShare: costShare(row) })) },
    null,
    2,
  );
}

function headOf({ requests, sessions, copies, ttlSeconds, ...report }: ReplayReport): string[] {
  const copied = copies === 1 ? '' : `, ${copies} copies laid over each other`;
  return [
    `${report.file}: ${requests} requests of ${sessions} sessions${copied}, prompts live ${ttlSeconds} s`,
    `Ceiling (one account without limits): ${percent(report.ceilingHitRate)} % read, cost ${report.ceilingCostShare.toFixed(3)}`,
    'Cost is that of the input, as a share of the same without caching (written 1.25, read 0.1).',
  ];
}

function costShare({ cost, uncachedCost }: ReplayRow): number {
  return uncachedCost === 0 ? 0 : cost / uncachedCost;
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
