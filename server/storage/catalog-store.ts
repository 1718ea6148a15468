// Keeps what is configured: providers, endpoints, accounts, models, mappings, users, API keys and the settings.

import type { Kysely, Transaction } from 'kysely';
import type { CatalogChange, CatalogRows, CatalogStore, CatalogTable } from '../gateway/ports.ts';
import {
  accountOf,
  accountRecord,
  apiKeyOf,
  apiKeyRecord,
  endpointRecord,
  mappingOf,
  mappingRecord,
  modelOf,
  modelRecord,
  providerOf,
  providerRecord,
  settingsOf,
  userRecord,
} from './catalog-records.ts';
import type { Database, SqlEngine } from './database.ts';
import { StorageError } from './storage-error.ts';

/**
 * Deleting a provider deletes its endpoints, accounts and mappings; deleting a model its mappings. Deleting a user
 * keeps their API keys, standalone and switched off: access does not outlive the user unless somebody says so.
 */
export class SqlCatalogStore implements CatalogStore {
  readonly #db: Kysely<Database>;

  constructor(engine: SqlEngine) {
    this.#db = engine.db;
  }

  /** Every table in order of id; ids are UUIDv7, so in order of creation. */
  async load(): Promise<CatalogRows> {
    return this.#db
      .transaction()
      .setAccessMode('read only')
      .execute(async (tx) => ({
        providers: (await tx.selectFrom('provider').selectAll().orderBy('id').execute()).map(providerOf),
        endpoints: await tx.selectFrom('endpoint').selectAll().orderBy('id').execute(),
        accounts: (await tx.selectFrom('account').selectAll().orderBy('id').execute()).map(accountOf),
        models: (await tx.selectFrom('model').selectAll().orderBy('id').execute()).map(modelOf),
        mappings: (await tx.selectFrom('mapping').selectAll().orderBy('id').execute()).map(mappingOf),
        users: await tx.selectFrom('user').selectAll().orderBy('id').execute(),
        apiKeys: (await tx.selectFrom('apiKey').selectAll().orderBy('id').execute()).map(apiKeyOf),
        settings: settingsOf((await tx.selectFrom('setting').select('value').executeTakeFirst())?.value),
      }));
  }

  /** In the given order: a row must come after those it refers to. Throws `name-taken` or `missing-reference`. */
  async apply(changes: readonly CatalogChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#db.transaction().execute(async (tx) => {
      for (const change of changes) await applyChange(tx, change);
    });
  }
}

async function applyChange(tx: Transaction<Database>, change: CatalogChange): Promise<void> {
  try {
    await (change.kind === 'delete' ? remove(tx, change) : put(tx, change));
  } catch (error) {
    throw explained(error, change);
  }
}

type PutChange = Exclude<CatalogChange, { kind: 'delete' }>;

// An upsert, not "insert or replace": replacing deletes the old row first, and with it everything that refers to it.
function put(tx: Transaction<Database>, change: PutChange): Promise<unknown> {
  switch (change.kind) {
    case 'put-provider': {
      const record = providerRecord(change.row);
      return tx
        .insertInto('provider')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-endpoint': {
      const record = endpointRecord(change.row);
      return tx
        .insertInto('endpoint')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-account': {
      const record = accountRecord(change.row);
      return tx
        .insertInto('account')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-model': {
      const record = modelRecord(change.row);
      return tx
        .insertInto('model')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-mapping': {
      const record = mappingRecord(change.row);
      return tx
        .insertInto('mapping')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-user': {
      const record = userRecord(change.row);
      return tx
        .insertInto('user')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-api-key': {
      const record = apiKeyRecord(change.row);
      return tx
        .insertInto('apiKey')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
    case 'put-settings': {
      const record = { id: 1 as const, value: JSON.stringify(change.row) };
      return tx
        .insertInto('setting')
        .values(record)
        .onConflict((on) => on.column('id').doUpdateSet(record))
        .execute();
    }
  }
}

async function remove(
  tx: Transaction<Database>,
  { table, id }: { table: CatalogTable; id: string },
): Promise<void> {
  if (table === 'user') {
    await tx.updateTable('apiKey').set({ isEnabled: 0, userId: null }).where('userId', '=', id).execute();
  }
  await tx.deleteFrom(TABLE_NAMES[table]).where('id', '=', id).execute();
}

const TABLE_NAMES = {
  provider: 'provider',
  endpoint: 'endpoint',
  account: 'account',
  model: 'model',
  mapping: 'mapping',
  user: 'user',
  'api-key': 'apiKey',
} as const satisfies Record<CatalogTable, keyof Database>;

/** Says which row could not be saved, where the engine only knows which constraint it broke. */
function explained(error: unknown, change: CatalogChange): unknown {
  if (!(error instanceof StorageError) || change.kind === 'delete' || change.kind === 'put-settings')
    return error;
  const { table, field } = error;
  const subject = `Cannot save ${change.kind.slice('put-'.length)} "${nameOf(change)}"`;
  const options = {
    cause: error,
    ...(table === null ? {} : { table }),
    ...(field === null ? {} : { field }),
  };
  if (error.code === 'name-taken') {
    return new StorageError('name-taken', `${subject}: its ${field ?? 'name'} is taken`, options);
  }
  if (error.code === 'missing-reference') {
    return new StorageError(
      'missing-reference',
      `${subject}: it refers to a row that does not exist`,
      options,
    );
  }
  return new StorageError(error.code, `${subject}: ${error.message}`, options);
}

function nameOf(change: Exclude<PutChange, { kind: 'put-settings' }>): string {
  if (change.kind === 'put-user') return change.row.username;
  if (change.kind === 'put-mapping') return change.row.upstreamModel;
  return change.row.name;
}
