// What is warm at an account goes with the account, or with its credential.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchAccounts } from '../../server/boot/account-watch.ts';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { createRoutingState } from '../../server/gateway/routing-state.ts';
import { type account, rowsOf } from '../gateway/fixture.ts';
import { ManualClock } from '../manual-clock.ts';

const rows = rowsOf({
  accounts: [{ name: 'a' }, { name: 'b', cacheDomain: 'w' }, { name: 'c', cacheDomain: 'w' }],
});

function watching(change: (accounts: typeof rows.accounts) => typeof rows.accounts): string[] {
  const routing = createRoutingState(new ManualClock());
  const forgotten: string[] = [];
  routing.ledger.forget = (domain) => {
    forgotten.push(domain);
    return 0;
  };
  let catalog = buildCatalog(rows, new Map());
  const look = watchAccounts(() => catalog, routing);
  look();
  catalog = buildCatalog({ ...rows, accounts: change(rows.accounts) }, new Map());
  look();
  look();
  return forgotten;
}

test('watchAccounts() forgets what was warm at an account that was deleted', () => {
  assert.deepEqual(
    watching((accounts) => accounts.filter(({ id }) => id !== 'a')),
    ['a'],
  );
});

test('watchAccounts() keeps a cache that other accounts share', () => {
  assert.deepEqual(
    watching((accounts) => accounts.filter(({ id }) => id !== 'b')),
    [],
  );
  assert.deepEqual(
    watching((accounts) => accounts.filter(({ id }) => id === 'a')),
    ['p1/w', 'p1/w'],
  );
});

test('watchAccounts() forgets what was warm under another credential, and nothing when only a limit changes', () => {
  const changed = (part: Partial<ReturnType<typeof account>>) =>
    watching((accounts) => accounts.map((row) => (row.id === 'a' ? { ...row, ...part } : row)));
  assert.deepEqual(changed({ credentialFingerprint: 'another' }), ['a']);
  assert.deepEqual(changed({ maxConcurrent: 3 }), []);
});
