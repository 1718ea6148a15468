// What pictures are taken of: the screens of the panel, and the dialogs and drawers that they open.

import type { Page } from 'playwright-core';

const SEARCH = /^(Search|搜索)/;
/** Of a phone: what the bar at the bottom has no place for. */
const MORE = /^(More|更多)$/;

/** Leads a logged-in page there. */
export type OpenScreen = (page: Page) => Promise<void>;

export const SCREENS: Readonly<Record<string, OpenScreen>> = {
  overview: at('/?period=24h'),
  'overview-today': at('/'),
  requests: at('/requests'),
  request: opened('/requests?outcome=OK', 3),
  'request-failed': opened('/requests?outcome=FAILED'),
  affinities: at('/affinities'),
  affinity: opened('/affinities'),
  cache: at('/cache'),
  'cache-reservation': at('/cache?tab=reservation'),
  'cache-providers': at('/cache?tab=providers'),
  ttl: at('/ttl?period=7d'),
  'ttl-user': opened('/ttl?period=7d'),
  models: at('/models'),
  model: opened('/models'),
  accounts: at('/accounts'),
  account: opened('/accounts'),
  'add-account': at('/accounts?add=1'),
  keys: at('/keys'),
  key: opened('/keys'),
  'create-key': at('/keys?create=1'),
  users: at('/keys?tab=users'),
  lab: at('/lab?model=claude-opus-5'),
  'lab-replay': async (page) => {
    await page.goto('/lab?tab=replay&hours=72');
    await page.locator('main form button[type="submit"]').click();
    await page.getByRole('table').waitFor();
  },
  alerts: at('/alerts'),
  audit: at('/audit'),
  settings: at('/settings'),
  'settings-routing': at('/settings?tab=routing'),
  'settings-access': at('/settings?tab=access'),
  'settings-transfer': at('/settings?tab=transfer'),
  explorer: at('/explorer'),
  start: at('/start'),
  palette: async (page) => {
    await page.goto('/');
    const search = page.getByRole('button', { name: SEARCH }).locator('visible=true');
    const more = page.getByRole('button', { name: MORE }).locator('visible=true');
    // A heading does not tell that the frame is there: the sign-in screen has one too, until the session is known.
    await search.or(more).first().waitFor();
    if (await more.isVisible()) await more.click();
    await search.click();
    await page.getByRole('combobox').waitFor();
  },
  'not-found': at('/nowhere'),
};

function at(path: string): OpenScreen {
  return async (page) => void (await page.goto(path));
}

/** The drawer of one of the rows; `index` counts those in sight. */
function opened(path: string, index = 0): OpenScreen {
  return async (page) => {
    await page.goto(path);
    await page.locator('main a[href*="open="]:visible').nth(index).click();
  };
}
