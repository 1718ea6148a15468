// The overview's last few requests, newest first, without doubles.

import { run } from '../../lib/graphql.ts';
import { LiveTail } from '../../lib/live-tail.ts';
import { RECENT_REQUESTS, type RecentRow } from './queries.ts';

const SHOWN_ROWS = 12;

export class RecentList {
  rows = $state.raw<readonly RecentRow[]>([]);
  #tail = new LiveTail<RecentRow>({ cap: SHOWN_ROWS });

  async load(): Promise<true> {
    const { requestLogs } = await run(RECENT_REQUESTS, { first: SHOWN_ROWS });
    this.#tail.restart(requestLogs.nodes);
    this.rows = this.#tail.rows;
    return true;
  }

  push(row: RecentRow): void {
    this.#tail.push(row);
    this.rows = this.#tail.rows;
  }
}
