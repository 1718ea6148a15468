// What `prune: true` deletes: rows that only the database holds, of every list that the file has. Pure.
// A list that the file leaves out altogether is not managed by it; an empty list means that there shall be none.

import type { CatalogRows } from '../gateway/ports.ts';
import { type Deletion, type DesiredRows, deletion } from './plan.ts';
import type { ConfigFile } from './schema.ts';

export function pruned(
  file: ConfigFile,
  { current, desired }: { current: CatalogRows; desired: DesiredRows },
): Deletion[] {
  const providerIds = file.providers ? surplus(current.providers, desired.providers) : [];
  const children = prunedChildren(file, { current, desired });
  const mappingsLeft = current.mappings.filter(
    ({ id, providerId }) => !providerIds.includes(providerId) && !children.some((change) => change.id === id),
  );
  const isMapped = (modelId: string) => mappingsLeft.some((mapping) => mapping.modelId === modelId);
  const modelIds = file.models || file.providers ? surplus(current.models, desired.models) : [];
  const apiKeyIds = file.apiKeys ? surplus(current.apiKeys, desired.apiKeys) : [];
  const ownsKeys = (userId: string) =>
    current.apiKeys.some((row) => row.userId === userId && !apiKeyIds.includes(row.id));
  const userIds = file.users ? surplus(current.users, desired.users) : [];
  return [
    ...providerIds.map((id) => deletion('provider', id)),
    ...children,
    ...modelIds.filter((id) => !isMapped(id)).map((id) => deletion('model', id)),
    ...apiKeyIds.map((id) => deletion('api-key', id)),
    ...userIds.filter((id) => !ownsKeys(id)).map((id) => deletion('user', id)),
  ];
}

/** Parts of the providers that stay; a deleted provider takes its own with it. */
function prunedChildren(
  file: ConfigFile,
  { current, desired }: { current: CatalogRows; desired: DesiredRows },
): Deletion[] {
  return (file.providers ?? []).flatMap((provider) => {
    const providerId = desired.providers.find(({ name }) => name === provider.name)?.id;
    const ofProvider = <Row extends { providerId: string }>(rows: readonly Row[]) =>
      rows.filter((row) => row.providerId === providerId);
    const endpointIds = provider.endpoints ? surplus(ofProvider(current.endpoints), desired.endpoints) : [];
    const accountIds = provider.accounts ? surplus(ofProvider(current.accounts), desired.accounts) : [];
    const mappingIds = provider.models ? surplus(ofProvider(current.mappings), desired.mappings) : [];
    return [
      ...endpointIds.map((id) => deletion('endpoint', id)),
      ...accountIds.map((id) => deletion('account', id)),
      ...mappingIds.map((id) => deletion('mapping', id)),
    ];
  });
}

/** Ids of the rows that exist and are not wanted. */
function surplus(current: readonly { id: string }[], desired: readonly { id: string }[]): string[] {
  const wanted = new Set(desired.map(({ id }) => id));
  return current.filter(({ id }) => !wanted.has(id)).map(({ id }) => id);
}
