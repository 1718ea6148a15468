// The Requests screen in a real browser, over a past of three thousand requests. The steps build on each other, in order.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { isInOrder, multiplyRows, scrollThrough, scrollToEnd, watchLongWalks } from './many-rows.ts';
import {
  assertAccessible,
  assertFits,
  eventually,
  goOffline,
  openSettled,
  openVisit,
  rowsOf,
  sendRequest,
  stopAnswering,
  waitForRows,
  whenSettled,
} from './visit.ts';

const ROWS = 100_000;
const LEAPS = 50;

const step = await openVisit({ history: { rows: 3_000, days: 7 } });

const query = (page: Page) => new URL(page.url()).searchParams;
const headsOf = (page: Page) => page.getByRole('columnheader');

step('a bar of the histogram narrows the time, and back undoes it', async ({ page }) => {
  await openSettled(page, '/requests');
  const histogram = page.getByRole('toolbar', { name: 'Requests over time' });
  // The last bars hold the busy end of the past.
  const bar = histogram.getByRole('button').last();
  await bar.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Enter');
  await page.waitForURL(/[?&]from=/);
  const spanMs = Date.parse(query(page).get('to') ?? '') - Date.parse(query(page).get('from') ?? '');
  // A week in bars of four hours: the chart covers what the list does.
  assert.equal(spanMs, 2 * 14_400_000);
  await page.getByText(/^Goes back from /).waitFor();
  await eventually(async () => assert.equal(await histogramSum(page), await matchingCount(page)));
  // The chart of the range has the focus now, and goes on by keyboard.
  await histogram.locator('[data-bar="0"]:focus').waitFor();
  await page.keyboard.press('ArrowRight');
  await histogram.locator('[data-bar="1"]:focus').waitFor();
  await page.goBack();
  await page.getByText('3,000 requests', { exact: true }).waitFor();
  await eventually(async () => assert.equal(query(page).get('from'), null));
  await histogram.getByRole('button').first().click();
  await page.waitForFunction(() => location.search.includes('from='));
  await page.goBack();
});

step(
  'a filter counts its values under the others; the address holds it, reload and back restore it',
  async ({ page }) => {
    await page.goto('/requests?affinity=HIT');
    await page.getByRole('button', { name: 'Outcome' }).click();
    const rejected = page.getByRole('button', { name: /^Client gone\D*\d/ }).last();
    const told = Number((await rejected.textContent())?.replace(/\D/g, ''));
    await rejected.click();
    await eventually(async () => assert.equal(query(page).get('outcome'), 'CLIENT_GONE'));
    await eventually(async () => assert.equal(await matchingCount(page), told));
    await page.reload();
    await page.getByRole('button', { name: 'Outcome: Client gone' }).waitFor();
    await eventually(async () => assert.equal(await matchingCount(page), told));
    await page.goBack();
    const outcomes = page.getByRole('button', { name: 'Outcome', exact: true });
    await outcomes.press('Enter');
    // The counts put the values into another order, and the focus goes with its value.
    const list = page.getByRole('dialog', { name: 'Outcome' });
    await list
      .getByTitle(/^[\d,]+$/)
      .first()
      .waitFor();
    await eventually(async () => assert.equal(await list.locator(':focus').count(), 1));
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Model', exact: true }).click();
    await page.getByLabel('Type or choose: Model').fill('opus');
    await page.keyboard.press('Enter');
    await eventually(async () => assert.equal(query(page).get('name'), 'opus'));
    await page.getByRole('button', { name: 'Reset filters' }).click();
    await eventually(async () => assert.equal(query(page).size, 0));
  },
);

step(
  'the dear ones are found by what they cost at least, and the chart shows all of them',
  async ({ page }) => {
    await openSettled(page, '/requests');
    await eventually(async () => assert.equal(await histogramSum(page), 3_000));
    await page.getByRole('button', { name: 'Cost', exact: true }).click();
    await page.getByLabel('Cost: US dollars, at least').fill('0.0125');
    await page.keyboard.press('Enter');
    await eventually(async () => assert.equal(query(page).get('cost'), '0.0125'));
    await page.getByRole('button', { name: 'Cost: At least $0.0125' }).waitFor();
    const chart = page.getByRole('region', { name: 'Requests over time' });
    const sentence = chart.getByText(/^[\d,]+ requests?$/);
    await eventually(async () => {
      const told = await sentence.textContent();
      assert.equal(await histogramSum(page), numberIn(told));
    });
    await eventually(async () => {
      const costs = await rowsOf(page).locator('[role="cell"]').filter({ hasText: /^\$/ }).allTextContents();
      assert.ok(costs.length > 5, `${costs.length} costs`);
      for (const cost of costs) assert.ok(numberIn(cost) >= 0.0125, cost);
    });
    assert.equal(await chart.getByRole('button', { name: 'Show only these' }).count(), 0);
    await page.getByRole('button', { name: 'Reset filters' }).click();
  },
);

step('an end alone lists what came before it, and a day is chosen by name', async ({ page }) => {
  await openSettled(page, '/requests');
  await page.getByRole('button', { name: 'Time: Any time' }).click();
  const moment = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 16);
  await page.getByLabel('Until').fill(moment);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForFunction(() => location.search.includes('to='));
  await page.getByText(/^Goes back from /).waitFor();
  await rowsOf(page).first().waitFor();
  await eventually(async () => {
    const newest = (await page.locator('[role="row"] time').first().getAttribute('datetime')) ?? '';
    assert.ok(newest < (query(page).get('to') ?? ''), newest);
  });
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.getByText('3,000 requests', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Time: Any time' }).click();
  await page.getByRole('button', { name: 'Yesterday' }).click();
  await eventually(async () => assert.equal(query(page).get('period'), 'yesterday'));
  await page.getByText(/^Goes back from /).waitFor();
});

step('columns are chosen, moved and reset by keyboard, and kept over a reload', async ({ page }) => {
  await openSettled(page, '/requests');
  await eventually(async () => assert.equal(await headsOf(page).getByText('Path').count(), 0));
  await page.getByRole('button', { name: 'Choose columns' }).press('Enter');
  await page.getByRole('checkbox', { name: 'Path' }).press('Space');
  const left = page.getByRole('button', { name: 'Move Status left' });
  await left.press('Enter');
  // The focus stays with the column that moved.
  await eventually(async () =>
    assert.equal(
      await page.evaluate(() => document.activeElement?.getAttribute('aria-label')),
      'Move Status right',
    ),
  );
  await page.keyboard.press('Escape');
  await eventually(async () => assert.equal((await headsOf(page).first().textContent())?.trim(), 'Status'));
  await page.reload();
  await headsOf(page).getByText('Path').waitFor();
  await eventually(async () => assert.equal((await headsOf(page).first().textContent())?.trim(), 'Status'));
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('button', { name: 'Reset columns' }).press('Enter');
  // It is disabled by now, and the keyboard is still heard.
  await eventually(async () =>
    assert.equal(
      await page.evaluate(() => document.activeElement?.getAttribute('aria-label')),
      'Choose columns',
    ),
  );
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal((await headsOf(page).first().textContent())?.trim(), 'Time'));
});

step('rows are walked, opened and closed by keyboard, and typing is left alone', async ({ page }) => {
  await openSettled(page, '/requests');
  await rowsOf(page).first().waitFor();
  for (const key of ['j', 'j', 'ArrowDown', 'k']) await page.keyboard.press(key);
  await eventually(async () => assert.equal(await focusedRow(page), '3'));
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await page.evaluate(noteEntrances);
  const entrances = () => page.evaluate(() => [...Reflect.get(window, 'entrances')].sort());
  const contentOf = page.getByRole('dialog').getByText('Account and reason');
  await page.keyboard.press('Enter');
  await contentOf.waitFor();
  await eventually(async () => assert.deepEqual(await entrances(), ['fade-in', 'slide-in']));
  const first = query(page).get('open');
  await page.keyboard.press('j');
  await page.waitForFunction((id) => new URL(location.href).searchParams.get('open') !== id, first);
  await contentOf.waitFor();
  await whenSettled(page);
  await page.evaluate(twoFrames);
  // The next one is there at once, so that the page does not flash up behind it.
  assert.deepEqual(await entrances(), ['fade-in', 'slide-in']);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(query(page).get('open'), null));
  await page.waitForFunction(
    () => document.activeElement?.closest('[role="row"]')?.getAttribute('aria-rowindex') === '4',
  );
  const search = page.locator('[data-search]');
  await search.press('j');
  await eventually(async () => assert.equal(await search.inputValue(), 'j'));
  await search.fill('');
});

step('a cell is copied with the button that appears on it', async ({ page }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openSettled(page, '/requests');
  const cell = rowsOf(page).first().getByRole('cell').nth(2);
  await cell.hover();
  const wanted = (await cell.textContent())?.trim();
  await cell.getByRole('button', { name: 'Copy Model' }).click();
  await eventually(async () =>
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted),
  );
  await eventually(async () => assert.equal(query(page).get('open'), null));
  await page.mouse.move(0, 0);
});

step(
  'the tail tells its rate, waits while someone reads, and misses nothing while offline',
  async (visit) => {
    const { page } = visit;
    await page.goto('/requests?name=live-');
    await page.getByText('No request matches').waitFor();
    await page.locator('[data-connection="live"]').waitFor();
    // It is told for some seconds only.
    const rate = page.getByText('0.1 rows/s').waitFor();
    await sendRequest(visit, { model: 'live-1' });
    await rate;
    await waitForRows(page, 1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await sendRequest(visit, { model: 'live-2' });
    await page.getByRole('button', { name: '1 new' }).waitFor();
    await page.getByText('1 matching request', { exact: true }).waitFor();
    await page.getByRole('button', { name: '1 new' }).click();
    await waitForRows(page, 2);
    await goOffline(page, true);
    await page.getByText('Stale').first().waitFor();
    await sendRequest(visit, { model: 'live-3' });
    await goOffline(page, false);
    await waitForRows(page, 3);
    await page.getByText('3 matching requests', { exact: true }).waitFor();
    visit.complaints.splice(0);
  },
);

step('what matches is saved as a file for Excel', async (visit) => {
  const { page } = visit;
  assert.equal(await sendRequest(visit, { model: '=live-cmd()' }), 404);
  // It is in the log by then.
  await page.getByText('4 matching requests', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Export…' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'CSV for Excel' }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^requests-.*\.csv$/);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString('utf8');
  assert.ok(text.startsWith('\u{FEFF}id,requestId,'));
  const lines = text.trim().split('\r\n');
  assert.equal(lines.length, 1 + 4);
  assert.match(text, /'=live-cmd\(\)/);
});

step(
  'a hundred thousand rows are held, and scrolling them is as little work as scrolling a few',
  async ({ page }) => {
    await page.goto('/');
    await page.evaluate(multiplyRows, ROWS);
    await page.evaluate(watchLongWalks, ROWS / 2);
    await page.getByRole('link', { name: 'Requests', exact: true }).first().click();
    await rowsOf(page).first().waitFor();
    await page.waitForFunction(scrollToEnd, ROWS, { polling: 50 });
    const { drawnRows, madeRows, shownRows } = await page.evaluate(scrollThrough, LEAPS);
    const longWalks = await page.evaluate(() => Reflect.get(window, 'longWalks'));
    // At rest the document has the rows in their order again, whichever elements they took over.
    await page.waitForFunction(isInOrder);
    await openSettled(page, '/requests');
    await rowsOf(page).first().waitFor();
    assert.ok(drawnRows > 0 && drawnRows < 60, `${drawnRows} rows in the document`);
    assert.ok(shownRows > 10 * LEAPS, `${shownRows} rows were shown`);
    // The first screen's elements show all others: how many there are is once as many, or a few more where it ends.
    assert.ok(madeRows < 2 * drawnRows, `${madeRows} elements were made for ${LEAPS} screens`);
    assert.equal(longWalks, 0, 'nothing goes through all rows, to copy or to search them');
  },
);

step('a failed load says why and is tried again', async (visit) => {
  const { page } = visit;
  await page.route('**/graphql', (route) => route.abort());
  await page.getByRole('button', { name: 'Outcome', exact: true }).click();
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('[data-search]').fill('live-1');
  await page.locator('[data-search]').press('Enter');
  const retry = page.getByRole('alert').getByRole('button', { name: 'Try again' });
  await retry.nth(1).waitFor();
  await stopAnswering(page);
  await retry.last().click();
  await waitForRows(page, 1);
  visit.complaints.splice(0);
});

step('a hostile name and a phone do no harm, and axe finds nothing', async (visit) => {
  const { page } = visit;
  const name = `<img src=x onerror="document.title='taken'">${'x'.repeat(10_000)}`;
  assert.equal(await sendRequest(visit, { model: name }), 404);
  await page.evaluate(() => localStorage.setItem('warmpath.theme', 'dark'));
  await openSettled(page, '/requests?q=onerror');
  await waitForRows(page, 1);
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));
  await page.getByRole('button', { name: 'Model', exact: true }).click();
  await page.getByLabel('Type or choose: Model').waitFor();
  await assertAccessible(page, 'requests, dark, with a filter open');
  await page.evaluate(() => localStorage.setItem('warmpath.theme', 'light'));
  await page.reload();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole('button', { name: /^Filters/ }).click();
  await page.getByRole('button', { name: 'More filters' }).click();
  await assertFits(page, 'requests');
  await waitForRows(page, 1);
  await assertAccessible(page, 'requests on a phone, light');
});

step('the browser had nothing to complain about', async ({ complaints }) => {
  // What a test cut off may have been told late.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
});

async function matchingCount(page: Page): Promise<number> {
  const text = (await page.getByText(/^[\d,]+ matching requests?$/).textContent()) ?? '';
  return Number(text.replace(/\D/g, ''));
}

function numberIn(text: string | null | undefined): number {
  return Number(text?.replace(/[^\d.]/g, ''));
}

async function histogramSum(page: Page): Promise<number> {
  const bars = page.getByRole('region', { name: 'Requests over time' }).locator('[data-bar]');
  const texts = await bars.evaluateAll((all) => all.map((bar) => bar.getAttribute('aria-label') ?? ''));
  return texts.reduce((sum, text) => sum + numberIn(/([\d,]+) requests?/.exec(text)?.[1]), 0);
}

/** Runs in the page: notes the animations by which a drawer comes in. */
function noteEntrances(): void {
  const entrances: string[] = [];
  Reflect.set(window, 'entrances', entrances);
  document.addEventListener('animationstart', ({ animationName }) => {
    if (animationName === 'fade-in' || animationName === 'slide-in') entrances.push(animationName);
  });
}

/** Runs in the page: whatever was to begin has begun after them. */
async function twoFrames(): Promise<void> {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
}

function focusedRow(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex') ?? null);
}
