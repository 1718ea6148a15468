// What is kept of an account whose credential was refused, while its row is being edited.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeRefusal } from '../../server/boot/refused-account.ts';
import { CatalogHolder } from '../../server/gateway/catalog.ts';
import type { AccountRow, CatalogChange } from '../../server/gateway/ports.ts';
import { MemoryCatalogStore } from '../graphql/memory-stores.ts';
import { sampleRows } from '../graphql/sample-rows.ts';

const REASON = 'credential refused (401)';

/** Writes wait for `release`. */
class SlowStore extends MemoryCatalogStore {
  readonly #gate = Promise.withResolvers<void>();
  readonly release = this.#gate.resolve;

  override async apply(changes: readonly CatalogChange[]): Promise<void> {
    await this.#gate.promise;
    await super.apply(changes);
  }
}

/** The account's row, and what was logged, after the first 401 came in while `change` of it was being stored. */
async function refusedDuring(
  change: (row: AccountRow) => CatalogChange,
): Promise<{ row: AccountRow | undefined; logged: string[] }> {
  const store = new SlowStore();
  Object.assign(store.rows, sampleRows());
  const holder = await CatalogHolder.open(store, () => Promise.resolve('open'));
  const row = holder.current.accounts.get('a1');
  assert.ok(row);
  const edit = holder.apply([change(row)]);
  const logged: string[] = [];
  const refusal = storeRefusal(holder, row, REASON, (_level, event) => logged.push(event));
  store.release();
  await Promise.all([edit, refusal]);
  assert.deepEqual(store.rows.accounts, holder.current.rows.accounts);
  return { row: holder.current.accounts.get('a1'), logged };
}

test('storeRefusal() keeps what an edit under way changes', async () => {
  const { row, logged } = await refusedDuring((before) => ({
    kind: 'put-account',
    row: { ...before, weight: 7 },
  }));
  assert.deepEqual([row?.weight, row?.disabledReason, logged], [7, REASON, ['account-disabled']]);
});

test('storeRefusal() neither brings the refused credential back nor disables the one that replaced it', async () => {
  const given = { sealedCredential: 'sealed anew', credentialFingerprint: 'beef' };
  const { row, logged } = await refusedDuring((before) => ({
    kind: 'put-account',
    row: { ...before, ...given },
  }));
  assert.deepEqual([row?.sealedCredential, row?.disabledReason, logged], ['sealed anew', null, []]);
});

test('storeRefusal() does not bring back an account that is being deleted', async () => {
  const { row, logged } = await refusedDuring(({ id }) => ({ kind: 'delete', table: 'account', id }));
  assert.deepEqual([row, logged], [undefined, []]);
});

test('storeRefusal() keeps the first reason', async () => {
  const { row, logged } = await refusedDuring((before) => ({
    kind: 'put-account',
    row: { ...before, disabledReason: 'no credit left' },
  }));
  assert.deepEqual([row?.disabledReason, logged], ['no credit left', []]);
});
