// Rows of the mapping cache as the filters leave them, and how long they live. Pure.

import type { CachedName, CachedPair, MappingCache, UnmappedName } from './queries.ts';

export interface CacheFilter {
  search: string;
  /** Of the provider that is wanted; null = any. */
  providerId: string | null;
  providerName: string | null;
}

export interface CacheRows {
  names: readonly CachedName[];
  pairs: readonly CachedPair[];
  unmapped: readonly UnmappedName[];
}

/** Names that stand for nothing belong to no provider: a wanted one leaves none of them. */
export function shownRows(
  cache: Pick<MappingCache, 'mappings' | 'unmapped' | 'providerModelMappings'>,
  filter: CacheFilter,
): CacheRows {
  const part = filter.search.trim().toLowerCase();
  const holds = (texts: readonly (string | null)[]) =>
    part === '' || texts.some((text) => text?.toLowerCase().includes(part));
  const { providerId, providerName } = filter;
  return {
    names: cache.mappings.filter(
      (row) =>
        holds([row.mappingName, row.globalModelName, row.globalModelDisplayName]) &&
        (providerName === null || row.providers.includes(providerName)),
    ),
    pairs: cache.providerModelMappings.filter(
      (row) =>
        holds([
          row.providerName,
          row.globalModelName,
          row.globalModelDisplayName,
          row.providerModelName,
          ...row.aliases,
        ]) &&
        (providerId === null || row.providerId === providerId),
    ),
    unmapped: providerId === null ? cache.unmapped.filter((row) => holds([row.mappingName])) : [],
  };
}

/** When an entry ends that had so many seconds left at a moment. */
export function endOf(seenAtMs: number, ttlSeconds: number): string {
  return new Date(seenAtMs + ttlSeconds * 1000).toISOString();
}

/** More rows than these scroll in their own bounds. */
export const MANY_ROWS = 50;

/** How the cache was read. */
export interface CacheView {
  seenAtMs: number;
  ttlSeconds: number;
  /** So many rows of each kind at most. */
  limit: number;
  loadAll: () => void;
}

export const FIRST_ROWS = 1_000;
/** As many as the API gives, and the gateway keeps. */
export const MAX_ROWS = 5_000;

/** Whether there may be more rows of a kind than the `count` that were read. */
export function isCut(count: number, limit: number): boolean {
  return count >= limit && limit < MAX_ROWS;
}
