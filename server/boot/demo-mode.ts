// The embedded demo: pretend providers in the catalogue while there is no real account, gone when there is one.

import type { ConfigFile } from '../config/schema.ts';
import { demoProviders } from '../demo/catalog.ts';
import { startTraffic } from '../demo/traffic.ts';
import { createDemoUpstream, type DemoUpstream } from '../demo/upstream.ts';
import type { Catalog, CatalogHolder } from '../gateway/catalog.ts';
import type { CatalogChange, Clock } from '../gateway/ports.ts';
import type { Upstream } from '../gateway/upstream.ts';
import type { DemoSwitch } from '../graphql/parts.ts';
import { upstreamOfFetch } from '../upstream/fetch-upstream.ts';
import { applyConfig, type Workspace } from './workspace.ts';

/** The people of the sample traffic; each has a key of their own. */
const DEMO_USERS = ['ada', 'grace', 'linus', 'margaret'] as const;
const DEMO_KEY_NAME = 'demo';
/** Host names under a reserved top-level name: requests to them never reach a network. */
const DEMO_HOST_SUFFIX = '.demo.invalid';
const TRAFFIC_SEED = 20261121;

export interface DemoMode {
  readonly isOn: boolean;
  /** Shown in the client settings of the welcome text. */
  apiKey: string | null;
  upstream: Upstream;
  switch: DemoSwitch;
  /** Sends sample traffic through the gateway's own front door until stopped. */
  startTraffic(send: (request: Request) => Promise<Response>): { stop(): void };
  /** Takes the demo out of the catalogue once a real account is there, unless it was asked for. */
  retireIfReal(): Promise<void>;
}

/** `isForced`: asked for by flag; otherwise the demo runs only while no real account is configured. */
export async function openDemo(
  workspace: Workspace,
  isForced: boolean,
  network: Upstream,
): Promise<DemoMode> {
  const { catalog, clock } = workspace;
  const upstream = createDemoUpstream({ clock });
  const pretended = upstreamOfFetch((url, init) => upstream.fetch(url, init));
  let isOn = isForced || !hasRealAccount(catalog.current);
  if (isOn) await applyConfig(demoConfig(workspace), workspace);
  else await removeDemo(catalog);
  return {
    get isOn() {
      return isOn;
    },
    apiKey: isOn ? demoKey(workspace, DEMO_KEY_NAME) : null,
    upstream: (request) => (isDemoUrl(request.url) ? pretended(request) : network(request)),
    switch: demoSwitch(upstream, catalog),
    startTraffic: (send) => traffic(workspace, send, clock),
    async retireIfReal() {
      if (!isOn || isForced || !hasRealAccount(catalog.current)) return;
      isOn = false;
      await removeDemo(catalog);
    },
  };
}

function traffic(workspace: Workspace, send: (request: Request) => Promise<Response>, clock: Clock) {
  const apiKeys = DEMO_USERS.map((name) => demoKey(workspace, `${DEMO_KEY_NAME}-${name}`));
  return startTraffic({ send, clock, seed: TRAFFIC_SEED, apiKeys });
}

function demoConfig(workspace: Workspace): ConfigFile {
  const providers = demoProviders();
  const key = (name: string, user: string | null) => ({ name, key: demoKey(workspace, name), user });
  return {
    providers: providers.map(({ models, ...provider }) => ({
      ...provider,
      models: models.map(({ model, upstreamModel, aliases }) => ({ model, upstreamModel, aliases })),
    })),
    models: providers
      .flatMap(({ models }) => models)
      .map(({ model, displayName }) => ({ name: model, displayName })),
    users: DEMO_USERS.map((username) => ({ username, email: `${username}@example.com` })),
    apiKeys: [key(DEMO_KEY_NAME, null), ...DEMO_USERS.map((name) => key(`${DEMO_KEY_NAME}-${name}`, name))],
  };
}

/** Derived from the master key, so that it is the same at every start, different everywhere, and kept nowhere. */
function demoKey({ vault }: Workspace, name: string): string {
  const part = (index: number) => vault.fingerprint(`demo key ${name} ${index}`);
  return `wp_demo_${part(1)}${part(2)}${part(3)}`;
}

function demoSwitch(upstream: DemoUpstream, catalog: CatalogHolder): DemoSwitch {
  const isDemoAccount = (name: string) => {
    const { rows } = catalog.current;
    const demoIds = demoProviderIds(catalog.current);
    // One that was added or renamed since is at a demo provider too, but the upstream knows no switch of it.
    const isKnown = upstream.stats().some(({ account }) => account === name);
    return (
      isKnown && rows.accounts.some((account) => account.name === name && demoIds.has(account.providerId))
    );
  };
  return {
    failure: (name) => (isDemoAccount(name) ? upstream.failure(name) : null),
    setFailure: (name, failure) => upstream.setFailure(name, failure),
  };
}

function hasRealAccount(catalog: Catalog): boolean {
  const demoIds = demoProviderIds(catalog);
  return catalog.rows.accounts.some((account) => !demoIds.has(account.providerId));
}

function demoProviderIds({ rows }: Catalog): Set<string> {
  return new Set(
    rows.endpoints.filter(({ baseUrl }) => isDemoUrl(baseUrl)).map(({ providerId }) => providerId),
  );
}

function isDemoUrl(url: string): boolean {
  return new URL(url).hostname.endsWith(DEMO_HOST_SUFFIX);
}

/** Providers, keys and people of the demo, and the models that only it served. */
async function removeDemo(catalog: CatalogHolder): Promise<void> {
  const { rows } = catalog.current;
  const demoIds = demoProviderIds(catalog.current);
  if (demoIds.size === 0) return;
  const demoModels = new Set(
    rows.mappings.filter(({ providerId }) => demoIds.has(providerId)).map(({ modelId }) => modelId),
  );
  const isMappedElsewhere = (id: string) =>
    rows.mappings.some(({ providerId, modelId }) => modelId === id && !demoIds.has(providerId));
  const keys = rows.apiKeys.filter(
    ({ name }) => name === DEMO_KEY_NAME || name.startsWith(`${DEMO_KEY_NAME}-`),
  );
  const users = rows.users.filter(({ username, email }) => email === `${username}@example.com`);
  const gone = (table: 'provider' | 'model' | 'api-key' | 'user', ids: Iterable<string>): CatalogChange[] =>
    [...ids].map((id) => ({ kind: 'delete', table, id }));
  await catalog.apply([
    ...gone('provider', demoIds),
    ...gone(
      'model',
      [...demoModels].filter((id) => !isMappedElsewhere(id)),
    ),
    ...gone(
      'api-key',
      keys.map(({ id }) => id),
    ),
    ...gone(
      'user',
      users.filter(({ username }) => isDemoUser(username)).map(({ id }) => id),
    ),
  ]);
}

function isDemoUser(username: string): boolean {
  return DEMO_USERS.some((name) => name === username);
}
