// A browser tab at a freshly booted gateway, and what a person or a client does there.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import { bootDemoGateway, type DemoGateway } from './demo-gateway.ts';

const WAIT_MS = 15_000;

export interface Visit {
  gateway: DemoGateway;
  page: Page;
  /** Errors on the browser's console and exceptions in the page, content-policy violations included. */
  complaints: string[];
}

export async function startVisit(browser: Browser): Promise<Visit> {
  const gateway = await bootDemoGateway({ withTraffic: false });
  const context = await browser.newContext({
    baseURL: gateway.origin,
    locale: 'en-US',
    colorScheme: 'light',
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { gateway, page, complaints };
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

/** Lines or cards of the Requests list. */
export function rowsOf(page: Page): Locator {
  return page.locator('[role="row"]').filter({ has: page.locator('a:visible') });
}

/** Waits until the Requests list shows exactly so many rows. */
export async function waitForRows(page: Page, count: number): Promise<void> {
  const untilMs = Date.now() + WAIT_MS;
  let seen = -1;
  while (seen !== count && Date.now() < untilMs) {
    seen = await rowsOf(page).count();
    if (seen !== count) await page.waitForTimeout(50);
  }
  assert.equal(seen, count);
}

/** Opens a screen and waits until nothing on it is loading. */
export async function openSettled(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

/** Fails when axe finds anything serious or critical. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.waitForFunction(isStill);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const found = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n    ')}`,
  );
  assert.deepEqual(found, [], where);
}

/** Whether nothing fades or moves any more, and the list has measured its rows (it hides them until then). */
function isStill(): boolean {
  const isMoving = document
    .getAnimations()
    .some(({ playState, effect }) => playState === 'running' && effect?.getTiming().iterations !== Infinity);
  const isHidden = (row: Element) => getComputedStyle(row).visibility === 'hidden';
  return !isMoving && ![...document.querySelectorAll('[role="row"]')].some(isHidden);
}

/** Compressed bytes of the scripts that the overview needs, without those fetched ahead when nothing else happens. */
export async function firstLoadBytes(page: Page): Promise<number> {
  const tab = await page.context().newPage();
  await tab.addInitScript(() => Reflect.set(window, 'requestIdleCallback', () => 0));
  await openSettled(tab, '/');
  const bytes = await tab.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => entry.name.endsWith('.js'))
      .reduce((sum, entry) => sum + Number(Reflect.get(entry, 'encodedBodySize')), 0),
  );
  await tab.close();
  return bytes;
}
