// One ticker for every countdown and relative time on the screen; stands still when nothing shows time.

import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 1000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(() => {
    if (!document.hidden) update();
  }, TICK_MS);
  return () => clearInterval(timer);
});

/** Now, to the second; reading it in a template keeps that template up to date. */
export function tickingNowMs(): number {
  subscribe();
  return Date.now();
}
