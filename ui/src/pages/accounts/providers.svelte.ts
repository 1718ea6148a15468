// Providers with their accounts; kept up to date by subscription, read again after every change made here.

import { onDestroy } from 'svelte';
import { run } from '../../lib/graphql.ts';
import { openFeed } from '../../lib/live.svelte.ts';
import { fetchOnce, type Resource } from '../../lib/resource.svelte.ts';
import { ACCOUNT_CHANGED, type Account, PROVIDERS, type Provider } from './queries.ts';

const RELOAD_DELAY_MS = 1000;

export class ProviderList {
  readonly resource: Resource<Provider[]>;

  constructor(resource: Resource<Provider[]>) {
    this.resource = resource;
  }

  reload = (): Promise<void> => this.resource.reload();

  /** Shows the account as it is now. One that is not known yet makes the list be read again. */
  put = (account: Account): void => {
    const providers = this.resource.value;
    if (!providers) return;
    const isKnown = providers.some((provider) => provider.accounts.some((one) => one.id === account.id));
    if (!isKnown) {
      this.resource.reloadSoon(RELOAD_DELAY_MS);
      return;
    }
    this.resource.value = providers.map((provider) => ({
      ...provider,
      accounts: provider.accounts.map((one) => (one.id === account.id ? account : one)),
    }));
  };
}

export function followProviders(): ProviderList {
  const list = new ProviderList(fetchOnce(async () => (await run(PROVIDERS, {})).providers.nodes));
  const feed = openFeed(
    ACCOUNT_CHANGED,
    {},
    {
      onData: ({ accountChanged }) => list.put(accountChanged),
      onOpen: (isAgain) => {
        if (isAgain) void list.reload();
      },
    },
  );
  onDestroy(() => feed.close());
  return list;
}
