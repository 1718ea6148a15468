// The stores behind the admin API, in memory.

import { matchesFilter } from '../../server/analysis/request-filter.ts';
import type {
  AdminSession,
  AdminStore,
  AdminToken,
  AuditEntry,
  AuditFilter,
  AuditLog,
} from '../../server/gateway/admin-store.ts';
import type {
  LogQueries,
  RequestDimension,
  RequestGroup,
  RequestLog,
  RequestPage,
  RequestTotals,
} from '../../server/gateway/log-queries.ts';
import {
  type CatalogChange,
  type CatalogRows,
  type CatalogStore,
  DEFAULT_SETTINGS,
  type MissTotal,
  type RequestFilter,
  type RequestRow,
} from '../../server/gateway/ports.ts';
import {
  attemptSeriesOf,
  cacheUses,
  groupsOf,
  intervalSample,
  intervals,
  seriesOf,
  sessionUses,
  totalsOf,
} from './memory-queries.ts';

export class MemoryCatalogStore implements CatalogStore {
  rows: CatalogRows = {
    providers: [],
    endpoints: [],
    accounts: [],
    models: [],
    mappings: [],
    users: [],
    apiKeys: [],
    settings: DEFAULT_SETTINGS,
  };

  load(): Promise<CatalogRows> {
    return Promise.resolve(structuredClone(this.rows));
  }

  async apply(changes: readonly CatalogChange[]): Promise<void> {
    for (const change of changes) {
      if (change.kind === 'put-settings') this.rows.settings = change.row;
      else if (change.kind === 'delete') this.#delete(change.table, change.id);
      else this.#put(change);
    }
  }

  #put(change: Exclude<CatalogChange, { kind: 'put-settings' | 'delete' }>): void {
    const { rows } = this;
    switch (change.kind) {
      case 'put-provider':
        rows.providers = replaced(rows.providers, change.row);
        break;
      case 'put-endpoint':
        rows.endpoints = replaced(rows.endpoints, change.row);
        break;
      case 'put-account':
        rows.accounts = replaced(rows.accounts, change.row);
        break;
      case 'put-model':
        rows.models = replaced(rows.models, change.row);
        break;
      case 'put-mapping':
        rows.mappings = replaced(rows.mappings, change.row);
        break;
      case 'put-user':
        rows.users = replaced(rows.users, change.row);
        break;
      case 'put-api-key':
        rows.apiKeys = replaced(rows.apiKeys, change.row);
        break;
    }
  }

  #delete(table: string, id: string): void {
    const { rows } = this;
    const isGone = (row: { id: string; providerId?: string; modelId?: string }) =>
      row.id === id ||
      (table === 'provider' && row.providerId === id) ||
      (table === 'model' && row.modelId === id);
    rows.providers = rows.providers.filter((row) => !isGone(row));
    rows.endpoints = rows.endpoints.filter((row) => !isGone(row));
    rows.accounts = rows.accounts.filter((row) => !isGone(row));
    rows.models = rows.models.filter((row) => !isGone(row));
    rows.mappings = rows.mappings.filter((row) => !isGone(row));
    rows.users = rows.users.filter((row) => !isGone(row));
    rows.apiKeys = rows.apiKeys.filter((row) => !isGone(row));
  }
}

function replaced<Row extends { id: string }>(rows: Row[], row: Row): Row[] {
  return [...rows.filter((other) => other.id !== row.id), row];
}

export class MemoryAdminStore implements AdminStore {
  readonly secrets = new Map<string, string>();
  readonly sessions = new Map<string, AdminSession>();

  getSecret(name: string): Promise<string | null> {
    return Promise.resolve(this.secrets.get(name) ?? null);
  }

  async setSecret(name: string, value: string | null): Promise<void> {
    if (value === null) this.secrets.delete(name);
    else this.secrets.set(name, value);
  }

  findSession(hash: string): Promise<AdminSession | null> {
    return Promise.resolve(this.sessions.get(hash) ?? null);
  }

  async putSession(session: AdminSession): Promise<void> {
    this.sessions.set(session.hash, session);
  }

  async deleteSession(hash: string | null): Promise<void> {
    if (hash === null) this.sessions.clear();
    else this.sessions.delete(hash);
  }

  readonly tokens = new Map<string, AdminToken>();

  listTokens(): Promise<AdminToken[]> {
    return Promise.resolve([...this.tokens.values()]);
  }

  async putToken(token: AdminToken): Promise<void> {
    this.tokens.set(token.id, token);
  }

  async deleteToken(id: string): Promise<string[]> {
    this.tokens.delete(id);
    const ended = [...this.sessions.values()].filter(({ tokenId }) => tokenId === id);
    for (const { hash } of ended) this.sessions.delete(hash);
    return ended.map(({ hash }) => hash);
  }
}

export class MemoryAuditLog implements AuditLog {
  /** In the order they were appended. */
  entries: AuditEntry[] = [];

  async append(entry: AuditEntry): Promise<void> {
    this.entries.push(entry);
  }

  async page(filter: AuditFilter, { limit, afterId }: { limit: number; afterId: string | null }) {
    const newestFirst = this.#matching(filter).toSorted((a, b) => (a.id < b.id ? 1 : -1));
    return newestFirst.filter(({ id }) => afterId === null || id < afterId).slice(0, limit);
  }

  async count(filter: AuditFilter): Promise<number> {
    return this.#matching(filter).length;
  }

  #matching({ fromMs, toMs, actor, action, outcome, search = '' }: AuditFilter): AuditEntry[] {
    const part = search.toLowerCase();
    return this.entries.filter(
      (entry) =>
        (fromMs === undefined || entry.atMs >= fromMs) &&
        (toMs === undefined || entry.atMs < toMs) &&
        (actor === undefined || entry.actor === actor) &&
        (action === undefined || entry.action === action) &&
        (outcome === undefined || entry.outcome === outcome) &&
        [entry.actor, entry.action, entry.arguments].some((text) => text.toLowerCase().includes(part)),
    );
  }
}

export class MemoryRequestLog implements RequestLog {
  rows: RequestRow[] = [];
  /** How often each reading method was called. */
  readonly calls = { page: 0, count: 0, totals: 0 };

  append(row: RequestRow): void {
    this.rows.push(row);
  }

  health() {
    return { queuedRows: 2, droppedRows: 3, lastError: 'disk full' };
  }

  async page(
    filter: RequestFilter,
    { limit, after, isOldestFirst = false }: Parameters<RequestLog['page']>[1],
  ): Promise<RequestPage> {
    this.calls.page += 1;
    const position = (row: { startedAtMs: number; id: string }) =>
      `${String(row.startedAtMs).padStart(16, '0')}${row.id}`;
    const rows = this.#matching(filter)
      .filter((row) => after === null || position(row) > position(after) === isOldestFirst)
      .filter((row) => row.id !== after?.id)
      .sort((a, b) => (position(a) < position(b) === isOldestFirst ? -1 : 1))
      .slice(0, limit);
    const last = rows[limit - 1];
    return { rows, reached: last ? { startedAtMs: last.startedAtMs, id: last.id } : null };
  }

  async get(id: string): Promise<RequestRow | null> {
    return this.rows.find((row) => row.id === id) ?? null;
  }

  async neighbours(...[row, limit]: Parameters<RequestLog['neighbours']>) {
    const order = (a: RequestRow, b: RequestRow) => a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1);
    const session = this.rows
      .filter(
        ({ sessionId, apiKeyId }) =>
          sessionId !== null && sessionId === row.sessionId && apiKeyId === row.apiKeyId,
      )
      .sort(order);
    const place = session.findIndex(({ id }) => id === row.id);
    return {
      before: session.slice(Math.max(0, place - limit), Math.max(0, place)),
      after: session.slice(place + 1, place + 1 + limit),
    };
  }

  async count(filter: RequestFilter): Promise<number> {
    this.calls.count += 1;
    return this.#matching(filter).length;
  }

  async oldestMs(): Promise<number | null> {
    return this.rows.length === 0 ? null : Math.min(...this.rows.map(({ startedAtMs }) => startedAtMs));
  }

  async totals(filter: RequestFilter): Promise<RequestTotals> {
    this.calls.totals += 1;
    return totalsOf(this.#matching(filter));
  }

  async series(filter: RequestFilter, edgesMs: readonly number[]): Promise<RequestTotals[]> {
    return seriesOf(this.#matching(filter), edgesMs);
  }

  async groups(filter: RequestFilter, by: RequestDimension): Promise<RequestGroup[]> {
    return groupsOf(this.#matching(filter), by);
  }

  async attemptSeries(accountId: string, edgesMs: readonly number[]) {
    return attemptSeriesOf(this.rows, accountId, edgesMs);
  }

  async intervals(...[filter, options]: Parameters<LogQueries['intervals']>) {
    return intervals(this.rows, filter, options);
  }

  async intervalSample(...[filter, options]: Parameters<LogQueries['intervalSample']>) {
    return intervalSample(this.rows, filter, options);
  }

  async cacheUses(...[filter]: Parameters<LogQueries['cacheUses']>) {
    return cacheUses(this.rows, filter);
  }

  async sessionUses(...[filter, sessionIds]: Parameters<LogQueries['sessionUses']>) {
    return sessionUses(this.rows, filter, sessionIds);
  }

  async writtenAfter(id: string, limit: number): Promise<RequestRow[] | null> {
    const index = this.rows.findIndex((row) => row.id === id);
    return index < 0 ? null : this.rows.slice(index + 1, index + 1 + limit);
  }

  async missTotals(filter: RequestFilter): Promise<MissTotal[]> {
    return this.#matching(filter).flatMap(({ modelId, misses }) =>
      (misses ?? []).map(({ cause, tokens, costNanoUsd }) => ({
        modelId,
        cause,
        requests: 1,
        tokens,
        costNanoUsd: costNanoUsd ?? 0,
        unpricedTokens: costNanoUsd === null ? tokens : 0,
      })),
    );
  }

  async clear(filter: RequestFilter): Promise<number> {
    const before = this.rows.length;
    this.rows = this.rows.filter((row) => !matchesFilter(row, filter));
    return before - this.rows.length;
  }

  #matching(filter: RequestFilter): RequestRow[] {
    return this.rows.filter((row) => matchesFilter(row, filter));
  }
}
