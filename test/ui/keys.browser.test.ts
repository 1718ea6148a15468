// The API keys screen in a real browser: the list and its address, one key in full, create, edit, revoke, delete, users.

import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import {
  assertAccessible,
  cutHeads,
  eventually,
  graphql,
  notAcrossMidnight,
  openSettled,
  openVisit,
  sendRequest,
  stopAnswering,
  type Visit,
  whenSettled,
} from './visit.ts';

const UPDATE =
  'mutation ($id: ID!, $input: UpdateApiKeyInput!) { updateApiKey(id: $id, input: $input) { errors { code } } }';
const BY_USE = '{ apiKeys(orderBy: SPENT_THIS_MONTH_DESC) { nodes { name } } }';
const HOSTILE = `<img src=x onerror="alert(1)"> \u202e${'long'.repeat(40)}`;
const WEEK_MS = 7 * 86_400_000;

const step = await openVisit({ history: { rows: 800, days: 2 } });

step('search, state, user and order are in the address, and back and reload keep them', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/keys');
  await page.getByText('5 API keys').waitFor();
  await page.getByLabel('Search name or user').fill('linus');
  await page.getByText('1 API key', { exact: true }).waitFor();
  await page.getByLabel('Order', { exact: true }).selectOption('month');
  await page.waitForURL('**/keys?q=linus&sort=month');
  await page.reload();
  await page.getByText('1 API key', { exact: true }).waitFor();
  await page.goBack();
  await page.waitForURL('**/keys?q=linus');
  await openSettled(page, '/keys?user=none');
  await eventually(async () => assert.deepEqual(await namesOf(page), ['demo']));
  await openSettled(page, '/keys?state=REVOKED');
  await page.getByText('No API key matches').waitFor();
  await page.getByRole('button', { name: 'Reset filters' }).last().click();
  await page.getByText('5 API keys').waitFor();
  await page.getByRole('columnheader', { name: 'Spent this month' }).getByRole('button').click();
  await page.waitForURL('**/keys?sort=month');
  await whenSettled(page);
  // Early in a month it may be the order of their names.
  const byUse = (await graphql(visit, BY_USE)) as { apiKeys: { nodes: { name: string }[] } };
  await eventually(async () =>
    assert.deepEqual(
      await namesOf(page),
      byUse.apiKeys.nodes.map(({ name }) => name),
    ),
  );
  await assertAccessible(page, 'API keys');
});

step('a key opens in a drawer with its use, its past and what it may', async (visit) => {
  const { page } = visit;
  // What a day may cost is told by what was spent since its midnight.
  await notAcrossMidnight();
  assert.equal(await sendRequest(visit), 200);
  const id = await idOf(visit, 'demo');
  const expiresAt = new Date(Date.now() + WEEK_MS / 2).toISOString();
  const input = { budgetUsdPerDay: 1e-9, requestsPerMinute: 50, allowedIps: ['127.0.0.0/8'], expiresAt };
  await graphql(visit, UPDATE, { id, input });
  await openSettled(page, '/keys');
  const row = page.getByRole('row').filter({ has: page.locator('[data-key="demo"]') });
  // One badge says what is the matter most; that it ends soon is told where its end is.
  await row.getByText('Budget spent').waitFor();
  await eventually(async () => assert.equal(await row.getByText('Active', { exact: true }).count(), 0));
  await row.getByText('Never used').waitFor({ state: 'detached' });
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'demo', exact: true }).waitFor();
  await page.waitForURL('**/keys?open=*');
  await dialog.getByText('requests are refused until').waitFor();
  // Of this minute: it may be another by now.
  await dialog
    .getByText(/^[01] of 50$/)
    .first()
    .waitFor();
  for (const text of ['Ends soon', '127.0.0.0/8', 'Cost per day, last 30 days', 'was shown once'])
    await dialog.getByText(text).first().waitFor();
  await eventually(async () => assert.equal(await dialog.getByText(/^Resets/).count(), 2));
  await eventually(async () =>
    assert.match((await dialog.getByRole('link', { name: 'Affinities' }).getAttribute('href')) ?? '', /key=/),
  );
  await assertAccessible(page, 'an API key');
  await page.reload();
  await page
    .getByRole('dialog')
    .getByText(/^[01] of 50$/)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
  await page.waitForURL('**/keys');
  await graphql(visit, UPDATE, { id, input: { budgetUsdPerDay: null, expiresAt: null } });
});

step('a key is made with limits and a new user; its secret asks before it is lost', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('DEMO');
  await dialog.getByLabel('User', { exact: true }).selectOption('new');
  await dialog.getByLabel('User name').fill('Barbara');
  await dialog.getByText('More: budgets').click();
  await dialog.getByLabel('Requests / min').fill('0');
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  await dialog.getByText('A whole number from 1').waitFor();
  await dialog.getByLabel('Requests / min').fill('30');
  await dialog.getByLabel('Expires').selectOption('30d');
  await dialog.getByRole('group', { name: 'Addresses' }).getByRole('button', { name: 'Only these' }).click();
  await dialog.getByLabel('Addresses and ranges').fill('nowhere');
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  await dialog.getByText('Must be an IP address or a range').waitFor();
  await dialog.getByLabel('Addresses and ranges').fill('127.0.0.1\n2001:db8::/32');
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  await dialog.getByText('Another has this name.').waitFor();
  await dialog.getByLabel('Name', { exact: true }).fill('laptop');
  await assertAccessible(page, 'a new API key');
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  const secret = page.locator('[data-secret]');
  await eventually(async () => assert.match((await secret.textContent()) ?? '', /^wp_/));
  await page.keyboard.press('Escape');
  await dialog.getByText('Close without having saved it?').waitFor();
  await assertAccessible(page, 'a secret');
  await dialog.getByRole('button', { name: 'Back to the key' }).click();
  await page.goBack();
  await eventually(async () => assert.equal(await secret.isVisible(), true));
  await dialog.getByRole('button', { name: 'I saved it' }).click();
  await page.getByText('API key laptop created.').waitFor();
  await openSettled(page, '/keys?q=laptop');
  await page.locator('[data-key="laptop"]').waitFor();
  await page.getByRole('link', { name: 'Barbara' }).waitFor();
  await eventually(async () => assert.equal(await secret.count(), 0));
});

step('two forms on one key conflict: the differences are told, and both ways out work', async (visit) => {
  const { page } = visit;
  const id = await idOf(visit, 'laptop');
  const dialog = page.getByRole('dialog');
  await openEdit(page, 'laptop');
  await dialog.getByLabel('In flight').fill('5');
  await graphql(visit, UPDATE, { id, input: { requestsPerMinute: 31 } });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = dialog.locator('[data-conflict]');
  await conflict.waitFor();
  await eventually(async () =>
    assert.match((await conflict.textContent()) ?? '', /Requests \/ min:\s*30\s*→\s*31/),
  );
  await conflict.getByRole('button', { name: 'Save over it' }).click();
  await page.getByText('laptop saved.').waitFor();
  const query = 'query ($id: ID!) { node(id: $id) { ... on ApiKey { requestsPerMinute maxConcurrent } } }';
  // What the form did not touch stays as the other one saved it.
  assert.deepEqual(await graphql(visit, query, { id }), {
    node: { requestsPerMinute: 31, maxConcurrent: 5 },
  });
  await openEdit(page, 'laptop');
  await dialog.getByLabel('In flight').fill('6');
  await graphql(visit, UPDATE, { id, input: { maxConcurrent: 7 } });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await conflict.getByText('(you changed this too)').waitFor();
  await conflict.getByRole('button', { name: 'Load present state' }).click();
  await eventually(async () => assert.equal(await dialog.getByLabel('In flight').inputValue(), '7'));
  await page.keyboard.press('Escape');
});

step('a switch that the server does not take is taken back, with the reason', async ({ page }) => {
  await openSettled(page, '/keys');
  const row = page.getByRole('row').filter({ has: page.locator('[data-key="laptop"]') });
  const cut = (route: Route) => route.abort();
  await page.route('**/graphql', cut);
  await row.getByRole('switch').click();
  await page.getByText('laptop: The server cannot be reached.', { exact: false }).waitFor();
  await eventually(async () =>
    assert.equal(await row.getByRole('switch').getAttribute('aria-checked'), 'true'),
  );
  await stopAnswering(page);
  await row.getByRole('switch').click();
  await page.getByText('laptop is refused from now on.').waitFor();
  await row.getByText('Disabled', { exact: true }).waitFor();
});

step('a key is revoked for good and deleted, each by its name', async ({ page }) => {
  await openSettled(page, '/keys?q=laptop');
  await page.locator('[data-key="laptop"] a').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('button', { name: 'Revoke…' }).click();
  const confirm = page.getByRole('dialog').nth(1);
  await confirm.getByText('This is for good').waitFor();
  const revoke = confirm.getByRole('button', { name: 'Revoke', exact: true });
  await eventually(async () => assert.equal(await revoke.isDisabled(), true));
  await confirm.getByRole('textbox').fill('laptop');
  await revoke.click();
  await page.getByText('laptop is revoked for good', { exact: false }).waitFor();
  await drawer.getByText('It cannot work again.').waitFor();
  await eventually(async () => assert.equal(await drawer.getByRole('switch').isDisabled(), true));
  await drawer.getByRole('button', { name: 'Delete…' }).click();
  await confirm.getByRole('textbox').fill('laptop');
  await confirm.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('laptop deleted.').waitFor();
  await page.getByText('No API key matches').waitFor();
});

step('users are in the order that is asked for, and no head of a column is cut off', async (visit) => {
  const { page } = visit;
  for (const width of [1440, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ['/keys', '/keys?tab=users']) {
      await openSettled(page, path);
      await eventually(async () => assert.deepEqual(await cutHeads(page), [], `${path} at ${width} px`));
    }
  }
  const names = () =>
    page.locator('[data-user]').evaluateAll((all) => all.map((one) => one.getAttribute('data-user')));
  await page.getByRole('columnheader', { name: 'Spent this month' }).getByRole('button').click();
  await page.waitForURL('**/keys?tab=users&sort=month');
  await page.locator('[role="columnheader"][aria-sort="descending"]').getByText('Spent this month').waitFor();
  const asked = '{ users(orderBy: SPENT_THIS_MONTH_DESC) { nodes { username } } }';
  const { users } = (await graphql(visit, asked)) as { users: { nodes: { username: string }[] } };
  await eventually(async () =>
    assert.deepEqual(
      await names(),
      users.nodes.map(({ username }) => username),
    ),
  );
  await page.getByLabel('Order', { exact: true }).selectOption('email');
  // Barbara has no address.
  await eventually(async () =>
    assert.deepEqual(await names(), ['ada', 'grace', 'linus', 'margaret', 'Barbara']),
  );
});

step('users: made, changed, opened with keys and figures, deleted with their keys', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/keys');
  await page.getByRole('button', { name: 'Users' }).click();
  await page.waitForURL('**/keys?tab=users');
  await page.getByText('5 users').waitFor();
  await assertAccessible(page, 'users');
  await page.locator('[data-user="ada"]').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('link', { name: 'demo-ada' }).waitFor();
  await dialog.getByText('Cost per day, last 30 days').waitFor();
  await eventually(async () =>
    assert.match(
      (await dialog.getByRole('link', { name: 'TTL advice' }).getAttribute('href')) ?? '',
      /^\/ttl\?/,
    ),
  );
  // Callers who were refused or hung up are no failures, here as on every other screen.
  const { all, failures } = await failuresOf(visit, new URL(page.url()).searchParams.get('open') ?? '');
  assert.ok(all.failed > failures.total, 'nobody was refused in the history');
  await dialog.getByText(new RegExp(`^Failed\\s*${failures.total}$`)).waitFor();
  await assertAccessible(page, 'a user');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Create user' }).click();
  await dialog.getByLabel('User name').fill('ADA');
  await dialog.getByRole('button', { name: 'Create user' }).click();
  await dialog.getByText('Another user has this name.').waitFor();
  await dialog.getByLabel('User name').fill('Hedy');
  await dialog.getByRole('button', { name: 'Create user' }).click();
  await page.getByText('User Hedy created.').waitFor();
  await page.getByRole('button', { name: 'More actions for Hedy' }).click();
  await page.getByRole('menuitem', { name: 'Edit user' }).click();
  await dialog.getByLabel('E-mail').fill('hedy@example.com');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('User Hedy saved.').waitFor();
  await page.getByText('hedy@example.com').waitFor();
  await page.getByRole('button', { name: 'More actions for margaret' }).click();
  await page.getByRole('menuitem', { name: 'Delete user' }).click();
  await dialog.getByText('1: demo-margaret', { exact: false }).waitFor();
  await dialog.getByRole('textbox').fill('margaret');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('User margaret deleted.').waitFor();
  await openSettled(page, '/keys?q=margaret');
  await page.getByText('No API key matches').waitFor();
});

step('a hostile name is text, breaks nothing on a phone, and has to be typed to delete it', async (visit) => {
  const { page } = visit;
  const id = await idOf(visit, 'demo-linus');
  await graphql(visit, UPDATE, { id, input: { name: HOSTILE } });
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, `/keys?open=${encodeURIComponent(id)}`);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Use now').waitFor();
  await eventually(async () => assert.equal(await overflowOf(page), 0));
  await assertAccessible(page, 'an API key on a phone');
  await dialog.getByRole('button', { name: 'Delete…' }).click();
  const confirm = page.getByRole('dialog').nth(1);
  await confirm.getByRole('textbox').fill(HOSTILE);
  await confirm.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('3 API keys').waitFor();
  await eventually(async () => assert.equal(await page.locator('img[src="x"]').count(), 0));
  await eventually(async () => assert.equal(await overflowOf(page), 0));
  await assertAccessible(page, 'API keys on a phone');
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('a failed load can be tried again; who may only look changes nothing', async ({ page, complaints }) => {
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
  await openSettled(page, '/');
  const cut = (route: Route) => route.abort();
  await page.route('**/graphql', cut);
  await page.locator('a[href="/keys"]:visible').first().click();
  await page.getByText('The server cannot be reached.', { exact: false }).first().waitFor();
  await stopAnswering(page);
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await page.locator('[data-key="demo"]').waitFor();
  await page.route('**/graphql', asViewer);
  await openSettled(page, '/keys?create=1');
  await eventually(async () => assert.equal(await page.getByRole('dialog').count(), 0));
  const button = page.getByRole('button', { name: 'Create API key' });
  await eventually(async () => assert.equal(await button.isDisabled(), true));
  await eventually(async () => assert.match((await button.getAttribute('title')) ?? '', /administrator/));
  await eventually(async () => assert.equal(await page.getByRole('switch').first().isDisabled(), true));
  await page.locator('[data-key="demo"] a').click();
  for (const name of ['Delete…', 'Revoke…', 'Edit'])
    await eventually(async () =>
      assert.equal(await page.getByRole('dialog').getByRole('button', { name }).isDisabled(), true, name),
    );
  // Figures are read again by themselves: one may be on its way.
  await stopAnswering(page);
});

function namesOf(page: Page): Promise<string[]> {
  return page
    .locator('[data-key]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-key') ?? ''));
}

async function openEdit(page: Page, name: string): Promise<void> {
  await openSettled(page, '/keys');
  await page.getByRole('button', { name: `More actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit API key' }).click();
}

async function idOf(visit: Visit, name: string): Promise<string> {
  const found = await graphql(visit, '{ apiKeys { nodes { id name } } }');
  const { apiKeys } = found as { apiKeys: { nodes: { id: string; name: string }[] } };
  return apiKeys.nodes.find((key) => key.name === name)?.id ?? assert.fail(`no API key ${name}`);
}

interface Failures {
  all: { failed: number };
  failures: { total: number };
}

async function failuresOf(visit: Visit, userId: string): Promise<Failures> {
  const query = `query ($all: RequestLogFilter, $failures: RequestLogFilter) {
    all: requestLogStats(filter: $all) { failed } failures: requestLogStats(filter: $failures) { total }
  }`;
  return (await graphql(visit, query, {
    all: { userId },
    failures: { userId, outcome: 'FAILED' },
  })) as Failures;
}

async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** The session's role as the panel hears it. */
async function asViewer(route: Route): Promise<void> {
  // A stream never ends, so it cannot be rewritten.
  if (route.request().headers().accept?.includes('event-stream')) return route.continue();
  const response = await route.fetch();
  const body = (await response.text()).replace('"role":"ADMIN"', '"role":"VIEWER"');
  await route.fulfill({ response, body });
}
