// Catalogue changes as people compare them: what is made, changed and deleted, field by field. Pure; never holds a secret.

import type { CatalogChange, CatalogRows, CatalogTable } from '../gateway/ports.ts';

export interface ConfigChange {
  kind: 'create' | 'update' | 'delete';
  type: ConfigChangeType;
  /** With the provider's name before that of its parts: `anthropic/team-a`. */
  name: string;
  fields: ConfigFieldChange[];
}

type ConfigChangeType =
  | 'provider'
  | 'endpoint'
  | 'account'
  | 'model'
  | 'mapping'
  | 'user'
  | 'api-key'
  | 'settings';

/** Values as JSON; null = there is none. */
export interface ConfigFieldChange {
  name: string;
  before: string | null;
  after: string | null;
}

type Put = Exclude<CatalogChange, { kind: 'delete' }>;
type AnyRow = Put['row'];

/** What stands for a secret in a comparison. */
const SECRET = { is: '(set)', becomes: '(changed)' };
/** Ids are told by the names they lead to; the rest say the same as another field, or nothing to people. */
const HIDDEN_FIELDS = new Set([
  'id',
  'providerId',
  'modelId',
  'userId',
  'sealedCredential',
  'credentialLast4',
  'masked',
  'createdAtMs',
]);
/** Secrets inside of settings. */
const NEVER_SHOWN = new Set(['sealedUrl', 'fingerprint']);
/** By what people know them as. */
const SECRET_FIELDS: Readonly<Record<string, string>> = { credentialFingerprint: 'credential', hash: 'key' };

/** In the order of the changes; rows that go with a deleted provider or model are told too. */
export function configChanges(changes: readonly CatalogChange[], before: CatalogRows): ConfigChange[] {
  const after = new Names(before, changes);
  const puts = new Set(
    changes.flatMap((change) => (isPut(change) && 'id' in change.row ? [change.row.id] : [])),
  );
  const gone = new Set<string>();
  return changes.flatMap((change): ConfigChange[] => {
    if (isPut(change)) return [putChange(change, before, after)];
    // A row that is only moved out of the way comes back among the puts.
    if (puts.has(change.id)) return [];
    const lost = lostRows(change, before).filter(({ row }) => !gone.has(row.id));
    for (const { row } of lost) gone.add(row.id);
    return lost.map(({ type, row }) => ({ kind: 'delete', type, name: after.of(type, row), fields: [] }));
  });
}

function isPut(change: CatalogChange): change is Put {
  return change.kind !== 'delete';
}

function putChange(change: Put, before: CatalogRows, names: Names): ConfigChange {
  const type = typeOf(change.kind);
  const existing = existingRow(change, before);
  return {
    kind: existing ? 'update' : 'create',
    type,
    name: names.of(type, change.row),
    fields: [...fieldChanges(existing, change.row), ...ownerChange(existing, change, names)],
  };
}

function typeOf(kind: Put['kind']): ConfigChangeType {
  switch (kind) {
    case 'put-provider':
      return 'provider';
    case 'put-endpoint':
      return 'endpoint';
    case 'put-account':
      return 'account';
    case 'put-model':
      return 'model';
    case 'put-mapping':
      return 'mapping';
    case 'put-user':
      return 'user';
    case 'put-api-key':
      return 'api-key';
    case 'put-settings':
      return 'settings';
    default:
      return kind satisfies never;
  }
}

function existingRow(change: Put, rows: CatalogRows): AnyRow | null {
  if (change.kind === 'put-settings') return rows.settings;
  const { id } = change.row;
  return tableOf(rows, typeOf(change.kind)).find((row) => row.id === id) ?? null;
}

function tableOf(rows: CatalogRows, type: ConfigChangeType): readonly (AnyRow & { id: string })[] {
  switch (type) {
    case 'provider':
      return rows.providers;
    case 'endpoint':
      return rows.endpoints;
    case 'account':
      return rows.accounts;
    case 'model':
      return rows.models;
    case 'mapping':
      return rows.mappings;
    case 'user':
      return rows.users;
    case 'api-key':
      return rows.apiKeys;
    case 'settings':
      return [];
    default:
      return type satisfies never;
  }
}

function fieldChanges(before: AnyRow | null, after: AnyRow | null): ConfigFieldChange[] {
  const was = new Map(Object.entries(before ?? {}));
  const is = new Map(Object.entries(after ?? {}));
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) => {
    const secret = Object.hasOwn(SECRET_FIELDS, name) ? SECRET_FIELDS[name] : undefined;
    const [from, to] = [was.get(name), is.get(name)].map((value) => jsonOf(value, 'whole'));
    if (HIDDEN_FIELDS.has(name) || from === to) return [];
    const shown = { before: jsonOf(was.get(name), 'shown'), after: jsonOf(is.get(name), 'shown') };
    // Only what may not be shown differs.
    const isSecret = secret !== undefined || shown.before === shown.after;
    if (!isSecret) return [{ name, ...shown }];
    const becomes = before === null ? SECRET.is : SECRET.becomes;
    return [{ name: secret ?? name, before: shown.before && SECRET.is, after: shown.after && becomes }];
  });
}

/** Blocks of settings may have their keys in another order in storage. */
function jsonOf(value: unknown, use: 'whole' | 'shown'): string | null {
  if (value === undefined || value === null) return null;
  return JSON.stringify(value, (key, part: unknown) => {
    if (use === 'shown' && NEVER_SHOWN.has(key)) return undefined;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    // What is sealed is nobody's to read, and differs each time.
    const open = Object.entries(part).filter(([key]) => key !== 'sealedUrl');
    return Object.fromEntries(open.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Whose key it is, by name. */
function ownerChange(existing: AnyRow | null, change: Put, names: Names): ConfigFieldChange[] {
  if (change.kind !== 'put-api-key') return [];
  const was = existing && 'userId' in existing ? names.username(existing.userId) : null;
  const is = names.username(change.row.userId);
  return was === is ? [] : [{ name: 'user', before: jsonOf(was, 'shown'), after: jsonOf(is, 'shown') }];
}

interface LostRow {
  type: ConfigChangeType;
  row: AnyRow & { id: string };
}

/** The row itself, and the parts of a provider or the mappings of a model. */
function lostRows({ table, id }: { table: CatalogTable; id: string }, rows: CatalogRows): LostRow[] {
  const isPart = (row: object) =>
    ('providerId' in row && row.providerId === id) || ('modelId' in row && row.modelId === id);
  return [
    ...tableOf(rows, table).flatMap((row) => (row.id === id ? [{ type: table, row }] : [])),
    ...PARTS.flatMap((type) => tableOf(rows, type).flatMap((row) => (isPart(row) ? [{ type, row }] : []))),
  ];
}

const PARTS = ['endpoint', 'account', 'mapping'] as const;

/** The names that ids lead to, of rows that are there or are about to be. */
class Names {
  readonly #names = new Map<string, string>();

  constructor(rows: CatalogRows, changes: readonly CatalogChange[]) {
    for (const { id, name } of [...rows.providers, ...rows.models]) this.#names.set(id, name);
    for (const { id, username } of rows.users) this.#names.set(id, username);
    for (const change of changes) {
      if (change.kind === 'put-provider' || change.kind === 'put-model') {
        this.#names.set(change.row.id, change.row.name);
      }
      if (change.kind === 'put-user') this.#names.set(change.row.id, change.row.username);
    }
  }

  username(id: string | null): string | null {
    return id === null ? null : (this.#names.get(id) ?? null);
  }

  of(type: ConfigChangeType, row: AnyRow): string {
    const provider = 'providerId' in row ? `${this.#names.get(row.providerId) ?? '?'}/` : '';
    if ('modelId' in row) return `${provider}${this.#names.get(row.modelId) ?? '?'}`;
    if ('username' in row) return row.username;
    return 'name' in row ? `${provider}${row.name}` : type;
  }
}
