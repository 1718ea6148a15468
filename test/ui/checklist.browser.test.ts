// What every screen keeps to: one walk over all of them, full of hostile names, then a clause at a time over what was seen.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { giveHostileNames, PATHS } from './checklist.ts';
import { openSettled, openVisit, seriousOf, type Visit, whenSettled } from './visit.ts';

const step = await openVisit({ history: { rows: 3_000, days: 8 } });

/** What a walk over the screens saw: per clause what offends it, as `screen: what`. */
const offences = {
  jump: [] as string[],
  policy: [] as string[],
  motion: [] as string[],
  axeLight: [] as string[],
  contrastDark: [] as string[],
  zoomed: [] as string[],
  phone: [] as string[],
  unreached: [] as string[],
  disorder: [] as string[],
  inexact: [] as string[],
  moments: [] as string[],
  loud: [] as string[],
  charts: [] as string[],
  hostile: [] as string[],
};
const stops = new Map<string, number>();
const DISORDER = 'Tab goes back: ';
const LOOKS = 10;
const LOOK_AGAIN_MS = 500;
let chartCount = 0;
let momentCount = 0;
let compactCount = 0;

step('every screen is walked, with hostile names on all it shows', async (visit) => {
  const { page } = visit;
  assert.ok(PATHS.length >= 14, `${PATHS.length} screens`);
  await giveHostileNames(visit);
  await page.addInitScript(watchLoad);
  for (const path of PATHS) {
    await openSettled(page, path);
    await look(visit, path);
  }
});

async function look({ page, complaints }: Visit, path: string): Promise<void> {
  const note = (clause: keyof typeof offences, found: readonly string[]) =>
    offences[clause].push(...found.map((what) => `${path}: ${what}`));
  const seen = await page.evaluate(inspect);
  // Before anything is pressed or made narrower, which moves things rightly.
  const { shift, shifts } = await page.evaluate(readLoad);
  if (shift >= 0.1) note('jump', [`${shift.toFixed(3)} by ${shifts.join(', ')}`]);
  chartCount += seen.charts;
  momentCount += seen.moments;
  compactCount += seen.compact;
  note('motion', [...seen.moving, ...seen.late]);
  note('inexact', seen.inexact);
  note('moments', seen.momentsWithout);
  note('loud', seen.loud);
  note('charts', seen.chartsWithout);
  note('hostile', seen.hostile);
  await whenSettled(page);
  const walked = await lasting(async () => {
    const { missed, disorder, count } = await walkByTab(page);
    stops.set(path, count);
    return [...missed, ...disorder];
  });
  note(
    'unreached',
    walked.filter((what) => !what.startsWith(DISORDER)),
  );
  note(
    'disorder',
    walked.filter((what) => what.startsWith(DISORDER)),
  );
  note('axeLight', await lasting(() => seriousOf(page)));
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-theme="dark"]').waitFor();
  note('contrastDark', await lasting(() => seriousOf(page, ['color-contrast'])));
  await page.emulateMedia({ colorScheme: 'light' });
  // Zoom to 200 % halves the window in CSS pixels.
  note('zoomed', await lasting(() => tooWide(page, { width: 640, height: 400 })));
  note('phone', await lasting(() => tooWide(page, { width: 360, height: 740 })));
  await page.setViewportSize({ width: 1280, height: 800 });
  const { violations } = await page.evaluate(readLoad);
  note('policy', [...violations, ...complaints.splice(0)]);
}

const CLAUSES: readonly [keyof typeof offences, string][] = [
  ['jump', 'no screen jumps while it loads'],
  ['policy', 'no screen breaks the content policy or complains on the console'],
  ['motion', 'nothing moves on any screen for who wants less motion'],
  ['axeLight', 'axe finds nothing serious on any screen, light'],
  ['contrastDark', 'contrast is enough on every screen, dark'],
  ['zoomed', 'every screen fits at 200 %'],
  ['phone', 'every screen fits a phone 360 px wide'],
  ['unreached', 'Tab reaches everything that can be used on every screen, and nothing traps it'],
  ['disorder', 'Tab goes in the order of reading on every screen'],
  ['inexact', 'a number in short form has the exact one in its title, on every screen'],
  ['moments', 'every moment has the exact one with its zone in its title'],
  ['loud', 'live regions are polite on every screen'],
  ['charts', 'every chart has a table view and its words'],
  ['hostile', 'hostile names are text on every screen'],
];

for (const [clause, name] of CLAUSES) {
  step(name, async () => {
    assert.deepEqual(offences[clause], []);
  });
}

step(
  'the walk saw charts, moments and short numbers, and would have seen a jump and a forbidden style',
  async ({ page }) => {
    await openSettled(page, '/alerts');
    await page.evaluate(() => {
      const block = document.createElement('div');
      block.style.height = '300px';
      document.body.prepend(block);
      const style = document.createElement('style');
      style.textContent = 'p { color: red }';
      document.head.append(style);
    });
    await page.waitForFunction(() => {
      const { shift, violations } = Reflect.get(window, 'load');
      return shift > 0.1 && violations.length > 0;
    });
    assert.ok(chartCount >= 2, `${chartCount} charts`);
    assert.ok(momentCount >= 20, `${momentCount} moments`);
    assert.ok(compactCount >= 10, `${compactCount} short numbers`);
    assert.deepEqual(
      [...stops].filter(([, count]) => count < 20),
      [],
    );
  },
);

/** Looks again at what offends: what a screen shows may have come or changed while it was looked at. */
async function lasting(look: () => Promise<string[]>): Promise<string[]> {
  let found = await look();
  for (let tries = 0; tries < LOOKS && found.length > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    found = await look();
  }
  return found;
}

async function tooWide(page: Page, size: { width: number; height: number }): Promise<string[]> {
  await page.setViewportSize(size);
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  return overflow > 0 ? [`${overflow} px too wide`] : [];
}

/** Presses Tab from the start of the document to its end, and tells what was passed over. */
async function walkByTab(page: Page): Promise<{ missed: string[]; disorder: string[]; count: number }> {
  const count = await page.evaluate(prepareTabs);
  // Regions that scroll are stops too, which makes it some more than were counted.
  for (let pressed = 0; pressed < 2 * count; pressed += 1) {
    if (pressed >= count && (await page.evaluate(isTabRound))) break;
    await page.keyboard.press('Tab');
  }
  const { missed, disorder } = await page.evaluate(readTabs);
  return { missed, disorder: disorder.map((what) => DISORDER + what), count };
}

/** Runs before the page does. */
function watchLoad(): void {
  const load = { shift: 0, shifts: [] as string[], violations: [] as string[] };
  Reflect.set(window, 'load', load);
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    load.violations.push(`${violatedDirective} ${blockedURI} ${sample}`);
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (Reflect.get(entry, 'hadRecentInput') === true) continue;
      load.shift += Number(Reflect.get(entry, 'value'));
      for (const source of Reflect.get(entry, 'sources') ?? []) {
        const { node } = source;
        load.shifts.push(node instanceof Element ? node.outerHTML.slice(0, 90) : (node?.nodeName ?? 'gone'));
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

function readLoad(): { shift: number; shifts: string[]; violations: string[] } {
  return Reflect.get(window, 'load');
}

/** Runs in the page, so it uses nothing around it. */
function inspect() {
  const all = (selector: string) =>
    [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const describe = (element: Element) => element.outerHTML.slice(0, 140);
  const ownText = (element: Element) =>
    [...element.childNodes].flatMap((node) => (node instanceof Text ? [node.data.trim()] : [])).join('');
  const short = all('main *').filter(
    (element) =>
      /^[$−-]*\d[\d.,]*\s?[KMB]$/.test(ownText(element)) && !element.closest('svg, [aria-hidden="true"]'),
  );
  const moments = all('main time');
  const plots = all('main [tabindex="0"][aria-label*="rrow keys"]');
  const hasTable = (plot: Element) => {
    const box = plot.closest('section, [role="dialog"]');
    const names = [...(box?.querySelectorAll('button') ?? [])].map((button) => button.textContent?.trim());
    return names.includes('Table') && (box?.querySelector('p.sr-only')?.textContent ?? '') !== '';
  };
  const links = all('a[href]').map((link) => link.getAttribute('href') ?? '');
  return {
    charts: plots.length,
    moments: moments.length,
    compact: short.length,
    moving: document
      .getAnimations()
      .filter(({ playState }) => playState === 'running')
      .map(({ effect }) =>
        effect instanceof KeyframeEffect && effect.target ? describe(effect.target) : '?',
      ),
    // However short, it would show whatever changes where it was, and what comes as not there yet, for a frame more.
    late: all('*')
      .filter((element) => {
        const { transitionDuration, animationName } = getComputedStyle(element);
        return transitionDuration !== '0s' || animationName !== 'none';
      })
      .map(describe),
    inexact: short.filter((element) => !element.closest('[title]')).map(describe),
    momentsWithout: moments
      .filter((time) => !/\d.*(UTC|GMT|[A-Z]{2,})/.test(time.closest('[title]')?.getAttribute('title') ?? ''))
      .map(describe),
    loud: [
      ...all('[aria-live="assertive"]').map(describe),
      ...(document.querySelector('[role="status"][aria-live="polite"]') ? [] : ['no polite region']),
    ],
    chartsWithout: plots.filter((plot) => !hasTable(plot)).map(describe),
    hostile: [
      ...[...document.querySelectorAll('img, script:not([src])')].map(describe),
      ...links.filter((href) => /^\s*javascript:/i.test(href)),
      ...(/taken/.test(document.title) ? ['a script of a name ran'] : []),
      ...(/gnp\.exe/.test(document.body.textContent ?? '') && !document.body.textContent?.includes('{{7*7}}')
        ? ['an expression in a name was reckoned']
        : []),
    ],
  };
}

function prepareTabs(): number {
  const wanted = [
    ...document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex]',
    ),
  ]
    .filter((element) => element.tabIndex >= 0 && !element.matches(':disabled'))
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[inert]'))
    // Of radio buttons with one name, one is the stop of all.
    .filter(
      (element) => !(element instanceof HTMLInputElement && element.type === 'radio' && !element.checked),
    );
  const reached: Element[] = [];
  Reflect.set(window, 'tabs', { wanted, reached });
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof Element) reached.push(target);
  });
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  return wanted.length;
}

/** Whether the walk is back at its first stop. */
function isTabRound(): boolean {
  const { wanted, reached }: { wanted: Element[]; reached: Element[] } = Reflect.get(window, 'tabs');
  return reached.filter((element) => element === wanted[0]).length > 1;
}

function readTabs(): { missed: string[]; disorder: string[] } {
  const { wanted, reached }: { wanted: Element[]; reached: Element[] } = Reflect.get(window, 'tabs');
  const places = reached.map((element) => wanted.indexOf(element)).filter((place) => place >= 0);
  const first = places.indexOf(0);
  const round = places.slice(Math.max(first, 0), Math.max(first, 0) + wanted.length);
  const back = round.findIndex((place, at) => at > 0 && place < (round[at - 1] ?? 0));
  const describe = (element: Element | undefined) => element?.outerHTML.slice(0, 140) ?? '?';
  return {
    // What went, or cannot be used any more, is no stop.
    missed: wanted
      .filter((element) => element.checkVisibility() && !element.matches(':disabled'))
      .filter((element) => !reached.includes(element))
      .map(describe),
    disorder:
      back > 0 && round[back] !== 0
        ? [`after ${describe(wanted[round[back - 1] ?? 0])} came ${describe(wanted[round[back] ?? 0])}`]
        : [],
  };
}
