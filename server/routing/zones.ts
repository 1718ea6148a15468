// Notices when an account's whole cache for a model is gone, so that its other prefixes need not be found cold one by one.

import type { CacheSpace } from './space.ts';
import type { Zone } from './warmth-table.ts';

export interface AccountEviction {
  domain: string;
  family: string;
  atMs: number;
}

/** So many different prefixes gone within so long, none found in between. */
const MISSED_PREFIXES = 3;
const MISSED_WITHIN_MS = 60_000;
const MAX_ZONES = 10_000;

/** Owns the zones in order of last use; beyond the maximum the one unused longest loses its count. */
export class Zones {
  readonly #zones = new Map<string, Zone>();
  #evictions = 0;
  #last: AccountEviction | null = null;

  stats(): { accountEvictions: number; lastAccountEviction: AccountEviction | null } {
    return { accountEvictions: this.#evictions, lastAccountEviction: this.#last };
  }

  zoneOf({ domain, family }: CacheSpace): Zone {
    const key = `${domain}|${family}`;
    const zone = this.#zones.get(key) ?? { missedHashes: [], missesSinceMs: 0, trustedFromMs: 0 };
    this.#zones.delete(key);
    this.#zones.set(key, zone);
    if (this.#zones.size > MAX_ZONES) {
      for (const oldest of this.#zones.keys()) {
        this.#zones.delete(oldest);
        break;
      }
    }
    return zone;
  }

  /** A prefix was gone before its time. True = everything from before the first such miss is believed gone now. */
  missed(zone: Zone, { hash, atMs, space }: { hash: number; atMs: number; space: CacheSpace }): boolean {
    if (zone.missedHashes.length === 0 || atMs - zone.missesSinceMs > MISSED_WITHIN_MS) {
      zone.missedHashes = [hash];
      zone.missesSinceMs = atMs;
      return false;
    }
    zone.missesSinceMs = Math.min(zone.missesSinceMs, atMs);
    if (!zone.missedHashes.includes(hash)) zone.missedHashes.push(hash);
    if (zone.missedHashes.length < MISSED_PREFIXES) return false;
    zone.trustedFromMs = Math.max(zone.trustedFromMs, zone.missesSinceMs);
    zone.missedHashes = [];
    this.#evictions += 1;
    this.#last = { domain: space.domain, family: space.family, atMs };
    return true;
  }

  found(zone: Zone): void {
    zone.missedHashes = [];
  }
}
