// What an API key has spent today and this month, in UTC.

const DAY_MS = 86_400_000;

export type BudgetPeriod = 'day' | 'month';

/** Money of a period. */
export interface Spent {
  costNanoUsd: number;
  /** Requests with usage and no price: their cost is not in the sum. */
  unpricedRequests: number;
}

/** Half-open, in milliseconds since the epoch. */
interface Period {
  fromMs: number;
  toMs: number;
}

/** The day or calendar month (UTC) in which the time lies. */
export function periodAt(period: BudgetPeriod, atMs: number): Period {
  if (period === 'day') {
    const fromMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    return { fromMs, toMs: fromMs + DAY_MS };
  }
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { fromMs: Date.UTC(year, month, 1), toMs: Date.UTC(year, month + 1, 1) };
}

const NOTHING: Readonly<Spent> = { costNanoUsd: 0, unpricedRequests: 0 };

/** Owns the sums of two periods. A sum is of one period only: it is gone when the time has left that. */
export class Spending {
  readonly #sums: Record<BudgetPeriod, { fromMs: number; spent: Spent }> = {
    day: { fromMs: Number.NEGATIVE_INFINITY, spent: NOTHING },
    month: { fromMs: Number.NEGATIVE_INFINITY, spent: NOTHING },
  };

  /** Money of a request counts in the periods in which it began, as the request log has it. */
  add(spent: Spent, at: { startedAtMs: number; nowMs: number }): void {
    this.#addTo('day', spent, at);
    this.#addTo('month', spent, at);
  }

  /** Adds to one period what was spent in it before. */
  restore(period: BudgetPeriod, spent: Spent, at: { startedAtMs: number; nowMs: number }): void {
    this.#addTo(period, spent, at);
  }

  look(period: BudgetPeriod, nowMs: number): Readonly<Spent> {
    const { fromMs, spent } = this.#sums[period];
    return fromMs === periodAt(period, nowMs).fromMs ? spent : NOTHING;
  }

  #addTo(
    period: BudgetPeriod,
    { costNanoUsd, unpricedRequests }: Spent,
    { startedAtMs, nowMs }: { startedAtMs: number; nowMs: number },
  ): void {
    const { fromMs } = periodAt(period, nowMs);
    if (periodAt(period, startedAtMs).fromMs !== fromMs) return;
    const before = this.look(period, nowMs);
    this.#sums[period] = {
      fromMs,
      spent: {
        costNanoUsd: before.costNanoUsd + costNanoUsd,
        unpricedRequests: before.unpricedRequests + unpricedRequests,
      },
    };
  }
}
