// The address bar as state: path and query. Back, forward and reload restore a screen, because nothing else holds it.

import { isSamePlace, withParams } from './place.ts';

const place = $state({ path: location.pathname, search: location.search });

export const route = {
  get path(): string {
    return place.path;
  },
  get params(): URLSearchParams {
    return new URLSearchParams(place.search);
  },
  param(name: string): string | null {
    return new URLSearchParams(place.search).get(name);
  },
};

/** Asked before another page is shown; true = it is held until `go` is called. */
type Hold = (go: () => void) => boolean;
let hold: Hold | null = null;

/** Lets a page with unsaved edits ask before another page takes its place; returns how to stop. */
export function holdPage(next: Hold): () => void {
  hold = next;
  return () => {
    if (hold === next) hold = null;
  };
}

/** Goes to an address of this panel. `replace` leaves no step to go back to, for typing in filters. */
export function goTo(address: string, options: { replace?: boolean } = {}): void {
  const url = new URL(address, location.href);
  if (url.pathname !== place.path && hold?.(() => goTo(address, options))) return;
  if (!isSamePlace(url, location)) {
    if (options.replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
  }
  const isNewPage = place.path !== url.pathname;
  readPlace();
  if (isNewPage) window.scrollTo(0, 0);
}

/** Changes query parameters of the present page; null or empty removes one. */
export function setParams(changes: Record<string, string | null>, options: { replace?: boolean } = {}): void {
  goTo(place.path + withParams(place.search, changes), options);
}

/** Makes plain links of the panel change the state instead of loading the page; returns how to stop. */
export function startRouting(): () => void {
  window.addEventListener('popstate', followHistory);
  document.addEventListener('click', followLink);
  return () => {
    window.removeEventListener('popstate', followHistory);
    document.removeEventListener('click', followLink);
  };
}

function followHistory(): void {
  const wanted = location.pathname + location.search;
  // The browser has gone already: a held page takes its address back.
  if (location.pathname !== place.path && hold?.(() => goTo(wanted))) {
    history.pushState(null, '', place.path + place.search);
    return;
  }
  readPlace();
}

function readPlace(): void {
  place.path = location.pathname;
  place.search = location.search;
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link?.href || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  // A fragment of the present page is for the browser to jump to.
  if (link.hash !== '' && link.pathname === location.pathname) return;
  event.preventDefault();
  goTo(link.href);
}
