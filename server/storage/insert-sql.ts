// Text of an insert that is prepared once and run for many rows. Pure: builds, never runs.

import { type Kysely, sql } from 'kysely';

/** `whenKnown`: what to do with a row whose `key` is in the table already. Placeholders are in the order of columns. */
export function insertSql<Tables>(
  db: Kysely<Tables>,
  {
    table,
    columns,
    key,
    whenKnown,
  }: {
    table: keyof Tables & string;
    columns: readonly string[];
    key: string;
    whenKnown: 'update' | 'keep';
  },
): string {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const placeholders = sql.join(columns.map(() => null));
  const updates = sql.join(columns.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`));
  const action = whenKnown === 'keep' ? sql`nothing` : sql`update set ${updates}`;
  return sql`insert into ${sql.table(table)} (${names}) values (${placeholders})
    on conflict (${sql.ref(key)}) do ${action}`.compile(db).sql;
}
