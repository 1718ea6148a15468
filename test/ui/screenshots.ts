// Pictures of every screen into test/.out/screens: desktop and phone, light and dark, both languages.
// Run: bun test/ui/screenshots.ts [name-part]   (the panel must have been built)
// With --readme: the few that the README shows, into .github/screens.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { bootDemoGateway, type DemoGateway } from './demo-gateway.ts';
import { type OpenScreen, SCREENS } from './screens.ts';
import { whenSettled } from './visit.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'test/.out/screens');
const README_OUT = join(ROOT, '.github/screens');
const PASSWORD = 'pictures of the panel';
/** Until the live traffic has warmed some prompts. */
const WARM_UP_MS = Number(process.env.WARM_UP_MS ?? 30_000);
const SETTLE_MS = 700;
const PAGES_AT_ONCE = 3;
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } } as const;
const README_SIZE = { width: 1280, height: 800 };
const README_SCREENS = [
  { name: 'overview', theme: 'light' },
  { name: 'request', theme: 'dark' },
  { name: 'cache', theme: 'light' },
  { name: 'ttl', theme: 'light' },
  { name: 'lab-replay', theme: 'dark' },
] as const;
/** In quality of WebP; the first that is small enough is taken. */
const QUALITIES = [95, 90, 80, 65];
const MAX_README_BYTES = 150_000;

interface Look {
  name: string;
  options: BrowserContextOptions;
}

const { values, positionals } = parseArgs({
  options: { readme: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const wanted = positionals[0] ?? '';
const browser = await launchBrowser();
if (!browser) process.exit(1);
const gateway = await bootDemoGateway({ withTraffic: true, history: { rows: 20_000, days: 14 } });
const failed: string[] = [];
try {
  const state = await setUp(browser, gateway);
  if (values.readme) await shootForReadme(browser, state);
  else for (const look of looks()) await shootAll(browser, { ...look.options, ...state }, look.name);
} finally {
  await browser.close();
  await gateway.stop();
}
if (failed.length > 0) {
  process.stderr.write(`${failed.join('\n')}\n`);
  process.exitCode = 1;
}

/** Sets the password, as a person does it, and waits for traffic. Resolves to what makes a context logged in. */
async function setUp(browser: Browser, { origin, setupUrl }: DemoGateway): Promise<BrowserContextOptions> {
  const context = await browser.newContext({ baseURL: origin, locale: 'en-US', viewport: SIZES.desktop });
  const page = await context.newPage();
  await page.goto(setupUrl);
  await page.locator('input[type="password"]').first().waitFor();
  if (!values.readme) await shoot(page, 'setup');
  for (const field of await page.locator('input[type="password"]').all()) await field.fill(PASSWORD);
  await page.locator('button[type="submit"]').click();
  await page.locator('nav').first().waitFor();
  await page.waitForTimeout(WARM_UP_MS);
  const storageState = await context.storageState();
  await context.close();
  return { baseURL: origin, storageState, reducedMotion: 'reduce' };
}

function looks(): Look[] {
  return Object.entries(SIZES).flatMap(([size, viewport]) =>
    (['light', 'dark'] as const).flatMap((theme) =>
      (['en', 'zh-CN'] as const).map((language) => ({
        name: `${size}-${theme}-${language}`,
        options: {
          viewport,
          locale: language === 'en' ? 'en-US' : 'zh-CN',
          colorScheme: theme,
          deviceScaleFactor: size === 'phone' ? 2 : 1,
        },
      })),
    ),
  );
}

async function shootAll(browser: Browser, options: BrowserContextOptions, look: string): Promise<void> {
  const screens = Object.entries(SCREENS).filter(([name]) => `${name}-${look}`.includes(wanted));
  if (screens.length === 0) return;
  // A context each: the pages of one share six connections, and live feeds hold them.
  const shootRest = async () => {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(10_000);
    for (let next = screens.shift(); next; next = screens.shift()) {
      const [name, open] = next;
      await withScreen(context, { name: `${name}-${look}`, open }, (page) => shoot(page, `${name}-${look}`));
    }
    await context.close();
  };
  await Promise.all(Array.from({ length: PAGES_AT_ONCE }, shootRest));
}

/** A screen that does not open is told at the end, and the others are taken all the same. */
async function withScreen(
  context: BrowserContext,
  { name, open }: { name: string; open: OpenScreen },
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await context.newPage();
  try {
    await open(page);
    await whenSettled(page);
    await page.waitForTimeout(SETTLE_MS);
    await act(page);
  } catch (error) {
    failed.push(`Cannot take ${name}: ${String(error).split('\n')[0]}`);
  } finally {
    await page.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}

async function shootForReadme(browser: Browser, state: BrowserContextOptions): Promise<void> {
  mkdirSync(README_OUT, { recursive: true });
  for (const { name, theme } of README_SCREENS) {
    const open = SCREENS[name];
    if (!open || !name.includes(wanted)) continue;
    const options = { ...state, viewport: README_SIZE, locale: 'en-US', colorScheme: theme };
    const context = await browser.newContext(options);
    await withScreen(context, { name, open }, async (page) => {
      writeFileSync(join(README_OUT, `${name}.webp`), await smallPicture(page));
    });
    await context.close();
  }
}

async function smallPicture(page: Page): Promise<Buffer> {
  const devTools = await page.context().newCDPSession(page);
  let picture = Buffer.alloc(0);
  for (const quality of QUALITIES) {
    const { data } = await devTools.send('Page.captureScreenshot', { format: 'webp', quality });
    picture = Buffer.from(data, 'base64');
    if (picture.length <= MAX_README_BYTES) break;
  }
  return picture;
}
