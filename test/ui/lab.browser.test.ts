// The routing lab and the GraphQL explorer. The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { assertAccessible, eventually, openSettled, openVisit, stopAnswering } from './visit.ts';

const step = await openVisit({ history: { rows: 1_500, days: 3 } });

async function assertFits(page: Page, path: string): Promise<void> {
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, path);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`);
  await assertAccessible(page, `${path} on a phone`);
  await page.setViewportSize({ width: 1280, height: 800 });
}

step('the lab explains a pasted request, account by account, and sends nothing', async ({ page }) => {
  await openSettled(page, '/lab');
  await page.getByText('Nothing asked yet').waitFor();
  const explain = page.getByRole('button', { name: 'Explain the route' });
  await eventually(async () => assert.equal(await explain.isDisabled(), true));
  await page.getByLabel('Body (JSON)').fill('{"model": "claude-');
  await page.getByText('This is no JSON.').waitFor();
  const body = {
    model: 'claude-opus-5',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'Hello there.' }],
  };
  await page.getByLabel('Body (JSON)').fill(JSON.stringify(body));
  await explain.click();
  await page.getByText('Would be sent').waitFor();
  await page.getByText('Chosen', { exact: true }).waitFor();
  await eventually(async () => assert.equal(await page.getByRole('main').locator('ol > li').count(), 4));
  await assertAccessible(page, 'explained route');
});

step('what was asked is in the address and asked again after a reload', async ({ page }) => {
  await eventually(async () => assert.equal(new URL(page.url()).searchParams.get('model'), 'claude-opus-5'));
  await eventually(async () => assert.doesNotMatch(page.url(), /Hello/));
  await page.reload();
  await page.getByText('Would be sent').waitFor();
});

step('a model that nobody serves is refused in words', async ({ page }) => {
  await page.getByLabel('Model').fill('<b>nobody</b>');
  await page.getByRole('button', { name: 'Explain the route' }).click();
  await page.getByText('Would be refused').waitFor();
  await eventually(async () => assert.equal(await page.locator('main b').count(), 0));
});

step('recorded traffic is replayed through every policy and compared', async ({ page }) => {
  await openSettled(page, '/lab?tab=replay&hours=72');
  await page.getByText('Nothing replayed yet').waitFor();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByText('Best of these').waitFor();
  const bars = page.getByRole('list', { name: 'Cost' }).getByRole('listitem');
  await eventually(async () => assert.equal(await bars.count(), 6));
  await page.getByRole('button', { name: 'Hit rate' }).click();
  await page.getByRole('list', { name: 'Hit rate' }).waitFor();
  await eventually(async () => assert.equal(new URL(page.url()).searchParams.get('metric'), 'hitRate'));
  await eventually(async () =>
    assert.equal(await page.getByRole('table').getByRole('columnheader').count(), 7),
  );
  await eventually(async () =>
    assert.equal(await page.getByRole('table').getByRole('rowheader').count(), 10),
  );
  await assertAccessible(page, 'policies compared');
});

step('a replay that fails says why and offers another try', async ({ page }) => {
  await page.route('**/graphql', (route) =>
    (route.request().postData() ?? '').includes('"hours":72') ? route.abort() : route.fallback(),
  );
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('alert').getByText('cannot be reached').waitFor();
  await stopAnswering(page);
  await page.getByRole('alert').getByRole('button').click();
  await page.getByText('Best of these').waitFor();
});

step('the explorer runs an example, tells what it cost, and completes while typing', async ({ page }) => {
  await openSettled(page, '/explorer');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('Answered').waitFor();
  await page.getByText(/^cost [\d,]+ of 100,000$/).waitFor();
  await page.getByRole('region', { name: 'Result' }).getByText('"tokenCacheHitRate"').waitFor();
  const document = page.getByRole('textbox', { name: 'Document' });
  await document.fill('{ affinityS');
  await document.press('Control+ ');
  await page.getByRole('option', { name: /affinityStats/ }).waitFor();
  await document.press('Enter');
  await eventually(async () => assert.equal(await document.inputValue(), '{ affinityStats'));
  await document.pressSequentially(' { cacheHitRate } }');
  await document.press('Escape');
  await page.getByLabel('Variables (JSON)').fill('');
  await document.press('Control+Enter');
  await page.getByRole('region', { name: 'Result' }).getByText('"cacheHitRate"').waitFor();
  await assertAccessible(page, 'explorer');
});

step('a document with a mistake shows the API’s errors', async ({ page }) => {
  await page.getByRole('textbox', { name: 'Document' }).fill('{ nowhere }');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('Errors', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Result' }).getByText('nowhere').waitFor();
});

step('a subscription goes on until it is stopped', async ({ page }) => {
  await page.getByRole('combobox', { name: 'Examples' }).selectOption('live');
  await page
    .getByRole('textbox', { name: 'Document' })
    .fill('subscription { affinityStats { activeAffinities } }');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('region', { name: 'Result' }).getByText('"activeAffinities"').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Run' }).waitFor();
});

step(
  'the schema is read by following types, and found by name; the address keeps the place',
  async ({ page }) => {
    await openSettled(page, '/explorer');
    await page.getByRole('button', { name: 'Schema', exact: true }).click();
    const schema = page.getByRole('region', { name: 'Schema' });
    await schema.getByRole('link', { name: 'AccountConnection!' }).click();
    await schema.getByRole('heading', { name: 'AccountConnection' }).waitFor();
    await page.reload();
    await schema.getByRole('heading', { name: 'AccountConnection' }).waitFor();
    await page.goBack();
    await schema.getByRole('heading', { name: 'Query' }).waitFor();
    await page.getByRole('searchbox', { name: 'Find a type or field' }).fill('credentialLast4');
    await schema.getByRole('link', { name: 'Account.credentialLast4' }).waitFor();
  },
);

step('both fit a phone, and the browser had nothing to complain about', async ({ page, complaints }) => {
  for (const path of ['/lab', '/lab?tab=replay', '/explorer']) await assertFits(page, path);
  assert.deepEqual(
    complaints.filter((text) => !/ERR_FAILED|status of 400/.test(text)),
    [],
  );
});
