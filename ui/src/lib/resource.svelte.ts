// One fetched value with its loading and error states; keeps the old value while a newer one is on its way.

import { onDestroy } from 'svelte';
import { type ApiError, asApiError } from './graphql.ts';

/** How often it is looked whether a hidden tab can be seen again. */
const HIDDEN_MS = 1000;

export class Resource<Value> {
  value = $state.raw<Value | null>(null);
  error = $state.raw<ApiError | null>(null);
  isLoading = $state(false);
  #fetch: () => Promise<Value>;
  #latest = 0;
  #soonTimer: ReturnType<typeof setTimeout> | undefined;
  #soonAtMs = 0;

  constructor(fetch: () => Promise<Value>) {
    this.#fetch = fetch;
  }

  reload = async (): Promise<void> => {
    clearTimeout(this.#soonTimer);
    this.#soonTimer = undefined;
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const value = await this.#fetch();
      if (call !== this.#latest) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (call === this.#latest) this.error = asApiError(error);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  };

  /** Reloads within `delayMs`; calls in between share that one reload. Waits while the tab is hidden. */
  reloadSoon(delayMs: number): void {
    const atMs = Date.now() + delayMs;
    if (this.#soonTimer !== undefined && this.#soonAtMs <= atMs) return;
    clearTimeout(this.#soonTimer);
    this.#soonAtMs = atMs;
    this.#soonTimer = setTimeout(() => {
      this.#soonTimer = undefined;
      if (document.hidden) this.reloadSoon(Math.max(delayMs, HIDDEN_MS));
      else void this.reload();
    }, delayMs);
  }

  dispose(): void {
    clearTimeout(this.#soonTimer);
    this.#latest += 1;
  }
}

/** Starts fetching as the component is created and stops caring when it goes. */
export function fetchOnce<Value>(fetch: () => Promise<Value>): Resource<Value> {
  const resource = new Resource(fetch);
  void resource.reload();
  onDestroy(() => resource.dispose());
  return resource;
}
