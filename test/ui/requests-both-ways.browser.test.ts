// The Requests list around a moment, in a real browser: older and newer requests from there, up to the live ones.

import assert from 'node:assert/strict';
import type { Page, Request } from 'playwright-core';
import {
  climb,
  focusedRowKey,
  hasRowsAbove,
  nearTop,
  offsetOfTable,
  placeOfRow,
  visibleTimes,
} from './place-in-list.ts';
import { eventually, graphql, openSettled, openVisit, rowsOf, sendRequest, whenSettled } from './visit.ts';

const step = await openVisit({ history: { rows: 3_000, days: 7 } });

const query = (page: Page) => new URL(page.url()).searchParams;

step('a moment is jumped to, and the list goes on both ways from there, up to now', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/requests');
  await page.getByRole('button', { name: 'Time: Any time' }).click();
  const minute = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 16);
  await page.getByLabel('Jump to').fill(minute);
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  const moment = `${minute}:00.000Z`;
  await eventually(async () => assert.equal(query(page).get('at'), moment));
  await assertAround(page, moment);
  await page.getByText('3,000 requests', { exact: true }).waitFor();
  await page.reload();
  await assertAround(page, moment);
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.getByRole('button', { name: 'Newer requests' }).waitFor({ state: 'detached' });
  // The button went, and whoever pressed it is with the rows.
  await eventually(async () => assert.equal(await page.evaluate(focusedTable), 'requests'));
  await page.goBack();
  await assertAround(page, moment);
  // What is in sight keeps its place, and its focus, while newer rows come above it: those that are asked for from here on.
  await whenSettled(page);
  const place = await page.evaluate(nearTop);
  await page.waitForFunction(hasRowsAbove, place.rowsAbove + 50);
  await eventually(async () => assert.equal(await page.evaluate(placeOfRow, place.key), place.topPx));
  await eventually(async () => assert.equal(await page.evaluate(focusedRowKey), place.key));
  const offsetPx = await page.evaluate(offsetOfTable);
  await page.getByRole('button', { name: 'Newer requests' }).press('Enter');
  await eventually(async () => assert.ok((await page.evaluate(offsetOfTable)) < offsetPx));
  await page.waitForFunction(climb, undefined, { polling: 50 });
  await page.getByRole('button', { name: 'Newer requests' }).waitFor({ state: 'detached' });
  await page.locator('[data-connection="live"]').waitFor();
  await page.mouse.move(0, 0);
  await sendRequest(visit, { model: 'came-after-the-climb' });
  await rowsOf(page).filter({ hasText: 'came-after-the-climb' }).first().waitFor();
  await eventually(async () => {
    const times = await page.evaluate(visibleTimes);
    assert.deepEqual(times, times.toSorted().toReversed());
  });
});

step('walking up from a moment by k comes to newer requests', async ({ page }) => {
  const moment = new Date(Date.now() - 2 * 86_400_000).toISOString();
  await page.goto(`/requests?at=${moment}`);
  await assertAround(page, moment);
  // The table waits for the rows to come to rest, and then the first step goes to the first in sight.
  const times: string[] = [];
  for (let steps = 0; steps < 8; steps += 1) {
    const before = await page.evaluate(focusedRowKey);
    await page.keyboard.press(steps === 0 ? 'j' : 'k');
    await eventually(async () => assert.notEqual(await page.evaluate(focusedRowKey), before));
    times.push(await focusedTime(page));
  }
  assert.deepEqual(times, times.toSorted());
  assert.ok((times.at(-1) ?? '') > moment, `${times.at(-1)} after ${moment}`);
});

step('read anew while newer requests are on their way, the list still goes on up to now', async (visit) => {
  const { page } = visit;
  const moment = new Date(Date.now() - 2 * 86_400_000).toISOString();
  await openSettled(page, `/requests?at=${moment}`);
  await assertAround(page, moment);
  await page.locator('[data-connection="live"]').waitFor();
  let answer: () => void = () => undefined;
  const isTold = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/graphql', async (route) => {
    if (isOfNewer(route.request())) await isTold;
    await route.fallback();
  });
  const asked = page.waitForRequest(isOfNewer);
  await page.evaluate(climb);
  await asked;
  const readAnew = page.waitForResponse((response) => isOfFirst(response.request()));
  const cleared = await graphql(
    visit,
    'mutation ($to: DateTime!) { clearRequestLogs(filter: { to: $to }) { clearedCount } }',
    { to: new Date(Date.now() - 6 * 86_400_000).toISOString() },
  );
  assert.doesNotMatch(JSON.stringify(cleared), /"clearedCount":0/);
  await readAnew;
  answer();
  await page.waitForFunction(climb, undefined, { polling: 50 });
  await page.getByRole('button', { name: 'Newer requests' }).waitFor({ state: 'detached' });
});

step('the browser had nothing to complain about', async ({ complaints }) => {
  assert.deepEqual(complaints, []);
});

/** A page of what is newer than what is shown. */
function isOfNewer(request: Request): boolean {
  return /"before":"/.test(request.postData() ?? '');
}

/** What came after the moment, as it is asked for first. */
function isOfFirst(request: Request): boolean {
  const body = request.postData() ?? '';
  return /"last":\d/.test(body) && !/"before":"/.test(body);
}

function focusedTable(): string | null {
  return document.activeElement?.getAttribute('data-table') ?? null;
}

function focusedTime(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.querySelector('time')?.getAttribute('datetime') ?? '');
}

/** Rows on both sides of the moment are in sight, and that there are newer ones is said. */
async function assertAround(page: Page, moment: string): Promise<void> {
  await page.getByRole('button', { name: 'Newer requests' }).waitFor();
  await eventually(async () => {
    const times = await page.evaluate(visibleTimes);
    assert.ok(times.some((time) => time >= moment) && times.some((time) => time < moment), String(times));
  });
}
