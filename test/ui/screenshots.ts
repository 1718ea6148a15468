// Pictures of every screen into test/.out/screens: desktop and phone, light and dark, both languages.
// Run: bun test/ui/screenshots.ts [name-part]   (the panel must have been built)

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { bootDemoGateway } from './demo-gateway.ts';

const OUT = join(import.meta.dirname, '../.out/screens');
const PASSWORD = 'pictures of the panel';
const WARM_UP_MS = Number(process.env.WARM_UP_MS ?? 45_000);
const SETTLE_MS = 1500;

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } } as const;
const SCREENS: Record<string, (page: Page) => Promise<void>> = {
  overview: async (page) => void (await page.goto('/?period=15m')),
  requests: async (page) => void (await page.goto('/requests')),
  request: async (page) => {
    await page.goto('/requests');
    await page.locator('[role="row"] a:visible').nth(3).click();
  },
  affinities: async (page) => void (await page.goto('/affinities')),
  accounts: async (page) => void (await page.goto('/accounts')),
  health: async (page) => {
    await page.goto('/accounts');
    await page.locator('[data-account]').first().locator('button[aria-haspopup]:visible').click();
    await page.getByRole('menuitem').nth(1).click();
  },
  'add-account': async (page) => void (await page.goto('/accounts?add=1')),
  keys: async (page) => void (await page.goto('/keys')),
  'not-found': async (page) => void (await page.goto('/nowhere')),
};

const wanted = process.argv[2] ?? '';
const browser = await launchBrowser();
if (!browser) process.exit(1);
const gateway = await bootDemoGateway({ withTraffic: true });
mkdirSync(OUT, { recursive: true });
try {
  const first = await browser.newContext({
    baseURL: gateway.origin,
    locale: 'en-US',
    viewport: SIZES.desktop,
  });
  const page = await first.newPage();
  await page.goto(gateway.setupUrl);
  await page.locator('input[type="password"]').first().waitFor();
  await shoot(page, 'setup');
  for (const field of await page.locator('input[type="password"]').all()) await field.fill(PASSWORD);
  await page.locator('button[type="submit"]').click();
  await page.locator('nav').first().waitFor();
  await page.waitForTimeout(WARM_UP_MS);
  const state = await first.storageState();
  for (const [sizeName, viewport] of Object.entries(SIZES)) {
    for (const theme of ['light', 'dark'] as const) {
      for (const locale of ['en', 'zh-CN'] as const) {
        const context = await browser.newContext({
          baseURL: gateway.origin,
          storageState: state,
          viewport,
          locale: locale === 'en' ? 'en-US' : 'zh-CN',
          colorScheme: theme,
          deviceScaleFactor: sizeName === 'phone' ? 2 : 1,
        });
        await shootAll(context, `${sizeName}-${theme}-${locale}`);
        await context.close();
      }
    }
  }
} finally {
  await browser.close();
  await gateway.stop();
}

async function shootAll(context: BrowserContext, look: string): Promise<void> {
  for (const [name, open] of Object.entries(SCREENS)) {
    if (!`${name}-${look}`.includes(wanted)) continue;
    const page = await context.newPage();
    await open(page);
    await page.waitForTimeout(SETTLE_MS);
    await shoot(page, `${name}-${look}`);
    await page.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}
