// A walk through the built panel in a real browser, against a gateway process with its demo upstream.
// The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import { eventually, goOffline, openVisit, rowsOf, sendRequest, waitForRows } from './visit.ts';

const PASSWORD = 'a walk through the panel';

const step = await openVisit({ isLoggedIn: false });

step(
  'setup takes the token out of the address and logs in with the chosen password',
  async ({ gateway, page }) => {
    await page.goto(gateway.setupUrl);
    const token = page.getByLabel('One-time setup token');
    await token.waitFor();
    await eventually(async () =>
      assert.equal(await token.inputValue(), new URL(gateway.setupUrl).hash.replace('#setup=', '')),
    );
    await eventually(async () => assert.equal(new URL(page.url()).hash, ''));
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Set password and log in' }).click();
    await page.getByText('Too short').waitFor();
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByLabel('Repeat password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set password and log in' }).click();
    await page.getByRole('heading', { name: 'Getting started' }).waitFor();
  },
);

step('login says in words what is wrong, and returns to the screen that was asked for', async ({ page }) => {
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.goto('/accounts?state=AVAILABLE');
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Wrong password.').first().waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Accounts' }).waitFor();
  await eventually(async () => assert.equal(new URL(page.url()).search, '?state=AVAILABLE'));
});

step('requests arrive live, without a reload', async (visit) => {
  const { page } = visit;
  await page.goto('/requests');
  await page.getByText('No requests yet').waitFor();
  await page.locator('[data-connection="live"]').waitFor();
  assert.equal(await sendRequest(visit), 200);
  await waitForRows(page, 1);
  assert.equal(await sendRequest(visit, { model: 'no-such-model' }), 404);
  await waitForRows(page, 2);
});

step('the list holds still under the pointer and catches up on demand', async (visit) => {
  const { page } = visit;
  await rowsOf(page).first().hover();
  await sendRequest(visit);
  await page.getByRole('button', { name: '1 new' }).waitFor();
  await eventually(async () => assert.equal(await rowsOf(page).count(), 2));
  await page.getByRole('button', { name: '1 new' }).click();
  await waitForRows(page, 3);
  await page.mouse.move(0, 0);
});

step('filters live in the address; back, forward and reload restore them', async ({ page }) => {
  await page.getByRole('button', { name: 'Outcome', exact: true }).click();
  await page.getByRole('button', { name: /^Rejected/ }).click();
  await waitForRows(page, 1);
  await eventually(async () => assert.equal(new URL(page.url()).search, '?outcome=REJECTED'));
  await page.reload();
  await waitForRows(page, 1);
  await page.getByRole('button', { name: 'Outcome: Rejected' }).waitFor();
  await page.goBack();
  await waitForRows(page, 3);
  await page.goForward();
  await waitForRows(page, 1);
  await page.getByRole('button', { name: 'Reset filters' }).click();
  await waitForRows(page, 3);
  await page.getByLabel('Search id').fill('no-such');
  await waitForRows(page, 1);
  await page.getByLabel('Search id').fill('nothing like this');
  await page.getByText('No request matches').waitFor();
  await page.getByRole('button', { name: 'Reset filters' }).first().click();
  await waitForRows(page, 3);
});

step('a row opens its details, which the address names and Escape closes', async ({ page }) => {
  await rowsOf(page).last().locator('a:visible').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Account and reason').waitFor();
  for (const text of [
    'Timeline',
    'Fresh input',
    'Cache read',
    'Cache write, 1 h',
    'Request id',
    'Price table',
  ]) {
    await dialog.getByText(text, { exact: true }).waitFor();
  }
  const address = page.url();
  assert.match(address, /open=/);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await eventually(async () => assert.doesNotMatch(page.url(), /open=/));
  await page.goto(address);
  await page.getByRole('dialog').getByText('Account and reason').waitFor();
  await page.keyboard.press('Escape');
});

step('a lost connection shows, and what was missed is there after it returns', async (visit) => {
  const { page } = visit;
  await page.goto('/requests');
  await waitForRows(page, 3);
  await page.locator('[data-connection="live"]').waitFor();
  await goOffline(page, true);
  await page.locator('[data-connection="down"]').waitFor();
  await sendRequest(visit);
  await goOffline(page, false);
  await page.locator('[data-connection="live"]').waitFor();
  await waitForRows(page, 4);
  visit.complaints.splice(0);
});

step('the overview counts, and its figures lead to their requests', async (visit) => {
  const { page } = visit;
  // Today may end meanwhile.
  await page.goto('/?period=24h');
  await page.getByRole('link', { name: /^Requests\s*4/ }).waitFor();
  await page.locator('[data-connection="live"]').waitFor();
  await sendRequest(visit);
  await page.getByRole('link', { name: /^Requests\s*5/ }).waitFor();
  await page.getByRole('button', { name: '15 min' }).click();
  await eventually(async () => assert.equal(new URL(page.url()).search, '?period=15m'));
  await page.getByRole('link', { name: /^Requests\s*5/ }).click();
  await waitForRows(page, 5);
  await eventually(async () => assert.equal(new URL(page.url()).search, '?period=15m'));
});

step('an account can be paused, made to fail and put back', async (visit) => {
  const { page } = visit;
  await page.goto('/accounts');
  const account = page
    .locator('[role="row"]')
    .filter({ has: page.locator('[data-account]') })
    .first();
  await account.getByRole('switch').locator('visible=true').click();
  await account.getByText('Paused', { exact: true }).locator('visible=true').waitFor();
  await account.getByRole('switch').locator('visible=true').click();
  await account.getByText('Available', { exact: true }).locator('visible=true').waitFor();
});

step('an API key is shown once and works', async ({ gateway, page }) => {
  await page.goto('/keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByLabel('Name', { exact: true }).fill('walker');
  await page.getByRole('dialog').getByRole('button', { name: 'Create API key' }).click();
  const secret = (await page.locator('[data-secret]').textContent()) ?? '';
  await page.keyboard.press('Escape');
  await eventually(async () => assert.equal(await page.locator('[data-secret]').isVisible(), true));
  const models = await fetch(`${gateway.origin}/v1/models`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  assert.equal(models.status, 200);
  await models.text();
  await page.getByRole('button', { name: 'I saved it' }).click();
  await page.locator('[data-key="walker"]').waitFor();
  await eventually(async () => assert.equal(await page.getByText(secret).count(), 0));
});

step('language and theme switch at once and stay', async ({ page }) => {
  await page.goto('/requests');
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '简体中文' }).click();
  await page.getByRole('heading', { name: '请求' }).waitFor();
  await eventually(async () => assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN'));
  await page.getByRole('button', { name: '主题' }).click();
  await page.getByRole('menuitem', { name: '深色' }).click();
  await eventually(async () => assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark'));
  await page.reload();
  await page.getByRole('heading', { name: '请求' }).waitFor();
  await eventually(async () => assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark'));
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
});

step('a hostile name is shown as text', async (visit) => {
  const { page } = visit;
  const name = `<img src=x onerror="document.title='taken'">${'x'.repeat(10_000)}`;
  assert.equal(await sendRequest(visit, { model: name }), 404);
  await page.goto('/requests?q=onerror');
  await waitForRows(page, 1);
  await rowsOf(page).first().locator('a:visible').click();
  await page.getByRole('dialog').getByText('Account and reason').waitFor();
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));
  await eventually(async () => assert.match(await page.title(), /Warmpath/));
});

step('clearing the logs empties the list and says how many went', async ({ page }) => {
  await page.goto('/requests');
  await rowsOf(page).first().waitFor();
  await page.getByRole('button', { name: 'Clear logs…' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('clear');
  await page.getByRole('dialog').getByRole('button', { name: 'Clear logs…' }).click();
  await page.getByText(/rows? of the request log deleted\./).waitFor();
  await page.getByText('No requests yet').waitFor();
});

step(
  'an account is added with its provider, endpoint and model in one go, and deleted again',
  async ({ page }) => {
    await page.goto('/accounts');
    await page.getByText('Demo', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Add account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Other' }).click();
    await dialog.getByLabel('Provider name').fill('my-server');
    await dialog.getByLabel('Base URL').fill('https://llm.example.com/v1/');
    await dialog.getByLabel('Account name').fill('first <b>one</b>');
    await dialog.getByLabel('Credential').fill('sk-example-credential-1234');
    await dialog.getByLabel('Model name').fill('my-model');
    await dialog.getByRole('button', { name: 'Add account' }).click();
    await dialog.waitFor({ state: 'detached' });
    const account = page.locator('[data-account="first <b>one</b>"]');
    await account.waitFor();
    // A real account ends the demo.
    await page.getByText('Demo', { exact: true }).waitFor({ state: 'detached' });
    await eventually(async () => assert.equal(await page.locator('[data-account]').count(), 1));
    await page.getByText('https://llm.example.com', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'More actions for my-server' }).click();
    await page.getByRole('menuitem', { name: 'Delete provider' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('my-server');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await account.waitFor({ state: 'detached' });
  },
);

step('the browser had nothing to complain about, its content policy included', async ({ complaints }) => {
  // The mistyped address is answered with 404 on purpose.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('404')),
    [],
  );
});

step('losing the server shows as stale data', async ({ gateway, page }) => {
  await page.locator('[data-connection="live"]').waitFor();
  await gateway.stop();
  await page.locator('[data-connection="down"]').waitFor();
});
