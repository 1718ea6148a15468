// The list of alerts as it changes, and where an alert leads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeOf, withAlert } from '../../ui/src/lib/alert-list.ts';
import { cacheOf, requestsOf, spanOf, subjectOf } from '../../ui/src/pages/alerts/links.ts';

const alert = (id: string, endedAt: string | null = null) => ({ id, endedAt });

test('withAlert() puts a new alert on top and replaces a known one where it stands', () => {
  const alerts = [alert('b'), alert('a')];
  assert.deepEqual(withAlert(alerts, alert('c')), [alert('c'), alert('b'), alert('a')]);
  assert.deepEqual(withAlert(alerts, alert('a', '2026-01-01')), [alert('b'), alert('a', '2026-01-01')]);
});

test('withAlert() keeps the newest 200', () => {
  const many = Array.from({ length: 200 }, (_unused, index) => alert(String(index)));
  const more = withAlert(many, alert('new'));
  assert.equal(more.length, 200);
  assert.equal(more[0]?.id, 'new');
  assert.equal(more.at(-1)?.id, '198');
});

test('activeOf() leaves out what is over', () => {
  assert.deepEqual(activeOf([alert('b', '2026-01-01'), alert('a')]), [alert('a')]);
});

const BASE = {
  subjectId: 'QWNjb3VudDox',
  subjectName: 'team & co',
  startedAt: '2026-03-01T12:15:00.000Z',
  endedAt: '2026-03-01T13:00:00.000Z',
  windowMinutes: 15,
};
const FROM = '2026-03-01T12%3A00%3A00.000Z';
const TO = '2026-03-01T13%3A00%3A00.000Z';

test('spanOf() begins with the window that gave the alert and is open while it is active', () => {
  const active = { ...BASE, subject: 'MODEL', endedAt: null } as const;
  assert.deepEqual(spanOf(active), { from: '2026-03-01T12:00:00.000Z', to: null });
  assert.equal(cacheOf(active), `/cache?by=model&from=${FROM}`);
});

test('links lead to the requests and caches of the subject at that time, and to the subject', () => {
  const of = (subject: 'API_KEY' | 'MODEL' | 'ACCOUNT') => ({ ...BASE, subject });
  assert.equal(requestsOf(of('API_KEY')), `/requests?key=team+%26+co&from=${FROM}&to=${TO}`);
  assert.equal(requestsOf(of('MODEL')), `/requests?model=QWNjb3VudDox&from=${FROM}&to=${TO}`);
  assert.equal(requestsOf(of('ACCOUNT')), `/requests?account=QWNjb3VudDox&from=${FROM}&to=${TO}`);
  assert.equal(cacheOf(of('API_KEY')), `/cache?by=key&from=${FROM}&to=${TO}`);
  assert.equal(subjectOf(of('API_KEY')), '/keys?q=team+%26+co');
  assert.equal(subjectOf(of('MODEL')), '/models?q=team+%26+co');
  assert.equal(subjectOf(of('ACCOUNT')), '/accounts?open=QWNjb3VudDox');
});
