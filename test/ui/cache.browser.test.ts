// The Cache screen in a real browser: figures and their split, miss causes, the reservation's sliders, provider caches.
// The tests build on each other, in order.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import {
  assertAccessible,
  eventually,
  graphql,
  openSettled,
  openVisit,
  rowsOf,
  stopAnswering,
  whenSettled,
} from './visit.ts';

const RESERVATION = '{ settings { reservation { stableMaxReservation probeReservation enabled } } }';
const CHANGE =
  'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { errors { code message } } }';
const RENAME =
  'mutation ($id: ID!, $name: String!) { updateAccount(id: $id, input: { name: $name }) { errors { code } } }';
const DAY_MS = 86_400_000;
const HOSTILE = `<img src=x onerror="document.title='owned'">${'長'.repeat(150)}`;

const step = await openVisit({ history: { rows: 3_000, days: 7 } });

function search(page: Page): string {
  return new URL(page.url()).search;
}

async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

step('the screen tells what was saved, what was possible, and why the rest was cold', async ({ page }) => {
  await openSettled(page, '/cache?period=7d');
  const figures = page.getByRole('region', { name: 'Figures of the period' });
  await eventually(async () => {
    const text = (await figures.textContent()) ?? '';
    assert.match(text, /Saved by caching\s*\$[\d,.]+/);
    const [rate, ceiling] =
      /([\d.]+)%.*?([\d.]+)% was possible/.exec(text.split('hit rate')[1] ?? '')?.slice(1) ?? [];
    assert.ok(Number(rate) > 0 && Number(rate) < Number(ceiling) && Number(ceiling) < 100, text);
  });
  const causes = page.getByRole('list', { name: 'Why tokens were cold' });
  await causes.getByText('New content', { exact: true }).waitFor();
  await causes.getByText('Not avoidable. Never sent before').waitFor();
  const expired = causes.getByRole('link', { name: /^Expired/ });
  await eventually(async () =>
    assert.match((await expired.getAttribute('href')) ?? '', /^\/requests\?miss=TTL_EXPIRED&period=7d$/),
  );
  await eventually(async () =>
    assert.equal(await causes.getByRole('link', { name: /^New content/ }).count(), 0),
  );
  await assertAccessible(page, 'cache figures');
});

step('split and order live in the address; back and reload restore them', async ({ page }) => {
  // A period that has ended: its figures are the same after a reload.
  const daysAgo = (days: number) => encodeURIComponent(new Date(Date.now() - days * DAY_MS).toISOString());
  const period = `?from=${daysAgo(6)}&to=${daysAgo(1)}`;
  await openSettled(page, `/cache${period}`);
  await page.getByRole('group', { name: 'Split by' }).getByRole('button', { name: 'Account' }).click();
  const head = page.getByRole('columnheader', { name: 'Account' });
  await head.waitFor();
  await page.getByRole('columnheader', { name: 'Saved' }).getByRole('button').click();
  await eventually(async () => assert.equal(search(page), `${period}&by=account&sort=saved`));
  await whenSettled(page);
  const first = await rowsOf(page).first().textContent();
  await page.getByRole('columnheader', { name: 'Saved' }).getByRole('button').click();
  await eventually(async () => assert.equal(search(page), `${period}&by=account&sort=-saved`));
  await eventually(async () => assert.notEqual(await rowsOf(page).first().textContent(), first));
  await page.goBack();
  await page.reload();
  await head.waitFor();
  await eventually(async () => assert.equal(search(page), `${period}&by=account&sort=saved`));
  await eventually(async () => assert.equal(await rowsOf(page).first().textContent(), first));
  await page.getByRole('button', { name: 'Table' }).first().click();
  await page
    .getByRole('columnheader', { name: 'All together' })
    .or(page.locator('th', { hasText: 'All together' }))
    .first()
    .waitFor();
});

step('a group leads to its requests', async ({ page }) => {
  await rowsOf(page).first().locator('a:visible').click();
  await page.getByRole('heading', { name: 'Requests', level: 1 }).waitFor();
  await eventually(async () => assert.match(search(page), /^\?account=[^&]+&from=[^&]+&to=[^&]+$/));
});

step('misses are told for one model', async ({ page }) => {
  await openSettled(page, '/cache?period=7d');
  await page.getByLabel('Model whose misses are shown').selectOption({ label: 'gpt-5.2' });
  await page.waitForURL(/[?&]model=/);
  const id = new URL(page.url()).searchParams.get('model') ?? '';
  const expired = page
    .getByRole('list', { name: 'Why tokens were cold' })
    .getByRole('link', { name: /^Expired/ });
  await eventually(async () =>
    assert.ok(((await expired.getAttribute('href')) ?? '').includes(`model=${encodeURIComponent(id)}`)),
  );
});

step('sliders show what they would change before anything is saved', async (visit) => {
  const { page } = visit;
  await openSettled(page, '/cache?tab=reservation');
  const table = page.getByRole('table', { name: 'What each account holds back' });
  await table.getByText('10%').first().waitFor();
  await page.getByText('Accounts in their probe phase', { exact: true }).waitFor();
  const slider = page.getByRole('slider', { name: 'Held back in the probe phase' });
  await slider.focus();
  for (let n = 0; n < 5; n += 1) await slider.press('ArrowRight');
  await page.getByText('was 10%').waitFor();
  await table.getByText('15%').first().waitFor();
  await page.getByText('Not saved').waitFor();
  assert.match(JSON.stringify(await graphql(visit, RESERVATION)), /"probeReservation":0.1,/);
  await assertAccessible(page, 'the reservation with a draft');
});

step('what contradicts itself is refused beside its slider, and cannot be saved', async ({ page }) => {
  const most = page.getByRole('spinbutton', { name: 'Most held back after it' });
  await most.fill('5');
  await page.getByText('Must not be below the other of the pair').waitFor();
  await eventually(async () =>
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true),
  );
  await most.fill('60');
  await page.getByText('was 35%').waitFor();
  await page.locator('button:enabled', { hasText: 'Save' }).click();
  await page.getByText('The reservation was saved.').waitFor();
  await page.getByText('Not saved').waitFor({ state: 'detached' });
});

step('a change from elsewhere is not overwritten: the screen says so and loads it', async (visit) => {
  const { page } = visit;
  await eventually(async () =>
    assert.match(
      JSON.stringify(await graphql(visit, RESERVATION)),
      /"stableMaxReservation":0.6,"probeReservation":0.15/,
    ),
  );
  await page.getByRole('spinbutton', { name: 'Held back in the probe phase' }).fill('30');
  await graphql(visit, CHANGE, { input: { reservation: { probeReservation: 0.22 } } });
  await page.locator('button:enabled', { hasText: 'Save' }).click();
  await page.getByText('changed elsewhere').waitFor();
  await page.getByRole('button', { name: 'Load the present state' }).click();
  const probe = page.getByRole('spinbutton', { name: 'Held back in the probe phase' });
  await eventually(async () => assert.equal(await probe.inputValue(), '22'));
  await page.getByRole('switch', { name: 'Hold slots back' }).click();
  await page.getByText('Switched off').first().waitFor();
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByText('Switched off').first().waitFor({ state: 'detached' });
});

step('who may not change settings still sees the preview, and is told why', async ({ page }) => {
  await page.route('**/graphql', async (route) => {
    if (route.request().headers().accept === 'text/event-stream') return route.continue();
    const response = await route.fetch();
    const body = (await response.text()).replace('"role":"ADMIN"', '"role":"VIEWER"');
    return route.fulfill({ response, body });
  });
  await openSettled(page, '/cache?tab=reservation');
  await page.getByRole('spinbutton', { name: 'Held back in the probe phase' }).fill('40');
  await page.getByRole('table', { name: 'What each account holds back' }).getByText('40%').first().waitFor();
  await page.getByText('Needs the role administrator.').waitFor();
  await eventually(async () =>
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true),
  );
  await stopAnswering(page);
});

step('provider caches open in the address with all that is known and its source', async ({ page }) => {
  await openSettled(page, '/cache?tab=providers');
  await page.getByRole('button', { name: 'All about Anthropic other models' }).click();
  await eventually(async () => assert.equal(search(page), '?tab=providers&rule=claude'));
  await page.reload();
  const dialog = page.getByRole('dialog', { name: 'Anthropic: other models' });
  for (const text of ['1,024 tokens', '5 min / 1 h', '1.25 × the input price (+25%)', 'tool_choice'])
    await dialog.getByText(text, { exact: true }).waitFor();
  await eventually(async () =>
    assert.match(
      (await dialog.getByRole('link', { name: /prompt-caching/ }).getAttribute('href')) ?? '',
      /^https:/,
    ),
  );
  await assertAccessible(page, 'a provider cache');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(search(page), '?tab=providers'));
});

step(
  'a failed load says so and can be tried again; a period without requests says what to do',
  async ({ page, complaints }) => {
    await page.route('**/graphql', (route) => route.abort());
    await page.getByRole('button', { name: 'Hits and savings' }).click();
    await page.getByText('The server cannot be reached').first().waitFor();
    await stopAnswering(page);
    // The figures stand first; charts and table share the second.
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByText('Saved by caching').waitFor();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByRole('button', { name: 'Try again' }).first().waitFor({ state: 'detached' });
    await page.getByRole('table', { name: 'Breakdown' }).waitFor();
    await openSettled(page, '/cache?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z');
    await page.getByText('No requests in this period').waitFor();
    const others = complaints.splice(0).filter((text) => !text.includes('ERR_FAILED'));
    assert.deepEqual(others, []);
  },
);

step('hostile names are text, and every part fits a phone', async (visit) => {
  const { page, complaints } = visit;
  const found = JSON.stringify(await graphql(visit, '{ accounts(first: 1) { nodes { id } } }'));
  const id = /"id":"([^"]+)"/.exec(found)?.[1] ?? '';
  await graphql(visit, RENAME, { id, name: HOSTILE });
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ['/cache?by=account&period=7d', '/cache?tab=reservation', '/cache?tab=providers']) {
    await openSettled(page, path);
    if (!path.includes('providers')) await page.getByText('<img src=x').first().waitFor();
    await eventually(async () => assert.ok((await overflowOf(page)) <= 0, path));
  }
  await assertAccessible(page, 'provider caches on a phone');
  await eventually(async () => assert.notEqual(await page.title(), 'owned'));
  assert.deepEqual(complaints, []);
});
