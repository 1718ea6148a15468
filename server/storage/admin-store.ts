// Keeps what the panel login needs: a few named secrets and the sessions.

import type { Kysely } from 'kysely';
import type { AdminSession, AdminStore, AdminToken } from '../gateway/admin-store.ts';
import type { Database, SqlEngine } from './database.ts';

type SecretName = Parameters<AdminStore['getSecret']>[0];

export class SqlAdminStore implements AdminStore {
  readonly #db: Kysely<Database>;

  constructor(engine: SqlEngine) {
    this.#db = engine.db;
  }

  async getSecret(name: SecretName): Promise<string | null> {
    const row = await this.#db
      .selectFrom('secret')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirst();
    return row?.value ?? null;
  }

  async setSecret(name: SecretName, value: string | null): Promise<void> {
    if (value === null) {
      await this.#db.deleteFrom('secret').where('name', '=', name).execute();
      return;
    }
    await this.#db
      .insertInto('secret')
      .values({ name, value })
      .onConflict((on) => on.column('name').doUpdateSet({ value }))
      .execute();
  }

  /** As stored; whether it has expired is for the caller to say. */
  async findSession(hash: string): Promise<AdminSession | null> {
    const row = await this.#db.selectFrom('session').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row ?? null;
  }

  /** Also deletes the sessions that had expired when this one was last seen, so that they do not pile up. */
  async putSession(row: AdminSession): Promise<void> {
    const { hash, lastSeenAtMs } = row;
    await this.#db.transaction().execute(async (tx) => {
      await tx
        .insertInto('session')
        .values(row)
        .onConflict((on) => on.column('hash').doUpdateSet(row))
        .execute();
      await tx
        .deleteFrom('session')
        .where('expiresAtMs', '<=', lastSeenAtMs)
        .where('hash', '!=', hash)
        .execute();
    });
  }

  async deleteSession(hash: string | null): Promise<void> {
    const all = this.#db.deleteFrom('session');
    await (hash === null ? all : all.where('hash', '=', hash)).execute();
  }

  async listTokens(): Promise<AdminToken[]> {
    return this.#db.selectFrom('adminToken').selectAll().orderBy('id').execute();
  }

  async putToken(token: AdminToken): Promise<void> {
    await this.#db
      .insertInto('adminToken')
      .values(token)
      .onConflict((on) => on.column('id').doUpdateSet(token))
      .execute();
  }

  async deleteToken(id: string): Promise<string[]> {
    return this.#db.transaction().execute(async (tx) => {
      const ended = await tx.selectFrom('session').select('hash').where('tokenId', '=', id).execute();
      await tx.deleteFrom('session').where('tokenId', '=', id).execute();
      await tx.deleteFrom('adminToken').where('id', '=', id).execute();
      return ended.map(({ hash }) => hash);
    });
  }
}
