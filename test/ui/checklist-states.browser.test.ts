// States of every screen: what the address holds, loading, failed, empty, not permitted, hidden, before the first paint; and its bytes.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Page, Request } from 'playwright-core';
import { ADDRESSES, failQueries, openTab, PATHS } from './checklist.ts';
import { eventually, graphql, openSettled, openVisit, whenSettled } from './visit.ts';

const step = await openVisit({ history: { rows: 2_000, days: 8 } });

/** Screens with something that takes more than to look. */
const TELLING = new Set([
  '/requests',
  '/affinities',
  '/models',
  '/accounts',
  '/keys',
  '/settings?tab=access',
  '/cache?tab=reservation',
]);

step(
  'filters, tabs and order of every screen are in its address: back, forward and reload restore them',
  async ({ page }) => {
    for (const path of PATHS) {
      const addresses = ADDRESSES[path] ?? assert.fail(`${path}: tell an address that holds its state`);
      if (addresses.length > 0) await openSettled(page, path);
      for (const address of addresses) {
        const plain = await steadyState(page);
        await follow(page, address);
        await eventually(async () =>
          assert.notEqual(await page.evaluate(stateOf), plain, `${address} shows nothing of it`),
        );
        const wanted = await steadyState(page);
        await eventually(async () =>
          assert.equal(await placeOf(page), new URL(address, page.url()).search, `${address} is kept`),
        );
        await page.goBack();
        await assertState(page, plain, `${address}: back`);
        await page.goForward();
        await assertState(page, wanted, `${address}: forward`);
        await page.reload();
        await assertState(page, wanted, `${address}: reloaded`);
        await eventually(async () =>
          assert.equal(
            await placeOf(page),
            new URL(address, page.url()).search,
            `${address} is kept over a reload`,
          ),
        );
        await page.goBack();
        await assertState(page, plain, `${address}: back after a reload`);
      }
    }
  },
);

step('every screen has a skeleton while it loads, and a failure with retry and request id', async (visit) => {
  const { page, complaints } = visit;
  const frame = await documentsOf(page, '/nowhere');
  for (const path of PATHS) {
    // It asks nothing before it is told what.
    if (path === '/explorer') continue;
    const own = (await documentsOf(page, path)).filter((id) => !frame.includes(id));
    if (own.length === 0) continue;
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    await page.route('**/graphql', failQueries(held));
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page
      .locator('main .skeleton')
      .first()
      .waitFor()
      .catch(() => assert.fail(`${path}: no skeleton`));
    await eventually(async () =>
      assert.deepEqual(await page.evaluate(endless), [], `${path} moves while it loads`),
    );
    release();
    const alert = page.locator('main [role="alert"]').filter({ hasText: 'lost-1' });
    await alert
      .first()
      .waitFor()
      .catch(() => assert.fail(`${path}: no failure is told`));
    await page
      .locator('main .skeleton')
      .first()
      .waitFor({ state: 'detached' })
      .catch(() => assert.fail(`${path}: loads for ever`));
    const retry = page.locator('main [role="alert"]').getByRole('button');
    await eventually(async () => assert.ok((await retry.count()) > 0, `${path}: no retry`));
    await page.unrouteAll({ behavior: 'wait' });
    // A part that is there again may show the failure of another, and a button goes when its part loads.
    await eventually(async () => {
      await whenSettled(page);
      if ((await retry.count()) > 0) await retry.first().click({ timeout: 2_000 });
      await whenSettled(page);
      assert.equal(await retry.count(), 0, `${path}: the retry does not help`);
    });
  }
  complaints.splice(0);
});

step('who may only look is told what it takes on every screen, and meets no refusal', async (visit) => {
  const made = await graphql(
    visit,
    'mutation { createAdminToken(input: { name: "looker", role: VIEWER }) { secret errors { code } } }',
  );
  const password = /"secret":"([^"]+)"/.exec(JSON.stringify(made))?.[1] ?? '';
  const page = await openTab(visit, { storageState: { cookies: [], origins: [] } });
  const query = 'mutation ($input: LoginInput!) { login(input: $input) { errors { code } } }';
  await graphql({ ...visit, page }, query, { input: { password } });
  for (const path of new Set([...PATHS, ...TELLING, '/settings?tab=transfer'])) {
    await openSettled(page, path);
    await eventually(async () =>
      assert.deepEqual(await page.locator('main [role="alert"]').allTextContents(), [], path),
    );
    // What is busy for a moment is disabled as well.
    await eventually(async () => {
      const { wordless, needing } = await page.evaluate(lookAtDisabled);
      if (TELLING.has(path)) assert.ok(needing > 0, `${path}: nothing says which role it takes`);
      if (wordless.length === 0) return;
      // What is disabled for everybody, as a button of an empty form, is no matter of roles.
      await openSettled(visit.page, path);
      const forAll = (await visit.page.evaluate(lookAtDisabled)).wordless;
      assert.deepEqual(
        wordless.filter((each) => !forAll.includes(each)),
        [],
        `${path}: disabled without a word`,
      );
    });
  }
  await page.context().close();
});

step('no screen asks for anything while its tab is hidden', async (visit) => {
  const page = await openTab(visit, { reducedMotion: 'reduce' });
  await page.clock.install();
  const asked: string[] = [];
  for (const path of PATHS) {
    await openSettled(page, path);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.locator('[data-connection="resting"]').first().waitFor();
    // What was asked before may lead to another question when it is answered.
    await whenSettled(page);
    const note = (request: Request) => {
      // Those of the other screens may still be on their way: they are fetched ahead, once.
      if (request.resourceType() === 'script') return;
      asked.push(`${path}: ${request.url()} ${request.postData()?.slice(0, 200) ?? ''}`);
    };
    // The end of a stream is told to the server a moment after it.
    await page.clock.runFor(2_000);
    page.on('request', note);
    await page.clock.runFor(180_000);
    page.off('request', note);
  }
  assert.deepEqual(asked, []);
  await page.context().close();
});

for (const system of ['light', 'dark'] as const) {
  step(`the theme is there before the first paint, ${system} system`, async (visit) => {
    const page = await openTab(visit, { colorScheme: system });
    await page.addInitScript(watchTheme);
    for (const stored of [null, 'light', 'dark'] as const) {
      await openSettled(page, '/alerts');
      await page.evaluate(
        (name) =>
          name ? localStorage.setItem('warmpath.theme', name) : localStorage.removeItem('warmpath.theme'),
        stored,
      );
      await openSettled(page, '/alerts');
      const { atBody, all } = await page.evaluate(() => Reflect.get(window, 'themes'));
      assert.equal(atBody, stored ?? system, `stored ${stored}`);
      assert.deepEqual(all, [stored ?? system], `stored ${stored}: it flashed`);
    }
    await page.context().close();
  });
}

step(
  'a screen opened directly loads at most 150 kB of scripts, and at most 60 kB of its own',
  async (visit) => {
    const page = await openTab(visit);
    // The other screens are fetched while nothing else happens: that is no part of this one.
    await page.addInitScript(() => Reflect.set(window, 'requestIdleCallback', () => 0));
    const scripts = new Map<string, string[]>();
    for (const path of [...PATHS, '/nowhere']) {
      await openSettled(page, path);
      scripts.set(path, await page.evaluate(scriptsOf));
    }
    const sizes = new Map<string, number>();
    for (const url of new Set([...scripts.values()].flat())) {
      const body = await (await page.request.get(url)).body();
      sizes.set(url, gzipSync(body).length);
    }
    const sum = (urls: readonly string[]) => urls.reduce((total, url) => total + (sizes.get(url) ?? 0), 0);
    const everywhere = (url: string) => [...scripts.values()].every((urls) => urls.includes(url));
    const figures = PATHS.map((path) => {
      const loaded = scripts.get(path) ?? [];
      return { path, all: sum(loaded), own: sum(loaded.filter((url) => !everywhere(url))) };
    });
    assert.ok(
      figures.every(({ all, own }) => own > 1_000 && all - own > 30_000),
      JSON.stringify(figures),
    );
    assert.deepEqual(
      figures.filter(({ all, own }) => all > 150_000 || own > 60_000),
      [],
    );
    await page.context().close();
  },
);

/** As a click on a link of the panel: a step of the history, without a load. */
async function follow(page: Page, address: string): Promise<void> {
  await page.evaluate((href) => {
    const link = document.createElement('a');
    link.href = href;
    document.body.append(link);
    link.click();
    link.remove();
  }, address);
}

async function placeOf(page: Page): Promise<string> {
  return page.evaluate(() => location.search);
}

/** What stays so over several looks, when all answers are there. */
async function steadyState(page: Page): Promise<string> {
  let state = '';
  await eventually(async () => {
    for (let look = 0; look < 4; look += 1) {
      await whenSettled(page);
      const before = state;
      state = await page.evaluate(stateOf);
      if (look > 0) assert.equal(state, before, 'the screen does not come to rest');
      await page.waitForTimeout(80);
    }
  });
  return state;
}

async function assertState(page: Page, wanted: string, where: string): Promise<void> {
  await eventually(async () => assert.equal(await page.evaluate(stateOf), wanted, where));
}

/** What is chosen and entered on the screen. Runs in the page. */
function stateOf(): string {
  const marks = [
    'aria-pressed',
    'aria-selected',
    'aria-checked',
    'aria-current',
    'aria-expanded',
    'aria-sort',
  ];
  return [
    ...document.querySelectorAll(
      'h1, main :is(h2, input, select, textarea, button, nav a, [aria-sort]), [role="dialog"] h2',
    ),
  ]
    .filter(
      (element) => element.checkVisibility() && !element.closest('[role="row"] ~ [role="row"], li, tbody'),
    )
    .map((element) => {
      const value: unknown = Reflect.get(element, 'value');
      // What is counted of the last hours changes with the hour.
      const text = element.matches('select, textarea')
        ? ''
        : element.textContent?.trim().replace(/ [\d.,]+$/, ' #');
      return [element.localName, value, ...marks.map((mark) => element.getAttribute(mark)), text].join('|');
    })
    .join('\n');
}

/** The documents that a screen asks for by itself. */
async function documentsOf(page: Page, path: string): Promise<string[]> {
  // What the screen before may still ask is not this one's.
  await page.goto('about:blank');
  const ids: string[] = [];
  const note = (request: { url(): string; postData(): string | null }) => {
    const id = /"documentId":"([^"]+)"/.exec(request.postData() ?? '')?.[1];
    if (id && request.url().endsWith('/graphql')) ids.push(id);
  };
  page.on('request', note);
  await openSettled(page, path);
  page.off('request', note);
  return ids;
}

function endless(): string[] {
  return document
    .getAnimations()
    .filter(({ playState }) => playState === 'running')
    .map(({ effect }) =>
      effect instanceof KeyframeEffect ? (effect.target?.outerHTML.slice(0, 120) ?? '?') : '?',
    );
}

function lookAtDisabled(): { wordless: string[]; needing: number } {
  const disabled = [
    ...document.querySelectorAll('main :is(button, input, select, textarea):disabled'),
  ].filter((element) => element.checkVisibility());
  const titleOf = (element: Element) => element.closest('[title]')?.getAttribute('title') ?? '';
  return {
    wordless: disabled
      .filter((element) => titleOf(element) === '')
      .map((element) => `${element.localName} ${element.ariaLabel ?? element.textContent?.trim()}`),
    needing: disabled.filter((element) => /administrator|operator/i.test(titleOf(element))).length,
  };
}

/** Notes every theme from the first moment on. Runs before the page does. */
function watchTheme(): void {
  const themes: { atBody: string | null; all: string[] } = { atBody: null, all: [] };
  Reflect.set(window, 'themes', themes);
  new MutationObserver(() => {
    const now = document.documentElement?.dataset.theme;
    if (now !== undefined && themes.all.at(-1) !== now) themes.all.push(now);
    if (document.body && themes.atBody === null) themes.atBody = now ?? 'none';
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-theme'] });
}

function scriptsOf(): string[] {
  return performance
    .getEntriesByType('resource')
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.js'));
}
