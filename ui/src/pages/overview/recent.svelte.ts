// The overview's last few requests, newest first, without doubles.

import { run } from '../../lib/graphql.ts';
import { LiveTail } from '../../lib/live-tail.ts';
import { RECENT_REQUESTS, type RecentRow } from './queries.ts';

const SHOWN_ROWS = 12;

export class RecentList {
  rows = $state.raw<readonly RecentRow[]>([]);
  #tail = new LiveTail<RecentRow>({ cap: SHOWN_ROWS });
  /** Rows that came while others were on their way, which may have been read before them. */
  #meanwhile: RecentRow[] = [];

  /** How many requests had been logged when it was read. */
  async load(): Promise<number> {
    this.#meanwhile = [];
    const { requestLogs, liveCounts } = await run(RECENT_REQUESTS, { first: SHOWN_ROWS });
    this.#tail.restart(requestLogs.nodes);
    this.#tail.mergeNewest(this.#meanwhile);
    this.rows = this.#tail.rows;
    return liveCounts.requestsLogged;
  }

  push(row: RecentRow): void {
    this.#meanwhile = [row, ...this.#meanwhile].slice(0, SHOWN_ROWS);
    this.#tail.push(row);
    this.rows = this.#tail.rows;
  }
}
