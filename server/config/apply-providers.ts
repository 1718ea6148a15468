// The providers, endpoints, accounts, models and mappings that a configuration file asks for, as rows.

import { lastFour } from '../auth/api-keys.ts';
import { originsOf } from '../auth/credential-origins.ts';
import { credentialPurpose } from '../auth/vault.ts';
import type { AccountRow, CatalogRows, Model, ModelPrice, Provider, TokenPrices } from '../gateway/ports.ts';
import type { PlanTools } from './plan.ts';
import type { ConfigAccount, ConfigFile, ConfigModel, ConfigProvider } from './schema.ts';

export type DesiredProviders = Pick<
  CatalogRows,
  'providers' | 'endpoints' | 'accounts' | 'models' | 'mappings'
>;

export async function desiredProviders(
  file: ConfigFile,
  current: CatalogRows,
  tools: PlanTools,
): Promise<DesiredProviders> {
  const models = desiredModels(file, current, tools);
  const desired: DesiredProviders = { providers: [], endpoints: [], accounts: [], models, mappings: [] };
  for (const provider of file.providers ?? []) {
    const existing = current.providers.find((row) => row.name === provider.name);
    const row: Provider = {
      id: existing?.id ?? tools.newId(),
      name: provider.name,
      allowPrivateNetwork: provider.allowPrivateNetwork ?? false,
    };
    const scope = { provider, providerId: row.id, current, tools };
    desired.providers.push(row);
    desired.endpoints.push(...desiredEndpoints(scope));
    desired.accounts.push(...(await desiredAccounts(scope)));
    desired.mappings.push(...desiredMappings(scope, models));
  }
  return desired;
}

interface Scope {
  provider: ConfigProvider;
  providerId: string;
  current: CatalogRows;
  tools: PlanTools;
}

function desiredEndpoints({ provider, providerId, current, tools }: Scope) {
  return (provider.endpoints ?? []).map(({ name, surface, baseUrl }) => {
    const existing = current.endpoints.find((row) => row.providerId === providerId && row.name === name);
    return { id: existing?.id ?? tools.newId(), providerId, name, surface, baseUrl };
  });
}

function desiredAccounts({ provider, providerId, current, tools }: Scope): Promise<AccountRow[]> {
  const accounts = provider.accounts ?? [];
  return Promise.all(
    accounts.map(async (account) => {
      const existing = current.accounts.find(
        (row) => row.providerId === providerId && row.name === account.name,
      );
      const id = existing?.id ?? tools.newId();
      return {
        id,
        providerId,
        name: account.name,
        weight: account.weight ?? 1,
        maxConcurrent: account.maxConcurrent ?? null,
        cacheTtlMinutes: account.cacheTtlMinutes ?? null,
        rateMultiplier: account.rateMultiplier ?? 1,
        usdPerCredit: account.usdPerCredit ?? null,
        cacheDomain: account.cacheDomain ?? null,
        // How an account begins; from then on the operator's word counts.
        isPaused: existing?.isPaused ?? account.paused ?? false,
        ...(await desiredCredential(account, { id, existing, tools })),
        credentialOrigins: desiredOrigins(account, {
          existing,
          scope: { provider, providerId, current, tools },
        }),
      };
    }),
  );
}

/**
 * The file states credential and endpoints together, so the one is given for the other. One that states no endpoints
 * gives a new credential for those that are there.
 */
function desiredOrigins(
  { credential }: ConfigAccount,
  { existing, scope }: { existing: AccountRow | undefined; scope: Scope },
): string[] {
  const { provider, providerId, current, tools } = scope;
  const stated = originsOf(provider.endpoints ?? []);
  if (stated.length > 0) return stated;
  const isKnown = existing?.credentialFingerprint === tools.fingerprint(credential);
  return existing && isKnown
    ? existing.credentialOrigins
    : originsOf(current.endpoints.filter((row) => row.providerId === providerId));
}

type CredentialFields = Pick<
  AccountRow,
  'sealedCredential' | 'credentialFingerprint' | 'credentialLast4' | 'disabledReason'
>;

/** Sealing draws a new nonce, so an unchanged credential keeps its sealed text. A new one ends a refusal of the old. */
async function desiredCredential(
  { credential }: ConfigAccount,
  { id, existing, tools }: { id: string; existing: AccountRow | undefined; tools: PlanTools },
): Promise<CredentialFields> {
  const credentialFingerprint = tools.fingerprint(credential);
  const credentialLast4 = lastFour(credential);
  if (existing?.credentialFingerprint === credentialFingerprint) {
    const { sealedCredential, disabledReason } = existing;
    return { sealedCredential, credentialFingerprint, credentialLast4, disabledReason };
  }
  const sealedCredential = await tools.seal(credential, credentialPurpose(id));
  return { sealedCredential, credentialFingerprint, credentialLast4, disabledReason: null };
}

/** Declared models as declared; models that only a mapping names are made, or left as the database has them. */
function desiredModels(file: ConfigFile, current: CatalogRows, tools: PlanTools): Model[] {
  const declared = new Map((file.models ?? []).map((model) => [model.name, model]));
  const mapped = (file.providers ?? []).flatMap(({ models }) => (models ?? []).map(({ model }) => model));
  return [...new Set([...declared.keys(), ...mapped])].map((name) => {
    const existing = current.models.find((row) => row.name === name);
    const model = declared.get(name);
    if (!model && existing) return existing;
    return {
      id: existing?.id ?? tools.newId(),
      name,
      displayName: model?.displayName ?? null,
      price: desiredPrice(model?.price),
      routePolicy: model?.routePolicy ?? null,
      routeProfile: model?.routeProfile ?? null,
    };
  });
}

function desiredPrice(price: ConfigModel['price']): ModelPrice | null {
  if (!price) return null;
  const tiers = (price.tiers ?? []).map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    ...tokenPrices(tier),
  }));
  return { ...tokenPrices(price), tiers };
}

function tokenPrices(stated: Partial<Record<keyof TokenPrices, number | null | undefined>>): TokenPrices {
  return {
    inputUsdPerMillion: stated.inputUsdPerMillion ?? null,
    outputUsdPerMillion: stated.outputUsdPerMillion ?? null,
    cacheReadUsdPerMillion: stated.cacheReadUsdPerMillion ?? null,
    cacheWrite5mUsdPerMillion: stated.cacheWrite5mUsdPerMillion ?? null,
    cacheWrite1hUsdPerMillion: stated.cacheWrite1hUsdPerMillion ?? null,
  };
}

function desiredMappings({ provider, providerId, current, tools }: Scope, models: readonly Model[]) {
  return (provider.models ?? []).flatMap(({ model, upstreamModel, aliases }) => {
    const modelId = models.find((row) => row.name === model)?.id;
    if (modelId === undefined) return [];
    const existing = current.mappings.find((row) => row.providerId === providerId && row.modelId === modelId);
    return {
      id: existing?.id ?? tools.newId(),
      providerId,
      modelId,
      upstreamModel: upstreamModel ?? model,
      aliases: aliases ?? [],
    };
  });
}
