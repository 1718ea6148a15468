// What the panel tells about one request and one account, in a real browser, for what only some requests have.
// The tests build on each other, in order.

import assert from 'node:assert/strict';
import type { Locator, Page, Route } from 'playwright-core';
import {
  assertAccessible,
  eventually,
  graphql,
  openSettled,
  openVisit,
  rowsOf,
  sendRequest,
  stopAnswering,
  type Visit,
  waitForRows,
  whenSettled,
} from './visit.ts';

const KEEP_BODIES = 'mutation { updateSettings(input: { bodyLog: { enabled: true } }) { errors { code } } }';
const ACCOUNTS = '{ accounts(first: 50) { nodes { id name } } }';
const FAIL = `mutation ($accountId: ID!, $failure: DemoFailure!) {
  setDemoFailure(accountId: $accountId, failure: $failure) { errors { code } }
}`;

const step = await openVisit();

/** Sections start as they were left; this one is opened if it is not. */
async function unfold(dialog: Locator, section: string): Promise<void> {
  const details = dialog.locator(`[data-fold="${section}"]`);
  if ((await details.getAttribute('open')) === null) await details.locator('summary').first().click();
}

step('a translated request tells both dialects, what was left out, and what it said', async (visit) => {
  const { page } = visit;
  // The switch has no place in the panel: it is for hours of searching.
  await graphql(visit, KEEP_BODIES);
  await sendResponsesRequest(visit);
  await openSettled(page, '/requests');
  await rowsOf(page).first().locator('a:visible').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('OpenAI Responses → Anthropic Messages').waitFor();
  await dialog.getByText('Left out: metadata, verbosity').waitFor();
  await unfold(dialog, 'usage');
  await dialog.locator('[data-usage]').getByText('input_tokens', { exact: true }).first().waitFor();
  await unfold(dialog, 'bodies');
  await eventually(async () => assert.match(await textOfBody(dialog, 'Request'), /input: "Good morning\."/));
  await assertAccessible(page, 'a request with bodies');
});

step(
  'a body is a tree or a text, its changes on the way are told, and no header gives a secret away',
  async (visit) => {
    const { page, gateway } = visit;
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Sent on' }).click();
    await dialog.getByRole('button', { name: 'Changes' }).click();
    const changes = dialog.locator('[data-diff]');
    await changes.getByText('metadata', { exact: true }).waitFor();
    await eventually(async () =>
      assert.match((await changes.textContent()) ?? '', /Removed metadata\s*- \{\s+"team": "a"/),
    );
    await assertAccessible(page, 'changes of a body');
    await dialog.getByRole('button', { name: 'Text', exact: true }).click();
    await eventually(async () =>
      assert.match(await textOfBody(dialog, 'Sent on'), /"text": "Good morning\."/),
    );
    await dialog.getByRole('button', { name: 'Headers' }).click();
    await eventually(async () => assert.match(await textOfBody(dialog, 'Headers'), /"authorization": "•••"/));
    assert.ok(!(await textOfBody(dialog, 'Headers')).includes(gateway.apiKey));
  },
);

step(
  'the request can be copied as a command with the key replaced, its id and its address too',
  async ({ page, gateway }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Copy as curl' }).first().click();
    await eventually(async () => assert.match(await clipboard(page), /^curl /));
    const command = await clipboard(page);
    assert.ok(command.startsWith(`curl --globoff '${gateway.origin}/v1/responses' \\\n`), command);
    assert.match(command, /-H "authorization: Bearer \$WARMPATH_API_KEY"/);
    assert.match(command, /--data-raw '\{"model":"claude-haiku-4-5","input":"Good morning\."/);
    assert.ok(!command.includes(gateway.apiKey));
    await unfold(dialog, 'curl');
    await eventually(async () =>
      assert.equal((await dialog.locator('[data-curl]').textContent())?.trim(), command),
    );
    await dialog.getByRole('button', { name: 'Copy id' }).click();
    await eventually(async () => assert.notEqual(await clipboard(page), command));
    await dialog.getByText(await clipboard(page), { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Copy link' }).click();
    await eventually(async () => assert.equal(await clipboard(page), page.url()));
  },
);

step('an open request outlives a reload, and Escape gives the focus back to its row', async ({ page }) => {
  const address = page.url();
  await page.reload();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Account and reason').waitFor();
  await eventually(async () => assert.equal(page.url(), address));
  // What was unfolded stays so.
  await dialog.locator('[data-curl]').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const row = rowsOf(page).first().locator('a:visible');
  await row.focus();
  await page.keyboard.press('Enter');
  await dialog.getByText('Account and reason').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.closest('[role="row"]') !== null);
});

step(
  'a waterfall tells each attempt, what failed and what came next, on hover, focus and as a table',
  async (visit) => {
    const { page } = visit;
    await sendStreamed(visit);
    await openSettled(page, '/requests?surface=ANTHROPIC_MESSAGES&status=2xx');
    await waitForRows(page, 1);
    await rowsOf(page).first().locator('a:visible').click();
    const dialog = page.getByRole('dialog');
    const first = (await dialog.locator('[data-lane="1"] button').getAttribute('aria-label')) ?? '';
    const name = /^1 (\S+) /.exec(first)?.[1] ?? '';
    await page.keyboard.press('Escape');
    await fail(visit, name, 'RATE_LIMITED');
    await sendStreamed(visit);
    await fail(visit, name, 'NONE');
    await openSettled(page, '/requests?surface=ANTHROPIC_MESSAGES&status=2xx');
    await waitForRows(page, 2);
    await rowsOf(page).first().locator('a:visible').click();
    const lanes = dialog.locator('[data-lane]');
    const failed = dialog.locator('[data-lane="1"]');
    await failed.getByText('429 · Failed').waitFor();
    await eventually(async () =>
      assert.match(
        (await failed.textContent()) ?? '',
        new RegExp(`${name}[^]*Rate limited[^]*Then anthropic-. was tried\\.`),
      ),
    );
    await eventually(async () => assert.ok((await lanes.count()) >= 2));
    await eventually(async () =>
      assert.equal(await dialog.locator('[data-lane="2"] [data-first-token]').count(), 1),
    );
    const readout = dialog.locator('[data-readout]');
    // Where the row was, the pointer may now rest on a lane.
    await page.mouse.move(0, 0);
    await eventually(async () => assert.doesNotMatch((await readout.textContent()) ?? '', /\(/));
    const before = await readout.textContent();
    await dialog.locator('[data-lane="2"] button').hover();
    await readout
      .getByText(/\([\d,]+–[\d,]+ms\)/)
      .first()
      .waitFor();
    await page.mouse.move(0, 0);
    await eventually(async () => assert.equal(await readout.textContent(), before));
    await dialog.locator('[data-lane="2"] button').focus();
    await readout
      .getByText(/\([\d,]+–[\d,]+ms\)/)
      .first()
      .waitFor();
    await assertAccessible(page, 'a waterfall');
    await dialog.getByRole('button', { name: 'Table', exact: true }).click();
    const table = dialog.getByRole('table', { name: 'Phases of the request' });
    await table.getByText(`1 ${name}`).first().waitFor();
    await assertAccessible(page, 'the times as a table');
  },
);

step(
  'the neighbours of the session are a click away, with a mark where the account changed',
  async ({ page }) => {
    const dialog = page.getByRole('dialog');
    const neighbours = dialog.locator('[data-neighbours]');
    await eventually(async () => assert.equal(await neighbours.getByRole('listitem').count(), 2));
    await neighbours.locator('[aria-current="true"]').getByText('other account').waitFor();
    const second = page.url();
    await neighbours.getByRole('link').click();
    await page.waitForFunction((address) => location.href !== address, second);
    await neighbours.locator('[aria-current="true"]').waitFor();
    await eventually(async () =>
      assert.equal(await neighbours.locator('[aria-current="true"]').getByText('other account').count(), 0),
    );
    await eventually(async () =>
      assert.equal(
        await dialog
          .getByRole('link', { name: 'Previous request of the session' })
          .getAttribute('aria-disabled'),
        'true',
      ),
    );
    await dialog.getByRole('link', { name: 'Next request of the session' }).click();
    await page.waitForURL(second);
    await page.goBack();
    await page.goForward();
    await page.waitForURL(second);
    await neighbours.locator('[aria-current="true"]').getByText('other account').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.closest('[role="row"]') !== null);
  },
);

step(
  'a request that cannot be loaded says so and is tried again; one that is gone says that',
  async (visit) => {
    const { page, complaints } = visit;
    const cut = (request: Route) =>
      (request.request().postData() ?? '').includes('UmVxdWVzd') ? request.abort() : request.continue();
    await page.route('**/graphql', cut);
    await rowsOf(page).first().locator('a:visible').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').waitFor();
    await stopAnswering(page);
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await dialog.getByText('Account and reason').waitFor();
    // What the drawer shows is a script of its own.
    await page.route('**/assets/Content-*.js', (script) => script.abort());
    await page.reload();
    const reload = dialog.getByRole('button', { name: 'Reload' });
    await reload.waitFor();
    await stopAnswering(page);
    await reload.click();
    await dialog.getByText('Account and reason').waitFor();
    await openSettled(page, '/requests?open=UmVxdWVzdExvZzpuby1zdWNo');
    await dialog
      .getByText(/no longer in the log|Cannot/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    complaints.splice(0);
  },
);

step('the details fit a phone in the dark, and a hostile name does no harm', async (visit) => {
  const { page } = visit;
  const name = `<img src=x onerror="document.title='taken'"> '$(id)' ${'x'.repeat(9_000)}`;
  assert.equal(await sendRequest(visit, { model: name, session: 'hostile' }), 404);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.evaluate(() => localStorage.setItem('warmpath.theme', 'dark'));
  for (const address of ['/requests?q=onerror', '/requests?surface=ANTHROPIC_MESSAGES&status=2xx']) {
    await openSettled(page, address);
    await rowsOf(page).first().locator('a:visible').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Account and reason').waitFor();
    await whenSettled(page);
    await assertAccessible(page, `${address} on a phone`);
    await eventually(async () => assert.equal(await overflowOf(dialog), 0, address));
    await page.keyboard.press('Escape');
  }
  await eventually(async () => assert.equal(await page.locator('img').count(), 0));
  await page.evaluate(() => localStorage.setItem('warmpath.theme', 'light'));
  await page.setViewportSize({ width: 1280, height: 800 });
});

step('what is known of cold tokens is told in the language of the reader', async (visit) => {
  const { page } = visit;
  // The same twice: the second could have been read, were it not below what the model caches.
  const ids = [await sendLong(visit), await sendLong(visit)];
  const address = `/requests?q=${ids[1]}`;
  const cold = page.getByRole('dialog').locator('[data-fold="misses"]');
  const open = async () => {
    await openSettled(page, address);
    await waitForRows(page, 1);
    await rowsOf(page).first().locator('a:visible').click();
    await unfold(page.getByRole('dialog'), 'misses');
  };
  await open();
  await cold.getByText('The prompt is below 4,096 tokens').waitFor();
  await page.evaluate(() => localStorage.setItem('warmpath.locale', 'zh-CN'));
  await open();
  await cold.getByText('提示不足 4,096 个 token').waitFor();
  assert.doesNotMatch((await cold.textContent()) ?? '', /[a-z]+ [a-z]+ [a-z]+/);
  await page.evaluate(() => localStorage.setItem('warmpath.locale', 'en'));
});

step('an account tells its circuit and its limits', async ({ page }) => {
  await openSettled(page, '/accounts');
  await page.getByRole('button', { name: 'More actions for anthropic-a' }).locator('visible=true').click();
  await page.getByRole('menuitem', { name: 'Health and limits' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Closed: requests flow').waitFor();
  await dialog.getByText('Set in this account’s settings.').waitFor();
  await assertAccessible(page, 'health of an account');
});

step('every part of the form for an account fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, '/accounts?add=1');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Gemini' }).click();
  await dialog.locator('summary').click();
  await eventually(async () => assert.equal(await dialog.getByLabel('Surface').inputValue(), 'GEMINI'));
  await eventually(async () => assert.equal(await overflowOf(dialog), 0));
  await assertAccessible(page, 'add an account on a phone');
});

/** How much wider the widest part of the drawer is than the drawer. */
function overflowOf(dialog: Locator): Promise<number> {
  return dialog
    .getByRole('group')
    .first()
    .evaluate(({ scrollWidth, clientWidth }) => Math.max(0, scrollWidth - clientWidth));
}

async function textOfBody(dialog: Locator, name: string): Promise<string> {
  return (await dialog.getByRole('region', { name, exact: true }).textContent()) ?? '';
}

function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

async function fail(visit: Visit, name: string, failure: string): Promise<void> {
  const { accounts } = (await graphql(visit, ACCOUNTS)) as {
    accounts: { nodes: { id: string; name: string }[] };
  };
  const accountId = accounts.nodes.find((account) => account.name === name)?.id;
  assert.ok(accountId, `no account ${name}`);
  await graphql(visit, FAIL, { accountId, failure });
}

/** About 2,000 tokens; gives the id by which the log finds it. */
async function sendLong({ gateway }: Visit): Promise<string> {
  const response = await fetch(`${gateway.origin}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': gateway.apiKey,
      'content-type': 'application/json',
      'x-claude-code-session-id': 'too-short',
    },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 16,
      messages: [{ role: 'user', content: 'Good morning. '.repeat(600) }],
    }),
  });
  assert.equal(response.status, 200);
  await response.text();
  return response.headers.get('x-request-id') ?? '';
}

async function sendStreamed({ gateway }: Visit): Promise<void> {
  const response = await fetch(`${gateway.origin}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': gateway.apiKey,
      'content-type': 'application/json',
      'x-claude-code-session-id': 'waterfall',
    },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 16,
      stream: true,
      messages: [{ role: 'user', content: 'Good morning.' }],
    }),
  });
  assert.equal(response.status, 200);
  await response.text();
}

async function sendResponsesRequest({ gateway }: Visit): Promise<void> {
  const response = await fetch(`${gateway.origin}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      input: 'Good morning.',
      max_output_tokens: 16,
      store: false,
      metadata: { team: 'a' },
      text: { verbosity: 'low' },
    }),
  });
  assert.equal(response.status, 200);
  await response.text();
}
