// The TTL advice screen in a real browser, on a past of seven days.

import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import {
  assertAccessible,
  eventually,
  graphql,
  openSettled,
  openVisit,
  stopAnswering,
  whenSettled,
} from './visit.ts';

const step = await openVisit({ history: { rows: 3_000, days: 7 } });

const HOSTILE = `<img src=x onerror="document.title='taken'">${'x'.repeat(150)}`;

/** Lists of groups, and columns of points. */
const EMPTIED = new Set(['users', 'startedAfterSeconds', 'minutes', 'user', 'model', 'cacheRead']);

step('figures, the cheapest plan, the points and the advice of each user are there', async ({ page }) => {
  await openSettled(page, '/ttl?period=7d');
  for (const label of ['Request hit rate', 'Token hit rate', 'Cost of writing', 'Net savings']) {
    await page.getByText(label, { exact: true }).waitFor();
  }
  await page
    .getByText(/^The 1-hour cache is cheapest$|^The 5-minute cache is|^Keeping the 5-minute/)
    .waitFor();
  await eventually(async () =>
    assert.match(
      (await page.getByRole('list', { name: 'Cost of input with each plan' }).textContent()) ?? '',
      /cheapest/,
    ),
  );
  await page.getByText(/pauses of at most 120 min/).waitFor();
  const ada = page.getByRole('row').filter({ hasText: 'ada@example.com' });
  await eventually(async () =>
    assert.match(
      (await ada.textContent()) ?? '',
      /\d min\s*(high|mid-high|medium|low)\s.*within (\d+ min )?[\d.]+ s\b.*cheapest\s*\$/s,
    ),
  );
  // Her provider caches by itself.
  const grace = page.getByRole('row').filter({ hasText: 'grace@example.com' });
  await eventually(async () => assert.match((await grace.textContent()) ?? '', /Not applicable/));
});

step(
  'period, grouping, order, unit and search are in the address; back and reload restore them',
  async ({ page }) => {
    await page.getByRole('button', { name: 'Session', exact: true }).click();
    await page.getByRole('heading', { name: 'Advice by session' }).waitFor();
    await page.getByRole('button', { name: 'Per 1,000 requests' }).click();
    await page.getByRole('button', { name: 'Keep warm' }).click();
    await page.getByRole('button', { name: '14 d' }).click();
    await page.getByRole('columnheader', { name: 'Keep warm' }).waitFor();
    await eventually(async () =>
      assert.deepEqual(paramsOf(page), { period: '14d', by: 'session', usd: 'per1000', order: 'warm' }),
    );
    await page.reload();
    await page.getByRole('heading', { name: 'Advice by session' }).waitFor();
    const sorted = page.getByRole('columnheader', { name: 'Keep warm' });
    await sorted.waitFor();
    await eventually(async () => assert.equal(await sorted.getAttribute('aria-sort'), 'descending'));
    await page.goBack();
    await page.getByRole('button', { name: '7 d', pressed: true }).waitFor();
    await page.getByRole('button', { name: 'User', exact: true }).last().click();
    await page.getByLabel('Search name, e-mail or id').fill('LINUS');
    await page.getByText('ada@example.com').waitFor({ state: 'detached' });
    await eventually(async () => assert.equal(paramsOf(page).q, 'LINUS'));
    await page.getByLabel('Search name, e-mail or id').fill('nobody like this');
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Reset filters' }).click();
    await page.getByText('ada@example.com').waitFor();
  },
);

step('a row opens its own points and links, which the address names and Escape closes', async ({ page }) => {
  await openSettled(page, '/ttl?period=7d&by=key');
  await page.getByRole('row').filter({ hasText: 'demo-ada' }).getByRole('link').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('Length of pauses').waitFor();
  await drawer.getByRole('slider').waitFor();
  await eventually(async () =>
    assert.equal(
      await drawer.getByRole('link', { name: 'Show requests' }).getAttribute('href'),
      '/requests?key=demo-ada&period=7d',
    ),
  );
  await eventually(async () =>
    assert.equal(
      await drawer.getByRole('link', { name: 'Show bindings' }).getAttribute('href'),
      '/affinities?q=demo-ada',
    ),
  );
  for (const href of ['/accounts', '/settings?tab=affinity', '/settings?tab=levers']) {
    await drawer.locator(`a[href="${href}"]`).waitFor();
  }
  const address = page.url();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(paramsOf(page).open, undefined));
  await page.goto(address);
  await drawer.getByText('Length of pauses').waitFor();
  await page.goto('/ttl?open=nobody');
  await drawer.getByText('Not in this list').first().waitFor();
  await page.keyboard.press('Escape');
});

step(
  'arrow keys move the crosshair, which tells the share below in all points and in each group',
  async ({ page }) => {
    await openSettled(page, '/ttl?period=7d');
    const chart = page.getByRole('slider');
    await chart.focus();
    for (const [key, told] of [
      ['ArrowUp', /^≤ 5 min 30 s: [\d.]+% of points$/],
      ['ArrowDown', /^≤ 5 min: [\d.]+% of points$/],
      ['PageUp', /^≤ 10 min: [\d.]+% of points$/],
      ['End', /^≤ 2 h: 100% of points$/],
    ] as const) {
      await page.keyboard.press(key);
      await eventually(async () => assert.match((await chart.getAttribute('aria-valuetext')) ?? '', told));
    }
    const legend = page.getByRole('group', { name: 'Points shown' });
    await eventually(async () =>
      assert.match((await legend.getByRole('button').first().textContent()) ?? '', /100%/),
    );
  },
);

step('the pointer moves the crosshair without drawing the points again', async ({ page }) => {
  await whenSettled(page);
  const chart = page.getByRole('slider');
  const box = await chart.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 300, box.y + 20);
  await page.evaluate(countDrawnPoints);
  for (let y = 30; y < 230; y += 20) await page.mouse.move(box.x + 300, box.y + y);
  await eventually(async () => assert.ok(Number(await chart.getAttribute('aria-valuenow')) < 10));
  await eventually(async () =>
    assert.equal(await page.evaluate(() => Reflect.get(window, 'drawnPoints')), 0),
  );
  // What changes the picture does draw them again.
  const changes = [
    () => page.getByRole('group', { name: 'Points shown' }).getByRole('button').first().click(),
    () => page.emulateMedia({ colorScheme: 'dark' }),
    () => page.setViewportSize({ width: 1000, height: 800 }),
  ];
  for (const change of changes) {
    await page.evaluate(() => Reflect.set(window, 'drawnPoints', 0));
    await change();
    await page.waitForFunction(() => Number(Reflect.get(window, 'drawnPoints')) > 100);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
});

step(
  'table view, folding and colours are in the address, and groups can be switched off',
  async ({ page }) => {
    await openSettled(page, '/ttl?period=7d');
    await page.getByRole('switch', { name: 'Fold idle time' }).click();
    await page.getByRole('button', { name: 'Cache', exact: true }).click();
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    await eventually(async () =>
      assert.deepEqual(paramsOf(page), { period: '7d', fold: 'yes', colour: 'cache', chart: 'table' }),
    );
    const table = page.getByRole('region', { name: 'Pauses between requests' });
    const all = table.getByRole('row').filter({ hasText: 'All points' });
    const before = (await all.textContent()) ?? '';
    assert.match(before, /All points\s*[\d,]+/);
    await page.getByRole('button', { name: /^Nothing read from the cache/ }).click();
    await table.getByRole('row', { name: /Nothing read/ }).waitFor({ state: 'detached' });
    await eventually(async () => assert.notEqual(await all.textContent(), before));
    await page.reload();
    await table.getByText('All points').waitFor();
  },
);

step('a failed load says so and can be tried again', async ({ page, complaints }) => {
  const refuse = (route: Route) => route.abort();
  await page.route('**/graphql*', refuse);
  await page.getByRole('button', { name: 'Reload', exact: true }).click();
  await page.getByRole('alert').nth(2).waitFor();
  await stopAnswering(page);
  const retries = page.getByRole('button', { name: 'Try again' });
  for (const left of [2, 1, 0]) {
    await retries.first().click();
    // Each part keeps its button until it has loaded.
    await eventually(async () => assert.equal(await retries.count(), left));
  }
  await page.getByText('Net savings').waitFor();
  await page.getByText('ada@example.com').waitFor();
  complaints.splice(0);
});

step('nothing to analyse says what to do next', async ({ page }) => {
  await page.route('**/graphql*', withoutRequests);
  await page.goto('/ttl?period=12h');
  await page.getByText('No pauses yet').waitFor();
  await page.getByText('No advice for this period yet').waitFor();
  await page.getByText('Nothing to choose in this period').waitFor();
  await stopAnswering(page);
});

step('dollars from a sample tell their error, and plans that it does not tell apart', async ({ page }) => {
  await page.route('**/graphql*', asSampled);
  await openSettled(page, '/ttl?period=7d');
  await page.getByText(/seems cheapest, but not clearly$/).waitFor();
  await page.getByText(/^About equal to the .+: \$[\d,]+ ± \$1,000 less$/).waitFor();
  await page.getByText(/in a sample of 40 of all 400 sessions,/).waitFor();
  const plans = page.getByRole('list', { name: 'Cost of input with each plan' }).getByRole('listitem');
  const about = plans.filter({ hasText: 'about equal' });
  await eventually(async () => assert.equal(await about.count(), 2));
  await about.first().getByText('± $1,000').first().waitFor();
  await about
    .first()
    .getByTitle(/^USD [\d.e-]+ ± 1000 \(95% confidence\)$/)
    .waitFor();
  const ada = page.getByRole('row').filter({ hasText: 'ada@example.com' });
  await eventually(async () =>
    assert.match((await ada.textContent()) ?? '', /about equal\s*\$\d+\s*± \$1,000/),
  );
  await page.setViewportSize({ width: 360, height: 740 });
  await eventually(async () =>
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0),
  );
  await page.setViewportSize({ width: 1280, height: 800 });
  await stopAnswering(page);
});

step('a hostile name is text, on a desk, a phone, in the dark and in Chinese', async (visit) => {
  const { page, complaints } = visit;
  await graphql(
    visit,
    'mutation ($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { errors { code } } }',
    {
      id: await idOfUser(visit, 'linus'),
      input: { username: HOSTILE },
    },
  );
  await openSettled(page, '/ttl?period=7d&fold=yes');
  await page.getByText('<img src=x').first().waitFor();
  await assertAccessible(page, 'desk');
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate(() => localStorage.setItem('warmpath.locale', 'zh-CN'));
  await openSettled(page, '/ttl?period=7d');
  await page.getByText('按用户的建议').waitFor();
  await eventually(async () =>
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0),
  );
  await assertAccessible(page, 'phone, dark, Chinese');
  await page.getByRole('row').filter({ hasText: '<img src=x' }).getByRole('link').click();
  await page.getByRole('dialog').getByRole('slider').waitFor();
  await assertAccessible(page, 'drawer');
  await eventually(async () => assert.notEqual(await page.title(), 'taken'));
  assert.deepEqual(
    complaints.filter((text) => !text.includes('net::ERR_FAILED')),
    [],
  );
});

function paramsOf(page: Page): Record<string, string> {
  return Object.fromEntries(new URL(page.url()).searchParams);
}

/** Points are small rectangles; the crosshair draws none. */
function countDrawnPoints(): void {
  const context = CanvasRenderingContext2D.prototype;
  const draw = context.fillRect;
  Reflect.set(window, 'drawnPoints', 0);
  context.fillRect = function (...box) {
    Reflect.set(window, 'drawnPoints', Number(Reflect.get(window, 'drawnPoints')) + 1);
    return draw.apply(this, box);
  };
}

/** The answers of a gateway that nobody has called. */
async function withoutRequests(route: Route): Promise<void> {
  // Live feeds never end.
  if (route.request().headers().accept === 'text/event-stream') return route.continue();
  const response = await route.fetch();
  const text = await response.text();
  if (!/"(ttlAnalysis|intervalTimeline)"/.test(text)) return route.fulfill({ response });
  const answer = JSON.parse(text, (key: string, value: unknown) => {
    if (key === 'advice') return null;
    return EMPTIED.has(key) && Array.isArray(value) ? [] : value;
  });
  return route.fulfill({ response, json: answer });
}

const SAMPLED: Readonly<Record<string, unknown>> = {
  sampledSessions: 40,
  sessions: 400,
  plusMinus: { fiveMinutesUsd: 1000, oneHourUsd: 1000, keepWarmUsd: 1000 },
};

/** The same answers as if few of many sessions had been drawn: the next cheapest plan is within the error. */
async function asSampled(route: Route): Promise<void> {
  if (route.request().headers().accept === 'text/event-stream') return route.continue();
  const response = await route.fetch();
  const text = await response.text();
  if (!text.includes('"ttlAnalysis"')) return route.fulfill({ response });
  const answer = JSON.parse(text, (key: string, value: unknown) => {
    if (key === 'savings' && Array.isArray(value)) {
      return value.map((saving, index) => ({ ...saving, plusMinusUsd: 1000, isClear: index > 0 }));
    }
    return Object.hasOwn(SAMPLED, key) ? SAMPLED[key] : value;
  });
  return route.fulfill({ response, json: answer });
}

async function idOfUser(visit: Parameters<typeof graphql>[0], username: string): Promise<string> {
  const found = JSON.stringify(await graphql(visit, '{ users(first: 50) { nodes { username id } } }'));
  return new RegExp(`"username":"${username}","id":"([^"]+)"`).exec(found)?.[1] ?? '';
}
