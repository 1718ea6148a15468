// A walk through the Models screen in a real browser. The steps build on each other, in order.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import {
  assertAccessible,
  assertFits,
  cutHeads,
  eventually,
  graphql,
  openSettled,
  openVisit,
  sendRequest,
  stopAnswering,
  type Visit,
} from './visit.ts';

const HOSTILE = `<img src=x onerror="document.title='taken'">${'long'.repeat(30)}`;
const UPDATE =
  'mutation ($id: ID!, $input: UpdateModelInput!) { updateModel(id: $id, input: $input) { errors { code } } }';

const step = await openVisit({ history: { rows: 800, days: 2 } });

const rows = (page: Page) => page.locator('[data-table="models"] [data-row]');

async function idOf(visit: Visit, name: string): Promise<string> {
  const data = JSON.stringify(
    await graphql(visit, 'query ($s: String) { models(search: $s) { nodes { id } } }', { s: name }),
  );
  return /"id":"([^"]+)"/.exec(data)?.[1] ?? 'none';
}

step(
  'the catalogue lists prices with their source; the one without stands out and can be filtered for',
  async ({ page }) => {
    await openSettled(page, '/models');
    const sonnet = rows(page).filter({ hasText: 'claude-sonnet-4-5' });
    await sonnet.getByText('$3.00').waitFor();
    await sonnet.getByText('$0.30').waitFor();
    await sonnet.getByText('price table 0.').waitFor();
    await rows(page).filter({ hasText: 'qwen3' }).getByText('no price').waitFor();
    await page.getByRole('button', { name: 'Unpriced only' }).click();
    await page.getByText('1 model', { exact: true }).waitFor();
    await eventually(async () => assert.equal(new URL(page.url()).search, '?price=none'));
  },
);

step('search, provider and order are in the address: back and reload restore them', async ({ page }) => {
  await page.getByRole('button', { name: 'Reset filters' }).click();
  await page.getByLabel('Provider', { exact: true }).selectOption({ label: 'demo-anthropic' });
  await page.getByText('4 models').waitFor();
  await page.getByRole('button', { name: 'Cost' }).click();
  await page.locator('[role="columnheader"][aria-sort="descending"]').waitFor();
  await page.reload();
  await page.getByText('4 models').waitFor();
  await eventually(async () => assert.match(page.url(), /order=-spend/));
  await page.goBack();
  await page.goBack();
  await rows(page).filter({ hasText: 'gpt-5.2' }).waitFor();
  await page.getByLabel('Search name').fill('no such model');
  await page.getByText('No model matches').waitFor();
  await page.getByRole('button', { name: 'Reset filters' }).last().click();
  await rows(page).filter({ hasText: 'qwen3' }).waitFor();
});

step('a price given in the drawer is reckoned at once, saved, and counts', async ({ page }) => {
  await rows(page).filter({ hasText: 'qwen3' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('The price table does not list this model').waitFor();
  await drawer.getByLabel('Input', { exact: true }).fill('cheap');
  await drawer.getByText('Not a price').waitFor();
  await eventually(async () => assert.ok(await drawer.getByRole('button', { name: 'Save' }).isDisabled()));
  await drawer.getByLabel('Input', { exact: true }).fill('0.5');
  await drawer.getByLabel('Output', { exact: true }).fill('2');
  // With unsaved edits it stays open.
  await page.keyboard.press('Escape');
  await drawer.getByRole('button', { name: 'Save' }).click();
  await page.getByText('qwen3-coder-house was saved.').waitFor();
  await page.keyboard.press('Escape');
  await rows(page).filter({ hasText: 'qwen3' }).getByText('your price').waitFor();
  await rows(page).filter({ hasText: 'claude-sonnet-5' }).click();
  await drawer.getByText('A typical request would cost').waitFor();
  await drawer.getByLabel('Output', { exact: true }).fill('900');
  await drawer.locator('[data-preview]').getByText('(now $').waitFor();
  await drawer.getByRole('button', { name: 'Discard changes' }).click();
  await page.keyboard.press('Escape');
});

step('what somebody else saved meanwhile is shown before it is overwritten', async (visit) => {
  const { page } = visit;
  const id = await idOf(visit, 'qwen3');
  await openSettled(page, `/models?open=${id}`);
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Display name').fill('Mine');
  await graphql(visit, UPDATE, { id, input: { displayName: 'Theirs', routePolicy: 'SESSION' } });
  await drawer.getByRole('button', { name: 'Save' }).click();
  const conflict = drawer.locator('[data-conflict]');
  await conflict.getByText('(you changed this too)').waitFor();
  await conflict.getByText('By session').waitFor();
  await conflict.getByRole('button', { name: 'Save over it' }).click();
  await page.getByText('was saved.').first().waitFor();
  await eventually(async () => assert.equal(await drawer.getByLabel('Policy').inputValue(), 'SESSION'));
  await drawer.getByRole('heading', { name: 'Mine' }).or(drawer.getByText('Mine')).first().waitFor();
  await page.keyboard.press('Escape');
});

step(
  'a model is added with a provider, its mapping changed and removed, and it is deleted by its name',
  async ({ page }) => {
    await openSettled(page, '/models?create=1');
    const dialog = page.getByRole('dialog').last();
    await dialog.getByLabel('Name', { exact: true }).fill('house');
    await dialog.getByLabel('Served by').selectOption({ label: 'demo-openai' });
    await dialog.getByLabel('Aliases').fill('home, home , den');
    await dialog.getByRole('button', { name: 'Add model' }).click();
    await page.getByText('house was added.').waitFor();
    const drawer = page.getByRole('dialog').first();
    await drawer.getByText('den', { exact: true }).waitFor();
    await drawer.getByRole('button', { name: 'Change the mapping of demo-openai' }).click();
    await page.getByRole('dialog').last().getByLabel('Aliases').fill('home');
    await page.getByRole('dialog').last().getByRole('button', { name: 'Save' }).click();
    await page.getByText('The mapping was saved.').waitFor();
    await drawer.getByText('den', { exact: true }).waitFor({ state: 'detached' });
    await drawer.getByRole('button', { name: 'Delete…' }).click();
    const confirm = page.getByRole('dialog').last();
    await eventually(async () =>
      assert.ok(await confirm.getByRole('button', { name: 'Delete', exact: true }).isDisabled()),
    );
    await confirm.getByRole('textbox').fill('house');
    await confirm.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('house was deleted.').waitFor();
    await rows(page)
      .filter({ hasText: 'house' })
      .filter({ hasNotText: 'qwen3' })
      .waitFor({ state: 'detached' });
  },
);

step('no head of a column is cut off', async ({ page }) => {
  for (const width of [1280, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ['/models', '/models?tab=cache']) {
      await openSettled(page, path);
      await eventually(async () => assert.deepEqual(await cutHeads(page), [], `${path} at ${width} px`));
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('a name that nothing serves becomes an alias, and the cache tells hits and lifetimes', async (visit) => {
  const { page } = visit;
  await sendRequest(visit, { model: 'sonnet' });
  await sendRequest(visit, { model: 'gpt-9-ultra' });
  await openSettled(page, '/models?tab=cache');
  await page.locator('[data-table="cached-names"]').getByText('sonnet', { exact: true }).waitFor();
  await page.locator('[data-table="cached-pairs"]').getByText('claude-sonnet-4-5-20250929').waitFor();
  const unmapped = page
    .locator('[data-table="unmapped-names"] [data-row]')
    .filter({ hasText: 'gpt-9-ultra' });
  await unmapped.getByText('not found').waitFor();
  await unmapped.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Make it an alias' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('gpt-5.2').check();
  await dialog.getByRole('button', { name: 'Add alias' }).click();
  await page.getByText('gpt-9-ultra now stands for gpt-5.2.').waitFor();
  await unmapped.waitFor({ state: 'detached' });
});

step(
  'one entry is cleared, then all, and each says how many; another screen’s clearing is heard of',
  async (visit) => {
    const { page } = visit;
    await page.getByRole('button', { name: 'Clear sonnet' }).click();
    await page.getByRole('dialog').getByText('sonnet is forgotten').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByText('1 entry cleared: sonnet').waitFor();
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear all' }).click();
    await page.getByText(/\d entr(y|ies) cleared$/).waitFor();
    await page.getByText('Nothing is remembered').waitFor();
    await sendRequest(visit, { model: 'haiku' });
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.locator('[data-table="cached-names"]').getByText('haiku', { exact: true }).waitFor();
    await graphql(visit, 'mutation { clearModelMappingCache { errors { message } } }');
    await page.getByText('Nothing is remembered').waitFor();
  },
);

step('hostile names are text, light and dark, wide and narrow, and pass axe', async (visit) => {
  const { page } = visit;
  await graphql(
    visit,
    'mutation ($input: CreateModelInput!) { createModel(input: $input) { errors { message } } }',
    {
      input: { name: HOSTILE, displayName: HOSTILE },
    },
  );
  await sendRequest(visit, { model: HOSTILE });
  const id = await idOf(visit, 'onerror');
  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.evaluate((name) => localStorage.setItem('warmpath.theme', name), theme);
    await page.setViewportSize({ width, height: 800 });
    for (const path of ['/models', `/models?open=${id}`, '/models?tab=cache']) {
      await openSettled(page, path);
      await page.getByText(HOSTILE.slice(0, 30)).first().waitFor();
      await assertFits(page, path);
      await assertAccessible(page, `${path} ${theme}`);
    }
  }
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('a failed load says so and can be tried again', async ({ page, complaints }) => {
  await openSettled(page, '/models');
  await page.route('**/graphql', (route) => route.abort());
  await page.getByRole('button', { name: 'Unpriced only' }).click();
  await page.getByText('The server cannot be reached').first().waitFor();
  await stopAnswering(page);
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await rows(page).first().waitFor();
  complaints.splice(0);
});

step('figures that are on their way are not told as missing', async ({ page, complaints }) => {
  let fail: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    fail = resolve;
  });
  await page.route('**/graphql', async (route) => {
    // A document is asked for by its id alone: the use is what asks by models.
    if (!route.request().postData()?.includes('"by":"MODEL"')) return route.fallback();
    await held;
    await route.abort();
  });
  await page.goto('/models');
  const row = rows(page).filter({ hasText: 'claude-sonnet-4-5' });
  // Requests, cost and hit rate.
  await eventually(async () => assert.equal(await row.locator('.skeleton').count(), 3));
  fail();
  await eventually(async () => assert.equal(await row.locator('.skeleton').count(), 0));
  await row.getByText('–').first().waitFor();
  await stopAnswering(page);
  complaints.splice(0);
});

step('the browser had nothing to complain about', async ({ complaints }) => {
  // What a test cut off may have been told late.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
});
