// What holds on every screen, and the overview: keys, command palette, time zone, drilling down, no request of a hidden tab.
// The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import {
  assertAccessible,
  assertFits,
  eventually,
  graphql,
  newTab,
  openSettled,
  openVisit,
  stopAnswering,
  whenSettled,
} from './visit.ts';

const step = await openVisit({ history: { rows: 3_000, days: 8 } });

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();

step('g and a letter go to a screen, and typing stays typing', async ({ page }) => {
  await openSettled(page, '/');
  const go = (letter: string, name: string) =>
    // The letter must come soon after g, which a busy machine may not manage at once.
    eventually(async () => {
      await page.keyboard.press('g');
      await page.keyboard.press(letter);
      await page.getByRole('heading', { level: 1, name }).waitFor({ timeout: 3_000 });
    });
  await go('c', 'Cache');
  await go('r', 'Requests');
  await page.keyboard.press('/');
  await page.keyboard.type('g o?');
  await eventually(async () =>
    assert.equal(await page.locator('[data-search]').first().inputValue(), 'g o?'),
  );
  await heading(page, 'Requests');
});

step('? lists the keys; Escape closes the list and gives the focus back', async ({ page }) => {
  await openSettled(page, '/');
  await page.getByRole('link', { name: 'Settings', exact: true }).first().focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).getByText('Next, previous row').waitFor();
  await assertAccessible(page, 'list of keys');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(async () =>
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Settings'),
  );
});

step('the command palette finds screens, actions and names, by keyboard alone', async ({ page }) => {
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  await palette.getByRole('combobox').waitFor();
  await page.keyboard.type('anthropic-b');
  await palette.getByRole('option', { name: /anthropic-b Account/, selected: true }).waitFor();
  await assertAccessible(page, 'command palette');
  await page.keyboard.press('Enter');
  await heading(page, 'Accounts');
  await eventually(async () => assert.ok(new URL(page.url()).searchParams.has('open')));
  await page.getByRole('dialog', { name: 'anthropic-b' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await palette.getByRole('combobox').waitFor();
  await page.keyboard.type('theme dark');
  await palette.getByRole('option', { name: /Dark/, selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.keyboard.press('Control+k');
  await palette.getByRole('combobox').waitFor();
  await page.keyboard.type('theme light');
  await palette.getByRole('option', { name: /Light/, selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('html[data-theme="light"]').waitFor();
});

step('what is typed while the palette is still being loaded is meant for it', async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const script = /\/Palette-[^/]*\.js$/;
  await page.route(script, async (route) => {
    await held;
    await route.continue();
  });
  await openSettled(page, '/');
  const asked = page.waitForRequest(script);
  await page.keyboard.press('Control+k');
  await asked;
  await page.keyboard.type('gpt');
  release();
  const field = page.getByRole('dialog', { name: 'Search and commands' }).getByRole('combobox');
  await eventually(async () => assert.equal(await field.inputValue(), 'gpt'));
  await page.keyboard.type('-5');
  await eventually(async () => assert.equal(await field.inputValue(), 'gpt-5'));
  assert.equal(new URL(page.url()).pathname, '/');
  await page.unroute(script);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

step('every screen of the navigation is reached and opened with the keyboard alone', async ({ page }) => {
  await openSettled(page, '/');
  const links = page.getByRole('navigation', { name: 'Screens' }).first().getByRole('link');
  const count = await links.count();
  assert.ok(count >= 13, `${count} links`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const isMain = () =>
    page.evaluate(() => location.hash === '#main' || document.activeElement?.id === 'main');
  await eventually(async () => assert.ok(await isMain(), 'the first Tab stop skips to the content'));
  for (let at = 0; at < count; at += 1) {
    const name = ((await links.nth(at).textContent()) ?? '').trim();
    await links.nth(at).focus();
    await page.keyboard.press('Enter');
    await links.nth(at).and(page.locator('[aria-current="page"]')).waitFor();
    assert.notEqual(name, '');
    await page.getByRole('heading', { level: 1 }).waitFor();
  }
});

step('times follow the zone that is chosen, and its name is told', async ({ page }) => {
  await openSettled(page, '/');
  const button = page.getByRole('button', { name: /^Time zone:/ }).first();
  const items = page.getByRole('menuitem');
  const hasFocus = (locator: Locator) =>
    eventually(async () =>
      assert.ok(await locator.evaluate((element) => element === document.activeElement)),
    );
  await button.focus();
  await page.keyboard.press('Enter');
  await hasFocus(items.first());
  await page.keyboard.press('ArrowUp');
  await hasFocus(items.last());
  await page.keyboard.press('Escape');
  await items.first().waitFor({ state: 'detached' });
  await hasFocus(button);
  await page.keyboard.press('ArrowDown');
  await hasFocus(items.first());
  await assertAccessible(page, 'a menu');
  await page.getByRole('heading', { level: 1 }).click();
  await items.first().waitFor({ state: 'detached' });
  await button.click();
  await page.getByRole('menuitem', { name: 'UTC', exact: true }).click();
  await page.getByRole('button', { name: 'Time zone: UTC' }).first().waitFor();
  await whenSettled(page);
  const moment = page.locator('main time[title]').first();
  await eventually(async () => assert.match((await moment.getAttribute('title')) ?? '', /UTC/));
  await page.reload();
  await page.getByRole('button', { name: 'Time zone: UTC' }).first().waitFor();
});

step('an open list of actions has the keyboard, and goes with its button', async ({ page }) => {
  await openSettled(page, '/');
  await page.getByRole('navigation').getByRole('link', { name: 'Requests' }).first().click();
  await heading(page, 'Requests');
  const menu = page.getByRole('menu');
  const open = async () => {
    await page.getByRole('button', { name: 'Export' }).first().press('Enter');
    await menu.waitFor();
  };
  await open();
  // Elsewhere these two keys lead to the accounts.
  for (const key of ['g', 'a']) await page.keyboard.press(key);
  await eventually(async () => assert.equal(new URL(page.url()).pathname, '/requests'));
  await menu.waitFor();
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await menu.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await open();
  await page.goBack();
  await heading(page, 'Overview');
  await menu.waitFor({ state: 'detached' });
});

step('the overview tells what was saved today, what was possible, and why not', async ({ page }) => {
  await openSettled(page, '/?period=7d');
  const main = page.getByRole('main');
  await main.getByText('Saved today').waitFor();
  await main.getByText(/% was possible$/).waitFor();
  await main.getByText('What cold tokens cost').waitFor();
  await eventually(async () =>
    assert.ok(
      (await main.getByRole('list', { name: 'What cold tokens cost' }).getByRole('link').count()) > 0,
    ),
  );
  const accounts = main.getByRole('link', { name: /^(anthropic|openai)-\w$/ });
  await accounts.first().waitFor();
  const names = await accounts.allTextContents();
  assert.deepEqual(names, names.toSorted(), 'accounts of one state are by name, whichever is busy');
  await main.getByRole('button', { name: 'Table' }).click();
  await eventually(async () => assert.ok((await main.getByRole('row').count()) > 10));
  await assertAccessible(page, 'overview with history');
});

step('every figure of the overview leads to what is behind it', async ({ page }) => {
  const lead = async (name: RegExp, path: RegExp) => {
    await openSettled(page, '/?period=7d');
    await page.getByRole('main').getByRole('link', { name }).first().click();
    await page.waitForURL(path);
    await page.goBack();
    await heading(page, 'Overview');
  };
  await lead(/^Errors/, /\/requests\?.*outcome=FAILED/);
  await lead(/^Requests/, /\/requests\?period=7d/);
  await lead(/^Saved today/, /\/cache\?from=/);
  await lead(/^Prompt-cache hit rate/, /\/cache\?period=7d/);
  await lead(/tokens in .* requests?\.$/, /\/requests\?.*miss=/);
  await lead(/^anthropic-/, /\/accounts\?open=/);
});

step('the figures of the overview are those of the screens that they lead to', async ({ page }) => {
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const main = page.getByRole('main');
  const address = `/?from=${daysAgo(6)}&to=${daysAgo(1)}`;
  const follow = async (card: RegExp, figure: RegExp): Promise<string> => {
    await openSettled(page, address);
    const link = main.getByRole('link', { name: card }).first();
    let found = '';
    await eventually(async () => {
      found = figure.exec((await link.textContent()) ?? '')?.[1] ?? '';
      assert.notEqual(found, '', `${card} tells no figure`);
    });
    await link.click();
    return found;
  };
  for (const card of [/^Requests/, /^Errors/]) {
    const count = await follow(card, /([\d,]+) *[\d.]+%/);
    await main.getByText(new RegExp(`^${count} matching request`)).waitFor();
  }
  const rate = await follow(/^Prompt-cache hit rate/, /([\d.]+%)/);
  await main.getByText(rate, { exact: true }).first().waitFor();
  await openSettled(page, address);
  const period = main.getByText(/\$[\d,.]+ in this period/).first();
  const saved = /(\$[\d,.]+) in this period/.exec((await period.textContent()) ?? '')?.[1] ?? 'nothing';
  await main.getByRole('link', { name: /^Prompt-cache hit rate/ }).click();
  await main.getByText(saved, { exact: true }).first().waitFor();
});

step('a failed load says so, with a retry and a request id', async ({ page }) => {
  let isBroken = true;
  await page.route('**/graphql', async (route) => {
    const isFigures = isBroken && (route.request().postData() ?? '').includes('bucketSeconds');
    if (!isFigures) return route.fallback();
    return route.fulfill({
      status: 500,
      headers: { 'x-request-id': 'lost-1' },
      json: { errors: [{ message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    });
  });
  await page.goto('/');
  await page.getByRole('alert').getByText('lost-1').waitFor();
  isBroken = false;
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Saved today').waitFor();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await stopAnswering(page);
});

step('a hidden tab asks for nothing', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/');
  await page.locator('[data-connection="live"]').first().waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.locator('[data-connection="resting"]').first().waitFor();
  await whenSettled(page);
  const asked: string[] = [];
  page.on('request', (request) => {
    // Those of the other screens may still be on their way: they are fetched ahead, once.
    if (request.resourceType() !== 'script') asked.push(request.url());
  });
  await page.clock.install();
  await page.clock.runFor(120_000);
  assert.deepEqual(asked, []);
});

step('text twice as large still fits', async ({ page }) => {
  // Zoom to 200 % halves the window in CSS pixels.
  await page.setViewportSize({ width: 640, height: 400 });
  for (const path of ['/', '/requests', '/cache', '/ttl', '/settings']) {
    await openSettled(page, path);
    await assertFits(page, path);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('a phone opens the palette from its bar, and the sheet makes way', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, '/');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Search' }).click();
  await page.getByRole('dialog', { name: 'Search and commands' }).getByRole('combobox').fill('audit');
  await eventually(async () => assert.equal(await page.getByRole('dialog').count(), 1));
  await page.getByRole('option', { name: /^Audit/ }).click();
  await heading(page, 'Audit');
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('who may only look is told so, and is refused nothing silently', async (visit) => {
  const { page, gateway } = visit;
  const made = await graphql(
    visit,
    'mutation { createAdminToken(input: { name: "viewer", role: VIEWER }) { secret errors { code } } }',
  );
  const secret = JSON.stringify(made).match(/"secret":"([^"]+)"/)?.[1] ?? '';
  assert.notEqual(secret, '');
  const context = await page.context().browser()?.newContext({ baseURL: gateway.origin, locale: 'en-US' });
  assert.ok(context);
  const tab = await newTab(context);
  await tab.goto('/');
  await tab.getByLabel('Password').fill(secret);
  await tab.getByRole('button', { name: 'Log in' }).click();
  await heading(tab, 'Overview');
  await tab.goto('/accounts');
  const add = tab.getByRole('button', { name: 'Add account' }).first();
  await add.waitFor();
  await eventually(async () => assert.equal(await add.isDisabled(), true));
  await eventually(async () => assert.match((await add.getAttribute('title')) ?? '', /administrator/));
  await context.close();
});
