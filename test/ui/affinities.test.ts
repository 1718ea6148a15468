// The address of the Affinities screen, its events, and where a binding could be moved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withParams } from '../../ui/src/lib/place.ts';
import { byUse } from '../../ui/src/pages/affinities/destinations.ts';
import { MAX_EVENTS, mergedEvents } from '../../ui/src/pages/affinities/event-list.ts';
import { requestsOf } from '../../ui/src/pages/affinities/links.ts';
import {
  activeFilters,
  eventFilterOf,
  kindOf,
  listQueryOf,
  noFilters,
  tabOf,
} from '../../ui/src/pages/affinities/query.ts';
import { isWarm, lifetimeMs } from '../../ui/src/pages/affinities/state.ts';

const paramsOf = (text: string) => new URLSearchParams(text);

test('listQueryOf reads every filter of the address', () => {
  const params = paramsOf(
    'q=ada&account=A&provider=P&model=M&surface=GEMINI&user=U&key=K&session=S&pinned=yes&order=USER_ASC&tab=x&open=y',
  );
  assert.deepEqual(listQueryOf(params), {
    search: 'ada',
    orderBy: 'USER_ASC',
    filter: {
      accountId: 'A',
      providerId: 'P',
      modelId: 'M',
      surface: 'GEMINI',
      userId: 'U',
      apiKeyId: 'K',
      sessionId: 'S',
      pinned: true,
    },
  });
});

test('listQueryOf leaves out what means nothing', () => {
  const params = paramsOf('account=&surface=MORSE&pinned=maybe&order=BY_LUCK');
  assert.deepEqual(listQueryOf(params), { search: null, filter: {}, orderBy: 'EXPIRES_AT_DESC' });
  assert.equal(tabOf(paramsOf('tab=nowhere')), 'bindings');
  assert.equal(tabOf(paramsOf('tab=events')), 'events');
  assert.equal(kindOf(paramsOf('kind=RENEWED')), null);
  assert.equal(kindOf(paramsOf('kind=MOVED')), 'MOVED');
});

test('eventFilterOf leaves the pin out: a row leaves the list by its event', () => {
  assert.deepEqual(eventFilterOf({ pinned: true, accountId: 'A' }), { accountId: 'A' });
});

test('activeFilters names those of the tab; noFilters takes them all off', () => {
  const params = paramsOf('q=a&pinned=yes&kind=MOVED&account=A&order=USER_ASC');
  assert.deepEqual(activeFilters(params, 'bindings'), ['q', 'account', 'pinned']);
  assert.deepEqual(activeFilters(params, 'events'), ['account', 'kind']);
  assert.equal(
    withParams('?q=a&pinned=yes&kind=MOVED&account=A&order=USER_ASC', noFilters()),
    '?order=USER_ASC',
  );
});

test('mergedEvents keeps the newest first, none twice, and a cap', () => {
  const events = (...cursors: number[]) => cursors.map((cursor) => ({ cursor: String(cursor) }));
  assert.deepEqual(mergedEvents(events(4, 3), events(3, 2, 1)), events(4, 3, 2, 1));
  const many = events(...Array.from({ length: MAX_EVENTS }, (_, index) => index));
  const merged = mergedEvents(events(-1), many);
  assert.deepEqual(
    [merged.length, merged[0], merged.at(-1)],
    [MAX_EVENTS, { cursor: '-1' }, { cursor: String(MAX_EVENTS - 2) }],
  );
});

test('byUse puts those first that take it, then the cheaper, then the less busy', () => {
  const destination = (name: string, refusal: string | null, coldUsd: number | null, inFlight: number) => ({
    refusal,
    coldUsd,
    account: { name, inFlight, currentLimit: name === 'limitless' ? null : 4 },
  });
  const found = [
    destination('paused', 'the account was paused', 0, 0),
    destination('unpriced', null, null, 0),
    destination('busy', null, 0.02, 3),
    destination('idle', null, 0.02, 1),
    destination('limitless', null, 0.02, 50),
    destination('cheap', null, 0.01, 4),
    { refusal: null, coldUsd: 0, account: null },
  ];
  assert.deepEqual(
    byUse(found).map(({ account }) => account?.name),
    ['cheap', 'limitless', 'idle', 'busy', 'unpriced', 'paused'],
  );
});

test('isWarm and lifetimeMs go by the times of the binding', () => {
  const binding = {
    expiresAt: '2026-01-01T00:05:00Z',
    lastHitAt: '2026-01-01T00:00:00Z',
    warmTokens: 1,
  };
  const endMs = Date.parse(binding.expiresAt);
  assert.deepEqual([isWarm(binding, endMs - 1), isWarm(binding, endMs)], [true, false]);
  assert.equal(isWarm({ ...binding, warmTokens: 0 }, endMs - 1), false);
  assert.equal(lifetimeMs(binding), 300_000);
  assert.equal(lifetimeMs({ ...binding, lastHitAt: '2026-01-01T00:06:00Z' }), 0);
});

test("requestsOf leads to the session's requests, else to those of the key there", () => {
  const binding = { sessionId: 's 1', apiKey: { name: 'ci' }, account: { id: 'A' }, model: { id: 'M' } };
  assert.equal(requestsOf(binding), '/requests?session=s+1');
  assert.equal(requestsOf({ ...binding, sessionId: null }), '/requests?key=ci&model=M&account=A');
});
