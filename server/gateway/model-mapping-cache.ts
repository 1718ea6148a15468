// What model names stand for, as requests asked for them: found or not, how often, and by which mapping they were sent.
//
// In front of the snapshot, where a name is one look into a table: it makes nothing faster, it remembers what is asked
// for. An answer is never stale: entries belong to one snapshot, and when another takes its place, those go that it
// resolves differently. A request that still works with an earlier snapshot is answered from that and leaves no trace.
//
// Names live 300 s from when they were resolved, mappings 300 s from their last use. Names that stand for nothing have a
// cap of their own: whoever makes names up pushes out other made-up ones only.

import { SURFACES } from '../wire/surface.ts';
import type { Candidate, Catalog } from './catalog.ts';
import type { Clock, Model, ModelMapping } from './ports.ts';
import { steadyNow } from './steady-clock.ts';

export const MODEL_MAPPING_TTL_MS = 300_000;
const CAPS = { names: 5_000, unknownNames: 1_000, pairs: 5_000 };
/** In characters. A longer name is resolved, but not remembered. */
const MAX_NAME_LENGTH = 300;

/** `not-found`: no such name. `invalid`: a model that no account serves on any surface. `error`: the lookup itself failed. */
export type NameStatus = 'mapped' | 'invalid' | 'not-found' | 'error';

export interface CachedName {
  name: string;
  /** Null = it stands for nothing. */
  modelId: string | null;
  status: NameStatus;
  /** Lookups answered by this entry; of `error`, further ones that failed. */
  hits: number;
  expiresAtMs: number;
}

/** The mapping by which requests for a model are sent to a provider. */
export interface CachedPair {
  providerId: string;
  modelId: string;
  upstreamModel: string;
  aliases: readonly string[];
  /** Attempts made by it since it was remembered. */
  hits: number;
  expiresAtMs: number;
}

export interface MappingCacheContents {
  nowMs: number;
  names: readonly CachedName[];
  pairs: readonly CachedPair[];
  /** Lookups of names since the start of this process. */
  hits: number;
  misses: number;
  /** Entries that another configuration resolves differently. */
  invalidations: number;
}

export interface ModelMappingCacheOptions {
  clock: Clock;
  /** The snapshot in force. */
  catalog(): Catalog;
  /** Smaller ones for tests. */
  caps?: Partial<typeof CAPS>;
}

/** Owns the entries; each kind has its cap, beyond which the one filled longest ago goes. */
export class ModelMappingCache {
  readonly #nowMs: () => number;
  readonly #current: () => Catalog;
  readonly #caps: typeof CAPS;
  /** The snapshot that every entry agrees with. */
  #catalog: Catalog | null = null;
  /** In order of filling, hence of expiry. `mapped` and `invalid` ones. */
  readonly #names = new Map<string, CachedName>();
  /** The same of `not-found` and `error` ones. */
  readonly #unknown = new Map<string, CachedName>();
  readonly #pairs = new Map<string, CachedPair>();
  /** The snapshot's mappings by pair. */
  #mappings: ReadonlyMap<string, ModelMapping> = new Map();
  #hits = 0;
  #misses = 0;
  #invalidations = 0;

  constructor({ clock, catalog, caps }: ModelMappingCacheOptions) {
    this.#nowMs = steadyNow(clock);
    this.#current = catalog;
    this.#caps = { ...CAPS, ...caps };
  }

  /** What `catalog.resolveModel` says of the name; throws what it throws. */
  resolve(catalog: Catalog, name: string): Model | null {
    if (!this.#belongsTo(catalog)) return catalog.resolveModel(name);
    const entry = this.#names.get(name) ?? this.#unknown.get(name);
    const nowMs = this.#nowMs();
    if (!entry || entry.expiresAtMs <= nowMs || entry.status === 'error') {
      this.#misses += 1;
      return this.#fill(catalog, { name, entry: entry ?? null, nowMs });
    }
    this.#hits += 1;
    entry.hits += 1;
    return entry.modelId === null ? null : (catalog.models.get(entry.modelId) ?? null);
  }

  /** An attempt is made by this candidate's mapping. */
  used(catalog: Catalog, { provider, model, upstreamModel }: Candidate): void {
    if (!this.#belongsTo(catalog)) return;
    const key = pairKey(provider.id, model.id);
    const entry = this.#pairs.get(key);
    const nowMs = this.#nowMs();
    const expiresAtMs = nowMs + MODEL_MAPPING_TTL_MS;
    if (entry && entry.expiresAtMs > nowMs) {
      entry.hits += 1;
      entry.expiresAtMs = expiresAtMs;
      return;
    }
    const aliases = this.#mappings.get(key)?.aliases ?? [];
    this.#pairs.delete(key);
    this.#pairs.set(key, {
      providerId: provider.id,
      modelId: model.id,
      upstreamModel,
      aliases,
      hits: 1,
      expiresAtMs,
    });
    dropOldest(this.#pairs, this.#caps.pairs);
  }

  /** What is remembered now. Counts as no lookup. */
  contents(): MappingCacheContents {
    this.#belongsTo(this.#current());
    const nowMs = this.#nowMs();
    for (const table of [this.#names, this.#unknown, this.#pairs]) dropExpired(table, nowMs);
    return {
      nowMs,
      names: [...this.#names.values(), ...this.#unknown.values()],
      pairs: [...this.#pairs.values()],
      hits: this.#hits,
      misses: this.#misses,
      invalidations: this.#invalidations,
    };
  }

  /** Forgets one name; returns the keys of what went. */
  clearName(name: string): string[] {
    return this.#clear({ name: (entry) => entry.name === name, pair: () => false });
  }

  /** Forgets the mapping by which a provider gets a model. */
  clearPair({ providerId, modelId }: Pick<CachedPair, 'providerId' | 'modelId'>): string[] {
    const isIt = (pair: CachedPair) => pair.providerId === providerId && pair.modelId === modelId;
    return this.#clear({ name: () => false, pair: isIt });
  }

  clearAll(): string[] {
    return this.#clear({ name: () => true, pair: () => true });
  }

  #clear(matches: { name(entry: CachedName): boolean; pair(entry: CachedPair): boolean }): string[] {
    const { names, pairs } = this.contents();
    const goneNames = names.filter(matches.name);
    const gonePairs = pairs.filter(matches.pair);
    for (const { name } of goneNames) this.#forget(name);
    for (const { providerId, modelId } of gonePairs) this.#pairs.delete(pairKey(providerId, modelId));
    return [
      ...goneNames.map(({ name }) => `resolve:${name}`),
      ...gonePairs.map(({ providerId, modelId }) => `provider-model:${pairKey(providerId, modelId)}`),
    ];
  }

  #forget(name: string): void {
    this.#names.delete(name);
    this.#unknown.delete(name);
  }

  #fill(
    catalog: Catalog,
    { name, entry, nowMs }: { name: string; entry: CachedName | null; nowMs: number },
  ): Model | null {
    const failures = entry?.status === 'error' && entry.expiresAtMs > nowMs ? entry.hits + 1 : 0;
    const expiresAtMs = nowMs + MODEL_MAPPING_TTL_MS;
    try {
      const found = lookUp(catalog, name);
      this.#put({ name, ...found, hits: 0, expiresAtMs });
      return found.modelId === null ? null : (catalog.models.get(found.modelId) ?? null);
    } catch (error) {
      this.#put({ name, modelId: null, status: 'error', hits: failures, expiresAtMs });
      throw error;
    }
  }

  #put(entry: CachedName): void {
    this.#forget(entry.name);
    if (entry.name.length > MAX_NAME_LENGTH) return;
    const isKnown = entry.modelId !== null;
    const table = isKnown ? this.#names : this.#unknown;
    table.set(entry.name, entry);
    dropOldest(table, isKnown ? this.#caps.names : this.#caps.unknownNames);
  }

  /** Whether the snapshot is the one in force; what disagrees with it is gone then. */
  #belongsTo(catalog: Catalog): boolean {
    if (catalog === this.#catalog) return true;
    if (catalog !== this.#current()) return false;
    this.#catalog = catalog;
    this.#mappings = mappingsByPair(catalog);
    for (const table of [this.#names, this.#unknown])
      for (const entry of table.values()) if (!isSame(entry, catalog)) this.#drop(table, entry.name);
    for (const [key, entry] of this.#pairs)
      if (!isSameMapping(entry, this.#mappings.get(key))) this.#drop(this.#pairs, key);
    return true;
  }

  #drop(table: Map<string, unknown>, key: string): void {
    table.delete(key);
    this.#invalidations += 1;
  }
}

function lookUp(catalog: Catalog, name: string): Pick<CachedName, 'modelId' | 'status'> {
  const model = catalog.resolveModel(name);
  if (!model) return { modelId: null, status: 'not-found' };
  const isServed = SURFACES.some((surface) => catalog.candidates(model.id, surface).length > 0);
  return { modelId: model.id, status: isServed ? 'mapped' : 'invalid' };
}

function isSame({ name, modelId, status }: CachedName, catalog: Catalog): boolean {
  try {
    const now = lookUp(catalog, name);
    return now.modelId === modelId && now.status === status;
  } catch {
    return status === 'error';
  }
}

function isSameMapping({ upstreamModel, aliases }: CachedPair, now: ModelMapping | undefined): boolean {
  if (!now || now.upstreamModel !== upstreamModel || now.aliases.length !== aliases.length) return false;
  return now.aliases.every((alias, index) => alias === aliases[index]);
}

/** Where a provider has several mappings of a model, requests are sent by the first. */
function mappingsByPair({ rows }: Catalog): Map<string, ModelMapping> {
  const mappings = new Map<string, ModelMapping>();
  for (const mapping of rows.mappings) {
    const key = pairKey(mapping.providerId, mapping.modelId);
    if (!mappings.has(key)) mappings.set(key, mapping);
  }
  return mappings;
}

function pairKey(providerId: string, modelId: string): string {
  return `${providerId}:${modelId}`;
}

function dropOldest(table: Map<string, unknown>, cap: number): void {
  if (table.size <= cap) return;
  const [oldest] = table.keys();
  if (oldest !== undefined) table.delete(oldest);
}

function dropExpired(table: Map<string, { expiresAtMs: number }>, nowMs: number): void {
  for (const [key, { expiresAtMs }] of table) if (expiresAtMs <= nowMs) table.delete(key);
}
