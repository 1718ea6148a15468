// Providers with their accounts and how much these are used; kept up to date by subscription, read again after every change made here.

import { onDestroy } from 'svelte';
import { run } from '../../lib/graphql.ts';
import { openFeed } from '../../lib/live.svelte.ts';
import { LookBack } from '../../lib/look-back.svelte.ts';
import { Meanwhile } from '../../lib/meanwhile.ts';
import { fetchOnce, type Resource } from '../../lib/resource.svelte.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_USE,
  type Account,
  PROVIDERS,
  type Provider,
  type ProviderPage,
} from './queries.ts';
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
  const meanwhile = new Meanwhile<Account>();
  let accountsChanged = 0;
  const providers = fetchOnce(async () => {
    meanwhile.begin();
    const found = await readProviders();
    accountsChanged = found.accountsChanged;
    return found.providers.map((one) => ({ ...one, accounts: one.accounts.map(meanwhile.latest) }));
  });
  const list = new ProviderList(providers, fetchOnce(readUse));
  const missed = new LookBack('accountsChanged');
  missed.watch(
    () => (providers.isLoading || providers.value === null ? null : accountsChanged),
    () => providers.reloadSoon(RELOAD_DELAY_MS),
  );
  const feed = openFeed(
    ACCOUNT_CHANGED,
    {},
    {
      onData: ({ accountChanged }) => {
        meanwhile.tell(accountChanged);
        list.put(accountChanged);
      },
      onOpen: (isAgain) => void (isAgain ? list.reload() : missed.opened()),
    },
  );
  onDestroy(() => feed.close());
  $effect(() => {
    if (!list.use.isLoading) list.use.reloadSoon(USE_RELOAD_MS);
  });
  return list;
}

/** All of them, with the count of changes when the first were read. */
async function readProviders(): Promise<{ providers: Provider[]; accountsChanged: number }> {
  let found: ProviderPage = await run(PROVIDERS, {});
  const { accountsChanged } = found.liveCounts;
  const providers = [...found.providers.nodes];
  for (let page = 1; page < MAX_PAGES && found.providers.pageInfo.hasNextPage; page += 1) {
    found = await run(PROVIDERS, { after: found.providers.pageInfo.endCursor });
    providers.push(...found.providers.nodes);
  }
  return { providers, accountsChanged };
}

async function readUse(): Promise<Map<string, Use>> {
  return useByAccount(await run(ACCOUNT_USE, { from: new Date(Date.now() - USE_PERIOD_MS).toISOString() }));
}
