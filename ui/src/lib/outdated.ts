// The server was replaced by another build while the page was open: it has to be loaded again.

const KEY = 'warmpath-reloaded-at';
/** A page that is outdated again so soon after a reload would not get better by another one. */
const AGAIN_AFTER_MS = 60_000;

/** Loads the page again, unless that was just done. */
export function reloadOutdated(): void {
  try {
    const lastMs = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - lastMs < AGAIN_AFTER_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Where nothing can be remembered, reloads might never end.
    return;
  }
  location.reload();
}
