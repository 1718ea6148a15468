// What changes of bindings do to the list on the screen. Pure.

export interface ListedBinding {
  id: string;
  sessionId: string | null;
  surface: string;
  pinned: boolean;
  createdAt: string;
  expiresAt: string;
  lastHitAt: string;
  requestCount: number;
  warmTokens: number;
  cacheReadTokens: number;
  apiKey: { id: string; name: string };
  user: { id: string; username: string; email: string | null } | null;
  provider: { id: string; name: string };
  account: { id: string; name: string };
  model: { id: string; name: string; displayName: string | null };
}

export interface BindingChange<Row extends ListedBinding> {
  kind: 'BOUND' | 'RENEWED' | 'MOVED' | 'BORROWED' | 'EXPIRED' | 'CLEARED' | 'PINNED' | 'UNPINNED';
  affinity: Row;
}

/** As the API takes it, but for the endpoint, by which the screen does not filter. */
export interface BindingFilter {
  accountId?: string;
  providerId?: string;
  modelId?: string;
  surface?: string;
  userId?: string;
  apiKeyId?: string;
  sessionId?: string;
  pinned?: boolean;
}

/** How the list stands in the address: which rows, in which order. */
export interface BindingView {
  search: string | null;
  filter: BindingFilter;
  orderBy: BindingOrder;
}

export type Gone = 'EXPIRED' | 'CLEARED' | 'LEFT';

export interface LiveBindings<Row> {
  rows: readonly Row[];
  /** Rows that have ended while the list was held: they go when it is let go. */
  gone: ReadonlyMap<string, Gone>;
  /** Rows that came while the list was held. */
  waiting: readonly Row[];
  totalCount: number;
  /** Only the API can tell how many there are now. */
  isUncertain: boolean;
}

/** Beyond so many that wait, the list is read anew instead. */
const MAX_WAITING = 500;

/**
 * Known rows are replaced where they stand, so that nothing jumps under the pointer; new ones go where the order puts
 * them, unless that is on a page not read yet. While somebody points at the list (`isHeld`) no row comes or goes.
 */
export function applyBindingChange<Row extends ListedBinding>(
  list: LiveBindings<Row>,
  change: BindingChange<Row>,
  { view, isHeld, hasMore }: { view: BindingView; isHeld: boolean; hasMore: boolean },
): LiveBindings<Row> {
  const { kind, affinity } = change;
  const isEnded = kind === 'EXPIRED' || kind === 'CLEARED';
  const isShown = list.rows.some(({ id }) => id === affinity.id);
  const isWaiting = list.waiting.some(({ id }) => id === affinity.id);
  const fits = fitsView(affinity, view);
  if (isEnded || !fits) {
    if (isShown || isWaiting) return without(list, affinity, { gone: isEnded ? kind : 'LEFT', isHeld });
    return isEnded ? counted(list, fits ? -1 : 0) : uncertainWhen(list, kind === 'MOVED');
  }
  if (isShown) return replaced(list, affinity);
  if (isWaiting)
    return { ...list, waiting: list.waiting.map((row) => (row.id === affinity.id ? affinity : row)) };
  if (kind === 'BORROWED') return list;
  const grown = counted(list, isNew(change) ? 1 : 0);
  return isHeld
    ? withWaiting(grown, affinity)
    : inserted(grown, affinity, { orderBy: view.orderBy, hasMore });
}

/** Nobody points at the list any more: what ended goes, what came shows. */
export function released<Row extends ListedBinding>(
  list: LiveBindings<Row>,
  options: { orderBy: BindingOrder; hasMore: boolean },
): LiveBindings<Row> {
  if (list.gone.size === 0 && list.waiting.length === 0) return list;
  const rows = list.rows.filter(({ id }) => !list.gone.has(id));
  const start: LiveBindings<Row> = { ...list, rows, gone: new Map(), waiting: [] };
  return list.waiting.reduce((shown, row) => inserted(shown, row, options), start);
}

/** How many it knows to be alive, those that wait among them: all there are, once every page has been read. */
export function aliveCount({ rows, gone, waiting }: LiveBindings<unknown>): number {
  return rows.length - gone.size + waiting.length;
}

/** Binding on its own, or after its former one was told to have ended; one that an administrator moved has not ended. */
function isNew({ kind, affinity }: BindingChange<ListedBinding>): boolean {
  return kind === 'BOUND' || (kind === 'MOVED' && affinity.requestCount > 0);
}

function counted<Row>(list: LiveBindings<Row>, change: number): LiveBindings<Row> {
  return change === 0 ? list : { ...list, totalCount: Math.max(list.rows.length, list.totalCount + change) };
}

function uncertainWhen<Row>(list: LiveBindings<Row>, isUncertain: boolean): LiveBindings<Row> {
  return isUncertain ? { ...list, isUncertain } : list;
}

function without<Row extends ListedBinding>(
  list: LiveBindings<Row>,
  row: Row,
  { gone, isHeld }: { gone: Gone; isHeld: boolean },
): LiveBindings<Row> {
  // Told twice, it is counted once.
  const totalCount = list.gone.has(row.id) ? list.totalCount : Math.max(0, list.totalCount - 1);
  const waiting = list.waiting.filter(({ id }) => id !== row.id);
  if (isHeld) {
    const isShown = list.rows.some(({ id }) => id === row.id);
    return { ...list, waiting, totalCount, gone: isShown ? new Map(list.gone).set(row.id, gone) : list.gone };
  }
  return { ...list, waiting, totalCount, rows: list.rows.filter(({ id }) => id !== row.id) };
}

function replaced<Row extends ListedBinding>(list: LiveBindings<Row>, row: Row): LiveBindings<Row> {
  const rows = list.rows.map((other) => (other.id === row.id ? row : other));
  if (!list.gone.has(row.id)) return { ...list, rows };
  const gone = new Map(list.gone);
  gone.delete(row.id);
  return { ...list, rows, gone, totalCount: list.totalCount + 1 };
}

function withWaiting<Row>(list: LiveBindings<Row>, row: Row): LiveBindings<Row> {
  if (list.waiting.length >= MAX_WAITING) return { ...list, isUncertain: true };
  return { ...list, waiting: [...list.waiting, row] };
}

function inserted<Row extends ListedBinding>(
  list: LiveBindings<Row>,
  row: Row,
  { orderBy, hasMore }: { orderBy: BindingOrder; hasMore: boolean },
): LiveBindings<Row> {
  const isBefore = ORDER_OF[orderBy];
  const found = list.rows.findIndex((other) => isBefore(row, other));
  // On a page further down, which is read when somebody gets there.
  if (found < 0 && hasMore) return list;
  const at = found < 0 ? list.rows.length : found;
  const rows = [...list.rows.slice(0, at), row, ...list.rows.slice(at)];
  return { ...list, rows, totalCount: Math.max(rows.length, list.totalCount) };
}

type IsBefore = (one: ListedBinding, other: ListedBinding) => boolean;
type Value = number | string;

const falling =
  (read: (row: ListedBinding) => Value): IsBefore =>
  (one, other) =>
    read(one) > read(other);
const rising =
  (read: (row: ListedBinding) => Value): IsBefore =>
  (one, other) =>
    read(one) < read(other);

/** Like the API, by which pages are read. Those of no user last: no name sorts behind U+FFFF. */
const ORDER_OF = {
  EXPIRES_AT_DESC: falling((row) => Date.parse(row.expiresAt)),
  EXPIRES_AT_ASC: rising((row) => Date.parse(row.expiresAt)),
  LAST_HIT_AT_DESC: falling((row) => Date.parse(row.lastHitAt)),
  CREATED_AT_DESC: falling((row) => Date.parse(row.createdAt)),
  REQUEST_COUNT_DESC: falling((row) => row.requestCount),
  WARM_TOKENS_DESC: falling((row) => row.warmTokens),
  CACHE_READ_TOKENS_DESC: falling((row) => row.cacheReadTokens),
  USER_ASC: rising((row) => row.user?.username.toLowerCase() ?? '\uffff'),
  API_KEY_ASC: rising((row) => row.apiKey.name.toLowerCase()),
  ACCOUNT_ASC: rising((row) => `${row.provider.name} ${row.account.name}`.toLowerCase()),
  MODEL_ASC: rising((row) => row.model.name.toLowerCase()),
} as const;

export type BindingOrder = keyof typeof ORDER_OF;

/** The order of this name; null for any other. */
export function bindingOrderOf(name: string | null): BindingOrder | null {
  return name !== null && isOrder(name) ? name : null;
}

function isOrder(name: string): name is BindingOrder {
  return Object.hasOwn(ORDER_OF, name);
}

/** Whether the API would list the row. */
export function fitsView(
  row: ListedBinding,
  { search, filter }: Pick<BindingView, 'search' | 'filter'>,
): boolean {
  const wanted: [string | boolean | undefined, string | boolean | null | undefined][] = [
    [filter.accountId, row.account.id],
    [filter.providerId, row.provider.id],
    [filter.modelId, row.model.id],
    [filter.surface, row.surface],
    [filter.userId, row.user?.id],
    [filter.apiKeyId, row.apiKey.id],
    [filter.sessionId, row.sessionId],
    [filter.pinned, row.pinned],
  ];
  return (
    wanted.every(([value, found]) => value === undefined || isSame(value, found)) && contains(row, search)
  );
}

/** Addresses may hold the id of the database as well. */
function isSame(value: string | boolean, found: string | boolean | null | undefined): boolean {
  return value === found || (typeof found === 'string' && value === rawIdOf(found));
}

function contains(row: ListedBinding, search: string | null): boolean {
  const part = (rawIdOf(search?.trim() ?? '') ?? search ?? '').trim().toLowerCase();
  if (part === '') return true;
  const { user, apiKey, provider, account, model } = row;
  const ids = [row.id, user?.id, apiKey.id, provider.id, account.id, model.id].map((id) => rawIdOf(id ?? ''));
  const names = [user?.username, user?.email, apiKey.name, provider.name, account.name, model.name];
  return [...ids, ...names, model.displayName, row.sessionId].some((text) =>
    text?.toLowerCase().includes(part),
  );
}

/** What the database calls an entity; null when the text is no id of the API. */
function rawIdOf(id: string): string | null {
  try {
    const text = atob(id.replaceAll('-', '+').replaceAll('_', '/'));
    return /^[A-Z][A-Za-z]+:(.+)$/s.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}
