// The Accounts screen in a real browser: standing, filters, one account in full, tests, edits and what they conflict with.

import assert from 'node:assert/strict';
import type { Locator, Page, Route } from 'playwright-core';
import {
  assertAccessible,
  eventually,
  graphql,
  openSettled,
  openVisit,
  pressAtOnce,
  stopAnswering,
  type Visit,
  whenSettled,
} from './visit.ts';

const UPDATE =
  'mutation ($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { errors { code } } }';
const HOSTILE = `<img src=x onerror="alert(1)"> \u202e${'long'.repeat(40)}`;

const step = await openVisit({ history: { rows: 800, days: 2 } });

step(
  'search, state, provider and order are in the address, and back, forward and reload keep them',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    await eventually(async () => assert.equal(await page.locator('[data-account]').count(), 8));
    await page.getByRole('button', { name: '8 Available' }).waitFor();
    await page.getByLabel('Search accounts').fill('openai-b');
    await page.locator('[data-account="anthropic-a"]').waitFor({ state: 'detached' });
    await eventually(async () => assert.equal(await page.locator('[data-account]').count(), 1));
    await page.getByLabel('Order').selectOption('quota');
    await page.reload();
    await whenSettled(page);
    await eventually(async () => assert.equal(await page.locator('[data-account]').count(), 1));
    await eventually(async () => assert.equal(new URL(page.url()).search, '?q=openai-b&sort=quota'));
    await page.goBack();
    await page.waitForURL('**/accounts?q=openai-b');
    await page.goForward();
    await page.waitForURL('**/accounts?q=openai-b&sort=quota');
    await openSettled(page, '/accounts?state=DISABLED');
    await page.getByText('No account matches').waitFor();
    await page.getByRole('button', { name: 'Reset filters' }).click();
    await page.locator('[data-account="anthropic-a"]').waitFor();
    await assertAccessible(page, 'accounts');
  },
);

step(
  'an account opens in a drawer with its health over time, as a picture and as a table',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    await page.getByRole('link', { name: 'anthropic-a' }).first().click();
    const dialog = page.getByRole('dialog');
    const strip = dialog.locator('[data-strip]');
    await strip.locator('[data-level="good"]').first().waitFor();
    // A day's ends have the same clock: the date tells them apart.
    await dialog
      .getByText(/^[A-Z][a-z]{2} \d+, \d\d:\d\d$/)
      .first()
      .waitFor();
    await strip.focus();
    await page.keyboard.press('End');
    await dialog.getByRole('status').getByText('Attempts', { exact: true }).waitFor();
    await page.keyboard.press('Home');
    await eventually(async () =>
      assert.match((await dialog.getByRole('status').textContent()) ?? '', /TTFT/),
    );
    await dialog.getByRole('button', { name: '7 d' }).click();
    await eventually(async () => assert.equal(new URL(page.url()).searchParams.get('period'), '7d'));
    await dialog.getByRole('button', { name: 'Table' }).click();
    const figures = dialog.getByRole('region', { name: 'Health timeline' });
    await eventually(async () => assert.ok((await figures.locator('tbody tr').count()) >= 42));
    for (const name of ['Attempts', 'Rate or budget limit', 'Network or timeout'])
      await figures.getByRole('columnheader', { name, exact: true }).waitFor();
    for (const text of ['Set in this account’s settings.', 'Probe phase', 'Closed: requests flow', 'its own'])
      await dialog.getByText(text).waitFor();
    await assertAccessible(page, 'an account');
    await page.reload();
    await page.getByRole('dialog').getByText('Probe phase').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL('**/accounts?period=7d');
  },
);

step(
  'the tables are walked as one by keyboard, in the drawer too, and Enter opens the row',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    for (const name of ['anthropic-a', 'anthropic-b', 'anthropic-c', 'anthropic-d', 'openai-a']) {
      await page.keyboard.press('j');
      await focusedRow(page, name);
    }
    for (const name of ['anthropic-d', 'anthropic-c']) {
      await page.keyboard.press('k');
      await focusedRow(page, name);
    }
    // To the next row of the table, and on to the next table.
    await page.evaluate(pressAtOnce, ['Enter', 'j', 'j']);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: 'openai-a' }).waitFor();
    await page.keyboard.press('j');
    await dialog.getByRole('heading', { name: 'openai-b' }).waitFor();
    await dialog.getByText('Probe phase').waitFor();
    for (const [key, name] of [
      ['k', 'openai-a'],
      ['k', 'anthropic-d'],
      ['j', 'openai-a'],
    ] as const) {
      await page.keyboard.press(key);
      await dialog.getByRole('heading', { name }).waitFor();
    }
    await page.keyboard.press('Escape');
    await focusedRow(page, 'openai-a');
    await page.keyboard.press('End');
    await focusedRow(page, 'openai-d');
    await page.keyboard.press('j');
    await focusedRow(page, 'openai-d');
  },
);

step('a dialog that cannot be loaded says so, and one that can gives the focus back', async ({ page }) => {
  const scripts = /\/assets\/(?:Dialogs|DrawerContent)-[^/]+\.js$/;
  await page.route(scripts, (route) => route.abort());
  await openSettled(page, '/accounts');
  await page.getByRole('button', { name: 'Test all' }).click();
  await page.getByText('This could not be loaded.', { exact: false }).waitFor();
  await eventually(async () => assert.equal(await page.getByRole('dialog').count(), 0));
  await page.unroute(scripts);
  await openSettled(page, '/accounts');
  await page.getByRole('button', { name: 'Test all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send test' }).waitFor();
  await page.keyboard.press('Escape');
  await eventually(async () =>
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Test all'),
  );
});

step(
  'a test works while the account is paused, tells its times, and leads to its request',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    const row = rowOf(page, 'anthropic-b');
    await row.getByRole('switch').click();
    await row.getByText('Paused', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Test anthropic-b' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Model').selectOption({ label: 'claude-haiku-4-5' });
    await dialog.getByRole('button', { name: 'Send test' }).click();
    const result = dialog.locator('[data-test="done"]');
    await result.getByText('HTTP 200').waitFor();
    await eventually(async () => assert.match((await result.textContent()) ?? '', /Works.*claude-haiku-4-5/));
    await result.getByRole('link').click();
    await page.waitForURL('**/requests?open=*');
    await page.getByRole('dialog').getByText('/admin/test-account').first().waitFor();
  },
);

step('a failing account tells the provider’s words; all are tested at once', async ({ page }) => {
  await openSettled(page, '/accounts');
  await rowOf(page, 'anthropic-b').getByRole('switch').click();
  await page.getByRole('link', { name: 'anthropic-c' }).first().click();
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Simulated failure of anthropic-c').selectOption('UNAUTHORIZED');
  await page.keyboard.press('Escape');
  await rowOf(page, 'anthropic-c').getByText('refused (401)').waitFor();
  await page.getByRole('button', { name: 'Test all' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Model at demo-openai').selectOption({ label: 'gpt-5-mini' });
  await dialog.getByRole('button', { name: 'Send test' }).click();
  await dialog.locator('[data-test="done"]').nth(7).waitFor();
  const failed = dialog.getByRole('listitem').filter({ hasText: 'anthropic-c' });
  await eventually(async () => assert.match((await failed.textContent()) ?? '', /Does not work.*HTTP 401/));
  await eventually(async () => assert.equal(await dialog.getByText('Works', { exact: true }).count(), 7));
  await assertAccessible(page, 'tests of all accounts');
  await page.keyboard.press('Escape');
});

step('an edit that the server does not take is taken back, with the reason', async ({ page }) => {
  await openSettled(page, '/accounts');
  const row = rowOf(page, 'openai-a');
  const cut = (route: Route) => route.abort();
  await page.route('**/graphql', cut);
  await row.getByRole('switch').click();
  await page.getByText('openai-a: The server cannot be reached.', { exact: false }).waitFor();
  await eventually(async () =>
    assert.equal(await row.getByRole('switch').getAttribute('aria-checked'), 'true'),
  );
  await row.getByLabel('Weight of openai-a').fill('7');
  await page.keyboard.press('Enter');
  await eventually(async () => assert.equal(await row.getByLabel('Weight of openai-a').inputValue(), '1'));
  await page.getByText('openai-a: The server cannot be reached.', { exact: false }).last().waitFor();
  await stopAnswering(page);
  await row.getByLabel('Weight of openai-a').fill('7');
  await page.keyboard.press('Enter');
  await page.getByText('openai-a now has weight 7.').waitFor();
});

step('two forms on one account conflict: the differences are told, and both ways out work', async (visit) => {
  const { page } = visit;
  const id = await idOf(visit, 'openai-a');
  await openEdit(page, 'openai-a');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Concurrent requests').fill('5');
  await graphql(visit, UPDATE, { id, input: { weight: 3 } });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = dialog.locator('[data-conflict]');
  await conflict.getByText('Weight').waitFor();
  await eventually(async () => assert.match((await conflict.textContent()) ?? '', /Weight:\s*7\s*→\s*3/));
  await eventually(async () =>
    assert.equal(await dialog.getByLabel('Concurrent requests').inputValue(), '5'),
  );
  await assertAccessible(page, 'a conflict');
  await conflict.getByRole('button', { name: 'Save over it' }).click();
  await dialog.waitFor({ state: 'detached' });
  // What the form did not touch stays as the other one saved it.
  await eventually(async () => assert.deepEqual(await limitsOf(visit, id), { weight: 3, maxConcurrent: 5 }));
  await openEdit(page, 'openai-a');
  await dialog.getByLabel('Weight').fill('9');
  await graphql(visit, UPDATE, { id, input: { weight: 4 } });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await conflict.getByText('(you changed this too)').waitFor();
  await conflict.getByRole('button', { name: 'Load present state' }).click();
  await eventually(async () => assert.equal(await dialog.getByLabel('Weight').inputValue(), '4'));
  await page.keyboard.press('Escape');
});

step(
  'accounts that share a cache domain say so, and several are paused and resumed at once',
  async (visit) => {
    const { page } = visit;
    await graphql(visit, UPDATE, { id: await idOf(visit, 'openai-c'), input: { cacheDomain: 'team <b>' } });
    await openEdit(page, 'openai-d');
    const dialog = page.getByRole('dialog');
    await eventually(async () =>
      assert.equal(await dialog.locator('datalist option').getAttribute('value'), 'team <b>'),
    );
    await dialog.getByLabel('Cache domain').fill('team <b>');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    const badge = rowOf(page, 'openai-c').getByRole('button', { name: /2 accounts share it/ });
    await badge.click();
    await page.locator('[data-account="openai-a"]').waitFor({ state: 'detached' });
    await page.getByLabel('Choose openai-c').check();
    await page.getByLabel('Choose openai-d').check();
    const bar = page.getByRole('region', { name: 'Chosen accounts' });
    await bar.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('2 accounts are paused.').waitFor();
    await bar.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('2 accounts take requests again.').waitFor();
  },
);

step(
  'an endpoint is added, its missing credential shows, and it is deleted by its name',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    const dialog = page.getByRole('dialog');
    await openProvider(page);
    await dialog.getByRole('button', { name: 'Add endpoint' }).click();
    const added = dialog.getByRole('group', { name: 'New endpoint' });
    await added.getByLabel('Endpoint name').fill('second');
    await added.getByLabel('Base URL').fill('https://second.example.com/v1/');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = rowOf(page, 'openai-b');
    await row.getByText('Not sent to https://second.example.com').waitFor();
    await row.getByRole('button', { name: 'Give it again' }).click();
    await dialog
      .getByText('from then on it is also sent to https://second.example.com', { exact: false })
      .waitFor();
    await page.keyboard.press('Escape');
    await openProvider(page);
    await dialog.getByRole('button', { name: 'Remove endpoint second' }).click();
    const confirm = page.getByRole('dialog').last();
    await eventually(async () =>
      assert.equal(await confirm.getByRole('button', { name: 'Delete' }).isDisabled(), true),
    );
    await confirm.getByRole('textbox').fill('second');
    await confirm.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('second deleted.').waitFor();
    await page.keyboard.press('Escape');
    await row.getByText('Not sent to').waitFor({ state: 'detached' });
  },
);

step('a hostile name is text, breaks nothing on a phone, and has to be typed to delete it', async (visit) => {
  const { page } = visit;
  await graphql(visit, UPDATE, {
    id: await idOf(visit, 'openai-b'),
    input: { name: HOSTILE, cacheDomain: HOSTILE },
  });
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, `/accounts?open=${encodeURIComponent(await idOf(visit, HOSTILE))}`);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Probe phase').waitFor();
  await eventually(async () => assert.equal(await overflowOf(page), 0));
  await assertAccessible(page, 'an account on a phone');
  await dialog.getByRole('button', { name: 'Delete…' }).click();
  const confirm = page.getByRole('dialog').nth(1);
  await confirm.getByRole('textbox').fill(HOSTILE);
  await confirm.getByRole('button', { name: 'Delete' }).click();
  await page.locator('[data-account]').nth(7).waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await page.locator('[data-account]').count(), 7));
  await eventually(async () => assert.equal(await page.locator('img[src="x"]').count(), 0));
  await eventually(async () => assert.equal(await overflowOf(page), 0));
  await assertAccessible(page, 'accounts on a phone');
});

step(
  'a failed load says so and can be tried again; who may only look cannot change anything',
  async (visit) => {
    const { page, complaints } = visit;
    const unexpected = complaints.filter((text) => !text.includes('net::ERR_FAILED'));
    assert.deepEqual(unexpected, []);
    await page.setViewportSize({ width: 1280, height: 800 });
    await openSettled(page, '/');
    const cut = (route: Route) => route.abort();
    await page.route('**/graphql', cut);
    await page.locator('a[href="/accounts"]:visible').first().click();
    await page.getByText('The server cannot be reached.', { exact: false }).first().waitFor();
    await stopAnswering(page);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.locator('[data-account]').first().waitFor();
    await page.route('**/graphql', asViewer);
    await openSettled(page, '/accounts');
    const button = page.getByRole('button', { name: 'Add account' });
    await eventually(async () => assert.equal(await button.isDisabled(), true));
    await eventually(async () => assert.match((await button.getAttribute('title')) ?? '', /administrator/));
    await eventually(async () => assert.equal(await page.getByRole('switch').first().isDisabled(), true));
    await eventually(async () => assert.equal(await page.getByLabel('Weight of openai-a').count(), 0));
    await stopAnswering(page);
  },
);

function rowOf(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.locator(`[data-account="${name}"]`) });
}

async function focusedRow(page: Page, name: string): Promise<void> {
  await eventually(async () =>
    assert.equal(await page.locator('[data-row]:focus [data-account]').getAttribute('data-account'), name),
  );
}

async function openEdit(page: Page, name: string): Promise<void> {
  await openSettled(page, '/accounts');
  await page.getByRole('button', { name: `More actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit account' }).click();
}

async function openProvider(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More actions for demo-openai' }).click();
  await page.getByRole('menuitem', { name: 'Edit provider' }).click();
}

async function idOf(visit: Visit, name: string): Promise<string> {
  const found = await graphql(visit, '{ accounts(first: 50) { nodes { id name } } }');
  const { accounts } = found as { accounts: { nodes: { id: string; name: string }[] } };
  return accounts.nodes.find((account) => account.name === name)?.id ?? assert.fail(`no account ${name}`);
}

async function limitsOf(visit: Visit, id: string): Promise<unknown> {
  const query = 'query ($id: ID!) { node(id: $id) { ... on Account { weight maxConcurrent } } }';
  return ((await graphql(visit, query, { id })) as { node: unknown }).node;
}

async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** The session's role as the panel hears it. */
async function asViewer(route: Route): Promise<void> {
  // A stream never ends, so it cannot be rewritten.
  if (route.request().headers().accept?.startsWith('text/event-stream')) return route.continue();
  const response = await route.fetch();
  const body = (await response.text()).replace('"role":"ADMIN"', '"role":"VIEWER"');
  await route.fulfill({ response, body });
}
