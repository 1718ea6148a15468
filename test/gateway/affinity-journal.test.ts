// What the journal counts and keeps of bindings that move to where it is warmer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { affinityIdentity } from '../../server/gateway/identity.ts';
import { API_KEY, candidateOf, Race, TTL_MS } from './affinity-race.ts';

test('moves to warmer accounts count as one reason, and are each kept with their own', () => {
  const { table } = new Race();
  const caller = { kind: 'api-key', apiKey: API_KEY } as const;
  const identity = affinityIdentity(caller, {
    modelId: 'm1',
    surface: 'anthropic-messages',
    scope: 'session',
    sessionId: 's',
  });
  assert.ok(identity);
  const serve = (account: 'a' | 'b', reason: string | null) => {
    const ticket = table.open(identity, () => null);
    const away = reason === null ? null : ({ code: 'warmer-elsewhere', reason, moves: true } as const);
    table.confirm(ticket, candidateOf(account), { ttlMs: TTL_MS, away });
    table.settle(ticket, null);
  };
  serve('a', null);
  serve('a', null);
  serve('b', '500 more tokens are warm on another account');
  serve('a', '900 more tokens are warm on another account');
  assert.deepEqual([...table.counters().invalidations], [['warmer-elsewhere', 2]]);
  assert.deepEqual(
    [...table.history.newestFirst()].map(
      ({ event }) => `${event.kind} ${event.accountIdBefore}>${event.accountIdAfter} ${event.reason}`,
    ),
    [
      'moved b>a 900 more tokens are warm on another account',
      'cleared b>null 900 more tokens are warm on another account',
      'moved a>b 500 more tokens are warm on another account',
      'cleared a>null 500 more tokens are warm on another account',
      'bound null>a nothing was bound',
    ],
  );
});
