// The goals: numbered, each over one figure of the gateway, most of them against a pass-through of the same run. Pure.

import { ratio } from '../statistics.ts';
import type { Figures } from './figures.ts';
import type { Target } from './targets.ts';

/** `near`: missed, but within the noise of a run. */
export type Verdict = 'met' | 'near' | 'missed' | 'not measured' | 'not present';

export interface GoalResult {
  number: number;
  figure: string;
  goal: string;
  value: number | null;
  /** What the value is compared with, when that is not a fixed number. */
  reference: number | null;
  ratio: number | null;
  verdict: Verdict;
}

interface Goal {
  number: number;
  figure: string;
  /** Of the gateway unless another figure is named. */
  limit: Limit;
}

type Limit =
  | { kind: 'at-least' | 'at-most'; factor: number; of: Target; ofFigure?: string }
  | { kind: 'at-least' | 'at-most'; fixed: number }
  /** The value of a plain proxy and so much more. */
  | { kind: 'proxy-plus'; plus: number }
  /** Against programs that the bench cannot install. */
  | { kind: 'absent'; program: string };

/** A tenth is allowed for the noise of a run. */
const NOISE = 1.1;

const GOALS: readonly Goal[] = [
  atLeast(1, 'requests/s, 1 KB c64', 0.75, 'lean'),
  atLeast(1, 'requests/s, 1 KB c64', 1.25, 'pump'),
  atLeast(2, 'requests/s, 50 KB c64', 0.85, 'lean'),
  atLeast(2, 'requests/s, 50 KB c64', 2.3, 'pump'),
  atLeast(3, 'requests/s, 300 KB c64', 0.85, 'lean'),
  atLeast(3, 'requests/s, 300 KB c64', 2.4, 'pump'),
  atLeast(3, 'requests/s, 2 MB c8', 0.85, 'lean'),
  atLeast(3, 'requests/s, 2 MB c8', 2.4, 'pump'),
  atMost(4, 'CPU ms/request, 1 KB c64', 1.35, 'lean'),
  atMost(4, 'CPU ms/request, 50 KB c64', 1.2, 'lean'),
  atMost(4, 'CPU ms/request, 300 KB c64', 1.15, 'lean'),
  {
    number: 5,
    figure: 'requests/s, translated 50 KB c64',
    limit: { kind: 'at-least', factor: 0.8, of: 'pump', ofFigure: 'requests/s, 50 KB c64' },
  },
  {
    number: 5,
    figure: 'CPU ms/request, translated 50 KB c64',
    limit: { kind: 'at-most', factor: 1.3, of: 'pump', ofFigure: 'CPU ms/request, 50 KB c64' },
  },
  { number: 6, figure: 'requests/s against Portkey', limit: { kind: 'absent', program: 'Portkey' } },
  {
    number: 7,
    figure: 'requests/s against claude-relay-service',
    limit: { kind: 'absent', program: 'claude-relay-service' },
  },
  {
    number: 7,
    figure: 'requests/s against claude-code-router',
    limit: { kind: 'absent', program: 'claude-code-router' },
  },
  fixed(8, 'added p50 ms, 1 KB 500/s', 'at-most', 0.35),
  { number: 8, figure: 'added p99 ms, 1 KB 500/s', limit: { kind: 'proxy-plus', plus: 1 } },
  fixed(8, 'added p50 ms, 50 KB 300/s', 'at-most', 0.4),
  { number: 8, figure: 'added p99 ms, 50 KB 300/s', limit: { kind: 'proxy-plus', plus: 1 } },
  fixed(9, 'added first chunk p50 ms', 'at-most', 0.65),
  { number: 9, figure: 'added first chunk p99 ms', limit: { kind: 'proxy-plus', plus: 2 } },
  fixed(10, 'added chunk p50 ms', 'at-most', 0.2),
  { number: 10, figure: 'added chunk p99 ms', limit: { kind: 'proxy-plus', plus: 0.8 } },
  atLeast(11, 'requests/s, SSE 50 KB c64', 0.8, 'lean'),
  fixed(12, 'held streams fed, share', 'at-least', 1),
  atMost(12, 'CPU µs/chunk, held', 1.1, 'lean'),
  fixed(12, 'KB/stream, held', 'at-most', 70),
  atMost(12, 'chunk p50 ms, held', 2, 'lean'),
  fixed(13, 'RSS idle, MB', 'at-most', 60),
  fixed(13, 'peak RSS, 300 KB c64, MB', 'at-most', 140),
  fixed(13, 'peak RSS, held, MB', 'at-most', 220),
  fixed(14, 'start to first 200, ms', 'at-most', 60),
  fixed(15, 'binary, MiB', 'at-most', 112),
  fixed(16, 'log rows/s', 'at-least', 100_000),
  fixed(16, 'log CPU µs/row', 'at-most', 8),
  fixed(16, 'longest pause while logging, ms', 'at-most', 10),
  fixed(17, 'upstream streams left open after hang-up', 'at-most', 0),
  fixed(17, 'upstream closed after hang-up, ms', 'at-most', 200),
  fixed(17, 'RSS growth, MB/stalled reader', 'at-most', 4),
  fixed(17, 'RSS growth over abandoned streams, ratio', 'at-most', 1.1),
  fixed(18, 'requests per upstream connection, 1 KB c512', 'at-least', 10),
];

export function judgeAll(figures: Figures, proxy: 'haproxy' | 'nginx' | null): GoalResult[] {
  return GOALS.map((goal) => judge(goal, figures, proxy));
}

function judge(
  { number, figure, limit }: Goal,
  figures: Figures,
  proxy: 'haproxy' | 'nginx' | null,
): GoalResult {
  const value = figures.median(figure, 'gateway');
  const result = { number, figure, value };
  if (limit.kind === 'absent') {
    const goal = `against ${limit.program}`;
    return { ...result, goal, reference: null, ratio: null, verdict: 'not present' };
  }
  if (limit.kind === 'proxy-plus') {
    const goal = `≤ haproxy's + ${limit.plus}`;
    if (proxy === null) return { ...result, goal, reference: null, ratio: null, verdict: 'not present' };
    const base = figures.median(figure, proxy);
    const reference = base === null ? null : base + limit.plus;
    return {
      ...result,
      goal,
      reference: base,
      ratio: ratio(value, base),
      verdict: verdictOf(value, reference, 'at-most'),
    };
  }
  const sign = limit.kind === 'at-least' ? '≥' : '≤';
  if ('fixed' in limit) {
    const verdict = verdictOf(value, limit.fixed, limit.kind);
    return {
      ...result,
      goal: `${sign} ${limit.fixed}`,
      reference: null,
      ratio: ratio(value, limit.fixed),
      verdict,
    };
  }
  const reference = figures.median(limit.ofFigure ?? figure, limit.of);
  return {
    ...result,
    goal: `${sign} ${limit.factor} x ${limit.of}`,
    reference,
    ratio: ratio(value, reference),
    verdict: verdictOf(value, reference === null ? null : reference * limit.factor, limit.kind),
  };
}

export function verdictOf(value: number | null, bound: number | null, kind: 'at-least' | 'at-most'): Verdict {
  if (value === null || bound === null) return 'not measured';
  const isWithin = (allowed: number) => (kind === 'at-least' ? value >= allowed : value <= allowed);
  if (isWithin(bound)) return 'met';
  return isWithin(kind === 'at-least' ? bound / NOISE : bound * NOISE) ? 'near' : 'missed';
}

function atLeast(number: number, figure: string, factor: number, of: Target): Goal {
  return { number, figure, limit: { kind: 'at-least', factor, of } };
}

function atMost(number: number, figure: string, factor: number, of: Target): Goal {
  return { number, figure, limit: { kind: 'at-most', factor, of } };
}

function fixed(number: number, figure: string, kind: 'at-least' | 'at-most', bound: number): Goal {
  return { number, figure, limit: { kind, fixed: bound } };
}
