// The Affinities screen in a real browser: bindings as they come and go, and all that can be done with them.
// The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import {
  assertAccessible,
  eventually,
  graphql,
  openSettled,
  openVisit,
  sendRequest,
  stopAnswering,
  type Visit,
} from './visit.ts';

const step = await openVisit();

/** Of the table: rows of bindings or of events, not its head. */
function rows(page: Page): Locator {
  return page.locator('[data-table] [data-row]');
}

async function waitForCount(locator: Locator, count: number): Promise<void> {
  await locator.nth(count).waitFor({ state: 'detached' });
  if (count > 0) await locator.nth(count - 1).waitFor();
}

/** Sessions are shown by what they are known as here; models tell the rows apart. */
function rowOf(page: Page, model: string): Locator {
  return rows(page).filter({ hasText: model });
}

const HAIKU = 'Claude Haiku 4.5';
const SONNET = 'Claude Sonnet 5';
const OPUS = 'Claude Opus 5';

async function menuOf(row: Locator, item: string | RegExp): Promise<void> {
  await row.getByRole('button', { name: /^More actions/ }).click();
  await row.page().getByRole('menuitem', { name: item }).click();
}

function search(page: Page): string {
  return decodeURIComponent(new URL(page.url()).search);
}

async function toast(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

step('bindings appear as they are made, and count down', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/affinities');
  await page.getByText('Nothing is warm').waitFor();
  await page.locator('[data-connection="live"]').waitFor();
  assert.equal(await sendRequest(visit, { session: 'first' }), 200);
  await waitForCount(rows(page), 1);
  await page.getByText('1 live binding').waitFor();
  const before = await rowOf(page, HAIKU)
    .getByTitle(/20\d\d/)
    .last()
    .textContent();
  await page.waitForFunction(
    (text) => !document.querySelector('[data-row]')?.textContent?.includes(text),
    before?.trim() ?? '',
  );
});

step('the list holds still under the pointer', async (visit) => {
  const { page } = visit;
  await rows(page).first().hover();
  await sendRequest(visit, { model: 'claude-sonnet-5' });
  await page.getByRole('button', { name: '1 new' }).waitFor();
  await eventually(async () => assert.equal(await rows(page).count(), 1));
  await graphql(visit, 'mutation { clearAllAffinities { clearedCount errors { code } } }');
  await rowOf(page, HAIKU).getByText('cleared').waitFor();
  await page.mouse.move(0, 0);
  await waitForCount(rows(page), 0);
  await page.getByText('Nothing is warm').waitFor();
});

step('search, filters and order stand in the address', async (visit) => {
  const { page } = visit;
  // None of them shall expire while it is looked at.
  await graphql(
    visit,
    'mutation { updateSettings(input: { affinity: { ttlSeconds: 7200 } }) { errors { code } } }',
  );
  for (const session of ['one', 'two']) await sendRequest(visit, { session });
  for (const model of ['claude-sonnet-5', 'claude-opus-5']) await sendRequest(visit, { model });
  await waitForCount(rows(page), 4);
  await page.getByLabel('Search user').fill('OPUS');
  await waitForCount(rows(page), 1);
  await eventually(async () => assert.equal(search(page), '?q=OPUS'));
  await page.getByRole('button', { name: 'Reset filters' }).click();
  await waitForCount(rows(page), 4);
  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'claude-sonnet-5' });
  await waitForCount(rows(page), 1);
  await page.getByRole('columnheader', { name: 'Remaining' }).getByRole('button').click();
  await eventually(async () => assert.match(search(page), /model=.+&order=EXPIRES_AT_ASC/));
  await page.reload();
  await waitForCount(rows(page), 1);
  await eventually(async () =>
    assert.equal(
      await page.getByRole('columnheader', { name: 'Remaining' }).getAttribute('aria-sort'),
      'ascending',
    ),
  );
  await page.goBack();
  await page.goBack();
  await waitForCount(rows(page), 4);
  await eventually(async () => assert.equal(search(page), ''));
});

step('a pin shows at once, and is taken back when it fails', async ({ page }) => {
  const row = rowOf(page, OPUS);
  await row.getByRole('button', { name: 'Pin', exact: true }).click();
  await row.getByRole('button', { name: 'Unpin' }).waitFor();
  await toast(page, /stays pinned to its account/);
  await page.route('**/graphql', (route) =>
    route.request().postData()?.includes('"pinned":false') ? route.abort() : route.fallback(),
  );
  await row.getByRole('button', { name: 'Unpin' }).click();
  await toast(page, /cannot be reached/);
  await row.getByRole('button', { name: 'Unpin' }).waitFor();
  await stopAnswering(page);
  await page.getByLabel('Pinned or not').selectOption('yes');
  await waitForCount(rows(page), 1);
  await row.getByRole('button', { name: 'Unpin' }).click();
  await page.mouse.move(0, 0);
  await page.getByText('No binding matches').waitFor();
  await page.getByRole('button', { name: 'Reset filters' }).first().click();
  await waitForCount(rows(page), 4);
});

step('a binding moves to an account that is chosen with what it costs', async ({ page }) => {
  const row = rowOf(page, SONNET);
  await menuOf(row, 'Move…');
  const dialog = page.getByRole('dialog', { name: 'Move to another account' });
  const move = dialog.getByRole('button', { name: 'Move', exact: true });
  const accounts = dialog.getByRole('radio');
  await accounts.nth(1).waitFor();
  await eventually(async () => assert.equal(await move.isDisabled(), true));
  await dialog
    .getByText(/to warm up there/)
    .first()
    .waitFor();
  const name = (await dialog.locator('label').nth(1).locator('[title]').first().textContent()) ?? '';
  await accounts.nth(1).check();
  await move.click();
  await toast(page, `moved to ${name}`);
  await row.getByText(name).waitFor();
  await row.getByText('cold').waitFor();
});

step('the drawer tells the history of a binding, and the address names it', async ({ page }) => {
  await rowOf(page, SONNET).locator('a').click();
  const drawer = page.getByRole('dialog');
  const history = drawer.getByRole('list', { name: 'History' }).getByRole('listitem');
  await history.nth(1).waitFor();
  await eventually(async () =>
    assert.match((await history.first().textContent()) ?? '', /Moved.*→.*Moved by an administrator/s),
  );
  await eventually(async () =>
    assert.match((await history.nth(1).textContent()) ?? '', /Bound.*Nothing was bound/s),
  );
  await drawer.getByText('Where else').waitFor();
  await drawer.getByRole('link', { name: 'Show requests' }).waitFor();
  await assertAccessible(page, 'the drawer');
  await eventually(async () => assert.match(search(page), /^\?open=/));
  await page.reload();
  await history.nth(1).waitFor();
  await drawer.getByRole('button', { name: 'Pin', exact: true }).click();
  await history.getByText('Pinned by an administrator').waitFor();
  await drawer.getByRole('button', { name: 'Unpin' }).click();
  await history.getByText('Unpinned by an administrator').waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(search(page), ''));
});

step('recent events say why, live, and of one kind', async (visit) => {
  const { page } = visit;
  await page.getByRole('button', { name: 'Recent events' }).click();
  await eventually(async () => assert.equal(search(page), '?tab=events'));
  await rows(page).getByText('Moved by an administrator').waitFor();
  await rows(page).first().getByText('Unpinned by an administrator').waitFor();
  await sendRequest(visit, { session: 'three' });
  await rows(page).first().getByText('Nothing was bound').waitFor();
  await assertAccessible(page, 'recent events');
  await page.getByLabel('Event', { exact: true }).selectOption('MOVED');
  await waitForCount(rows(page), 1);
  await page.reload();
  await waitForCount(rows(page), 1);
  await eventually(async () => assert.equal(search(page), '?tab=events&kind=MOVED'));
});

step('one is cleared, several are cleared, and each time it is said what comes next', async ({ page }) => {
  await openSettled(page, '/affinities');
  await waitForCount(rows(page), 5);
  await menuOf(rowOf(page, OPUS), 'Clear this binding');
  await page.getByRole('dialog').getByRole('button', { name: 'Clear', exact: true }).click();
  await toast(page, /1 binding cleared\. Its next request would now go to/);
  await page.mouse.move(0, 0);
  await waitForCount(rows(page), 4);
  for (const index of [0, 1]) await rowOf(page, HAIKU).nth(index).getByRole('checkbox').check();
  await page.getByText('2 chosen').waitFor();
  await page.getByRole('button', { name: 'Clear chosen' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Clear', exact: true }).click();
  await toast(page, /2 bindings cleared\. Next requests choose an account anew: least expected cost/);
  await page.mouse.move(0, 0);
  await waitForCount(rows(page), 2);
});

step('it works at 360 px and is accessible, whatever names are like', async (visit) => {
  const { page } = visit;
  const { apiKeys } = JSON.parse(
    JSON.stringify(await graphql(visit, '{ apiKeys(first: 100) { nodes { id masked } } }')),
  );
  const name = `<img src=x onerror=alert(1)>${'\u202e"\'&'.repeat(5)}${'w'.repeat(60)}`;
  for (const { id } of apiKeys.nodes)
    await graphql(
      visit,
      'mutation ($id: ID!, $input: UpdateApiKeyInput!) { updateApiKey(id: $id, input: $input) { errors { code } } }',
      { id, input: { name: name + id.slice(-6) } },
    );
  await openSettled(page, '/affinities');
  await waitForCount(rows(page), 2);
  await rows(page).first().getByText('onerror=alert').waitFor();
  await assertAccessible(page, 'affinities');
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ['/affinities', '/affinities?tab=events']) {
    await openSettled(page, path);
    await rows(page).first().waitFor();
    await eventually(async () =>
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, path),
    );
    await assertAccessible(page, `${path} at 360 px`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('clearing everything asks for a word', async ({ page }) => {
  await openSettled(page, '/affinities');
  await waitForCount(rows(page), 2);
  await page.getByRole('button', { name: 'Clear…' }).click();
  await page.getByRole('menuitem', { name: 'All bindings…' }).click();
  const dialog = page.getByRole('dialog');
  const button = dialog.getByRole('button', { name: 'Clear all' });
  await eventually(async () => assert.equal(await button.isDisabled(), true));
  await dialog.getByRole('textbox').fill('clear');
  await button.click();
  await toast(page, '2 bindings cleared.');
  await page.getByText('Nothing is warm').waitFor();
});

step('a binding that is made while the list is on its way is not lost', async (visit) => {
  const { page } = visit;
  const isRead = Promise.withResolvers<void>();
  const isMade = Promise.withResolvers<void>();
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    if (text.includes('"affinities"') && text.includes('endCursor')) {
      isRead.resolve();
      await isMade.promise;
    }
    await route.fulfill({ response });
  });
  await page.goto('/affinities');
  await isRead.promise;
  await page.locator('[data-connection="live"]').waitFor();
  assert.equal(await sendRequest(visit, { session: 'meanwhile' }), 200);
  isMade.resolve();
  await waitForCount(rows(page), 1);
  await page.getByText('1 live binding').waitFor();
  await stopAnswering(page);
});

step('a failed load says so and can be tried again', async ({ page, complaints }: Visit) => {
  assert.deepEqual(
    complaints.filter((text) => !/ERR_FAILED|Failed to load resource/.test(text)),
    [],
  );
  await page.route('**/graphql', (route) => route.abort());
  await page.getByRole('button', { name: 'Recent events' }).click();
  const retry = page.getByRole('button', { name: 'Try again' });
  await retry.first().waitFor();
  await stopAnswering(page);
  await retry.first().click();
  await rows(page).first().waitFor();
});
