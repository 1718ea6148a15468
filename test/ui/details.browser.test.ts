// What the panel tells about one request and one account, in a real browser, for what only some requests have.
// The tests build on each other, in order.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { launchBrowser } from './browser.ts';
import { assertAccessible, openSettled, rowsOf, startVisit, type Visit } from './visit.ts';

const PASSWORD = 'a look at the details';
const KEEP_BODIES = 'mutation { updateSettings(input: { bodyLog: { enabled: true } }) { errors { code } } }';

const isBuilt = existsSync(join(import.meta.dirname, '../../server/panel/assets.js'));
const browser = isBuilt ? await launchBrowser() : null;
const visit = browser ? await startVisit(browser) : null;

after(async () => {
  await browser?.close();
  await visit?.gateway.stop();
});

function step(name: string, look: (visit: Visit) => Promise<void>): void {
  test(name, { skip: visit === null }, async () => {
    if (visit) await look(visit);
  });
}

step('a translated request tells both dialects, what was left out, and what it said', async (visit) => {
  const { page } = visit;
  await logIn(visit);
  await keepBodies(visit);
  await sendResponsesRequest(visit);
  await openSettled(page, '/requests');
  await rowsOf(page).first().locator('a:visible').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('OpenAI Responses → Anthropic Messages').waitFor();
  await dialog.getByText('Left out: metadata, verbosity').waitFor();
  for (const summary of await dialog.locator('summary').all()) await summary.click();
  await dialog.getByText('"input_tokens": ').first().waitFor();
  assert.match((await dialog.getByRole('region', { name: 'Request' }).textContent()) ?? '', /Good morning/);
  await assertAccessible(page, 'a request with bodies');
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
  await dialog.getByRole('button', { name: 'Google Gemini' }).click();
  await dialog.locator('summary').click();
  assert.equal(await dialog.getByLabel('Surface').inputValue(), 'GEMINI');
  const overflow = await dialog
    .getByRole('group')
    .first()
    .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
  await assertAccessible(page, 'add an account on a phone');
});

async function logIn({ gateway, page }: Visit): Promise<void> {
  await page.goto(gateway.setupUrl);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByLabel('Repeat password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set password and log in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** The switch has no place in the panel: it is for hours of searching. */
async function keepBodies({ page }: Visit): Promise<void> {
  const reply = await page.evaluate(async (query) => {
    const headers = { 'content-type': 'application/json', 'graphql-require-preflight': '1' };
    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
    return response.text();
  }, KEEP_BODIES);
  assert.match(reply, /"errors":\[\]/);
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
