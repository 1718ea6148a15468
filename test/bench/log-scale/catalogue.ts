// Puts the world of the log bench into a catalogue, with nothing that deletes its rows.

import { credentialPurpose } from '../../../server/auth/vault.ts';
import type { Workspace } from '../../../server/boot/workspace.ts';
import type { AccountRow, CatalogChange } from '../../../server/gateway/ports.ts';
import type { World, WorldAccount } from './world.ts';

/** More than any bench makes. */
const KEEP_ALL = { maxAgeDays: 36_500, maxRows: 1_000_000_000 };

export async function putWorld(world: World, { vault, catalog }: Workspace): Promise<void> {
  const accounts = await Promise.all(
    world.accounts.map(async (account) => {
      const sealedCredential = await vault.seal(
        `credential of ${account.name}`,
        credentialPurpose(account.id),
      );
      return accountRow(account, sealedCredential);
    }),
  );
  const changes: CatalogChange[] = [
    ...world.providers.map((row) => ({ kind: 'put-provider', row }) as const),
    ...world.endpoints.map((row) => ({ kind: 'put-endpoint', row }) as const),
    ...accounts.map((row) => ({ kind: 'put-account', row }) as const),
    ...world.models.map(({ id, name }) => {
      const row = { id, name, displayName: null, price: null, routePolicy: null, routeProfile: null };
      return { kind: 'put-model', row } as const;
    }),
    ...world.models.map(({ id, name, upstreamModel, endpoint }, index) => {
      const mappingId = `019a0000-0000-7000-8700-${index.toString(16).padStart(12, '0')}`;
      const row = {
        id: mappingId,
        providerId: endpoint.providerId,
        modelId: id,
        upstreamModel,
        aliases: [`${name}-latest`],
      };
      return { kind: 'put-mapping', row } as const;
    }),
    ...world.users.map((row) => ({ kind: 'put-user', row }) as const),
    ...world.keys.map(({ row }) => ({ kind: 'put-api-key', row }) as const),
    { kind: 'put-settings', row: { ...catalog.current.settings, retention: KEEP_ALL } },
  ];
  await catalog.apply(changes);
}

function accountRow({ id, name, providerId }: WorldAccount, sealedCredential: string): AccountRow {
  return {
    id,
    name,
    providerId,
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: null,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: name.slice(-4),
    credentialFingerprint: id.slice(-8),
    credentialOrigins: ['http://127.0.0.1:9'],
    sealedCredential,
  };
}
