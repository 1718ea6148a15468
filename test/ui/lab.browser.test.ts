// The routing lab and the GraphQL explorer. The tests build on each other, in order, as a person's visit does.

import assert from 'node:assert/strict';
import type { Page, Request } from 'playwright-core';
import {
  assertAccessible,
  assertFits,
  eventually,
  graphql,
  openSettled,
  openVisit,
  stopAnswering,
} from './visit.ts';

const step = await openVisit({ history: { rows: 1_500, days: 3 } });

async function assertFitsPhone(page: Page, path: string): Promise<void> {
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, path);
  await assertFits(page, path);
  await assertAccessible(page, `${path} on a phone`);
  await page.setViewportSize({ width: 1280, height: 800 });
}

function isByToken(request: Request): boolean {
  return request.headers().authorization !== undefined;
}

step('the lab explains a pasted request, account by account, and sends nothing', async ({ page }) => {
  await openSettled(page, '/lab');
  await page.getByText('Nothing asked yet').waitFor();
  const explain = page.getByRole('button', { name: 'Explain the route' });
  await eventually(async () => assert.equal(await explain.isDisabled(), true));
  const pasted = page.getByLabel('Body (JSON), or a curl command');
  await pasted.fill('{"model": "claude-');
  await page.getByText('This is neither JSON nor a curl command.').waitFor();
  const body = {
    model: 'claude-opus-5',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'Hello there.' }],
  };
  const command = `curl 'http://x/v1/messages' \\\n  -H 'anthropic-beta: a-1' \\\n  --data-raw '${JSON.stringify(body)}'`;
  await pasted.fill(command);
  await page.getByText('Taken from the curl command').waitFor();
  await page.getByText('Beta header: a-1.').waitFor();
  await eventually(async () => assert.equal(await pasted.inputValue(), JSON.stringify(body)));
  await eventually(async () => assert.equal(await page.getByLabel('Model').inputValue(), 'claude-opus-5'));
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
  // The body is private, so the address has none.
  await page.getByText('Asked without a body').waitFor();
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

step('the explorer asks as an API key: without the cookie, and by its rules', async ({ page, gateway }) => {
  await openSettled(page, '/explorer?example=own');
  const result = page.getByRole('region', { name: 'Result' });
  const token = page.getByLabel('API key or admin token');
  await page.getByRole('button', { name: 'A token' }).click();
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('Paste an API key or an admin token first.').waitFor();
  await eventually(async () => assert.ok(await token.evaluate((field) => field === document.activeElement)));
  // Asked in vain once more, the field has the focus once more.
  await page.getByRole('button', { name: 'Run' }).click();
  await eventually(async () => assert.ok(await token.evaluate((field) => field === document.activeElement)));
  await token.fill('two words');
  await page.getByText('This cannot be a token').waitFor();
  await token.fill(`Bearer ${gateway.apiKey}`);
  const [request] = await Promise.all([page.waitForRequest(isByToken), token.press('Enter')]);
  const headers = await request.allHeaders();
  assert.equal(headers.authorization, `Bearer ${gateway.apiKey}`);
  assert.equal(headers.cookie, undefined);
  await result.getByText('"role": "OWN"').waitFor();
  await page.getByText('as the token').waitFor();
  await assertAccessible(page, 'asked as a token');

  await page.getByRole('combobox', { name: 'Examples' }).selectOption('accounts');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('An API key reads its own requests and their figures only.').waitFor();
  await result.getByText('"FORBIDDEN"').waitFor();
  await token.fill('wp_of_nobody');
  await token.press('Enter');
  await page.getByText('The gateway accepts no such token').waitFor();
  // The refusal is the token's: whoever is at the panel stays logged in, and asks again as before.
  await page.getByRole('button', { name: 'This session' }).click();
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('Answered').waitFor();
  await eventually(async () => assert.equal(await page.getByText('as the token').count(), 0));
});

step('a subscription asks as an admin token, and is refused in words', async (visit) => {
  const { page } = visit;
  const created = await graphql(
    visit,
    'mutation { createAdminToken(input: { name: "watcher", role: VIEWER }) { secret errors { code } } }',
  );
  const secret = /wpa_[\w-]+/.exec(JSON.stringify(created))?.[0] ?? '';
  const result = page.getByRole('region', { name: 'Result' });
  await page
    .getByRole('textbox', { name: 'Document' })
    .fill('subscription { affinityStats { cacheHitRate } }');
  await page.getByLabel('Variables (JSON)').fill('');
  await page.getByRole('button', { name: 'A token' }).click();
  const token = page.getByLabel('API key or admin token');
  await token.fill(secret);
  const [request] = await Promise.all([page.waitForRequest(isByToken), token.press('Enter')]);
  assert.equal((await request.allHeaders()).cookie, undefined);
  await result.getByText('"cacheHitRate"').waitFor();
  await page.getByText('Listening').waitFor();
  // Once another is to ask, nothing goes on in the name of the one before.
  await page.getByRole('button', { name: 'This session' }).click();
  await page.getByRole('button', { name: 'Run' }).waitFor();
  await page.getByRole('button', { name: 'A token' }).click();
  await token.press('Enter');
  await page.getByText('Listening').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await token.fill('wp_of_nobody');
  await token.press('Enter');
  await result.getByText('"UNAUTHENTICATED"').waitFor();
});

step('a token that was pasted is nowhere afterwards', async ({ page, gateway }) => {
  await openSettled(page, '/explorer?example=own');
  await page.getByRole('button', { name: 'A token' }).click();
  const token = page.getByLabel('API key or admin token');
  await token.fill(gateway.apiKey);
  await token.press('Enter');
  await page.getByRole('region', { name: 'Result' }).getByText('"role": "OWN"').waitFor();
  const kept = await page.evaluate(() =>
    JSON.stringify([location.href, history.state, { ...localStorage }, { ...sessionStorage }]),
  );
  assert.match(kept, /requestLogStats/);
  assert.ok(!kept.includes(gateway.apiKey), 'the token is kept in the browser');
  await page.getByRole('link', { name: 'Routing lab' }).click();
  await page.getByRole('heading', { level: 1, name: 'Routing lab' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'A token' }).click();
  await eventually(async () => assert.equal(await token.inputValue(), ''));
});

step('an API that cannot be reached is told in words, with another try', async ({ page }) => {
  await openSettled(page, '/explorer?example=own');
  await page.route('**/graphql', (route) =>
    (route.request().postData() ?? '').includes('requestLogStats') ? route.abort() : route.fallback(),
  );
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('alert').getByText('cannot be reached').waitFor();
  await stopAnswering(page);
  await page.getByRole('alert').getByRole('button').click();
  await page.getByText('Answered').waitFor();
});

step(
  'what is written outlives a reload, what was run is found again, and mutations stay out of the address',
  async ({ page }) => {
    await openSettled(page, '/explorer');
    const document = page.getByRole('textbox', { name: 'Document' });
    const variables = page.getByLabel('Variables (JSON)');
    await document.fill('query One { session { role } } query Two { build { version } }');
    await variables.fill('{"not": "run"}');
    await page.reload();
    await eventually(async () => assert.match(await document.inputValue(), /^query One/));
    await eventually(async () => assert.equal(await variables.inputValue(), '{"not": "run"}'));
    await page.getByRole('combobox', { name: 'Operation to run' }).selectOption('Two');
    await variables.press('Control+Enter');
    await page.getByRole('region', { name: 'Result' }).getByText('"version"').waitFor();
    await eventually(async () => assert.match(new URL(page.url()).searchParams.get('query') ?? '', /Two/));
    await page.getByRole('button', { name: 'Tidy' }).click();
    await eventually(async () => assert.match(await document.inputValue(), /^query One \{\n {2}session/));
    await document.fill('mutation Secret { logout { __typename } nowhere }');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Errors', { exact: true }).waitFor();
    await eventually(async () => assert.equal(new URL(page.url()).searchParams.get('query'), null));
    const past = page.getByRole('combobox', { name: 'History' });
    await eventually(async () => assert.doesNotMatch((await past.textContent()) ?? '', /Secret/));
    await past.selectOption({ label: 'One' });
    await eventually(async () => assert.match(await document.inputValue(), /^query One/));
    await document.fill('{ unfinished');
    await page.getByRole('combobox', { name: 'Examples' }).selectOption('accounts');
    await eventually(async () => assert.match(await document.inputValue(), /accounts/));
    await eventually(async () => assert.match((await past.textContent()) ?? '', /unfinished/));
    await page.goBack();
    await eventually(async () => assert.match(await document.inputValue(), /^query One/));
  },
);

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
  for (const path of ['/lab', '/lab?tab=replay', '/explorer']) await assertFitsPhone(page, path);
  await page.setViewportSize({ width: 360, height: 740 });
  await openSettled(page, '/lab?model=claude-opus-5');
  await page.getByRole('button', { name: 'Explain the route' }).click();
  const answer = page.getByRole('heading', { name: 'Where it would go' });
  // The answer stands under a long form: it comes up by itself.
  await eventually(async () => assert.ok(((await answer.boundingBox())?.y ?? 740) < 500));
  assert.deepEqual(
    complaints.filter((text) => !/ERR_FAILED|status of (400|401|403)/.test(text)),
    [],
  );
});

step('what was being written is gone after a logout', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await openSettled(page, '/explorer');
  const kept = () => page.evaluate(() => JSON.stringify(sessionStorage));
  await page.getByRole('textbox', { name: 'Document' }).fill('mutation { left(secret: "behind") }');
  await eventually(async () => assert.match(await kept(), /behind/));
  await page.getByRole('button', { name: 'A token' }).click();
  await page.getByLabel('API key or admin token').fill('wp_left_behind');
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  assert.doesNotMatch(await kept(), /behind/);
  const fields = page.locator('input, textarea');
  const typed = await fields.evaluateAll((all) => all.map((one) => ('value' in one ? one.value : '')).join());
  assert.doesNotMatch(typed, /behind/);
});
