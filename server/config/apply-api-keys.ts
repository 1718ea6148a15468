// The API keys that a configuration file asks for, as rows. A key's hash is unique, which takes care when keys move.

import { hashSecret, maskSecret } from '../auth/api-keys.ts';
import type { ApiKey, CatalogRows, User } from '../gateway/ports.ts';
import type { Deletion, PlanTools } from './plan.ts';
import type { ConfigProblem } from './problems.ts';
import type { ConfigFile } from './schema.ts';

export function desiredApiKeys(
  file: ConfigFile,
  { current, users, tools }: { current: CatalogRows; users: readonly User[]; tools: PlanTools },
): ApiKey[] {
  return (file.apiKeys ?? []).map(({ name, key, user }) => {
    const existing = current.apiKeys.find((row) => row.name === name);
    return {
      id: existing?.id ?? tools.newId(),
      name,
      hash: hashSecret(key),
      masked: maskSecret(key),
      userId: users.find(({ username }) => username === user)?.id ?? null,
      isEnabled: existing?.isEnabled ?? true,
      createdAtMs: existing?.createdAtMs ?? tools.nowMs,
    };
  });
}

/** Keys of the file that the database already knows under a name that the file does not have. */
export function apiKeyConflicts(
  desired: readonly ApiKey[],
  { current, deletions }: { current: CatalogRows; deletions: readonly Deletion[] },
): ConfigProblem[] {
  const staying = current.apiKeys.filter(
    ({ id }) => !deletions.some((change) => change.id === id) && !desired.some((row) => row.id === id),
  );
  return desired.flatMap(({ hash }, index) => {
    const holder = staying.find((row) => row.hash === hash);
    if (!holder) return [];
    const message = `is the same key as "${holder.name}" in the database`;
    return [{ path: `apiKeys[${index}].key`, message, suggestion: null, line: null }];
  });
}

/** Rows that must go before they are written again, because another row takes over their key. */
export function heldHashes(desired: readonly ApiKey[], current: CatalogRows): string[] {
  return desired.flatMap(({ id, hash }) => {
    const holder = current.apiKeys.find((row) => row.hash === hash);
    return holder && holder.id !== id ? [holder.id] : [];
  });
}
