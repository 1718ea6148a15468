// The immutable snapshot of everything configured, and its holder. The request path reads; it never waits on a database.

import type { Surface } from '../wire/surface.ts';
import { hostOf } from './base-url.ts';
import type {
  Account,
  AccountRow,
  ApiKey,
  CatalogChange,
  CatalogRows,
  CatalogStore,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  Settings,
  User,
} from './ports.ts';

/** A possible way for a request: this account, at this endpoint, under this upstream name. */
export interface Candidate {
  account: Account;
  credential: string;
  endpoint: Endpoint;
  provider: Provider;
  model: Model;
  upstreamModel: string;
  /** Host and port of the endpoint, as cooldowns know it. */
  host: string;
}

export interface Catalog {
  readonly rows: CatalogRows;
  readonly settings: Settings;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly accounts: ReadonlyMap<string, AccountRow>;
  readonly models: ReadonlyMap<string, Model>;
  readonly mappings: ReadonlyMap<string, ModelMapping>;
  readonly users: ReadonlyMap<string, User>;
  readonly apiKeys: ReadonlyMap<string, ApiKey>;
  readonly apiKeyByHash: ReadonlyMap<string, ApiKey>;
  /** By model name, else by alias, else by a provider's own name for it. */
  resolveModel(name: string): Model | null;
  /**
   * Every account that serves the model on the surface, in stored order, whatever its health. An account whose
   * credential was not given for the endpoint's origin is none.
   */
  candidates(modelId: string, surface: Surface): readonly Candidate[];
  /** The open credential of an account. Never log it. */
  credential(accountId: string): string;
}

/** Changes, or what decides on them by the snapshot they will follow. */
export type CatalogEdit =
  | readonly CatalogChange[]
  | ((current: Catalog) => readonly CatalogChange[] | Promise<readonly CatalogChange[]>);

/** Owns the current snapshot; writes go to the store first, then the snapshot is replaced whole. */
export class CatalogHolder {
  readonly #store: CatalogStore;
  readonly #openCredential: (row: AccountRow) => Promise<string>;
  #current: Catalog;
  /** Changes run one after another, so that a later snapshot never misses an earlier change. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(
    store: CatalogStore,
    openCredential: (row: AccountRow) => Promise<string>,
    first: Catalog,
  ) {
    this.#store = store;
    this.#openCredential = openCredential;
    this.#current = first;
  }

  static async open(
    store: CatalogStore,
    openCredential: (row: AccountRow) => Promise<string>,
  ): Promise<CatalogHolder> {
    return new CatalogHolder(store, openCredential, await readCatalog(store, openCredential));
  }

  get current(): Catalog {
    return this.#current;
  }

  /**
   * Writes the changes in one transaction, then replaces the snapshot. Throws what the store throws. What is computed from
   * rows read here belongs into a function: it runs in the turn of its changes, so that no other change lies in between.
   */
  apply(edit: CatalogEdit): Promise<void> {
    return this.#inTurn(async () =>
      this.#store.apply(typeof edit === 'function' ? await edit(this.#current) : edit),
    );
  }

  /** Takes over what another process has written. */
  reload(): Promise<void> {
    return this.#inTurn(() => Promise.resolve());
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(async () => {
      await write();
      this.#current = await readCatalog(this.#store, this.#openCredential);
    });
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

async function readCatalog(
  store: CatalogStore,
  openCredential: (row: AccountRow) => Promise<string>,
): Promise<Catalog> {
  const rows = await store.load();
  const credentials = await Promise.all(
    rows.accounts.map(async (row) => [row.id, await openCredential(row)] as const),
  );
  return buildCatalog(rows, new Map(credentials));
}

/** Indexes the stored rows. `credentials` maps account id to its open credential. */
export function buildCatalog(rows: CatalogRows, credentials: ReadonlyMap<string, string>): Catalog {
  const models = byId(rows.models);
  const names = modelNames(rows);
  const candidates = candidateTable(rows, credentials);
  return {
    rows,
    settings: rows.settings,
    providers: byId(rows.providers),
    endpoints: byId(rows.endpoints),
    accounts: byId(rows.accounts),
    models,
    mappings: byId(rows.mappings),
    users: byId(rows.users),
    apiKeys: byId(rows.apiKeys),
    apiKeyByHash: new Map(rows.apiKeys.map((key) => [key.hash, key])),
    resolveModel: (name) => models.get(names.get(name) ?? '') ?? null,
    candidates: (modelId, surface) => candidates.get(`${modelId}|${surface}`) ?? [],
    credential: (accountId) => credentials.get(accountId) ?? '',
  };
}

function byId<Row extends { id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Requested name → model id. Written weakest first, so that a model's own name wins over aliases and upstream names. */
function modelNames(rows: CatalogRows): Map<string, string> {
  const names = new Map<string, string>();
  for (const mapping of rows.mappings) names.set(mapping.upstreamModel, mapping.modelId);
  for (const mapping of rows.mappings) for (const alias of mapping.aliases) names.set(alias, mapping.modelId);
  for (const model of rows.models) names.set(model.name, model.id);
  return names;
}

function candidateTable(
  rows: CatalogRows,
  credentials: ReadonlyMap<string, string>,
): Map<string, Candidate[]> {
  const table = new Map<string, Candidate[]>();
  const models = byId(rows.models);
  const providers = byId(rows.providers);
  for (const mapping of rows.mappings) {
    const model = models.get(mapping.modelId);
    const provider = providers.get(mapping.providerId);
    if (!model || !provider) continue;
    for (const endpoint of rows.endpoints.filter((row) => row.providerId === provider.id)) {
      const key = `${model.id}|${endpoint.surface}`;
      const list = table.get(key) ?? [];
      for (const account of rows.accounts.filter((row) => row.providerId === provider.id)) {
        if (!isBoundTo(account, endpoint) || list.some((other) => other.account.id === account.id)) continue;
        list.push({
          account,
          credential: credentials.get(account.id) ?? '',
          endpoint,
          provider,
          model,
          upstreamModel: mapping.upstreamModel,
          host: hostOf(endpoint.baseUrl),
        });
      }
      table.set(key, list);
    }
  }
  return table;
}

/**
 * Whether the account's credential may be sent to the endpoint: only to the origins it was given for. Whoever may edit
 * endpoints but does not know the credential cannot have it sent elsewhere.
 */
export function isBoundTo(account: Account, { baseUrl }: Pick<Endpoint, 'baseUrl'>): boolean {
  return URL.canParse(baseUrl) && account.credentialOrigins.includes(new URL(baseUrl).origin);
}
