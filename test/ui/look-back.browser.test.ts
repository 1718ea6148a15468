// What happens between a screen's first answer and the opening of its stream shows, and nothing is asked twice without need.
// And the overview with more accounts than a page of the API has. The tests build on each other, in order.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import {
  eventually,
  graphql,
  openSettled,
  openVisit,
  sendRequest,
  stopAnswering,
  type Visit,
  waitForRows,
  whenSettled,
} from './visit.ts';

const STREAM = '**/graphql/stream**';
/** Of one length at any hour: "today" would begin anew at midnight. */
const OVERVIEW = '/?period=24h';
const API_PAGE = 200;
const ACCOUNTS = API_PAGE + 20;

const step = await openVisit();

interface AccountRow {
  id: string;
  name: string;
  provider: { id: string };
}

/** Opens a screen whose first answers are here while its streams are not; the result lets them. */
async function openWithoutStream(page: Page, path: string): Promise<() => Promise<void>> {
  // Elsewhere there is no stream of this tab any more that would only need a further operation.
  await page.goto('about:blank');
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(STREAM, async (route) => {
    await held;
    await route.continue().catch(() => undefined);
  });
  await page.clock.install();
  await openSettled(page, path);
  return async () => {
    const counts = countsAreTold(page);
    release();
    await page.locator('[data-connection="live"]').first().waitFor({ state: 'attached' });
    await counts;
    await whenSettled(page);
    // What is read again waits, together with what events would make it read.
    await page.clock.runFor(20_000);
    await whenSettled(page);
    await stopAnswering(page);
  };
}

/** To be called before what makes the page ask how much there was to tell. */
function countsAreTold(page: Page): Promise<unknown> {
  return page.waitForResponse(async (response) => {
    const isAnswer = new URL(response.url()).pathname === '/graphql' && response.ok();
    return isAnswer && /^\{"data":\{"liveCounts":\{[^{}]*\}\}\}$/.test(await response.text());
  });
}

/** One request that is logged, and told to whoever listened, before the stream of the page can run. */
async function logOne(visit: Visit, model: string): Promise<void> {
  const logged = async () => {
    const data = JSON.stringify(await graphql(visit, '{ liveCounts { requestsLogged } }'));
    return Number(/"requestsLogged":(\d+)/.exec(data)?.[1]);
  };
  const before = await logged();
  assert.equal(await sendRequest(visit, { model }), 200);
  await eventually(async () => assert.equal(await logged(), before + 1));
}

step(
  'a request that ends before the stream of the overview runs is in its list and its figures',
  async (visit) => {
    const { page } = visit;
    const openStream = await openWithoutStream(page, OVERVIEW);
    await page.getByText('Saved today').waitFor();
    await logOne(visit, 'claude-haiku-4-5');
    const main = page.getByRole('main');
    assert.equal(await main.getByText('claude-haiku-4-5').count(), 0);
    await openStream();
    const figure = main.getByRole('link', { name: /^Requests/ }).first();
    await eventually(async () => assert.match((await figure.textContent()) ?? '', /Requests\s*1\b/));
    // One in the list, one in what the money went to.
    await eventually(async () => assert.equal(await main.getByText('claude-haiku-4-5').count(), 2));
  },
);

step('figures are not asked for again when nothing happened meanwhile', async (visit) => {
  const { page } = visit;
  const asked: string[] = [];
  page.on('request', (request) => {
    const text = request.postData() ?? '';
    if (new URL(request.url()).pathname === '/graphql' && /"(filter|first)":/.test(text)) asked.push(text);
  });
  const openStream = await openWithoutStream(page, OVERVIEW);
  assert.equal(asked.splice(0).length, 3, 'figures, costs and the last requests');
  await openStream();
  assert.deepEqual(asked, []);
});

step('figures of the Cache screen do not lack it either', async (visit) => {
  const { page } = visit;
  const openStream = await openWithoutStream(page, '/cache?period=1h');
  const table = page.getByRole('table', { name: 'Breakdown' });
  await table.getByText('claude-haiku-4-5').first().waitFor();
  await logOne(visit, 'claude-sonnet-4-5');
  assert.equal(await table.getByText('claude-sonnet-4-5').count(), 0);
  await openStream();
  await table.getByText('claude-sonnet-4-5').first().waitFor();
});

step(
  'accounts that change before their stream runs are shown as they are, on three screens',
  async (visit) => {
    const { page } = visit;
    const { id } = await firstAccount(visit);
    const rename = async (name: string) => {
      const query =
        'mutation ($id: ID!, $name: String!) { updateAccount(id: $id, input: { name: $name }) { errors { code } } }';
      await graphql(visit, query, { id, name });
    };
    await rename('team-0');
    for (const [index, path] of ['/', '/accounts', '/cache?tab=reservation'].entries()) {
      const openStream = await openWithoutStream(page, path);
      await page.getByText(`team-${index}`, { exact: true }).first().waitFor();
      await rename(`team-${index + 1}`);
      assert.equal(await page.getByText(`team-${index + 1}`, { exact: true }).count(), 0, path);
      await openStream();
      await page
        .getByText(`team-${index + 1}`, { exact: true })
        .first()
        .waitFor();
    }
  },
);

step('what was cleared while the tab rested is gone when it is looked at again', async (visit) => {
  const { page } = visit;
  const counts = countsAreTold(page);
  await openSettled(page, '/requests');
  await waitForRows(page, 2);
  const showTab = async (isHidden: boolean, connection: string) => {
    await page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
    await page.locator(`[data-connection="${connection}"]`).first().waitFor({ state: 'attached' });
  };
  await page.locator('[data-connection="live"]').first().waitFor({ state: 'attached' });
  await counts;
  await whenSettled(page);
  await showTab(true, 'resting');
  await graphql(visit, 'mutation { clearRequestLogs { clearedCount errors { code } } }');
  await showTab(false, 'live');
  await waitForRows(page, 0);
});

step('the overview counts all accounts, also more than the API gives at once', async (visit) => {
  const { page } = visit;
  const { provider } = await firstAccount(visit);
  const query =
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } errors { code } } }';
  const before = await accountCount(visit, '');
  for (let n = before; n < ACCOUNTS; n += 1) {
    const input = { providerId: provider.id, name: `more-${n}`, credential: `sk-not-a-secret-${n}` };
    await graphql(visit, query, { input });
  }
  assert.equal(await accountCount(visit, ''), ACCOUNTS);
  await openSettled(page, '/');
  // One that rests may be back meanwhile.
  await eventually(async () => {
    const available = await accountCount(visit, '(filter: { state: AVAILABLE })');
    assert.ok(available > API_PAGE, `${available} of them are available`);
    assert.equal(await page.getByRole('link', { name: `${available} Available`, exact: true }).count(), 1);
  });
  await page.getByRole('link', { name: `And ${ACCOUNTS - 12} more` }).waitFor();
});

async function firstAccount(visit: Visit): Promise<AccountRow> {
  const data = await graphql(visit, '{ accounts(first: 1) { nodes { id name provider { id } } } }');
  const { accounts }: { accounts: { nodes: AccountRow[] } } = JSON.parse(JSON.stringify(data));
  return accounts.nodes[0] ?? assert.fail('there is no account');
}

async function accountCount(visit: Visit, narrowed: string): Promise<number> {
  const data = JSON.stringify(await graphql(visit, `{ accounts${narrowed} { totalCount } }`));
  return Number(/"totalCount":(\d+)/.exec(data)?.[1]);
}
