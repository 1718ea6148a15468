// The first run: from the setup token over an account, an API key and a client's settings to the first live request.
// The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, test } from 'node:test';
import { isDone, nextStep } from '../../ui/src/pages/start/progress.ts';
import { assertAccessible, assertFits, eventually, openVisit, whenSettled } from './visit.ts';

const COMPLETION = {
  id: 'c1',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'my-model',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi.' } }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
};

const FACTS = { hasAccount: false, hasKey: false, isClientSet: false, hasRequest: false };

test('nextStep() is the first that is not done; the first request ends it all', () => {
  assert.equal(nextStep(FACTS), 'account');
  assert.equal(nextStep({ ...FACTS, hasAccount: true }), 'key');
  assert.equal(nextStep({ ...FACTS, hasAccount: true, hasKey: true }), 'client');
  assert.equal(nextStep({ ...FACTS, hasAccount: true, hasKey: true, isClientSet: true }), 'request');
  assert.equal(nextStep({ hasAccount: true, hasKey: true, isClientSet: false, hasRequest: true }), null);
  assert.deepEqual(
    (['password', 'account', 'key'] as const).map((step) => isDone(step, { ...FACTS, hasAccount: true })),
    [true, true, false],
  );
});

const CREDENTIAL = 'sk-the-right-credential';
const provider = await openProvider();
after(() => provider.server.close());
const step = await openVisit({ isLoggedIn: false });
let secret = '';

step('the printed link sets the password and leads to the first steps', async ({ page, gateway }) => {
  await page.goto(gateway.setupUrl);
  await page.getByLabel('New password').fill('the first run of it');
  await page.getByLabel('Repeat password').fill('the first run of it');
  await page.getByRole('button', { name: 'Set password and log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Getting started' }).waitFor();
  await whenSettled(page);
  await eventually(async () => assert.doesNotMatch(page.url(), /setup=/));
  await assertAccessible(page, 'first steps');
});

step('a pasted key is tested with a real call, and what is wrong is said', async ({ page }) => {
  await page.getByRole('button', { name: 'Other' }).click();
  await page.getByLabel('Base URL').fill(provider.origin);
  await page.getByLabel('Model name').fill('my-model');
  await page.getByLabel('Credential').fill('sk-a-mistyped-credential');
  await page.getByRole('button', { name: 'Add and test' }).click();
  await page.getByText('It does not work yet').waitFor();
  await page.getByText(/no such key/).waitFor();
  await page.getByText('HTTP 401').waitFor();
  // The field has the focus: another credential is pasted without a click.
  await eventually(async () => assert.equal(await page.getByLabel('Credential').evaluate(isFocused), true));
  await page.keyboard.type(CREDENTIAL);
  await page.keyboard.press('Enter');
  const account = page.getByRole('listitem').filter({ hasText: 'Connect an account' });
  await account.getByText('It works').waitFor();
  await eventually(async () =>
    assert.equal(await page.getByLabel('Name', { exact: true }).evaluate(isFocused), true),
  );
});

step('an API key is made and stands in the settings of each client, once', async ({ page, gateway }) => {
  await page.getByLabel('Name', { exact: true }).fill('my laptop');
  await page.getByRole('button', { name: 'Create API key' }).click();
  const settings = page.getByRole('region', { name: 'Claude Code' });
  await eventually(async () => {
    const text = (await settings.textContent()) ?? '';
    assert.match(text, new RegExp(`ANTHROPIC_BASE_URL=${gateway.origin}`));
    secret = /ANTHROPIC_AUTH_TOKEN=(\S+?)\s/.exec(text)?.[1] ?? '';
    assert.match(secret, /^wp-|^sk-|\w{20,}/);
  });
  await settings.getByText('claude --model my-model').waitFor();
  for (const client of ['Codex', 'OpenCode', 'Gemini CLI', 'OpenAI SDK', 'curl']) {
    await page.getByRole('button', { name: client, exact: true }).click();
    await eventually(async () =>
      assert.ok(
        ((await page.getByRole('region', { name: client }).textContent()) ?? '').includes(secret),
        client,
      ),
    );
  }
  await assertAccessible(page, 'settings of a client');
  await page.getByRole('button', { name: 'Done, the settings are in place' }).click();
  await page.getByText('Waiting for the first request').waitFor();
});

step('the first request shows the moment it ends, and leads to its details', async ({ page, gateway }) => {
  const ask = async (model: string): Promise<number> => {
    const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello.' }] }),
    });
    await response.text();
    return response.status;
  };
  // Sent from a terminal that covers the browser.
  await page.evaluate(turnAway, true);
  assert.equal(await ask('another-model'), 404);
  await page.evaluate(turnAway, false);
  await page.getByText('It arrived, but did not succeed').waitFor();
  await eventually(async () => assert.equal(await page.getByLabel('Done').count(), 4));
  assert.equal(await ask('my-model'), 200);
  await page.getByText('It arrived.').waitFor();
  await eventually(async () => assert.equal(await page.getByLabel('Done').count(), 5));
  await page.getByText('my-model → main').waitFor();
  await page.getByRole('link', { name: 'See its details' }).click();
  await page.getByRole('dialog').getByText('my-model').first().waitFor();
});

step('the first run fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto('/start');
  await whenSettled(page);
  await assertFits(page, 'first steps');
  await assertAccessible(page, 'first steps on a phone');
});

function turnAway(isHidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

function isFocused(element: Element): boolean {
  return element === document.activeElement;
}

/** A provider on this machine that knows one credential. */
async function openProvider(): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      const isKeyRight = request.headers.authorization === `Bearer ${CREDENTIAL}`;
      response.statusCode = isKeyRight ? 200 : 401;
      response.end(
        JSON.stringify(
          isKeyRight ? COMPLETION : { error: { message: 'no such key', code: 'invalid_api_key' } },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  return { origin: `http://127.0.0.1:${port}`, server };
}
