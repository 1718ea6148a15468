// A walk through the settings in a real browser: saving, undoing, conflicts, leaving, tokens, export and import.
// The steps build on each other, in order.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import {
  assertAccessible,
  assertFits,
  eventually,
  graphql,
  newTab,
  openSettled,
  openVisit,
  stopAnswering,
  type Visit,
} from './visit.ts';

const TABS = [
  'general',
  'affinity',
  'routing',
  'levers',
  'reservation',
  'limits',
  'log',
  'alerts',
  'access',
  'transfer',
];
const DIFFERENT_TABS = ['routing', 'log', 'alerts', 'access', 'transfer'];
const UPDATE =
  'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { errors { message } } }';
const TTL = 'Lifetime of a binding';

const step = await openVisit();

const save = (page: Page) => page.getByRole('button', { name: 'Save', exact: true });

async function ttlOf(visit: Visit): Promise<unknown> {
  return JSON.stringify(await graphql(visit, '{ settings { affinity { ttlSeconds } } }', {}));
}

step('a setting is edited with its reading, undone, saved, and still there after a reload', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/settings?tab=affinity');
  await eventually(async () => assert.equal(await save(page).isDisabled(), true));
  await page.getByLabel(TTL).fill('7200');
  await page.locator('[data-setting="affinity.ttlSeconds"] [data-reading]', { hasText: '2 h' }).waitFor();
  await page.getByText('1 unsaved change').waitFor();
  await page.getByRole('button', { name: 'Back to the default: 300 s' }).click();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '300'));
  await page.getByText('No unsaved changes').waitFor();
  await eventually(async () => assert.equal(await page.locator('[data-default]').count(), 0));
  await page.getByLabel(TTL).fill('7200');
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '300'));
  await page.getByLabel(TTL).fill('7200');
  await save(page).click();
  await page.getByText('Affinity saved.').waitFor();
  await page.getByText('No unsaved changes').waitFor();
  await eventually(async () => assert.match(String(await ttlOf(visit)), /7200/));
  await page.reload();
  await page.getByLabel(TTL).waitFor();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '7200'));
});

step('what is wrong stands at its field, whether the panel or the gateway finds it', async ({ page }) => {
  const field = page.locator('[data-setting="affinity.ttlSeconds"]');
  await page.getByLabel(TTL).fill('soon');
  await save(page).click();
  await field.getByText('Enter a number.').waitFor();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).getAttribute('aria-invalid'), 'true'));
  await page.getByLabel(TTL).fill('0');
  await save(page).click();
  await field.getByText('Must be a whole number from 1 to 604,800.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => assert.equal(await field.getByText('604,800').count(), 0));
});

step('what the gateway finds wrong is said in the reader’s language', async ({ page }) => {
  await page.evaluate(() => localStorage.setItem('warmpath.locale', 'zh-CN'));
  await openSettled(page, '/settings?tab=affinity');
  await page.getByLabel('绑定的有效期').fill('0');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  const field = page.locator('[data-setting="affinity.ttlSeconds"]');
  await field.getByText('必须是 1 到 604,800 的整数。', { exact: true }).waitFor();
  await page.getByRole('button', { name: '撤销' }).click();
  await openSettled(page, '/settings?tab=transfer');
  const text = page.getByLabel('配置', { exact: true });
  await text.fill('affinty: {}\nusers: [{ username: ada }, { username: ada }]\n');
  await page.getByRole('button', { name: '查看将有哪些变化' }).click();
  await page.getByText('不是已知的键。是否想写“affinity”？').waitFor();
  await page.getByText('与 users[0] 重复。').waitFor();
  await text.fill('');
  await page.evaluate(() => localStorage.setItem('warmpath.locale', 'en'));
  await openSettled(page, '/settings?tab=affinity');
});

step('a change made elsewhere is told, and the edit is saved over it or given up', async (visit) => {
  const { page } = visit;
  const conflict = page.locator('[data-conflict]');
  await page.getByLabel(TTL).fill('900');
  await graphql(visit, UPDATE, { input: { affinity: { ttlSeconds: 600 }, routingHeaders: false } });
  await save(page).click();
  await conflict.getByText('Routing headers').waitFor();
  await conflict.getByText('you changed this too').waitFor();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '900'));
  await eventually(async () => assert.match(String(await ttlOf(visit)), /600/));
  await conflict.getByRole('button', { name: 'Save over it' }).click();
  await page.getByText('No unsaved changes').waitFor();
  await eventually(async () => assert.match(String(await ttlOf(visit)), /900/));
  const headers = await graphql(visit, '{ settings { routingHeaders } }', {});
  assert.match(JSON.stringify(headers), /false/);

  await page.getByLabel(TTL).fill('1000');
  await graphql(visit, UPDATE, { input: { affinity: { ttlSeconds: 601 } } });
  await save(page).click();
  await conflict.getByRole('button', { name: 'Load present state' }).click();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '601'));
  await eventually(async () => assert.equal(await save(page).isDisabled(), true));
});

step('leaving with unsaved edits asks; sections can be changed without losing them', async ({ page }) => {
  await page.getByRole('link', { name: 'Routing', exact: true }).click();
  await page.getByRole('radio', { name: /Round robin/ }).check();
  await page.getByRole('link', { name: /^Affinity/ }).click();
  await page.getByRole('link', { name: /^Routing\s*Edited/ }).waitFor();
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await page.getByRole('link', { name: 'Requests', exact: true }).first().click();
  await dialog.getByRole('button', { name: 'Stay here' }).click();
  await eventually(async () => assert.equal(new URL(page.url()).pathname, '/settings'));
  await page.goBack();
  await page.getByRole('radio', { name: /Round robin/ }).waitFor();
  await eventually(async () => assert.equal(new URL(page.url()).search, '?tab=routing'));
  await eventually(async () =>
    assert.equal(await page.getByRole('radio', { name: /Round robin/ }).isChecked(), true),
  );
  await page.getByRole('link', { name: 'Requests', exact: true }).first().click();
  await dialog.getByRole('button', { name: 'Discard and leave' }).click();
  await page.getByRole('heading', { name: 'Requests', level: 1 }).waitFor();
});

step('the webhook is written but never read, and can be tested and taken away', async ({ gateway, page }) => {
  await openSettled(page, '/settings?tab=alerts');
  const webhook = page.locator('[data-setting="alerts.webhookUrl"]');
  await page.getByLabel('Webhook', { exact: true }).fill(`${gateway.origin}/no-such-hook/secret-token`);
  await save(page).click();
  await webhook.getByText('must use https').waitFor();
  await page.getByRole('switch', { name: 'Private networks' }).click();
  await save(page).click();
  await webhook.getByText(gateway.origin).waitFor();
  await eventually(async () =>
    assert.equal(await page.getByLabel('Webhook', { exact: true }).inputValue(), ''),
  );
  await eventually(async () => assert.equal(await page.getByText('secret-token').count(), 0));
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await page.getByText('Not delivered').waitFor();
  await page.getByText('It answered HTTP 40').waitFor();
  await webhook.getByRole('button', { name: 'Remove' }).click();
  await save(page).click();
  await webhook.getByText('No webhook').waitFor();
});

step('an admin token is shown once, lets a viewer look but not change, and is revoked', async (visit) => {
  const { gateway, page } = visit;
  await openSettled(page, '/settings?tab=access');
  await page.getByRole('button', { name: 'Create token' }).first().click();
  const dialog = page.getByRole('dialog');
  const name = `<img src=x onerror="document.title='taken'">${'n'.repeat(120)}`;
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByRole('button', { name: 'Create token' }).click();
  const secret = (await page.locator('[data-secret]').textContent()) ?? '';
  await page.keyboard.press('Escape');
  await eventually(async () => assert.equal(await page.locator('[data-secret]').isVisible(), true));
  await page.getByRole('button', { name: 'I saved it' }).click();
  const row = page.locator('[data-token]');
  await row.getByText('viewer').waitFor();
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));

  const context = await page.context().browser()?.newContext({ baseURL: gateway.origin, locale: 'en-US' });
  assert.ok(context);
  const other = await newTab(context);
  await other.goto('/settings?tab=affinity');
  await other.getByLabel('Password').fill(secret);
  await other.getByRole('button', { name: 'Log in' }).click();
  await other.getByText('changing them needs the role administrator').waitFor();
  await eventually(async () => assert.equal(await other.getByLabel(TTL).isDisabled(), true));
  await other.getByRole('link', { name: 'Import and export' }).click();
  await other.getByText('Not for your role').waitFor();

  await row.getByRole('button', { name: /^Revoke/ }).click();
  await eventually(async () =>
    assert.equal(await dialog.getByRole('button', { name: 'Revoke' }).isDisabled(), true),
  );
  await dialog.getByRole('textbox').fill('revoke');
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('1 session ended.').waitFor();
  await page.getByText('No admin tokens').waitFor();
  await context.close();
});

step('the export holds no secret and says what stands in for them', async ({ page }) => {
  await openSettled(page, '/settings?tab=transfer');
  await eventually(async () =>
    assert.match(
      (await page.locator('[data-export]').textContent()) ?? '',
      /credential: \$\{WARMPATH_CREDENTIAL_/,
    ),
  );
  await page.getByText(/placeholders? stands? in for/).click();
  await page.getByText('WARMPATH_CREDENTIAL_').first().waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  assert.equal(file.suggestedFilename(), 'warmpath.yaml');
});

step('a faulty import tells every fault with its line and changes nothing', async (visit) => {
  const { page } = visit;
  const area = page.getByLabel('Configuration', { exact: true });
  await area.fill('affinity:\n  ttlSeconds: never\n  scoop: session\n');
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.getByText('2 problems').waitFor();
  await page.getByRole('button', { name: 'Go to line 3' }).click();
  const marked = () =>
    area.evaluate((node) =>
      node instanceof HTMLTextAreaElement ? node.value.slice(node.selectionStart, node.selectionEnd) : null,
    );
  await eventually(async () => assert.equal(await marked(), '  scoop: session'));
  // What was pasted may hold secrets: it outlives the screen, but is written nowhere.
  await page.getByRole('link', { name: 'Requests', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Requests', level: 1 }).waitFor();
  const stored = await page.evaluate(() => JSON.stringify([location.href, localStorage, sessionStorage]));
  assert.doesNotMatch(stored, /scoop/);
  await page.goBack();
  await eventually(async () => assert.match(await area.inputValue(), /scoop/));
  await page.getByRole('link', { name: /^Import and export\s*Edited/ }).waitFor();
  await eventually(async () => assert.match(String(await ttlOf(visit)), /601/));
});

step('an import shows its differences first, asks before it deletes, and says what it did', async (visit) => {
  const { page } = visit;
  const area = page.getByLabel('Configuration', { exact: true });
  await area.fill('affinity:\n  ttlSeconds: 450\nusers:\n  - username: "<b>newcomer</b>"\napiKeys: []\n');
  await page.getByRole('button', { name: 'Show what would change' }).click();
  const settings = page.locator('[data-diff="settings"]');
  await settings.getByText('affinity.ttlSeconds').waitFor();
  await eventually(async () => assert.match((await settings.textContent()) ?? '', /601.*→.*450/s));
  await page.locator('[data-diff="user"]').getByText('<b>newcomer</b>').first().waitFor();
  await eventually(async () => assert.equal(await page.locator('[data-diff="api-key"]').count(), 0));
  await page.getByRole('switch', { name: 'Delete what the text does not have' }).click();
  await page.locator('[data-plan]').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.locator('[data-diff="api-key"]').getByText('removed').first().waitFor();
  await page.getByRole('button', { name: 'Apply' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('apply');
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await page.locator('[data-plan="done"]').getByText('Done:').waitFor();
  await eventually(async () => assert.match(String(await ttlOf(visit)), /450/));
  await page.getByRole('link', { name: 'Affinity', exact: true }).click();
  await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '450'));
});

step(
  'a failed load says so and can be tried again; a failed save keeps the edit',
  async ({ page, complaints }) => {
    await page.route('**/graphql', (route) => route.abort());
    await page.getByLabel(TTL).fill('777');
    await save(page).click();
    await page.getByText('The server cannot be reached').first().waitFor();
    await eventually(async () => assert.equal(await page.getByLabel(TTL).inputValue(), '777'));
    await stopAnswering(page);
    await save(page).click();
    await page.getByText('Affinity saved.').first().waitFor();
    await page.route('**/graphql', (route) =>
      /query|documentId/.test(route.request().postData() ?? '') && page.url().includes('tab=transfer')
        ? route.abort()
        : route.continue(),
    );
    await page.getByRole('link', { name: 'Import and export' }).click();
    await page.getByText('The server cannot be reached').first().waitFor();
    await stopAnswering(page);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('[data-export]').waitFor();
    complaints.splice(0);
  },
);

step('every section passes axe in the light and fits a phone in the dark', async ({ page }) => {
  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.evaluate((name) => localStorage.setItem('warmpath.theme', name), theme);
    await page.setViewportSize({ width, height: 800 });
    for (const tab of TABS) {
      await openSettled(page, `/settings?tab=${tab}`);
      await assertFits(page, `${tab} at ${width}`);
      // The others are made of the same parts.
      if (!DIFFERENT_TABS.includes(tab)) continue;
      await assertAccessible(page, `${tab} ${theme} ${width}`);
    }
  }
  // The row of sections fades at its end, to say that it goes on; the last one is clear of that.
  await openSettled(page, '/settings?tab=transfer');
  const row = page.getByRole('navigation', { name: 'Sections of the settings' });
  await eventually(async () => {
    const [whole, last] = await Promise.all([
      row.boundingBox(),
      row.getByRole('link', { name: 'Import and export' }).boundingBox(),
    ]);
    assert.ok(whole && last);
    assert.ok(last.x >= whole.x && last.x + last.width <= whole.x + whole.width - 32);
  });
});

step('the browser had nothing to complain about', async ({ complaints }) => {
  // What a test cut off may have been told late.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
});
