// A gateway with a past, and browser contexts that are logged in to its panel.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../../ui/browser.ts';
import { bootDemoGateway } from '../../ui/demo-gateway.ts';
import type { History } from '../../ui/seed-history.ts';
import { logIn } from '../../ui/visit.ts';
import { installProbe } from './probe.ts';

export interface Stage {
  /** In a context of its own, with empty caches. */
  withPage<Result>(act: (page: Page) => Promise<Result>): Promise<Result>;
  browserVersion: string;
  stop(): Promise<void>;
}

const SIZE = { width: 1280, height: 800 };
const TIMEOUT_MS = 30_000;

export async function openStage(history: History): Promise<Stage> {
  const browser = await launchBrowser();
  if (!browser) throw new Error('Cannot measure the panel: there is no browser');
  try {
    const gateway = await bootDemoGateway({ withTraffic: false, history });
    const base = { baseURL: gateway.origin, locale: 'en-US', viewport: SIZE };
    const first = await browser.newContext(base);
    await logIn({ gateway, page: await first.newPage(), complaints: [] });
    const options = { ...base, storageState: await first.storageState() };
    await first.close();
    return {
      browserVersion: browser.version(),
      withPage: (act) => inContext(browser, options, async (context) => act(await context.newPage())),
      async stop() {
        await browser.close();
        await gateway.stop();
      },
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

async function inContext<Result>(
  browser: Browser,
  options: BrowserContextOptions,
  act: (context: BrowserContext) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  await installProbe(context);
  try {
    return await act(context);
  } finally {
    await context.close();
  }
}
