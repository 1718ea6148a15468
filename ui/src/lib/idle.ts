// Work that is done ahead of time, while nothing else happens.

/** Once the page has nothing better to do. */
export function whenIdle(task: () => void): void {
  const ask = window.requestIdleCallback ?? ((later: () => void) => setTimeout(later, 1500));
  ask(() => task());
}
