// What several screens do alike: dialogs, days of 25 hours, copying that fails, files, two tabs, edits taken back, nothing there yet.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { Download, Page, Route } from 'playwright-core';
import { openTab, PATHS } from './checklist.ts';
import { bootDemoGateway } from './demo-gateway.ts';
import {
  assertFits,
  eventually,
  graphql,
  logIn,
  openSettled,
  openVisit,
  sendRequest,
  stopAnswering,
  type Visit,
  whenSettled,
} from './visit.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const step = await openVisit({ history: { rows: 1_500, days: 24 } });

/** Where rows lead to a dialog, and addresses that open one by themselves. */
const LISTS = [
  ...PATHS,
  '/cache?tab=providers',
  '/ttl?period=30d',
  '/keys?tab=users',
  '/affinities?tab=events',
];
/** Of them, those that surely have a row. */
const WITH_ROWS = ['/requests', '/affinities', '/accounts', '/audit', '/ttl', '/keys', '/models'];
const ROW_BUTTON = 'main [role="row"] button[aria-label^="Open"]:visible';
const WAYS_IN = `main a[href*="open="]:visible, ${ROW_BUTTON}`;
const FORMS = ['/accounts?add=1', '/keys?create=1', '/models?create=1', '/settings?tab=access&create=1'];

step('every dialog that an address opens holds the focus and gives it back', async (visit) => {
  const { page } = visit;
  await sendRequest(visit);
  const opened = [...FORMS];
  for (const list of LISTS) {
    await openSettled(page, list);
    if (WITH_ROWS.includes(list)) await page.locator(WAYS_IN).first().waitFor();
    const found = (await page.evaluate(linkToDialog)) ?? (await addressOfFirstRow(page));
    if (found !== null) opened.push(found);
  }
  const kinds = new Set(opened.map((address) => address.replace(/=.*/, '')));
  for (const kind of [
    '/requests?open',
    '/affinities?open',
    '/accounts?open',
    '/audit?open',
    '/ttl?open',
    '/keys?open',
    '/models?open',
  ]) {
    assert.ok(kinds.has(kind), `${kind} is missing from ${[...kinds].join(' ')}`);
  }
  for (const address of opened) await visitDialog(page, address);
});

async function visitDialog(page: Page, address: string): Promise<void> {
  const { pathname, search } = new URL(address, page.url());
  const params = new URLSearchParams(search);
  const opener = ['open', 'add', 'create', 'rule'].find((name) => params.has(name)) ?? assert.fail(address);
  params.delete(opener);
  await openSettled(page, `${pathname}?${params}`);
  await page.evaluate(placeLink, address);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await whenSettled(page);
  await page.waitForFunction(isFocusInside, null, {}).catch(() => assert.fail(`${address}: no focus`));
  const stops = await dialog.locator('a[href], button, input, select, textarea, [tabindex="0"]').count();
  for (let pressed = 0; pressed < Math.min(stops + 2, 60); pressed += 1) {
    await page.keyboard.press(pressed % 5 === 4 ? 'Shift+Tab' : 'Tab');
    // What had it may have gone meanwhile; the dialog takes it back.
    await page
      .waitForFunction(isFocusInside)
      .catch(() => assert.fail(`${address}: the focus left the dialog`));
  }
  await page.keyboard.press('Escape');
  await dialog
    .waitFor({ state: 'detached' })
    .catch(() => assert.fail(`${address}: Escape does not close it`));
  await eventually(async () =>
    assert.ok(!new URL(page.url()).searchParams.has(opener), `${address}: still in the address`),
  );
  await page
    .waitForFunction(() => document.activeElement?.id === 'way-in', null, {})
    .catch(async () => {
      const now = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120));
      assert.fail(`${address}: the focus is not back, but on ${now}`);
    });
}

step('buckets follow the zone that is chosen, over a day of 25 hours', async (visit) => {
  const page = await openTab(visit, { timezoneId: 'America/New_York' });
  // In New York, the first Sunday of November begins in summer time and ends without it.
  const sundayMs = lastLongDay();
  const midnight = (days: number, hour: number) =>
    new Date(sundayMs + days * DAY_MS + hour * HOUR_MS).toISOString();
  const address = `/?from=${midnight(-27, 4)}&to=${midnight(19, 5)}`;
  const buckets = async (zone: string, act: () => Promise<unknown>) => {
    const [response] = await Promise.all([
      page.waitForResponse(
        (answer) => answer.request().postData()?.includes(`"timeZone":"${zone}"`) === true,
      ),
      act(),
    ]);
    return bucketsOf(await response.text());
  };
  const local = await buckets('America/New_York', () => page.goto(address));
  const day = local.find(({ from }) => from === midnight(0, 4));
  assert.equal(day?.to, midnight(1, 5));
  assert.ok(local.every(({ from }) => /T0[45]:00:00.000Z$/.test(from)));
  await page.getByRole('main').getByRole('button', { name: 'Table', exact: true }).first().click();
  const table = page.getByRole('main').getByRole('table').first();
  const name = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', month: 'short', day: 'numeric' });
  for (const days of [-1, 0, 1]) {
    const text = `${name.format(sundayMs + days * DAY_MS)}, 00:00`;
    await table.getByText(text, { exact: false }).first().waitFor();
  }
  const utc = await buckets('UTC', async () => {
    await page.getByRole('button', { name: 'Time zone: America/New_York' }).first().click();
    await page.getByRole('menuitem', { name: 'UTC', exact: true }).click();
  });
  assert.ok(utc.some(({ from, to }) => from === midnight(0, 0) && to === midnight(1, 0)));
  await page.context().close();
});

step(
  'a clipboard that refuses is told, and a secret leaves the screen only when it is saved',
  async (visit) => {
    const page = await openTab(visit);
    await page.addInitScript(() => {
      const writeText = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
      Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
    });
    await openSettled(page, '/keys?create=1');
    await page.getByLabel('Name', { exact: true }).fill('clipboard');
    await page.getByRole('dialog').getByRole('button', { name: 'Create API key' }).click();
    const secret = page.locator('[data-secret]');
    await secret.waitFor();
    await page.getByRole('dialog').getByRole('button', { name: /^Copy/ }).first().click();
    await page
      .getByRole('status')
      .getByText('The browser did not allow copying.', { exact: false })
      .waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => assert.ok(await secret.isVisible()));
    await page.getByRole('button', { name: 'I saved it' }).click();
    await secret.waitFor({ state: 'detached' });
    await page.context().close();
  },
);

step('what matches is saved as CSV or JSON, as it streams, with formulas made harmless', async (visit) => {
  const { page } = visit;
  assert.equal(await sendRequest(visit, { model: '@cmd-1' }), 404);
  assert.equal(await sendRequest(visit, { model: '+cmd-2' }), 404);
  await openSettled(page, '/requests?q=cmd-');
  await page.getByText('2 matching requests', { exact: false }).first().waitFor();
  const save = async (name: string) => {
    await page.getByRole('button', { name: 'Export…' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name, exact: true }).click(),
    ]);
    return textOf(download);
  };
  const csv = await save('CSV');
  assert.ok(csv.startsWith('id,requestId,'), 'no byte order mark unless asked for');
  assert.equal(csv.trim().split('\r\n').length, 1 + 2);
  assert.match(csv, /'@cmd-1/);
  assert.match(csv, /'\+cmd-2/);
  const lines = (await save('JSON lines')).trim().split('\n');
  const models = lines.map((line) => (JSON.parse(line) as { requestedModel: string }).requestedModel);
  assert.deepEqual(models.sort(), ['+cmd-2', '@cmd-1']);
  const streamed = await page.evaluate(() =>
    fetch('/admin/export/requests.csv').then(({ headers }) => headers.get('content-length')),
  );
  assert.equal(streamed, null);
});

step('of two tabs that edit the same, the second is told', async (visit) => {
  const first = visit.page;
  const second = await openTab(visit);
  for (const tab of [first, second]) await openSettled(tab, '/settings?tab=affinity');
  const ttl = (page: Page) => page.locator('[data-setting="affinity.ttlSeconds"] input').first();
  const save = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Save', exact: true });
  await ttl(second).fill('1200');
  await ttl(first).fill('900');
  await save(first).click();
  await first.getByText('Affinity saved.').waitFor();
  await save(second).click();
  await second
    .locator('[data-conflict]')
    .getByText(/900|15/)
    .first()
    .waitFor();
  await eventually(async () => assert.equal(await ttl(second).inputValue(), '1200'));
  for (const tab of [first, second]) {
    await openSettled(tab, '/accounts');
    await tab.getByRole('button', { name: 'More actions for openai-a' }).click();
    await tab.getByRole('menuitem', { name: 'Edit account' }).click();
  }
  await second.getByRole('dialog').getByLabel('Weight').fill('3');
  await first.getByRole('dialog').getByLabel('Weight').fill('5');
  await save2(first);
  await first.getByRole('dialog').waitFor({ state: 'detached' });
  await save2(second);
  await second.locator('[data-conflict]').getByText('Weight').waitFor();
  await second.context().close();
});

const save2 = (page: Page) =>
  page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();

step('a switch that the gateway does not hear goes back, on every list that has one', async (visit) => {
  const { page, complaints } = visit;
  for (const path of ['/accounts', '/keys']) {
    await openSettled(page, path);
    const toggle = page.getByRole('main').getByRole('switch').locator('visible=true').first();
    const before = await toggle.getAttribute('aria-checked');
    const cut = (route: Route) => route.abort();
    await page.route('**/graphql', cut);
    await toggle.click();
    await page.getByRole('status').getByText('The server cannot be reached.', { exact: false }).waitFor();
    await eventually(async () => assert.equal(await toggle.getAttribute('aria-checked'), before, path));
    await stopAnswering(page);
  }
  complaints.splice(0);
});

step('without anything, every screen says so and leads on', async (visit) => {
  const gateway = await bootDemoGateway({ withTraffic: false });
  after(() => gateway.stop());
  const page = await openTab({ ...visit, gateway }, { storageState: { cookies: [], origins: [] } });
  const fresh = { gateway, page, complaints: [] };
  await logIn(fresh);
  await clear(fresh);
  for (const path of [...PATHS, '/keys?tab=users', '/settings?tab=access', '/lab?tab=replay']) {
    await openSettled(page, path);
    if (WITHOUT_LIST.has(path)) continue;
    const empty = page.locator('main [data-empty]:visible');
    await eventually(async () =>
      assert.ok((await empty.count()) > 0, `${path} does not say that it is empty`),
    );
    // One that leads on, here or among the actions of the screen.
    const ways = page.locator('main :is([data-empty], header) :is(a[href], button:enabled)');
    await eventually(async () => assert.ok((await ways.count()) > 0, `${path} leads nowhere`));
    await assertFits(page, path);
  }
  await eventually(async () => assert.equal(await page.locator('main [role="alert"]').count(), 0));
  await page.context().close();
});

/** Screens that are forms or steps: nothing in them can be missing. The audit log has the login. */
const WITHOUT_LIST = new Set(['/settings', '/start', '/audit', '/lab', '/lab?tab=replay']);

async function clear(visit: Visit): Promise<void> {
  const found = await graphql(
    visit,
    `{ providers(first: 50) { nodes { id } } apiKeys(first: 50) { nodes { id } }
       users(first: 50) { nodes { id } } models(first: 50) { nodes { id } } }`,
  );
  const remove = {
    providers: 'deleteProvider',
    apiKeys: 'deleteApiKey',
    users: 'deleteUser',
    models: 'deleteModel',
  };
  for (const [list, name] of Object.entries(remove)) {
    const { nodes } = Reflect.get(Object(found), list) as { nodes: { id: string }[] };
    for (const { id } of nodes) {
      await graphql(visit, `mutation ($id: ID!) { ${name}(id: $id) { errors { message } } }`, { id });
    }
  }
}

async function textOf(download: Download): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function bucketsOf(text: string): { from: string; to: string }[] {
  return [...text.matchAll(/"from":"([^"]+)","to":"([^"]+)"/g)].map(([, from = '', to = '']) => ({
    from,
    to,
  }));
}

/** The first link of the screen's rows that opens a dialog on it. Runs in the page. */
function linkToDialog(): string | null {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('main a[href]')) {
    const { pathname, search } = new URL(link.href);
    if (pathname === location.pathname && /[?&](open|rule)=/.test(search) && link.checkVisibility())
      return pathname + search;
  }
  return null;
}

/** Where rows are no links, the first is opened for its address. */
async function addressOfFirstRow(page: Page): Promise<string | null> {
  const button = page.locator(ROW_BUTTON);
  if ((await button.count()) === 0) return null;
  await button.first().click();
  await page.getByRole('dialog').waitFor();
  return page.evaluate(() => location.pathname + location.search);
}

/** When the first Sunday of November began in UTC, of the last year in which three weeks have passed since. */
function lastLongDay(): number {
  const nowMs = Date.now();
  const firstSunday = (year: number) => {
    const first = new Date(Date.UTC(year, 10, 1));
    return first.getTime() + ((7 - first.getUTCDay()) % 7) * DAY_MS;
  };
  const year = new Date(nowMs).getUTCFullYear();
  return firstSunday(nowMs - firstSunday(year) > 21 * DAY_MS ? year : year - 1);
}

function placeLink(href: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.id = 'way-in';
  link.textContent = href;
  document.querySelector('main')?.prepend(link);
  link.focus();
}

function isFocusInside(): boolean {
  const { activeElement } = document;
  return (
    activeElement !== null &&
    activeElement !== document.body &&
    activeElement.closest('[role="dialog"]') !== null
  );
}
