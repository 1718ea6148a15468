// Whom a free-form identifier means: user id, user name, e-mail address or API key id, and whose bindings are theirs. Pure.

import type { Catalog } from '../gateway/catalog.ts';
import type { Binding } from '../gateway/ports.ts';
import { apiKeyIdOf, findApiKey } from './affinity-view.ts';
import { sameName } from './catalog-rows.ts';
import { rawId } from './global-id.ts';

/** A user with all keys, or one key (of a user, or standalone). */
export type Identity =
  | { kind: 'user'; userId: string; name: string }
  | { kind: 'api-key'; apiKeyId: string; userId: string | null; name: string };

/** Tries user id, user name, e-mail address, API key id, in this order; ids may be global ones. Null = nobody. */
export function identify(catalog: Catalog, text: string): Identity | null {
  const wanted = text.trim();
  const user =
    catalog.users.get(rawId('User', wanted)) ??
    catalog.rows.users.find(({ username }) => sameName(username, wanted)) ??
    catalog.rows.users.find(({ email }) => email !== null && sameName(email, wanted));
  if (user) return { kind: 'user', userId: user.id, name: user.username };
  const apiKey = findApiKey(catalog, rawId('ApiKey', wanted));
  return apiKey ? { kind: 'api-key', apiKeyId: apiKey.id, userId: apiKey.userId, name: apiKey.name } : null;
}

/** Whether a binding is of the user, by any key, or of the one key. */
export function isOf(catalog: Catalog, identity: Identity): (binding: Binding) => boolean {
  if (identity.kind === 'api-key') return (binding) => apiKeyIdOf(binding) === identity.apiKeyId;
  const { userId } = identity;
  const keyIds = new Set(catalog.rows.apiKeys.filter((key) => key.userId === userId).map(({ id }) => id));
  return (binding) => binding.userId === userId || keyIds.has(apiKeyIdOf(binding));
}
