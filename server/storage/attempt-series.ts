// How the attempts at one account ended over time: from the counts that are kept, or from the rows themselves.

import { type Kysely, sql } from 'kysely';
import type { AttemptCount } from '../gateway/log-queries.ts';
import { ATTEMPT_ELEMENTS, ATTEMPT_TALLY, ATTEMPTS_PATH } from './attempt-schema.ts';
import type { LogDatabase } from './database.ts';
import { type LogView, type Source, sourcesOf, viewLog } from './log-view.ts';

type Part = Omit<AttemptCount, 'fault'> & { slot: number; fault: AttemptCount['fault'] | '' };

/** Between each two neighbours of `edgesMs`; in no order within. */
export function attemptSeries(
  db: Kysely<LogDatabase>,
  accountId: string,
  edgesMs: readonly number[],
): Promise<AttemptCount[][]> {
  const look = async (view: LogView | null) => {
    const ranges = edgesMs.slice(1).map((toMs, slot) => ({ slot, fromMs: edgesMs[slot] ?? toMs, toMs }));
    const series = ranges.map((): AttemptCount[] => []);
    if (!view) return series;
    // Not filtered by account: rows know who answered, and what is asked is who was tried.
    const asked = { filter: {}, ranges, tallies: [ATTEMPT_TALLY], dimensions: [] };
    for (const source of sourcesOf(view, asked) ?? []) {
      for (const { slot, ...part } of await partsOf(view, source, accountId))
        addTo(series[slot], { ...part, fault: part.fault || null });
    }
    return series;
  };
  return viewLog(db, look, 'attemptsSeq');
}

async function partsOf({ tx }: LogView, { kind, head, body }: Source, accountId: string): Promise<Part[]> {
  if (kind === 'tally') {
    const { rows } = await sql<Part>`${head}
      select "slot", "outcome", "fault", sum("total") as "attempts" from ${body} and "accountId" = ${accountId}
      group by 1, 2, 3`.execute(tx);
    return rows;
  }
  const element = (name: keyof typeof ATTEMPT_ELEMENTS) =>
    sql`"attempt"."value" ->> ${sql.lit(ATTEMPT_ELEMENTS[name])}`;
  // The columns of json_each have the names of columns of the log: the condition is kept apart from them.
  const { rows } = await sql<Part>`${head}
    select "slot", ${element('outcome')} as "outcome", coalesce(${element('fault')}, '') as "fault",
      count(*) as "attempts"
    from (select "slot", "tail" from ${body}) as "found",
      json_each("found"."tail", ${sql.lit(ATTEMPTS_PATH)}) as "attempt"
    where "attempt"."type" = 'array' and ${element('accountId')} = ${accountId}
    group by 1, 2, 3`.execute(tx);
  return rows;
}

function addTo(counts: AttemptCount[] | undefined, part: AttemptCount): void {
  const same = counts?.find(({ outcome, fault }) => outcome === part.outcome && fault === part.fault);
  if (same) same.attempts += part.attempts;
  else counts?.push(part);
}
