// The panel's screens: path, name in the navigation, and how to load each. A new screen is one more row.

import type { Component } from 'svelte';
import type { MessageKey } from './lib/messages.ts';

interface PageModule {
  default: Component;
}

interface PageEntry {
  path: string;
  label: MessageKey & `nav.${string}`;
  load: () => Promise<PageModule>;
}

export const PAGES = [
  { path: '/', label: 'nav.overview', load: () => import('./pages/overview/Page.svelte') },
  { path: '/requests', label: 'nav.requests', load: () => import('./pages/requests/Page.svelte') },
  { path: '/affinities', label: 'nav.affinities', load: () => import('./pages/affinities/Page.svelte') },
  { path: '/accounts', label: 'nav.accounts', load: () => import('./pages/accounts/Page.svelte') },
  { path: '/keys', label: 'nav.keys', load: () => import('./pages/keys/Page.svelte') },
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
  const module = entry.load();
  loading.set(path, module);
  module.catch(() => loading.delete(path));
  return module;
}

/** Fetches the other screens while nothing else happens, so that going there does not wait. */
export function preloadPages(): void {
  const whenIdle = window.requestIdleCallback ?? ((task: () => void) => setTimeout(task, 1500));
  whenIdle(() => {
    for (const page of PAGES) void pageOf(page.path);
  });
}
