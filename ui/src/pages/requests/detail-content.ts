// The details of a request, loaded apart from the list: most visits open none, and their first one soon.

import { loadTexts } from '../../lib/i18n.svelte.ts';

type Content = typeof import('./detail/Content.svelte').default;

let loading: Promise<Content> | null = null;

/** The component, once its texts are here too. */
export function loadContent(): Promise<Content> {
  loading ??= Promise.all([import('./detail/Content.svelte'), loadTexts('request-detail')]).then(
    ([module]) => module.default,
  );
  return loading;
}

/** Before it is needed; whoever then opens a request hears of a failure. */
export function preloadContent(): void {
  loadContent().catch(() => undefined);
}
