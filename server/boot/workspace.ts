// Opens what is kept between runs: master key, database, catalogue. Every command that touches data starts here.

import { uuidv7 } from 'uuidv7';
import { loadMasterKey } from '../auth/master-key.ts';
import { credentialPurpose, Vault } from '../auth/vault.ts';
import { planConfig } from '../config/apply.ts';
import type { ConfigFile } from '../config/schema.ts';
import { CatalogHolder } from '../gateway/catalog.ts';
import type { Clock } from '../gateway/ports.ts';
import { openStorage, type Storage } from '../storage/open-storage.ts';
import { logEvent } from './log.ts';

export interface Workspace {
  storage: Storage;
  vault: Vault;
  catalog: CatalogHolder;
  clock: Clock;
}

/** Throws when the data directory, the database or the master key cannot be used. */
export async function openWorkspace(options: {
  dataDir: string;
  masterKey: string | null;
  entry: URL;
  clock: Clock;
}): Promise<Workspace> {
  const { dataDir, entry, clock } = options;
  const storage = await openStorage({ dataDir, entry, clock });
  for (const { event, message } of storage.notices) logEvent('warn', event, { message });
  try {
    const masterKey = await loadMasterKey({ value: options.masterKey, dataDir });
    if (masterKey.warning) logEvent('warn', 'master-key', { message: masterKey.warning });
    const vault = await Vault.fromMasterKey(masterKey.bytes);
    await checkMasterKey(storage, vault);
    const catalog = await CatalogHolder.open(storage.catalog, (row) =>
      vault.open(row.sealedCredential, credentialPurpose(row.id)),
    );
    return { storage, vault, catalog, clock };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** The first start seals a known text; every later one must be able to open it. */
async function checkMasterKey({ admin }: Storage, vault: Vault): Promise<void> {
  const canary = await admin.getSecret('master-key-canary');
  if (canary === null) await admin.setSecret('master-key-canary', await vault.sealCanary());
  else await vault.verifyCanary(canary);
}

/** Makes the catalogue agree with a configuration; doing it again changes nothing. Resolves to how much changed. */
export async function applyConfig(file: ConfigFile, { vault, catalog, clock }: Workspace): Promise<number> {
  const changes = await planConfig(file, catalog.current.rows, {
    newId: uuidv7,
    seal: (plain, purpose) => vault.seal(plain, purpose),
    fingerprint: (plain) => vault.fingerprint(plain),
    nowMs: clock.nowMs(),
  });
  if (changes.length > 0) await catalog.apply(changes);
  return changes.length;
}
