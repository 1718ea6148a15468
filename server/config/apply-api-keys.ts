// The API keys that a configuration file asks for, as rows. A key's hash is unique, which takes care when keys move.

import { hashSecret, maskSecret } from '../auth/api-keys.ts';
import type { InputFault } from '../gateway/input-faults.ts';
import type { KeyRestrictions } from '../gateway/key-restrictions.ts';
import type { ApiKey, CatalogRows } from '../gateway/ports.ts';
import type { Deletion, PlanTools } from './plan.ts';
import type { ConfigProblem } from './problems.ts';
import type { ConfigApiKey, ConfigFile } from './schema.ts';

/** The rows of the file that keys name. */
type Named = Pick<CatalogRows, 'users' | 'models' | 'providers'>;

export function desiredApiKeys(
  file: ConfigFile,
  { current, named, tools }: { current: CatalogRows; named: Named; tools: PlanTools },
): ApiKey[] {
  return (file.apiKeys ?? []).map((apiKey) => {
    const { name, key, user } = apiKey;
    const existing = current.apiKeys.find((row) => row.name === name);
    const hash = hashSecret(key);
    return {
      ...restrictionsOf(apiKey, named),
      id: existing?.id ?? tools.newId(),
      name,
      hash,
      masked: maskSecret(key),
      userId: named.users.find(({ username }) => username === user)?.id ?? null,
      isEnabled: existing?.isEnabled ?? true,
      // A secret that was taken back stays so; another one under the same name is another key.
      revokedAtMs: existing?.hash === hash ? existing.revokedAtMs : null,
      createdAtMs: existing?.createdAtMs ?? tools.nowMs,
    };
  });
}

/** What the file leaves out is not restricted. */
function restrictionsOf(
  apiKey: ConfigApiKey,
  { models, providers }: Named,
): Omit<KeyRestrictions, 'revokedAtMs'> {
  return {
    expiresAtMs: apiKey.expiresAt ?? null,
    allowedModelIds: idsOf(apiKey.models, models),
    allowedProviderIds: idsOf(apiKey.providers, providers),
    allowedSurfaces: apiKey.surfaces ? [...new Set(apiKey.surfaces)] : null,
    allowedIps: apiKey.ips ? [...new Set(apiKey.ips)] : null,
    requestsPerMinute: apiKey.requestsPerMinute ?? null,
    tokensPerMinute: apiKey.tokensPerMinute ?? null,
    maxConcurrent: apiKey.maxConcurrent ?? null,
    budgetUsdPerDay: apiKey.budgetUsdPerDay ?? null,
    budgetUsdPerMonth: apiKey.budgetUsdPerMonth ?? null,
  };
}

/** Names that the file does not define have been refused when it was read. */
function idsOf(
  names: readonly string[] | null | undefined,
  rows: readonly { id: string; name: string }[],
): string[] | null {
  if (!names) return null;
  const ids = names.flatMap((name) => rows.find((row) => row.name === name)?.id ?? []);
  return [...new Set(ids)];
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
    const fault: InputFault = { problem: 'key-of-another', detail: holder.name };
    return [{ path: `apiKeys[${index}].key`, message, suggestion: null, line: null, fault }];
  });
}

/** Rows that must go before they are written again, because another row takes over their key. */
export function heldHashes(desired: readonly ApiKey[], current: CatalogRows): string[] {
  return desired.flatMap(({ id, hash }) => {
    const holder = current.apiKeys.find((row) => row.hash === hash);
    return holder && holder.id !== id ? [holder.id] : [];
  });
}
