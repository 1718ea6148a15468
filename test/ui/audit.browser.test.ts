// A walk through the audit log and the alerts in a real browser. The steps build on each other, in order.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { findDocuments } from '../../ui/documents.ts';
import {
  assertAccessible,
  assertFits,
  eventually,
  graphql,
  openSettled,
  openVisit,
  stopAnswering,
  type Visit,
} from './visit.ts';

const UPDATE =
  'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { errors { message } } }';
const HOSTILE = `<img src=x onerror="document.title='taken'">`;

const step = await openVisit();

const rows = (page: Page) => page.locator('[data-table="audit"] [data-row]');

async function changeSettings(visit: Visit, input: object): Promise<void> {
  await graphql(visit, UPDATE, { input });
}

/** Many entries at once. */
async function changeOften(visit: Visit, count: number): Promise<void> {
  const parts = Array.from(
    { length: count },
    (_unused, index) => `m${index}: updateSettings(input: {}) { errors { code } }`,
  );
  await graphql(visit, `mutation { ${parts.join(' ')} }`, {});
}

step('what was done is listed in words, and a refresh brings what came since', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/audit');
  await rows(page).getByText('Set the password').waitFor();
  const webhookUrl = 'https://hooks.example.com/secret-path';
  await changeSettings(visit, { alerts: { webhookUrl }, affinity: { ttlSeconds: 333 } });
  await page.getByRole('button', { name: 'Refresh' }).click();
  await rows(page).first().getByText('Change the settings').waitFor();
  await page.getByText('2 entries').waitFor();
});

step('an entry opens with its arguments, secrets as dots, and the address names it', async ({ page }) => {
  await rows(page).first().click();
  const drawer = page.getByRole('dialog');
  const tree = drawer.locator('[data-arguments]');
  await tree.getByText('333').waitFor();
  await tree.getByText('•••').waitFor();
  await eventually(async () => assert.equal(await page.getByText('secret-path').count(), 0));
  const address = page.url();
  assert.match(address, /open=/);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await page.goto(address);
  await drawer.getByRole('link', { name: 'All of the same action' }).click();
  await rows(page).nth(0).waitFor();
  await eventually(async () => assert.equal(new URL(page.url()).search, '?action=updateSettings'));
  await page.getByText('1 entry').waitFor();
});

step('filters live in the address: back, reload and an empty result', async (visit) => {
  const { page } = visit;
  await page.getByRole('button', { name: 'Reset filters' }).click();
  await page.getByText('2 entries').waitFor();
  await page.goBack();
  await page.getByText('1 entry').waitFor();
  await page.reload();
  await page.getByText('1 entry').waitFor();
  await eventually(async () =>
    assert.equal(await page.getByLabel('Action', { exact: true }).inputValue(), 'updateSettings'),
  );
  await page.getByLabel('Outcome').selectOption('FAILED');
  await page.getByText('No entry matches').waitFor();
  await page.getByRole('button', { name: 'Reset filters' }).first().click();
  await page.getByLabel('Search actor').fill('333');
  await page.getByText('1 entry').waitFor();
  await eventually(async () => assert.equal(new URL(page.url()).search, '?q=333'));
});

step(
  'a period narrows the list, lives in the address, and all of time is one step away',
  async ({ page }) => {
    await openSettled(page, '/audit');
    await page.getByText('2 entries').waitFor();
    const period = page.getByRole('group', { name: 'Period' });
    await period.getByRole('button', { name: '24 h' }).click();
    await page.getByText('2 entries').waitFor();
    await eventually(async () => assert.equal(new URL(page.url()).search, '?period=24h'));
    // An open entry is not another list.
    await rows(page).first().click();
    await page.getByRole('dialog').locator('[data-arguments]').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.reload();
    const isPressed = (name: string) =>
      eventually(async () =>
        assert.equal(await period.getByRole('button', { name }).getAttribute('aria-pressed'), 'true'),
      );
    await isPressed('24 h');
    await page.getByText('2 entries').waitFor();
    await openSettled(page, '/audit?from=2020-01-01&to=2020-01-02');
    await page.getByText('Nothing was changed in this period.').waitFor();
    await page.getByText('0 entries').waitFor();
    await period.getByRole('button', { name: 'All time' }).click();
    await page.getByText('2 entries').waitFor();
    await isPressed('All time');
    await eventually(async () => assert.equal(new URL(page.url()).search, ''));
    await page.goBack();
    await page.getByText('0 entries').waitFor();
  },
);

step('a refused change stands there with its codes; hostile names are text', async (visit) => {
  const { page } = visit;
  const create =
    'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } errors { code } } }';
  await graphql(visit, create, { input: { username: HOSTILE } });
  await graphql(visit, create, { input: { username: HOSTILE } }).catch(() => undefined);
  await openSettled(page, '/audit?outcome=REFUSED');
  await rows(page).first().getByText('name-taken').waitFor();
  await rows(page).first().click();
  await page.getByRole('dialog').getByText(HOSTILE).waitFor();
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));
  await page.keyboard.press('Escape');
});

step('older entries come as the list is scrolled, and keys walk it', async (visit) => {
  const { page } = visit;
  for (let round = 0; round < 6; round += 1) await changeOften(visit, 20);
  await openSettled(page, '/audit');
  await rows(page).first().waitFor();
  const oldest = rows(page).getByText('Set the password');
  // A row may give way to others while it is scrolled to.
  await eventually(async () => {
    await rows(page).last().scrollIntoViewIfNeeded({ timeout: 1_000 });
    assert.ok(await oldest.isVisible());
  });
  const focused = page.locator('[data-row]:focus');
  await page.locator('body').press('j');
  await focused.waitFor();
  const first = await focused.getAttribute('data-row');
  await page.keyboard.press('j');
  await eventually(async () => assert.notEqual(await focused.getAttribute('data-row'), first));
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').locator('[data-arguments]').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

step('a failed load says so and can be tried again', async ({ page, complaints }) => {
  await page.route('**/graphql', (route) => route.abort());
  await page.getByLabel('Outcome').selectOption('OK');
  await page.getByText('The server cannot be reached').waitFor();
  await stopAnswering(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await rows(page).first().waitFor();
  complaints.splice(0);
});

step('without alerts their screen says why, and leads to the settings', async ({ page }) => {
  await openSettled(page, '/alerts');
  await page.getByText('Nothing is watched').waitFor();
  await page.locator('[data-rule]').getByText('over 15 min').waitFor();
  await page.getByRole('link', { name: 'Change the rule' }).click();
  await page.getByRole('switch', { name: 'Watch hit rates' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Alerts saved.').waitFor();
  await page.goBack();
  await page.getByText('No alerts', { exact: true }).waitFor();
});

const DOCUMENTS = findDocuments([
  {
    path: 'lib/alerts.svelte.ts',
    text: readFileSync(join(import.meta.dirname, '../../ui/src/lib/alerts.svelte.ts'), 'utf8'),
  },
]);
const idOf = (name: string) => DOCUMENTS.find((document) => document.name === name)?.id ?? 'none';
const OVER = {
  id: 'a1',
  subject: 'MODEL',
  subjectId: 'TW9kZWw6MQ==',
  subjectName: `claude ${HOSTILE}${'m'.repeat(5_000)}`,
  startedAt: '2026-03-01T12:15:00.000Z',
  endedAt: '2026-03-01T13:00:00.000Z',
  end: 'RECOVERED',
  hitRate: 0.71,
  baselineHitRate: 0.74,
  windowMinutes: 15,
  requests: 41,
  lostUsd: null,
};
const ACTIVE = {
  ...OVER,
  id: 'a2',
  subject: 'ACCOUNT',
  subjectId: 'QWNjb3VudDox',
  subjectName: 'team-a',
  endedAt: null,
  end: null,
  hitRate: 0.12,
  lostUsd: 3.5,
};

/** The list has one alert that is over; the subscription then tells of an active one. */
async function pretendAlerts(page: Page): Promise<void> {
  await page.route('**/graphql', (route) =>
    (route.request().postData() ?? '').includes(idOf('Alerts'))
      ? route.fulfill({ json: { data: { alerts: [OVER] } } })
      : route.continue(),
  );
  await page.addInitScript(pretendStream, { documentId: idOf('AlertChanged'), alert: ACTIVE });
}

/** Runs in the page: the one connection of all subscriptions, which tells of the alert once the list is there. */
function pretendStream({ documentId, alert }: { documentId: string; alert: unknown }): void {
  const realFetch = window.fetch;
  let tell: (text: string) => void = () => {};
  // Told again until it shows: a screen that is only just there may not listen yet.
  const tellOf = (operationId: string) => {
    const hasList = document.querySelector('[data-table="alerts"] [data-row]') !== null;
    const isTold = document.querySelector('[data-alert="a2"]') !== null;
    const event = { id: operationId, payload: { data: { alertChanged: alert } } };
    if (hasList && !isTold) tell(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
    setTimeout(() => tellOf(operationId), 50);
  };
  window.fetch = async (input, init) => {
    if (!String(input).includes('/graphql/stream')) return realFetch(input, init);
    if (init?.method === 'PUT') return new Response('pretended', { status: 201 });
    if (init?.method === 'POST') {
      const asked: { documentId?: string; extensions: { operationId: string } } = JSON.parse(
        String(init.body),
      );
      if (asked.documentId === documentId) tellOf(asked.extensions.operationId);
      return new Response(null, { status: 202 });
    }
    if (init?.method === 'DELETE') return new Response(null, { status: 200 });
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        tell = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
}

step(
  'an alert appears as it happens, in the navigation too, with what to look at',
  async ({ page, complaints }) => {
    await pretendAlerts(page);
    await page.goto('/alerts');
    const active = page.locator('[data-alert="a2"]');
    await active.getByText('12%').waitFor();
    await active.getByText('it was 74%').waitFor();
    await active.getByText('$3.50').waitFor();
    const account = active.getByRole('link', { name: 'team-a' });
    await eventually(async () =>
      assert.equal(await account.getAttribute('href'), '/accounts?open=QWNjb3VudDox'),
    );
    await eventually(async () =>
      assert.match(
        (await active.getByRole('link', { name: 'Requests of that time' }).getAttribute('href')) ?? '',
        /account=QWNjb3VudDox&from=2026-03-01T12%3A00/,
      ),
    );
    await page.getByTitle('1 alert is active').waitFor();
    await page.locator('[data-table="alerts"]').getByText('Recovered').first().waitFor();
    await eventually(async () => assert.equal(await page.locator('img').count(), 0));
    complaints.splice(0);
  },
);

step('both screens pass axe and fit a phone, light and dark', async ({ page, complaints }) => {
  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.evaluate((name) => localStorage.setItem('warmpath.theme', name), theme);
    await page.setViewportSize({ width, height: 800 });
    await assertLooks(page, `alerts ${theme}`);
  }
  await stopAnswering(page);
  complaints.splice(0);
  for (const [theme, width] of [
    ['dark', 1280],
    ['light', 360],
  ] as const) {
    await page.evaluate((name) => localStorage.setItem('warmpath.theme', name), theme);
    await page.setViewportSize({ width, height: 800 });
    await openSettled(page, '/audit');
    await assertLooks(page, `/audit ${theme}`);
    await rows(page).first().click();
    await page.getByRole('dialog').locator('[data-arguments]').waitFor();
    await assertLooks(page, `entry ${theme}`);
  }
});

async function assertLooks(page: Page, where: string): Promise<void> {
  await assertFits(page, where);
  await assertAccessible(page, where);
}

step('the browser had nothing to complain about', async ({ complaints }) => {
  // What a test cut off may have been told late.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
});
