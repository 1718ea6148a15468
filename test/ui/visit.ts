// A browser tab at a freshly booted gateway, and what a person or a client does there.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Locator, Page, Request } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { bootDemoGateway, type DemoGateway } from './demo-gateway.ts';
import type { History } from './seed-history.ts';

/** How long something may take to show on a machine that is busy with other tests. */
const WAIT_MS = 45_000;
const LOOK_AGAIN_MS = 50;
const DAY_MS = 86_400_000;
const PASSWORD = 'a visit to the panel';
const SETUP = 'mutation ($input: SetupInput!) { setup(input: $input) { errors { code } } }';

export interface Visit {
  gateway: DemoGateway;
  page: Page;
  /** Errors on the browser's console and exceptions in the page, content-policy violations included. */
  complaints: string[];
}

export interface VisitOptions {
  /** A past in the request log; absent = the log is empty. */
  history?: History;
}

/** One step of a visit: a test of its own that is skipped where no panel or no browser is. */
export type Step = (name: string, walk: (visit: Visit) => Promise<void>) => void;

/** For a whole test file: browser and gateway end with it. Call it once, before the first step. */
export async function openVisit(options: VisitOptions & { isLoggedIn?: boolean } = {}): Promise<Step> {
  const { isLoggedIn = true, ...wanted } = options;
  const isBuilt = existsSync(join(import.meta.dirname, '../../server/panel/assets.js'));
  if (!isBuilt) {
    process.stderr.write('THE PANEL IS NOT BUILT, its browser tests are skipped: run npm run build\n');
  }
  const browser = isBuilt ? await launchBrowser() : null;
  const visit = browser ? await startVisit(browser, wanted) : null;
  after(async () => {
    if (visit) await stopAnswering(visit.page);
    await browser?.close();
    await visit?.gateway.stop();
  });
  if (visit && isLoggedIn) await logIn(visit);
  return (name, walk) =>
    test(name, { skip: visit === null }, async () => {
      if (visit) await walk(visit);
    });
}

async function startVisit(browser: Browser, { history }: VisitOptions = {}): Promise<Visit> {
  const gateway = await bootDemoGateway({ withTraffic: false, ...(history && { history }) });
  const context = await browser.newContext({
    baseURL: gateway.origin,
    locale: 'en-US',
    // Days, months and hours are then the same wherever it runs.
    timezoneId: 'UTC',
    colorScheme: 'light',
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  });
  const page = await newTab(context);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { gateway, page, complaints };
}

/** A tab that is watched, and slowed down where that is wanted. */
export async function newTab(context: BrowserContext): Promise<Page> {
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  watchQuestions(page);
  await slowDown(page);
  return page;
}

/** With `SLOW=6` in the environment, to find what depends on speed: a browser six times slower, and answers late and in any order. */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env.SLOW ?? 1);
  if (rate <= 1) return;
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Emulation.setCPUThrottlingRate', { rate });
  await page.context().route('**/graphql', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
    // The page may have gone by now.
    await route.continue().catch(() => undefined);
  });
}

/** Of each page: what it has asked the admin API and heard no answer to. */
const unanswered = new WeakMap<Page, Set<Request>>();

/** From here on it is known what the page waits for. */
function watchQuestions(page: Page): void {
  const open = new Set<Request>();
  unanswered.set(page, open);
  page.on('request', (request) => {
    if (request.isNavigationRequest()) open.clear();
    const isStream = request.headers().accept?.includes('event-stream');
    if (new URL(request.url()).pathname === '/graphql' && !isStream) open.add(request);
  });
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => open.delete(request));
}

/** Sets the password of a new gateway with its setup token, and opens the overview. */
export async function logIn(visit: Visit): Promise<void> {
  const token = new URL(visit.gateway.setupUrl).hash.replace('#setup=', '');
  await graphql(visit, SETUP, { input: { token: decodeURIComponent(token), password: PASSWORD } });
  await openSettled(visit.page, '/');
}

/** Asks the admin API in the page's session; throws when it refuses, or when a mutation tells errors. */
export async function graphql(
  { page }: Visit,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const headers = { 'graphql-require-preflight': '1' };
  const response = await page.request.post('/graphql', { headers, data: { query, variables } });
  const text = await response.text();
  assert.doesNotMatch(text, /"errors":\[[^\]]/, `the admin API refused: ${text.slice(0, 500)}`);
  const { data }: { data: unknown } = JSON.parse(text);
  return data;
}

/** One request of a client, as Claude Code sends it; the model's name tells requests apart. */
export async function sendRequest(
  { gateway }: Visit,
  request: { model?: string; session?: string } = {},
): Promise<number> {
  const { model = 'claude-haiku-4-5', session = 'walk' } = request;
  const response = await fetch(`${gateway.origin}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': gateway.apiKey,
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      'x-claude-code-session-id': session,
    },
    body: JSON.stringify({ model, max_tokens: 16, messages: [{ role: 'user', content: 'Good morning.' }] }),
  });
  await response.text();
  return response.status;
}

/** Cuts the page off, or lets it back. A machine without a network is offline all along and fires no event of its own. */
export async function goOffline(page: Page, isOffline: boolean): Promise<void> {
  await page.context().setOffline(isOffline);
  await page.evaluate((name) => window.dispatchEvent(new Event(name)), isOffline ? 'offline' : 'online');
}

/** Ends what `page.route` set up; answers that are still under way then are let go. */
export async function stopAnswering(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
}

/** Lines or cards of the Requests list. */
export function rowsOf(page: Page): Locator {
  return page.locator('[role="row"]').filter({ has: page.locator('a:visible') });
}

/** Waits until the Requests list shows exactly so many rows. */
export async function waitForRows(page: Page, count: number): Promise<void> {
  await eventually(async () => assert.equal(await rowsOf(page).count(), count));
}

/** Looks again until what is claimed holds; fails with the last refusal. */
export async function eventually(claim: () => Promise<void>): Promise<void> {
  const untilMs = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Before what must be told on the day that it is done on: late in the evening, UTC, it waits for the next day. */
export async function notAcrossMidnight(): Promise<void> {
  const leftMs = DAY_MS - (Date.now() % DAY_MS);
  // A timer may be a moment early.
  if (leftMs < WAIT_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 100));
}

/** Opens a screen and waits until nothing on it is loading. */
export async function openSettled(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await whenSettled(page);
}

/** Resolves when nothing on the screen is loading, and nothing that it asked for is still to come. */
export async function whenSettled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
  await eventually(async () => {
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    assert.equal(unanswered.get(page)?.size ?? 0, 0, 'an answer is still to come');
    await page.evaluate(afterOthers);
    assert.equal(unanswered.get(page)?.size ?? 0, 0, 'an answer led to another question');
    assert.equal(await page.locator('.skeleton').count(), 0, 'it is loading again');
  });
}

/** Resolves when the page has done what it had to do by now; of timers and frames, a test may hold the clock. */
function afterOthers(): Promise<unknown> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

/** Fails when the screen stays wider than its window. */
export async function assertFits(page: Page, where: string): Promise<void> {
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await eventually(async () => assert.ok((await overflow()) <= 0, `${where} is too wide`));
}

/** Fails when axe finds anything serious or critical, and finds it again: a list may measure its rows under its eyes. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await eventually(async () => assert.deepEqual(await seriousOf(page), [], where));
}

/** What axe finds serious or critical, by all its rules or by those. */
export async function seriousOf(page: Page, rules?: string[]): Promise<string[]> {
  await page.waitForFunction(isStill);
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n    ')}`);
}

/** Whether nothing fades or moves any more, and the list has measured its rows (it hides them until then). */
function isStill(): boolean {
  const isMoving = document
    .getAnimations()
    .some(({ playState, effect }) => playState === 'running' && effect?.getTiming().iterations !== Infinity);
  const isHidden = (row: Element) => getComputedStyle(row).visibility === 'hidden';
  return !isMoving && ![...document.querySelectorAll('[role="row"]')].some(isHidden);
}

/** Runs in the page: the keys come before what the first one opens has taken the focus. */
export async function pressAtOnce(keys: readonly string[]): Promise<void> {
  const focused = document.activeElement;
  for (const key of keys) {
    focused?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await Promise.resolve();
  }
}

/** Names of columns that do not fit their heads. */
export function cutHeads(page: Page): Promise<string[]> {
  return page
    .getByRole('columnheader')
    .evaluateAll((heads) =>
      heads
        .filter((head) =>
          [head, ...head.querySelectorAll('span.truncate')].some((one) => one.scrollWidth > one.clientWidth),
        )
        .map((head) => head.textContent?.trim() ?? ''),
    );
}
