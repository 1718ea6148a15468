// Pure parts of routing: comparing addresses and changing query strings.

/** Applies changes to a query string; null or empty removes a parameter. Starts with `?` or is empty. */
export function withParams(search: string, changes: Record<string, string | null>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export function isSamePlace(
  one: { pathname: string; search: string },
  other: { pathname: string; search: string },
): boolean {
  return one.pathname === other.pathname && one.search === other.search;
}

/** The one-time setup token in a fragment such as `#setup=abc`; null when there is none. */
export function setupTokenOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('setup');
}

/** Index of the page whose path this is; trailing slashes do not matter. */
export function matchPath(path: string, pages: readonly string[]): string | null {
  const plain = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return pages.find((page) => page === plain) ?? null;
}
