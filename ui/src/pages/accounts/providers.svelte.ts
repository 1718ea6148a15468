// Providers with their accounts and how much these are used; kept up to date by subscription, read again after every change made here.

import { onDestroy } from 'svelte';
import { run } from '../../lib/graphql.ts';
import { openFeed } from '../../lib/live.svelte.ts';
import { fetchOnce, type Resource } from '../../lib/resource.svelte.ts';
import { ACCOUNT_CHANGED, ACCOUNT_USE, type Account, PROVIDERS, type Provider } from './queries.ts';
import { type Use, useByAccount } from './rows.ts';

const RELOAD_DELAY_MS = 1000;
const USE_PERIOD_MS = 3_600_000;
const USE_RELOAD_MS = 30_000;
/** Thousands of providers are nobody's screen: the search of the API would be the way to them. */
const MAX_PAGES = 10;

export class ProviderList {
  readonly resource: Resource<Provider[]>;
  readonly use: Resource<Map<string, Use>>;

  constructor(resource: Resource<Provider[]>, use: Resource<Map<string, Use>>) {
    this.resource = resource;
    this.use = use;
  }

  reload = (): Promise<void> => this.resource.reload();

  /** Null while it is not known; a known account without requests was not used. */
  useOf = (accountId: string): Use | null => {
    const known = this.use.value;
    return known === null ? null : (known.get(accountId) ?? { total: 0, failed: 0, hitRate: 0 });
  };

  find(accountId: string): { account: Account; provider: Provider } | null {
    for (const provider of this.resource.value ?? []) {
      const account = provider.accounts.find(({ id }) => id === accountId);
      if (account) return { account, provider };
    }
    return null;
  }

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
  const list = new ProviderList(fetchOnce(readProviders), fetchOnce(readUse));
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
  $effect(() => {
    if (!list.use.isLoading) list.use.reloadSoon(USE_RELOAD_MS);
  });
  return list;
}

async function readProviders(): Promise<Provider[]> {
  const found: Provider[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { providers }: { providers: ProviderPage } = await run(PROVIDERS, { after });
    found.push(...providers.nodes);
    if (!providers.pageInfo.hasNextPage) break;
    after = providers.pageInfo.endCursor;
  }
  return found;
}

interface ProviderPage {
  nodes: Provider[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function readUse(): Promise<Map<string, Use>> {
  return useByAccount(await run(ACCOUNT_USE, { from: new Date(Date.now() - USE_PERIOD_MS).toISOString() }));
}
