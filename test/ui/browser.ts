// Starts a headless browser: the one from npm, or one that the machine has. Null when none can start.

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const QUIET_ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-gpu',
];
/** What suits a Lambda: one process dies with its first page, and a test wants the web's rules to hold. */
const UNWANTED_ARGS = new Set([
  '--single-process',
  '--no-zygote',
  '--disable-web-security',
  '--allow-running-insecure-content',
  // Drawing by a GPU that is only pretended costs seconds per picture.
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--in-process-gpu',
]);
const SYSTEM_BROWSERS = [
  process.env.CHROME_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib64',
];

/** The first browser that starts; the reasons why none did are written to standard error. */
export async function launchBrowser(): Promise<Browser | null> {
  const problems: string[] = [];
  for (const start of [startPackaged, ...installed().map((path) => () => startInstalled(path))]) {
    try {
      return await start();
    } catch (error) {
      problems.push(String(error).split('\n')[0] ?? '');
    }
  }
  process.stderr.write(`NO BROWSER COULD START, the panel is NOT tested:\n  ${problems.join('\n  ')}\n`);
  return null;
}

async function startPackaged(): Promise<Browser> {
  // On a machine without NSS the package brings its own, but unpacks it only where it believes itself to be on Lambda.
  if (!LIBRARY_FOLDERS.some((folder) => existsSync(`${folder}/libnss3.so`))) {
    process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs22.x';
  }
  const { default: packaged } = await import('@sparticuz/chromium');
  return chromium.launch({
    executablePath: await packaged.executablePath(),
    args: [...packaged.args.filter((arg) => !UNWANTED_ARGS.has(arg)), ...QUIET_ARGS],
    headless: true,
  });
}

function installed(): string[] {
  return SYSTEM_BROWSERS.filter((path) => path !== undefined && existsSync(path)).map(String);
}

function startInstalled(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: QUIET_ARGS, headless: true });
}
