// A binding together with the entities it names. Pure.

import type { Catalog } from '../gateway/catalog.ts';
import { UNRESTRICTED } from '../gateway/key-restrictions.ts';
import type { AccountRow, ApiKey, Binding, Endpoint, Model, Provider, User } from '../gateway/ports.ts';

export interface Affinity {
  binding: Binding;
  apiKey: ApiKey;
  user: User | null;
  provider: Provider;
  endpoint: Endpoint;
  account: AccountRow;
  model: Model;
}

/** The key that stands for callers without one (`requireApiKey: false`). */
const ANONYMOUS_KEY: ApiKey = {
  ...UNRESTRICTED,
  id: 'anonymous',
  name: 'anonymous',
  hash: '',
  masked: 'anonymous',
  userId: null,
  isEnabled: true,
  createdAtMs: 0,
};

/** Null when something it names has been deleted: such a binding can never be used again. */
export function affinityOf(binding: Binding, catalog: Catalog): Affinity | null {
  const apiKey = binding.apiKeyId === null ? ANONYMOUS_KEY : catalog.apiKeys.get(binding.apiKeyId);
  const provider = catalog.providers.get(binding.providerId);
  const endpoint = catalog.endpoints.get(binding.endpointId);
  const account = catalog.accounts.get(binding.accountId);
  const model = catalog.models.get(binding.modelId);
  if (!apiKey || !provider || !endpoint || !account || !model) return null;
  const user = catalog.users.get(binding.userId ?? apiKey.userId ?? '') ?? null;
  return { binding, apiKey, user, provider, endpoint, account, model };
}

/** Whether its prompt is expected to be in the prompt cache now. */
export function stateOf({ warmTokens, expiresAtMs }: Binding, nowMs: number): 'warm' | 'cold' {
  return warmTokens > 0 && expiresAtMs > nowMs ? 'warm' : 'cold';
}

/** The API key with this id, the built-in anonymous one included. */
export function findApiKey(catalog: Catalog, id: string): ApiKey | undefined {
  return id === ANONYMOUS_KEY.id ? ANONYMOUS_KEY : catalog.apiKeys.get(id);
}

/** Id by which a binding names its API key. */
export function apiKeyIdOf(binding: Binding): string {
  return binding.apiKeyId ?? ANONYMOUS_KEY.id;
}
