// Plans which catalogue changes make the database agree with a configuration file. Pure; writes nothing.
//
// A row that the file names is what the file says, defaults included; only what an operator does while running
// (pausing an account, switching off an API key) is kept. Rows are recognised by name, so planning again after the
// changes are stored gives no changes. Rows that only the database holds stay, unless `prune: true`.

import type { CatalogChange, CatalogRows } from '../gateway/ports.ts';
import { apiKeyConflicts, desiredApiKeys, heldHashes } from './apply-api-keys.ts';
import { desiredProviders } from './apply-providers.ts';
import { desiredSettings, settingsConflicts } from './apply-settings.ts';
import { withWebhook } from './apply-webhook.ts';
import { type Deletion, type DesiredRows, deletion, type PlanTools } from './plan.ts';
import { ConfigError } from './problems.ts';
import { pruned } from './prune.ts';
import type { ConfigFile } from './schema.ts';

/** Throws a ConfigError when the file contradicts what the database holds. Deletions come first. */
export async function planConfig(
  file: ConfigFile,
  current: CatalogRows,
  tools: PlanTools,
): Promise<CatalogChange[]> {
  const users = desiredUsers(file, current, tools);
  const providers = await desiredProviders(file, current, tools);
  const desired: DesiredRows = {
    ...providers,
    users,
    apiKeys: desiredApiKeys(file, { current, named: { ...providers, users }, tools }),
    settings: await withWebhook(file, desiredSettings(file, current.settings), tools),
  };
  const deletions = file.prune ? pruned(file, { current, desired }) : [];
  const conflicts = [
    ...settingsConflicts(file, desired.settings),
    ...apiKeyConflicts(desired.apiKeys, { current, deletions }),
  ];
  if (conflicts.length > 0) throw new ConfigError('the configuration', conflicts);
  const hashesToFree = heldHashes(desired.apiKeys, current).map((id) => deletion('api-key', id));
  return [...withoutDoubles([...deletions, ...hashesToFree]), ...puts(desired, current)];
}

function withoutDoubles(deletions: readonly Deletion[]): Deletion[] {
  return [...new Map(deletions.map((change) => [change.id, change])).values()];
}

/** Parents before the rows that refer to them. */
function puts(desired: DesiredRows, current: CatalogRows): CatalogChange[] {
  const { settings } = desired;
  return [
    ...changed(desired.providers, current.providers).map((row) => ({ kind: 'put-provider', row }) as const),
    ...changed(desired.endpoints, current.endpoints).map((row) => ({ kind: 'put-endpoint', row }) as const),
    ...changed(desired.accounts, current.accounts).map((row) => ({ kind: 'put-account', row }) as const),
    ...changed(desired.models, current.models).map((row) => ({ kind: 'put-model', row }) as const),
    ...changed(desired.mappings, current.mappings).map((row) => ({ kind: 'put-mapping', row }) as const),
    ...changed(desired.users, current.users).map((row) => ({ kind: 'put-user', row }) as const),
    ...changed(desired.apiKeys, current.apiKeys).map((row) => ({ kind: 'put-api-key', row }) as const),
    ...(isSame(settings, current.settings) ? [] : [{ kind: 'put-settings', row: settings } as const]),
  ];
}

function desiredUsers(file: ConfigFile, current: CatalogRows, { newId }: PlanTools) {
  return (file.users ?? []).map(({ username, email }) => {
    const existing = current.users.find((row) => row.username === username);
    return { id: existing?.id ?? newId(), username, email: email ?? null };
  });
}

function changed<Row extends { id: string }>(desired: readonly Row[], current: readonly Row[]): Row[] {
  const byId = new Map(current.map((row) => [row.id, row]));
  return desired.filter((row) => !isSame(row, byId.get(row.id)));
}

export function isSame<Row extends object>(wanted: Row, existing: Row | undefined): boolean {
  return existing !== undefined && fingerprintOf(wanted) === fingerprintOf(existing);
}

/** Rows are flat but for lists and small blocks, whose order of keys may differ between storage and plan. */
function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
