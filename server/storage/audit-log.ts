// Keeps the audit log: what was changed, when and by whom. Bounded by count; the oldest entries go first.

import { type Expression, expressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { AuditEntry, AuditFilter, AuditLog } from '../gateway/admin-store.ts';
import type { Database, SqlEngine } from './database.ts';

/** Years of somebody's edits; about 40 MB. */
const MAX_ENTRIES = 100_000;
/** Entries between two looks whether there are too many. */
const TRIM_EVERY = 500;

export class SqlAuditLog implements AuditLog {
  readonly #db: Kysely<Database>;
  #appended = 0;

  constructor(engine: SqlEngine) {
    this.#db = engine.db;
  }

  async append(entry: AuditEntry): Promise<void> {
    await this.#db.insertInto('audit').values(entry).execute();
    this.#appended += 1;
    if (this.#appended % TRIM_EVERY === 1) await this.#trim();
  }

  async page(
    filter: AuditFilter,
    { limit, afterId }: { limit: number; afterId: string | null },
  ): Promise<AuditEntry[]> {
    const matching = this.#db.selectFrom('audit').selectAll().where(matches(filter));
    const rest = afterId === null ? matching : matching.where('id', '<', afterId);
    return rest.orderBy('id', 'desc').limit(limit).execute();
  }

  async count(filter: AuditFilter): Promise<number> {
    const { total } = await this.#db
      .selectFrom('audit')
      .select(sql<number>`count(*)`.as('total'))
      .where(matches(filter))
      .executeTakeFirstOrThrow();
    return total;
  }

  async #trim(): Promise<void> {
    const oldestKept = this.#db
      .selectFrom('audit')
      .select('id')
      .orderBy('id', 'desc')
      .offset(MAX_ENTRIES)
      .limit(1);
    await this.#db.deleteFrom('audit').where('id', '<=', oldestKept).execute();
  }
}

function matches({ fromMs, toMs, actor, action, outcome, search }: AuditFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'audit'>();
  const equal = (['actor', 'action', 'outcome'] as const).flatMap((column) => {
    const value = { actor, action, outcome }[column];
    return value === undefined ? [] : [eb(column, '=', value)];
  });
  const since = fromMs === undefined ? [] : [eb('atMs', '>=', fromMs)];
  const before = toMs === undefined ? [] : [eb('atMs', '<', toMs)];
  return eb.and([...since, ...before, ...equal, ...contains(search)]);
}

function contains(part: string | undefined): Expression<SqlBool>[] {
  if (part === undefined || part === '') return [];
  const pattern = `%${part.replace(/[\\%_]/g, '\\$&')}%`;
  const terms = (['actor', 'action', 'arguments'] as const).map(
    (column) => sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`,
  );
  return [expressionBuilder<Database, 'audit'>().or(terms)];
}
