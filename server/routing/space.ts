// Names the places where a prompt can be warm: one provider cache, seen by one tenant, for one model and its flags.

import type { Surface } from '../wire/surface.ts';

export interface CacheSpace {
  /** `${domain}|…`: equal for requests that can read each other's prefixes. */
  key: string;
  /** What beliefs about a cache are kept for: one model of one provider. */
  family: string;
  domain: string;
}

/** Accounts of one declared domain share a cache; an account without one is a domain of its own. */
export function domainOf(account: { id: string; providerId: string; cacheDomain: string | null }): string {
  return account.cacheDomain === null ? account.id : `${account.providerId}/${account.cacheDomain}`;
}

export function familyOf(of: { providerId: string; surface: Surface; upstreamModel: string }): string {
  return `${of.providerId}|${of.surface}|${of.upstreamModel}`;
}

/** What of a request tells its spaces from others'. */
export function requestSpaceKey(of: {
  /** Digest of the request's fields that the cache depends on. */
  flags: number;
  /** The request's `anthropic-beta` header, or an empty text. */
  betas: string;
  /** Whose prefixes these are; an empty text when all callers share them. */
  tenant: string;
}): string {
  return `${of.flags}|${of.betas}|${of.tenant}`;
}

export function spaceKey(of: { domain: string; family: string; requestKey: string }): string {
  return `${of.domain}|${of.family}|${of.requestKey}`;
}
