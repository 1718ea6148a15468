// The panel's screens: path, name, place in the navigation, letter after `g`, and how to load each. A new screen is one more row.

import type { Component } from 'svelte';
import { loadTexts } from './lib/i18n.svelte.ts';
import { whenIdle } from './lib/idle.ts';
import type { MessageKey } from './lib/messages.ts';

interface PageModule {
  default: Component;
}

/** Parts of the navigation, in its order. */
export const NAV_GROUPS = ['watch', 'save', 'run', 'keep'] as const;
export type NavGroup = (typeof NAV_GROUPS)[number];

interface PageEntry {
  path: string;
  label: MessageKey & `nav.${string}`;
  /** Null = reached by other ways than the navigation. */
  group: NavGroup | null;
  /** Pressed after `g`, it leads there. */
  key: string;
  load: () => Promise<PageModule>;
}

export const PAGES = [
  {
    path: '/',
    label: 'nav.overview',
    group: 'watch',
    key: 'o',
    load: () => import('./pages/overview/Page.svelte'),
  },
  {
    path: '/requests',
    label: 'nav.requests',
    group: 'watch',
    key: 'r',
    load: () => import('./pages/requests/Page.svelte'),
  },
  {
    path: '/affinities',
    label: 'nav.affinities',
    group: 'watch',
    key: 'a',
    load: () => import('./pages/affinities/Page.svelte'),
  },
  {
    path: '/cache',
    label: 'nav.cache',
    group: 'save',
    key: 'c',
    load: () => import('./pages/cache/Page.svelte'),
  },
  { path: '/ttl', label: 'nav.ttl', group: 'save', key: 't', load: () => import('./pages/ttl/Page.svelte') },
  {
    path: '/models',
    label: 'nav.models',
    group: 'save',
    key: 'm',
    load: () => import('./pages/models/Page.svelte'),
  },
  {
    path: '/accounts',
    label: 'nav.accounts',
    group: 'run',
    key: 'p',
    load: () => import('./pages/accounts/Page.svelte'),
  },
  {
    path: '/keys',
    label: 'nav.keys',
    group: 'run',
    key: 'k',
    load: () => import('./pages/keys/Page.svelte'),
  },
  { path: '/lab', label: 'nav.lab', group: 'run', key: 'l', load: () => import('./pages/lab/Page.svelte') },
  {
    path: '/alerts',
    label: 'nav.alerts',
    group: 'keep',
    key: 'w',
    load: () => import('./pages/alerts/Page.svelte'),
  },
  {
    path: '/audit',
    label: 'nav.audit',
    group: 'keep',
    key: 'u',
    load: () => import('./pages/audit/Page.svelte'),
  },
  {
    path: '/settings',
    label: 'nav.settings',
    group: 'keep',
    key: 's',
    load: () => import('./pages/settings/Page.svelte'),
  },
  {
    path: '/explorer',
    label: 'nav.explorer',
    group: 'keep',
    key: 'g',
    load: () => import('./pages/explorer/Page.svelte'),
  },
  {
    path: '/start',
    label: 'nav.start',
    group: null,
    key: 'b',
    load: () => import('./pages/start/Page.svelte'),
  },
] as const satisfies readonly PageEntry[];

export type PagePath = (typeof PAGES)[number]['path'];
export const PAGE_PATHS: readonly PagePath[] = PAGES.map((page) => page.path);

const loading = new Map<string, Promise<PageModule>>();

/** The page's module; asked for once, again after a failure. */
export function pageOf(path: string): Promise<PageModule> | null {
  const known = loading.get(path);
  if (known) return known;
  const entry = PAGES.find((page) => page.path === path);
  if (!entry) return null;
  // A screen's texts have the name of its folder.
  const part = entry.label.slice('nav.'.length);
  const module = Promise.all([entry.load(), loadTexts(part)]).then(([loaded]) => loaded);
  loading.set(path, module);
  module.catch(() => loading.delete(path));
  return module;
}

/** Fetches the screens of the navigation's first part while nothing else happens, so that going there does not wait. */
export function preloadPages(): void {
  // While developing, a screen that does not compile is nobody's business but its own.
  if (import.meta.env.DEV) return;
  whenIdle(() => {
    for (const page of PAGES) if (page.group !== null) void pageOf(page.path);
  });
}
