// Choosing accounts in a real browser: those of a provider, ranges, by mouse and by keyboard.

import assert from 'node:assert/strict';
import { eventually, openSettled, openVisit } from './visit.ts';

const step = await openVisit();

step(
  'a provider’s head chooses its accounts, all or none, and Shift chooses those in between',
  async ({ page }) => {
    await openSettled(page, '/accounts');
    const head = page.getByLabel('Choose the accounts of demo-anthropic');
    const bar = page.getByRole('region', { name: 'Chosen accounts' });
    const isMixed = (expected: boolean) =>
      eventually(async () =>
        assert.equal(await head.evaluate((box: HTMLInputElement) => box.indeterminate), expected),
      );
    await head.focus();
    await page.keyboard.press('Space');
    await bar.getByText('4 accounts chosen').waitFor();
    await isMixed(false);
    await page.getByLabel('Choose anthropic-b').uncheck();
    await bar.getByText('3 accounts chosen').waitFor();
    await isMixed(true);
    await eventually(async () => assert.match(await head.ariaSnapshot(), /\[checked=mixed\]/));
    await head.click();
    await bar.getByText('4 accounts chosen').waitFor();
    await isMixed(false);
    await head.click();
    await bar.waitFor({ state: 'detached' });
    // By mouse down the list, over the end of a provider; by keyboard back, which takes away.
    await page.getByLabel('Choose anthropic-b').click();
    await page.getByLabel('Choose openai-a').click({ modifiers: ['Shift'] });
    await bar.getByText('4 accounts chosen').waitFor();
    await isMixed(true);
    await eventually(async () =>
      assert.equal(await page.evaluate(() => window.getSelection()?.toString() ?? ''), ''),
    );
    await page.getByLabel('Choose anthropic-d').focus();
    await page.keyboard.press('Shift+Space');
    await bar.getByText('2 accounts chosen').waitFor();
    await eventually(async () => assert.equal(await page.getByLabel('Choose openai-a').isChecked(), false));
    await bar.getByRole('button', { name: 'Clear choice' }).click();
    await bar.waitFor({ state: 'detached' });
    // What a filter hides is not chosen with the rest.
    await openSettled(page, '/accounts?q=anthropic-c');
    await head.check();
    await bar.getByText('1 account chosen').waitFor();
    await page.getByLabel('Search accounts').fill('');
    await page.locator('[data-account="anthropic-a"]').waitFor();
    await isMixed(true);
    await page.setViewportSize({ width: 360, height: 740 });
    await bar.getByRole('button', { name: 'Clear choice' }).click();
    await bar.waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 1280, height: 800 });
  },
);

step('the browser had nothing to complain about', async ({ complaints }) => {
  assert.deepEqual(complaints, []);
});
