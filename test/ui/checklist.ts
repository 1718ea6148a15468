// The screens of the panel for clauses that hold on all of them, and hostile names on a gateway. A new screen joins by itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page, Route } from 'playwright-core';
import { graphql, newTab, sendRequest, type Visit } from './visit.ts';

const PAGES = readFileSync(join(import.meta.dirname, '../../ui/src/pages.ts'), 'utf8');
export const PATHS: readonly string[] = [...PAGES.matchAll(/^ *(?:\{ )?path: '([^']+)'/gm)].map(
  ([, path]) => path ?? '',
);

/** Per screen: an address with a good part of what it can hold. Empty = the screen has no state of its own. */
export const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  '/': ['/?period=7d'],
  '/requests': ['/requests?outcome=FAILED&period=7d', '/requests?q=walk&from=2026-01-01T00:00:00.000Z'],
  '/affinities': ['/affinities?tab=events&kind=BOUND', '/affinities?q=walk&pinned=no'],
  '/cache': ['/cache?period=30d&by=user&sort=-saved', '/cache?tab=reservation', '/cache?tab=providers'],
  '/ttl': ['/ttl?period=7d&by=key&q=a&usd=per1000&chart=table'],
  '/models': ['/models?q=gpt&order=-price'],
  '/accounts': ['/accounts?q=openai&sort=weight', '/accounts?state=PAUSED'],
  '/keys': ['/keys?q=demo'],
  '/lab': [
    '/lab?tab=replay&hours=72&policies=SESSION,API_KEY',
    '/lab?model=gpt-5-mini&surface=OPENAI_RESPONSES',
  ],
  '/alerts': [],
  '/audit': ['/audit?outcome=OK&q=update'],
  '/settings': ['/settings?tab=routing', '/settings?tab=transfer'],
  '/explorer': ['/explorer?type=Account&find=quota'],
  '/start': [],
};

const MARKUP = `<img src=x onerror="document.title='taken'">`;
const TRICKS = `{{7*7}} \${7*7} \u202Egnp.exe\u200B\u200D\u{1F469}\u200D\u{1F680}\u{1F525}`;
/** As long as a name may be that an administrator gives. */
const longest = (text: string) => text + 'W'.repeat(200 - text.length);
const HOSTILE = longest(`${MARKUP}${TRICKS}`);
const LINK = longest(`javascript:document.title='taken'//`);

const NAMES = `{
  accounts(first: 5) { nodes { id name } } users(first: 5) { nodes { id username } }
  models(first: 5) { nodes { id name } } apiKeys(first: 5) { nodes { id name } } providers(first: 5) { nodes { id name } }
}`;

/** Renames two rows of each kind; the history then says their names on every screen. Two requests bring two more. */
export async function giveHostileNames(visit: Visit): Promise<void> {
  const found = await graphql(visit, NAMES);
  for (const [index, name] of [HOSTILE, LINK].entries()) {
    await rename(visit, 'updateAccount', { id: idAt(found, 'accounts', index), input: { name } });
    await rename(visit, 'updateUser', { id: idAt(found, 'users', index), input: { username: name } });
    await rename(visit, 'updateApiKey', { id: idAt(found, 'apiKeys', index), input: { name } });
    await rename(visit, 'updateModel', { id: idAt(found, 'models', index), input: { displayName: name } });
  }
  await rename(visit, 'updateProvider', { id: idAt(found, 'providers', 0), input: { name: HOSTILE } });
  const session = encodeURIComponent(MARKUP).replaceAll('%', '') + 'W'.repeat(180);
  assert.equal(await sendRequest(visit, { model: HOSTILE + 'W'.repeat(9_800), session: MARKUP }), 404);
  assert.equal(await sendRequest(visit, { session: `${MARKUP}{{7*7}}${session}` }), 200);
}

async function rename(visit: Visit, name: string, variables: { id: string; input: object }): Promise<void> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($id: ID!, $input: ${type}!) { ${name}(id: $id, input: $input) { errors { message } } }`;
  await graphql(visit, query, variables);
}

function idAt(found: unknown, list: string, index: number): string {
  const value: unknown = Reflect.get(Object(found), list);
  const rows: unknown = Reflect.get(Object(value), 'nodes');
  const id: unknown = Array.isArray(rows) ? Reflect.get(Object(rows[index]), 'id') : null;
  return typeof id === 'string' ? id : assert.fail(`no ${index + 1} of ${list}`);
}

/** Another tab of the visit, in a context with options of its own and the same session. */
export async function openTab({ page, gateway }: Visit, options: BrowserContextOptions = {}): Promise<Page> {
  const browser = page.context().browser();
  assert.ok(browser);
  const context = await browser.newContext({
    baseURL: gateway.origin,
    locale: 'en-US',
    timezoneId: 'UTC',
    viewport: { width: 1280, height: 800 },
    storageState: await page.context().storageState(),
    ...options,
  });
  return newTab(context);
}

/** Fails every query of a screen, once `held` is over; who is logged in and what runs is told nevertheless. */
export function failQueries(held: Promise<void> = Promise.resolve()): (route: Route) => Promise<void> {
  return async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    if (/^\{"data":\{"(session|build)":/.test(body)) return route.fulfill({ response, body });
    await held;
    await route.fulfill({
      status: 500,
      headers: { 'x-request-id': 'lost-1' },
      json: { errors: [{ message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    });
  };
}
