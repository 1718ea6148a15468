// What the panel tells of where a request's time went, in a real browser, on a phone.

import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { eventually, openSettled, openVisit, rowsOf } from './visit.ts';

const step = await openVisit({ history: { rows: 1_500, days: 2 } });

step('what a lane says takes the place of what all say, and nothing moves', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const dialog = await openFirst(page, '/requests?outcome=OK&streamed=yes&slow=1000');
  // The axis writes times as the lanes do, without noughts at the end: 0s, 2s beside 6.80s.
  const ticks = await dialog.locator('[data-axis] > span').allTextContents();
  assert.equal(ticks[0], '0s');
  assert.ok(ticks.length > 2, ticks.join(' '));
  for (const tick of ticks) assert.match(tick, /^\d+(?:\.\d*[1-9])?s$/);
  const readout = dialog.locator('[data-readout]');
  const ofLane = readout.locator('[data-lane-readout]');
  await page.mouse.move(0, 0);
  await eventually(async () => assert.equal(await ofLane.count(), 0));
  const before = await readout.boundingBox();
  assert.ok(before);
  const lanes = dialog.locator('[data-lane] button');
  assert.equal(await lanes.count(), 2, 'the gateway and the account');
  for (const lane of await lanes.all()) {
    await lane.focus();
    await ofLane.waitFor();
    assert.equal((await readout.boundingBox())?.height, before.height);
  }
});

step('of a stream that failed, it says that no token came, and why in one sentence', async ({ page }) => {
  const dialog = await openFirst(page, '/requests?outcome=FAILED&status=4xx&streamed=yes');
  await dialog.getByRole('region', { name: 'At a glance' }).getByText('no first token').waitFor();
  const told = dialog.locator('[data-lane] p > span').getByText('Nobody else was tried.');
  await eventually(async () =>
    assert.match((await told.textContent()) ?? '', /^\S.* · Nobody else was tried\.$/),
  );
});

async function openFirst(page: Page, address: string): Promise<Locator> {
  await openSettled(page, address);
  await rowsOf(page).first().locator('a:visible').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Account and reason').waitFor();
  return dialog;
}
